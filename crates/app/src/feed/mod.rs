//! The feed: every connected session has a mailbox of what became dirty; the doorbell marks, the session reads the truth
//! from its own cursor. A lost ring costs latency, never an entry.
//!
//! [`signal`] is what rings between nodes, [`mailbox`] what a session waits on, [`session`] the reading.

mod mailbox;
mod session;
mod signal;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use rempart_base::{AccountId, ConversationId};
use rempart_ports::bus::{Ring, Subscription, Topic};
use rempart_ports::store::{Marks, MemberMark};
use tokio::sync::{OnceCell, watch};

pub(crate) use mailbox::{Holder, Mailbox};
pub use rempart_ports::store::{AccountChange, AccountRow};
pub use session::{Closed, Event, FeedSession, Opening, Pending};
pub(crate) use signal::Signal;

use crate::App;
use crate::error::Outcome;

/// All mailboxes of this node and who they belong to.
#[derive(Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
    subscription: OnceCell<Arc<dyn Subscription>>,
    delivered: Mutex<HashMap<(ConversationId, AccountId), u64>>,
    stopping: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    next: u64,
    mailboxes: HashMap<u64, Arc<Mailbox>>,
    conversations: HashMap<ConversationId, HashSet<u64>>,
    accounts: HashMap<AccountId, HashSet<u64>>,
}

impl Hub {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a mailbox; gives its number.
    fn add(&self, mailbox: Arc<Mailbox>) -> u64 {
        let mut state = self.state();
        state.next += 1;
        let number = state.next;
        state.accounts.entry(mailbox.account).or_default().insert(number);
        state.mailboxes.insert(number, mailbox);
        number
    }

    /// Makes a mailbox hear a conversation. Gives whether it is the first on this node.
    fn enter(&self, number: u64, conversation: ConversationId) -> bool {
        let mut state = self.state();
        let listeners = state.conversations.entry(conversation).or_default();
        listeners.insert(number);
        listeners.len() == 1
    }

    /// Makes a mailbox hear a conversation no longer. Gives whether it was the last on this node.
    fn leave(&self, number: u64, conversation: ConversationId) -> bool {
        let mut state = self.state();
        let Some(listeners) = state.conversations.get_mut(&conversation) else { return false };
        listeners.remove(&number);
        let last = listeners.is_empty();
        if last {
            state.conversations.remove(&conversation);
        }
        last
    }

    /// Removes a mailbox. Gives the topics that nobody on this node hears any more.
    fn remove(&self, number: u64, conversations: impl Iterator<Item = ConversationId>) -> Vec<Topic> {
        let mut silent: Vec<Topic> =
            conversations.filter(|c| self.leave(number, *c)).map(Topic::Conversation).collect();
        let mut state = self.state();
        if let Some(mailbox) = state.mailboxes.remove(&number)
            && let Some(numbers) = state.accounts.get_mut(&mailbox.account)
        {
            numbers.remove(&number);
            if numbers.is_empty() {
                state.accounts.remove(&mailbox.account);
                silent.push(Topic::Account(mailbox.account));
            }
        }
        silent
    }

    /// Whether some mailbox of this node needs a topic.
    fn hears(&self, topic: Topic) -> bool {
        let state = self.state();
        match topic {
            Topic::Conversation(id) => state.conversations.contains_key(&id),
            Topic::Account(id) => state.accounts.contains_key(&id),
            Topic::All | Topic::Node(_) => true,
        }
    }

    fn each(&self, numbers: Option<&HashSet<u64>>, state: &State, act: impl Fn(&Mailbox)) {
        for number in numbers.into_iter().flatten() {
            if let Some(mailbox) = state.mailboxes.get(number) {
                act(mailbox);
            }
        }
    }

    fn in_conversation(&self, conversation: ConversationId, act: impl Fn(&Mailbox)) {
        let state = self.state();
        self.each(state.conversations.get(&conversation), &state, act);
    }

    fn of_account(&self, account: AccountId, act: impl Fn(&Mailbox)) {
        let state = self.state();
        self.each(state.accounts.get(&account), &state, act);
    }

    fn everybody(&self, act: impl Fn(&Mailbox)) {
        self.state().mailboxes.values().for_each(|m| act(m));
    }

    /// Tells everybody that somebody's presence may look different now.
    pub(crate) fn presence_changed(&self, account: AccountId) {
        self.everybody(|m| m.presence(account));
    }

    /// Closes the feeds of one session or token on this node.
    pub(crate) fn close_held(&self, by: Holder) {
        self.everybody(|m| {
            if m.holder == by {
                m.close(Closed::SignedOut);
            }
        });
    }

    /// Closes the feeds of an account on this node.
    pub(crate) fn close_account(&self, account: AccountId) {
        self.of_account(account, |m| m.close(Closed::SignedOut));
    }

    /// Closes the feeds of an account on this node; its sessions hold, and its devices come again.
    pub(crate) fn reopen_account(&self, account: AccountId) {
        self.of_account(account, |m| m.close(Closed::Restart));
    }

    /// Closes every feed of this node: it stops.
    pub(crate) fn close_all(&self) {
        self.stopping.send_replace(true);
        self.everybody(|m| m.close(Closed::Restart));
    }

    /// How many feeds are open on this node.
    pub(crate) fn open(&self) -> usize {
        self.state().mailboxes.len()
    }

    /// Notes how far a device received, to be written with others.
    pub(crate) fn note_delivered(&self, conversation: ConversationId, account: AccountId, seq: u64) {
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = delivered.entry((conversation, account)).or_default();
        *mark = seq.max(*mark);
    }

    /// Takes what was noted as received since the last time.
    pub(crate) fn take_delivered(&self) -> Vec<Marks> {
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        delivered
            .drain()
            .map(|((conversation, account), seq)| Marks {
                conversation,
                mark: MemberMark { account, delivered: seq, read: 0 },
            })
            .collect()
    }
}

impl App {
    /// Rings on the bus; this node hears it too.
    pub(crate) fn ring(&self, signal: Signal) {
        self.bus.publish(signal.topic(), signal.encode());
    }

    /// How many feeds are open on this node.
    #[must_use]
    pub fn open_feeds(&self) -> usize {
        self.feed.open()
    }

    /// Closes every feed of this node, telling clients to come again: before the node stops.
    pub fn close_feeds(&self) {
        self.feed.close_all();
    }

    /// Ends once [`App::close_feeds`] was called: for lines that have no feed yet.
    pub async fn feeds_closed(&self) {
        // The sender lives as long as the application.
        let mut stopping = self.feed.stopping.subscribe();
        let _closed = stopping.wait_for(|stopping| *stopping).await;
    }

    /// This node's stream of rings, opened once.
    async fn subscription(&self) -> Outcome<&Arc<dyn Subscription>> {
        let subscription = self
            .feed
            .subscription
            .get_or_try_init(|| async {
                let subscription = self.bus.subscribe().await?;
                subscription.watch(Topic::All).await?;
                Ok::<_, rempart_ports::bus::BusError>(subscription)
            })
            .await?;
        Ok(subscription)
    }

    /// Hears the bus and marks mailboxes, until the bus ends. One task a node.
    ///
    /// # Errors
    /// When the bus cannot be subscribed to.
    pub async fn dispatch(self: Arc<Self>) -> Outcome<()> {
        let subscription = Arc::clone(self.subscription().await?);
        let Some(mut rings) = subscription.take_rings() else { return Ok(()) };
        self.ring(Signal::WhoIsThere(self.node));
        while let Some(ring) = rings.recv().await {
            match ring {
                Ring::Gap => {
                    self.forget_sessions();
                    self.feed.everybody(Mailbox::gap);
                }
                Ring::Signal(topic, bytes) => {
                    if let Some(signal) = Signal::decode(topic, &bytes) {
                        self.heard(signal).await;
                    }
                }
            }
        }
        Ok(())
    }

    async fn heard(&self, signal: Signal) {
        match signal {
            Signal::Wake(conversation, seq) => self.feed.in_conversation(conversation, |m| m.wake(conversation, seq)),
            Signal::Account(account) => self.feed.of_account(account, Mailbox::account),
            Signal::Mark(conversation, mark) => {
                self.feed.in_conversation(conversation, |m| m.mark(conversation, mark));
            }
            Signal::Typing(conversation, account, typing) => self.feed.in_conversation(conversation, |m| {
                if m.account != account {
                    m.typing(conversation, account, typing);
                }
            }),
            Signal::Present { account, node, connected, active } => {
                if self.presence.heard(account, node, connected, active, self.now()) {
                    self.feed.presence_changed(account);
                }
            }
            Signal::Chose(account) => self.presence_chosen(account).await,
            Signal::WhoIsThere(node) => {
                if node != self.node {
                    self.announce_all();
                }
            }
            Signal::Identity(bytes) => self.identity_heard(&bytes).await,
        }
    }
}
