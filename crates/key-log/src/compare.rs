//! What two people compare to be sure of each other's identity key: digits to read aloud, a text to scan, a fingerprint.
//!
//! ```text
//! number      = SHA-512("rempart safety number 1" ‖ pairs): twelve times 5 bytes, big-endian, modulo 100,000
//! code        = "rempart:verify:1:" ‖ lower-case hexadecimal of SHA-256("rempart verify 1" ‖ pairs)
//! pairs       = (account 16 ‖ key 32) of both, the lesser key first
//! fingerprint = SHA-256("rempart fingerprint 1" ‖ account ‖ key): the first 16 bytes in hexadecimal, by four digits
//! ```

use std::fmt::Write as _;

use rempart_base::AccountId;
use sha2::{Digest, Sha256, Sha512};

const CODE: &str = "rempart:verify:1:";

/// Whose key it is.
pub type Party = (AccountId, [u8; 32]);

fn pairs(one: Party, other: Party) -> Vec<u8> {
    let ((a, k), (b, l)) = if (one.1, one.0) <= (other.1, other.0) { (one, other) } else { (other, one) };
    [&a.as_bytes()[..], &k, b.as_bytes(), &l].concat()
}

/// 60 digits in groups of five, the same on both sides: 12 words with a space between.
#[must_use]
pub fn safety_number(one: Party, other: Party) -> String {
    let hash = Sha512::new().chain_update("rempart safety number 1").chain_update(pairs(one, other)).finalize();
    let (groups, _) = hash.as_chunks::<5>();
    let words = groups.iter().map(|group| {
        let number = group.iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        format!("{:05}", number % 100_000)
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The text for a QR code: shown on one device and scanned by the other.
#[must_use]
pub fn code(one: Party, other: Party) -> String {
    let hash = Sha256::new().chain_update("rempart verify 1").chain_update(pairs(one, other)).finalize();
    let mut text = CODE.to_owned();
    push_hex(&mut text, &hash);
    text
}

/// Whether a scanned text is the code of these two. Absent: it is no code of ours at all.
#[must_use]
pub fn check_code(text: &str, one: Party, other: Party) -> Option<bool> {
    text.starts_with(CODE).then(|| text == code(one, other))
}

/// A short name of one identity key: eight groups of four hexadecimal digits.
#[must_use]
pub fn fingerprint(of: Party) -> String {
    let hash = Sha256::new().chain_update("rempart fingerprint 1").chain_update(of.0.as_bytes()).chain_update(of.1);
    let hash = hash.finalize();
    let (groups, _) = hash.as_chunks::<2>();
    let mut text = String::new();
    for group in groups.iter().take(8) {
        if !text.is_empty() {
            text.push(' ');
        }
        push_hex(&mut text, group);
    }
    text
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string does not fail.
        let _infallible = write!(text, "{byte:02x}");
    }
}
