//! Commits and statements of devices.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use rempart_base::{ClientId, ConversationId, DeviceId, Timestamp};
use rempart_domain::actor::Ctx;
use rempart_domain::journal::{EntryKind, Envelope, Sender};
use rempart_domain::refusal::{Reason, Refusal};
use rempart_domain::role::Scope;
use rempart_group_policy::{Statement, Verdict};
use rempart_mls_delivery::Follower;
use rempart_mls_delivery::follower::epoch_of;
use rempart_ports::store::{NewWelcome, Since};

use super::{TRIES, is_enrolled, sealed, state};
use crate::App;
use crate::error::Outcome;
use crate::messages::{Draft, Entry};

/// A commit to apply.
#[derive(Clone, Debug)]
pub struct PostCommit {
    /// The conversation.
    pub conversation: ConversationId,
    /// What the client calls it.
    pub client_id: ClientId,
    /// A PublicMessage.
    pub commit: Bytes,
    /// The Welcome of the devices that it adds.
    pub welcome: Option<Bytes>,
}

/// A commit, applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its number in the journal.
    pub seq: u64,
    /// The server's time.
    pub time: Timestamp,
    /// The name of the epoch that it began.
    pub epoch_ref: [u8; 32],
    /// That epoch's number.
    pub epoch: u64,
}

impl App {
    /// Applies a commit of the caller's device: the first in its epoch wins.
    ///
    /// # Errors
    /// `group_stale` when another was first; what policy says; `conversation_unknown`, `group_none`, `group_absent`,
    /// `device_not_enrolled`, `group_welcome`, `group_identity`, `group_message_invalid`, `group_not_the_sender`, `conflict`,
    /// `too_many_requests` after 600 in an hour.
    pub async fn commit_group(self: &Arc<Self>, ctx: &Ctx, post: PostCommit) -> Outcome<Committed> {
        let who = ctx.ready(Scope::Post)?;
        let mut counted = false;
        for _ in 0..TRIES {
            let place = self.place(post.conversation, who.account, true).await?;
            sealed(&place)?;
            if let Some(done) = self.committed(&post, who.device).await? {
                return Ok(done);
            }
            let known = self.known_keys().await?;
            if !is_enrolled(&known, who, ctx.now) {
                return Err(Reason::DeviceNotEnrolled.into());
            }
            if !counted {
                self.devices.commits.take(who.account, 1, ctx.now)?;
                counted = true;
            }
            let row = self.store.group(post.conversation).await?.ok_or(Reason::GroupAbsent)?;
            if row.rules_version != place.conversation.rules_version {
                continue;
            }
            let entitled = self.entitled(post.conversation).await?;
            let (device, now, commit, welcome) = (who.device, ctx.now, post.commit.clone(), post.welcome.clone());
            let (applied, change) = state::blocking(move || {
                let mut follower = Follower::open(&row.state, row.since)?;
                let rows = state::rows(&follower)?;
                let applied = follower.commit(&commit, device, &entitled.rules(&known), now)?;
                let before: BTreeSet<DeviceId> = rows.keys().copied().collect();
                if !state::all_known(&follower, &before, &known, now) {
                    return Err(Reason::GroupIdentity.into());
                }
                let added: Vec<_> = applied
                    .roster
                    .iter()
                    .filter(|(device, _)| !before.contains(device))
                    .map(|(device, seat)| (seat.account, device))
                    .collect();
                let mut change = state::change(&rows, &follower, Since::Entry(0))?;
                change.welcome = match (welcome, added.is_empty()) {
                    (None, true) => None,
                    (Some(body), false) if body.len() <= rempart_mls_delivery::MAX_HANDSHAKE => {
                        Some(NewWelcome { body: body.to_vec(), devices: added })
                    }
                    _ => return Err(Refusal::field(Reason::GroupWelcome, "welcome").into()),
                };
                Ok((applied, change))
            })
            .await?;
            let mut draft = Draft::default();
            let envelope = Envelope {
                conversation: post.conversation,
                kind: EntryKind::Commit,
                sender: Sender::Device(who.account, who.device),
                client_id: post.client_id,
                time: ctx.now,
                refers_to: 0,
                blobs: Vec::new(),
                epoch: Some(applied.epoch_ref.0),
            };
            draft.add(self, &place.conversation, envelope, post.commit.clone())?;
            self.add_outcomes(&mut draft, &place.conversation, applied.outcomes, ctx.now)?;
            let append = draft.append(&place.conversation, Some(change));
            match self.append(append, draft.sealings).await {
                Ok((appended, _)) => {
                    let row = appended.rows.first().ok_or(crate::error::Fault::Ended("appending"))?;
                    let (seq, time) = (row.seq, row.envelope.time);
                    return Ok(Committed { seq, time, epoch_ref: applied.epoch_ref.0, epoch: applied.epoch });
                }
                Err(other) => self.unless_conflict(post.conversation, other)?,
            }
        }
        Err(Reason::Conflict.into())
    }

    /// The same commit of this device, if it was applied before.
    async fn committed(&self, post: &PostCommit, device: DeviceId) -> Outcome<Option<Committed>> {
        let Some(row) = self.store.find(device, post.client_id).await? else { return Ok(None) };
        let (seq, envelope) = (row.seq, row.envelope.clone());
        let Some(epoch_ref) =
            envelope.epoch.filter(|_| envelope.kind == EntryKind::Commit && envelope.conversation == post.conversation)
        else {
            return Ok(None);
        };
        let Some(state) = self.store.conversation(post.conversation).await? else { return Ok(None) };
        let entry = Entry::open(row, &*self.conversation_key(&state)?)?;
        if entry.content.as_ref() != Some(&post.commit) {
            return Ok(None);
        }
        let epoch = epoch_of(&post.commit)? + 1;
        Ok(Some(Committed { seq, time: envelope.time, epoch_ref, epoch }))
    }

    /// Hears the caller's device on an epoch: that it merged it, or cannot.
    ///
    /// # Errors
    /// `conversation_unknown`, `group_none`, `group_absent`, `group_not_a_member`, `group_message_invalid`,
    /// `group_not_the_sender`, `conflict`, `too_many_requests` after 30 refusals in an hour.
    pub async fn hear_statement(
        self: &Arc<Self>,
        ctx: &Ctx,
        conversation: ConversationId,
        statement: Bytes,
    ) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        let said =
            Statement::decode(&statement).map_err(|_| Refusal::field(Reason::GroupMessageInvalid, "statement"))?;
        if said.device != who.device {
            return Err(Reason::GroupNotTheSender.into());
        }
        if said.verdict == Verdict::Refused {
            self.devices.refusals.take(who.account, 1, ctx.now)?;
        }
        for _ in 0..TRIES {
            let place = self.place(conversation, who.account, true).await?;
            sealed(&place)?;
            let row = self.store.group(conversation).await?.ok_or(Reason::GroupAbsent)?;
            if row.rules_version != place.conversation.rules_version {
                continue;
            }
            let (now, statement) = (ctx.now, statement.clone());
            let heard = state::blocking(move || {
                let mut follower = Follower::open(&row.state, row.since)?;
                let (rows, before) = (state::rows(&follower)?, follower.finality().clone());
                let outcomes = follower.statement(&statement, now)?;
                if outcomes.is_empty() && *follower.finality() == before {
                    return Ok(None);
                }
                Ok(Some((outcomes, state::change(&rows, &follower, Since::At(row.since))?)))
            })
            .await?;
            let Some((outcomes, change)) = heard else { return Ok(()) };
            let done = if outcomes.is_empty() {
                let version = place.conversation.rules_version;
                let kept = self.store.keep_group(conversation, version, change.state, change.due).await;
                self.forget_places(conversation);
                kept.map_err(Into::into)
            } else {
                let mut draft = Draft::default();
                self.add_outcomes(&mut draft, &place.conversation, outcomes, ctx.now)?;
                let append = draft.append(&place.conversation, Some(change));
                self.append(append, draft.sealings).await.map(drop)
            };
            match done {
                Ok(()) => return Ok(()),
                Err(other) => self.unless_conflict(conversation, other)?,
            }
        }
        Err(Reason::Conflict.into())
    }
}
