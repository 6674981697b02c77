//! Leaves and states of the key log: one reading, one spelling, and nothing made of chance holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rempart_key_log::{Entry, Follower, KeyLog, Leaf, RevokedBy};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
    }
    if let Ok(leaf) = Leaf::decode(bytes) {
        assert_eq!(leaf.encode(), bytes);
        let held = KeyLog::new().follow(&[bytes]).is_ok();
        let unsigned = matches!(leaf.entry, Entry::Officers { .. } | Entry::Archive { .. });
        let by_server = matches!(leaf.entry, Entry::Revoked { by: RevokedBy::Server, .. });
        assert!(!by_server || !held, "nobody has devices in an empty log");
        // A signature that chance makes would be a forgery, but for the first identity of the corpus.
        assert!(held || !unsigned || matches!(leaf.entry, Entry::Officers { change: true, .. }));
    }
    if let Ok(log) = KeyLog::open(bytes) {
        let kept = log.keep();
        assert_eq!(KeyLog::open(&kept).map(|again| again.keep()), Ok(kept));
    }
    let _refused = Follower::open(bytes);
});
