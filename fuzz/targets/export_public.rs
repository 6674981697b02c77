//! The public part of a ceremony: what officers vouch for is written back the same; canaries and answers have one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_capsule::{Canary, CanaryAnswer};
use rempart_export::Public;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(public) = Public::decode(bytes)
        && let Ok(trust) = public.verify()
    {
        assert_eq!(trust.to_public(), public);
    }
    if let Ok(canary) = Canary::decode(bytes) {
        assert_eq!(canary.encode(), bytes);
    }
    if let Ok(answer) = CanaryAnswer::decode(bytes) {
        assert_eq!(answer.encode(), bytes);
    }
});
