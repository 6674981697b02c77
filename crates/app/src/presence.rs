//! Presence: what people chose is in the store; who is connected where is soft state that nodes tell one another.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rempart_base::time::SECOND;
use rempart_base::{AccountId, NodeId, Timestamp};
use rempart_domain::actor::Ctx;
use rempart_domain::presence::{Choice, Presence, choose, seen};
use rempart_domain::role::Scope;

use crate::App;
use crate::error::Outcome;
use crate::feed::Signal;

/// A node's word about an account holds this long; it repeats it every 30 s.
const LIFETIME: i64 = 90 * SECOND;

/// Who is where.
#[derive(Default)]
pub(crate) struct Board(Mutex<State>);

#[derive(Default)]
struct State {
    choices: HashMap<AccountId, Choice>,
    /// Feeds of this node, and whether the person is at each.
    here: HashMap<AccountId, HashMap<u64, bool>>,
    /// What nodes said last, this one included.
    told: HashMap<AccountId, HashMap<NodeId, Told>>,
}

#[derive(Clone, Copy)]
struct Told {
    active: bool,
    at: Timestamp,
}

impl State {
    fn seen(&self, account: AccountId, now: Timestamp) -> Presence {
        let live =
            || self.told.get(&account).into_iter().flat_map(HashMap::values).filter(|t| now.since(t.at) < LIFETIME);
        let choice = self.choices.get(&account).cloned().unwrap_or_default();
        seen(&choice, live().next().is_some(), live().any(|t| t.active), now)
    }
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node told about an account. Gives whether that may look different now.
    pub(crate) fn heard(
        &self,
        account: AccountId,
        node: NodeId,
        connected: bool,
        active: bool,
        now: Timestamp,
    ) -> bool {
        let mut state = self.state();
        let before = state.seen(account, now);
        let nodes = state.told.entry(account).or_default();
        if connected {
            nodes.insert(node, Told { active, at: now });
        } else {
            nodes.remove(&node);
            if nodes.is_empty() {
                state.told.remove(&account);
            }
        }
        state.seen(account, now) != before
    }

    /// What others see of an account.
    pub(crate) fn of(&self, account: AccountId, now: Timestamp) -> Presence {
        self.state().seen(account, now)
    }

    /// Everybody who is not offline.
    pub(crate) fn all(&self, now: Timestamp) -> Vec<(AccountId, Presence)> {
        let state = self.state();
        state
            .told
            .keys()
            .map(|a| (*a, state.seen(*a, now)))
            .filter(|(_, p)| p.availability != rempart_domain::presence::Availability::Offline)
            .collect()
    }

    fn announcements(&self, node: NodeId) -> Vec<Signal> {
        let state = self.state();
        state
            .here
            .iter()
            .map(|(account, feeds)| Signal::Present {
                account: *account,
                node,
                connected: true,
                active: feeds.values().any(|a| *a),
            })
            .collect()
    }
}

impl App {
    /// What others see of an account.
    #[must_use]
    pub fn presence_of(&self, account: AccountId) -> Presence {
        self.presence.of(account, self.now())
    }

    /// What one chose oneself, as long as it holds.
    #[must_use]
    pub fn presence_choice(&self, account: AccountId) -> Choice {
        let now = self.now();
        let state = self.presence.state();
        state.choices.get(&account).filter(|c| c.until.is_none_or(|u| u > now)).cloned().unwrap_or_default()
    }

    /// Chooses what others see.
    ///
    /// # Errors
    /// Refusals of [`choose`].
    pub async fn set_presence(&self, ctx: &Ctx, choice: Choice) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        let choice = choose(choice, ctx.now)?;
        self.store.put_presence_choice(who.account, &choice).await?;
        self.presence.state().choices.insert(who.account, choice);
        self.feed.presence_changed(who.account);
        self.ring(Signal::Chose(who.account));
        Ok(())
    }

    /// Reads everybody's choices: when the node starts.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn load_presence(&self) -> Outcome<()> {
        let choices = self.store.presence_choices().await?;
        self.presence.state().choices = choices.into_iter().collect();
        Ok(())
    }

    pub(crate) async fn presence_chosen(&self, account: AccountId) {
        // A lost reading shows the former choice until the next one; the store keeps the truth.
        if self.load_presence().await.is_ok() {
            self.feed.presence_changed(account);
        }
    }

    pub(crate) fn presence_connected(&self, account: AccountId, feed: u64) {
        self.presence.state().here.entry(account).or_default().insert(feed, true);
        self.tell_presence(account);
    }

    pub(crate) fn presence_active(&self, account: AccountId, feed: u64, active: bool) {
        if let Some(feeds) = self.presence.state().here.get_mut(&account) {
            feeds.insert(feed, active);
        }
        self.tell_presence(account);
    }

    pub(crate) fn presence_disconnected(&self, account: AccountId, feed: u64) {
        {
            let mut state = self.presence.state();
            if let Some(feeds) = state.here.get_mut(&account) {
                feeds.remove(&feed);
                if feeds.is_empty() {
                    state.here.remove(&account);
                }
            }
        }
        self.tell_presence(account);
    }

    fn tell_presence(&self, account: AccountId) {
        let (connected, active) = {
            let state = self.presence.state();
            let feeds = state.here.get(&account);
            (feeds.is_some(), feeds.is_some_and(|f| f.values().any(|a| *a)))
        };
        if self.presence.heard(account, self.node, connected, active, self.now()) {
            self.feed.presence_changed(account);
        }
        self.ring(Signal::Present { account, node: self.node, connected, active });
    }

    /// Tells the other nodes again who is here.
    pub(crate) fn announce_all(&self) {
        let now = self.now();
        for signal in self.presence.announcements(self.node) {
            if let Signal::Present { account, active, .. } = signal {
                self.presence.heard(account, self.node, true, active, now);
            }
            self.ring(signal);
        }
    }

    /// Forgets nodes that fell silent and choices that ended, and shows what is so now.
    pub(crate) fn fade_presence(&self) {
        let now = self.now();
        let changed: HashSet<AccountId> = {
            let mut state = self.presence.state();
            let mut changed = HashSet::new();
            state.told.retain(|account, nodes| {
                let before = nodes.len();
                nodes.retain(|_, t| now.since(t.at) < LIFETIME);
                if nodes.len() != before {
                    changed.insert(*account);
                }
                !nodes.is_empty()
            });
            state.choices.retain(|account, choice| {
                let ended = choice.until.is_some_and(|u| u <= now);
                if ended {
                    changed.insert(*account);
                }
                !ended
            });
            changed
        };
        changed.into_iter().for_each(|a| self.feed.presence_changed(a));
    }
}
