//! Who is in a group: devices and the accounts they belong to.

use std::collections::{BTreeMap, BTreeSet};

use rempart_base::{AccountId, DeviceId};

use crate::credential::Kind;

/// What an account may do in the conversation, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Reads.
    Reader,
    /// Reads and writes.
    Member,
    /// Adds and removes people.
    Moderator,
    /// Everything, the group's context included.
    Owner,
}

/// One leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Whose device it is.
    pub account: AccountId,
    /// Member or guest.
    pub kind: Kind,
}

/// The devices of a group. One leaf each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    seats: BTreeMap<DeviceId, Seat>,
}

impl Roster {
    /// Takes the leaves of a group; `None` when a device has two.
    #[must_use]
    pub fn new(leaves: impl IntoIterator<Item = (DeviceId, Seat)>) -> Option<Self> {
        let mut roster = Self::default();
        leaves.into_iter().all(|(device, seat)| roster.put(device, seat)).then_some(roster)
    }

    /// Seats a device; false when it has a seat already.
    pub(crate) fn put(&mut self, device: DeviceId, seat: Seat) -> bool {
        self.seats.insert(device, seat).is_none()
    }

    pub(crate) fn take(&mut self, device: DeviceId) {
        self.seats.remove(&device);
    }

    /// The seat of a device.
    #[must_use]
    pub fn seat(&self, device: DeviceId) -> Option<Seat> {
        self.seats.get(&device).copied()
    }

    /// Every leaf.
    pub fn iter(&self) -> impl Iterator<Item = (DeviceId, Seat)> + '_ {
        self.seats.iter().map(|(device, seat)| (*device, *seat))
    }

    /// The accounts.
    #[must_use]
    pub fn people(&self) -> BTreeSet<AccountId> {
        self.seats.values().map(|s| s.account).collect()
    }

    /// How many devices of an account.
    #[must_use]
    pub fn devices_of(&self, account: AccountId) -> usize {
        self.seats.values().filter(|s| s.account == account).count()
    }

    /// Leaves.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// A group without leaves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }
}
