//! The auditor's tool: makes the officers' archive keys, asks for an opening, releases, opens, verifies, proves that the
//! archive can still be opened.
//!
//! It runs on a machine without network: nothing that could reach one is linked (checked by `cargo xtask arrows` and by a
//! test). What is cryptographic lives in the engines `capsule` and `merkle`; this crate reads files, asks people, and decides
//! what is in scope. It must never know the server's store or configuration, and never writes a secret to standard output, a
//! log, its arguments or the environment.
//!
//! Reading order: [`cli`] (the commands), [`ceremony`] and [`officer`] (keys).

pub mod ceremony;
pub mod cli;
pub mod files;
pub mod machine;
pub mod officer;
pub mod terminal;
pub mod words;
