//! Conversations: their kinds, protections, members and the rules of changing them.

use rempart_base::{AccountId, ConversationId, Timestamp, limits};

use crate::refusal::{Reason, Refusal};
use crate::role::{Action, Role, named};

/// What kind of conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Two people; at most one per pair and protection.
    Direct,
    /// People who were added.
    Group,
    /// Found in the list of channels and joined by any member.
    Channel,
}
named!(Kind Direct "direct", Group "group", Channel "channel");

/// Who can read. Never changes: "continue in …" makes a successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// End to end, not archived.
    Sealed,
    /// End to end and archived.
    Recorded,
    /// Readable by the server.
    Open,
}
named!(Protection Sealed "sealed", Recorded "recorded", Open "open");

/// Role in a conversation, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
named!(MemberRole Owner "owner", Moderator "moderator", Member "member", Reader "reader");

/// A conversation's state, without its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The conversation.
    pub id: ConversationId,
    /// What kind.
    pub kind: Kind,
    /// Who can read.
    pub protection: Protection,
    /// Raised by every change of membership, role, protection or policy; appends are conditional on it.
    pub rules_version: i64,
    /// The last number in its journal; 0 when empty.
    pub last_seq: u64,
    /// The time of the last entry.
    pub last_time: Option<Timestamp>,
    /// How many members.
    pub members: u32,
    /// The data key of its bodies, wrapped under the server's key.
    pub wrapped_key: Vec<u8>,
    /// The number of the newest entry with readable details; 0: none.
    pub details_seq: u64,
    /// When made.
    pub created: Timestamp,
}

/// An account in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The conversation.
    pub conversation: ConversationId,
    /// The account.
    pub account: AccountId,
    /// Role in the conversation.
    pub role: MemberRole,
    /// Since when.
    pub since: Timestamp,
    /// From which entry on the account may read.
    pub from_seq: u64,
    /// Silenced for oneself.
    pub muted: bool,
    /// Pinned for oneself.
    pub pinned: bool,
}

/// Who is in a new conversation, with which role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// The protection decided.
    pub protection: Protection,
    /// Everybody, the founder first.
    pub members: Vec<(AccountId, MemberRole)>,
}

/// Decides a new conversation.
///
/// `others` are the accounts named, `active` whether each is open (unknown accounts are not).
///
/// # Errors
/// `not_allowed`, `members_invalid`, `account_unknown`, `too_many_members`, `group_too_many_people`, `details_required`,
/// `details_sealed`, `protection_unavailable`.
pub fn found(
    founder: (AccountId, Role),
    kind: Kind,
    protection: Option<Protection>,
    others: &[(AccountId, bool)],
    has_details: bool,
) -> Result<Founding, Refusal> {
    let action = match kind {
        Kind::Direct => Action::DirectCreate,
        Kind::Group => Action::GroupCreate,
        Kind::Channel => Action::ChannelCreate,
    };
    if !founder.1.allows(action) {
        return Err(Reason::NotAllowed.into());
    }
    let protection = protection.unwrap_or(Protection::Open);
    match (protection, kind) {
        (Protection::Open, _) | (Protection::Sealed, Kind::Direct | Kind::Group) => {}
        (Protection::Recorded, _) | (Protection::Sealed, Kind::Channel) => {
            return Err(Refusal::field(Reason::ProtectionUnavailable, "protection"));
        }
    }
    let sealed = protection == Protection::Sealed;
    if sealed && has_details {
        return Err(Refusal::field(Reason::DetailsSealed, "details"));
    }
    let mut members = vec![founder.0];
    for (account, active) in others {
        if !active {
            return Err(Refusal::field(Reason::AccountUnknown, "members"));
        }
        if !members.contains(account) {
            members.push(*account);
        }
    }
    room(protection, members.len(), "members")?;
    match kind {
        Kind::Direct if members.len() != 2 || others.len() != 1 => {
            return Err(Refusal::field(Reason::MembersInvalid, "members"));
        }
        Kind::Group | Kind::Channel if !has_details && !sealed => {
            return Err(Refusal::field(Reason::DetailsRequired, "details"));
        }
        Kind::Direct | Kind::Group | Kind::Channel => {}
    }
    let others_role = MemberRole::Member;
    let founder_role = if kind == Kind::Direct { MemberRole::Member } else { MemberRole::Owner };
    let members = members.into_iter().map(|a| (a, if a == founder.0 { founder_role } else { others_role })).collect();
    Ok(Founding { protection, members })
}

/// A change of who is in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody comes in.
    Add(AccountId, MemberRole),
    /// Somebody goes out.
    Remove(AccountId),
    /// Somebody's role becomes another.
    Role(AccountId, MemberRole),
}

/// Decides adding people. Those who are members already are passed over.
///
/// # Errors
/// `direct_fixed`, `not_allowed`, `account_unknown`, `too_many_members`.
pub fn add(
    conversation: &Conversation,
    by: &Membership,
    accounts: &[(AccountId, bool)],
    present: impl Fn(AccountId) -> bool,
) -> Result<Vec<Change>, Refusal> {
    changeable(conversation)?;
    if by.role > MemberRole::Moderator {
        return Err(Reason::NotAllowed.into());
    }
    if accounts.iter().any(|(_, active)| !active) {
        return Err(Refusal::field(Reason::AccountUnknown, "accounts"));
    }
    let mut changes: Vec<Change> = Vec::new();
    for (account, _) in accounts {
        let change = Change::Add(*account, MemberRole::Member);
        if !present(*account) && !changes.contains(&change) {
            changes.push(change);
        }
    }
    room(conversation.protection, conversation.members as usize + changes.len(), "accounts")?;
    Ok(changes)
}

/// Decides a person joining a channel by themselves.
///
/// # Errors
/// `conversation_unknown` where it is not a channel, `not_allowed`, `too_many_members`.
pub fn join(conversation: &Conversation, account: AccountId, role: Role) -> Result<Vec<Change>, Refusal> {
    if conversation.kind != Kind::Channel {
        return Err(Reason::ConversationUnknown.into());
    }
    if !role.allows(Action::ChannelJoin) {
        return Err(Reason::NotAllowed.into());
    }
    if conversation.members as usize >= limits::MEMBERS {
        return Err(Reason::TooManyMembers.into());
    }
    Ok(vec![Change::Add(account, MemberRole::Member)])
}

/// Decides removing somebody, or leaving where `by` and `whom` are the same.
///
/// `owners` counts the conversation's owners.
///
/// # Errors
/// `direct_fixed`, `not_allowed`, `last_owner`.
pub fn remove(
    conversation: &Conversation,
    by: &Membership,
    whom: &Membership,
    owners: u32,
) -> Result<Vec<Change>, Refusal> {
    changeable(conversation)?;
    let leaving = by.account == whom.account;
    if !leaving && (by.role > MemberRole::Moderator || by.role > whom.role) {
        return Err(Reason::NotAllowed.into());
    }
    if whom.role == MemberRole::Owner && owners <= 1 && conversation.members > 1 {
        return Err(Reason::LastOwner.into());
    }
    Ok(vec![Change::Remove(whom.account)])
}

/// Decides another role for somebody.
///
/// # Errors
/// `direct_fixed`, `not_allowed`, `last_owner`.
pub fn set_role(
    conversation: &Conversation,
    by: &Membership,
    whom: &Membership,
    role: MemberRole,
    owners: u32,
) -> Result<Vec<Change>, Refusal> {
    changeable(conversation)?;
    if by.role != MemberRole::Owner {
        return Err(Reason::NotAllowed.into());
    }
    if whom.role == role {
        return Ok(Vec::new());
    }
    if whom.role == MemberRole::Owner && owners <= 1 {
        return Err(Reason::LastOwner.into());
    }
    Ok(vec![Change::Role(whom.account, role)])
}

/// Whether so many people fit in.
fn room(protection: Protection, people: usize, field: &'static str) -> Result<(), Refusal> {
    let (most, reason) = match protection {
        Protection::Open => (limits::MEMBERS, Reason::TooManyMembers),
        Protection::Sealed | Protection::Recorded => (limits::SEALED_MEMBERS, Reason::GroupTooManyPeople),
    };
    if people > most { Err(Refusal::field(reason, field)) } else { Ok(()) }
}

fn changeable(conversation: &Conversation) -> Result<(), Refusal> {
    if conversation.kind == Kind::Direct { Err(Reason::DirectFixed.into()) } else { Ok(()) }
}
