//! What an engine must do: run statements, and commit appends together.

use async_trait::async_trait;
use rempart_ports::StoreError;
use rempart_ports::store::{Append, Appended};

use crate::value::{Row, Value};

/// What a whole write fails with when its statement touched no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Must {
    /// The state changed since it was read.
    Stale,
    /// This is not there.
    Missing(&'static str),
    /// This exists already.
    Exists(&'static str),
}

impl From<Must> for StoreError {
    fn from(must: Must) -> Self {
        match must {
            Must::Stale => Self::Stale,
            Must::Missing(what) => Self::Missing(what),
            Must::Exists(what) => Self::Exists(what),
        }
    }
}

/// One statement, with `$1`, `$2`, … for its values. The text is the same for both engines and fit as the key of a cache of
/// prepared statements.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The text.
    pub sql: &'static str,
    /// Values of `$1` and following.
    pub args: Vec<Value>,
    /// In a write: fails the whole of it when this statement touched no row.
    pub must: Option<Must>,
    /// In a write: runs only when the statement of this place in the batch touched a row (and itself ran).
    pub when: Option<usize>,
}

impl Statement {
    /// A statement that may touch any number of rows.
    #[must_use]
    pub fn new(sql: &'static str, args: Vec<Value>) -> Self {
        Self { sql, args, must: None, when: None }
    }

    /// The same, failing the whole write when it touches no row.
    #[must_use]
    pub fn must(self, must: Must) -> Self {
        Self { must: Some(must), ..self }
    }

    /// The same, run only when an earlier one of the batch touched a row.
    #[must_use]
    pub fn when(self, earlier: usize) -> Self {
        Self { when: Some(earlier), ..self }
    }
}

/// What a statement of a write did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Rows of `SELECT` or `RETURNING`.
    pub rows: Vec<Row>,
    /// Rows touched: as many as `rows` where the statement gives rows, else as the engine counts them. 0 where not run.
    pub touched: u64,
}

/// An engine. Everything of the store but [`Driver::append`] is written once over it, in [`crate::SqlStore`].
#[async_trait]
pub trait Driver: Send + Sync + 'static {
    /// Runs one reading statement; it sees every write that ended before.
    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError>;

    /// Runs reading statements on one snapshot; rows of each, in order.
    async fn read_all(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError>;

    /// Runs statements in order in one transaction, durable when the future ends; nothing is kept on error. Each sees what the
    /// ones before did, and (PostgreSQL: `READ COMMITTED`) waits on the rows it changes.
    ///
    /// # Errors
    /// That of a [`Must`]; `Exists` of a unique index, by [`crate::unique`]; `Busy`; `Backend`.
    async fn write(&self, batch: Vec<Statement>) -> Result<Vec<Outcome>, StoreError>;

    /// Appends, many callers together; as [`rempart_ports::store::Journal::append`], with [`crate::append`]'s order of steps.
    async fn append(&self, append: Append) -> Result<Appended, StoreError>;

    /// Whether the engine answers and can write.
    async fn check(&self) -> Result<(), StoreError>;

    /// Bytes on disk.
    async fn size(&self) -> Result<Option<u64>, StoreError>;

    /// The engine's check of its structure, a line a finding.
    async fn integrity(&self) -> Result<Vec<String>, StoreError>;

    /// Ends what was begun and lets go of the engine; later calls fail. Calling again is no error.
    async fn close(&self);
}
