//! When a commit is final: a device of another account that was a member before merges it and says so.
//!
//! The server applies commits at once; those after the last final epoch are a provisional chain. A signed refusal drops the chain
//! whole unless such a merge follows within 60 s. Pure state and `now`: the server keeps it beside the group, a client may follow
//! it to know when its own snapshot can go.

use std::collections::BTreeSet;

use rempart_base::time::SECOND;
use rempart_base::{AccountId, DeviceId, Timestamp};

use crate::EpochRef;
use crate::roster::Roster;

/// How long a refused chain waits for a merge, in milliseconds.
pub const PATIENCE: i64 = 60 * SECOND;

/// Who can make a link final, and whose refusal counts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Link {
    epoch: EpochRef,
    /// Devices of other accounts that are members before and after.
    others: BTreeSet<DeviceId>,
    /// Members before and after.
    stayed: BTreeSet<DeviceId>,
    /// Leaves that the commit removes: theirs is no refusal.
    removed: BTreeSet<DeviceId>,
}

/// A refusal that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Doubt {
    by: DeviceId,
    epoch: EpochRef,
    since: Timestamp,
}

/// The last final epoch and the provisional chain after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finality {
    last: EpochRef,
    chain: Vec<Link>,
    doubts: Vec<Doubt>,
}

/// What a device did that shows that it merged an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The device, its signature verified.
    pub device: DeviceId,
    /// The epoch it is in.
    pub epoch: EpochRef,
}

/// What follows. Each is a journal entry, alarms too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These epochs are final, oldest first: nothing before rolls back.
    Final(Vec<EpochRef>),
    /// These epochs are dropped, oldest first; the group is again at `to`.
    Dropped {
        /// The last final epoch.
        to: EpochRef,
        /// What is dropped.
        epochs: Vec<EpochRef>,
    },
    /// A refusal that a merge contradicts, or by a leaf that the commit removes.
    FalseRefusal {
        /// Who refused.
        by: DeviceId,
        /// Which epoch.
        epoch: EpochRef,
    },
}

impl Finality {
    /// A group at a final epoch.
    #[must_use]
    pub const fn new(last: EpochRef) -> Self {
        Self { last, chain: Vec::new(), doubts: Vec::new() }
    }

    /// The last final epoch.
    #[must_use]
    pub const fn last(&self) -> EpochRef {
        self.last
    }

    /// The newest epoch, provisional or not.
    #[must_use]
    pub fn head(&self) -> EpochRef {
        self.chain.last().map_or(self.last, |link| link.epoch)
    }

    /// The provisional epochs, oldest first.
    pub fn provisional(&self) -> impl Iterator<Item = EpochRef> + '_ {
        self.chain.iter().map(|link| link.epoch)
    }

    /// When [`Self::tick`] has something to do.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.doubts.iter().map(|d| d.since.plus_millis(PATIENCE)).min()
    }

    /// A commit was applied by `committer`. The committer stands in the epoch before, so what others committed is confirmed by it.
    pub fn applied(
        &mut self,
        epoch: EpochRef,
        committer: (DeviceId, AccountId),
        before: &Roster,
        after: &Roster,
    ) -> Vec<Outcome> {
        let mut outcomes = self.confirmed(Confirmation { device: committer.0, epoch: self.head() });
        let stayed: BTreeSet<DeviceId> =
            before.iter().filter(|(d, _)| after.seat(*d).is_some()).map(|(d, _)| d).collect();
        let others: BTreeSet<DeviceId> = before
            .iter()
            .filter(|(d, seat)| stayed.contains(d) && seat.account != committer.1)
            .map(|(d, _)| d)
            .collect();
        let removed = before.iter().map(|(d, _)| d).filter(|d| !stayed.contains(d)).collect();
        let alone = others.is_empty();
        self.chain.push(Link { epoch, others, stayed, removed });
        if alone {
            outcomes.extend(self.settle(self.chain.len()));
        }
        outcomes
    }

    /// A device of the group stands in `epoch`: it said that it merged, or signed an entry or a commit there.
    /// Nothing follows when it cannot make the epoch final.
    pub fn confirmed(&mut self, by: Confirmation) -> Vec<Outcome> {
        let Some(at) = self.chain.iter().position(|link| link.epoch == by.epoch) else { return Vec::new() };
        // To stand in this epoch is to have merged every one before it, for which another account may be the other.
        let made = self.chain.iter().take(at + 1).rposition(|link| link.others.contains(&by.device));
        made.map_or_else(Vec::new, |i| self.settle(i + 1))
    }

    /// Whether [`Self::confirmed`] would make something final.
    #[must_use]
    pub fn would_settle(&self, by: Confirmation) -> bool {
        let upto = self.chain.iter().position(|link| link.epoch == by.epoch).map_or(0, |at| at + 1);
        self.chain.iter().take(upto).any(|link| link.others.contains(&by.device))
    }

    /// A device cannot process the commit that begins `epoch`; its signature is verified.
    pub fn refused(&mut self, by: DeviceId, epoch: EpochRef, now: Timestamp) -> Vec<Outcome> {
        let Some(link) = self.chain.iter().find(|link| link.epoch == epoch) else {
            let settled = self.last == epoch;
            return if settled { vec![Outcome::FalseRefusal { by, epoch }] } else { Vec::new() };
        };
        if link.removed.contains(&by) {
            return vec![Outcome::FalseRefusal { by, epoch }];
        }
        if link.stayed.contains(&by) && !self.doubts.iter().any(|d| d.by == by && d.epoch == epoch) {
            self.doubts.push(Doubt { by, epoch, since: now });
        }
        Vec::new()
    }

    /// Drops the chain when a refusal has waited 60 s.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Outcome> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        self.doubts.clear();
        let epochs = self.chain.drain(..).map(|link| link.epoch).collect();
        vec![Outcome::Dropped { to: self.last, epochs }]
    }

    /// Makes the first `n` links final.
    fn settle(&mut self, n: usize) -> Vec<Outcome> {
        let epochs: Vec<EpochRef> = self.chain.drain(..n.min(self.chain.len())).map(|link| link.epoch).collect();
        let Some(last) = epochs.last() else { return Vec::new() };
        self.last = *last;
        let mut outcomes = Vec::new();
        self.doubts.retain(|doubt| {
            let wrong = epochs.contains(&doubt.epoch);
            if wrong {
                outcomes.push(Outcome::FalseRefusal { by: doubt.by, epoch: doubt.epoch });
            }
            !wrong
        });
        outcomes.insert(0, Outcome::Final(epochs));
        outcomes
    }
}

mod kept;

#[cfg(test)]
mod tests;
