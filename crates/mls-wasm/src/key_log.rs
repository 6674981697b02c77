//! This device's copy of the key log, and the entries that it makes for it.

use rempart_base::AccountId;
use rempart_group_policy::DeviceCredential;
use rempart_key_log::log::{Change, News};
use rempart_key_log::{Cause, Entry, FollowError, Follower, RevokedBy, Taken, code, fingerprint, safety_number};
use serde::Serialize;
use serde_bytes::ByteBuf;

use crate::installation::Installation;
use crate::refused::Refused;
use crate::values::{bytes, id, time};

/// A copy of the key log: what it says was compared with a head that the server signed.
pub struct LogCopy(Follower);

/// What came of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TakenOut {
    /// Whether everything that the head covers is here: only then `changes` hold.
    pub current: bool,
    /// What is new since the last time that this was so.
    pub changes: Vec<ChangeOut>,
}

/// Something new in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum ChangeOut {
    /// An account has an identity key.
    Identity {
        /// The account.
        account: String,
        /// 0 for the first.
        serial: u32,
        /// Whether it replaced a lost one.
        reset: bool,
    },
    /// A device came.
    Added {
        /// The account.
        account: String,
        /// The device.
        device: String,
    },
    /// A device ended.
    Ended {
        /// The account.
        account: String,
        /// The device.
        device: String,
    },
    /// The officers said who they are.
    Officers,
    /// The officers certified an archive key.
    Archive,
}

/// Everything that the copy says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogView {
    /// The identity key of each account that has one.
    pub identities: Vec<IdentityOut>,
    /// Every device that there is or was.
    pub devices: Vec<DeviceOut>,
}

/// An account's identity key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IdentityOut {
    /// The account.
    pub account: String,
    /// Ed25519.
    pub key: ByteBuf,
    /// 0 for the first.
    pub serial: u32,
    /// Whether it replaced a lost one.
    pub reset: bool,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeviceOut {
    /// Whose.
    pub account: String,
    /// The device.
    pub device: String,
    /// Since when.
    pub since: i64,
    /// Whether it may be in groups.
    pub live: bool,
}

/// What two people compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// 60 digits, to read aloud.
    pub number: String,
    /// For a QR code.
    pub code: String,
    /// Of the other's key alone.
    pub fingerprint: String,
}

impl LogCopy {
    /// Begins with nothing, trusting the key of this first contact.
    ///
    /// # Errors
    /// A key that is not the origin's.
    pub fn begin(origin: &str, key: &str) -> Result<Self, Refused> {
        Ok(Self(Follower::new(origin, key)?))
    }

    /// Goes on from what was kept.
    ///
    /// # Errors
    /// When that is damaged.
    pub fn open(kept: &[u8]) -> Result<Self, Refused> {
        Follower::open(kept).map(Self).map_err(|bad| Refused::new("log_damaged", bad.to_string()))
    }

    /// What is to be kept.
    #[must_use]
    pub fn keep(&self) -> Vec<u8> {
        self.0.keep()
    }

    /// How many entries were taken.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.0.next()
    }

    /// Takes a page with the head that came with it.
    ///
    /// # Errors
    /// What the server must not show; nothing is believed that was not before.
    pub fn take(&mut self, leaves: &[ByteBuf], note: &str, key: &str) -> Result<TakenOut, Refused> {
        Ok(match self.0.take(leaves, note, key)? {
            Taken::More(_) => TakenOut { current: false, changes: Vec::new() },
            Taken::Current(changes) => TakenOut { current: true, changes: changes.iter().map(change).collect() },
        })
    }

    /// Everything that it says.
    ///
    /// # Errors
    /// A time that is none.
    pub fn view(&self, now: f64) -> Result<LogView, Refused> {
        let (log, now) = (self.0.log(), time(now)?);
        let identities = log.identities().map(|(account, identity)| IdentityOut {
            account: account.to_string(),
            key: bytes(identity.key),
            serial: identity.serial,
            reset: identity.reset,
        });
        let accounts = log.identities().map(|(account, _)| account);
        let devices = accounts.flat_map(|account| {
            log.devices(account).iter().map(move |keys| DeviceOut {
                account: account.to_string(),
                device: keys.device().to_string(),
                since: keys.since.millis(),
                live: keys.is_live(now),
            })
        });
        Ok(LogView { identities: identities.collect(), devices: devices.collect() })
    }

    /// What these two compare; absent while one of them has no identity key.
    ///
    /// # Errors
    /// What is not an account's identifier.
    pub fn compare(&self, one: &str, other: &str) -> Result<Option<Comparison>, Refused> {
        let party = |account: AccountId| Some((account, self.0.log().identity(account)?.key));
        let (Some(one), Some(other)) = (party(id(one)?), party(id(other)?)) else { return Ok(None) };
        let (number, code, fingerprint) = (safety_number(one, other), code(one, other), fingerprint(other));
        Ok(Some(Comparison { number, code, fingerprint }))
    }
}

impl Installation {
    /// The account's first identity, for `keys.publish`.
    ///
    /// # Errors
    /// The account's key is not held here.
    pub fn identity_entry(&self) -> Result<Vec<u8>, Refused> {
        let account = self.account_id()?;
        let key = self.account_public()?;
        let cause = Cause::First;
        let signature = self.sign_entry(&Entry::identity_to_sign(account, &cause, 0, &key))?;
        Ok(Entry::Identity { account, cause, serial: 0, key, signature }.encode())
    }

    /// This device, for `keys.publish`.
    ///
    /// # Errors
    /// None with an installation that was enrolled here.
    pub fn device_entry(&self) -> Result<Vec<u8>, Refused> {
        let identity = self.identity();
        let credential = DeviceCredential::decode(&identity.credential)
            .map_err(|_| Refused::value("a credential of this device"))?;
        let key = identity.device_key.as_slice().try_into();
        let leaf_key = key.map_err(|_| Refused::value("a key of this device"))?;
        Ok(Entry::Device { credential, leaf_key }.encode())
    }

    /// The end of a device of the account, for `keys.publish`.
    ///
    /// # Errors
    /// The account's key is not held here; what is not a device's identifier.
    pub fn revocation_entry(&self, device: &str) -> Result<Vec<u8>, Refused> {
        let (account, device) = (self.account_id()?, id(device)?);
        let signature = self.sign_entry(&Entry::revocation_to_sign(account, device))?;
        Ok(Entry::Revoked { account, device, by: RevokedBy::Account { signature } }.encode())
    }

    fn account_id(&self) -> Result<AccountId, Refused> {
        id(&self.identity().account)
    }

    fn account_public(&self) -> Result<[u8; 32], Refused> {
        let absent = || Refused::new(Refused::NO_ACCOUNT_KEY, "the account's identity key is not held here");
        self.identity().account_key.ok_or_else(absent)?.as_slice().try_into().map_err(|_| absent())
    }
}

fn change(change: &Change) -> ChangeOut {
    match change.news {
        News::Identity { account, serial, reset } => {
            ChangeOut::Identity { account: account.to_string(), serial, reset }
        }
        News::Added { account, device } => {
            ChangeOut::Added { account: account.to_string(), device: device.to_string() }
        }
        News::Ended { account, device, .. } => {
            ChangeOut::Ended { account: account.to_string(), device: device.to_string() }
        }
        News::Officers => ChangeOut::Officers,
        News::Archive => ChangeOut::Archive,
    }
}

impl From<FollowError> for Refused {
    fn from(error: FollowError) -> Self {
        let code = match error {
            FollowError::Key => "log_key",
            FollowError::OtherKey => "log_other_key",
            FollowError::Head(_) => "log_head",
            FollowError::Refused(_) => "log_entry",
            FollowError::Shrunk => "log_shrunk",
            FollowError::Fork => "log_fork",
            FollowError::Order => "log_order",
        };
        Self::new(code, error.to_string())
    }
}
