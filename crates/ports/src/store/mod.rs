//! The truth. Domain-shaped transactions, a trait a noun; [`Store`] is all of them.
//!
//! Every write is durable when its future ends (`synchronous=FULL`, `synchronous_commit=on`). Reads see every write that
//! ended before they began. Secrets come here hashed or sealed, bodies encrypted: no adapter ever holds a key.

mod accounts;
mod conversations;
mod files;
mod groups;
mod journal;
mod keys;
mod log;
mod operations;
mod organisation;
mod sessions;

use std::error::Error;

use async_trait::async_trait;
use thiserror::Error as ThisError;

pub use accounts::{AccountFilter, AccountOverview, AccountPage, Accounts, Throttle};
pub use conversations::{ConversationView, Conversations, Marks, MemberMark};
pub use files::{BlobRecord, Files, UploadRecord};
pub use groups::{GroupChange, GroupRow, Groups, LeafRow, NewWelcome, Since, WelcomeRow};
pub use journal::{
    AccountChange, AccountRow, Append, Appended, Finish, Finished, Founded, Journal, JournalRow, NewEntry, Range,
};
pub use keys::{
    KeyBatch, KeyPackageCount, KeyringRecord, Keys, LinkOutcome, LinkRecord, NewKeyPackage, TakenKeyPackage,
};
pub use log::{LogBatch, LogEntry, LogPosition, LogState, Run, Tile, TransparencyLog, Unlogged};
pub use operations::{AuditRow, Lease, NewAudit, Operations, Report};
pub use organisation::{KeyCheck, Organisations};
pub use sessions::{SessionOverview, Sessions};

/// What goes wrong in a store.
#[derive(Debug, ThisError)]
pub enum StoreError {
    /// Something unique exists already; says what (`account_local`, `account_skeleton`, `organisation`, …).
    #[error("{0} exists already")]
    Exists(&'static str),
    /// The state changed since it was read (`rules_version`, a counter, a lease): load and decide again.
    #[error("the state changed meanwhile")]
    Stale,
    /// What should be changed is not there.
    #[error("{0} is not there")]
    Missing(&'static str),
    /// The queue of writers is full: try again later.
    #[error("too many writes are waiting")]
    Busy,
    /// What is stored cannot be read as what it should be.
    #[error("{0} in the store is not readable")]
    Corrupt(&'static str),
    /// The database failed.
    #[error("{action}")]
    Backend {
        /// What was attempted.
        action: &'static str,
        /// Why it failed.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

/// All of the truth.
#[async_trait]
pub trait Store:
    Organisations
    + Accounts
    + Sessions
    + Conversations
    + Journal
    + Groups
    + TransparencyLog
    + Keys
    + Files
    + Operations
    + Send
    + Sync
{
    /// Whether the database answers and can write, for health.
    async fn check(&self) -> Result<(), StoreError>;

    /// Bytes on disk, where known.
    async fn size(&self) -> Result<Option<u64>, StoreError>;

    /// The database's own check of its structure: a line a finding, none when sound. May take long.
    async fn integrity(&self) -> Result<Vec<String>, StoreError>;
}
