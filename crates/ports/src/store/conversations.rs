use async_trait::async_trait;
use rempart_base::{AccountId, ConversationId};
use rempart_domain::conversation::{Conversation, Membership, Protection};

use super::StoreError;

/// A conversation as one member sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationView {
    /// The conversation.
    pub conversation: Conversation,
    /// The member's place in it.
    pub membership: Membership,
    /// How far the member has read.
    pub read: u64,
    /// In `direct`: the other account.
    pub with: Option<AccountId>,
}

/// How far a member has received and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberMark {
    /// The member.
    pub account: AccountId,
    /// Received on some device, as far as this.
    pub delivered: u64,
    /// Read as far as this.
    pub read: u64,
}

/// Marks to raise in one conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The conversation.
    pub conversation: ConversationId,
    /// Whose; lesser numbers than stored change nothing.
    pub mark: MemberMark,
}

/// Conversations, memberships and marks. Changing members goes through [`super::Journal::append`].
#[async_trait]
pub trait Conversations: Send + Sync {
    /// A conversation.
    async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError>;

    /// The direct conversation of a pair under a protection.
    async fn direct(
        &self,
        pair: (AccountId, AccountId),
        protection: Protection,
    ) -> Result<Option<ConversationId>, StoreError>;

    /// A conversation and a live membership in it, read at one moment.
    async fn membership(
        &self,
        id: ConversationId,
        account: AccountId,
    ) -> Result<Option<(Conversation, Membership)>, StoreError>;

    /// Live members, in the order they joined.
    async fn members(&self, id: ConversationId) -> Result<Vec<Membership>, StoreError>;

    /// Every conversation that an account is in, newest entry first; or one of them.
    async fn views(
        &self,
        account: AccountId,
        only: Option<ConversationId>,
    ) -> Result<Vec<ConversationView>, StoreError>;

    /// Open channels, newest first, at most 1,000; with whether the account is a member.
    async fn channels(&self, account: AccountId) -> Result<Vec<(Conversation, bool)>, StoreError>;

    /// Accounts that share a conversation with this one.
    async fn contacts(&self, account: AccountId) -> Result<Vec<AccountId>, StoreError>;

    /// Silences or pins for one member; notes the change in the account's journal and gives its number there.
    ///
    /// # Errors
    /// `Missing("membership")`.
    async fn set_muted_pinned(
        &self,
        id: ConversationId,
        account: AccountId,
        muted: bool,
        pinned: bool,
        now: rempart_base::Timestamp,
    ) -> Result<u64, StoreError>;

    /// Raises marks; a read mark that rose is noted in the account's journal. Gives the marks that rose, as they are now.
    async fn raise_marks(&self, marks: &[Marks], now: rempart_base::Timestamp) -> Result<Vec<Marks>, StoreError>;

    /// Marks of the members of a conversation that have any.
    async fn marks(&self, id: ConversationId) -> Result<Vec<MemberMark>, StoreError>;
}
