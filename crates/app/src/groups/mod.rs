//! Groups of sealed conversations, as far as the server carries them: it follows their public state, never their secrets.
//!
//! The followed state is kept in the transaction of the entries that changed it, conditional on `rules_version`, which every
//! change raises: two nodes never make two groups of one. Reading order: [`state`] (the follower and what is kept of it),
//! [`commits`] (commits and statements), [`content`] (what may be written), [`removals`] (what the server itself does),
//! [`welcomes`].

mod commits;
mod content;
mod removals;
mod state;
mod welcomes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use rempart_base::{AccountId, ClientId, ConversationId, DeviceId, Timestamp};
use rempart_domain::actor::{Ctx, SignedIn};
use rempart_domain::conversation::{Conversation, MemberRole, Membership, Protection};
use rempart_domain::journal::{EntryKind, Sender};
use rempart_domain::refusal::{Reason, Refusal};
use rempart_domain::role::Scope;
use rempart_group_policy::{MAX_PEOPLE, Rank};
use rempart_key_log::KeyLog;
use rempart_mls_delivery::{Conversation as Rules, Follower};
use rempart_ports::store::{Append, Since};

pub use commits::{Committed, PostCommit};
pub(crate) use content::Passed;
pub use rempart_ports::store::{LeafRow, WelcomeRow};
pub(crate) use state::Groups;

use crate::App;
use crate::error::{Failure, Outcome};
use crate::messages::{Draft, Place};

const _: () = assert!(MAX_PEOPLE == rempart_base::limits::SEALED_MEMBERS, "one limit, two crates");
const _: () = assert!(rempart_mls_delivery::MAX_HANDSHAKE == rempart_base::limits::HANDSHAKE, "one limit, two crates");

/// Times that a decision is made anew when the conversation changed meanwhile.
const TRIES: usize = 3;

/// A group as the server follows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupView {
    /// The group; absent while nobody has started one.
    pub group: Option<Named>,
    /// The entry that began the epoch.
    pub since: u64,
    /// The devices in it.
    pub leaves: Vec<LeafRow>,
}

/// A group's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The group's.
    pub group: [u8; 16],
    /// The epoch's number.
    pub epoch: u64,
    /// The epoch's name.
    pub epoch_ref: [u8; 32],
    /// The name of the newest epoch that is final.
    pub final_ref: [u8; 32],
}

/// Who is in a conversation, as a group's rules take it: open accounts only.
pub(crate) struct Entitled(BTreeMap<AccountId, Rank>);

impl Entitled {
    pub(crate) fn rules<'a>(&'a self, known: &'a KeyLog) -> Rules<'a> {
        // Nothing is recorded yet: no archive policy is certified.
        Rules { directory: known, entitled: &self.0, certified: &|_| false }
    }

    pub(crate) fn contains(&self, account: AccountId) -> bool {
        self.0.contains_key(&account)
    }
}

/// The place in a sealed conversation.
pub(crate) fn sealed(place: &Place) -> Result<(), Refusal> {
    if place.conversation.protection == Protection::Sealed { Ok(()) } else { Err(Reason::GroupNone.into()) }
}

/// Whether a device is in the key log, and its account's.
pub(crate) fn is_enrolled(known: &KeyLog, who: &SignedIn, now: Timestamp) -> bool {
    known.device(who.device).is_some_and(|(account, keys)| account == who.account && keys.is_live(now))
}

/// Those who have no live device in the key log.
pub(crate) fn without_keys(known: &KeyLog, accounts: &[AccountId], now: Timestamp) -> Vec<AccountId> {
    accounts.iter().copied().filter(|account| known.live(*account, now).next().is_none()).collect()
}

impl App {
    /// A group's public state, for the conversation's members.
    ///
    /// # Errors
    /// `conversation_unknown`, `group_none`.
    pub async fn group(&self, ctx: &Ctx, conversation: ConversationId) -> Outcome<GroupView> {
        let who = ctx.ready(Scope::Read)?;
        let place = self.place(conversation, who.account, true).await?;
        sealed(&place)?;
        match self.store.group(conversation).await? {
            None => Ok(GroupView::default()),
            Some(row) => state::blocking(move || view(&Follower::open(&row.state, row.since)?)).await,
        }
    }

    /// Starts the group of a sealed conversation with the caller's device alone in it. Where there is one with no device that could
    /// still commit, the new one takes its place.
    ///
    /// # Errors
    /// `conversation_unknown`, `group_none`, `device_not_enrolled`, `group_started`, `group_message_invalid`, `group_identity`,
    /// `group_not_the_sender`, `group_archive_uncertified`, `conflict`.
    pub async fn start_group(
        self: &Arc<Self>,
        ctx: &Ctx,
        conversation: ConversationId,
        client_id: ClientId,
        info: Bytes,
    ) -> Outcome<GroupView> {
        let who = ctx.ready(Scope::Post)?;
        for _ in 0..TRIES {
            let place = self.place(conversation, who.account, true).await?;
            sealed(&place)?;
            let known = self.known_keys().await?;
            if !is_enrolled(&known, who, ctx.now) {
                return Err(Reason::DeviceNotEnrolled.into());
            }
            let before = self.store.group(conversation).await?;
            if before.as_ref().is_some_and(|row| row.rules_version != place.conversation.rules_version) {
                continue;
            }
            let entitled = self.entitled(conversation).await?;
            let (device, now, info, server) = (who.device, ctx.now, info.clone(), self.keys.delivery_public());
            let started = state::blocking(move || {
                let started = Follower::start(&info, device, &server, &entitled.rules(&known), now)?;
                if !state::all_known(&started, &BTreeSet::new(), &known, now) {
                    return Err(Reason::GroupIdentity.into());
                }
                let Some(row) = before else { return Ok((started, state::Rows::default(), None)) };
                let there = Follower::open(&row.state, row.since)?;
                let again = there.name()? == started.name()? && there.leaves().index(device).is_some();
                if again {
                    return Ok((started, state::Rows::default(), Some(view(&there)?)));
                }
                let rows = state::rows(&there)?;
                if rows.values().any(|leaf| !leaf.leaving) {
                    Err(Reason::GroupStarted.into())
                } else {
                    Ok((started, rows, None))
                }
            })
            .await?;
            let (started, rows, again) = started;
            if let Some(again) = again {
                return Ok(again);
            }
            let mut shown = view(&started)?;
            let epoch = started.finality().head();
            let content = rempart_content::Group::Started {
                by: who.account,
                device: who.device,
                group: started.name().map_err(state::refused)?.0,
                epoch: rempart_content::Epoch(epoch.0),
            };
            let mut draft = Draft::default();
            let envelope = self.said(&place.conversation, EntryKind::Group, Some(epoch.0), ctx.now);
            let envelope = rempart_domain::journal::Envelope { client_id, ..envelope };
            draft.add(self, &place.conversation, envelope, rempart_content::encode::group(&content).into())?;
            let mut change = state::change(&rows, &started, Since::Entry(0))?;
            change.forget_after = Some(0);
            let append = draft.append(&place.conversation, Some(change));
            match self.append(append, draft.sealings).await {
                Ok((appended, _)) => {
                    shown.since = appended.rows.first().map_or(0, |row| row.seq);
                    return Ok(shown);
                }
                Err(other) => self.unless_conflict(conversation, other)?,
            }
        }
        Err(Reason::Conflict.into())
    }

    /// Open accounts in a conversation, with their ranks.
    pub(crate) async fn entitled(&self, conversation: ConversationId) -> Outcome<Entitled> {
        let members = self.store.members(conversation).await?;
        let ids: Vec<AccountId> = members.iter().map(|m| m.account).collect();
        let open: BTreeSet<AccountId> =
            self.store.accounts(&ids).await?.into_iter().filter(|a| a.active).map(|a| a.id).collect();
        let rank = |member: &Membership| match member.role {
            MemberRole::Owner => Rank::Owner,
            MemberRole::Moderator => Rank::Moderator,
            MemberRole::Member => Rank::Member,
            MemberRole::Reader => Rank::Reader,
        };
        Ok(Entitled(members.iter().filter(|m| open.contains(&m.account)).map(|m| (m.account, rank(m))).collect()))
    }

    /// Goes on after a conflict, having forgotten what was believed of the conversation.
    pub(crate) fn unless_conflict(&self, conversation: ConversationId, failure: Failure) -> Outcome<()> {
        match failure {
            Failure::Refused(refusal) if refusal.reason == Reason::Conflict => {
                self.forget_places(conversation);
                Ok(())
            }
            other => Err(other),
        }
    }

    /// The envelope of what the server says in a conversation.
    pub(crate) fn said(
        &self,
        conversation: &Conversation,
        kind: EntryKind,
        epoch: Option<[u8; 32]>,
        now: Timestamp,
    ) -> rempart_domain::journal::Envelope {
        rempart_domain::journal::Envelope {
            conversation: conversation.id,
            kind,
            sender: Sender::Server,
            client_id: self.new_id(ClientId::from_bytes),
            time: now,
            refers_to: 0,
            blobs: Vec::new(),
            epoch,
        }
    }
}

impl Draft {
    /// The append of everything drafted, decided on the conversation as it was.
    pub(crate) fn append(
        &mut self,
        conversation: &Conversation,
        group: Option<rempart_ports::store::GroupChange>,
    ) -> Append {
        Append {
            conversation: conversation.id,
            rules_version: conversation.rules_version,
            founded: None,
            entries: std::mem::take(&mut self.entries),
            changes: Vec::new(),
            erase: None,
            group,
        }
    }
}

fn view(follower: &Follower) -> Outcome<GroupView> {
    let named = Named {
        group: follower.name().map_err(state::refused)?.0,
        epoch: follower.epoch(),
        epoch_ref: follower.finality().head().0,
        final_ref: follower.finality().last().0,
    };
    let leaves = state::rows(follower)?.into_values().collect();
    Ok(GroupView { group: Some(named), since: follower.since(), leaves })
}

/// Devices of accounts among rows.
pub(crate) fn devices_of(rows: &state::Rows, accounts: &[AccountId]) -> Vec<DeviceId> {
    rows.values().filter(|leaf| !leaf.leaving && accounts.contains(&leaf.account)).map(|leaf| leaf.device).collect()
}

#[cfg(test)]
mod tests {
    use rempart_domain::refusal::Reason;

    #[test]
    fn each_refusal_of_policy_has_its_reason_word_for_word() {
        for refusal in rempart_group_policy::Refusal::ALL {
            let reason = Reason::from_code(refusal.code()).unwrap();
            assert_eq!(reason.to_string(), refusal.to_string());
        }
    }
}
