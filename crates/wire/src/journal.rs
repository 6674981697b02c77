//! The journal: entries, receipts, cursors and marks, and the archive log's proofs.

use rempart_base::{AccountId, BlobHash, ClientId, ConversationId, DeviceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{B64, Id, Time};

/// What an entry is, as the server must know it. Unknown kinds are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Content written by a device.
    Content,
    /// A change of members or roles, written by the server; `content` is a `membership` content.
    Membership,
    /// A body was erased by command; `refers_to` says which.
    Erasure,
    /// A commit of a group (an MLS PublicMessage), written by a device; it began the epoch named.
    Commit,
    /// A proposal of the server (an MLS PublicMessage): a removal that the next commit applies.
    Proposal,
    /// What the server says of a group: a `group` content (started, final, dropped, alarm).
    Group,
}

/// Appends an entry.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostEntry {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Makes retries idempotent: the same device and client id is the same entry.
    pub client_id: Id<ClientId>,
    /// The content's exact bytes: UTF-8 JSON `{"v":1,"type":…}` in `open`, at most 64 KiB; an MLS PrivateMessage in `sealed`.
    pub content: B64,
    /// The epoch that the content is sealed in (32 bytes): required exactly where the conversation is not `open`.
    pub epoch: Option<B64>,
    /// The entry this one is about (the one answered, revised, redacted, reacted to).
    pub refers_to: Option<u64>,
    /// Blobs that the content names; at most 20, uploaded before.
    #[serde(default)]
    pub blobs: Vec<Id<BlobHash>>,
}

/// Appends a text message.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostText {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Makes retries idempotent.
    pub client_id: Id<ClientId>,
    /// The text, in safe Markdown.
    pub text: String,
}

/// The entry is on disk: its number, time, leaf and the server's signed promise to log it within 60 s.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Its number in the conversation.
    pub seq: u64,
    /// The server's time.
    pub time: Time,
    /// The archive leaf, as logged.
    pub leaf: B64,
    /// The salt of the leaf's content hash.
    pub salt: B64,
    /// Ed25519 signature by the log key over `"rempart promise 1\n" ‖ SHA-256(0x00 ‖ leaf)`.
    pub promise: B64,
}

/// Erases a body.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseEntry {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// The entry.
    pub seq: u64,
    /// Makes retries idempotent.
    pub client_id: Id<ClientId>,
}

/// Reads a page of a journal. Give `after` (going forward) or `before` (going back), not both.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadJournal {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Entries with greater numbers, oldest first.
    pub after: Option<u64>,
    /// Entries with lesser numbers: the newest such, still oldest first.
    pub before: Option<u64>,
    /// 1 to 200.
    pub limit: u32,
}

/// A page of a journal, oldest first, without gap.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct JournalPage {
    /// Entries.
    pub entries: Vec<Entry>,
    /// The last number in the journal now.
    pub last_seq: u64,
}

/// A journal entry.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// What it is.
    pub kind: EntryKind,
    /// Who wrote it; absent when the server did.
    pub account: Option<Id<AccountId>>,
    /// From which device; absent when the server did.
    pub device: Option<Id<DeviceId>>,
    /// What the client called it.
    pub client_id: Id<ClientId>,
    /// The server's time.
    pub time: Time,
    /// The entry this one is about.
    pub refers_to: Option<u64>,
    /// The content's exact bytes; absent when erased.
    pub content: Option<B64>,
    /// The epoch that it was sealed in, or that it began; absent in `open`.
    pub epoch: Option<B64>,
    /// Blobs it names.
    pub blobs: Vec<Id<BlobHash>>,
    /// The archive leaf.
    pub leaf: B64,
    /// The salt of the leaf's content hash; absent when erased.
    pub salt: Option<B64>,
}

/// Reads one's own account's journal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadAccountJournal {
    /// Entries with greater numbers, oldest first.
    pub after: u64,
    /// 1 to 200.
    pub limit: u32,
}

/// A page of an account's journal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountJournalPage {
    /// Oldest first, without gap.
    pub entries: Vec<AccountEntry>,
    /// The last number now.
    pub last_seq: u64,
}

/// Something that changed for an account on all its devices.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountEntry {
    /// Its number.
    pub seq: u64,
    /// The server's time.
    pub time: Time,
    /// What changed.
    #[serde(flatten)]
    pub change: AccountChange,
}

/// What changed for an account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum AccountChange {
    /// Joined, was added, left, was removed, has another role, muted or pinned: ask for the conversation anew.
    Membership {
        /// The conversation.
        conversation: Id<ConversationId>,
        /// Whether the account is a member now.
        member: bool,
    },
    /// Read as far as this, on some device.
    Read {
        /// The conversation.
        conversation: Id<ConversationId>,
        /// How far. Not `seq`: that is the number of the account's entry, beside which this stands.
        read: u64,
    },
    /// The account itself changed: ask `me.get` anew.
    Settings,
    /// A Welcome waits for one of the account's devices: ask `groups.welcomes`.
    Welcome {
        /// The conversation.
        conversation: Id<ConversationId>,
    },
    /// The account's keys or devices in the key log changed, or a new device asks for the keyring.
    Keys,
}

/// How far this device has, or the person has read, a journal. Lesser numbers than before change nothing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AckCursor {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// The highest number without gap before it.
    pub seq: u64,
}

/// How far each member has received and read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Marks {
    /// A row a member that has any.
    pub marks: Vec<Mark>,
}

/// How far one member has received and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// Who.
    pub account: Id<AccountId>,
    /// Received on some device, as far as this.
    pub delivered: u64,
    /// Read as far as this.
    pub read: u64,
}

/// Tells that one is writing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTyping {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Writing, or stopped.
    pub typing: bool,
}

/// A signed head of the archive log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Checkpoint {
    /// A C2SP signed note (tlog-checkpoint).
    pub note: String,
    /// The verifier key, as C2SP writes it.
    pub key: String,
}

/// Asks for a proof.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetProof {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// The entry.
    pub seq: u64,
}

/// Proof that a leaf is in the log (RFC 9162 §2.1.3), under the checkpoint given.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InclusionProof {
    /// Position in the log.
    pub position: u64,
    /// Size of the tree of the checkpoint.
    pub size: u64,
    /// Hashes from the leaf up, 32 bytes each.
    pub hashes: Vec<B64>,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}
