//! Failed sign-ins: what they slow, what they lock, and when they are an incident (IAM-4, IAM-5).
//!
//! Three counters move. **Account and source**: ten failures lock that pair for an hour, so that the eleventh try is
//! refused even with the right password. **Account**: from the third failure on tries are spaced, 1 s doubling to 60 s,
//! and never locked: nobody can lock the firm out from afar. A source that has not failed yet may try at once where a second
//! factor stands behind the password. **Source**: failures on five accounts slow all its tries and are one incident an hour.
//! A fourth watches, across sources, one secret tried on many accounts.

use rempart_base::Timestamp;
use rempart_base::time::{HOUR, SECOND};

use crate::refusal::{Reason, Refusal};

/// Failures of one account from one source that lock it there.
pub const LOCK_AT: u32 = 10;
/// How long a lock holds, and how long failures are remembered after the last, in milliseconds.
pub const MEMORY: i64 = HOUR;
/// Failures after which an account's tries are spaced.
pub const SLOW_AFTER: u32 = 3;
/// The longest space between tries, in milliseconds.
pub const SLOWEST: i64 = 60 * SECOND;
/// Accounts that fail from one source, or fail with one secret, before it is an incident.
pub const SPRAYED: u32 = 5;

/// Failures counted for one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many.
    pub failures: u32,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
    /// Until when nothing is tried.
    pub until: Timestamp,
}

impl Count {
    /// Nothing counted.
    pub const NONE: Self = {
        let never = Timestamp::from_millis(0);
        Self { failures: 0, first: never, last: never, until: never }
    };

    /// This count as it stands now: failures long past are forgotten.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        if now.since(self.last) >= MEMORY && self.until <= now { Self::NONE } else { self }
    }

    fn more(self, now: Timestamp, wait: impl Fn(u32) -> i64) -> Self {
        let failures = self.failures.saturating_add(1);
        let first = if self.failures == 0 { now } else { self.first };
        Self { failures, first, last: now, until: self.until.max(now.plus_millis(wait(failures))) }
    }

    /// This count with one failure less: a try that turned out not to be one.
    #[must_use]
    pub fn less(self, until: Timestamp) -> Self {
        Self { failures: self.failures.saturating_sub(1), until, ..self }
    }

    fn wait(self, now: Timestamp) -> Option<i64> {
        (self.until > now).then(|| self.until.since(now))
    }
}

/// The counters that a try meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Of this account from this source.
    pub pair: Count,
    /// Of this account from anywhere.
    pub account: Count,
    /// Of this source: how many accounts failed from it.
    pub source: Count,
}

impl Counts {
    /// Nothing counted.
    pub const NONE: Self = Self { pair: Count::NONE, account: Count::NONE, source: Count::NONE };

    /// The counters as they stand now.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { pair: self.pair.at(now), account: self.account.at(now), source: self.source.at(now) }
    }
}

/// How long after the n-th failure nothing is tried.
fn spacing(failures: u32) -> i64 {
    let doublings = failures.saturating_sub(SLOW_AFTER);
    if failures < SLOW_AFTER { 0 } else { SECOND.saturating_mul(1 << doublings.min(10)).min(SLOWEST) }
}

/// Decides whether a try may be made at all, before any secret is looked at. `guarded`: a second factor comes after it.
///
/// # Errors
/// `locked` and `slowed`, with the time to wait.
pub fn admit(counts: &Counts, guarded: bool, now: Timestamp) -> Result<(), Refusal> {
    let Counts { pair, account, source } = counts.at(now);
    if pair.failures >= LOCK_AT
        && let Some(ms) = pair.wait(now)
    {
        return Err(Refusal::wait(Reason::Locked, ms));
    }
    let unburdened = guarded && pair.failures == 0;
    let waits = [source.wait(now), account.wait(now).filter(|_| !unburdened)];
    match waits.into_iter().flatten().max() {
        Some(ms) => Err(Refusal::wait(Reason::Slowed, ms)),
        None => Ok(()),
    }
}

/// Counts a failure of the account: the new counters of the pair and of the account.
#[must_use]
pub fn failed(counts: &Counts, now: Timestamp) -> (Count, Count) {
    let counts = counts.at(now);
    let lock = |failures| if failures >= LOCK_AT { MEMORY } else { 0 };
    (counts.pair.more(now, lock), counts.account.more(now, spacing))
}

/// Counts an account that failed for the first time from a source; the second value tells whether this is an incident.
#[must_use]
pub fn failed_source(source: Count, now: Timestamp) -> (Count, bool) {
    let wait = |failures: u32| if failures >= SPRAYED { spacing(failures - SPRAYED + SLOW_AFTER) } else { 0 };
    let count = source.at(now).more(now, wait);
    (count, count.failures >= SPRAYED)
}

/// One secret that failed on several accounts.
#[derive(Clone, Debug)]
pub struct Spray<K> {
    /// The accounts, at most [`SPRAYED`].
    names: Vec<K>,
    /// The last failure.
    last: Timestamp,
    /// Whether the incident was raised.
    raised: bool,
}

impl<K: PartialEq> Spray<K> {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self { names: Vec::new(), last: now, raised: false }
    }

    /// Whether this is long past.
    #[must_use]
    pub const fn past(&self, now: Timestamp) -> bool {
        now.since(self.last) >= MEMORY
    }

    /// The last failure.
    #[must_use]
    pub const fn last(&self) -> Timestamp {
        self.last
    }

    /// Notes a failure on an account; tells whether this makes an incident, once.
    pub fn failed(&mut self, name: K, now: Timestamp) -> bool {
        if self.past(now) {
            *self = Self::new(now);
        }
        self.last = now;
        let many = usize::try_from(SPRAYED).unwrap_or(usize::MAX);
        if self.names.len() < many && !self.names.contains(&name) {
            self.names.push(name);
        }
        self.names.len() >= many && !std::mem::replace(&mut self.raised, self.names.len() >= many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A world of counters in simulated time.
    #[derive(Default)]
    struct World {
        now: i64,
        counts: std::collections::BTreeMap<String, Count>,
    }

    impl World {
        fn get(&self, key: &str) -> Count {
            self.counts.get(key).copied().unwrap_or(Count::NONE)
        }

        fn counts(&self, account: &str, source: &str) -> Counts {
            Counts {
                pair: self.get(&format!("{account}@{source}")),
                account: self.get(account),
                source: self.get(source),
            }
        }

        /// Tries after `ms`: refused with the code, `ok`, `failed`, or `incident`.
        fn try_after(&mut self, ms: i64, account: &str, source: &str, right: bool, guarded: bool) -> String {
            self.now += ms;
            let now = Timestamp::from_millis(self.now);
            let counts = self.counts(account, source);
            if let Err(refusal) = admit(&counts, guarded, now) {
                return format!("{} {}", refusal.reason.code(), refusal.retry_after_ms.unwrap());
            }
            if right {
                return "ok".into();
            }
            let fresh = counts.at(now).pair.failures == 0;
            let (pair, all) = failed(&counts, now);
            self.counts.insert(format!("{account}@{source}"), pair);
            self.counts.insert(account.into(), all);
            if fresh {
                let (count, incident) = failed_source(counts.source, now);
                self.counts.insert(source.into(), count);
                if incident {
                    return "incident".into();
                }
            }
            "failed".into()
        }
    }

    #[test]
    fn the_eleventh_try_is_refused_even_with_the_right_password() {
        let mut world = World { now: 1, ..World::default() };
        for n in 0..10 {
            assert_eq!(world.try_after(60_000, "paul", "A", false, false), "failed", "{n}");
        }
        assert_eq!(world.try_after(60_000, "paul", "A", true, false), "locked 3540000");
        assert_eq!(world.try_after(0, "paul", "B", true, false), "ok", "another place is not locked");
        assert_eq!(world.try_after(HOUR - 60_000, "paul", "A", true, false), "ok", "a lock ends");
    }

    #[test]
    fn an_account_slows_and_its_owner_enters_elsewhere_with_a_second_factor() {
        let mut world = World { now: 1, ..World::default() };
        for wait in [0, 0, 0, 1, 2, 4, 8, 16, 32] {
            assert_eq!(world.try_after(wait * SECOND, "paul", "A", false, false), "failed");
        }
        assert_eq!(world.try_after(0, "paul", "A", true, false), "slowed 60000");
        assert_eq!(world.try_after(0, "paul", "B", true, false), "slowed 60000", "a password alone waits");
        assert_eq!(world.try_after(0, "paul", "B", true, true), "ok", "with a second factor behind it, no wait");
        assert_eq!(world.try_after(0, "paul", "B", false, true), "failed");
        assert!(world.try_after(0, "paul", "B", true, true).starts_with("slowed"), "one try only");
        assert_eq!(world.try_after(0, "marie", "B", true, false), "ok", "others are not touched");
    }

    #[test]
    fn an_account_is_never_slower_than_a_minute_however_many_sources_fail() {
        let mut world = World { now: 1, ..World::default() };
        for n in 0..500 {
            assert_eq!(world.try_after(SLOWEST, "paul", &format!("bot{n}"), false, false), "failed");
        }
        assert_eq!(world.try_after(SLOWEST, "paul", "home", true, false), "ok");
    }

    #[test]
    fn a_source_with_many_accounts_slows() {
        let mut world = World { now: 1, ..World::default() };
        let tried: Vec<_> = (0..7).map(|n| world.try_after(0, &format!("n{n}"), "A", false, false)).collect();
        assert_eq!(tried, ["failed", "failed", "failed", "failed", "incident", "slowed 1000", "slowed 1000"]);
        assert_eq!(
            world.try_after(1_000, "n8", "A", false, false),
            "incident",
            "raised again: the caller says it once"
        );
        assert_eq!(world.try_after(0, "n9", "B", false, false), "failed", "other sources are not touched");
        assert_eq!(world.try_after(HOUR, "n1", "A", false, false), "failed", "forgotten after an hour");
    }

    #[test]
    fn one_person_who_fails_often_is_not_a_spray() {
        let mut world = World { now: 1, ..World::default() };
        (0..9).for_each(|_| assert_eq!(world.try_after(60_000, "paul", "A", false, false), "failed"));
        assert_eq!(world.get("A").failures, 1);
    }

    #[test]
    fn twenty_accounts_and_one_secret_are_one_incident() {
        let at = |ms| Timestamp::from_millis(ms);
        let mut spray = Spray::new(at(0));
        assert_eq!((0..20).filter(|n| spray.failed(*n, at(i64::from(*n)))).count(), 1);
        assert!(!spray.failed(99, at(HOUR)), "still the same incident");
        let again = (0..20).filter(|n| spray.failed(*n, at(3 * HOUR))).count();
        assert_eq!(again, 1, "another hour, another incident");
        let mut one = Spray::new(at(0));
        assert!(!(0..20).any(|n| one.failed("paul", at(n))), "one account is no spray");
    }
}
