//! Test tools: a protocol client, a server harness, services for the cluster tests.
//!
//! This crate must never be linked into the server. Reading order: [`client`], [`server`], [`services`].

pub mod client;
pub mod server;
pub mod services;
