//! The capsule of an epoch: its key, sealed to the archive, in bytes that every member computes alike.
//!
//! ```text
//! struct {
//!     uint8  suite = 1;
//!     opaque r[32];           /* R = r·G */
//!     opaque xwing[1120];     /* X-Wing ciphertext */
//!     opaque r_bar[32];       /* R̄ = r·Ḡ */
//!     opaque e[32]; opaque f[32];
//!     opaque sealed[48];      /* AES-256-GCM(K_n) */
//! } Capsule;
//! ```
//!
//! Where it belongs (key, policy, group, epoch) is not repeated in it: the proof fits nowhere else.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

use crate::codec::{FormatError, MAX_GROUP, Reader, SUITE, put_opaque8};
use crate::derive::{hkdf, key_and_nonce, open, seal, sha256};
use crate::keys::{ArchiveKeys, EpochKey, InnerSecret, OUTER_CIPHERTEXT, OuterKey, Seed, encapsulate};
use crate::policy::Policy;
use crate::proof::{Claim, PROOF, Proof};

/// Bytes of a capsule.
pub const CAPSULE: usize = 1 + 32 + OUTER_CIPHERTEXT + 32 + PROOF + SEALED;
/// Bytes of the sealed key.
const SEALED: usize = 32 + 16;

const LABEL_KEY: &[u8] = b"rempart archive 1 capsule";
const LABEL_PROOF: &[u8] = b"rempart archive 1 proof";

/// Why a capsule cannot be made, is refused, or does not open.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CapsuleError {
    /// The bytes are wrong.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Made for another key, group or epoch, or by someone who does not know its secret.
    #[error("the capsule's proof does not fit this archive key, group and epoch: it was made for another place")]
    Proof,
    /// A seed that gives no usable secret; it happens by chance once in 2^252.
    #[error("the epoch's seed cannot be used for a capsule")]
    Seed,
    /// The inner or outer secret is another capsule's, or the sealed key was altered.
    #[error("the capsule does not open with these secrets")]
    Unopened,
}

/// An archive key under a policy: computed once, used for every capsule of a group.
#[derive(Clone, Debug)]
pub struct Target {
    keys: ArchiveKeys,
    key_id: [u8; 32],
    ctx: [u8; 32],
    second_base: RistrettoPoint,
}

impl Target {
    /// The policy's.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self::with_ctx(policy.keys.clone(), policy.ctx())
    }

    pub(crate) fn with_ctx(keys: ArchiveKeys, ctx: [u8; 32]) -> Self {
        Self { key_id: keys.id(), second_base: keys.second_base(), ctx, keys }
    }

    /// The id of the archive key.
    #[must_use]
    pub const fn key_id(&self) -> &[u8; 32] {
        &self.key_id
    }

    /// The place of a capsule: group id (1 to 255 bytes) and `epoch_ref`, SHA-256 of the epoch's GroupContext.
    ///
    /// # Errors
    /// When the group id is empty or too long.
    pub fn place(&self, group: &[u8], epoch_ref: [u8; 32]) -> Result<Place<'_>, FormatError> {
        let mut label = Vec::with_capacity(1 + 32 + 1 + MAX_GROUP + 32);
        label.push(SUITE);
        label.extend_from_slice(&self.key_id);
        put_opaque8(&mut label, group, "the group id")?;
        label.extend_from_slice(&epoch_ref);
        Ok(Place { target: self, label, epoch_ref })
    }
}

/// Where a capsule belongs.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    target: &'a Target,
    /// `suite ‖ key id ‖ group<1..255> ‖ epoch_ref`.
    label: Vec<u8>,
    epoch_ref: [u8; 32],
}

impl Place<'_> {
    /// The place's bytes: `suite ‖ key id[32] ‖ group<1..255> ‖ epoch_ref[32]`.
    #[must_use]
    pub fn label(&self) -> &[u8] {
        &self.label
    }

    fn capsule_key(&self, inner: &[u8; 32], outer: &[u8; 32], r: &[u8; 32], xwing: &[u8]) -> Zeroizing<[u8; 44]> {
        let secret = Zeroizing::new([*inner, *outer]);
        let kems = sha256(&[r, xwing]);
        hkdf(secret.as_flattened(), b"", &[LABEL_KEY, &self.target.ctx, &self.epoch_ref, &kems])
    }

    fn statement(&self, capsule: &[&[u8]; 4]) -> Vec<u8> {
        let [r, xwing, r_bar, sealed] = capsule;
        [self.label.as_slice(), &self.target.ctx, r, r_bar, &sha256(&[xwing, sealed])].concat()
    }

    fn claim<'b>(&'b self, statement: &'b [u8]) -> Claim<'b> {
        Claim { label: LABEL_PROOF, statement, base: &self.target.second_base }
    }
}

/// One epoch's key, sealed. Not checked against any place until [`verify`](Self::verify).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capsule {
    r: RistrettoPoint,
    r_bytes: [u8; 32],
    xwing: Box<[u8; OUTER_CIPHERTEXT]>,
    r_bar: RistrettoPoint,
    r_bar_bytes: [u8; 32],
    proof: Proof,
    sealed: [u8; SEALED],
}

impl Capsule {
    /// Seals the epoch's key at its place. The same arguments always give the same bytes.
    ///
    /// The seed serves this one place and is erased by the caller when the capsule has been compared.
    ///
    /// # Errors
    /// When the seed is one of the few that give no secret.
    pub fn make(place: &Place<'_>, seed: &Seed, key: &EpochKey) -> Result<Self, CapsuleError> {
        let (kem, wide) = seed.as_bytes().split_first_chunk::<64>().ok_or(CapsuleError::Seed)?;
        let wide: &[u8; 64] = wide.try_into().map_err(|_| CapsuleError::Seed)?;
        let r = Zeroizing::new(Scalar::from_bytes_mod_order_wide(wide));
        if *r == Scalar::ZERO {
            return Err(CapsuleError::Seed);
        }
        let big_r = RistrettoPoint::mul_base(&r);
        let r_bar = *r * place.target.second_base;
        let (r_bytes, r_bar_bytes) = (big_r.compress().to_bytes(), r_bar.compress().to_bytes());

        let mut shared = *r * place.target.keys.inner();
        let inner = Zeroizing::new(shared.compress().to_bytes());
        shared.zeroize();
        let (xwing, outer) = encapsulate(place.target.keys.outer(), kem);

        let (aead_key, nonce) = key_and_nonce(&place.capsule_key(&inner, &outer, &r_bytes, &xwing));
        let sealed = seal(&aead_key, &nonce, key.as_bytes()).ok_or(CapsuleError::Seed)?;
        let statement = place.statement(&[&r_bytes, &xwing, &r_bar_bytes, &sealed]);
        Ok(Self {
            r: big_r,
            r_bytes,
            r_bar,
            r_bar_bytes,
            proof: Proof::make(&place.claim(&statement), &r, seed.as_bytes()),
            sealed: sealed.try_into().map_err(|_| CapsuleError::Seed)?,
            xwing: Box::new(xwing),
        })
    }

    /// The capsule's [`CAPSULE`] bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(CAPSULE);
        out.push(SUITE);
        out.extend_from_slice(&self.r_bytes);
        out.extend_from_slice(self.xwing.as_slice());
        out.extend_from_slice(&self.r_bar_bytes);
        self.proof.put(&mut out);
        out.extend_from_slice(&self.sealed);
        out
    }

    /// Reads a capsule; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// When they are not, or an element or scalar in it is not canonical.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let r_bytes = reader.take()?;
        let xwing = Box::new(reader.take()?);
        let r_bar_bytes = reader.take()?;
        let capsule = Self {
            r: crate::codec::point(r_bytes, "the capsule's R")?,
            r_bytes,
            xwing,
            r_bar: crate::codec::point(r_bar_bytes, "the capsule's second element")?,
            r_bar_bytes,
            proof: Proof::read(&mut reader)?,
            sealed: reader.take()?,
        };
        reader.end()?;
        Ok(capsule)
    }

    /// SHA-256 of the bytes, by which openings name a capsule.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&self.encode()])
    }

    /// Whether the capsule was made for this place by someone who knows its secret. Server, members and officers ask
    /// before they do anything with it; no secret is needed.
    ///
    /// # Errors
    /// When it was not.
    pub fn verify<'a>(&'a self, place: &'a Place<'a>) -> Result<Checked<'a>, CapsuleError> {
        let statement = place.statement(&[&self.r_bytes, self.xwing.as_slice(), &self.r_bar_bytes, &self.sealed]);
        if self.proof.verify(&place.claim(&statement), &self.r, &self.r_bar) {
            Ok(Checked { capsule: self, place, hash: self.hash() })
        } else {
            Err(CapsuleError::Proof)
        }
    }
}

/// A capsule whose proof fits its place: the only kind that officers answer.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    capsule: &'a Capsule,
    place: &'a Place<'a>,
    hash: [u8; 32],
}

impl Checked<'_> {
    /// [`Capsule::hash`].
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The id of the archive key that it was made for.
    #[must_use]
    pub const fn key_id(&self) -> &[u8; 32] {
        self.place.target.key_id()
    }

    /// Opens the capsule.
    ///
    /// # Errors
    /// When a secret is not this capsule's, or the sealed key was altered by its maker.
    pub fn open(&self, inner: &InnerSecret, outer: &OuterKey) -> Result<EpochKey, CapsuleError> {
        let capsule = self.capsule;
        let outer = outer.decapsulate(&capsule.xwing).ok_or(CapsuleError::Unopened)?;
        let derived = self.place.capsule_key(inner.as_bytes(), &outer, &capsule.r_bytes, capsule.xwing.as_slice());
        let (key, nonce) = key_and_nonce(&derived);
        let plain = open(&key, &nonce, &capsule.sealed).ok_or(CapsuleError::Unopened)?;
        let bytes = Zeroizing::new(<[u8; 32]>::try_from(plain.as_slice()).map_err(|_| CapsuleError::Unopened)?);
        Ok(EpochKey::from_bytes(*bytes))
    }

    pub(crate) fn r(&self) -> &RistrettoPoint {
        &self.capsule.r
    }

    pub(crate) fn label(&self) -> &[u8] {
        &self.place.label
    }
}

/// `S` as the inner secret; `None` for the neutral element, which no honest capsule has.
pub(crate) fn inner_secret(mut shared: RistrettoPoint) -> Option<InnerSecret> {
    let secret = (!shared.is_identity()).then(|| InnerSecret::from_bytes(shared.compress().to_bytes()));
    shared.zeroize();
    secret
}
