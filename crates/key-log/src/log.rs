//! The fold: what follows from the leaves, and which of them do not hold.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::{Signature, VerifyingKey};
use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{BadCredential, DeviceCredential};
use rempart_merkle::leaf::leaf_hash;
use rempart_merkle::{Frontier, Hash};
use thiserror::Error;

use crate::entry::{BadEntry, Cause, Entry, Leaf, RevokedBy};
use crate::{MAX_LEAF, MAX_LIVE, SLACK};

/// Why a leaf does not hold.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// Not a leaf, or over [`MAX_LEAF`].
    #[error(transparent)]
    Entry(#[from] BadEntry),
    /// Its time is before that of the leaf before it.
    #[error("the log's time goes backwards")]
    Time,
    /// No key that Ed25519 can verify with.
    #[error("not a usable key")]
    Key,
    /// A key is in the log already; each serves once.
    #[error("this key is in the log already")]
    KeyTwice,
    /// A first identity where there is one, another serial than the next, or a change where there is none.
    #[error("the identity key does not follow the one before it")]
    Serial,
    /// A signature does not verify.
    #[error("a signature is not by the key that it must be by")]
    Signature,
    /// The account has no identity key.
    #[error("the account has no identity key")]
    UnknownAccount,
    /// The device's credential is out of its time.
    #[error("the device's credential is not valid at this time")]
    CredentialTime,
    /// The device is there already, is revoked, or is another account's.
    #[error("the device is in the log already")]
    DeviceTwice,
    /// The account has [`MAX_LIVE`] devices.
    #[error("the account has five devices: one must be revoked first")]
    TooManyDevices,
    /// The account has no such device, or it ended.
    #[error("the account has no such device")]
    UnknownDevice,
    /// A first set of officers where there is one, or a change of none.
    #[error("the officers do not follow those before them")]
    Officers,
    /// 2⁶⁴ − 1 leaves.
    #[error("the log is full")]
    Full,
}

/// A leaf that does not hold, and where it stands.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("entry {position} of the key log: {fault}")]
pub struct Refused {
    /// Its place, from 0.
    pub position: u64,
    /// Why.
    pub fault: Fault,
}

/// An identity key that an account has or had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityKey {
    /// The Ed25519 key.
    pub key: [u8; 32],
    /// 0 for the first.
    pub serial: u32,
    /// Whether it replaced a lost one.
    pub reset: bool,
    /// Since when.
    pub since: Timestamp,
}

/// How a device ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Revoked by the account's identity key.
    Account,
    /// Revoked by the server, for what an administrator did.
    Server,
    /// The identity key that signed it was replaced. It may come again under the new one, with a new leaf key.
    Identity,
}

/// A device that is or was in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceKeys {
    /// What the account's identity key signed.
    pub credential: DeviceCredential,
    /// The Ed25519 key of its leaves.
    pub leaf_key: [u8; 32],
    /// Since when.
    pub since: Timestamp,
    /// When and how it ended.
    pub ended: Option<(Timestamp, Ended)>,
}

impl DeviceKeys {
    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.credential.claim.device
    }

    /// Whether it may be in groups at `now`: not ended, and a guest's credential not over.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now <= self.credential.claim.not_after
    }
}

/// Something to tell a person, or to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where in the log.
    pub position: u64,
    /// When.
    pub time: Timestamp,
    /// What.
    pub news: News,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// An account has an identity key. `serial` 0: its first; else warn whoever compared the one before, and loudly on `reset`.
    Identity {
        /// The account.
        account: AccountId,
        /// 0 for the first.
        serial: u32,
        /// Whether it replaced a lost one.
        reset: bool,
    },
    /// A device came.
    Added {
        /// The account.
        account: AccountId,
        /// The device.
        device: DeviceId,
    },
    /// A device ended.
    Ended {
        /// The account.
        account: AccountId,
        /// The device.
        device: DeviceId,
        /// How.
        how: Ended,
    },
    /// The officers said who they are.
    Officers,
    /// The officers certified an archive key.
    Archive,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) identities: Vec<IdentityKey>,
    /// In the order in which they came; a device that came again is there twice.
    pub(crate) devices: Vec<DeviceKeys>,
}

/// The log as far as it was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLog {
    pub(crate) frontier: Frontier,
    pub(crate) time: Timestamp,
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) owners: BTreeMap<DeviceId, AccountId>,
    /// Every identity and leaf key there ever was.
    pub(crate) keys: BTreeSet<[u8; 32]>,
    pub(crate) officers: Vec<Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Default for KeyLog {
    fn default() -> Self {
        Self::new()
    }
}

impl KeyLog {
    /// The empty log.
    #[must_use]
    pub fn new() -> Self {
        Self {
            frontier: Frontier::new(),
            time: Timestamp::from_millis(0),
            accounts: BTreeMap::new(),
            owners: BTreeMap::new(),
            keys: BTreeSet::new(),
            officers: Vec::new(),
            certificates: Vec::new(),
        }
    }

    /// How many leaves were followed.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The Merkle root over them.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// The Merkle frontier, for whoever signs the head.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The time for a leaf that is logged at `now`: never before the last one's.
    #[must_use]
    pub fn time_for(&self, now: Timestamp) -> Timestamp {
        now.max(self.time)
    }

    /// The account's identity key.
    #[must_use]
    pub fn identity(&self, account: AccountId) -> Option<&IdentityKey> {
        self.history(account).last()
    }

    /// Every identity key that the account had, oldest first.
    #[must_use]
    pub fn history(&self, account: AccountId) -> &[IdentityKey] {
        self.accounts.get(&account).map_or(&[], |a| &a.identities)
    }

    /// Accounts that have an identity key, with it.
    pub fn identities(&self) -> impl Iterator<Item = (AccountId, &IdentityKey)> {
        self.accounts.iter().filter_map(|(account, a)| Some((*account, a.identities.last()?)))
    }

    /// Every device that the account had, in the order in which they came.
    #[must_use]
    pub fn devices(&self, account: AccountId) -> &[DeviceKeys] {
        self.accounts.get(&account).map_or(&[], |a| &a.devices)
    }

    /// The account's devices that may be in groups at `now`.
    pub fn live(&self, account: AccountId, now: Timestamp) -> impl Iterator<Item = &DeviceKeys> {
        self.devices(account).iter().filter(move |d| d.is_live(now))
    }

    /// A device by its id as it last came, ended or not, and whose it is.
    #[must_use]
    pub fn device(&self, device: DeviceId) -> Option<(AccountId, &DeviceKeys)> {
        let account = *self.owners.get(&device)?;
        let keys = self.devices(account).iter().rev().find(|d| d.device() == device)?;
        Some((account, keys))
    }

    /// What officers logged of themselves, oldest first: the first set, then changes. Not verified here.
    #[must_use]
    pub fn officers(&self) -> &[Vec<u8>] {
        &self.officers
    }

    /// Certificates of archive keys, oldest first. Not verified here.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// Follows leaves in order, and tells what changed.
    ///
    /// # Errors
    /// The first that does not hold. Those before it stay followed: work on a copy where that matters.
    pub fn follow<L: AsRef<[u8]>>(&mut self, leaves: &[L]) -> Result<Vec<Change>, Refused> {
        let mut changes = Vec::new();
        for leaf in leaves {
            let position = self.size();
            let news = self.one(leaf.as_ref()).map_err(|fault| Refused { position, fault })?;
            changes.extend(news.into_iter().map(|news| Change { position, time: self.time, news }));
        }
        Ok(changes)
    }

    fn one(&mut self, bytes: &[u8]) -> Result<Vec<News>, Fault> {
        if bytes.len() > MAX_LEAF {
            return Err(BadEntry::Malformed.into());
        }
        let leaf = Leaf::decode(bytes)?;
        if leaf.time < self.time {
            return Err(Fault::Time);
        }
        if self.size() == u64::MAX {
            return Err(Fault::Full);
        }
        let news = match leaf.entry {
            Entry::Identity { account, cause, serial, key, signature } => {
                self.identify(account, &cause, serial, key, &signature, leaf.time)?
            }
            Entry::Device { credential, leaf_key } => self.add(credential, leaf_key, leaf.time)?,
            Entry::Revoked { account, device, by } => self.revoke(account, device, &by, leaf.time)?,
            Entry::Officers { change, bytes } => {
                if change == self.officers.is_empty() {
                    return Err(Fault::Officers);
                }
                self.officers.push(bytes);
                vec![News::Officers]
            }
            Entry::Archive { bytes } => {
                self.certificates.push(bytes);
                vec![News::Archive]
            }
        };
        self.time = leaf.time;
        self.frontier.append(leaf_hash(bytes)).map_err(|_| Fault::Full)?;
        Ok(news)
    }

    fn identify(
        &mut self,
        account: AccountId,
        cause: &Cause,
        serial: u32,
        key: [u8; 32],
        signature: &[u8; 64],
        time: Timestamp,
    ) -> Result<Vec<News>, Fault> {
        let follows = match (cause, self.identity(account)) {
            (Cause::First, None) => serial == 0,
            (Cause::Rotated { .. } | Cause::Reset, Some(last)) => last.serial.checked_add(1) == Some(serial),
            _ => false,
        };
        if !follows {
            return Err(Fault::Serial);
        }
        let message = Entry::identity_to_sign(account, cause, serial, &key);
        verify(&key, &message, signature)?;
        if let (Cause::Rotated { former }, Some(last)) = (cause, self.identity(account)) {
            verify(&last.key, &message, former)?;
        }
        self.once(key)?;
        let reset = matches!(cause, Cause::Reset);
        let mut news = vec![News::Identity { account, serial, reset }];
        let entry = self.accounts.entry(account).or_default();
        for device in entry.devices.iter_mut().filter(|d| d.ended.is_none()) {
            device.ended = Some((time, Ended::Identity));
            news.push(News::Ended { account, device: device.device(), how: Ended::Identity });
        }
        entry.identities.push(IdentityKey { key, serial, reset, since: time });
        Ok(news)
    }

    fn add(&mut self, credential: DeviceCredential, leaf_key: [u8; 32], time: Timestamp) -> Result<Vec<News>, Fault> {
        let (account, device) = (credential.claim.account, credential.claim.device);
        let identity = self.identity(account).ok_or(Fault::UnknownAccount)?;
        usable(&leaf_key)?;
        credential.verify(&identity.key, &leaf_key, time, SLACK).map_err(|bad| match bad {
            BadCredential::Time => Fault::CredentialTime,
            BadCredential::Signature | BadCredential::Malformed | BadCredential::GuestLife => Fault::Signature,
        })?;
        let again = |(owner, keys): (AccountId, &DeviceKeys)| {
            owner == account && matches!(keys.ended, Some((_, Ended::Identity)))
        };
        if !self.device(device).is_none_or(again) {
            return Err(Fault::DeviceTwice);
        }
        if self.live(account, time).count() >= MAX_LIVE {
            return Err(Fault::TooManyDevices);
        }
        self.once(leaf_key)?;
        self.owners.insert(device, account);
        let keys = DeviceKeys { credential, leaf_key, since: time, ended: None };
        self.accounts.entry(account).or_default().devices.push(keys);
        Ok(vec![News::Added { account, device }])
    }

    fn revoke(
        &mut self,
        account: AccountId,
        device: DeviceId,
        by: &RevokedBy,
        time: Timestamp,
    ) -> Result<Vec<News>, Fault> {
        let identity = self.identity(account).ok_or(Fault::UnknownAccount)?.key;
        let how = match by {
            RevokedBy::Account { signature } => {
                verify(&identity, &Entry::revocation_to_sign(account, device), signature)?;
                Ended::Account
            }
            RevokedBy::Server => Ended::Server,
        };
        let devices = self.accounts.get_mut(&account).map(|a| a.devices.as_mut_slice()).unwrap_or_default();
        let found = devices.iter_mut().find(|d| d.device() == device && d.ended.is_none());
        found.ok_or(Fault::UnknownDevice)?.ended = Some((time, how));
        Ok(vec![News::Ended { account, device, how }])
    }

    fn once(&mut self, key: [u8; 32]) -> Result<(), Fault> {
        if self.keys.insert(key) { Ok(()) } else { Err(Fault::KeyTwice) }
    }
}

fn usable(key: &[u8; 32]) -> Result<VerifyingKey, Fault> {
    VerifyingKey::from_bytes(key).ok().filter(|key| !key.is_weak()).ok_or(Fault::Key)
}

fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), Fault> {
    usable(key)?.verify_strict(message, &Signature::from_bytes(signature)).map_err(|_| Fault::Signature)
}
