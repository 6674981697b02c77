//! A recorded entry: one reading, one spelling; checking and opening it never panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_capsule::{Entry, EpochKey};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
        let _ = entry.verify(&[0x58; 32]);
        assert!(entry.open(&EpochKey::from_bytes([0x5a; 32])).is_err(), "nobody sealed under this key");
    }
});
