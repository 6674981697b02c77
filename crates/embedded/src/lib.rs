//! The adapters of a server that stands alone: SQLite, an in-process bus, files.
//!
//! This crate must never know rules, a protocol or a key: secrets come hashed, bodies sealed. Reading order: [`sqlite`]
//! (`open`, then `writer` and `append`), [`bus`], [`blobs`], [`env`].

pub mod blobs;
pub mod bus;
pub mod env;
pub mod sqlite;

pub use blobs::FileBlobs;
pub use bus::InProcessBus;
pub use env::{SystemClock, SystemEntropy};
pub use sqlite::SqliteStore;
