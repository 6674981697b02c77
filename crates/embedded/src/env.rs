//! The system's clock and randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use rempart_base::Timestamp;
use rempart_ports::{Clock, Entropy};

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Randomness of the cryptographic library.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    /// When the system gives no randomness: nothing that follows would be safe.
    #[expect(clippy::expect_used, reason = "without randomness nothing that follows would be safe")]
    fn fill(&self, buffer: &mut [u8]) {
        aws_lc_rs::rand::fill(buffer).expect("the system gives randomness");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_in_this_century_and_ids_differ() {
        let now = SystemClock.now();
        assert!(now.millis() > 1_700_000_000_000 && now.millis() < 4_102_444_800_000);
        let (a, b) = (SystemEntropy.uuid_v7(now), SystemEntropy.uuid_v7(now));
        assert_ne!(a, b);
        assert_eq!(a[..6], now.millis().to_be_bytes()[2..]);
        assert_eq!(a[6] >> 4, 7);
        assert_eq!(a[8] >> 6, 0b10);
    }
}
