//! The archive's public keys, and the few secrets that pass through this crate.

use std::fmt;

use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::traits::IsIdentity as _;
use sha2::{Digest as _, Sha512};
use subtle::ConstantTimeEq as _;
use x_wing::{Decapsulator as _, KeyExport as _, TryDecapsulate as _};
use zeroize::Zeroizing;

use crate::codec::{FormatError, Reader, SUITE, point};
use crate::derive::sha256;

/// Bytes of an X-Wing public key.
pub const OUTER_KEY: usize = x_wing::ENCAPSULATION_KEY_SIZE;
/// Bytes of an X-Wing ciphertext.
pub const OUTER_CIPHERTEXT: usize = x_wing::CIPHERTEXT_SIZE;

const LABEL_KEY_ID: &[u8] = b"rempart archive 1 key id";
const LABEL_SECOND_BASE: &[u8] = b"rempart archive 1 second base";

/// Both public keys of an archive: ristretto255, whose secret is never in one place, and X-Wing.
#[derive(Clone, PartialEq, Eq)]
pub struct ArchiveKeys {
    inner: RistrettoPoint,
    outer: x_wing::EncapsulationKey,
}

impl ArchiveKeys {
    /// Takes both encodings.
    ///
    /// # Errors
    /// When either is not the canonical encoding of a usable key: no neutral element, no X25519 point of small order.
    pub fn new(inner: [u8; 32], outer: &[u8; OUTER_KEY]) -> Result<Self, FormatError> {
        Ok(Self { inner: point(inner, "the archive's ristretto key")?, outer: outer_key(outer)? })
    }

    pub(crate) fn from_parts(inner: RistrettoPoint, outer: x_wing::EncapsulationKey) -> Self {
        Self { inner, outer }
    }

    /// The id: `SHA-256("rempart archive 1 key id" ‖ suite ‖ ristretto ‖ X-Wing)`, so that no two keys share one.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        sha256(&[LABEL_KEY_ID, &[SUITE], &self.inner_bytes(), &self.outer_bytes()])
    }

    /// The ristretto255 key's 32 bytes.
    #[must_use]
    pub fn inner_bytes(&self) -> [u8; 32] {
        self.inner.compress().to_bytes()
    }

    /// The X-Wing key's [`OUTER_KEY`] bytes.
    #[must_use]
    pub fn outer_bytes(&self) -> [u8; OUTER_KEY] {
        self.outer.to_bytes().into()
    }

    pub(crate) fn inner(&self) -> &RistrettoPoint {
        &self.inner
    }

    pub(crate) fn outer(&self) -> &x_wing::EncapsulationKey {
        &self.outer
    }

    /// The second base of the capsule's proof, an element whose discrete logarithm nobody knows (RFC 9496 §4.3.4 over
    /// SHA-512). One per archive key: the proof of security draws it after the key, and a proof fits no other key.
    pub(crate) fn second_base(&self) -> RistrettoPoint {
        let hash = Sha512::new()
            .chain_update(LABEL_SECOND_BASE)
            .chain_update([SUITE])
            .chain_update(self.inner_bytes())
            .finalize();
        RistrettoPoint::from_uniform_bytes(&hash.into())
    }

    /// Key id, ristretto key, X-Wing key.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id());
        out.extend_from_slice(&self.inner_bytes());
        out.extend_from_slice(&self.outer_bytes());
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        let id: [u8; 32] = reader.take()?;
        let keys = Self::new(reader.take()?, &reader.take()?)?;
        if keys.id() == id { Ok(keys) } else { Err(FormatError::KeyId) }
    }
}

impl fmt::Debug for ArchiveKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id();
        write!(f, "ArchiveKeys(")?;
        id.iter().take(8).try_for_each(|b| write!(f, "{b:02x}"))?;
        write!(f, "…)")
    }
}

/// An X-Wing public key whose parts are both usable.
pub(crate) fn outer_key(bytes: &[u8; OUTER_KEY]) -> Result<x_wing::EncapsulationKey, FormatError> {
    let (_, x25519) = bytes.split_last_chunk::<32>().ok_or(FormatError::OuterKey)?;
    // With a point of small order the classical half of X-Wing would be zero for everybody.
    if MontgomeryPoint(*x25519).mul_clamped([1; 32]).is_identity() {
        return Err(FormatError::OuterKey);
    }
    x_wing::EncapsulationKey::try_from(bytes.as_slice()).map_err(|_| FormatError::OuterKey)
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Zeroizing<[u8; $len]>);

        impl $name {
            /// Takes the bytes as they stand.
            #[must_use]
            pub fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            /// The bytes. Whoever copies them must erase the copy.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.ct_eq(other.0.as_slice()).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

secret!(
    /// `K_n`, the key of one epoch: MLS-Exporter("rempart archive 1 key", ctx, 32).
    EpochKey,
    32
);
secret!(
    /// `s_n`, the capsule's randomness: MLS-Exporter("rempart archive 1 seed", ctx, 128). Whoever has it has `K_n`.
    Seed,
    128
);
secret!(
    /// The inner shared secret of one capsule, put together from the officers' partials.
    InnerSecret,
    32
);

secret!(
    /// The key of one file, random; it travels inside the entry that names the file.
    FileKey,
    32
);

/// The X-Wing secret key of an archive. Alone it opens nothing.
#[derive(Clone)]
pub struct OuterKey(x_wing::DecapsulationKeyRejectNonContrib);

impl OuterKey {
    /// From the 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(x_wing::DecapsulationKeyRejectNonContrib::from(*seed))
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> [u8; OUTER_KEY] {
        self.0.encapsulation_key().to_bytes().into()
    }

    pub(crate) fn encapsulation_key(&self) -> &x_wing::EncapsulationKey {
        self.0.encapsulation_key()
    }

    /// `None` if the X25519 part of the ciphertext has small order.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8; OUTER_CIPHERTEXT]) -> Option<Zeroizing<[u8; 32]>> {
        self.0.try_decapsulate(&(*ciphertext).into()).ok().map(|shared| Zeroizing::new(shared.into()))
    }
}

impl fmt::Debug for OuterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OuterKey(…)")
    }
}

/// X-Wing with the caller's 64 bytes of randomness: 32 ML-KEM coins, then the X25519 ephemeral key.
pub(crate) fn encapsulate(
    key: &x_wing::EncapsulationKey,
    randomness: &[u8; 64],
) -> ([u8; OUTER_CIPHERTEXT], Zeroizing<[u8; 32]>) {
    let (ciphertext, shared) = key.encapsulate_deterministic(&(*randomness).into());
    (ciphertext.into(), Zeroizing::new(shared.into()))
}
