//! What can go wrong, typed.

use rempart_group_policy::{BadCredential, BadStatement, Refusal};
use thiserror::Error;

/// A leaf that is not who it says.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum IdentityError {
    /// The credential is not a device credential of ours, or its signature does not hold.
    #[error(transparent)]
    Credential(#[from] BadCredential),
    /// Nobody knows the account's identity key.
    #[error("the account's identity key is not known")]
    UnknownAccount,
    /// The leaf's signature key is not an Ed25519 key.
    #[error("the leaf's signature key is not an Ed25519 key")]
    Key,
    /// Two leaves of one device.
    #[error("a device has two leaves in this group")]
    TwoLeaves,
}

/// Why the follower does not follow.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// Policy forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A leaf is not who it says.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Another commit was first: fetch it, apply it, commit again.
    #[error("the group is in epoch {current}: another commit came first")]
    Stale {
        /// The group's epoch.
        current: u64,
    },
    /// Larger than [`crate::MAX_HANDSHAKE`].
    #[error("a handshake message has at most {} bytes", crate::MAX_HANDSHAKE)]
    TooLarge,
    /// Not an MLS message, or not of the kind that belongs here.
    #[error("not the MLS message that belongs here: {0}")]
    Malformed(&'static str),
    /// Sent by one device and signed by another.
    #[error("the message is signed by another device than the one that sent it")]
    NotTheSender,
    /// A new group that is not made as groups are made here.
    #[error("the group is not made as required: {0}")]
    Group(&'static str),
    /// The statement is not one.
    #[error(transparent)]
    Statement(#[from] BadStatement),
    /// MLS refuses it.
    #[error("MLS refuses the message: {0}")]
    Mls(String),
    /// Kept state that cannot be read back.
    #[error("the kept state of the group cannot be read")]
    State,
}
