//! An archive leaf: one reading, one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_merkle::Leaf;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(leaf) = Leaf::decode(bytes) {
        assert_eq!(leaf.encode().expect("a leaf that was read can be written"), bytes);
    }
});
