//! The archive's secret key, in shares that one dealer makes in one ceremony and forgets.
//!
//! ```text
//! struct {
//!     uint8  suite = 1;  uint8 needed;  uint8 officers;
//!     opaque commitments[32 * needed];        /* Feldman: coefficient · G, the first is the ristretto key */
//!     opaque xwing_key[1216];
//!     opaque share_commitments[32 * officers];/* SHA-256(salt ‖ outer share), officer 1 first */
//! } Record;                                   /* public */
//! struct {
//!     uint8  suite = 1;  opaque key_id[32];  uint8 officer;  uint8 needed;  uint8 officers;
//!     opaque inner[32];  opaque outer[32];  opaque salt[32];
//! } OfficerShare;                             /* secret: protect it with the officer's passphrase before it is written */
//! ```
//!
//! The ristretto scalar is shared with commitments to its polynomial (Feldman, *A Practical Scheme for Non-interactive
//! Verifiable Secret Sharing*, FOCS '87), so that shares and partials can be checked by anybody. The X-Wing seed must not
//! be: commitments in a group would yield it to a quantum computer. Its shares are bound by salted hashes instead.

use std::fmt;

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::VartimeMultiscalarMul as _;
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use x_wing::KeyExport as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::capsule::{Capsule, CapsuleError, Target};
use crate::codec::{FormatError, Reader, SUITE};
use crate::derive::sha256;
use crate::keys::{ArchiveKeys, EpochKey, OuterKey, Seed, outer_key};
use crate::partial::{PartialError, combine};
use crate::policy::Threshold;
use crate::shamir::{evaluate, join_bytes, random_scalar, split_bytes};

/// Bytes of an officer's share.
pub const OFFICER_SHARE: usize = 1 + 32 + 3 + 96;

/// Why shares are refused or do not rebuild the key.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ShareError {
    /// The share belongs to another archive key, or says another number of officers than the ceremony.
    #[error("the share of officer {0} belongs to another archive key")]
    OtherKey(u8),
    /// No such officer.
    #[error("there is no officer {0} in this archive key's record")]
    UnknownOfficer(u8),
    /// The inner share is not the one committed to.
    #[error("the inner share of officer {0} is damaged: it does not fit the ceremony's record")]
    Inner(u8),
    /// The outer share is not the one committed to.
    #[error("the outer share of officer {0} is damaged: it does not fit the ceremony's record")]
    Outer(u8),
    /// Too few, or one twice.
    #[error("{given} different shares were given, {needed} are needed")]
    TooFew {
        /// Different officers.
        given: usize,
        /// What the record asks for.
        needed: usize,
    },
    /// Every share fits its commitment and yet they rebuild another key: the ceremony's record itself is wrong.
    #[error("the shares do not rebuild the archive's X-Wing key: the ceremony's record is wrong")]
    Rebuilt,
    /// A rehearsal with the same officers twice.
    #[error("the rehearsal needs two different groups of officers")]
    SameOfficers,
    /// A rehearsal that failed where answers are combined.
    #[error("the rehearsal failed: {0}")]
    Partial(#[from] PartialError),
    /// A rehearsal that failed at the capsule.
    #[error("the rehearsal failed: {0}")]
    Capsule(#[from] CapsuleError),
}

/// The public record of a ceremony, by which shares and partials are checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    threshold: Threshold,
    commitments: Vec<RistrettoPoint>,
    inner: RistrettoPoint,
    outer: x_wing::EncapsulationKey,
    share_commitments: Vec<[u8; 32]>,
}

impl Record {
    /// Both public keys.
    #[must_use]
    pub fn keys(&self) -> ArchiveKeys {
        ArchiveKeys::from_parts(self.inner, self.outer.clone())
    }

    /// How many officers open it.
    #[must_use]
    pub const fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// What a certificate names: SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&self.encode()])
    }

    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![SUITE];
        self.threshold.put(&mut out);
        for point in &self.commitments {
            out.extend_from_slice(point.compress().as_bytes());
        }
        out.extend_from_slice(&self.outer.to_bytes());
        out.extend(self.share_commitments.iter().flatten());
        out
    }

    /// Reads a record; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let threshold = Threshold::read(&mut reader)?;
        let inner = reader.point("the first commitment")?;
        let mut commitments = vec![inner];
        for _ in 1..threshold.needed() {
            commitments.push(reader.point("a commitment")?);
        }
        let outer = outer_key(&reader.take()?)?;
        let share_commitments = (0..threshold.officers()).map(|_| reader.take()).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self { threshold, commitments, inner, outer, share_commitments })
    }

    /// `x_i·G`, from the commitments alone.
    pub(crate) fn share_key(&self, officer: u8) -> Option<RistrettoPoint> {
        if officer == 0 || officer > self.threshold.officers() {
            return None;
        }
        let x = Scalar::from(officer);
        let powers: Vec<Scalar> =
            std::iter::successors(Some(Scalar::ONE), |power| Some(power * x)).take(self.commitments.len()).collect();
        Some(RistrettoPoint::vartime_multiscalar_mul(powers, &self.commitments))
    }

    /// Whether an officer's share is the one that was dealt.
    ///
    /// # Errors
    /// Says which part is not.
    pub fn verify_share(&self, share: &OfficerShare) -> Result<(), ShareError> {
        let officer = share.officer;
        if share.key_id != self.keys().id() || share.threshold != self.threshold {
            return Err(ShareError::OtherKey(officer));
        }
        let expected = self.share_key(officer).ok_or(ShareError::UnknownOfficer(officer))?;
        if RistrettoPoint::mul_base(&share.inner) != expected {
            return Err(ShareError::Inner(officer));
        }
        self.verify_outer(&share.outer)
    }

    /// Whether an officer's outer share is the one that was dealt.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify_outer(&self, share: &OuterShare) -> Result<(), ShareError> {
        let officer = share.officer;
        let place = usize::from(officer).checked_sub(1).and_then(|place| self.share_commitments.get(place));
        let commitment = place.ok_or(ShareError::UnknownOfficer(officer))?;
        if share.commitment().ct_eq(commitment).into() { Ok(()) } else { Err(ShareError::Outer(officer)) }
    }

    /// The X-Wing key from enough outer shares, each checked, and the result too.
    ///
    /// # Errors
    /// Names the first bad share, or says that there are too few.
    pub fn rebuild_outer(&self, shares: &[OuterShare]) -> Result<OuterKey, ShareError> {
        let mut distinct: Vec<(u8, &[u8; 32])> = Vec::with_capacity(shares.len());
        for share in shares {
            self.verify_outer(share)?;
            if distinct.iter().all(|(officer, _)| *officer != share.officer) {
                distinct.push((share.officer, &share.share));
            }
        }
        let (given, needed) = (distinct.len(), usize::from(self.threshold.needed()));
        if given < needed {
            return Err(ShareError::TooFew { given, needed });
        }
        distinct.truncate(needed);
        let key = OuterKey::from_seed(&join_bytes(&distinct));
        if key.encapsulation_key() == &self.outer { Ok(key) } else { Err(ShareError::Rebuilt) }
    }

    /// Opens a capsule made here with each of two groups of officers: what a ceremony does before it ends, with the
    /// shares as the officers stored them. With as many officers needed as there are, there is only one group: give it
    /// twice. `entropy` is 32 fresh random bytes.
    ///
    /// # Errors
    /// When a share is bad, the groups are the same although others exist, or either does not open the capsule.
    pub fn rehearse(&self, one: &[OfficerShare], two: &[OfficerShare], entropy: &[u8; 32]) -> Result<(), ShareError> {
        let officers = |group: &[OfficerShare]| {
            let mut list: Vec<u8> = group.iter().map(|share| share.officer).collect();
            list.sort_unstable();
            list
        };
        if officers(one) == officers(two) && self.threshold.needed() < self.threshold.officers() {
            return Err(ShareError::SameOfficers);
        }
        let wide = |part: u8| sha256(&[b"rempart archive 1 rehearsal", &[part], entropy]);
        let seed = Seed::from_bytes(
            [wide(1), wide(2), wide(3), wide(4)].as_flattened().try_into().map_err(|_| CapsuleError::Seed)?,
        );
        let key = EpochKey::from_bytes(wide(5));
        let target = Target::with_ctx(self.keys(), [0; 32]);
        let place = target.place(b"rehearsal", *entropy).map_err(CapsuleError::from)?;
        let capsule = Capsule::make(&place, &seed, &key)?;
        let checked = capsule.verify(&place)?;
        for group in [one, two] {
            let mut partials = Vec::with_capacity(group.len());
            let mut outer = Vec::with_capacity(group.len());
            for share in group {
                self.verify_share(share)?;
                partials.push(share.partial(&checked, entropy)?);
                outer.push(share.outer.clone());
            }
            let inner = combine(&checked, self, &partials)?;
            if checked.open(&inner, &self.rebuild_outer(&outer)?)? != key {
                return Err(ShareError::Rebuilt);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("threshold", &self.threshold).field("keys", &self.keys()).finish_non_exhaustive()
    }
}

/// An officer's share of the X-Wing seed, with the salt of its commitment.
#[derive(Clone, PartialEq, Eq)]
pub struct OuterShare {
    pub(crate) officer: u8,
    pub(crate) share: Zeroizing<[u8; 32]>,
    pub(crate) salt: [u8; 32],
}

impl OuterShare {
    /// The officer's number, from 1.
    #[must_use]
    pub const fn officer(&self) -> u8 {
        self.officer
    }

    fn commitment(&self) -> [u8; 32] {
        sha256(&[&self.salt, self.share.as_slice()])
    }
}

impl fmt::Debug for OuterShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OuterShare(officer {}, …)", self.officer)
    }
}

/// All that one officer holds. Erased on drop; prints no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct OfficerShare {
    pub(crate) key_id: [u8; 32],
    pub(crate) officer: u8,
    pub(crate) threshold: Threshold,
    pub(crate) inner: Zeroizing<Scalar>,
    pub(crate) outer: OuterShare,
}

impl OfficerShare {
    /// The officer's number, from 1.
    #[must_use]
    pub const fn officer(&self) -> u8 {
        self.officer
    }

    /// The archive key that it is a share of.
    #[must_use]
    pub const fn key_id(&self) -> &[u8; 32] {
        &self.key_id
    }

    /// The share of the X-Wing seed, which an officer releases for an opening.
    #[must_use]
    pub const fn outer(&self) -> &OuterShare {
        &self.outer
    }

    /// The share's [`OFFICER_SHARE`] bytes: secret.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(OFFICER_SHARE));
        out.push(SUITE);
        out.extend_from_slice(&self.key_id);
        out.push(self.officer);
        self.threshold.put(&mut out);
        out.extend_from_slice(self.inner.as_bytes());
        out.extend_from_slice(self.outer.share.as_slice());
        out.extend_from_slice(&self.outer.salt);
        out
    }

    /// Reads a share; the bytes must be one and nothing more. It is checked by [`Record::verify_share`].
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let key_id = reader.take()?;
        let officer = reader.u8()?;
        let threshold = Threshold::read(&mut reader)?;
        if officer == 0 || officer > threshold.officers() {
            return Err(FormatError::Limit("the officer's number"));
        }
        let inner = Zeroizing::new(reader.scalar("the inner share")?);
        let outer = OuterShare { officer, share: Zeroizing::new(reader.take()?), salt: reader.take()? };
        reader.end()?;
        Ok(Self { key_id, officer, threshold, inner, outer })
    }
}

impl fmt::Debug for OfficerShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OfficerShare(officer {}, …)", self.officer)
    }
}

/// Makes an archive key and deals it. The dealer sees the whole key until this returns, and nothing keeps it: run it
/// where nobody listens, and hand out the shares.
#[must_use]
pub fn deal(threshold: Threshold, rng: &mut (impl CryptoRng + ?Sized)) -> (Record, Vec<OfficerShare>) {
    let mut coefficients: Vec<Scalar> = Vec::with_capacity(usize::from(threshold.needed()));
    while coefficients.len() < usize::from(threshold.needed()) {
        let scalar = random_scalar(rng);
        // A zero here would be refused when the record is read; it happens once in 2^252.
        if scalar != Scalar::ZERO {
            coefficients.push(scalar);
        }
    }
    let commitments: Vec<RistrettoPoint> = coefficients.iter().map(RistrettoPoint::mul_base).collect();
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(seed.as_mut_slice());
    let outer_key = OuterKey::from_seed(&seed);
    let outer: Vec<OuterShare> = (1..=threshold.officers())
        .zip(split_bytes(&seed, threshold.needed(), threshold.officers(), rng))
        .map(|(officer, share)| {
            let mut salt = [0; 32];
            rng.fill_bytes(&mut salt);
            OuterShare { officer, share, salt }
        })
        .collect();
    let record = Record {
        threshold,
        inner: coefficients.first().map(RistrettoPoint::mul_base).unwrap_or_default(),
        commitments,
        outer: outer_key.encapsulation_key().clone(),
        share_commitments: outer.iter().map(OuterShare::commitment).collect(),
    };
    let key_id = record.keys().id();
    let shares = outer
        .into_iter()
        .map(|outer| OfficerShare {
            key_id,
            officer: outer.officer,
            threshold,
            inner: Zeroizing::new(evaluate(&coefficients, outer.officer)),
            outer,
        })
        .collect();
    coefficients.zeroize();
    (record, shares)
}
