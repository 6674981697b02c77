//! What is logged, in a fixed binary form: integers big-endian, one spelling each.
//!
//! ```text
//! leaf     = version 1 (u8) ‖ time_ms u64 ‖ entry
//! entry    = version 1 (u8) ‖ kind u8 ‖ body
//! identity (1) = account 16 ‖ cause u8 (1 first, 2 rotated, 3 reset) ‖ serial u32 ‖ key 32 ‖ [former's signature 64, if rotated]
//!                ‖ signature 64                              signed: "rempart identity 1" ‖ version … key
//! device   (2) = credential 114 ‖ leaf key 32                signed: as the credential is
//! revoked  (3) = account 16 ‖ device 16 ‖ by u8 (1 the account, 2 the server) ‖ [signature 64, if by the account]
//!                                                            signed: "rempart revoked 1" ‖ version … by
//! officers (4) = what u8 (1 the first set, 2 a change of it) ‖ length u32 ‖ bytes
//! archive  (5) = length u32 ‖ bytes                          a certificate of an archive key
//! ```
//!
//! Signatures are Ed25519, verified strictly. Server times are milliseconds since 1970 UTC. A revocation by the server and the
//! entries of officers have no signature of an account: the signed head of the log covers them, and what officers say carries
//! its own signatures inside.

use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::credential::CREDENTIAL;
use rempart_group_policy::{BadCredential, DeviceCredential};
use thiserror::Error;

use crate::MAX_OPAQUE;
use crate::codec::{Reader, Short, put_opaque};

const VERSION: u8 = 1;
const IDENTITY: u8 = 1;
const DEVICE: u8 = 2;
const REVOKED: u8 = 3;
const OFFICERS: u8 = 4;
const ARCHIVE: u8 = 5;
const LABEL_IDENTITY: &[u8] = b"rempart identity 1";
const LABEL_REVOKED: &[u8] = b"rempart revoked 1";

/// Bytes that are no entry or leaf.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadEntry {
    /// Not the one encoding.
    #[error("not an entry of the key log")]
    Malformed,
    /// Officers' words over [`MAX_OPAQUE`] or empty.
    #[error("an entry of officers has 1 to 65,536 bytes")]
    Length,
    /// A device's credential does not hold.
    #[error(transparent)]
    Credential(#[from] BadCredential),
}

impl From<Short> for BadEntry {
    fn from(_: Short) -> Self {
        Self::Malformed
    }
}

/// Why an account has this identity key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The account's first; its serial is 0.
    First,
    /// It follows another, whose key signed it too.
    Rotated {
        /// By the key before.
        former: [u8; 64],
    },
    /// It replaces another that is lost: an administrator allowed it. Whoever talks to this account must be told.
    Reset,
}

/// Who revoked a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokedBy {
    /// The account, by its identity key.
    Account {
        /// By the identity key.
        signature: [u8; 64],
    },
    /// The server, for what an administrator did.
    Server,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An account has a new identity key. Devices under the key before end with it.
    Identity {
        /// The account.
        account: AccountId,
        /// Why.
        cause: Cause,
        /// 0 for the first, then one more each time.
        serial: u32,
        /// The Ed25519 key.
        key: [u8; 32],
        /// By that key.
        signature: [u8; 64],
    },
    /// A device of an account.
    Device {
        /// What the account's identity key signed.
        credential: DeviceCredential,
        /// The Ed25519 key of the device's leaves.
        leaf_key: [u8; 32],
    },
    /// A device is lost or given up.
    Revoked {
        /// The account.
        account: AccountId,
        /// The device.
        device: DeviceId,
        /// By whom.
        by: RevokedBy,
    },
    /// The officers who certify archive keys.
    Officers {
        /// Whether this changes the set before; else it is the first.
        change: bool,
        /// The officers' own encoding.
        bytes: Vec<u8>,
    },
    /// A certificate of an archive key.
    Archive {
        /// The officers' own encoding.
        bytes: Vec<u8>,
    },
}

impl Entry {
    /// What a new identity key signs, and the former one for [`Cause::Rotated`] (whose content does not matter here).
    #[must_use]
    pub fn identity_to_sign(account: AccountId, cause: &Cause, serial: u32, key: &[u8; 32]) -> Vec<u8> {
        [LABEL_IDENTITY, &identity_head(account, cause, serial, key)].concat()
    }

    /// What an identity key signs to revoke a device.
    #[must_use]
    pub fn revocation_to_sign(account: AccountId, device: DeviceId) -> Vec<u8> {
        [LABEL_REVOKED, &revoked_head(account, device, 1)].concat()
    }

    /// Whose keys it changes; nobody's for what officers say.
    #[must_use]
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Identity { account, .. } | Self::Revoked { account, .. } => Some(*account),
            Self::Device { credential, .. } => Some(credential.claim.account),
            Self::Officers { .. } | Self::Archive { .. } => None,
        }
    }

    /// The one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Identity { account, cause, serial, key, signature } => {
                let mut out = identity_head(*account, cause, *serial, key);
                if let Cause::Rotated { former } = cause {
                    out.extend_from_slice(former);
                }
                out.extend_from_slice(signature);
                out
            }
            Self::Device { credential, leaf_key } => [&[VERSION, DEVICE][..], &credential.encode(), leaf_key].concat(),
            Self::Revoked { account, device, by: RevokedBy::Account { signature } } => {
                [&revoked_head(*account, *device, 1)[..], signature].concat()
            }
            Self::Revoked { account, device, by: RevokedBy::Server } => revoked_head(*account, *device, 2),
            Self::Officers { change, bytes } => {
                let mut out = vec![VERSION, OFFICERS, if *change { 2 } else { 1 }];
                put_opaque(&mut out, bytes);
                out
            }
            Self::Archive { bytes } => {
                let mut out = vec![VERSION, ARCHIVE];
                put_opaque(&mut out, bytes);
                out
            }
        }
    }

    /// Reads the one encoding. Says nothing of signatures: [`crate::KeyLog`] verifies them.
    ///
    /// # Errors
    /// Anything else, and what is over its limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadEntry> {
        let mut r = Reader::new(bytes);
        let entry = Self::read(&mut r)?;
        if r.is_empty() { Ok(entry) } else { Err(BadEntry::Malformed) }
    }

    fn read(r: &mut Reader<'_>) -> Result<Self, BadEntry> {
        if r.u8()? != VERSION {
            return Err(BadEntry::Malformed);
        }
        match r.u8()? {
            IDENTITY => {
                let (account, cause, serial, key) = (AccountId::from_bytes(r.array()?), r.u8()?, r.u32()?, r.array()?);
                let cause = match cause {
                    1 => Cause::First,
                    2 => Cause::Rotated { former: r.array()? },
                    3 => Cause::Reset,
                    _ => return Err(BadEntry::Malformed),
                };
                Ok(Self::Identity { account, cause, serial, key, signature: r.array()? })
            }
            DEVICE => {
                let credential = DeviceCredential::decode(r.take(CREDENTIAL)?)?;
                Ok(Self::Device { credential, leaf_key: r.array()? })
            }
            REVOKED => {
                let (account, device) = (AccountId::from_bytes(r.array()?), DeviceId::from_bytes(r.array()?));
                let by = match r.u8()? {
                    1 => RevokedBy::Account { signature: r.array()? },
                    2 => RevokedBy::Server,
                    _ => return Err(BadEntry::Malformed),
                };
                Ok(Self::Revoked { account, device, by })
            }
            OFFICERS => {
                let change = match r.u8()? {
                    1 => false,
                    2 => true,
                    _ => return Err(BadEntry::Malformed),
                };
                Ok(Self::Officers { change, bytes: opaque(r)? })
            }
            ARCHIVE => Ok(Self::Archive { bytes: opaque(r)? }),
            _ => Err(BadEntry::Malformed),
        }
    }
}

fn opaque(r: &mut Reader<'_>) -> Result<Vec<u8>, BadEntry> {
    let bytes = r.opaque()?;
    if (1..=MAX_OPAQUE).contains(&bytes.len()) { Ok(bytes.to_vec()) } else { Err(BadEntry::Length) }
}

fn identity_head(account: AccountId, cause: &Cause, serial: u32, key: &[u8; 32]) -> Vec<u8> {
    let cause = match cause {
        Cause::First => 1,
        Cause::Rotated { .. } => 2,
        Cause::Reset => 3,
    };
    [&[VERSION, IDENTITY][..], account.as_bytes(), &[cause], &serial.to_be_bytes(), key].concat()
}

fn revoked_head(account: AccountId, device: DeviceId, by: u8) -> Vec<u8> {
    [&[VERSION, REVOKED][..], account.as_bytes(), device.as_bytes(), &[by]].concat()
}

/// An entry with the server's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// When the server logged it.
    pub time: Timestamp,
    /// What.
    pub entry: Entry,
}

impl Leaf {
    /// The one encoding; its Merkle hash is SHA-256(0x00 ‖ these bytes).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&[VERSION][..], &self.time.millis().to_be_bytes(), &self.entry.encode()].concat()
    }

    /// Reads the one encoding.
    ///
    /// # Errors
    /// Anything else, and what is over its limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadEntry> {
        let mut r = Reader::new(bytes);
        if r.u8()? != VERSION {
            return Err(BadEntry::Malformed);
        }
        let time = i64::try_from(r.u64()?).map_err(|_| BadEntry::Malformed)?;
        let entry = Entry::decode(r.take(r.left())?)?;
        Ok(Self { time: Timestamp::from_millis(time), entry })
    }
}
