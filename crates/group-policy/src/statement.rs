//! What a device says of an epoch, signed with its leaf's key: it merged it, or its library refuses it.
//!
//! Encoded, fixed length: `version u8 = 1, verdict u8 (1 merged, 2 refused), group [16], epoch_ref [32], device [16], signature
//! [64]`. Signed (Ed25519): `"rempart epoch statement 1" ‖ everything before the signature`.

use ed25519_dalek::{Signature, VerifyingKey};
use rempart_base::DeviceId;
use thiserror::Error;

use crate::{EpochRef, GroupName};

const LABEL: &[u8] = b"rempart epoch statement 1";
const VERSION: u8 = 1;
const BODY: usize = 1 + 1 + 16 + 32 + 16;

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The commit was merged: the device is in the epoch.
    Merged,
    /// The commit cannot be processed.
    Refused,
}

/// A signed word on an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What is said.
    pub verdict: Verdict,
    /// The group.
    pub group: GroupName,
    /// The epoch that the commit begins.
    pub epoch: EpochRef,
    /// Who says it.
    pub device: DeviceId,
    /// By the key of its leaf in the epoch before.
    pub signature: [u8; 64],
}

/// A statement that does not hold.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadStatement {
    /// Not the one encoding.
    #[error("not a statement on an epoch")]
    Malformed,
    /// Not by the device's leaf.
    #[error("the device's key did not sign this statement")]
    Signature,
}

impl Statement {
    /// What a device signs.
    #[must_use]
    pub fn to_sign(verdict: Verdict, group: GroupName, epoch: EpochRef, device: DeviceId) -> Vec<u8> {
        [LABEL, &Self::body(verdict, group, epoch, device)].concat()
    }

    fn body(verdict: Verdict, group: GroupName, epoch: EpochRef, device: DeviceId) -> Vec<u8> {
        let verdict = match verdict {
            Verdict::Merged => 1,
            Verdict::Refused => 2,
        };
        [&[VERSION, verdict], group.0.as_slice(), &epoch.0, device.as_bytes()].concat()
    }

    /// The bytes sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [Self::body(self.verdict, self.group, self.epoch, self.device), self.signature.to_vec()].concat()
    }

    /// Reads the one encoding.
    ///
    /// # Errors
    /// [`BadStatement::Malformed`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadStatement> {
        let (body, signature) = bytes.split_at_checked(BODY).ok_or(BadStatement::Malformed)?;
        let signature: [u8; 64] = signature.try_into().map_err(|_| BadStatement::Malformed)?;
        let ([version, verdict], rest) = head::<2>(body)?;
        let (group, rest) = head::<16>(rest)?;
        let (epoch, rest) = head::<32>(rest)?;
        let (device, _) = head::<16>(rest)?;
        let verdict = match (version, verdict) {
            (VERSION, 1) => Verdict::Merged,
            (VERSION, 2) => Verdict::Refused,
            _ => return Err(BadStatement::Malformed),
        };
        let device = DeviceId::from_bytes(device);
        Ok(Self { verdict, group: GroupName(group), epoch: EpochRef(epoch), device, signature })
    }

    /// Verifies the signature, strictly.
    ///
    /// # Errors
    /// [`BadStatement::Signature`].
    pub fn verify(&self, device_key: &[u8; 32]) -> Result<(), BadStatement> {
        let key = VerifyingKey::from_bytes(device_key).map_err(|_| BadStatement::Signature)?;
        let signed = Self::to_sign(self.verdict, self.group, self.epoch, self.device);
        key.verify_strict(&signed, &Signature::from_bytes(&self.signature)).map_err(|_| BadStatement::Signature)
    }
}

fn head<const N: usize>(bytes: &[u8]) -> Result<([u8; N], &[u8]), BadStatement> {
    bytes.split_first_chunk::<N>().map(|(a, b)| (*a, b)).ok_or(BadStatement::Malformed)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    #[test]
    fn one_encoding_and_every_byte_counts() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let (group, epoch, device) = (GroupName([4; 16]), EpochRef([5; 32]), DeviceId::from_bytes([6; 16]));
        let signature = key.sign(&Statement::to_sign(Verdict::Refused, group, epoch, device)).to_bytes();
        let statement = Statement { verdict: Verdict::Refused, group, epoch, device, signature };
        let bytes = statement.encode();
        assert_eq!(Statement::decode(&bytes), Ok(statement));
        for i in 0..bytes.len() {
            let mut other = bytes.clone();
            other[i] ^= 1;
            let held = Statement::decode(&other).and_then(|s| s.verify(key.verifying_key().as_bytes()));
            assert!(held.is_err(), "byte {i}");
        }
        assert_eq!(Statement::decode(&bytes[..bytes.len() - 1]), Err(BadStatement::Malformed));
    }
}
