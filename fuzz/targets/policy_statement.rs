//! A statement on an epoch: one reading, one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_group_policy::Statement;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(statement) = Statement::decode(bytes) {
        assert_eq!(statement.encode(), bytes);
        assert!(statement.verify(&[0; 32]).is_err());
    }
});
