//! A capsule, bare and as sent: one reading, one spelling; and whatever reads can be checked without a panic.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rempart_capsule::{Capsule, Policy, SentCapsule, Target};

/// Some policy: the committed one that the corpus of `capsule_policy` begins with.
static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let policy = include_bytes!("../corpus/capsule_policy/policy");
    Target::new(&Policy::decode(policy).expect("the committed policy reads"))
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(sent) = SentCapsule::decode(bytes) {
        assert_eq!(sent.encode().expect("what was read can be written"), bytes);
        let _ = sent.capsule();
    }
    if let Ok(capsule) = Capsule::decode(bytes) {
        assert_eq!(capsule.encode(), bytes);
        let place = TARGET.place(b"fuzz", [0; 32]).expect("a group id of four bytes");
        assert!(capsule.verify(&place).is_err(), "nobody made a capsule for this place");
    }
});
