//! How every format of this crate is read and written: strictly, so that bytes have one reading and one spelling.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use thiserror::Error;

/// The only suite there is.
pub const SUITE: u8 = 1;
/// Longest group id, in bytes.
pub const MAX_GROUP: usize = 255;

/// Why bytes are not what they should be, or a value cannot be written.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// Fewer bytes than the fields need.
    #[error("the bytes end before the last field")]
    Truncated,
    /// More bytes than the fields need.
    #[error("there are bytes after the last field")]
    Trailing,
    /// Not suite 1.
    #[error("archive suite {0} is unknown: this program knows only suite 1")]
    Suite(u8),
    /// A field outside its limits.
    #[error("{0} is outside its limits")]
    Limit(&'static str),
    /// Not the canonical encoding of a ristretto255 element, or the neutral element.
    #[error("{0} is not a valid ristretto255 element")]
    Point(&'static str),
    /// Not below the order of the group.
    #[error("{0} is not a canonical ristretto255 scalar")]
    Scalar(&'static str),
    /// Not a valid X-Wing public key.
    #[error("the archive's X-Wing key is not valid")]
    OuterKey,
    /// Not a valid Ed25519 key.
    #[error("{0} is not a valid Ed25519 key")]
    SignatureKey(&'static str),
    /// A key id that is not the hash of the two keys beside it.
    #[error("the archive key id does not belong to the keys beside it")]
    KeyId,
    /// Items that repeat or are out of order.
    #[error("{0} must be in increasing order without repetition")]
    Order(&'static str),
}

/// Reads fields one after another.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts after the suite, which must be 1.
    pub(crate) fn suite(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let mut reader = Self { rest: bytes };
        match reader.u8()? {
            SUITE => Ok(reader),
            other => Err(FormatError::Suite(other)),
        }
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let (head, tail) = self.rest.split_first_chunk().ok_or(FormatError::Truncated)?;
        self.rest = tail;
        Ok(*head)
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], FormatError> {
        let (head, tail) = self.rest.split_at_checked(len).ok_or(FormatError::Truncated)?;
        self.rest = tail;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, FormatError> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, FormatError> {
        self.take().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, FormatError> {
        self.take().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, FormatError> {
        self.take().map(u64::from_be_bytes)
    }

    /// `opaque<1..255>`.
    pub(crate) fn opaque8(&mut self, what: &'static str) -> Result<&'a [u8], FormatError> {
        match self.u8()? {
            0 => Err(FormatError::Limit(what)),
            len => self.bytes(usize::from(len)),
        }
    }

    pub(crate) fn point(&mut self, what: &'static str) -> Result<RistrettoPoint, FormatError> {
        point(self.take()?, what)
    }

    pub(crate) fn scalar(&mut self, what: &'static str) -> Result<Scalar, FormatError> {
        let bytes = self.take()?;
        Option::from(Scalar::from_canonical_bytes(bytes)).ok_or(FormatError::Scalar(what))
    }

    /// All that is left.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn end(&self) -> Result<(), FormatError> {
        if self.rest.is_empty() { Ok(()) } else { Err(FormatError::Trailing) }
    }
}

/// A group element that is not the neutral one: the neutral one would make a shared secret that everybody knows.
pub(crate) fn point(bytes: [u8; 32], what: &'static str) -> Result<RistrettoPoint, FormatError> {
    match CompressedRistretto(bytes).decompress() {
        Some(point) if !point.is_identity() => Ok(point),
        _ => Err(FormatError::Point(what)),
    }
}

/// Writes `opaque<1..255>`.
pub(crate) fn put_opaque8(out: &mut Vec<u8>, bytes: &[u8], what: &'static str) -> Result<(), FormatError> {
    match u8::try_from(bytes.len()) {
        Ok(len) if len > 0 => {
            out.push(len);
            out.extend_from_slice(bytes);
            Ok(())
        }
        _ => Err(FormatError::Limit(what)),
    }
}
