//! Must crash: shows that the fuzzer sees where it has been, and that a crash is noticed. `cargo xtask fuzz` fails when
//! this one survives.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let [b'r', b'e', b'm', b'p', ..] = bytes {
        panic!("the canary was found");
    }
});
