//! Conversations and their members. Title, topic and avatar are content entries, so they are not here.

use rempart_base::{AccountId, ClientId, ConversationId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{B64, Id, Time};

/// What kind of conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Two people; one per pair and protection.
    Direct,
    /// People who were added.
    Group,
    /// Found in the list of channels and joined by any member.
    Channel,
}

/// Who can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protection {
    /// End to end, not archived.
    Sealed,
    /// End to end and archived.
    Recorded,
    /// Readable by the server.
    Open,
}

/// Role in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Settings, members and roles.
    Owner,
    /// Members, and redacting what others wrote.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads.
    Reader,
}

/// A conversation as one of its members sees it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// What kind.
    pub kind: Kind,
    /// Who can read.
    pub protection: Protection,
    /// The last number in its journal; 0 when empty.
    pub last_seq: u64,
    /// When the last entry came.
    pub last_time: Option<Time>,
    /// One's own role.
    pub role: MemberRole,
    /// From which entry on one may read.
    pub from_seq: u64,
    /// How far one has read.
    pub read_seq: u64,
    /// Silenced for oneself.
    pub muted: bool,
    /// Pinned for oneself.
    pub pinned: bool,
    /// How many members.
    pub members: u32,
    /// In `direct`: the other person.
    pub with: Option<Id<AccountId>>,
    /// Its newest `details` content (title, topic) as it stands in the journal, where the server can read it.
    pub details: Option<B64>,
    /// When made.
    pub created: Time,
}

/// Makes a conversation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateConversation {
    /// Makes retries idempotent.
    pub client_id: Id<ClientId>,
    /// What kind.
    pub kind: Kind,
    /// Who can read; absent: what policy says.
    pub protection: Option<Protection>,
    /// The others; exactly one for `direct`, none is allowed for `group` and `channel`.
    pub members: Vec<Id<AccountId>>,
    /// A `details` content (title, topic) to be the first entry; required for `group` and `channel` where `open`, absent otherwise: there
    /// title and topic are sealed content, posted once the group stands.
    pub details: Option<B64>,
}

/// Names a conversation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationRef {
    /// The conversation.
    pub conversation: Id<ConversationId>,
}

/// One's own conversations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Conversations {
    /// Newest entry first.
    pub conversations: Vec<Conversation>,
}

/// Members of a conversation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Members {
    /// In the order they joined.
    pub members: Vec<Member>,
}

/// A member.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Who.
    pub account: Id<AccountId>,
    /// Role in the conversation.
    pub role: MemberRole,
    /// Since when.
    pub since: Time,
}

/// Adds people.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddMembers {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// 1 to 200 people.
    pub accounts: Vec<Id<AccountId>>,
}

/// Names a member.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberRef {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Who.
    pub account: Id<AccountId>,
}

/// Changes a role.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMemberRole {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Who.
    pub account: Id<AccountId>,
    /// The new role.
    pub role: MemberRole,
}

/// Silences or pins a conversation for oneself; what is absent stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MuteConversation {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// No notifications.
    pub muted: Option<bool>,
    /// On top of the list.
    pub pinned: Option<bool>,
}

/// Channels that one may join.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Channels {
    /// Newest first.
    pub channels: Vec<Channel>,
}

/// A channel, before joining.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Channel {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Who can read.
    pub protection: Protection,
    /// How many members.
    pub members: u32,
    /// Its newest `details` content (title, topic) as it stands in the journal, where the server can read it.
    pub details: Option<B64>,
    /// Whether one is a member already.
    pub joined: bool,
}
