//! Files: a random key each, a commitment to it first, then chunks that can be sealed and opened one by one.
//!
//! ```text
//! file   = suite(1) ‖ com[32] ‖ chunk 0 ‖ chunk 1 ‖ …          each chunk: AES-256-GCM, tag last
//! com    = HKDF-SHA-256(file key, no salt, "rempart file 1 commit", 32)
//! key[32] ‖ prefix[7] = HKDF-SHA-256(file key, no salt, "rempart file 1 chunks", 39)
//! nonce  = prefix[7] ‖ uint32 number ‖ uint8 last (0 or 1)
//! ```
//!
//! The nonces are those of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, *Online Authenticated-Encryption and its
//! Nonce-Reuse Misuse-Resistance*, CRYPTO '15): a chunk moved, repeated, dropped or cut off at the end does not open.
//! Every chunk but the last has exactly 1 MiB, the last has 1 byte to 1 MiB, or nothing in an empty file; so a file has
//! one form. `com` is inside what the blob's name and a scanner's verdict hash, so both speak of one reading.

use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::codec::SUITE;
use crate::derive::{TAG, hkdf, open, seal};
use crate::keys::FileKey;

/// Plain bytes of a chunk: 1 MiB.
pub const CHUNK: usize = 1 << 20;
/// Bytes before the first chunk.
pub const FILE_HEADER: usize = 1 + 32;

/// Why a file is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FileError {
    /// Not suite 1.
    #[error("the file's suite {0} is unknown: this program knows only suite 1")]
    Suite(u8),
    /// Sealed with another key, or made to have two readings.
    #[error("the file was not sealed with this key")]
    OtherKey,
    /// A chunk that is too long, or short although it is not the last.
    #[error("part {0} of the file has the wrong length")]
    Length(u32),
    /// Altered, moved, or not the last although it claims to be.
    #[error("part {0} of the file is damaged or out of place")]
    Damaged(u32),
    /// Beyond 2^32 - 1 chunks.
    #[error("the file is too long to be sealed")]
    TooLong,
}

/// Seals and opens the chunks of one file.
#[derive(Clone)]
pub struct FileCipher {
    com: [u8; 32],
    key: Zeroizing<[u8; 32]>,
    prefix: [u8; 7],
}

impl FileCipher {
    /// For a key that seals this one file and no other.
    #[must_use]
    pub fn new(file_key: &FileKey) -> Self {
        let com = *hkdf::<32>(file_key.as_bytes(), b"", &[b"rempart file 1 commit"]);
        let derived = hkdf::<39>(file_key.as_bytes(), b"", &[b"rempart file 1 chunks"]);
        let mut key = Zeroizing::new([0; 32]);
        let mut prefix = [0; 7];
        for (to, from) in key.iter_mut().chain(prefix.iter_mut()).zip(derived.iter()) {
            *to = *from;
        }
        Self { com, key, prefix }
    }

    /// What a file begins with.
    #[must_use]
    pub fn header(&self) -> [u8; FILE_HEADER] {
        let mut out = [SUITE; FILE_HEADER];
        for (to, from) in out.iter_mut().skip(1).zip(&self.com) {
            *to = *from;
        }
        out
    }

    /// Whether a file begins as it must with this key. Ask before opening any chunk.
    ///
    /// # Errors
    /// When it does not.
    pub fn check_header(&self, header: &[u8; FILE_HEADER]) -> Result<(), FileError> {
        let [suite, com @ ..] = header;
        if *suite != SUITE {
            return Err(FileError::Suite(*suite));
        }
        if com.ct_eq(&self.com).into() { Ok(()) } else { Err(FileError::OtherKey) }
    }

    /// Seals chunk `number` (from 0).
    ///
    /// # Errors
    /// When its length is not that of a chunk in that place.
    pub fn seal_chunk(&self, number: u32, last: bool, plain: &[u8]) -> Result<Vec<u8>, FileError> {
        check_length(number, last, plain.len())?;
        seal(&self.key, &self.nonce(number, last), plain).ok_or(FileError::Length(number))
    }

    /// Opens chunk `number` (from 0); `last` says that the file ends with it.
    ///
    /// # Errors
    /// When its length is wrong, or it is not that chunk of this file.
    pub fn open_chunk(&self, number: u32, last: bool, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let len = sealed.len().checked_sub(TAG).ok_or(FileError::Length(number))?;
        check_length(number, last, len)?;
        open(&self.key, &self.nonce(number, last), sealed).ok_or(FileError::Damaged(number))
    }

    fn nonce(&self, number: u32, last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        let parts = self.prefix.into_iter().chain(number.to_be_bytes()).chain([u8::from(last)]);
        for (to, from) in nonce.iter_mut().zip(parts) {
            *to = from;
        }
        nonce
    }
}

impl std::fmt::Debug for FileCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileCipher(…)")
    }
}

/// How many chunks a file of so many plain bytes has: at least one.
///
/// # Errors
/// When they are more than 2^32 - 1.
pub fn chunks(plain_len: u64) -> Result<u32, FileError> {
    let count = plain_len.div_ceil(CHUNK as u64).max(1);
    u32::try_from(count).map_err(|_| FileError::TooLong)
}

/// Bytes of the sealed file.
///
/// # Errors
/// As [`chunks`].
pub fn sealed_len(plain_len: u64) -> Result<u64, FileError> {
    let tags = u64::from(chunks(plain_len)?) * TAG as u64;
    Ok(FILE_HEADER as u64 + plain_len + tags)
}

fn check_length(number: u32, last: bool, len: usize) -> Result<(), FileError> {
    let right = if last { len <= CHUNK && (len > 0 || number == 0) } else { len == CHUNK };
    if right { Ok(()) } else { Err(FileError::Length(number)) }
}
