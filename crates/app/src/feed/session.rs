//! One session's reading of everything it may see.

use std::collections::HashMap;
use std::sync::Arc;

use rempart_base::{AccountId, ConversationId, limits};
use rempart_content::Content;
use rempart_domain::actor::Ctx;
use rempart_domain::journal::EntryKind;
use rempart_domain::presence::Presence;
use rempart_domain::refusal::Reason;
use rempart_domain::role::{Action, Role, Scope};
use rempart_ports::bus::Topic;
use rempart_ports::store::{AccountChange, AccountRow, MemberMark};

use super::Mailbox;
use super::mailbox::{Dirty, Holder};
use crate::App;
use crate::conversations::View;
use crate::error::{Failure, Outcome};
use crate::messages::Entry;

/// Why a feed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The session or account ended.
    SignedOut,
    /// The node stops, or the account has another role; come again.
    Restart,
}

/// Something for the client.
#[derive(Clone, Debug)]
pub enum Event {
    /// Entries of a conversation, in order, following those given before.
    Entries(ConversationId, Vec<Arc<Entry>>),
    /// An entry of the account's own journal.
    Account(AccountRow),
    /// A conversation that the account belongs to now, or whose settings changed.
    Conversation(Box<View>),
    /// Marks that rose in a conversation.
    Marks(ConversationId, Vec<MemberMark>),
    /// Somebody's presence.
    Presence(AccountId, Presence),
    /// Somebody writes, or stopped.
    Typing(ConversationId, AccountId, bool),
    /// The feed ends.
    Closed(Closed),
}

/// Where the server stands when a feed opens.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The last number of the account's journal.
    pub account_seq: u64,
    /// Every conversation of the account.
    pub conversations: Vec<View>,
    /// Presence of those who are not offline.
    pub presence: Vec<(AccountId, Presence)>,
}

/// What became dirty, taken from the mailbox and not read yet.
#[derive(Debug)]
#[must_use]
pub struct Pending(Dirty);

/// One session's place in everything.
pub struct FeedSession {
    app: Arc<App>,
    mailbox: Arc<Mailbox>,
    number: u64,
    account: AccountId,
    account_seq: u64,
    cursors: HashMap<ConversationId, u64>,
    sees_everybody: bool,
}

impl App {
    /// Opens a feed. Everything after the opening comes by [`FeedSession::next`]; nothing falls between.
    ///
    /// # Errors
    /// `not_signed_in` and duties; `scope_missing`.
    pub async fn open_feed(self: &Arc<Self>, ctx: &Ctx) -> Outcome<(Opening, FeedSession)> {
        let who = ctx.ready(Scope::Read)?;
        let mailbox = Arc::new(Mailbox::new(who.account, Holder::from(&who.by)));
        let number = self.feed.add(Arc::clone(&mailbox));
        let mut feed = FeedSession {
            app: Arc::clone(self),
            mailbox,
            number,
            account: who.account,
            account_seq: 0,
            cursors: HashMap::new(),
            sees_everybody: sees_everybody(who.role),
        };
        // First hear, then look: what happens in between rings.
        self.subscription().await?.watch(Topic::Account(who.account)).await?;
        for view in self.store.views(who.account, None).await? {
            feed.hear(view.conversation.id).await?;
        }
        let (_, account_seq) = self.store.read_account(who.account, u64::MAX >> 1, 1).await?;
        let conversations = self.views(who.account).await?;
        for view in &conversations {
            let conversation = &view.of.conversation;
            if !feed.cursors.contains_key(&conversation.id) {
                feed.hear(conversation.id).await?;
            }
            feed.cursors.insert(conversation.id, conversation.last_seq);
        }
        feed.account_seq = account_seq;
        let visible = feed.visible_to_guest().await?;
        let presence = self
            .presence
            .all(self.now())
            .into_iter()
            .filter(|(account, _)| visible.as_ref().is_none_or(|v| v.contains(account)))
            .collect();
        self.presence_connected(who.account, number);
        Ok((Opening { account_seq, conversations, presence }, feed))
    }
}

fn sees_everybody(role: Role) -> bool {
    role.allows(Action::PeopleSee)
}

/// Whether an entry, written by the server, says that an account is no longer a member.
fn removes(entry: &Entry, account: AccountId) -> bool {
    if entry.envelope.kind != EntryKind::Membership {
        return false;
    }
    let content = entry.content.as_deref().map(rempart_content::decode);
    matches!(content, Some(Ok(Content::Membership(change))) if change.removed.contains(&account))
}

impl FeedSession {
    /// Number of this feed on its node, for presence.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    async fn hear(&mut self, conversation: ConversationId) -> Outcome<()> {
        if self.app.feed.enter(self.number, conversation) {
            self.app.subscription().await?.watch(Topic::Conversation(conversation)).await?;
        }
        self.cursors.entry(conversation).or_insert(0);
        Ok(())
    }

    async fn unhear(&mut self, conversation: ConversationId) -> Outcome<()> {
        self.cursors.remove(&conversation);
        if self.app.feed.leave(self.number, conversation) {
            self.app.subscription().await?.unwatch(Topic::Conversation(conversation)).await;
        }
        Ok(())
    }

    async fn visible_to_guest(&self) -> Outcome<Option<Vec<AccountId>>> {
        if self.sees_everybody {
            return Ok(None);
        }
        let mut contacts = self.app.store.contacts(self.account).await?;
        contacts.push(self.account);
        Ok(Some(contacts))
    }

    /// Compares everything with the store: after lost rings, and now and then without.
    pub fn sweep(&self) {
        self.mailbox.gap();
    }

    /// Tells whether the person is at this device.
    pub fn set_active(&self, active: bool) {
        self.app.presence_active(self.account, self.number, active);
    }

    /// Waits until there is something to read. May be cancelled: nothing is taken before it ends.
    pub async fn ready(&self) -> Pending {
        Pending(self.mailbox.take().await)
    }

    /// Reads what became dirty into `events`. Must not be cancelled: what is pending would wait for the next sweep. On an
    /// error `events` holds what was read before it, and the rest is pending again.
    ///
    /// # Errors
    /// Faults of the store; `too_many_requests` where it has too much to do.
    pub async fn read(&mut self, pending: Pending, events: &mut Vec<Event>) -> Outcome<()> {
        let outcome = self.read_dirty(&pending.0, events).await;
        if outcome.is_err() {
            self.mailbox.again(pending.0);
        }
        outcome
    }

    async fn read_dirty(&mut self, dirty: &Dirty, events: &mut Vec<Event>) -> Outcome<()> {
        if let Some(why) = dirty.closed {
            events.push(Event::Closed(why));
            return Ok(());
        }
        if dirty.account || dirty.gap {
            self.read_account(events).await?;
        }
        let mut heads = dirty.conversations.clone();
        if dirty.gap {
            for view in self.app.store.views(self.account, None).await? {
                heads.insert(view.conversation.id, view.conversation.last_seq);
            }
        }
        for (conversation, head) in heads {
            self.read_conversation(conversation, head, events).await?;
        }
        let mut marks: HashMap<ConversationId, Vec<MemberMark>> = HashMap::new();
        for ((conversation, _), mark) in &dirty.marks {
            if self.cursors.contains_key(conversation) {
                marks.entry(*conversation).or_default().push(*mark);
            }
        }
        events.extend(marks.into_iter().map(|(conversation, rows)| Event::Marks(conversation, rows)));
        if !dirty.presence.is_empty() {
            let visible = self.visible_to_guest().await?;
            for account in dirty.presence.iter().copied() {
                if visible.as_ref().is_none_or(|v| v.contains(&account)) {
                    events.push(Event::Presence(account, self.app.presence.of(account, self.app.now())));
                }
            }
        }
        for (conversation, account, typing) in dirty.typing.iter().copied() {
            if self.cursors.contains_key(&conversation) {
                events.push(Event::Typing(conversation, account, typing));
            }
        }
        Ok(())
    }

    async fn read_conversation(
        &mut self,
        conversation: ConversationId,
        head: u64,
        events: &mut Vec<Event>,
    ) -> Outcome<()> {
        let Some(mut cursor) = self.cursors.get(&conversation).copied() else { return Ok(()) };
        while cursor < head {
            let mut entries = self.app.entries_after(conversation, cursor, head).await?;
            // Rings of different topics keep no order between nodes, the journal does: what stands after one's own
            // removal is not given.
            if let Some(at) = entries.iter().position(|entry| removes(entry, self.account)) {
                entries.truncate(at + 1);
                events.push(Event::Entries(conversation, entries));
                return self.unhear(conversation).await;
            }
            let Some(last) = entries.last() else { break };
            cursor = last.seq;
            events.push(Event::Entries(conversation, entries));
            // At once: what was given is not given again where the next page fails.
            self.cursors.insert(conversation, cursor);
        }
        Ok(())
    }

    async fn read_account(&mut self, events: &mut Vec<Event>) -> Outcome<()> {
        loop {
            let (rows, _) = self.app.store.read_account(self.account, self.account_seq, limits::PAGE).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let (seq, change, given) = (row.seq, row.change, events.len());
                events.push(Event::Account(row));
                if let AccountChange::Membership(conversation, member) = change
                    && let Err(failure) = self.membership(conversation, member, events).await
                {
                    events.truncate(given);
                    return Err(failure);
                }
                self.account_seq = seq;
            }
        }
    }

    async fn membership(&mut self, conversation: ConversationId, member: bool, events: &mut Vec<Event>) -> Outcome<()> {
        if !member {
            return self.unhear(conversation).await;
        }
        let known = self.cursors.contains_key(&conversation);
        if !known {
            self.hear(conversation).await?;
        }
        match self.app.view(self.account, conversation).await {
            Err(Failure::Refused(refused)) if refused.reason != Reason::TooManyRequests => {
                self.unhear(conversation).await
            }
            Err(fault) => {
                if !known {
                    // Heard, but not from where on: the next try says it.
                    self.cursors.remove(&conversation);
                }
                Err(fault)
            }
            Ok(view) => {
                if !known {
                    self.cursors.insert(conversation, view.of.conversation.last_seq);
                }
                events.push(Event::Conversation(Box::new(view)));
                Ok(())
            }
        }
    }
}

impl Drop for FeedSession {
    fn drop(&mut self) {
        let silent = self.app.feed.remove(self.number, self.cursors.keys().copied());
        self.app.presence_disconnected(self.account, self.number);
        if !silent.is_empty()
            && let Some(subscription) = self.app.feed.subscription.get().cloned()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let app = Arc::clone(&self.app);
            runtime.spawn(async move {
                for topic in silent {
                    if app.feed.hears(topic) {
                        continue;
                    }
                    subscription.unwatch(topic).await;
                    // Somebody may have come in meanwhile.
                    if app.feed.hears(topic) && subscription.watch(topic).await.is_err() {
                        app.feed.everybody(Mailbox::gap);
                    }
                }
            });
        }
    }
}
