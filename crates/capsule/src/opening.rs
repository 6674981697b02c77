//! How an opening is asked for and answered: the request that enters the log, and what each officer releases, sealed to
//! the one-time key that the request names.
//!
//! ```text
//! struct {
//!     uint8  suite = 1;  opaque key_id[32];
//!     opaque group<1..255>;
//!     uint32 first_day;  uint32 last_day;            /* days since 1970-01-01 UTC, both included */
//!     opaque case<1..255>;  opaque requester<1..255>;  opaque basis<1..255>;   /* UTF-8 */
//!     opaque xwing_key[1216];                        /* one-time */
//! } Request;
//! struct {
//!     uint8  suite = 1;  opaque key_id[32];  opaque request[32];  uint8 officer;
//!     opaque outer[32];  opaque salt[32];
//!     uint32 count;  Partial partials[count];        /* increasing by capsule hash */
//! } Release;
//! struct {
//!     uint8  suite = 1;  opaque request[32];  uint8 officer;
//!     opaque xwing[1120];  opaque ct[…];             /* AES-256-GCM(Release), tag last */
//! } SealedRelease;
//! ```
//!
//! The key and nonce of a sealed release are `HKDF-SHA-256(X-Wing secret, no salt, "rempart opening 1" ‖ request ‖ officer ‖
//! SHA-256(xwing), 44)`. A release needs no signature: the outer share fits the ceremony's record and each partial carries a
//! proof, so nobody else can have made it. That the officer answers only a request in the log is the officer's tool's duty.

use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::codec::{FormatError, Reader, SUITE, put_opaque8};
use crate::derive::{TAG, hkdf, key_and_nonce, open, seal, sha256};
use crate::keys::{OUTER_CIPHERTEXT, OUTER_KEY, OuterKey, encapsulate, outer_key};
use crate::partial::{PARTIAL, Partial};
use crate::threshold::{OfficerShare, OuterShare};

/// Most capsules that one release answers for.
pub const MAX_PARTIALS: usize = 65_536;
/// Bytes of a release without its partials.
const RELEASE: usize = 1 + 32 + 32 + 1 + 64 + 4;

const LABEL: &[u8] = b"rempart opening 1";

/// Why a request or a release is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum OpeningError {
    /// The bytes are wrong.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The release answers another request.
    #[error("the release of officer {0} answers another request")]
    OtherRequest(u8),
    /// Sealed to another key, or altered.
    #[error("the release of officer {0} does not open with this request's key")]
    Unopened(u8),
    /// The archive key is another than the request's.
    #[error("the request is for another archive key than this share's")]
    OtherKey,
    /// A partial of another officer among the answers.
    #[error("the release of officer {0} carries the answer of another officer")]
    OtherOfficer(u8),
}

/// What enters the log when an opening is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The archive key that has to answer.
    pub key_id: [u8; 32],
    /// The group whose days are asked for, 1 to 255 bytes.
    pub group: Vec<u8>,
    /// First day, counted from 1970-01-01 UTC.
    pub first_day: u32,
    /// Last day, included.
    pub last_day: u32,
    /// The case, 1 to 255 bytes.
    pub case: String,
    /// Who asks, 1 to 255 bytes.
    pub requester: String,
    /// The legal basis, 1 to 255 bytes.
    pub basis: String,
    /// The one-time X-Wing key that every release is sealed to.
    pub one_time_key: Box<[u8; OUTER_KEY]>,
}

impl Request {
    /// The request's bytes.
    ///
    /// # Errors
    /// When a field breaks its limits, or the key is not usable.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        if self.last_day < self.first_day {
            return Err(FormatError::Limit("the request's days"));
        }
        outer_key(&self.one_time_key)?;
        let mut out = vec![SUITE];
        out.extend_from_slice(&self.key_id);
        put_opaque8(&mut out, &self.group, "the group id")?;
        out.extend_from_slice(&self.first_day.to_be_bytes());
        out.extend_from_slice(&self.last_day.to_be_bytes());
        put_opaque8(&mut out, self.case.as_bytes(), "the case")?;
        put_opaque8(&mut out, self.requester.as_bytes(), "the requester")?;
        put_opaque8(&mut out, self.basis.as_bytes(), "the legal basis")?;
        out.extend_from_slice(self.one_time_key.as_slice());
        Ok(out)
    }

    /// Reads a request; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let text = |reader: &mut Reader<'_>, what| match std::str::from_utf8(reader.opaque8(what)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(FormatError::Limit(what)),
        };
        let request = Self {
            key_id: reader.take()?,
            group: reader.opaque8("the group id")?.to_vec(),
            first_day: reader.u32()?,
            last_day: reader.u32()?,
            case: text(&mut reader, "the case")?,
            requester: text(&mut reader, "the requester")?,
            basis: text(&mut reader, "the legal basis")?,
            one_time_key: Box::new(reader.take()?),
        };
        reader.end()?;
        outer_key(&request.one_time_key)?;
        if request.last_day < request.first_day {
            return Err(FormatError::Limit("the request's days"));
        }
        Ok(request)
    }

    /// By which releases name it: SHA-256 of the bytes.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn hash(&self) -> Result<[u8; 32], FormatError> {
        Ok(sha256(&[&self.encode()?]))
    }
}

/// What one officer gives for one request. Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    key_id: [u8; 32],
    request: [u8; 32],
    outer: OuterShare,
    partials: Vec<Partial>,
}

impl Release {
    /// The officer's outer share and his partials, at most [`MAX_PARTIALS`], in any order.
    ///
    /// # Errors
    /// When the request is for another archive key, a partial is another officer's or repeated, or they are too many.
    pub fn new(request: &Request, share: &OfficerShare, mut partials: Vec<Partial>) -> Result<Self, OpeningError> {
        if &request.key_id != share.key_id() {
            return Err(OpeningError::OtherKey);
        }
        partials.sort_unstable_by_key(|partial| *partial.capsule());
        let release = Self { key_id: request.key_id, request: request.hash()?, outer: share.outer().clone(), partials };
        release.check()?;
        Ok(release)
    }

    /// The officer's number, from 1.
    #[must_use]
    pub const fn officer(&self) -> u8 {
        self.outer.officer()
    }

    /// The share of the X-Wing seed, to be checked by the record.
    #[must_use]
    pub const fn outer(&self) -> &OuterShare {
        &self.outer
    }

    /// The partials, in increasing order of capsule hash, to be checked by [`combine`](crate::partial::combine).
    #[must_use]
    pub fn partials(&self) -> &[Partial] {
        &self.partials
    }

    /// The partial for a capsule, by its hash.
    #[must_use]
    pub fn partial(&self, capsule: &[u8; 32]) -> Option<&Partial> {
        let found = self.partials.binary_search_by(|partial| partial.capsule().cmp(capsule)).ok()?;
        self.partials.get(found)
    }

    /// Seals the release to the request's one-time key. Three random values must never meet twice: `rng` is a generator
    /// fit for keys.
    ///
    /// # Errors
    /// When the request is not the one that is answered.
    pub fn seal(&self, request: &Request, rng: &mut (impl CryptoRng + ?Sized)) -> Result<SealedRelease, OpeningError> {
        let officer = self.officer();
        if request.hash()? != self.request {
            return Err(OpeningError::OtherRequest(officer));
        }
        let mut randomness = Zeroizing::new([0; 64]);
        rng.fill_bytes(randomness.as_mut_slice());
        let (xwing, shared) = encapsulate(&outer_key(&request.one_time_key)?, &randomness);
        let (key, nonce) = key_and_nonce(&derive(&shared, &self.request, officer, &xwing));
        let ct = seal(&key, &nonce, &self.encode()).ok_or(FormatError::Limit("the release"))?;
        Ok(SealedRelease { request: self.request, officer, xwing: Box::new(xwing), ct })
    }

    /// The release's bytes: secret.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(RELEASE + self.partials.len() * PARTIAL));
        out.push(SUITE);
        out.extend_from_slice(&self.key_id);
        out.extend_from_slice(&self.request);
        out.push(self.outer.officer);
        out.extend_from_slice(self.outer.share.as_slice());
        out.extend_from_slice(&self.outer.salt);
        out.extend_from_slice(&u32::try_from(self.partials.len()).unwrap_or(u32::MAX).to_be_bytes());
        for partial in &self.partials {
            partial.put(&mut out);
        }
        out
    }

    /// Reads a release; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, OpeningError> {
        let mut reader = Reader::suite(bytes)?;
        let (key_id, request, officer) = (reader.take()?, reader.take()?, reader.u8()?);
        let outer = OuterShare { officer, share: Zeroizing::new(reader.take()?), salt: reader.take()? };
        let count = reader.u32()? as usize;
        // Checked before anything is reserved: the count comes from outside.
        if count > MAX_PARTIALS || reader.remaining() != count * PARTIAL {
            return Err(FormatError::Limit("the number of answers").into());
        }
        let partials = (0..count).map(|_| Partial::read(&mut reader)).collect::<Result<_, _>>()?;
        reader.end()?;
        let release = Self { key_id, request, outer, partials };
        release.check()?;
        Ok(release)
    }

    fn check(&self) -> Result<(), OpeningError> {
        let officer = self.officer();
        if officer == 0 {
            return Err(FormatError::Limit("the officer's number").into());
        }
        if self.partials.len() > MAX_PARTIALS {
            return Err(FormatError::Limit("the number of answers").into());
        }
        if self.partials.iter().any(|partial| partial.officer() != officer) {
            return Err(OpeningError::OtherOfficer(officer));
        }
        if self.partials.is_sorted_by(|a, b| a.capsule() < b.capsule()) {
            Ok(())
        } else {
            Err(FormatError::Order("the capsules answered for").into())
        }
    }
}

/// A release on its way to whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRelease {
    request: [u8; 32],
    officer: u8,
    xwing: Box<[u8; OUTER_CIPHERTEXT]>,
    ct: Vec<u8>,
}

impl SealedRelease {
    /// The officer's number, from 1.
    #[must_use]
    pub const fn officer(&self) -> u8 {
        self.officer
    }

    /// [`Request::hash`] of the request that it answers.
    #[must_use]
    pub const fn request(&self) -> &[u8; 32] {
        &self.request
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&[SUITE], self.request.as_slice(), &[self.officer], self.xwing.as_slice(), &self.ct].concat()
    }

    /// Reads a sealed release.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let (request, officer, xwing) = (reader.take()?, reader.u8()?, Box::new(reader.take()?));
        let len = reader.remaining();
        if officer == 0 || len > RELEASE + MAX_PARTIALS * PARTIAL + TAG {
            return Err(FormatError::Limit("the sealed release"));
        }
        if len < RELEASE + TAG {
            return Err(FormatError::Truncated);
        }
        let ct = reader.bytes(len)?.to_vec();
        Ok(Self { request, officer, xwing, ct })
    }

    /// Opens it with the request's one-time key.
    ///
    /// # Errors
    /// When it answers another request, is sealed to another key, or says inside something else than outside.
    pub fn open(&self, request: &Request, one_time: &OuterKey) -> Result<Release, OpeningError> {
        if request.hash()? != self.request {
            return Err(OpeningError::OtherRequest(self.officer));
        }
        let shared = one_time.decapsulate(&self.xwing).ok_or(OpeningError::Unopened(self.officer))?;
        let (key, nonce) = key_and_nonce(&derive(&shared, &self.request, self.officer, self.xwing.as_slice()));
        let plain = open(&key, &nonce, &self.ct).ok_or(OpeningError::Unopened(self.officer))?;
        let release = Release::decode(&plain)?;
        if release.request != self.request || release.officer() != self.officer {
            return Err(OpeningError::OtherRequest(self.officer));
        }
        if release.key_id != request.key_id {
            return Err(OpeningError::OtherKey);
        }
        Ok(release)
    }
}

fn derive(shared: &[u8; 32], request: &[u8; 32], officer: u8, xwing: &[u8]) -> Zeroizing<[u8; 44]> {
    hkdf(shared, b"", &[LABEL, request, &[officer], &sha256(&[xwing])])
}
