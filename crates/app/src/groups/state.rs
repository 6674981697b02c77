//! The follower of a group, what is kept of it, and what it says as entries.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use rempart_base::{AccountId, ConversationId, DeviceId, Timestamp};
use rempart_content::{Epoch, Group};
use rempart_domain::conversation::Conversation;
use rempart_domain::journal::EntryKind;
use rempart_domain::refusal::{Reason, Refusal};
use rempart_group_policy::{EpochRef, Outcome as Said};
use rempart_key_log::{DeviceKeys, KeyLog};
use rempart_mls_delivery::{DeliveryError, Follower};
use rempart_ports::store::{GroupChange, GroupRow, LeafRow, Since};

use crate::App;
use crate::error::{Failure, Fault, Outcome};
use crate::messages::Draft;

/// Followers kept in memory for deciding on content. One of 500 people takes a megabyte or two.
const CACHED: usize = 256;

/// Leaves of a group, by device.
pub(crate) type Rows = BTreeMap<DeviceId, LeafRow>;

/// A follower as it was at a `rules_version`. OpenMLS's state is read under a lock: it is not shared between threads.
pub(crate) type Followed = Arc<Mutex<Follower>>;

/// What following groups keeps in memory.
#[derive(Default)]
pub(crate) struct Groups {
    /// Followers, by conversation and `rules_version`.
    followers: Mutex<HashMap<ConversationId, (i64, Followed)>>,
    /// Devices that ended and whose leaves were seen to.
    ended: Mutex<HashMap<DeviceId, AccountId>>,
}

impl Groups {
    /// Accounts with devices that ended since the last call.
    pub(crate) fn newly_ended(&self, known: &KeyLog, now: Timestamp) -> BTreeSet<AccountId> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let mut accounts = BTreeSet::new();
        for (account, _) in known.identities() {
            for device in known.devices(account).iter().map(DeviceKeys::device) {
                let live = known.device(device).is_some_and(|(_, keys)| keys.is_live(now));
                if live {
                    ended.remove(&device);
                } else if ended.insert(device, account).is_none() {
                    accounts.insert(account);
                }
            }
        }
        accounts
    }

    /// What ended of an account was not seen to.
    pub(crate) fn ended_again(&self, account: AccountId) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, whose| *whose != account);
    }

    fn get(&self, conversation: ConversationId, version: i64) -> Option<Followed> {
        let all = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&conversation).filter(|(at, _)| *at == version).map(|(_, follower)| Arc::clone(follower))
    }

    fn put(&self, conversation: ConversationId, version: i64, follower: Followed) {
        let mut all = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CACHED && !all.contains_key(&conversation) {
            all.clear();
        }
        all.insert(conversation, (version, follower));
    }
}

impl From<DeliveryError> for Failure {
    fn from(error: DeliveryError) -> Self {
        refused(error)
    }
}

/// What the follower refuses, as a refusal; what it cannot read of its own is a fault.
pub(crate) fn refused(error: DeliveryError) -> Failure {
    let reason = match &error {
        DeliveryError::Refused(refusal) => match Reason::from_code(refusal.code()) {
            Some(reason) => return reason.into(),
            None => Reason::GroupUnsupported,
        },
        DeliveryError::State => return Fault::Crypto("read the kept state of a group").into(),
        DeliveryError::Identity(_) => Reason::GroupIdentity,
        DeliveryError::Stale { .. } => Reason::GroupStale,
        DeliveryError::TooLarge => Reason::RequestTooLarge,
        DeliveryError::NotTheSender => Reason::GroupNotTheSender,
        DeliveryError::Malformed(_) | DeliveryError::Group(_) | DeliveryError::Statement(_) | DeliveryError::Mls(_) => {
            Reason::GroupMessageInvalid
        }
    };
    Failure::Refused(Refusal { about: Some(error.to_string()), ..reason.into() })
}

/// Runs what verifies signatures and hashes trees where it holds nobody up.
pub(crate) async fn blocking<T: Send + 'static>(job: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(job).await.map_err(|_| Fault::Ended("following a group"))?
}

/// The leaves of a group as they are kept.
pub(crate) fn rows(follower: &Follower) -> Outcome<Rows> {
    let waiting = follower.waiting().map_err(refused)?;
    let row = |device, account| LeafRow { device, account, leaving: waiting.contains(&device) };
    Ok(follower.leaves().roster().iter().map(|(device, seat)| (device, row(device, seat.account))).collect())
}

/// Whether every leaf but those of `before` is that of a live device of the key log.
pub(crate) fn all_known(follower: &Follower, before: &BTreeSet<DeviceId>, known: &KeyLog, now: Timestamp) -> bool {
    let leaves = follower.leaves();
    leaves.roster().iter().filter(|(device, _)| !before.contains(device)).all(|(device, seat)| {
        known.device(device).is_some_and(|(account, keys)| {
            account == seat.account && keys.is_live(now) && leaves.key(device) == Some(keys.leaf_key)
        })
    })
}

/// What to keep of a follower whose leaves were `before`.
pub(crate) fn change(before: &Rows, follower: &Follower, since: Since) -> Outcome<GroupChange> {
    let after = rows(follower)?;
    Ok(GroupChange {
        state: follower.keep().map_err(refused)?,
        since,
        due: follower.finality().due(),
        seated: after.values().filter(|leaf| before.get(&leaf.device) != Some(*leaf)).copied().collect(),
        unseated: before.keys().filter(|device| !after.contains_key(device)).copied().collect(),
        welcome: None,
        forget_after: None,
    })
}

impl App {
    /// The follower of a conversation as it was at the conversation's `rules_version`; `None` where that is not the present one
    /// any more. Refused where there is no group.
    pub(crate) async fn followed(&self, conversation: &Conversation) -> Outcome<Option<Followed>> {
        if let Some(follower) = self.groups.get(conversation.id, conversation.rules_version) {
            return Ok(Some(follower));
        }
        let Some(GroupRow { rules_version, state, since }) = self.store.group(conversation.id).await? else {
            return Err(Reason::GroupAbsent.into());
        };
        let follower = blocking(move || Ok(Follower::open(&state, since)?)).await?;
        let follower = Arc::new(Mutex::new(follower));
        self.groups.put(conversation.id, rules_version, Arc::clone(&follower));
        Ok(Some(follower).filter(|_| rules_version == conversation.rules_version))
    }

    /// Adds what became final, was dropped or is an alarm to a draft.
    pub(crate) fn add_outcomes(
        &self,
        draft: &mut Draft,
        conversation: &Conversation,
        outcomes: Vec<Said>,
        now: Timestamp,
    ) -> Outcome<()> {
        let names = |epochs: Vec<EpochRef>| epochs.into_iter().map(|epoch| Epoch(epoch.0)).collect::<Vec<_>>();
        for outcome in outcomes {
            let (at, content) = match outcome {
                Said::Final(epochs) => (epochs.last().map(|e| e.0), Group::Final { epochs: names(epochs) }),
                Said::Dropped { to, epochs } => (Some(to.0), Group::Dropped { to: Epoch(to.0), epochs: names(epochs) }),
                Said::FalseRefusal { by, epoch } => (Some(epoch.0), Group::Alarm { device: by, epoch: Epoch(epoch.0) }),
            };
            let envelope = self.said(conversation, EntryKind::Group, at, now);
            draft.add(self, conversation, envelope, rempart_content::encode::group(&content).into())?;
        }
        Ok(())
    }
}
