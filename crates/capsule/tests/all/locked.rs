//! Secrets locked with a passphrase.

use rempart_capsule::FormatError;
use rempart_capsule::locked::{Cost, LockError, lock, unlock};

const PASSPHRASE: &str = "cheval exact pile agrafe";

fn locked() -> Vec<u8> {
    lock("officer", b"the secret", PASSPHRASE, Cost::FLOOR, &[7; 32]).unwrap()
}

#[test]
fn the_passphrase_opens_it_and_nothing_else_does() {
    let bytes = locked();
    assert_eq!(unlock("officer", &bytes, PASSPHRASE).unwrap().as_slice(), b"the secret");
    assert_eq!(unlock("officer", &bytes, "cheval exact pile agrafes"), Err(LockError::Passphrase));
    assert_eq!(unlock("request", &bytes, PASSPHRASE), Err(LockError::Kind));
    assert!(!bytes.windows(10).any(|window| window == b"the secret"));
    assert_ne!(bytes, lock("officer", b"the secret", PASSPHRASE, Cost::FLOOR, &[8; 32]).unwrap());
}

#[test]
fn a_short_passphrase_is_refused() {
    assert_eq!(lock("officer", b"x", "douze signe", Cost::FLOOR, &[7; 32]), Err(LockError::Short));
}

#[test]
fn every_altered_byte_is_refused() {
    let bytes = locked();
    // Suite, kind, cost, salt, ciphertext, tag: one place each, since every try costs an Argon2.
    let last = bytes.len() - 1;
    for at in [0, 1, 2, 16, 17, 20, 30, 50, 51, last - 16, last] {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(unlock("officer", &other, PASSPHRASE).is_err(), "byte {at}");
    }
    assert!(unlock("officer", &bytes[..last], PASSPHRASE).is_err());
    assert_eq!(unlock("officer", &bytes[..60], PASSPHRASE), Err(LockError::Format(FormatError::Limit("the secret"))));
}

#[test]
fn a_file_that_asks_for_too_little_or_too_much_work_is_refused() {
    let bytes = locked();
    // memory_kib stands after suite, length and "officer".
    for memory in [1_u32, 19 * 1024 - 1, u32::MAX] {
        let mut other = bytes.clone();
        other[9..13].copy_from_slice(&memory.to_be_bytes());
        assert_eq!(unlock("officer", &other, PASSPHRASE), Err(LockError::Cost), "{memory} KiB");
    }
}
