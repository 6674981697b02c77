//! Inclusion promises: the server's word, in an acknowledgement, that a leaf will be in the log.

use crate::note::{LogKey, NoteError, VerifierKey};
use crate::tree::Hash;

/// What a promise's message begins with, so that no signature over a note can be taken for one.
const PREFIX: &[u8; 18] = b"rempart promise 1\n";

/// `"rempart promise 1\n" ‖ leaf_hash`: what is signed.
#[must_use]
pub fn message(leaf_hash: &Hash) -> [u8; 50] {
    let mut out = [0; 50];
    let (prefix, hash) = out.split_at_mut(PREFIX.len());
    prefix.copy_from_slice(PREFIX);
    hash.copy_from_slice(leaf_hash);
    out
}

/// Signs a promise: an Ed25519 signature (RFC 8032) of 64 bytes.
#[must_use]
pub fn sign(key: &LogKey, leaf_hash: &Hash) -> [u8; 64] {
    key.sign(&message(leaf_hash))
}

/// Checks a promise.
///
/// # Errors
/// When `key` did not sign it for this leaf.
pub fn verify(key: &VerifierKey, leaf_hash: &Hash, signature: &[u8]) -> Result<(), NoteError> {
    key.verify_bytes(&message(leaf_hash), signature)
}
