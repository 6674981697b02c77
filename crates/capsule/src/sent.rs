//! A capsule on its way: beside the commit that began its epoch, or as the repair of a wrong one, signed by a leaf.
//!
//! ```text
//! struct {
//!     uint8  suite = 1;
//!     opaque group<1..255>;
//!     uint64 epoch;             /* the one that the commit begins */
//!     opaque epoch_ref[32];
//!     opaque commit[32];        /* SHA-256 of the commit; zeros for epoch 0, which no commit begins */
//!     opaque capsule[1297];
//!     opaque signature[64];     /* Ed25519 of the leaf's key over "rempart capsule 1" ‖ all before */
//! } SentCapsule;
//! ```
//!
//! The signature says who is to blame: without a valid one the server altered the bytes, with one the leaf sent them. So
//! the capsule is kept as it came, even if it cannot be read; a wrong one is logged and repaired, not refused.

use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;

use crate::capsule::{CAPSULE, Capsule};
use crate::codec::{FormatError, Reader, SUITE, put_opaque8};

const LABEL: &[u8] = b"rempart capsule 1";

/// The signature is not by this leaf.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the capsule was not signed by this device: it was altered on its way")]
pub struct NotSigned;

/// A capsule that its sender has still to sign.
#[derive(Clone, Debug)]
pub struct UnsignedCapsule {
    body: Vec<u8>,
    sent: SentCapsule,
}

impl UnsignedCapsule {
    /// What the leaf's key signs.
    #[must_use]
    pub fn signature_input(&self) -> Vec<u8> {
        [LABEL, &self.body].concat()
    }

    /// With the signature, what is sent.
    #[must_use]
    pub fn sign(self, signature: [u8; 64]) -> SentCapsule {
        SentCapsule { signature, ..self.sent }
    }
}

/// A capsule as it is delivered and logged. Reading it verifies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentCapsule {
    group: Vec<u8>,
    epoch: u64,
    epoch_ref: [u8; 32],
    commit: [u8; 32],
    capsule: Box<[u8; CAPSULE]>,
    signature: [u8; 64],
}

impl SentCapsule {
    /// The capsule of `epoch`, which the commit of this hash begins (zeros for epoch 0).
    ///
    /// # Errors
    /// When the group id is empty or too long.
    pub fn prepare(
        group: &[u8],
        epoch: u64,
        epoch_ref: [u8; 32],
        commit: [u8; 32],
        capsule: &Capsule,
    ) -> Result<UnsignedCapsule, FormatError> {
        let capsule = capsule.encode().try_into().map_err(|_| FormatError::Limit("the capsule"))?;
        let sent =
            Self { group: group.to_vec(), epoch, epoch_ref, commit, capsule: Box::new(capsule), signature: [0; 64] };
        Ok(UnsignedCapsule { body: sent.body()?, sent })
    }

    /// The MLS group id.
    #[must_use]
    pub fn group(&self) -> &[u8] {
        &self.group
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// SHA-256 of the epoch's GroupContext, as the sender says.
    #[must_use]
    pub const fn epoch_ref(&self) -> &[u8; 32] {
        &self.epoch_ref
    }

    /// SHA-256 of the commit that begins the epoch; zeros for epoch 0.
    #[must_use]
    pub const fn commit(&self) -> &[u8; 32] {
        &self.commit
    }

    /// The capsule's bytes as they came, to be compared with one's own.
    #[must_use]
    pub fn capsule_bytes(&self) -> &[u8; CAPSULE] {
        &self.capsule
    }

    /// The capsule.
    ///
    /// # Errors
    /// When the sender sent bytes that are none: to be repaired like any wrong capsule.
    pub fn capsule(&self) -> Result<Capsule, FormatError> {
        Capsule::decode(self.capsule.as_slice())
    }

    /// Whether the leaf with this Ed25519 key sent exactly this.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(&self, leaf_key: &[u8; 32]) -> Result<(), NotSigned> {
        let key = VerifyingKey::from_bytes(leaf_key).map_err(|_| NotSigned)?;
        let message = [LABEL, &self.body().map_err(|_| NotSigned)?].concat();
        key.verify_strict(&message, &Signature::from_bytes(&self.signature)).map_err(|_| NotSigned)
    }

    /// The bytes.
    ///
    /// # Errors
    /// Never for what was read or signed: the group id was checked then.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let mut out = self.body()?;
        out.extend_from_slice(&self.signature);
        Ok(out)
    }

    /// Reads a sent capsule; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let sent = Self {
            group: reader.opaque8("the group id")?.to_vec(),
            epoch: reader.u64()?,
            epoch_ref: reader.take()?,
            commit: reader.take()?,
            capsule: Box::new(reader.take()?),
            signature: reader.take()?,
        };
        reader.end()?;
        Ok(sent)
    }

    fn body(&self) -> Result<Vec<u8>, FormatError> {
        let mut out = vec![SUITE];
        put_opaque8(&mut out, &self.group, "the group id")?;
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.extend_from_slice(&self.epoch_ref);
        out.extend_from_slice(&self.commit);
        out.extend_from_slice(self.capsule.as_slice());
        Ok(out)
    }
}
