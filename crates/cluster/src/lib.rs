//! Adapters for more than one node: PostgreSQL keeps the truth, NATS rings the doorbell, S3 keeps the bytes.
//!
//! Each connects from one address, whose password never reaches an error or a log. This crate must never know a use case,
//! never compute an archive leaf, never hold a message key. Reading order: [`address`],
//! [`tls`], [`postgres`], [`nats`], [`s3`].

mod address;
mod nats;
pub mod postgres;
mod s3;
mod tls;

pub use nats::NatsBus;
pub use postgres::PgStore;
pub use s3::S3Blobs;

use std::error::Error;

use thiserror::Error as ThisError;

/// Why a server of the cluster cannot be used. None of the texts holds a password.
#[derive(Debug, ThisError)]
pub enum ConnectError {
    /// The address is not one that this adapter understands.
    #[error("the address of {server} is not usable: {reason}")]
    Address {
        /// Which server.
        server: &'static str,
        /// What to change.
        reason: &'static str,
    },
    /// The certificates that decide which servers to trust cannot be used.
    #[error("the trusted certificates for {server} cannot be used: {reason}")]
    Trust {
        /// Which server.
        server: &'static str,
        /// What to change.
        reason: String,
    },
    /// The server does not answer, or refuses.
    #[error("{server} at {host} cannot be reached")]
    Unreachable {
        /// Which server.
        server: &'static str,
        /// Where, without user and password.
        host: String,
        /// Why.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The database is not one that this program can use.
    #[error(transparent)]
    Schema(rempart_sql::schema::SchemaError),
}
