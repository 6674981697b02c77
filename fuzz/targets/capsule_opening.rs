//! Requests and releases: one reading, one spelling each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_capsule::{Release, Request, SealedRelease};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = Request::decode(bytes) {
        assert_eq!(request.encode().expect("a request that was read can be written"), bytes);
    }
    if let Ok(release) = SealedRelease::decode(bytes) {
        assert_eq!(release.encode(), bytes);
    }
    if let Ok(release) = Release::decode(bytes) {
        assert_eq!(release.encode().as_slice(), bytes);
    }
});
