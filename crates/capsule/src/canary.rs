//! The quarterly proof that an archive can still be opened: officers answer a capsule that seals nothing.
//!
//! ```text
//! struct { uint8 suite = 1;  opaque key_id[32];  opaque nonce[32];  opaque capsule[1297];  opaque inner_hash[32]; } Canary;
//! struct {
//!     uint8  suite = 1;  opaque canary[32];       /* SHA-256(Canary) */
//!     uint64 time_ms;
//!     Partial partial;                            /* for the canary's capsule */
//!     opaque signature[64];                       /* officer's key over "rempart canary 1 answer" ‖ all before */
//! } CanaryAnswer;
//! ```
//!
//! A canary stands at a place that no conversation has: group `rempart canary 1`, `epoch_ref` = nonce, ctx of zeros. The proof
//! of another capsule does not fit there, so that a canary is no way to have somebody's epoch answered.
//!
//! The inner half is proved: the partials put together give the secret whose hash the canary names. The outer share is not
//! shown, since whoever had enough of them would have undone the post-quantum half of the archive; the officer's tool checks
//! it against the ceremony's record and the officer signs that it did.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::capsule::{CAPSULE, Capsule, CapsuleError, Checked, Target};
use crate::codec::{FormatError, Reader, SUITE};
use crate::derive::sha256;
use crate::keys::{EpochKey, Seed};
use crate::officers::OfficerKey;
use crate::partial::{Partial, PartialError, combine};
use crate::threshold::{OfficerShare, Record, ShareError};

/// Bytes of a canary.
pub const CANARY: usize = 1 + 32 + 32 + CAPSULE + 32;

const GROUP: &[u8] = b"rempart canary 1";
const LABEL: &[u8] = b"rempart canary 1 answer";
const LABEL_INNER: &[u8] = b"rempart canary 1 inner";

/// Why a canary or an answer is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CanaryError {
    /// The bytes are wrong.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The capsule is not a canary's.
    #[error("this is not a canary: {0}")]
    Capsule(#[from] CapsuleError),
    /// The share is damaged, or belongs to another archive key.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// The answer is wrong.
    #[error(transparent)]
    Partial(#[from] PartialError),
    /// For another canary.
    #[error("the answer of officer {0} is for another canary")]
    OtherCanary(u8),
    /// Not signed by the officer.
    #[error("the answer of officer {0} is not signed by that officer's key")]
    Signature(u8),
    /// All partials are right and give another secret: whoever made the canary named a wrong one.
    #[error("the answers do not give the canary's secret: the canary was made wrongly")]
    Secret,
}

/// A capsule that seals nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    key_id: [u8; 32],
    nonce: [u8; 32],
    capsule: Capsule,
    inner_hash: [u8; 32],
}

/// Where canaries of an archive key stand.
#[derive(Clone, Debug)]
pub struct Perch(Target);

impl Perch {
    /// Of the key of this record.
    #[must_use]
    pub fn new(record: &Record) -> Self {
        Self(Target::with_ctx(record.keys(), [0; 32]))
    }
}

impl Canary {
    /// Makes a canary; `entropy` is 64 fresh random bytes.
    ///
    /// # Errors
    /// As [`Capsule::make`].
    pub fn make(record: &Record, entropy: &[u8; 64]) -> Result<Self, CanaryError> {
        let (nonce, secret) = entropy.split_first_chunk::<32>().ok_or(FormatError::Truncated)?;
        let part = |n: u8| sha256(&[b"rempart canary 1 seed", &[n], secret]);
        let seed = Zeroizing::new([part(1), part(2), part(3), part(4)]);
        let seed: &[u8; 128] = seed.as_flattened().try_into().map_err(|_| FormatError::Truncated)?;
        let target = Target::with_ctx(record.keys(), [0; 32]);
        let capsule =
            Capsule::make(&target.place(GROUP, *nonce)?, &Seed::from_bytes(*seed), &EpochKey::from_bytes(part(5)))?;
        let (_, wide) = seed.split_last_chunk::<64>().ok_or(FormatError::Truncated)?;
        let r = Zeroizing::new(Scalar::from_bytes_mod_order_wide(wide));
        let inner: RistrettoPoint = *r * record.keys().inner();
        let inner_hash = sha256(&[LABEL_INNER, inner.compress().as_bytes()]);
        Ok(Self { key_id: *target.key_id(), nonce: *nonce, capsule, inner_hash })
    }

    /// The archive key that is asked.
    #[must_use]
    pub const fn key_id(&self) -> &[u8; 32] {
        &self.key_id
    }

    /// The canary's [`CANARY`] bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&[SUITE], self.key_id.as_slice(), &self.nonce, &self.capsule.encode(), &self.inner_hash].concat()
    }

    /// Reads a canary; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let (key_id, nonce) = (reader.take()?, reader.take()?);
        let capsule = Capsule::decode(reader.bytes(CAPSULE)?)?;
        let inner_hash = reader.take()?;
        reader.end()?;
        Ok(Self { key_id, nonce, capsule, inner_hash })
    }

    /// By which answers name it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&self.encode()])
    }

    fn checked<R>(
        &self,
        perch: &Perch,
        then: impl FnOnce(&Checked<'_>) -> Result<R, CanaryError>,
    ) -> Result<R, CanaryError> {
        if &self.key_id != perch.0.key_id() {
            return Err(PartialError::OtherKey.into());
        }
        let place = perch.0.place(GROUP, self.nonce)?;
        then(&self.capsule.verify(&place)?)
    }

    /// Whether these answers, each verified, open it: enough officers, and the secret is the canary's.
    ///
    /// # Errors
    /// When not.
    pub fn opens(&self, record: &Record, answers: &[CanaryAnswer]) -> Result<(), CanaryError> {
        let partials: Vec<Partial> = answers.iter().map(|answer| answer.partial.clone()).collect();
        self.checked(&Perch::new(record), |checked| {
            let inner = combine(checked, record, &partials)?;
            if sha256(&[LABEL_INNER, inner.as_bytes()]) == self.inner_hash { Ok(()) } else { Err(CanaryError::Secret) }
        })
    }
}

/// An officer's answer: the inner share works, and the outer one is the one dealt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanaryAnswer {
    canary: [u8; 32],
    time_ms: u64,
    partial: Partial,
    signature: [u8; 64],
}

impl CanaryAnswer {
    /// Checks both shares against the record, then answers and signs. `entropy` is 32 fresh random bytes, `time_ms`
    /// milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// When a share is damaged, or the capsule is not a canary of this key.
    pub fn make(
        canary: &Canary,
        record: &Record,
        share: &OfficerShare,
        key: &OfficerKey,
        time_ms: u64,
        entropy: &[u8; 32],
    ) -> Result<Self, CanaryError> {
        record.verify_share(share)?;
        let partial = canary.checked(&Perch::new(record), |checked| Ok(share.partial(checked, entropy)?))?;
        let mut answer = Self { canary: canary.hash(), time_ms, partial, signature: [0; 64] };
        answer.signature = key.sign(&[LABEL, &answer.body()].concat());
        Ok(answer)
    }

    /// The officer's number, from 1.
    #[must_use]
    pub const fn officer(&self) -> u8 {
        self.partial.officer()
    }

    /// When it was made, by the officer's clock, milliseconds since 1970 UTC.
    #[must_use]
    pub const fn time_ms(&self) -> u64 {
        self.time_ms
    }

    fn body(&self) -> Vec<u8> {
        let mut out = vec![SUITE];
        out.extend_from_slice(&self.canary);
        out.extend_from_slice(&self.time_ms.to_be_bytes());
        self.partial.put(&mut out);
        out
    }

    /// The answer's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.body();
        out.extend_from_slice(&self.signature);
        out
    }

    /// Reads an answer; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let (canary, time_ms) = (reader.take()?, reader.u64()?);
        let answer = Self { canary, time_ms, partial: Partial::read(&mut reader)?, signature: reader.take()? };
        reader.end()?;
        Ok(answer)
    }

    /// Whether the officer with this Ed25519 key answered this canary with the share that was dealt.
    ///
    /// # Errors
    /// When not.
    pub fn verify(&self, canary: &Canary, record: &Record, officer_key: &[u8; 32]) -> Result<(), CanaryError> {
        let officer = self.officer();
        if self.canary != canary.hash() {
            return Err(CanaryError::OtherCanary(officer));
        }
        let key = VerifyingKey::from_bytes(officer_key).map_err(|_| CanaryError::Signature(officer))?;
        key.verify_strict(&[LABEL, &self.body()].concat(), &Signature::from_bytes(&self.signature))
            .map_err(|_| CanaryError::Signature(officer))?;
        canary.checked(&Perch::new(record), |checked| Ok(self.partial.verify(checked, record)?))
    }
}
