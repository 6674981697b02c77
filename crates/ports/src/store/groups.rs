use async_trait::async_trait;
use rempart_base::{AccountId, ConversationId, DeviceId, Timestamp};

use super::StoreError;

/// What an append does to the conversation's group, in the same transaction. Any raises `rules_version` by one.
#[derive(Clone, Debug)]
pub struct GroupChange {
    /// The followed state, replacing what was kept.
    pub state: Vec<u8>,
    /// The entry that began the epoch.
    pub since: Since,
    /// When a refused chain is to be looked at; absent where none waits.
    pub due: Option<Timestamp>,
    /// Leaves that are new, or whose `leaving` is another.
    pub seated: Vec<LeafRow>,
    /// Leaves that are no more.
    pub unseated: Vec<DeviceId>,
    /// For devices added by the entry that begins the epoch.
    pub welcome: Option<NewWelcome>,
    /// Welcomes that came with entries after this one lead nowhere any more.
    pub forget_after: Option<u64>,
}

/// Where an epoch began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// With an entry of this append, by its place among them.
    Entry(u64),
    /// With an entry that is there, by its number.
    At(u64),
}

/// A Welcome and the devices that it is for; each one's account is told in its own journal.
#[derive(Clone, Debug)]
pub struct NewWelcome {
    /// The message.
    pub body: Vec<u8>,
    /// Whom it is for.
    pub devices: Vec<(AccountId, DeviceId)>,
}

/// A leaf of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafRow {
    /// The device.
    pub device: DeviceId,
    /// Whose.
    pub account: AccountId,
    /// Its removal waits for a commit.
    pub leaving: bool,
}

/// A group as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// The conversation's `rules_version` at the moment of reading: changes are conditional on it.
    pub rules_version: i64,
    /// The followed state.
    pub state: Vec<u8>,
    /// The entry that began the epoch.
    pub since: u64,
}

/// A Welcome that waits for a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WelcomeRow {
    /// The conversation.
    pub conversation: ConversationId,
    /// The entry that added the device.
    pub seq: u64,
    /// The message.
    pub body: Vec<u8>,
}

/// Groups of sealed conversations. Changing one goes through [`super::Journal::append`], but for what leaves no entry.
#[async_trait]
pub trait Groups: Send + Sync {
    /// The group of a conversation, with the conversation's `rules_version` of the same moment.
    async fn group(&self, id: ConversationId) -> Result<Option<GroupRow>, StoreError>;

    /// Keeps a group's state and when it is due, without an entry; raises `rules_version`.
    ///
    /// # Errors
    /// `Stale` when `rules_version` differs; `Missing("group")`.
    async fn keep_group(
        &self,
        id: ConversationId,
        rules_version: i64,
        state: Vec<u8>,
        due: Option<Timestamp>,
    ) -> Result<(), StoreError>;

    /// Groups with a refused chain that is due by now, longest due first, at most 100.
    async fn due_groups(&self, now: Timestamp) -> Result<Vec<ConversationId>, StoreError>;

    /// Groups with a leaf that is not leaving though its account is closed or is no member, at most 100.
    async fn groups_to_tidy(&self) -> Result<Vec<ConversationId>, StoreError>;

    /// Groups in which an account has leaves.
    async fn groups_of(&self, account: AccountId) -> Result<Vec<ConversationId>, StoreError>;

    /// Welcomes that wait for a device in conversations whose member its account is, oldest first, at most 200.
    async fn welcomes(&self, account: AccountId, device: DeviceId) -> Result<Vec<WelcomeRow>, StoreError>;

    /// Forgets a device's Welcome; whether there was one.
    async fn drop_welcome(&self, device: DeviceId, id: ConversationId, seq: u64) -> Result<bool, StoreError>;

    /// Forgets Welcomes written before this; gives how many messages went.
    async fn drop_welcomes_before(&self, before: Timestamp) -> Result<u64, StoreError>;
}
