//! What names an archive key: one reading, one spelling each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_capsule::{Certificate, OfficerSet, OfficerShare, Policy, Record, SetChange};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = Policy::decode(bytes) {
        assert_eq!(policy.encode(), bytes);
    }
    if let Ok(certificate) = Certificate::decode(bytes) {
        assert_eq!(certificate.encode(), bytes);
    }
    if let Ok(set) = OfficerSet::decode(bytes) {
        assert_eq!(set.encode(), bytes);
    }
    if let Ok(change) = SetChange::decode(bytes) {
        assert_eq!(change.encode(), bytes);
    }
    if let Ok(record) = Record::decode(bytes) {
        assert_eq!(record.encode(), bytes);
    }
    if let Ok(share) = OfficerShare::decode(bytes) {
        assert_eq!(share.encode().as_slice(), bytes);
    }
});
