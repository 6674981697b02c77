//! Rates: so many requests a second from a source, with a burst; what is over is refused with how long to wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rempart_domain::Refusal;
use rempart_domain::refusal::Reason;

/// Sources remembered at once; beyond, those that rest are forgotten.
const SOURCES: usize = 10_000;

/// A token bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    at: Instant,
    per_second: f64,
    burst: f64,
}

impl Bucket {
    pub(crate) fn new(per_second: f64, burst: f64) -> Self {
        Self { tokens: burst, at: Instant::now(), per_second, burst }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// `too_many_requests` with how long to wait.
    pub(crate) fn take(&mut self) -> Result<(), Refusal> {
        let now = Instant::now();
        let gained = now.duration_since(self.at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.burst);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - self.tokens) / self.per_second);
        Err(Refusal::wait(Reason::TooManyRequests, i64::try_from(wait.as_millis()).unwrap_or(1_000).max(1)))
    }

    fn rests(&self) -> bool {
        self.at.elapsed().as_secs_f64() * self.per_second >= self.burst
    }
}

/// A bucket a source, for requests without a session.
#[derive(Debug, Default)]
pub(crate) struct Buckets(Mutex<HashMap<IpAddr, Bucket>>);

impl Buckets {
    /// Takes one token of a source.
    ///
    /// # Errors
    /// `too_many_requests`.
    pub(crate) fn take(&self, source: IpAddr, per_minute: u32) -> Result<(), Refusal> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= SOURCES {
            buckets.retain(|_, b| !b.rests());
        }
        let rate = f64::from(per_minute);
        buckets.entry(source).or_insert_with(|| Bucket::new(rate / 60.0, rate)).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_then_refusal_with_a_wait() {
        let buckets = Buckets::default();
        let source = IpAddr::from([127, 0, 0, 1]);
        for _ in 0..60 {
            buckets.take(source, 60).unwrap();
        }
        let refusal = buckets.take(source, 60).unwrap_err();
        assert_eq!(refusal.reason, Reason::TooManyRequests);
        assert!(refusal.retry_after_ms.is_some_and(|ms| (1..=1_000).contains(&ms)));
        buckets.take(IpAddr::from([127, 0, 0, 2]), 60).unwrap();
    }
}
