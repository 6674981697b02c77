//! Several devices and the server's follower in one process, every byte passed by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod attacks;
mod finality;
mod garbage;
mod groups;
mod kills;
mod packages;
mod random;
mod world;
