//! Time and randomness, so that tests can hold them.

use rempart_base::Timestamp;

/// The clock.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
}

/// Randomness fit for keys.
pub trait Entropy: Send + Sync {
    /// Fills a buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);

    /// A UUIDv7 (RFC 9562 §5.7) for this moment.
    fn uuid_v7(&self, now: Timestamp) -> [u8; 16] {
        let mut id = [0u8; 16];
        self.fill(&mut id);
        let [_, _, ms @ ..] = u64::try_from(now.millis()).unwrap_or(0).to_be_bytes();
        let [a, b, c, d, e, f, version, _, variant, ..] = &mut id;
        [*a, *b, *c, *d, *e, *f] = ms;
        *version = (*version & 0x0f) | 0x70;
        *variant = (*variant & 0x3f) | 0x80;
        id
    }
}
