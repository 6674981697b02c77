//! Time and randomness that tests hold.

use std::sync::atomic::{AtomicI64, Ordering};

use rempart_base::Timestamp;
use rempart_ports::{Clock, Entropy};

/// A clock that stands still until it is set.
pub(crate) struct Held(pub(crate) AtomicI64);

impl Held {
    /// 2026-11-22.
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(1_795_305_600_000))
    }

    pub(crate) fn days(&self, days: i64) {
        self.0.fetch_add(days * rempart_base::time::DAY, Ordering::SeqCst);
    }
}

impl Clock for Held {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Real randomness.
pub(crate) struct Random;

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).unwrap();
    }
}
