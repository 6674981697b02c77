//! A secret in a file, locked with a passphrase that a person types.
//!
//! ```text
//! struct {
//!     uint8  suite = 1;
//!     opaque kind<1..255>;                          /* what it is, so that one file is not taken for another */
//!     uint32 memory_kib;  uint32 passes;  uint8 lanes;   /* Argon2id, version 0x13 (RFC 9106) */
//!     opaque salt[32];
//!     opaque ct[…];                                 /* AES-256-GCM, tag last */
//! } Locked;
//! ```
//!
//! `key[32] ‖ nonce[12] = HKDF-SHA-256(Argon2id(passphrase, salt, 32), no salt, "rempart locked 1" ‖ all before ct, 44)`: what
//! stands before the ciphertext is bound to it, and the salt is fresh for every writing.

use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::codec::{FormatError, Reader, SUITE, put_opaque8};
use crate::derive::{TAG, hkdf, key_and_nonce, open, seal};

/// Fewest characters of a passphrase.
pub const PASSPHRASE_CHARS: usize = 12;
/// Longest secret, in bytes.
pub const MAX_SECRET: usize = 16 << 20;

const LABEL: &[u8] = b"rempart locked 1";

/// The work of one guess at a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u8,
}

impl Cost {
    /// What is used unless somebody asks for less: 256 MiB, 3 passes, 4 lanes; four times the memory of RFC 9106's second
    /// recommendation, since these files are opened a few times a year.
    pub const STANDARD: Self = Self { memory_kib: 256 * 1024, passes: 3, lanes: 4 };
    /// The least that is ever written or read: 19 MiB, 2 passes, 1 lane, OWASP's minimum for passwords. For tests.
    pub const FLOOR: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// The most that is read, so that a file cannot exhaust the machine: 2 GiB, 16 passes, 16 lanes.
    const CEILING: Self = Self { memory_kib: 2 * 1024 * 1024, passes: 16, lanes: 16 };

    const fn allowed(self) -> bool {
        self.memory_kib >= Self::FLOOR.memory_kib
            && self.passes >= Self::FLOOR.passes
            && self.lanes >= Self::FLOOR.lanes
            && self.memory_kib <= Self::CEILING.memory_kib
            && self.passes <= Self::CEILING.passes
            && self.lanes <= Self::CEILING.lanes
    }
}

/// Why a secret cannot be locked or unlocked.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LockError {
    /// Not the format.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Under [`PASSPHRASE_CHARS`].
    #[error("the passphrase needs at least 12 characters")]
    Short,
    /// Locked as something else.
    #[error("the file holds something else")]
    Kind,
    /// Weaker than [`Cost::FLOOR`], or more than this program is willing to work.
    #[error("the file asks for a passphrase check that is too weak or too heavy")]
    Cost,
    /// Another passphrase, or altered bytes: they cannot be told apart.
    #[error("the passphrase is wrong, or the file was altered")]
    Passphrase,
}

/// Locks a secret. `salt` is 32 fresh random bytes.
///
/// # Errors
/// When the passphrase is too short or a limit is broken.
pub fn lock(kind: &str, secret: &[u8], passphrase: &str, cost: Cost, salt: &[u8; 32]) -> Result<Vec<u8>, LockError> {
    if passphrase.chars().count() < PASSPHRASE_CHARS {
        return Err(LockError::Short);
    }
    if secret.len() > MAX_SECRET {
        return Err(FormatError::Limit("the secret").into());
    }
    let mut out = vec![SUITE];
    put_opaque8(&mut out, kind.as_bytes(), "the kind of file")?;
    out.extend_from_slice(&cost.memory_kib.to_be_bytes());
    out.extend_from_slice(&cost.passes.to_be_bytes());
    out.push(cost.lanes);
    out.extend_from_slice(salt);
    let derived = derive(passphrase, cost, salt, &out)?;
    let (key, nonce) = key_and_nonce(&derived);
    out.extend(seal(&key, &nonce, secret).ok_or(FormatError::Limit("the secret"))?);
    Ok(out)
}

/// Unlocks a secret.
///
/// # Errors
/// When the bytes are something else, ask for too little or too much work, or the passphrase is another.
pub fn unlock(kind: &str, bytes: &[u8], passphrase: &str) -> Result<Zeroizing<Vec<u8>>, LockError> {
    let mut reader = Reader::suite(bytes)?;
    let found = reader.opaque8("the kind of file")?;
    if found != kind.as_bytes() {
        return Err(LockError::Kind);
    }
    let cost = Cost { memory_kib: reader.u32()?, passes: reader.u32()?, lanes: reader.u8()? };
    let salt: [u8; 32] = reader.take()?;
    let len = reader.remaining();
    if !(TAG..=MAX_SECRET + TAG).contains(&len) {
        return Err(FormatError::Limit("the secret").into());
    }
    let (head, ct) = bytes.split_at_checked(bytes.len() - len).ok_or(FormatError::Truncated)?;
    let derived = derive(passphrase, cost, &salt, head)?;
    let (key, nonce) = key_and_nonce(&derived);
    open(&key, &nonce, ct).ok_or(LockError::Passphrase)
}

fn derive(passphrase: &str, cost: Cost, salt: &[u8; 32], head: &[u8]) -> Result<Zeroizing<[u8; 44]>, LockError> {
    if !cost.allowed() {
        return Err(LockError::Cost);
    }
    let params =
        Params::new(cost.memory_kib, cost.passes, u32::from(cost.lanes), Some(32)).map_err(|_| LockError::Cost)?;
    let mut stretched = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, stretched.as_mut())
        .map_err(|_| LockError::Cost)?;
    Ok(hkdf(stretched.as_slice(), b"", &[LABEL, head]))
}
