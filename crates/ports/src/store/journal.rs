use std::sync::Arc;

use async_trait::async_trait;
use rempart_base::{AccountId, BlobHash, ClientId, ConversationId, DeviceId, Timestamp};
use rempart_domain::conversation::{Change, Conversation};
use rempart_domain::journal::Envelope;

use super::{GroupChange, StoreError};

/// What an entry becomes once it has its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The sealed body: salt and content under the conversation's key.
    pub body: Vec<u8>,
    /// The archive leaf, encoded.
    pub leaf: Vec<u8>,
}

/// Seals a body and makes the leaf for the number that the store gives. The application implements it, so that no adapter
/// ever computes a leaf or holds a key. May be called again with another number when a transaction is repeated.
pub trait Finish: Send + Sync {
    /// For entry number `seq` of its conversation.
    fn finish(&self, seq: u64) -> Finished;
}

/// An entry to append.
#[derive(Clone)]
pub struct NewEntry {
    /// What the server knows of it.
    pub envelope: Envelope,
    /// Makes body and leaf.
    pub finish: Arc<dyn Finish>,
    /// Whether it carries readable details (title, topic): the conversation remembers the newest such.
    pub details: bool,
}

/// A conversation made in the same transaction as its first entries. `last_seq` and `members` are counted by the store.
#[derive(Clone, Debug)]
pub struct Founded {
    /// The conversation, with `rules_version` 1.
    pub conversation: Conversation,
    /// For `direct`: the pair; unique with the protection.
    pub pair: Option<(AccountId, AccountId)>,
}

/// Entries and changes of one conversation, appended all or nothing.
#[derive(Clone)]
pub struct Append {
    /// The conversation.
    pub conversation: ConversationId,
    /// The `rules_version` that the decision was made on; ignored where `founded`.
    pub rules_version: i64,
    /// Makes the conversation first.
    pub founded: Option<Founded>,
    /// Entries, in order; at least one.
    pub entries: Vec<NewEntry>,
    /// Changes of members and roles; any raises `rules_version` by one, unless `founded`. A member added reads from the first of `entries`
    /// on in a group, from entry 1 in a channel or direct; the member's own earlier membership is replaced.
    pub changes: Vec<Change>,
    /// Body to erase in the same transaction (its leaf stays).
    pub erase: Option<u64>,
    /// What becomes of the conversation's group.
    pub group: Option<GroupChange>,
}

/// What was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The rows, numbered.
    pub rows: Vec<JournalRow>,
    /// Whether this was a repetition: `rows` are those of the first time and nothing was changed.
    pub repeated: bool,
    /// Accounts whose own journal got an entry, with its number (members added, removed, given another role; a Welcome waits).
    pub accounts: Vec<(AccountId, u64)>,
}

/// A journal entry as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Its number.
    pub seq: u64,
    /// Envelope.
    pub envelope: Envelope,
    /// The sealed body; absent when erased.
    pub body: Option<Vec<u8>>,
    /// The archive leaf, encoded.
    pub leaf: Vec<u8>,
}

/// Which entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Numbers greater than this, oldest first.
    After(u64),
    /// Numbers lesser than this, the newest such, given oldest first.
    Before(u64),
}

/// Something that changed for an account on all its devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// Joined, left, another role, muted or pinned.
    Membership(ConversationId, bool),
    /// Read as far as this.
    Read(ConversationId, u64),
    /// The account itself changed.
    Settings,
    /// Its keys or devices in the key log changed, or a new device asks for the keyring.
    Keys,
    /// A Welcome waits for one of its devices.
    Welcome(ConversationId),
}

/// An entry of an account's own journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its number.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// What.
    pub change: AccountChange,
}

/// The journals of conversations and of accounts.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends; durable when the future ends. Appends of many callers are committed together.
    ///
    /// An entry of a device whose (device, client id, epoch) was appended before is a repetition; that comes before any refusal. Its
    /// rows are those appended together then, or the one entry alone where they were of another kind or sender.
    ///
    /// # Errors
    /// `Stale` when `rules_version` differs (also inside a batch); `Missing("conversation")`; `Exists("direct")` when the
    /// pair has one under this protection; `Exists("conversation")` when a founded one is there; `Missing("blob")` when an
    /// entry names one that is not there (any more); `Missing("entry")` when what should be erased is not there before these
    /// entries; `Missing("membership")`, `Missing("account")` of a change; `Busy` when the queue is full.
    async fn append(&self, append: Append) -> Result<Appended, StoreError>;

    /// A page of a conversation's journal, at most `limit` rows, oldest first.
    async fn read(&self, id: ConversationId, range: Range, limit: u32) -> Result<Vec<JournalRow>, StoreError>;

    /// The entry that a device appended under a client id, with its conversation; the newest where there are several, in other
    /// epochs.
    async fn find(&self, device: DeviceId, client: ClientId) -> Result<Option<JournalRow>, StoreError>;

    /// The entry that a device appended under a client id in one epoch.
    async fn find_in(
        &self,
        device: DeviceId,
        client: ClientId,
        epoch: [u8; 32],
    ) -> Result<Option<JournalRow>, StoreError>;

    /// Notes a change in an account's own journal and gives its number.
    async fn note(&self, id: AccountId, change: AccountChange, now: Timestamp) -> Result<u64, StoreError>;

    /// A page of an account's own journal, oldest first, and its last number.
    async fn read_account(&self, id: AccountId, after: u64, limit: u32) -> Result<(Vec<AccountRow>, u64), StoreError>;

    /// Whether some entry that the account may read (live membership, from its first readable entry on, not erased) names
    /// this blob in this conversation.
    async fn blob_visible(&self, id: ConversationId, account: AccountId, blob: BlobHash) -> Result<bool, StoreError>;
}
