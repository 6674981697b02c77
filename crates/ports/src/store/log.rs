use async_trait::async_trait;
use rempart_base::{ConversationId, Timestamp};

use super::StoreError;

/// The log's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogState {
    /// Leaves in the log.
    pub size: u64,
    /// The tree's frontier, as the application encodes it.
    pub frontier: Vec<u8>,
    /// The newest signed checkpoint; empty before the first.
    pub checkpoint: String,
}

/// Entries that have no position yet: numbers after `logged` up to `last`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlogged {
    /// The conversation.
    pub conversation: ConversationId,
    /// The last number that has a position.
    pub logged: u64,
    /// The last number there is.
    pub last: u64,
}

/// A leaf with its conversation and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The number.
    pub seq: u64,
    /// The leaf, encoded.
    pub leaf: Vec<u8>,
    /// The server's time of the entry.
    pub time: Timestamp,
}

/// Entries of one conversation that stand together in the log: `count` numbers from `first_seq` on, at `position` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Position of the first.
    pub position: u64,
    /// The conversation.
    pub conversation: ConversationId,
    /// Number of the first.
    pub first_seq: u64,
    /// How many.
    pub count: u64,
}

/// Where an entry is in the log.
pub type LogPosition = u64;

/// A tile (C2SP tlog-tiles): `width` hashes of a level from `index` × 256 on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Level: 0 holds leaf hashes.
    pub level: u8,
    /// Number in its level.
    pub index: u64,
    /// Hashes, 32 bytes each, 1 to 256.
    pub hashes: Vec<u8>,
}

/// What one round of sequencing writes, all or nothing.
#[derive(Clone, Debug)]
pub struct LogBatch {
    /// The size that it was made on.
    pub expected_size: u64,
    /// The new state.
    pub state: LogState,
    /// New runs, in order of position.
    pub runs: Vec<Run>,
    /// Tiles, new or grown.
    pub tiles: Vec<Tile>,
    /// When.
    pub now: Timestamp,
}

/// The transparency log over all entries.
#[async_trait]
pub trait TransparencyLog: Send + Sync {
    /// The state.
    async fn log_state(&self) -> Result<LogState, StoreError>;

    /// Conversations with entries that have no position yet, at most `limit`.
    async fn unlogged(&self, limit: u32) -> Result<Vec<Unlogged>, StoreError>;

    /// Leaves of a conversation after a number, at most `limit`, in order.
    async fn leaves(&self, id: ConversationId, after: u64, limit: u32) -> Result<Vec<LogEntry>, StoreError>;

    /// Writes a round of sequencing; each run moves its conversation's logged number on.
    ///
    /// # Errors
    /// `Stale` when the log's size is not `expected_size`, or a run does not begin after the logged number.
    async fn write_log(&self, batch: &LogBatch) -> Result<(), StoreError>;

    /// The position of an entry, if it has one.
    async fn position(&self, id: ConversationId, seq: u64) -> Result<Option<LogPosition>, StoreError>;

    /// Runs that begin at a position or after it, in order, at most `limit`.
    async fn runs(&self, from: u64, limit: u32) -> Result<Vec<Run>, StoreError>;

    /// A tile as it stands.
    async fn tile(&self, level: u8, index: u64) -> Result<Option<Tile>, StoreError>;

    /// Every conversation's id and last and logged number, by id, after `after`, at most `limit`: for verification.
    async fn journal_heads(&self, after: Option<ConversationId>, limit: u32) -> Result<Vec<Unlogged>, StoreError>;

    /// How many rows the journal of a conversation really has, whatever its counter says: for verification.
    async fn count_rows(&self, id: ConversationId) -> Result<u64, StoreError>;
}
