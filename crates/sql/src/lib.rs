//! The SQL that both stores speak.
//!
//! One text for SQLite and PostgreSQL: `$1` placeholders, `ON CONFLICT`, `RETURNING`. [`SqlStore`] is the whole of
//! [`rempart_ports::Store`] over a small [`Driver`]; only appending is written by each engine for itself, from the texts and in
//! the order of [`append`]. There are no interactive transactions: what reads, checks and writes is one conditional statement,
//! or a batch whose statements [`Must`] touch a row.
//!
//! This crate must never know an engine's library. Reading order: [`schema`], [`value`], [`driver`], [`append`], [`unique`],
//! then `store/`, a file a noun.

pub mod append;
pub mod driver;
pub mod schema;
mod store;
pub mod unique;
pub mod value;

pub use driver::{Driver, Must, Outcome, Statement};
pub use store::SqlStore;
pub use value::{Columns, Row, Value};
