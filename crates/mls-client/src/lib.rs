//! A device in MLS groups (RFC 9420): its keys, its groups, messages, exporters, and state kept in transactions.
//!
//! The only crate that can hold message secrets, and never linked into the server: it goes into the browser's worker, the
//! command-line client and the auditor. It must never know a network, a store's technology or a clock. Randomness and the one
//! reading of the system's clock (lifetimes of key packages) are OpenMLS's. The page's worker uses it by way of `mls-wasm`.
//!
//! **Commit before network.** Each operation of [`Client`] changes memory, then hands one [`Batch`] to the [`StateStore`], and
//! only then returns bytes to send. If the operation fails, memory is put back; if the store fails, memory is dropped and read
//! again from the store, which alone says what happened. A browser's store is asynchronous: there the [`StateStore`] puts the batch
//! aside, the worker writes it to IndexedDB in one transaction and lets the result out after that; if it fails it calls
//! [`Client::reload`].
//!
//! Reading order: [`device`], [`client`], [`receive`], [`archive`], [`state`].

pub mod archive;
pub mod client;
pub mod device;
pub mod error;
pub mod receive;
pub mod state;
mod storage;

pub use archive::ArchiveSecrets;
pub use client::{Changes, Client, Outgoing, Trust};
pub use device::{AccountKey, Device};
pub use error::ClientError;
pub use receive::{Joined, Received};
pub use rempart_mls_delivery::{Directory, Leaves, Suite};
pub use state::{Batch, MemoryStore, StateStore, StoreFailure};
