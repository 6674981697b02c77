//! The real program, from outside: over HTTP, the feed, the command line and its files. One binary for all tests.
//!
//! Reading order: [`house`] (a server with its people), then a file a subject; [`refusals`] provokes each refusal that there
//! is, [`durability`] kills the server while people write.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "in a test, what cannot be is a failure"
)]

mod administration;
mod archive;
mod catching_up;
mod conversations;
mod durability;
mod files;
mod first_run;
mod guards;
mod house;
mod keyed;
mod keys;
mod messages;
mod nodes;
mod presence;
mod programs;
mod quiet_log;
mod refusals;
mod sealed;
mod signing_in;
