//! Verifying the archive whole: that no row was altered, taken out or put in, and that the log is what it signed.

use std::collections::{HashMap, HashSet};

use rempart_base::time::{HOUR, SECOND};
use rempart_base::{ConversationId, Timestamp};
use rempart_domain::journal::EntryKind;
use rempart_merkle::checkpoint::Checkpoint;
use rempart_merkle::leaf::{Leaf, content_hash, leaf_hash};
use rempart_merkle::tile::FULL;
use rempart_merkle::tree::Frontier;
use rempart_ports::store::{JournalRow, Range, Run, Unlogged};

use crate::App;
use crate::error::Outcome;
use crate::messages::{Entry, leaf_of};
use crate::seal::DataKey;

/// An entry without position is a finding after this long.
const LATE: i64 = 60 * SECOND;
/// Rows read at a time.
const READ: u32 = 500;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The position in the log, where there is one.
    pub position: Option<u64>,
    /// The conversation, where it is known.
    pub conversation: Option<ConversationId>,
    /// The number in its journal, where it is known.
    pub seq: Option<u64>,
    /// What is wrong.
    pub what: &'static str,
}

/// How far a verification is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Entries verified.
    pub done: u64,
    /// Entries in all.
    pub total: u64,
}

/// What a verification found.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Entries in the log.
    pub entries: u64,
    /// Conversations.
    pub conversations: u64,
    /// Entries that wait for a position.
    pub waiting: u64,
    /// Entries whose body was erased: their leaf stands.
    pub erased: u64,
    /// What is wrong; empty when all is well.
    pub findings: Vec<Finding>,
}

struct Check {
    summary: Summary,
    /// Entries without body, with their positions; and those that an erasure entry names.
    empty: HashMap<(ConversationId, u64), u64>,
    erasures: HashSet<(ConversationId, u64)>,
    frontier: Frontier,
    tiles: HashMap<u64, Vec<u8>>,
}

impl Check {
    fn find(&mut self, position: Option<u64>, place: Option<(ConversationId, u64)>, what: &'static str) {
        self.summary.findings.push(Finding {
            position,
            conversation: place.map(|(c, _)| c),
            seq: place.map(|(_, s)| s),
            what,
        });
    }
}

impl App {
    /// Verifies every entry against its leaf, every leaf against the tiles, the tiles against the signed checkpoint, and
    /// every journal's numbering. Stops at nothing: all findings are told. Needs the server's keys. The server may go on
    /// writing meanwhile: what is compared was read in an order in which growth is no finding.
    ///
    /// # Errors
    /// Only faults of the store; what is wrong with the archive is in the summary.
    pub async fn verify_archive(&self, mut progress: impl FnMut(Progress) + Send) -> Outcome<Summary> {
        // Heads before the state: what gets its position in between is in the log that is read.
        let mut heads = self.heads().await?;
        let state = self.store.log_state().await?;
        let mut check = Check {
            summary: Summary::default(),
            empty: HashMap::new(),
            erasures: HashSet::new(),
            frontier: Frontier::new(),
            tiles: HashMap::new(),
        };
        check.summary.entries = state.size;
        let mut position = 0;
        let mut beyond = false;
        while !beyond {
            let runs = self.store.runs(position, READ).await?;
            if runs.is_empty() {
                break;
            }
            for run in runs {
                if run.position >= state.size && position >= state.size {
                    beyond = true;
                    break;
                }
                if run.position != position {
                    check.find(Some(position), None, "the log's positions have a gap or overlap here");
                }
                self.verify_run(&run, &mut check, state.size, &mut progress).await?;
                position = run.position + run.count;
                if !heads.contains_key(&run.conversation)
                    && let Some(new) = self.head(run.conversation).await?
                {
                    // Made since the heads were read: nothing of it was there then.
                    heads.insert(run.conversation, (0, Unlogged { logged: 0, last: 0, ..new }));
                }
                if let Some(head) = heads.get_mut(&run.conversation) {
                    if head.0 + 1 != run.first_seq {
                        let place = Some((run.conversation, run.first_seq));
                        check.find(Some(run.position), place, "the log takes this journal up at another number");
                    }
                    head.0 = run.first_seq + run.count - 1;
                } else {
                    let place = Some((run.conversation, run.first_seq));
                    check.find(Some(run.position), place, "the conversation of these entries is missing");
                }
            }
        }
        check.summary.conversations = u64::try_from(heads.len()).unwrap_or(u64::MAX);
        let grown = beyond && self.store.log_state().await?.size > state.size;
        if position != state.size || beyond != grown {
            check.find(Some(position.min(state.size)), None, "the log does not end where its state says");
        }
        self.verify_checkpoint(&state.checkpoint, state.size, &mut check).await?;
        for (conversation, (logged, head)) in heads {
            self.verify_journal(conversation, logged, &head, &mut check).await?;
        }
        let empty = std::mem::take(&mut check.empty);
        check.summary.erased = u64::try_from(empty.len()).unwrap_or(u64::MAX);
        for (place, position) in empty {
            if !check.erasures.contains(&place) {
                check.find(Some(position), Some(place), "the body is gone and no erasure entry says so");
            }
        }
        check.summary.findings.sort_by_key(|f| (f.position.is_none(), f.position, f.seq));
        Ok(check.summary)
    }

    async fn heads(&self) -> Outcome<HashMap<ConversationId, (u64, Unlogged)>> {
        let mut heads = HashMap::new();
        let mut after = None;
        loop {
            let page = self.store.journal_heads(after, READ).await?;
            let Some(last) = page.last() else { return Ok(heads) };
            after = Some(last.conversation);
            heads.extend(page.into_iter().map(|h| (h.conversation, (0, h))));
        }
    }

    /// One conversation's head, as it is now.
    async fn head(&self, id: ConversationId) -> Outcome<Option<Unlogged>> {
        let before = u128::from_be_bytes(*id.as_bytes()).checked_sub(1);
        let before = before.map(|number| ConversationId::from_bytes(number.to_be_bytes()));
        let heads = self.store.journal_heads(before, 1).await?;
        Ok(heads.into_iter().find(|head| head.conversation == id))
    }

    async fn verify_run(
        &self,
        run: &Run,
        check: &mut Check,
        total: u64,
        progress: &mut (impl FnMut(Progress) + Send),
    ) -> Outcome<()> {
        let key = match self.store.conversation(run.conversation).await? {
            Some(conversation) => self.conversation_key(&conversation).ok(),
            None => None,
        };
        let mut seq = run.first_seq;
        let end = run.first_seq + run.count;
        while seq < end {
            let rows = self.store.read(run.conversation, Range::After(seq - 1), READ).await?;
            let last_seen = rows.last().map_or(end, |r| r.seq + 1);
            let mut rows = rows.into_iter().peekable();
            let stop = last_seen.min(end);
            while seq < stop {
                let position = run.position + (seq - run.first_seq);
                let place = (run.conversation, seq);
                let leaf = match rows.next_if(|r| r.seq == seq) {
                    None => {
                        check.find(Some(position), Some(place), "the entry is missing");
                        self.tile_hash(position, check).await?
                    }
                    Some(row) => {
                        let hash = leaf_hash(&row.leaf);
                        if row.body.is_none() {
                            check.empty.insert(place, position);
                        }
                        if row.envelope.kind == EntryKind::Erasure {
                            check.erasures.insert((run.conversation, row.envelope.refers_to));
                        }
                        if let Some(what) = wrong(&row, key.as_deref()) {
                            check.find(Some(position), Some(place), what);
                        } else if self.tile_hash(position, check).await? != Some(hash) {
                            check.find(Some(position), Some(place), "the leaf is not the one in the log's tiles");
                        }
                        Some(hash)
                    }
                };
                let _full = check.frontier.append(leaf.unwrap_or([0; 32]));
                seq += 1;
            }
            progress(Progress { done: run.position + (seq - run.first_seq), total });
        }
        Ok(())
    }

    async fn tile_hash(&self, position: u64, check: &mut Check) -> Outcome<Option<[u8; 32]>> {
        let width = u64::from(FULL);
        let index = position / width;
        if !check.tiles.contains_key(&index) {
            check.tiles.clear();
            let hashes = self.store.tile(0, index).await?.map(|t| t.hashes).unwrap_or(Vec::new());
            check.tiles.insert(index, hashes);
        }
        let offset = usize::try_from(position % width).unwrap_or(0) * 32;
        let hash = check.tiles.get(&index).and_then(|t| t.get(offset..offset + 32)).and_then(|h| h.try_into().ok());
        Ok(hash)
    }

    async fn verify_checkpoint(&self, note: &str, size: u64, check: &mut Check) -> Outcome<()> {
        if size == 0 {
            return Ok(());
        }
        let key = self.log_key().await?;
        match Checkpoint::open(note.as_bytes(), key.verifier(), key.verifier().name()) {
            Err(_) => check.find(None, None, "the checkpoint's signature does not verify"),
            Ok(signed) if signed.size != size || signed.root != check.frontier.root() => {
                check.find(None, None, "the entries do not make the root that the checkpoint signs");
            }
            Ok(_) => {}
        }
        Ok(())
    }

    /// `before` was read before the log, what is compared with it since; so that the truth lies between both heads.
    async fn verify_journal(
        &self,
        conversation: ConversationId,
        logged: u64,
        before: &Unlogged,
        check: &mut Check,
    ) -> Outcome<()> {
        let rows = self.store.count_rows(conversation).await?;
        let mut waiting = Vec::new();
        let mut after = logged;
        loop {
            let page = self.store.read(conversation, Range::After(after), READ).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for row in page {
                if row.envelope.kind == EntryKind::Erasure {
                    // An erasure that waits for its position has erased already.
                    check.erasures.insert((conversation, row.envelope.refers_to));
                }
                waiting.push((row.seq, row.envelope.time));
            }
        }
        let Some(now) = self.head(conversation).await? else {
            check.find(None, Some((conversation, logged)), "the conversation was taken out");
            return Ok(());
        };
        if logged < before.logged || logged > now.logged {
            check.find(None, Some((conversation, logged)), "the journal says that more, or less, of it is in the log");
        }
        if rows > now.last {
            let what = "the journal holds entries past its last number, or twice";
            check.find(None, Some((conversation, now.last)), what);
        }
        if rows < before.last {
            check.find(None, Some((conversation, before.last)), "the journal holds fewer entries than it counts");
        }
        check.summary.waiting += before.last.saturating_sub(logged);
        let moment = self.now();
        for (seq, time) in waiting {
            let place = Some((conversation, seq));
            if seq > now.last {
                check.find(None, place, "the entry was put in past the journal's last number");
            } else if seq > now.logged && late(time, moment) {
                check.find(None, place, "the entry has waited for its position for more than 60 s");
            }
        }
        Ok(())
    }
}

fn late(time: Timestamp, now: Timestamp) -> bool {
    // An entry from a clock far ahead waits no less.
    now.since(time) > LATE || time.since(now) > HOUR
}

/// What is wrong between a row and its leaf, if anything.
fn wrong(row: &JournalRow, key: Option<&DataKey>) -> Option<&'static str> {
    let Ok(leaf) = Leaf::decode(&row.leaf) else { return Some("the leaf cannot be read") };
    if leaf != leaf_of(&row.envelope, row.seq, leaf.content_len, leaf.content_hash) {
        return Some("the entry's number, sender, time, kind, epoch or reference is not what its leaf says");
    }
    let Some(key) = key else { return Some("the conversation's key cannot be opened") };
    match Entry::open(row.clone(), key) {
        Err(_) => Some("the body does not open: it was altered, or moved from elsewhere"),
        Ok(Entry { content: Some(content), salt: Some(salt), .. }) => {
            let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
            let same = length == leaf.content_len && content_hash(&salt, &content) == leaf.content_hash;
            if same { None } else { Some("the content is not the one that its leaf is of") }
        }
        Ok(_) => None,
    }
}
