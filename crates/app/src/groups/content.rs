//! What may be written in a sealed conversation.

use std::sync::{Arc, PoisonError};

use rempart_base::Timestamp;
use rempart_domain::actor::SignedIn;
use rempart_domain::refusal::{Reason, Refusal};
use rempart_group_policy::EpochRef;
use rempart_mls_delivery::{DeliveryError, Follower};
use rempart_ports::store::{GroupChange, Since};

use super::{is_enrolled, state};
use crate::App;
use crate::error::{Failure, Outcome};
use crate::messages::{Draft, Place, Post};

/// What goes with a sealed entry.
pub(crate) enum Passed {
    /// The decision was made on what is no more: load and decide again.
    Outdated,
    /// The entry alone.
    Alone,
    /// The entry confirms an epoch: these entries and this change of the group go with it.
    Confirms(Draft, Box<GroupChange>),
}

impl App {
    /// Decides whether sealed content is taken now.
    ///
    /// # Errors
    /// `epoch_invalid`, `device_not_enrolled`, `group_absent`, `group_not_a_member`, `group_message_invalid`, and by what a commit
    /// cures: `epoch_stale`, `epoch_day`, `epoch_full`, `epoch_removal`.
    pub(crate) async fn pass_sealed(
        &self,
        place: &Place,
        who: &SignedIn,
        post: &Post,
        now: Timestamp,
    ) -> Outcome<Passed> {
        let epoch = EpochRef(post.epoch.ok_or(Refusal::field(Reason::EpochInvalid, "epoch"))?);
        let known = self.known_keys().await?;
        if !is_enrolled(&known, who, now) {
            return Err(Reason::DeviceNotEnrolled.into());
        }
        let conversation = &place.conversation;
        let Some(follower) = self.followed(conversation).await? else { return Ok(Passed::Outdated) };
        let last = conversation.last_seq.max(self.journals.recent.last(conversation.id).unwrap_or(0));
        let confirms = {
            let follower = follower.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = follower.content(who.device, epoch, last, None, now);
            // First who and when, then what: a message of an ended epoch is told that, not that it cannot be read.
            taken.and_then(|confirms| follower.framed(&post.content).map(|()| confirms)).map_err(epoch_refused)?
        };
        if !confirms {
            return Ok(Passed::Alone);
        }
        let Some(row) = self.store.group(conversation.id).await? else { return Ok(Passed::Outdated) };
        if row.rules_version != conversation.rules_version {
            return Ok(Passed::Outdated);
        }
        let device = who.device;
        let (outcomes, change) = state::blocking(move || {
            let mut follower = Follower::open(&row.state, row.since)?;
            let rows = state::rows(&follower)?;
            let outcomes = follower.confirm(device);
            Ok((outcomes, state::change(&rows, &follower, Since::At(row.since))?))
        })
        .await?;
        let mut draft = Draft::default();
        self.add_outcomes(&mut draft, conversation, outcomes, now)?;
        Ok(Passed::Confirms(draft, Box::new(change)))
    }

    /// The receipt of content that this device sent before under the same client id in the same epoch.
    pub(crate) async fn sent_before(
        self: &Arc<Self>,
        place: &Place,
        who: &SignedIn,
        post: &Post,
    ) -> Outcome<Option<crate::messages::Receipt>> {
        let Some(epoch) = post.epoch else { return Ok(None) };
        let row = self.store.find_in(who.device, post.client_id, epoch).await?;
        let Some(row) = row.filter(|row| row.envelope.conversation == place.conversation.id) else { return Ok(None) };
        let entry = crate::messages::Entry::open(row, &*self.conversation_key(&place.conversation)?)?;
        self.receipt(&[Arc::new(entry)]).map(Some)
    }
}

/// What a sender of content is told: that the epoch is over, in the words of content.
fn epoch_refused(error: DeliveryError) -> Failure {
    match error {
        DeliveryError::Stale { .. } => Refusal::field(Reason::EpochStale, "epoch").into(),
        DeliveryError::TooLarge => Refusal::field(Reason::ContentTooLarge, "content").into(),
        other => state::refused(other),
    }
}
