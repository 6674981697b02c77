//! The archive's mathematics: leaves, the Merkle tree over them, tiles, signed checkpoints, proofs and promises.
//!
//! Everything here is a pure function of its arguments: no clock, no thread, no file, no network, so that the server,
//! an auditor's tool and a browser run the same code. This crate must never know a conversation's content, an account
//! or a store: it sees hashes, and the few envelope fields that a leaf commits to.
//!
//! Standards: RFC 9162 §2.1 (the tree and its proofs), C2SP tlog-tiles, C2SP signed-note, C2SP tlog-checkpoint,
//! RFC 8446 §3 (how a leaf is written), RFC 8032 (Ed25519).
//!
//! Reading order: [`leaf`] (what is logged), [`tree`] (how it is hashed), [`proof`] (how that is shown), [`tile`] (how
//! it is stored), [`note`] and [`checkpoint`] (how the head is signed), [`cosignature`] (who else saw it), [`promise`] (what an acknowledgement carries).

pub mod checkpoint;
pub mod cosignature;
pub mod leaf;
pub mod note;
pub mod promise;
pub mod proof;
pub mod tile;
pub mod tree;

pub use checkpoint::Checkpoint;
pub use leaf::{Leaf, Sender};
pub use note::{LogKey, Note, VerifierKey};
pub use tile::Tile;
pub use tree::{Frontier, Hash};
