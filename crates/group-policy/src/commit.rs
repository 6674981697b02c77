//! Judging a commit.

use std::collections::{BTreeMap, BTreeSet};

use rempart_base::{AccountId, DeviceId};

use crate::credential::Kind;
use crate::refusal::Refusal;
use crate::roster::{Rank, Roster, Seat};
use crate::{Class, MAX_DEVICES, MAX_PEOPLE};

/// What the judge knows besides the commit.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Archived or not.
    pub class: Class,
    /// The epoch that the commit leaves.
    pub epoch: u64,
    /// The leaves before the commit.
    pub roster: &'a Roster,
    /// Who belongs to the conversation, and their rank there. The conversation decides membership; a group follows.
    pub entitled: &'a BTreeMap<AccountId, Rank>,
    /// Devices whose Remove the server has proposed in this epoch.
    pub pending: &'a BTreeSet<DeviceId>,
}

/// A commit, as far as policy cares.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// The sending device; `None` for a commit from outside.
    pub committer: Option<DeviceId>,
    /// Whether it has an update path.
    pub path: bool,
    /// Whether the leaf in the path names the same account and device as before.
    pub path_identity_kept: bool,
    /// What it applies, by value and by reference.
    pub proposals: &'a [Proposed],
}

/// A proposal and who made it.
#[derive(Clone, Copy, Debug)]
pub struct Proposed {
    /// Who made it.
    pub origin: Origin,
    /// What it does.
    pub change: Change,
}

/// Who made a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A member's device, the committer's included.
    Device(DeviceId),
    /// The server, as external sender.
    Server,
    /// Somebody who asks to be added.
    Outsider,
}

/// What a proposal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds a leaf.
    Add {
        /// The leaf's device.
        device: DeviceId,
        /// Its account and kind.
        seat: Seat,
    },
    /// Removes a leaf; `None` when the leaf is blank.
    Remove(Option<DeviceId>),
    /// Renews the proposer's leaf.
    Update {
        /// Account and device are as before.
        identity_kept: bool,
    },
    /// Part of a commit from outside.
    ExternalInit,
    /// New extensions of the GroupContext.
    Context {
        /// What happens to the archive policy.
        archive: ArchiveChange,
        /// Everything else is as before.
        rest_kept: bool,
    },
    /// Moves to a new group.
    ReInit {
        /// The new group has a suite of ours, the same class and the same extensions.
        allowed: bool,
    },
    /// A pre-shared key.
    Psk {
        /// The resumption key of a ReInit, and no other.
        reinit: bool,
    },
    /// A kind that Rempart does not use.
    Other,
}

/// What a change of context does to the archive policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveChange {
    /// As before.
    Kept,
    /// Another policy in its place.
    Replaced {
        /// Enough officers signed it.
        certified: bool,
    },
    /// One where none was.
    Added,
    /// None where one was.
    Dropped,
}

/// Judges a commit and returns the leaves after it.
///
/// # Errors
/// The first rule that does not hold.
pub fn check(situation: &Situation<'_>, commit: &Commit<'_>) -> Result<Roster, Refusal> {
    let committer = commit.committer.ok_or(Refusal::ExternalCommit)?;
    let seat = situation.roster.seat(committer).ok_or(Refusal::NotAMember)?;
    if !situation.entitled.contains_key(&seat.account) {
        return Err(Refusal::Left);
    }
    if situation.pending.contains(&committer) {
        return Err(Refusal::BeingRemoved);
    }
    if !commit.path {
        return Err(Refusal::PathMissing);
    }
    if !commit.path_identity_kept {
        return Err(Refusal::IdentityChanged);
    }
    for proposed in commit.proposals {
        if seat.kind == Kind::Guest && proposed.origin != Origin::Server {
            return Err(Refusal::GuestCommit);
        }
        may_propose(situation, proposed)?;
        if matches!(proposed.change, Change::ReInit { .. }) && commit.proposals.len() > 1 {
            return Err(Refusal::ReInit);
        }
    }
    after(situation, commit)
}

/// Judges one proposal by who made it, before any commit applies it.
///
/// # Errors
/// The first rule that does not hold.
pub fn may_propose(situation: &Situation<'_>, proposed: &Proposed) -> Result<(), Refusal> {
    let by = match proposed.origin {
        Origin::Server => return server_may(situation, proposed.change),
        Origin::Outsider => return Err(Refusal::ExternalCommit),
        Origin::Device(device) => situation.roster.seat(device).ok_or(Refusal::NotAMember)?,
    };
    if by.kind == Kind::Guest && !matches!(proposed.change, Change::Update { .. }) {
        return Err(Refusal::GuestCommit);
    }
    let rank = *situation.entitled.get(&by.account).ok_or(Refusal::Left)?;
    match proposed.change {
        Change::Add { seat, .. } => {
            let known = seat.account == by.account || situation.roster.devices_of(seat.account) > 0;
            // Between two people nobody moderates: each adds the other.
            let moderated = || situation.entitled.values().any(|rank| *rank >= Rank::Moderator);
            if known || rank >= Rank::Moderator || !moderated() { Ok(()) } else { Err(Refusal::MayNotAdd) }
        }
        Change::Remove(target) => {
            let target = target.and_then(|d| situation.roster.seat(d)).ok_or(Refusal::DeviceAbsent)?;
            let over = match situation.entitled.get(&target.account) {
                None => true,
                Some(theirs) => rank == Rank::Owner || (rank == Rank::Moderator && *theirs < Rank::Owner),
            };
            if over || target.account == by.account { Ok(()) } else { Err(Refusal::MayNotRemove) }
        }
        Change::Update { identity_kept } => identity_kept.then_some(()).ok_or(Refusal::IdentityChanged),
        Change::ExternalInit => Err(Refusal::ExternalCommit),
        Change::Context { .. } if rank < Rank::Owner => Err(Refusal::MayNotChange),
        Change::Context { archive, rest_kept } => context(situation.class, archive, rest_kept),
        Change::ReInit { allowed } => (allowed && rank == Rank::Owner).then_some(()).ok_or(Refusal::ReInit),
        Change::Psk { reinit } => (reinit && situation.epoch == 0).then_some(()).ok_or(Refusal::Psk),
        Change::Other => Err(Refusal::Unsupported),
    }
}

fn server_may(situation: &Situation<'_>, change: Change) -> Result<(), Refusal> {
    match change {
        Change::Remove(target) => {
            target.and_then(|d| situation.roster.seat(d)).map(|_| ()).ok_or(Refusal::DeviceAbsent)
        }
        Change::Context { archive, rest_kept } => context(situation.class, archive, rest_kept),
        _ => Err(Refusal::ServerProposal),
    }
}

fn context(class: Class, archive: ArchiveChange, rest_kept: bool) -> Result<(), Refusal> {
    match (class, archive) {
        (_, ArchiveChange::Kept) | (Class::Recorded, ArchiveChange::Replaced { certified: true }) => {}
        (Class::Recorded, ArchiveChange::Replaced { certified: false }) => return Err(Refusal::ArchiveUncertified),
        _ => return Err(Refusal::ClassChanged),
    }
    rest_kept.then_some(()).ok_or(Refusal::ContextChanged)
}

/// Applies removes, then adds, as RFC 9420 12.4 orders them, and counts.
fn after(situation: &Situation<'_>, commit: &Commit<'_>) -> Result<Roster, Refusal> {
    let mut roster = situation.roster.clone();
    let mut removed = BTreeSet::new();
    for proposed in commit.proposals {
        if let Change::Remove(Some(device)) = proposed.change {
            if Some(device) == commit.committer || !removed.insert(device) {
                return Err(Refusal::DeviceAbsent);
            }
            roster.take(device);
        }
    }
    if !situation.pending.is_subset(&removed) {
        return Err(Refusal::RemovalLeftOut);
    }
    for proposed in commit.proposals {
        if let Change::Add { device, seat } = proposed.change {
            if !situation.entitled.contains_key(&seat.account) {
                return Err(Refusal::NotEntitled);
            }
            if !roster.put(device, seat) {
                return Err(Refusal::DevicePresent);
            }
            if roster.devices_of(seat.account) > MAX_DEVICES {
                return Err(Refusal::TooManyDevices);
            }
        }
    }
    if roster.people().len() > MAX_PEOPLE {
        return Err(Refusal::TooManyPeople);
    }
    Ok(roster)
}

#[cfg(test)]
mod tests;
