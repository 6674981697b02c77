//! The key log: what holds, what is refused, followers, and the bytes that must never change.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests: they fail by panicking")]

mod fold;
mod following;
mod vectors;
mod world;
