//! The auditor's tool: makes the officers' archive keys, asks for an opening, releases, opens, verifies, proves that the
//! archive can still be opened.
//!
//! It runs on a machine without network: nothing that could reach one is linked (checked by `cargo xtask arrows` and by a
//! test). What is cryptographic lives in the engines `capsule` and `merkle`; this crate reads files, asks people, and decides
//! what is in scope. It must never know the server's store or configuration, and never writes a secret to standard output, a
//! log, its arguments or the environment.
//!
//! Reading order: [`cli`] (the commands), [`ceremony`] and [`officer`] (keys), [`export`], [`log`], [`journal`] and [`keys`] (what
//! an export proves), [`scope`] (what a request covers), [`mod@request`], [`release`] and [`open`], [`report`], [`html`] and
//! [`attachments`] (what is written), [`verify`], [`canary`].

pub mod attachments;
pub mod canary;
pub mod ceremony;
pub mod cli;
pub mod export;
pub mod files;
pub mod html;
pub mod journal;
pub mod keys;
pub mod log;
pub mod machine;
pub mod officer;
pub mod open;
pub mod release;
pub mod report;
pub mod request;
pub mod scope;
pub mod terminal;
pub mod verify;
pub mod words;
