//! What failures cost: the counters of [`rempart_domain::lockout`] read before a try and written before its answer.
//!
//! A failure is counted **before** the secret is looked at and taken back when it was right, so that a thousand tries at once
//! are counted as a thousand. Names are counted as HMACs: what somebody typed into the address field is not kept, and an
//! address that does not exist behaves like one that does.

use std::net::IpAddr;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use rempart_base::{AccountId, Timestamp};
use rempart_domain::lockout::{self, Count, Counts, LOCK_AT, MEMORY, Spray};
use rempart_ports::store::Throttle;

use crate::{App, Ctx, Outcome};

/// Locks that order tries on the same name or source.
pub(super) const TURNS: usize = 64;
/// Failed secrets remembered at most.
const SPRAYS: usize = 10_000;
/// Keys of failures by account and source, for accounts that exist.
pub(super) const PAIR: &str = "pair:";
/// Keys of failures by account, for accounts that exist.
pub(super) const NAME: &str = "name:";

/// Whose secret is tried.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// HMAC of the address.
    name: String,
    /// The account, where there is one.
    account: Option<AccountId>,
    /// Where the try comes from.
    source: String,
}

impl Subject {
    // Each key ends in `;`, so that none is the beginning of another.
    fn pair(&self) -> String {
        format!("{}{}:{};", if self.account.is_some() { PAIR } else { "nopair:" }, self.name, self.source)
    }

    fn whole(&self) -> String {
        format!("{}{};", if self.account.is_some() { NAME } else { "noname:" }, self.name)
    }
}

/// A try under way, counted as a failure until it is told to be none.
#[derive(Debug)]
pub(super) struct Try {
    subject: Subject,
    before: Counts,
    pair: Count,
    account: Count,
}

/// Where a try comes from: an IPv4 address, the /64 of an IPv6 address (what one subscriber has), or this machine.
pub(super) fn source(ctx: &Ctx) -> String {
    match ctx.origin.map(|address| address.to_canonical()) {
        None => "local".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

fn count_of(rows: &[Throttle], key: &str) -> Count {
    rows.iter().find(|row| row.key == key).map_or(Count::NONE, |row| Count {
        failures: row.failures,
        first: row.first,
        last: row.last,
        until: row.until,
    })
}

fn row(key: String, count: Count) -> Throttle {
    Throttle { key, failures: count.failures, first: count.first, last: count.last, until: count.until }
}

impl App {
    /// The name under which failures of an address are counted.
    pub(super) fn throttle_name(&self, local: &str) -> String {
        let tag = self.mac("failures of a name", &[local.trim().to_lowercase().as_bytes()]);
        HEXLOWER.encode(tag.as_ref().get(..16).unwrap_or_default())
    }

    /// Whose secret is tried: the account, and the address as it was typed.
    pub(super) fn subject(&self, ctx: &Ctx, local: &str, account: Option<AccountId>) -> Subject {
        Subject { name: self.throttle_name(local), account, source: source(ctx) }
    }

    async fn turn(&self, of: &str) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let sum = of.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        match self.identity.turns.get(sum % TURNS) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        }
    }

    /// Admits a try, and counts it as failed until [`App::try_passed`]. `guarded`: a second factor comes after it.
    ///
    /// # Errors
    /// `locked`, `slowed`.
    pub(super) async fn begin_try(&self, ctx: &Ctx, subject: Subject, guarded: bool) -> Outcome<Try> {
        let (pair_key, name_key) = (subject.pair(), subject.whole());
        let source_key = format!("source:{};", subject.source);
        let _turn = self.turn(&subject.name).await;
        let rows = self.store.throttles(&[pair_key.clone(), name_key.clone(), source_key.clone()]).await?;
        let before = Counts {
            pair: count_of(&rows, &pair_key),
            account: count_of(&rows, &name_key),
            source: count_of(&rows, &source_key),
        }
        .at(ctx.now);
        lockout::admit(&before, guarded, ctx.now)?;
        let (pair, account) = lockout::failed(&before, ctx.now);
        self.store.put_throttles(&[row(pair_key, pair), row(name_key, account)]).await?;
        Ok(Try { subject, before, pair, account })
    }

    /// A try failed: counts its source, watches for one secret on many accounts, and writes to the administration journal.
    pub(super) async fn try_failed(
        &self,
        ctx: &Ctx,
        tried: &Try,
        secret: Option<&str>,
        action: &str,
        outcome: &str,
    ) -> Outcome<()> {
        let target = tried.subject.account.map(|id| id.to_string()).unwrap_or_default();
        self.audit(ctx, action, &target, outcome).await?;
        if tried.pair.failures == LOCK_AT {
            self.audit(ctx, "incident.locked", &target, "locked").await?;
        }
        let mut incident = false;
        if tried.before.pair.failures == 0 {
            let key = format!("source:{};", tried.subject.source);
            let _turn = self.turn(&key).await;
            let rows = self.store.throttles(std::slice::from_ref(&key)).await?;
            let (count, many) = lockout::failed_source(count_of(&rows, &key), ctx.now);
            self.store.put_throttles(&[row(key, count)]).await?;
            incident = many;
        }
        let sprayed = secret.is_some_and(|secret| self.sprayed(secret, &tried.subject.name, ctx.now));
        if incident || sprayed { self.raise_spraying(ctx, &tried.subject.source).await } else { Ok(()) }
    }

    /// A try was right: it is no failure. `done`: signed in, so that earlier failures are forgotten too.
    pub(super) async fn try_passed(&self, tried: &Try, done: bool) -> Outcome<()> {
        let (pair_key, name_key) = (tried.subject.pair(), tried.subject.whole());
        {
            let _turn = self.turn(&tried.subject.name).await;
            if done {
                self.store.clear_throttles(&[pair_key, name_key], None).await?;
            } else {
                let rows = self.store.throttles(&[pair_key.clone(), name_key.clone()]).await?;
                // Where another try failed meanwhile, what it must wait stays.
                let back = |key: &str, ours: Count, before: Count| {
                    let now = count_of(&rows, key);
                    now.less(if now.until == ours.until { before.until } else { now.until })
                };
                let pair = back(&pair_key, tried.pair, tried.before.pair);
                let account = back(&name_key, tried.account, tried.before.account);
                self.store.put_throttles(&[row(pair_key, pair), row(name_key, account)]).await?;
            }
        }
        if done && tried.before.pair.failures > 0 {
            // Whoever failed before was the right person after all: the source had one failing account less.
            let key = format!("source:{};", tried.subject.source);
            let _turn = self.turn(&key).await;
            let rows = self.store.throttles(std::slice::from_ref(&key)).await?;
            let count = count_of(&rows, &key);
            self.store.put_throttles(&[row(key, count.less(count.until))]).await?;
        }
        Ok(())
    }

    /// Notes a secret that failed; whether it makes an incident. Only a fingerprint under a key of this process is kept.
    fn sprayed(&self, secret: &str, name: &str, now: Timestamp) -> bool {
        let key = self.identity.spray_key.get_or_init(|| {
            let mut bytes = zeroize::Zeroizing::new([0u8; 32]);
            self.entropy.fill(bytes.as_mut());
            hmac::Key::new(hmac::HMAC_SHA256, bytes.as_ref())
        });
        let tag = hmac::sign(key, secret.as_bytes());
        let Some(print) = tag.as_ref().first_chunk::<8>() else { return false };
        let mut sprays = self.identity.sprays.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if sprays.len() >= SPRAYS && !sprays.contains_key(print) {
            sprays.retain(|_, spray| !spray.past(now));
            if sprays.len() >= SPRAYS
                && let Some(oldest) = sprays.iter().min_by_key(|(_, spray)| spray.last()).map(|(print, _)| *print)
            {
                sprays.remove(&oldest);
            }
        }
        sprays.entry(*print).or_insert_with(|| Spray::new(now)).failed(name.to_owned(), now)
    }

    /// Raises the incident of a source, once an hour.
    async fn raise_spraying(&self, ctx: &Ctx, source: &str) -> Outcome<()> {
        let key = format!("incident:{source};");
        let _turn = self.turn(&key).await;
        let rows = self.store.throttles(std::slice::from_ref(&key)).await?;
        if count_of(&rows, &key).until > ctx.now {
            return Ok(());
        }
        let count = Count { failures: 1, first: ctx.now, last: ctx.now, until: ctx.now.plus_millis(MEMORY) };
        self.store.put_throttles(&[row(key, count)]).await?;
        tracing::warn!("one source tries many accounts: see the administration journal");
        self.audit(ctx, "incident.spraying", "", "slowed").await
    }

    /// Forgets all failures of an account, wherever they came from.
    pub(super) async fn forget_failures_of(&self, local: &str) -> Outcome<()> {
        let name = self.throttle_name(local);
        self.store.clear_throttles(&[format!("{PAIR}{name}:"), format!("{NAME}{name};")], None).await?;
        Ok(())
    }

    /// Which of these accounts cannot be tried now, with until when: `(name, until)` of every lock and delay that holds.
    pub(super) async fn locks(&self, now: Timestamp) -> Outcome<std::collections::HashMap<String, Timestamp>> {
        let mut locks = std::collections::HashMap::<String, Timestamp>::new();
        for prefix in [PAIR, NAME] {
            for found in self.store.throttled(prefix, now).await? {
                let rest = found.key.strip_prefix(prefix).unwrap_or_default();
                let name = rest.split([':', ';']).next().unwrap_or_default();
                let until = locks.entry(name.to_owned()).or_insert(found.until);
                *until = found.until.max(*until);
            }
        }
        Ok(locks)
    }
}
