//! Making conversations and changing who is in them.

use std::sync::Arc;

use bytes::Bytes;
use rempart_base::{AccountId, ClientId, ConversationId};
use rempart_content::Content;
use rempart_domain::actor::{Ctx, SignedIn};
use rempart_domain::conversation::{self, Change, Conversation, Kind, MemberRole, Membership, Protection};
use rempart_domain::journal::{EntryKind, Sender};
use rempart_domain::refusal::{Reason, Refusal};
use rempart_domain::role::{Action, Scope};
use rempart_ports::store::{Founded, Range, StoreError};

pub use rempart_ports::store::ConversationView;

use crate::App;
use crate::error::{Failure, Outcome};
use crate::feed::Signal;
use crate::groups;
use crate::messages::{Draft, Place, exists};

/// Times that a decision is made anew when the conversation changed meanwhile.
const TRIES: usize = 3;

/// A conversation to be made.
#[derive(Clone, Debug)]
pub struct NewConversation {
    /// Makes retries idempotent.
    pub client_id: ClientId,
    /// What kind.
    pub kind: Kind,
    /// Who can read; absent: what policy says.
    pub protection: Option<Protection>,
    /// The others.
    pub members: Vec<AccountId>,
    /// A `details` content, to be the second entry.
    pub details: Option<Bytes>,
}

/// A conversation as one member sees it, with what the server can read of its details.
#[derive(Clone, Debug)]
pub struct View {
    /// The conversation and the member's place in it.
    pub of: ConversationView,
    /// Its newest details content, where the server can read it: whoever came later than that entry could not.
    pub details: Option<Bytes>,
}

/// A channel that one may join.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The channel.
    pub conversation: Conversation,
    /// Whether one is a member.
    pub joined: bool,
    /// Its newest details content, where the server can read it.
    pub details: Option<Bytes>,
}

impl App {
    /// Makes a conversation; for `direct` gives the one that the pair has.
    ///
    /// # Errors
    /// Refusals of [`conversation::found`], `content_invalid`; where it is to be sealed `device_not_enrolled`, `devices_missing`.
    pub async fn create_conversation(self: &Arc<Self>, ctx: &Ctx, new: NewConversation) -> Outcome<View> {
        let who = ctx.ready(Scope::Post)?;
        let others = self.openness(&new.members).await?;
        let known = self.known_keys().await?;
        let lacking = groups::without_keys(&known, &[&[who.account], new.members.as_slice()].concat(), ctx.now);
        let enrolled = groups::is_enrolled(&known, who, ctx.now);
        // What nobody asked for is sealed where everybody has keys: but a title given in the clear asks for a reader of it.
        let by_default = new.kind != Kind::Channel && new.details.is_none() && enrolled && lacking.is_empty();
        let protection = new.protection.or(by_default.then_some(Protection::Sealed));
        let founding =
            conversation::found((who.account, who.role), new.kind, protection, &others, new.details.is_some())?;
        if founding.protection == Protection::Sealed {
            if !enrolled {
                return Err(Reason::DeviceNotEnrolled.into());
            }
            if !lacking.is_empty() {
                return Err(Refusal::about(Reason::DevicesMissing, "members", &lacking).into());
            }
        }
        if let Some(details) = &new.details
            && !matches!(rempart_content::decode(details), Ok(Content::Details(_)))
        {
            return Err(Refusal::field(Reason::ContentInvalid, "details").into());
        }
        let pair = match (new.kind, new.members.first()) {
            (Kind::Direct, Some(other)) => Some((who.account, *other)),
            (Kind::Direct | Kind::Group | Kind::Channel, _) => None,
        };
        if let Some(pair) = pair
            && let Some(id) = self.store.direct(pair, founding.protection).await?
        {
            return self.view(who.account, id).await;
        }
        if let Some(row) = self.store.find(who.device, new.client_id).await? {
            return self.view(who.account, row.envelope.conversation).await;
        }
        let id = self.new_id(ConversationId::from_bytes);
        let (_, wrapped_key) = self.new_data_key(id.as_bytes())?;
        let state = Conversation {
            id,
            kind: new.kind,
            protection: founding.protection,
            rules_version: 1,
            last_seq: 0,
            last_time: None,
            members: 0,
            wrapped_key,
            details_seq: 0,
            created: ctx.now,
        };
        let changes: Vec<Change> = founding.members.iter().map(|(a, r)| Change::Add(*a, *r)).collect();
        // The founder's own client id stands on the last entry, so that a retry finds the conversation.
        let mut contents: Vec<_> =
            memberships(who.account, &changes).into_iter().map(|c| (EntryKind::Membership, c, false)).collect();
        contents.extend(new.details.map(|d| (EntryKind::Content, d, true)));
        let named = contents.len().saturating_sub(1);
        let mut draft = Draft::default();
        for (at, (kind, content, details)) in contents.into_iter().enumerate() {
            let mut envelope = self.said(&state, kind, None, ctx.now);
            if at == named {
                envelope.client_id = new.client_id;
                envelope.sender = Sender::Device(who.account, who.device);
            }
            draft.add_details(self, &state, envelope, content, details)?;
        }
        let mut append = draft.append(&state, None);
        append.changes = changes;
        append.founded = Some(Founded { conversation: state, pair });
        match self.append(append, draft.sealings).await {
            Ok((appended, _)) => {
                let id = appended.rows.first().map_or(id, |r| r.envelope.conversation);
                self.view(who.account, id).await
            }
            Err(Failure::Fault(crate::error::Fault::Store(error))) if exists(&error, "direct") => {
                let pair = pair.ok_or(Reason::Conflict)?;
                let id = self.store.direct(pair, founding.protection).await?.ok_or(Reason::Conflict)?;
                self.view(who.account, id).await
            }
            Err(other) => Err(other),
        }
    }

    /// One's own conversations, newest entry first.
    ///
    /// # Errors
    /// `not_signed_in` and duties.
    pub async fn conversations(&self, ctx: &Ctx) -> Outcome<Vec<View>> {
        let who = ctx.ready(Scope::Read)?;
        self.views(who.account).await
    }

    /// One of one's own conversations.
    ///
    /// # Errors
    /// `conversation_unknown`.
    pub async fn conversation(&self, ctx: &Ctx, id: ConversationId) -> Outcome<View> {
        let who = ctx.ready(Scope::Read)?;
        self.view(who.account, id).await
    }

    /// Members of a conversation, in the order they joined.
    ///
    /// # Errors
    /// `conversation_unknown`.
    pub async fn members(&self, ctx: &Ctx, id: ConversationId) -> Outcome<Vec<Membership>> {
        let who = ctx.ready(Scope::Read)?;
        self.place(id, who.account, true).await?;
        Ok(self.store.members(id).await?)
    }

    /// Adds people to a group or channel.
    ///
    /// # Errors
    /// Refusals of [`conversation::add`], `conversation_unknown`; `devices_missing` where it is sealed.
    pub async fn add_members(self: &Arc<Self>, ctx: &Ctx, id: ConversationId, accounts: &[AccountId]) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        let known = self.known_keys().await?;
        let lacking = groups::without_keys(&known, accounts, ctx.now);
        let accounts = self.openness(accounts).await?;
        self.change(ctx, who, id, |place, members| {
            let present = |a| members.iter().any(|m| m.account == a);
            let changes = conversation::add(&place.conversation, &place.member, &accounts, present)?;
            if place.conversation.protection == Protection::Sealed && !lacking.is_empty() {
                return Err(Refusal::about(Reason::DevicesMissing, "accounts", &lacking));
            }
            Ok(changes)
        })
        .await
    }

    /// Removes somebody, or leaves.
    ///
    /// # Errors
    /// Refusals of [`conversation::remove`], `conversation_unknown`, `not_a_member`.
    pub async fn remove_member(self: &Arc<Self>, ctx: &Ctx, id: ConversationId, account: AccountId) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        self.change(ctx, who, id, |place, members| {
            conversation::remove(&place.conversation, &place.member, member(members, account)?, owners(members))
        })
        .await
    }

    /// Leaves a group or channel.
    ///
    /// # Errors
    /// Refusals of [`conversation::remove`], `conversation_unknown`.
    pub async fn leave(self: &Arc<Self>, ctx: &Ctx, id: ConversationId) -> Outcome<()> {
        let account = ctx.ready(Scope::Post)?.account;
        self.remove_member(ctx, id, account).await
    }

    /// Changes somebody's role in a conversation.
    ///
    /// # Errors
    /// Refusals of [`conversation::set_role`], `conversation_unknown`, `not_a_member`.
    pub async fn set_member_role(
        self: &Arc<Self>,
        ctx: &Ctx,
        id: ConversationId,
        account: AccountId,
        role: MemberRole,
    ) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        self.change(ctx, who, id, |place, members| {
            let whom = member(members, account)?;
            conversation::set_role(&place.conversation, &place.member, whom, role, owners(members))
        })
        .await
    }

    /// Silences or pins a conversation for oneself.
    ///
    /// # Errors
    /// `conversation_unknown`.
    pub async fn mute(&self, ctx: &Ctx, id: ConversationId, muted: Option<bool>, pinned: Option<bool>) -> Outcome<()> {
        let who = ctx.ready(Scope::Read)?;
        let place = self.place(id, who.account, true).await?;
        let muted = muted.unwrap_or(place.member.muted);
        let pinned = pinned.unwrap_or(place.member.pinned);
        match self.store.set_muted_pinned(id, who.account, muted, pinned, ctx.now).await {
            Ok(_) => {}
            Err(StoreError::Missing(_)) => return Err(Reason::ConversationUnknown.into()),
            Err(other) => return Err(other.into()),
        }
        self.ring(Signal::Account(who.account));
        Ok(())
    }

    /// Channels that one may join.
    ///
    /// # Errors
    /// `not_allowed` to guests.
    pub async fn channels(&self, ctx: &Ctx) -> Outcome<Vec<Channel>> {
        let who = ctx.ready(Scope::Read)?;
        if !who.role.allows(Action::ChannelJoin) {
            return Err(Reason::NotAllowed.into());
        }
        let mut channels = Vec::new();
        for (conversation, joined) in self.store.channels(who.account).await? {
            let details = self.newest_details(&conversation).await?;
            channels.push(Channel { conversation, joined, details });
        }
        Ok(channels)
    }

    /// Joins a channel.
    ///
    /// # Errors
    /// Refusals of [`conversation::join`].
    pub async fn join(self: &Arc<Self>, ctx: &Ctx, id: ConversationId) -> Outcome<View> {
        let who = ctx.ready(Scope::Post)?;
        for _ in 0..TRIES {
            let Some(state) = self.store.conversation(id).await? else {
                return Err(Reason::ConversationUnknown.into());
            };
            let changes = conversation::join(&state, who.account, who.role)?;
            if self.store.membership(id, who.account).await?.is_some() {
                return self.view(who.account, id).await;
            }
            match self.append_changes(ctx, who, &state, changes).await {
                Ok(()) => return self.view(who.account, id).await,
                Err(Failure::Refused(refusal)) if refusal.reason == Reason::Conflict => {}
                Err(other) => return Err(other),
            }
        }
        Err(Reason::Conflict.into())
    }

    pub(crate) async fn view(&self, account: AccountId, id: ConversationId) -> Outcome<View> {
        let of = self.store.views(account, Some(id)).await?.pop().ok_or(Reason::ConversationUnknown)?;
        Ok(View { details: self.newest_details(&of.conversation).await?, of })
    }

    pub(crate) async fn views(&self, account: AccountId) -> Outcome<Vec<View>> {
        let mut views = Vec::new();
        for of in self.store.views(account, None).await? {
            views.push(View { details: self.newest_details(&of.conversation).await?, of });
        }
        Ok(views)
    }

    /// The newest details content of a conversation, where the server can read it.
    async fn newest_details(&self, conversation: &Conversation) -> Outcome<Option<Bytes>> {
        let Some(before) = conversation.details_seq.checked_sub(1) else { return Ok(None) };
        if let Some(known) = self.journals.known_details(conversation.id, conversation.details_seq) {
            return Ok(Some(known));
        }
        let row = self.store.read(conversation.id, Range::After(before), 1).await?.into_iter().next();
        let Some(row) = row.filter(|r| r.seq == conversation.details_seq) else { return Ok(None) };
        let details = crate::messages::Entry::open(row, &*self.conversation_key(conversation)?)?.content;
        if let Some(details) = &details {
            self.journals.keep_details(conversation.id, conversation.details_seq, details.clone());
        }
        Ok(details)
    }

    /// Each account with whether it is open; unknown ones are not.
    async fn openness(&self, accounts: &[AccountId]) -> Outcome<Vec<(AccountId, bool)>> {
        let known = self.store.accounts(accounts).await?;
        Ok(accounts.iter().map(|id| (*id, known.iter().any(|a| a.id == *id && a.active))).collect())
    }

    async fn change(
        self: &Arc<Self>,
        ctx: &Ctx,
        who: &SignedIn,
        id: ConversationId,
        decide: impl Fn(&Place, &[Membership]) -> Result<Vec<Change>, Refusal>,
    ) -> Outcome<()> {
        for _ in 0..TRIES {
            let place = self.place(id, who.account, true).await?;
            let members = self.store.members(id).await?;
            let changes = decide(&place, &members)?;
            match self.append_changes(ctx, who, &place.conversation, changes).await {
                Err(Failure::Refused(refusal)) if refusal.reason == Reason::Conflict => {}
                other => return other,
            }
        }
        Err(Reason::Conflict.into())
    }

    async fn append_changes(
        self: &Arc<Self>,
        ctx: &Ctx,
        who: &SignedIn,
        state: &Conversation,
        changes: Vec<Change>,
    ) -> Outcome<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut draft = Draft::default();
        for content in memberships(who.account, &changes) {
            draft.add(self, state, self.said(state, EntryKind::Membership, None, ctx.now), content)?;
        }
        let leaving = |change: &Change| if let Change::Remove(account) = change { Some(*account) } else { None };
        let leaving: Vec<AccountId> = changes.iter().filter_map(leaving).collect();
        // Whoever goes out loses the keys with the next commit, and nothing is written before that.
        let group = if leaving.is_empty() || state.protection == Protection::Open {
            None
        } else {
            self.expel(&mut draft, state, leaving, ctx.now).await?
        };
        let mut append = draft.append(state, group);
        append.changes = changes;
        self.append(append, draft.sealings).await.map(|_| ())
    }
}

/// The contents that say a change, as many as it takes.
fn memberships(by: AccountId, changes: &[Change]) -> Vec<Bytes> {
    let role = |role: MemberRole| match role {
        MemberRole::Owner => rempart_content::Role::Owner,
        MemberRole::Moderator => rempart_content::Role::Moderator,
        MemberRole::Member => rempart_content::Role::Member,
        MemberRole::Reader => rempart_content::Role::Reader,
    };
    let mut membership =
        rempart_content::Membership { by: Some(by), added: Vec::new(), removed: Vec::new(), roles: Vec::new() };
    for change in changes {
        match change {
            Change::Add(account, r) => membership.added.push((*account, role(*r))),
            Change::Remove(account) => membership.removed.push(*account),
            Change::Role(account, r) => membership.roles.push((*account, role(*r))),
        }
    }
    rempart_content::encode::membership(&membership).into_iter().map(Bytes::from).collect()
}

fn member(members: &[Membership], account: AccountId) -> Result<&Membership, Refusal> {
    members.iter().find(|m| m.account == account).ok_or(Refusal::field(Reason::NotAMember, "account"))
}

fn owners(members: &[Membership]) -> u32 {
    u32::try_from(members.iter().filter(|m| m.role == MemberRole::Owner).count()).unwrap_or(u32::MAX)
}
