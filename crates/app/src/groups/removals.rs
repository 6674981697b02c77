//! What the server does of itself: proposing removals, and dropping a chain whose refusal has waited.

use std::sync::Arc;

use rempart_base::{AccountId, ConversationId, DeviceId, Timestamp};
use rempart_domain::conversation::Conversation;
use rempart_domain::journal::EntryKind;
use rempart_domain::refusal::Reason;
use rempart_mls_delivery::Follower;
use rempart_mls_delivery::follower::server_signer;
use rempart_ports::store::{GroupChange, GroupRow, Since};

use super::{Entitled, TRIES, devices_of, state};
use crate::App;
use crate::error::{Failure, Outcome};
use crate::messages::Draft;

/// Welcomes that nobody took for this long go, in milliseconds.
const WELCOME_LIFE: i64 = 30 * rempart_base::time::DAY;

/// Proposals to remove devices, and what becomes of the group.
struct Proposed {
    messages: Vec<Vec<u8>>,
    epoch: [u8; 32],
    change: GroupChange,
}

impl App {
    /// Adds to a draft the removal of every leaf of accounts that leave a conversation; the change of its group, where there is any.
    ///
    /// # Errors
    /// `conflict` when the group changed since the conversation was read.
    pub(crate) async fn expel(
        &self,
        draft: &mut Draft,
        conversation: &Conversation,
        accounts: Vec<AccountId>,
        now: Timestamp,
    ) -> Outcome<Option<GroupChange>> {
        let Some(row) = self.store.group(conversation.id).await? else { return Ok(None) };
        if row.rules_version != conversation.rules_version {
            return Err(Reason::Conflict.into());
        }
        let proposed = self.propose(row, move |rows| devices_of(rows, &accounts)).await?;
        self.add_proposals(draft, conversation, proposed, now)
    }

    async fn propose(
        &self,
        row: GroupRow,
        which: impl FnOnce(&state::Rows) -> Vec<DeviceId> + Send + 'static,
    ) -> Outcome<Option<Proposed>> {
        let signer = server_signer(self.keys.delivery_seed(), &self.keys.delivery_public());
        state::blocking(move || {
            let mut follower = Follower::open(&row.state, row.since)?;
            let rows = state::rows(&follower)?;
            let mut messages = Vec::new();
            for device in which(&rows) {
                messages.push(follower.propose_removal(device, &signer)?.message);
            }
            if messages.is_empty() {
                return Ok(None);
            }
            let change = state::change(&rows, &follower, Since::At(row.since))?;
            Ok(Some(Proposed { messages, epoch: follower.finality().head().0, change }))
        })
        .await
    }

    fn add_proposals(
        &self,
        draft: &mut Draft,
        conversation: &Conversation,
        proposed: Option<Proposed>,
        now: Timestamp,
    ) -> Outcome<Option<GroupChange>> {
        let Some(Proposed { messages, epoch, change }) = proposed else { return Ok(None) };
        for message in messages {
            let envelope = self.said(conversation, EntryKind::Proposal, Some(epoch), now);
            draft.add(self, conversation, envelope, message.into())?;
        }
        Ok(Some(change))
    }

    /// Proposes the removal of every leaf whose account is closed or no member, or whose device is not live in the key log.
    /// Gives how many.
    pub(crate) async fn tidy_group(self: &Arc<Self>, id: ConversationId, now: Timestamp) -> Outcome<u64> {
        for _ in 0..TRIES {
            let Some(conversation) = self.store.conversation(id).await? else { return Ok(0) };
            let Some(row) = self.store.group(id).await? else { return Ok(0) };
            if row.rules_version != conversation.rules_version {
                continue;
            }
            let entitled: Entitled = self.entitled(id).await?;
            let known = self.known_keys().await?;
            let gone = move |rows: &state::Rows| {
                let live = |device| known.device(device).is_some_and(|(_, keys)| keys.is_live(now));
                let stays = |account, device| entitled.contains(account) && live(device);
                rows.values()
                    .filter(|leaf| !leaf.leaving && !stays(leaf.account, leaf.device))
                    .map(|leaf| leaf.device)
                    .collect()
            };
            let mut draft = Draft::default();
            let proposed = self.propose(row, gone).await?;
            let Some(change) = self.add_proposals(&mut draft, &conversation, proposed, now)? else { return Ok(0) };
            let count = draft.entries.len() as u64;
            let append = draft.append(&conversation, Some(change));
            match self.append(append, draft.sealings).await {
                Ok(_) => return Ok(count),
                Err(other) => self.unless_conflict(id, other)?,
            }
        }
        Err(Reason::Conflict.into())
    }

    /// Proposes what is to be proposed in every group in which an account has leaves.
    ///
    /// # Errors
    /// A fault; what is left undone is done by the task.
    pub(crate) async fn tidy_groups_of(self: &Arc<Self>, account: AccountId, now: Timestamp) -> Outcome<u64> {
        let mut count = 0;
        for id in self.store.groups_of(account).await? {
            count += self.tidy_group(id, now).await?;
        }
        Ok(count)
    }

    /// One round of the task: chains that are due are dropped, leaves of ended devices are proposed for removal. Gives how many
    /// groups and leaves.
    pub(crate) async fn mind_groups(self: &Arc<Self>, now: Timestamp) -> Outcome<u64> {
        let mut count = 0;
        let mut failed = None;
        for id in self.store.due_groups(now).await? {
            // One group that cannot be minded keeps nobody else's waiting.
            match self.drop_refused(id, now).await {
                Ok(dropped) => count += u64::from(dropped),
                Err(error) => failed = failed.or(Some(error)),
            }
            match self.tidy_group(id, now).await {
                Ok(tidied) => count += tidied,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let known = self.known_keys().await?;
        for account in self.groups.newly_ended(&known, now) {
            match self.tidy_groups_of(account, now).await {
                Ok(tidied) => count += tidied,
                Err(error) => {
                    self.groups.ended_again(account);
                    failed = failed.or(Some(error));
                }
            }
        }
        failed.map_or(Ok(count), Err)
    }

    /// What was left undone where an account was closed or somebody went: looks at every leaf. Gives how many are proposed.
    pub(crate) async fn sweep_groups(self: &Arc<Self>, now: Timestamp) -> Outcome<u64> {
        let mut count = 0;
        for id in self.store.groups_to_tidy().await? {
            count += self.tidy_group(id, now).await?;
        }
        Ok(count)
    }

    /// Drops a provisional chain whose refusal has waited long enough.
    async fn drop_refused(self: &Arc<Self>, id: ConversationId, now: Timestamp) -> Outcome<bool> {
        for _ in 0..TRIES {
            let Some(conversation) = self.store.conversation(id).await? else { return Ok(false) };
            let Some(row) = self.store.group(id).await? else { return Ok(false) };
            if row.rules_version != conversation.rules_version {
                continue;
            }
            let dropped = state::blocking(move || {
                let mut follower = Follower::open(&row.state, row.since)?;
                let rows = state::rows(&follower)?;
                let outcomes = follower.tick(now)?;
                if outcomes.is_empty() {
                    return Ok(None);
                }
                let mut change = state::change(&rows, &follower, Since::At(follower.since()))?;
                change.forget_after = Some(follower.since());
                Ok(Some((outcomes, change)))
            })
            .await?;
            let Some((outcomes, change)) = dropped else { return Ok(false) };
            let mut draft = Draft::default();
            self.add_outcomes(&mut draft, &conversation, outcomes, now)?;
            let append = draft.append(&conversation, Some(change));
            match self.append(append, draft.sealings).await {
                Ok(_) => return Ok(true),
                Err(other) => self.unless_conflict(id, other)?,
            }
        }
        Err(Failure::from(Reason::Conflict))
    }

    /// Forgets Welcomes that nobody took for 30 days. Gives how many.
    pub(crate) async fn tidy_welcomes(&self, now: Timestamp) -> Outcome<u64> {
        Ok(self.store.drop_welcomes_before(now.plus_millis(-WELCOME_LIFE)).await?)
    }
}
