//! From the API's words to the application's.

use rempart_app::conversations::NewConversation;
use rempart_app::messages::{Post, Range};
use rempart_domain::Refusal;
use rempart_domain::account::Language;
use rempart_domain::conversation::{Kind, MemberRole, Protection};
use rempart_domain::presence::{Availability, Choice};
use rempart_domain::refusal::Reason;
use rempart_domain::role::{Role, Scope};
use rempart_wire::{account, conversation, journal, session};

/// People named in one request.
const AT_ONCE: usize = 200;

pub(crate) const fn role(role: account::Role) -> Role {
    match role {
        account::Role::Owner => Role::Owner,
        account::Role::Admin => Role::Admin,
        account::Role::Officer => Role::Officer,
        account::Role::Auditor => Role::Auditor,
        account::Role::Member => Role::Member,
        account::Role::Guest => Role::Guest,
    }
}

pub(crate) const fn scope(scope: account::Scope) -> Scope {
    match scope {
        account::Scope::Read => Scope::Read,
        account::Scope::Post => Scope::Post,
        account::Scope::Admin => Scope::Admin,
    }
}

pub(crate) const fn language(language: session::Language) -> Language {
    match language {
        session::Language::Fr => Language::French,
        session::Language::En => Language::English,
    }
}

pub(crate) const fn member_role(role: conversation::MemberRole) -> MemberRole {
    match role {
        conversation::MemberRole::Owner => MemberRole::Owner,
        conversation::MemberRole::Moderator => MemberRole::Moderator,
        conversation::MemberRole::Member => MemberRole::Member,
        conversation::MemberRole::Reader => MemberRole::Reader,
    }
}

pub(crate) fn choice(set: account::SetPresence) -> Choice {
    Choice {
        availability: set.availability.map(|a| match a {
            account::Availability::Available => Availability::Available,
            account::Availability::Busy => Availability::Busy,
            account::Availability::Away => Availability::Away,
            account::Availability::Dnd => Availability::Dnd,
            account::Availability::Offline => Availability::Offline,
        }),
        text: set.text,
        until: set.until.map(|t| t.0),
    }
}

/// Checks how many people a request names.
///
/// # Errors
/// `too_many_at_once`.
pub(crate) fn at_once(count: usize, field: &'static str) -> Result<(), Refusal> {
    if count > AT_ONCE { Err(Refusal::field(Reason::TooManyAtOnce, field)) } else { Ok(()) }
}

pub(crate) fn new_conversation(create: conversation::CreateConversation) -> Result<NewConversation, Refusal> {
    at_once(create.members.len(), "members")?;
    Ok(NewConversation {
        client_id: create.client_id.0,
        kind: match create.kind {
            conversation::Kind::Direct => Kind::Direct,
            conversation::Kind::Group => Kind::Group,
            conversation::Kind::Channel => Kind::Channel,
        },
        protection: create.protection.map(|p| match p {
            conversation::Protection::Sealed => Protection::Sealed,
            conversation::Protection::Recorded => Protection::Recorded,
            conversation::Protection::Open => Protection::Open,
        }),
        members: create.members.into_iter().map(|a| a.0).collect(),
        details: create.details.map(|d| d.0.into()),
    })
}

/// What to append.
///
/// # Errors
/// `epoch_invalid` for an epoch that has not 32 bytes.
pub(crate) fn post(post: journal::PostEntry) -> Result<Post, Refusal> {
    let epoch = post.epoch.map(|e| <[u8; 32]>::try_from(e.0)).transpose();
    Ok(Post {
        epoch: epoch.map_err(|_| Refusal::field(Reason::EpochInvalid, "epoch"))?,
        conversation: post.conversation.0,
        client_id: post.client_id.0,
        content: post.content.0.into(),
        refers_to: post.refers_to.unwrap_or(0),
        blobs: post.blobs.into_iter().map(|b| b.0).collect(),
    })
}

/// Which entries a page is of.
///
/// # Errors
/// `position_invalid` unless exactly one of the two is given.
pub(crate) fn range(read: &journal::ReadJournal) -> Result<Range, Refusal> {
    match (read.after, read.before) {
        (Some(after), None) => Ok(Range::After(after)),
        (None, Some(before)) => Ok(Range::Before(before)),
        (Some(_), Some(_)) | (None, None) => Err(Refusal::field(Reason::PositionInvalid, "after")),
    }
}
