//! Adding to the key log, and all that an entry brings about: in one transaction the leaf, the signed head, the packages that go,
//! the sessions that end and the account's note.

use std::sync::Arc;

use rempart_base::{DeviceId, SessionId, Timestamp};
use rempart_domain::Refusal;
use rempart_domain::actor::{Ctx, SignedIn};
use rempart_domain::refusal::Reason;
use rempart_domain::role::Role;
use rempart_group_policy::Kind;
use rempart_key_log::{Cause, Change, Ended, Entry, Fault as LogFault, KeyLog, Leaf, News, Refused, RevokedBy};
use rempart_ports::store::{KeyBatch, StoreError};

use super::at_a_device;
use crate::App;
use crate::error::{Failure, Fault, Outcome};
use crate::feed::Signal as Ring;
use crate::identity::Signal;

/// Entries of one request.
const AT_ONCE: usize = 20;
/// How often another node may be faster before the request is given back.
const TRIES: u32 = 5;

/// What entries bring about beside their leaves.
struct Effects {
    ended: Vec<DeviceId>,
    added: Vec<DeviceId>,
    cut: Vec<DeviceId>,
}

impl Effects {
    /// `here`: the device that adds the entries; it stays signed in where its account only has a new identity key.
    fn of(changes: &[Change], here: Option<DeviceId>) -> Self {
        let mut effects = Self { ended: Vec::new(), added: Vec::new(), cut: Vec::new() };
        let mut reset_now = false;
        for change in changes {
            match change.news {
                News::Identity { reset, .. } => reset_now = reset,
                News::Added { device, .. } => effects.added.push(device),
                News::Ended { device, how, .. } => {
                    match effects.added.iter().position(|added| *added == device) {
                        Some(place) => drop(effects.added.swap_remove(place)),
                        None => effects.ended.push(device),
                    }
                    // A key that was lost may be in wrong hands, and so the devices under it; one that was only
                    // replaced was not.
                    let lost = match how {
                        Ended::Account | Ended::Server => true,
                        Ended::Identity => reset_now && here != Some(device),
                    };
                    if lost {
                        effects.cut.push(device);
                    }
                }
                News::Officers | News::Archive => {}
            }
        }
        effects
    }
}

/// What is refused of one's own entries before the log is asked.
fn own(entry: &Entry, who: &SignedIn) -> Result<(), Refusal> {
    let foreign = || Refusal::field(Reason::KeysForeign, "entries");
    let mine = match entry {
        Entry::Identity { .. } => true,
        Entry::Device { credential, .. } => {
            let kind = if who.role == Role::Guest { Kind::Guest } else { Kind::Member };
            credential.claim.device == who.device && credential.claim.kind == kind
        }
        Entry::Revoked { by, .. } => matches!(by, RevokedBy::Account { .. }),
        Entry::Officers { .. } | Entry::Archive { .. } => false,
    };
    if mine && entry.account() == Some(who.account) { Ok(()) } else { Err(foreign()) }
}

/// The refusal of an entry that does not hold.
fn refusal(refused: Refused, revoked: bool) -> Refusal {
    let reason = match refused.fault {
        LogFault::TooManyDevices => Reason::KeyedDevicesFull,
        LogFault::DeviceTwice if revoked => Reason::DeviceRevoked,
        _ => Reason::KeysRefused,
    };
    Refusal::field(reason, "entries")
}

impl App {
    /// Adds signed entries of one's own account to the key log, all or none. A device that is revoked loses its sessions and key
    /// packages in the same transaction; its removal from groups is proposed next. Gives the log's size.
    ///
    /// # Errors
    /// `scope_missing` for programs' tokens; `request_invalid` for none or more than 20; `keys_invalid`, `keys_foreign`,
    /// `keys_refused`, `keyed_devices_full`, `device_revoked`, `identity_reset_forbidden`; `too_many_requests` after 60 an hour.
    pub async fn publish_keys(self: &Arc<Self>, ctx: &Ctx, entries: &[Vec<u8>]) -> Outcome<u64> {
        let who = at_a_device(ctx)?;
        if !(1..=AT_ONCE).contains(&entries.len()) {
            return Err(Refusal::field(Reason::RequestInvalid, "entries").into());
        }
        let entries = entries.iter().map(|bytes| Entry::decode(bytes)).collect::<Result<Vec<_>, _>>();
        let entries = entries.map_err(|_| Refusal::field(Reason::KeysInvalid, "entries"))?;
        entries.iter().try_for_each(|entry| own(entry, who))?;
        self.devices.entries.take(who.account, entries.len(), ctx.now)?;
        self.add_to_key_log(ctx, entries, Some(who)).await
    }

    /// Adds entries that may be added, with all that they bring about.
    pub(super) async fn add_to_key_log(
        self: &Arc<Self>,
        ctx: &Ctx,
        entries: Vec<Entry>,
        by: Option<&SignedIn>,
    ) -> Outcome<u64> {
        let accounts: std::collections::BTreeSet<_> = entries.iter().filter_map(Entry::account).collect();
        let reset = entries.iter().find_map(|entry| match entry {
            Entry::Identity { account, cause: Cause::Reset, .. } => Some(*account),
            _ => None,
        });
        let _turn = self.devices.adding.lock().await;
        for _ in 0..TRIES {
            let known = self.known_keys().await?;
            let expected_size = known.size();
            let (log, leaves, changes) = followed(known, entries.clone(), ctx.now, by).await?;
            let effects = Effects::of(&changes, by.map(|who| who.device));
            let owner = |device: &DeviceId| log.device(*device).map(|(account, _)| (*device, account));
            let batch = KeyBatch {
                expected_size,
                state: self.signed_state(&log).await?,
                leaves,
                added: effects.added.iter().filter_map(owner).collect(),
                ended: effects.ended,
                cut: effects.cut,
                reset,
                account: accounts.first().copied(),
            };
            let cut = match self.store.write_key_log(&batch, ctx.now).await {
                // Another node was faster.
                Err(StoreError::Stale) => continue,
                Err(StoreError::Missing("identity_reset")) => return Err(Reason::IdentityResetForbidden.into()),
                other => other?,
            };
            self.believe(&Arc::new(log));
            for account in &accounts {
                self.ring(Ring::Account(*account));
            }
            self.tell_of(ctx, &changes, &cut).await?;
            for account in &accounts {
                self.tidy_groups_of(*account, ctx.now).await?;
            }
            return Ok(batch.state.size);
        }
        Err(Reason::Conflict.into())
    }

    /// Closes what ended and writes each effect to the administration journal.
    async fn tell_of(self: &Arc<Self>, ctx: &Ctx, changes: &[Change], cut: &[SessionId]) -> Outcome<()> {
        for session in cut {
            self.tell(Signal::Ended(*session));
        }
        for change in changes {
            let (action, target) = match change.news {
                News::Identity { account, serial: 0, .. } => ("keys.identity.first", account.to_string()),
                News::Identity { account, reset: true, .. } => ("keys.identity.reset", account.to_string()),
                News::Identity { account, .. } => ("keys.identity.rotate", account.to_string()),
                News::Added { device, .. } => ("keys.device.add", device.to_string()),
                News::Ended { device, how: Ended::Identity, .. } => ("keys.device.end", device.to_string()),
                News::Ended { device, .. } => ("keys.device.revoke", device.to_string()),
                News::Officers => ("keys.officers", String::new()),
                News::Archive => ("keys.archive", String::new()),
            };
            self.audit(ctx, action, &target, "done").await?;
        }
        for session in cut {
            self.audit(ctx, "keys.device.sign_out", &session.to_string(), "done").await?;
        }
        Ok(())
    }
}

/// The log with entries added at `now`, on another thread: signatures take their time.
async fn followed(
    known: Arc<KeyLog>,
    entries: Vec<Entry>,
    now: Timestamp,
    by: Option<&SignedIn>,
) -> Outcome<(KeyLog, Vec<Vec<u8>>, Vec<Change>)> {
    let revoked = by.is_some_and(|who| known.device(who.device).is_some_and(|(_, keys)| keys.ended.is_some()));
    let work = tokio::task::spawn_blocking(move || {
        let mut log = KeyLog::clone(&known);
        let time = log.time_for(now);
        let leaves: Vec<Vec<u8>> = entries.into_iter().map(|entry| Leaf { time, entry }.encode()).collect();
        log.follow(&leaves).map(|changes| (log, leaves, changes))
    });
    let added = work.await.map_err(|_| Fault::Ended("adding to the key log"))?;
    added.map_err(|refused| Failure::Refused(refusal(refused, revoked)))
}
