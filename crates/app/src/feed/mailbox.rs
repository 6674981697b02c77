//! What became dirty for one session. Bounded by what the session can see, not by how often it rings.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use rempart_base::{AccountId, ApiTokenId, ConversationId, SessionId};
use rempart_domain::actor::Credential;
use rempart_ports::store::MemberMark;
use tokio::sync::Notify;

use super::Closed;

/// Typing notices that may wait; the oldest is dropped.
const TYPING: usize = 64;

/// What waits for a session.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    /// Conversations with the number they reach at least.
    pub(crate) conversations: BTreeMap<ConversationId, u64>,
    /// The account's own journal has something.
    pub(crate) account: bool,
    /// Marks that rose.
    pub(crate) marks: BTreeMap<(ConversationId, AccountId), MemberMark>,
    /// Whose presence may look different.
    pub(crate) presence: BTreeSet<AccountId>,
    /// Who writes.
    pub(crate) typing: VecDeque<(ConversationId, AccountId, bool)>,
    /// Some rings may have been lost: compare everything.
    pub(crate) gap: bool,
    /// The session must end.
    pub(crate) closed: Option<Closed>,
}

/// What a feed was opened by, and ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A person's session.
    Session(SessionId),
    /// A program's token.
    Token(ApiTokenId),
}

impl From<&Credential> for Holder {
    fn from(by: &Credential) -> Self {
        match by {
            Credential::Session(session) => Self::Session(*session),
            Credential::Token(token, _) => Self::Token(*token),
        }
    }
}

/// A session's mailbox.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) account: AccountId,
    pub(crate) holder: Holder,
    dirty: Mutex<Dirty>,
    ring: Notify,
}

impl Mailbox {
    pub(crate) fn new(account: AccountId, holder: Holder) -> Self {
        Self { account, holder, dirty: Mutex::default(), ring: Notify::new() }
    }

    fn set(&self, act: impl FnOnce(&mut Dirty)) {
        act(&mut self.dirty.lock().unwrap_or_else(PoisonError::into_inner));
        self.ring.notify_one();
    }

    pub(crate) fn wake(&self, conversation: ConversationId, seq: u64) {
        self.set(|d| {
            let head = d.conversations.entry(conversation).or_default();
            *head = seq.max(*head);
        });
    }

    pub(crate) fn account(&self) {
        self.set(|d| d.account = true);
    }

    pub(crate) fn mark(&self, conversation: ConversationId, mark: MemberMark) {
        self.set(|d| {
            d.marks
                .entry((conversation, mark.account))
                .and_modify(|m| {
                    m.delivered = m.delivered.max(mark.delivered);
                    m.read = m.read.max(mark.read);
                })
                .or_insert(mark);
        });
    }

    pub(crate) fn presence(&self, account: AccountId) {
        self.set(|d| {
            d.presence.insert(account);
        });
    }

    pub(crate) fn typing(&self, conversation: ConversationId, account: AccountId, typing: bool) {
        self.set(|d| {
            if d.typing.len() >= TYPING {
                d.typing.pop_front();
            }
            d.typing.push_back((conversation, account, typing));
        });
    }

    pub(crate) fn gap(&self) {
        self.set(|d| d.gap = true);
    }

    pub(crate) fn close(&self, why: Closed) {
        self.set(|d| d.closed = Some(why));
    }

    /// Takes back what could not be read.
    pub(crate) fn again(&self, dirty: Dirty) {
        self.set(|d| {
            for (conversation, seq) in dirty.conversations {
                let head = d.conversations.entry(conversation).or_default();
                *head = seq.max(*head);
            }
            for (place, mark) in dirty.marks {
                d.marks.entry(place).or_insert(mark);
            }
            d.account |= dirty.account;
            d.gap |= dirty.gap;
            d.presence.extend(dirty.presence);
            // Who typed then may have stopped.
            d.closed = d.closed.or(dirty.closed);
        });
    }

    /// Waits until something is dirty and takes it all.
    pub(crate) async fn take(&self) -> Dirty {
        loop {
            let taken = std::mem::take(&mut *self.dirty.lock().unwrap_or_else(PoisonError::into_inner));
            let nothing = taken.conversations.is_empty()
                && !taken.account
                && taken.marks.is_empty()
                && taken.presence.is_empty()
                && taken.typing.is_empty()
                && !taken.gap
                && taken.closed.is_none();
            if !nothing {
                return taken;
            }
            self.ring.notified().await;
        }
    }
}
