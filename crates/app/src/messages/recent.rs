//! The newest entries of busy conversations, without gap, so that many readers cost one reading.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use rempart_base::ConversationId;

use super::Entry;

/// Entries kept of one conversation.
const PER_CONVERSATION: usize = 512;
/// Entries kept in all.
const TOTAL: usize = 65_536;
/// Entries that may wait for one before them.
const WAITING: usize = 1_024;

#[derive(Default)]
struct Tail {
    entries: VecDeque<Arc<Entry>>,
    waiting: BTreeMap<u64, Arc<Entry>>,
    /// The highest number that this node rang for.
    rung: u64,
}

#[derive(Default)]
struct Tails {
    tails: HashMap<ConversationId, Tail>,
    total: usize,
}

/// What became of an entry that was to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Entries up to this number can be read from memory.
    To(u64),
    /// An entry before it is not here yet: it comes in a moment, or was written by another node and never comes by itself.
    Waits,
}

/// The newest entries, by conversation.
#[derive(Default)]
pub(crate) struct Recent(Mutex<Tails>);

impl Tail {
    fn last(&self) -> Option<u64> {
        self.entries.back().map(|e| e.seq)
    }

    fn first(&self) -> Option<u64> {
        self.entries.front().map(|e| e.seq)
    }
}

impl Recent {
    /// Keeps an entry. Those that come before their predecessors wait for them; older ones are not kept.
    pub(crate) fn insert(&self, entry: Arc<Entry>) -> Kept {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tails = &mut *all;
        let tail = tails.tails.entry(entry.envelope.conversation).or_default();
        let before = tail.entries.len();
        let last_before = tail.last();
        match tail.last() {
            Some(last) if entry.seq <= last => return Kept::To(last),
            Some(last) if entry.seq > last + 1 => {
                tail.waiting.insert(entry.seq, entry);
                if tail.waiting.len() > WAITING {
                    // Their predecessors never came: begin anew behind them.
                    tail.entries.clear();
                    let waiting = std::mem::take(&mut tail.waiting);
                    let mut next = None;
                    for (seq, entry) in waiting.into_iter().rev() {
                        if next.is_some_and(|n| seq + 1 != n) {
                            break;
                        }
                        next = Some(seq);
                        tail.entries.push_front(entry);
                    }
                }
            }
            Some(_) | None => tail.entries.push_back(entry),
        }
        while let Some(next) = tail.last().and_then(|last| tail.waiting.remove(&(last + 1))) {
            tail.entries.push_back(next);
        }
        while tail.entries.len() > PER_CONVERSATION {
            tail.entries.pop_front();
        }
        let last = tail.last();
        tails.total = (tails.total + tail.entries.len()).saturating_sub(before);
        if tails.total > TOTAL {
            tails.tails.clear();
            tails.total = 0;
        }
        last.filter(|_| last != last_before).map_or(Kept::Waits, Kept::To)
    }

    /// Notes that this node rings for entries up to a number.
    pub(crate) fn rings(&self, conversation: ConversationId, seq: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tail) = all.tails.get_mut(&conversation) {
            tail.rung = seq.max(tail.rung);
        }
    }

    /// Whether this node rang for an entry. What is forgotten counts as not rung.
    pub(crate) fn rang(&self, conversation: ConversationId, seq: u64) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.tails.get(&conversation).is_some_and(|tail| tail.rung >= seq)
    }

    /// Entries after a number, oldest first; `None` where memory does not reach back that far, or not on to `head`, and the
    /// store must be read.
    pub(crate) fn after(&self, conversation: ConversationId, after: u64, head: u64) -> Option<Vec<Arc<Entry>>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = all.tails.get(&conversation)?;
        let first = tail.first()?;
        if after + 1 < first || tail.last()? < head {
            return None;
        }
        let skip = usize::try_from(after + 1 - first).unwrap_or(usize::MAX);
        Some(tail.entries.iter().skip(skip).cloned().collect())
    }

    /// The newest entry in memory.
    pub(crate) fn last(&self, conversation: ConversationId) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).tails.get(&conversation).and_then(Tail::last)
    }

    /// Forgets a conversation's entries when one of them, `seq` or later, is no longer what it was.
    pub(crate) fn forget_from(&self, conversation: ConversationId, seq: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stale = all.tails.get(&conversation).and_then(Tail::first).is_some_and(|first| first <= seq);
        if stale && let Some(tail) = all.tails.remove(&conversation) {
            all.total = all.total.saturating_sub(tail.entries.len());
        }
    }
}
