//! Keys of accounts and devices: the key log, key packages, the keyring and its way to a new device, lost devices.
//!
//! The key log is folded with the engine that clients use, so that the server takes nothing that they would refuse; the fold is
//! kept in memory and followed before each use. Reading order: this file (the fold, reading), [`publish`] (entries and all that
//! they bring about), [`lost`] (what administrators do), [`packages`], [`keyring`].

mod keyring;
mod lost;
mod packages;
mod publish;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rempart_base::time::HOUR;
use rempart_base::{AccountId, Timestamp};
use rempart_domain::Refusal;
use rempart_domain::actor::{Ctx, SignedIn};
use rempart_domain::refusal::Reason;
use rempart_domain::role::Scope;
use rempart_key_log::{DeviceKeys, KeyLog};
use rempart_merkle::{Checkpoint, LogKey};
use rempart_ports::store::{AccountChange, LogState, StoreError};

pub use rempart_ports::store::{KeyringRecord, LinkOutcome, LinkRecord, TakenKeyPackage};

use crate::App;
use crate::error::{Fault, Outcome};
use crate::feed::Signal as Ring;

/// Leaves read from the store at a time.
const READ: u32 = 1_000;
/// Leaves of one answer, in bytes: the rest is asked for next.
const PAGE_BYTES: usize = 512 * 1024;
/// Accounts whose rates are remembered at once.
const ACCOUNTS: usize = 10_000;

/// What a node keeps in memory of keys.
pub(crate) struct Known {
    log: ArcSwap<KeyLog>,
    /// Held while following, so that it is done once.
    following: tokio::sync::Mutex<()>,
    /// Held while adding, so that this node does not race with itself.
    adding: tokio::sync::Mutex<()>,
    entries: Hourly,
    claims: Hourly,
    /// Commits to groups: each makes everybody else's next entry stale.
    pub(crate) commits: Hourly,
    /// Words that an epoch cannot be followed: honest devices say so seldom.
    pub(crate) refusals: Hourly,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            log: ArcSwap::from_pointee(KeyLog::new()),
            following: tokio::sync::Mutex::default(),
            adding: tokio::sync::Mutex::default(),
            entries: Hourly::new(60),
            claims: Hourly::new(600),
            commits: Hourly::new(600),
            refusals: Hourly::new(30),
        }
    }
}

/// So many of something an hour and account; each node counts for itself.
pub(crate) struct Hourly {
    most: u32,
    counts: Mutex<HashMap<AccountId, (Timestamp, u32)>>,
}

impl Hourly {
    fn new(most: u32) -> Self {
        Self { most, counts: Mutex::default() }
    }

    /// Counts `how_many` more.
    ///
    /// # Errors
    /// `too_many_requests` with how long to wait; then none is counted.
    pub(crate) fn take(&self, account: AccountId, how_many: usize, now: Timestamp) -> Result<(), Refusal> {
        let how_many = u32::try_from(how_many).unwrap_or(u32::MAX);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= ACCOUNTS {
            counts.retain(|_, (since, _)| now.since(*since) < HOUR);
        }
        let (since, count) = counts.entry(account).or_insert((now, 0));
        if now.since(*since) >= HOUR {
            (*since, *count) = (now, 0);
        }
        let sum = count.saturating_add(how_many);
        if sum > self.most {
            return Err(Refusal::wait(Reason::TooManyRequests, HOUR - now.since(*since)));
        }
        *count = sum;
        Ok(())
    }
}

/// A page of the key log.
#[derive(Clone, Debug)]
pub struct KeyLogPage {
    /// Leaves, in order.
    pub leaves: Vec<Vec<u8>>,
    /// How many there are.
    pub size: u64,
    /// The signed head over all of them and the key that verifies it, as C2SP writes them; absent while there are none.
    pub head: Option<(String, String)>,
}

/// What the server has of an account's and a device's keys.
#[derive(Clone, Debug)]
pub struct KeyStatus {
    /// The account's identity key.
    pub identity: Option<[u8; 32]>,
    /// Whether the device is in the key log and has not ended.
    pub enrolled: bool,
    /// One-time key packages of the device.
    pub packages: u32,
    /// Whether it has one of last resort.
    pub last_resort: bool,
    /// Version of the keyring; 0: none.
    pub keyring_version: u64,
    /// The server's Ed25519 key as external sender of groups.
    pub external_sender: [u8; 32],
}

/// The person signed in at a device of their own, with nothing left to do first: programs' tokens have no keys.
fn at_a_device(ctx: &Ctx) -> Outcome<&SignedIn> {
    ctx.in_person()?;
    Ok(ctx.ready(Scope::Read)?)
}

/// The keys of the device that asks.
fn enrolled<'a>(log: &'a KeyLog, who: &SignedIn, now: Timestamp) -> Result<&'a DeviceKeys, Reason> {
    let found = log.device(who.device).filter(|(account, keys)| *account == who.account && keys.is_live(now));
    found.map(|(_, keys)| keys).ok_or(Reason::DeviceNotEnrolled)
}

impl App {
    /// The key log as it stands: identity keys, devices, and which of them ended. In memory, followed before it is given.
    ///
    /// # Errors
    /// Faults of the store, or of a log that does not follow from itself.
    pub(crate) async fn known_keys(&self) -> Outcome<Arc<KeyLog>> {
        let state = self.store.key_log_state().await?;
        let known = self.devices.log.load_full();
        if known.size() >= state.size {
            return Ok(known);
        }
        let _turn = self.devices.following.lock().await;
        let mut log = self.devices.log.load_full();
        while log.size() < state.size {
            let leaves = self.store.key_leaves(log.size(), READ).await?;
            if leaves.is_empty() {
                return Err(Fault::Store(StoreError::Corrupt("the numbering of the key log")).into());
            }
            let before = Arc::clone(&log);
            let followed = tokio::task::spawn_blocking(move || {
                let mut log = KeyLog::clone(&before);
                log.follow(&leaves).map(|_| log)
            });
            let followed = followed.await.map_err(|_| Fault::Ended("following the key log"))?;
            log = Arc::new(followed.map_err(|_| Fault::Crypto("follow the key log: an entry does not hold"))?);
            if log.size() == state.size && log.frontier().to_bytes() != state.frontier {
                return Err(Fault::Crypto("follow the key log: its entries are not those of its head").into());
            }
        }
        self.believe(&log);
        Ok(log)
    }

    /// Keeps a longer log in memory.
    fn believe(&self, log: &Arc<KeyLog>) {
        self.devices.log.rcu(|known| if known.size() < log.size() { Arc::clone(log) } else { Arc::clone(known) });
    }

    /// The key log's signing key under its origin, `<host>/keys`.
    async fn key_log_key(&self) -> Outcome<LogKey> {
        let organisation = self.store.organisation().await?.ok_or(Reason::NotReady)?;
        let origin = format!("{}/keys", organisation.host);
        LogKey::from_seed(&origin, &self.keys.key_log_seed).map_err(|_| Fault::Crypto("name the key log's key").into())
    }

    /// The state of the store for a log, its head signed.
    async fn signed_state(&self, log: &KeyLog) -> Outcome<LogState> {
        let key = self.key_log_key().await?;
        let checkpoint = Checkpoint {
            origin: key.verifier().name().to_owned(),
            size: log.size(),
            root: log.root(),
            extensions: Vec::new(),
        };
        let checkpoint = checkpoint.sign(&key).map_err(|_| Fault::Crypto("sign the key log's head"))?;
        Ok(LogState { size: log.size(), frontier: log.frontier().to_bytes(), checkpoint })
    }

    /// A page of the key log: leaves after the first `after`, at most `limit` (1 to 1,000), with the newest signed head.
    ///
    /// # Errors
    /// `not_signed_in` and duties; `request_invalid` names `limit`.
    pub async fn read_key_log(&self, ctx: &Ctx, after: u64, limit: u32) -> Outcome<KeyLogPage> {
        ctx.ready(Scope::Read)?;
        if !(1..=READ).contains(&limit) {
            return Err(Refusal::field(Reason::RequestInvalid, "limit").into());
        }
        let state = self.store.key_log_state().await?;
        let mut leaves = self.store.key_leaves(after, limit).await?;
        // What was added since the state was read is not covered by its head.
        leaves.truncate(usize::try_from(state.size.saturating_sub(after)).unwrap_or(usize::MAX));
        let mut bytes = 0;
        let fits = leaves.iter().take_while(|leaf| {
            let first = bytes == 0;
            bytes += leaf.len();
            first || bytes <= PAGE_BYTES
        });
        let fits = fits.count();
        leaves.truncate(fits);
        let head = match state.size {
            0 => None,
            _ => Some((state.checkpoint, self.key_log_key().await?.verifier().to_string())),
        };
        Ok(KeyLogPage { leaves, size: state.size, head })
    }

    /// What the server has of the keys of whoever asks.
    ///
    /// # Errors
    /// `not_signed_in` and duties.
    pub async fn key_status(&self, ctx: &Ctx) -> Outcome<KeyStatus> {
        let who = ctx.ready(Scope::Read)?;
        let log = self.known_keys().await?;
        let packages = self.store.key_packages(who.device, ctx.now).await?;
        let keyring = self.store.keyring(who.account).await?;
        Ok(KeyStatus {
            identity: log.identity(who.account).map(|identity| identity.key),
            enrolled: enrolled(&log, who, ctx.now).is_ok(),
            packages: packages.one_time,
            last_resort: packages.last_resort,
            keyring_version: keyring.map_or(0, |keyring| keyring.version),
            external_sender: self.keys.delivery_public(),
        })
    }

    /// Tells an account's devices that its keys changed or that one of them asks for something.
    async fn note_keys(&self, ctx: &Ctx, account: AccountId) -> Outcome<()> {
        self.store.note(account, AccountChange::Keys, ctx.now).await?;
        self.ring(Ring::Account(account));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_and_then_begins_again() {
        let hourly = Hourly::new(5);
        let (one, other) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
        let at = Timestamp::from_millis;
        hourly.take(one, 4, at(0)).unwrap();
        let refusal = hourly.take(one, 2, at(1_000)).unwrap_err();
        assert_eq!((refusal.reason, refusal.retry_after_ms), (Reason::TooManyRequests, Some(HOUR - 1_000)));
        hourly.take(one, 1, at(1_000)).unwrap();
        hourly.take(other, 5, at(1_000)).unwrap();
        assert!(hourly.take(one, usize::MAX, at(HOUR)).is_err());
        hourly.take(one, 5, at(HOUR)).unwrap();
    }
}
