//! A device's credential: the account's identity key says that a leaf's signature key belongs to a device of the account.
//!
//! It is the identity of an MLS basic credential (RFC 9420, 5.3), fixed length, integers big-endian:
//! `version u8 = 1, kind u8 (1 member, 2 guest), account [16], device [16], not_before u64, not_after u64 (ms since 1970 UTC),
//! signature [64]`. Signed (Ed25519): `"rempart device 1" ‖ everything before the signature ‖ the leaf's signature key [32]`.
//! A member's `not_after` is `2⁶³ − 1`, for ever: a lost device is removed, not waited for. A guest's is at most 24 h away.

use ed25519_dalek::{Signature, VerifyingKey};
use rempart_base::{AccountId, DeviceId, Timestamp};
use thiserror::Error;

use crate::GUEST_LIFE;

const LABEL: &[u8] = b"rempart device 1";
const VERSION: u8 = 1;
/// Encoded length of a claim.
const CLAIM: usize = 1 + 1 + 16 + 16 + 8 + 8;
/// Encoded length of a credential, in bytes.
pub const CREDENTIAL: usize = CLAIM + 64;

/// Whose device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An account of the organisation.
    Member,
    /// Somebody invited for a day.
    Guest,
}

/// What an account claims of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceClaim {
    /// Member or guest.
    pub kind: Kind,
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// Not valid before.
    pub not_before: Timestamp,
    /// Not valid after.
    pub not_after: Timestamp,
}

/// A claim and its signature by the account's identity key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceCredential {
    /// What is claimed.
    pub claim: DeviceClaim,
    /// By the account's identity key.
    pub signature: [u8; 64],
}

/// A credential that does not hold.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadCredential {
    /// Not the one encoding.
    #[error("not a device credential")]
    Malformed,
    /// The key or signature is not the account's.
    #[error("the account's identity key did not sign this device")]
    Signature,
    /// Outside its time.
    #[error("the device's credential is not valid at this time")]
    Time,
    /// A guest's that lives longer than a day.
    #[error("a guest's credential holds for at most 24 hours")]
    GuestLife,
}

impl DeviceClaim {
    /// A member's device, from now on.
    #[must_use]
    pub const fn member(account: AccountId, device: DeviceId, now: Timestamp) -> Self {
        Self { kind: Kind::Member, account, device, not_before: now, not_after: Timestamp::from_millis(i64::MAX) }
    }

    /// A guest's device, for 24 hours.
    #[must_use]
    pub const fn guest(account: AccountId, device: DeviceId, now: Timestamp) -> Self {
        Self { kind: Kind::Guest, account, device, not_before: now, not_after: now.plus_millis(GUEST_LIFE) }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CREDENTIAL);
        out.push(VERSION);
        out.push(match self.kind {
            Kind::Member => 1,
            Kind::Guest => 2,
        });
        out.extend_from_slice(self.account.as_bytes());
        out.extend_from_slice(self.device.as_bytes());
        out.extend_from_slice(&self.not_before.millis().to_be_bytes());
        out.extend_from_slice(&self.not_after.millis().to_be_bytes());
        out
    }

    /// What the account's identity key signs for a leaf with `device_key`.
    #[must_use]
    pub fn to_sign(&self, device_key: &[u8; 32]) -> Vec<u8> {
        [LABEL, &self.encode(), device_key].concat()
    }
}

impl DeviceCredential {
    /// The bytes of the basic credential.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [self.claim.encode(), self.signature.to_vec()].concat()
    }

    /// Reads the one encoding.
    ///
    /// # Errors
    /// [`BadCredential::Malformed`] for anything else, [`BadCredential::GuestLife`] for a guest's of more than 24 hours.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadCredential> {
        let (claim, signature) = bytes.split_at_checked(CLAIM).ok_or(BadCredential::Malformed)?;
        let signature: [u8; 64] = signature.try_into().map_err(|_| BadCredential::Malformed)?;
        let (version, rest) = head::<1>(claim)?;
        let (kind, rest) = head::<1>(rest)?;
        let (account, rest) = head::<16>(rest)?;
        let (device, rest) = head::<16>(rest)?;
        let (not_before, rest) = head::<8>(rest)?;
        let (not_after, _) = head::<8>(rest)?;
        let kind = match (version, kind) {
            ([VERSION], [1]) => Kind::Member,
            ([VERSION], [2]) => Kind::Guest,
            _ => return Err(BadCredential::Malformed),
        };
        let (not_before, not_after) = (i64::from_be_bytes(not_before), i64::from_be_bytes(not_after));
        if not_before < 0 || not_after < not_before {
            return Err(BadCredential::Malformed);
        }
        if kind == Kind::Guest && not_after - not_before > GUEST_LIFE {
            return Err(BadCredential::GuestLife);
        }
        let claim = DeviceClaim {
            kind,
            account: AccountId::from_bytes(account),
            device: DeviceId::from_bytes(device),
            not_before: Timestamp::from_millis(not_before),
            not_after: Timestamp::from_millis(not_after),
        };
        Ok(Self { claim, signature })
    }

    /// Verifies the signature, strictly (RFC 8032 without small-order keys), and the time with `slack` milliseconds.
    ///
    /// # Errors
    /// What does not hold.
    pub fn verify(
        &self,
        identity_key: &[u8; 32],
        device_key: &[u8; 32],
        now: Timestamp,
        slack: i64,
    ) -> Result<(), BadCredential> {
        let key = VerifyingKey::from_bytes(identity_key).map_err(|_| BadCredential::Signature)?;
        key.verify_strict(&self.claim.to_sign(device_key), &Signature::from_bytes(&self.signature))
            .map_err(|_| BadCredential::Signature)?;
        let early = now.plus_millis(slack) < self.claim.not_before;
        let late = now.plus_millis(-slack) > self.claim.not_after;
        if early || late { Err(BadCredential::Time) } else { Ok(()) }
    }
}

fn head<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), BadCredential> {
    bytes.split_first_chunk::<N>().map(|(a, b)| (*a, b)).ok_or(BadCredential::Malformed)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use rempart_base::time::{DAY, MINUTE};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(20_000 * DAY);
    const DEVICE_KEY: [u8; 32] = [9; 32];

    fn signed(claim: DeviceClaim) -> (SigningKey, DeviceCredential) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signature = key.sign(&claim.to_sign(&DEVICE_KEY)).to_bytes();
        (key, DeviceCredential { claim, signature })
    }

    fn ids() -> (AccountId, DeviceId) {
        (AccountId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]))
    }

    #[test]
    fn one_encoding() {
        let (account, device) = ids();
        for claim in [DeviceClaim::member(account, device, NOW), DeviceClaim::guest(account, device, NOW)] {
            let (key, credential) = signed(claim);
            let bytes = credential.encode();
            assert_eq!(bytes.len(), CREDENTIAL);
            assert_eq!(DeviceCredential::decode(&bytes), Ok(credential.clone()));
            credential.verify(key.verifying_key().as_bytes(), &DEVICE_KEY, NOW, 0).unwrap();
            assert_eq!(DeviceCredential::decode(&bytes[1..]), Err(BadCredential::Malformed));
            assert_eq!(DeviceCredential::decode(&[bytes, vec![0]].concat()), Err(BadCredential::Malformed));
        }
    }

    #[test]
    fn every_byte_is_signed_or_refused() {
        let (account, device) = ids();
        let (key, credential) = signed(DeviceClaim::guest(account, device, NOW));
        let bytes = credential.encode();
        for i in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[i] ^= 1 << bit;
                let held = DeviceCredential::decode(&other)
                    .and_then(|c| c.verify(key.verifying_key().as_bytes(), &DEVICE_KEY, NOW, 0));
                assert!(held.is_err(), "byte {i} bit {bit}");
            }
        }
        let key = key.verifying_key();
        assert_eq!(credential.verify(key.as_bytes(), &[8; 32], NOW, 0), Err(BadCredential::Signature));
        assert_eq!(credential.verify(&[0; 32], &DEVICE_KEY, NOW, 0), Err(BadCredential::Signature));
    }

    #[test]
    fn guests_leave_after_a_day() {
        let (account, device) = ids();
        let (key, credential) = signed(DeviceClaim::guest(account, device, NOW));
        let at = |now, slack| credential.verify(key.verifying_key().as_bytes(), &DEVICE_KEY, now, slack);
        assert_eq!(at(NOW.plus_millis(DAY), 0), Ok(()));
        assert_eq!(at(NOW.plus_millis(DAY + 1), 0), Err(BadCredential::Time));
        assert_eq!(at(NOW.plus_millis(DAY + MINUTE), MINUTE), Ok(()));
        assert_eq!(at(NOW.plus_millis(-1), 0), Err(BadCredential::Time));
        let mut longer = DeviceClaim::guest(account, device, NOW);
        longer.not_after = longer.not_after.plus_millis(1);
        assert_eq!(DeviceCredential::decode(&signed(longer).1.encode()), Err(BadCredential::GuestLife));
    }
}
