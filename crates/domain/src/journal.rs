//! Entries of a conversation's journal, and the rules of appending and erasing.

use rempart_base::{AccountId, BlobHash, ClientId, ConversationId, DeviceId, Timestamp, limits};

use crate::conversation::{Conversation, MemberRole, Membership, Protection};
use crate::refusal::{Reason, Refusal};
use crate::role::{Action, Role, named};

/// What an entry is, as the server must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Content written by a device.
    Content,
    /// A change of members or roles, written by the server.
    Membership,
    /// A body was erased; `refers_to` says which.
    Erasure,
    /// A commit of a group, written by a device; its envelope names the epoch that it began.
    Commit,
    /// A proposal of the server to a group.
    Proposal,
    /// What the server says of a group: started, final, dropped, alarm.
    Group,
}
named!(
    EntryKind Content "content", Membership "membership", Erasure "erasure", Commit "commit", Proposal "proposal", Group "group"
);

impl EntryKind {
    /// The number in storage and in the archive leaf (decisions: leaf format, version 1).
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Content => 1,
            Self::Membership => 2,
            Self::Erasure => 3,
            Self::Commit => 4,
            Self::Proposal => 5,
            Self::Group => 6,
        }
    }

    /// From the number.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Content),
            2 => Some(Self::Membership),
            3 => Some(Self::Erasure),
            4 => Some(Self::Commit),
            5 => Some(Self::Proposal),
            6 => Some(Self::Group),
            _ => None,
        }
    }
}

/// Who wrote an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A device of an account.
    Device(AccountId, DeviceId),
    /// The server itself.
    Server,
}

/// What the server knows of an entry before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The conversation.
    pub conversation: ConversationId,
    /// What it is.
    pub kind: EntryKind,
    /// Who wrote it.
    pub sender: Sender,
    /// What the client called it.
    pub client_id: ClientId,
    /// The server's time.
    pub time: Timestamp,
    /// The entry this one is about; 0: none.
    pub refers_to: u64,
    /// Blobs it names.
    pub blobs: Vec<BlobHash>,
    /// The epoch of the conversation's group that it was sealed in, was proposed in or began (SHA-256 of its GroupContext); absent in
    /// open conversations.
    pub epoch: Option<[u8; 32]>,
}

/// What a person asks to append.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// Bytes of content.
    pub size: usize,
    /// The entry this one is about; 0: none.
    pub refers_to: u64,
    /// Blobs it names.
    pub blobs: &'a [BlobHash],
}

/// Decides whether a member may append.
///
/// # Errors
/// `read_only`, `content_empty`, `content_too_large`, `refers_to_unknown`, `too_many_blobs`, `not_allowed`.
pub fn post(
    conversation: &Conversation,
    member: &Membership,
    role: Role,
    proposal: &Proposal<'_>,
) -> Result<(), Refusal> {
    if member.role == MemberRole::Reader {
        return Err(Reason::ReadOnly.into());
    }
    if proposal.size == 0 {
        return Err(Refusal::field(Reason::ContentEmpty, "content"));
    }
    let sealing = if conversation.protection == Protection::Open { 0 } else { limits::SEAL_OVERHEAD };
    if proposal.size > limits::CONTENT + sealing {
        return Err(Refusal::field(Reason::ContentTooLarge, "content"));
    }
    let visible = proposal.refers_to == 0
        || (proposal.refers_to >= member.from_seq && proposal.refers_to <= conversation.last_seq);
    if !visible {
        return Err(Refusal::field(Reason::RefersToUnknown, "refers_to"));
    }
    if proposal.blobs.len() > limits::BLOBS_PER_ENTRY {
        return Err(Refusal::field(Reason::TooManyBlobs, "blobs"));
    }
    if !proposal.blobs.is_empty() && !role.allows(Action::FileSend) {
        return Err(Refusal::field(Reason::NotAllowed, "blobs"));
    }
    Ok(())
}

/// Decides whether a member may have an entry's body erased: their own, or any as owner or moderator.
///
/// # Errors
/// `entry_unknown`, `not_allowed`.
pub fn erase(member: &Membership, entry_kind: EntryKind, author: Sender, seq: u64) -> Result<(), Refusal> {
    if seq < member.from_seq || entry_kind != EntryKind::Content {
        return Err(Refusal::field(Reason::EntryUnknown, "seq"));
    }
    let own = matches!(author, Sender::Device(account, _) if account == member.account);
    if own || member.role <= MemberRole::Moderator { Ok(()) } else { Err(Reason::NotAllowed.into()) }
}
