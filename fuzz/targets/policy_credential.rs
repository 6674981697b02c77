//! A device credential: one reading, one spelling, and no key that signs nothing verifies it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_base::Timestamp;
use rempart_group_policy::DeviceCredential;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(credential) = DeviceCredential::decode(bytes) {
        assert_eq!(credential.encode(), bytes);
        let now = Timestamp::from_millis(0);
        assert!(credential.verify(&[0; 32], &[1; 32], now, 0).is_err());
    }
});
