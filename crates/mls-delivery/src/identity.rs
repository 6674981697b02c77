//! Who the leaves of a group are.

use std::collections::BTreeMap;

use openmls::prelude::{Credential, Member, PublicGroup};
use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{DeviceCredential, Roster, Seat};
use rempart_key_log::KeyLog;

use crate::SLACK;
use crate::error::IdentityError;

/// Identity keys of accounts: the key log, as followed by whoever asks.
pub trait Directory {
    /// The Ed25519 key that signs the account's devices.
    fn identity_key(&self, account: AccountId) -> Option<[u8; 32]>;
}

impl Directory for BTreeMap<AccountId, [u8; 32]> {
    fn identity_key(&self, account: AccountId) -> Option<[u8; 32]> {
        self.get(&account).copied()
    }
}

impl Directory for KeyLog {
    fn identity_key(&self, account: AccountId) -> Option<[u8; 32]> {
        self.identity(account).map(|identity| identity.key)
    }
}

/// A leaf, read and not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// What it says it is.
    pub credential: DeviceCredential,
    /// Its Ed25519 signature key.
    pub key: [u8; 32],
}

impl Leaf {
    /// The seat it claims.
    #[must_use]
    pub const fn seat(&self) -> (DeviceId, Seat) {
        let claim = self.credential.claim;
        (claim.device, Seat { account: claim.account, kind: claim.kind })
    }

    /// Verifies the account's signature and the time.
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify(&self, directory: &dyn Directory, now: Timestamp) -> Result<(), IdentityError> {
        let identity = directory.identity_key(self.credential.claim.account).ok_or(IdentityError::UnknownAccount)?;
        Ok(self.credential.verify(&identity, &self.key, now, SLACK)?)
    }
}

/// Reads a leaf's credential and key.
///
/// # Errors
/// Anything but a device credential with an Ed25519 key.
pub fn leaf(credential: &Credential, key: &[u8]) -> Result<Leaf, IdentityError> {
    let credential = DeviceCredential::decode(credential.serialized_content())?;
    let key = key.try_into().map_err(|_| IdentityError::Key)?;
    Ok(Leaf { credential, key })
}

/// The leaves of a group by index.
#[derive(Clone, Debug)]
pub struct Leaves {
    by_index: BTreeMap<u32, Leaf>,
    roster: Roster,
}

impl Leaves {
    /// Reads every member.
    ///
    /// # Errors
    /// A leaf that is not a device, or a device with two leaves.
    pub fn new(members: impl Iterator<Item = Member>) -> Result<Self, IdentityError> {
        let mut by_index = BTreeMap::new();
        for member in members {
            by_index.insert(member.index.u32(), leaf(&member.credential, &member.signature_key)?);
        }
        let roster = Roster::new(by_index.values().map(Leaf::seat)).ok_or(IdentityError::TwoLeaves)?;
        Ok(Self { by_index, roster })
    }

    /// Reads the members of a followed group.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of(group: &PublicGroup) -> Result<Self, IdentityError> {
        Self::new(group.members())
    }

    /// The leaf at an index.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<&Leaf> {
        self.by_index.get(&index)
    }

    /// The device at an index.
    #[must_use]
    pub fn device(&self, index: u32) -> Option<DeviceId> {
        self.at(index).map(|l| l.seat().0)
    }

    /// The index of a device.
    #[must_use]
    pub fn index(&self, device: DeviceId) -> Option<u32> {
        self.by_index.iter().find(|(_, l)| l.seat().0 == device).map(|(i, _)| *i)
    }

    /// The signature key of a device.
    #[must_use]
    pub fn key(&self, device: DeviceId) -> Option<[u8; 32]> {
        self.by_index.values().find(|l| l.seat().0 == device).map(|l| l.key)
    }

    /// As policy sees them.
    #[must_use]
    pub const fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Verifies every leaf.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn verify(&self, directory: &dyn Directory, now: Timestamp) -> Result<(), IdentityError> {
        self.by_index.values().try_for_each(|l| l.verify(directory, now))
    }
}
