//! Tests of the binary's crate, in one binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test, what cannot be is a failure"
)]

mod acme;
mod binary;
mod config;
mod held;
mod listener;
mod secrets;
mod tls;
