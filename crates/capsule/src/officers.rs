//! Who may name an archive key: a certificate signed by enough of the officers that a client has pinned.
//!
//! ```text
//! struct { uint8 suite = 1;  uint8 needed;  opaque previous[32];  opaque keys<1..255>[32]; } OfficerSet;
//! struct { uint8 officer;  opaque signature[64]; } Signed;          /* officer: position in the set, from 0 */
//! struct {
//!     uint8 suite = 1;  key_id, ristretto_key, xwing_key, period, retention, needed, officers: as in the policy;
//!     uint64 not_before_ms;  uint64 not_after_ms;
//!     opaque record_hash[32];                                      /* the ceremony's public record */
//!     opaque set_hash[32];                                         /* SHA-256(OfficerSet) */
//! } Grant;
//! struct { Grant grant;  Signed signatures<1..255>; } Certificate;  /* over "rempart archive 1 certificate" ‖ grant */
//! struct { OfficerSet set;  Signed signatures<1..255>; } SetChange; /* over "rempart archive 1 officers" ‖ set */
//! ```
//!
//! The lists are preceded by their count in one byte; signatures are in increasing order of officer.

use std::collections::BTreeSet;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;

use crate::codec::{FormatError, Reader, SUITE};
use crate::derive::sha256;
use crate::keys::ArchiveKeys;
use crate::policy::{Period, Policy, Retention, Threshold};

/// How long a key past its end is still accepted, shown as a danger: 30 days in milliseconds.
pub const GRACE_MS: u64 = 30 * 24 * 3600 * 1000;

const LABEL_CERTIFICATE: &[u8] = b"rempart archive 1 certificate";
const LABEL_SET: &[u8] = b"rempart archive 1 officers";

/// Why an archive key or a set of officers is not accepted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CertificateError {
    /// The bytes are wrong.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Signed for another set than the pinned one.
    #[error("the archive key is certified by officers other than those this device trusts")]
    OtherOfficers,
    /// A signature by someone who is not in the set.
    #[error("signature of officer {0}: the set has no such officer")]
    UnknownOfficer(u8),
    /// A signature that does not verify.
    #[error("the signature of officer {0} is not valid")]
    BadSignature(u8),
    /// Too few.
    #[error("{given} officers signed, {needed} are needed")]
    TooFew {
        /// Valid signatures.
        given: usize,
        /// What the set asks for.
        needed: usize,
    },
    /// The policy names something else than was certified.
    #[error("the archive policy does not match the certificate: {0} differs")]
    OtherPolicy(&'static str),
    /// A new set that does not follow the pinned one.
    #[error("the new set of officers does not follow the one this device trusts")]
    NotSuccessor,
}

/// An officer's own signing key (Ed25519): certifies archive keys and answers canaries. Erased on drop; prints nothing.
#[derive(Clone)]
pub struct OfficerKey(SigningKey);

impl OfficerKey {
    /// From the 32-byte seed (RFC 8032 §5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// What stands in the set of officers.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs one of the inputs of this crate, each of which begins with its own words.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for OfficerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OfficerKey(…)")
    }
}

/// The officers that a client has pinned. Not those of one archive key, although they are usually the same people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerSet {
    needed: u8,
    previous: [u8; 32],
    keys: Vec<[u8; 32]>,
}

impl OfficerSet {
    /// A set: `needed` of `keys` must sign. `previous` is the hash of the set before it, zeros for the first.
    ///
    /// # Errors
    /// When the numbers do not make sense, a key is not usable, or one key appears twice (and would count twice).
    pub fn new(needed: u8, previous: [u8; 32], keys: Vec<[u8; 32]>) -> Result<Self, FormatError> {
        let count = u8::try_from(keys.len()).map_err(|_| FormatError::Limit("the number of officers"))?;
        Threshold::new(needed, count)?;
        for key in &keys {
            match VerifyingKey::from_bytes(key) {
                Ok(key) if !key.is_weak() => {}
                _ => return Err(FormatError::SignatureKey("an officer's key")),
            }
        }
        if keys.iter().collect::<BTreeSet<_>>().len() != keys.len() {
            return Err(FormatError::Limit("an officer's key appears twice: the set"));
        }
        Ok(Self { needed, previous, keys })
    }

    /// How many must sign.
    #[must_use]
    pub const fn needed(&self) -> u8 {
        self.needed
    }

    /// Their Ed25519 keys.
    #[must_use]
    pub fn keys(&self) -> &[[u8; 32]] {
        &self.keys
    }

    /// The set's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![SUITE, self.needed];
        out.extend_from_slice(&self.previous);
        out.push(self.keys.len().try_into().unwrap_or(u8::MAX));
        out.extend(self.keys.iter().flatten());
        out
    }

    /// Reads a set; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let set = Self::read(&mut reader)?;
        reader.end()?;
        Ok(set)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        let needed = reader.u8()?;
        let previous = reader.take()?;
        let count = reader.u8()?;
        let keys = (0..count).map(|_| reader.take()).collect::<Result<_, _>>()?;
        Self::new(needed, previous, keys)
    }

    /// What a client shows as fingerprint and pins: SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&self.encode()])
    }

    fn check(&self, message: &[u8], signatures: &Signatures) -> Result<(), CertificateError> {
        for (officer, signature) in &signatures.0 {
            let key = self.keys.get(usize::from(*officer)).ok_or(CertificateError::UnknownOfficer(*officer))?;
            let key = VerifyingKey::from_bytes(key).map_err(|_| CertificateError::UnknownOfficer(*officer))?;
            key.verify_strict(message, &Signature::from_bytes(signature))
                .map_err(|_| CertificateError::BadSignature(*officer))?;
        }
        let (given, needed) = (signatures.0.len(), usize::from(self.needed));
        if given < needed { Err(CertificateError::TooFew { given, needed }) } else { Ok(()) }
    }
}

/// Officers' signatures in increasing order of officer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Signatures(Vec<(u8, [u8; 64])>);

impl Signatures {
    fn new(list: Vec<(u8, [u8; 64])>) -> Result<Self, FormatError> {
        if list.is_empty() || list.len() > 255 {
            return Err(FormatError::Limit("the number of signatures"));
        }
        if list.is_sorted_by(|(a, _), (b, _)| a < b) {
            Ok(Self(list))
        } else {
            Err(FormatError::Order("the officers who signed"))
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.0.len().try_into().unwrap_or(u8::MAX));
        for (officer, signature) in &self.0 {
            out.push(*officer);
            out.extend_from_slice(signature);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        let count = reader.u8()?;
        Self::new((0..count).map(|_| Ok((reader.u8()?, reader.take()?))).collect::<Result<_, _>>()?)
    }
}

/// What officers certify about an archive key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Both public keys.
    pub keys: ArchiveKeys,
    /// The quarter they are for.
    pub period: Period,
    /// The retention they are for.
    pub retention: Retention,
    /// How many officers open it.
    pub threshold: Threshold,
    /// First moment of use, milliseconds since 1970 UTC.
    pub not_before_ms: u64,
    /// Last moment of use, milliseconds since 1970 UTC; [`GRACE_MS`] follow.
    pub not_after_ms: u64,
    /// SHA-256 of the ceremony's [`Record`](crate::Record), by which officers' answers are checked.
    pub record_hash: [u8; 32],
    /// [`OfficerSet::hash`] of those who sign.
    pub set_hash: [u8; 32],
}

/// Where a moment lies with respect to a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Too early: refuse.
    NotYet,
    /// In use.
    Valid,
    /// Past its end by at most [`GRACE_MS`]: accept, shown as a danger.
    Grace,
    /// Refuse.
    Expired,
}

impl Grant {
    /// What officers sign.
    #[must_use]
    pub fn signature_input(&self) -> Vec<u8> {
        let mut out = LABEL_CERTIFICATE.to_vec();
        self.put(&mut out);
        out
    }

    /// Where `now_ms` (milliseconds since 1970 UTC) lies.
    #[must_use]
    pub const fn standing(&self, now_ms: u64) -> Standing {
        if now_ms < self.not_before_ms {
            Standing::NotYet
        } else if now_ms <= self.not_after_ms {
            Standing::Valid
        } else if now_ms - self.not_after_ms <= GRACE_MS {
            Standing::Grace
        } else {
            Standing::Expired
        }
    }

    /// Whether a policy names exactly what was certified.
    ///
    /// # Errors
    /// Says what differs.
    pub fn covers(&self, policy: &Policy) -> Result<(), CertificateError> {
        let differs = if self.keys != policy.keys {
            "the key"
        } else if self.period != policy.period {
            "the period"
        } else if self.retention != policy.retention {
            "the retention"
        } else if self.threshold != policy.threshold {
            "the number of officers"
        } else {
            return Ok(());
        };
        Err(CertificateError::OtherPolicy(differs))
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.push(SUITE);
        self.keys.put(out);
        self.period.put(out);
        self.retention.put(out);
        self.threshold.put(out);
        out.extend_from_slice(&self.not_before_ms.to_be_bytes());
        out.extend_from_slice(&self.not_after_ms.to_be_bytes());
        out.extend_from_slice(&self.record_hash);
        out.extend_from_slice(&self.set_hash);
    }
}

/// An archive key, certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// What is certified.
    pub grant: Grant,
    signatures: Signatures,
}

impl Certificate {
    /// Puts together what officers signed: position in the set and signature, in increasing order.
    ///
    /// # Errors
    /// When the list is empty, too long or not in order, or the grant ends before it begins.
    pub fn new(grant: Grant, signatures: Vec<(u8, [u8; 64])>) -> Result<Self, FormatError> {
        if grant.not_after_ms < grant.not_before_ms {
            return Err(FormatError::Limit("the certificate's time"));
        }
        Ok(Self { grant, signatures: Signatures::new(signatures)? })
    }

    /// The certificate's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.grant.put(&mut out);
        self.signatures.put(&mut out);
        out
    }

    /// Reads a certificate; the bytes must be one and nothing more. It is not verified by this.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let grant = Grant {
            keys: ArchiveKeys::read(&mut reader)?,
            period: Period::read(&mut reader)?,
            retention: Retention::read(&mut reader)?,
            threshold: Threshold::read(&mut reader)?,
            not_before_ms: reader.u64()?,
            not_after_ms: reader.u64()?,
            record_hash: reader.take()?,
            set_hash: reader.take()?,
        };
        let signatures = Signatures::read(&mut reader)?;
        reader.end()?;
        Self::new(grant, signatures.0)
    }

    /// Whether enough of the pinned officers signed. The moment is judged apart, by [`Grant::standing`].
    ///
    /// # Errors
    /// When it is another set's, a signature is wrong (one is enough: nobody adds a wrong one by accident) or too few are there.
    pub fn verify(&self, pinned: &OfficerSet) -> Result<(), CertificateError> {
        if self.grant.set_hash != pinned.hash() {
            return Err(CertificateError::OtherOfficers);
        }
        pinned.check(&self.grant.signature_input(), &self.signatures)
    }
}

/// A new set of officers, signed by enough of the old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetChange {
    set: OfficerSet,
    signatures: Signatures,
}

impl SetChange {
    /// What the old officers sign.
    #[must_use]
    pub fn signature_input(set: &OfficerSet) -> Vec<u8> {
        let mut out = LABEL_SET.to_vec();
        out.extend(set.encode());
        out
    }

    /// Puts together what the old officers signed.
    ///
    /// # Errors
    /// When the list is empty, too long or not in order.
    pub fn new(set: OfficerSet, signatures: Vec<(u8, [u8; 64])>) -> Result<Self, FormatError> {
        Ok(Self { set, signatures: Signatures::new(signatures)? })
    }

    /// The change's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.set.encode();
        self.signatures.put(&mut out);
        out
    }

    /// Reads a change; the bytes must be one and nothing more. It is not verified by this.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let change = Self { set: OfficerSet::read(&mut reader)?, signatures: Signatures::read(&mut reader)? };
        reader.end()?;
        Ok(change)
    }

    /// The new set, if it follows the pinned one and enough of the pinned officers signed.
    ///
    /// # Errors
    /// When not.
    pub fn verify(&self, pinned: &OfficerSet) -> Result<&OfficerSet, CertificateError> {
        if self.set.previous != pinned.hash() {
            return Err(CertificateError::NotSuccessor);
        }
        pinned.check(&Self::signature_input(&self.set), &self.signatures)?;
        Ok(&self.set)
    }
}
