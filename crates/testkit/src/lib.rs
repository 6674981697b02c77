//! Test tools: a protocol client, a server harness, services for the cluster tests.
//!
//! This crate must never be linked into the server. Reading order: [`services`].

pub mod services;
