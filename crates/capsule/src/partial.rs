//! An officer's answer for one capsule: `x_i·R`, with proof that it is that and nothing else. Enough answers give the
//! inner secret of that capsule alone; the archive's inner key is never put together.
//!
//! ```text
//! struct { opaque capsule[32];  uint8 officer;  opaque u[32];  opaque e[32];  opaque f[32]; } Partial;
//! ```

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::MultiscalarMul as _;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::capsule::{Checked, inner_secret};
use crate::codec::{FormatError, Reader};
use crate::keys::InnerSecret;
use crate::proof::{Claim, PROOF, Proof};
use crate::shamir::lagrange;
use crate::threshold::{OfficerShare, Record};

/// Bytes of a partial.
pub const PARTIAL: usize = 32 + 1 + 32 + PROOF;

const LABEL: &[u8] = b"rempart archive 1 partial";

/// Why a partial is not made or not accepted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PartialError {
    /// The capsule is sealed to another archive key than the share's or the record's.
    #[error("the capsule is sealed to another archive key")]
    OtherKey,
    /// The answer is for another capsule.
    #[error("the answer of officer {0} is for another capsule")]
    OtherCapsule(u8),
    /// No such officer.
    #[error("there is no officer {0} in this archive key's record")]
    UnknownOfficer(u8),
    /// The proof does not hold.
    #[error("the answer of officer {0} is wrong: it was not made with that officer's share")]
    Wrong(u8),
    /// Too few, or one twice.
    #[error("{given} different officers answered, {needed} are needed")]
    TooFew {
        /// Different officers.
        given: usize,
        /// What the record asks for.
        needed: usize,
    },
}

/// An officer's answer for one capsule. Secret until the opening: enough of them open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    capsule: [u8; 32],
    officer: u8,
    u: RistrettoPoint,
    proof: Proof,
}

impl OfficerShare {
    /// Answers for a capsule. `entropy` is 32 fresh random bytes, mixed into a nonce that would be safe without them:
    /// they protect against faults in the machine.
    ///
    /// # Errors
    /// When the capsule is sealed to another archive key.
    pub fn partial(&self, capsule: &Checked<'_>, entropy: &[u8; 32]) -> Result<Partial, PartialError> {
        if capsule.key_id() != self.key_id() {
            return Err(PartialError::OtherKey);
        }
        let u = *self.inner * capsule.r();
        let statement = statement(capsule, self.officer, &RistrettoPoint::mul_base(&self.inner), &u);
        let claim = Claim { label: LABEL, statement: &statement, base: capsule.r() };
        let secret = Zeroizing::new([self.inner.to_bytes(), *entropy]);
        let proof = Proof::make(&claim, &self.inner, secret.as_flattened());
        Ok(Partial { capsule: *capsule.hash(), officer: self.officer, u, proof })
    }
}

impl Partial {
    /// The officer's number, from 1.
    #[must_use]
    pub const fn officer(&self) -> u8 {
        self.officer
    }

    /// [`Capsule::hash`](crate::Capsule::hash) of the capsule that it is for.
    #[must_use]
    pub const fn capsule(&self) -> &[u8; 32] {
        &self.capsule
    }

    /// Whether the officer made it with the share that was dealt.
    ///
    /// # Errors
    /// When not, or it is for another capsule or archive key.
    pub fn verify(&self, capsule: &Checked<'_>, record: &Record) -> Result<(), PartialError> {
        if capsule.key_id() != &record.keys().id() {
            return Err(PartialError::OtherKey);
        }
        self.verify_known(capsule, record)
    }

    fn verify_known(&self, capsule: &Checked<'_>, record: &Record) -> Result<(), PartialError> {
        if &self.capsule != capsule.hash() {
            return Err(PartialError::OtherCapsule(self.officer));
        }
        let share_key = record.share_key(self.officer).ok_or(PartialError::UnknownOfficer(self.officer))?;
        let statement = statement(capsule, self.officer, &share_key, &self.u);
        let claim = Claim { label: LABEL, statement: &statement, base: capsule.r() };
        if self.proof.verify(&claim, &share_key, &self.u) { Ok(()) } else { Err(PartialError::Wrong(self.officer)) }
    }

    /// Appends the partial's [`PARTIAL`] bytes.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.capsule);
        out.push(self.officer);
        out.extend_from_slice(self.u.compress().as_bytes());
        self.proof.put(out);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            capsule: reader.take()?,
            officer: reader.u8()?,
            u: reader.point("an officer's answer")?,
            proof: Proof::read(reader)?,
        })
    }
}

/// The inner secret of a capsule from enough partials, each checked.
///
/// # Errors
/// Names the first officer whose answer is wrong, or says that there are too few.
pub fn combine(capsule: &Checked<'_>, record: &Record, partials: &[Partial]) -> Result<InnerSecret, PartialError> {
    if capsule.key_id() != &record.keys().id() {
        return Err(PartialError::OtherKey);
    }
    let mut distinct: Vec<&Partial> = Vec::with_capacity(partials.len());
    for partial in partials {
        partial.verify_known(capsule, record)?;
        if distinct.iter().all(|other| other.officer != partial.officer) {
            distinct.push(partial);
        }
    }
    let (given, needed) = (distinct.len(), usize::from(record.threshold().needed()));
    if given < needed {
        return Err(PartialError::TooFew { given, needed });
    }
    distinct.truncate(needed);
    let officers: Vec<u8> = distinct.iter().map(|partial| partial.officer).collect();
    let factors = officers.iter().map(|officer| lagrange(*officer, &officers));
    // A neutral sum would need R or the archive's key to be neutral, which reading refuses.
    inner_secret(RistrettoPoint::multiscalar_mul(factors, distinct.iter().map(|partial| partial.u)))
        .ok_or(PartialError::OtherKey)
}

fn statement(capsule: &Checked<'_>, officer: u8, share_key: &RistrettoPoint, u: &RistrettoPoint) -> Vec<u8> {
    [capsule.label(), capsule.hash(), &[officer], share_key.compress().as_bytes(), u.compress().as_bytes()].concat()
}
