//! What can go wrong, typed.

use rempart_group_policy::Refusal;
use rempart_mls_delivery::{DeliveryError, IdentityError};
use thiserror::Error;

use crate::state::{StateError, StoreFailure};

/// Why an operation did not happen. Nothing changed, unless the words say so.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Policy forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A leaf is not who it says.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// This device has no such group.
    #[error("this device is not in that group")]
    NoGroup,
    /// The store holds no device.
    #[error("no device has been enrolled here")]
    NotEnrolled,
    /// A message of an epoch that is gone, or to come.
    #[error("the message belongs to epoch {message}, the group is in epoch {group}")]
    WrongEpoch {
        /// The message's.
        message: u64,
        /// The group's.
        group: u64,
    },
    /// A commit waits for the server's word; confirm or withdraw it first.
    #[error("a commit of this device waits for the server's answer")]
    CommitPending,
    /// No commit waits.
    #[error("no commit of this device waits for an answer")]
    NoCommitPending,
    /// No snapshot of that epoch.
    #[error("the epoch to go back to is not kept on this device")]
    NoSnapshot,
    /// The group is not made as groups are made here.
    #[error("the group is not made as required: {0}")]
    Group(#[from] DeliveryError),
    /// Not an MLS message, or not of the kind that belongs here.
    #[error("not the MLS message that belongs here: {0}")]
    Malformed(&'static str),
    /// The store did not take the batch; memory was read again from it.
    #[error("the device's state could not be kept, the operation is undone: {0}")]
    Store(#[from] StoreFailure),
    /// Memory was dropped and could not be read again: call `reload`.
    #[error("the device's state is not loaded: load it again")]
    Unloaded,
    /// Kept state that cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// MLS refuses it: a commit that no member can follow, a replay, a forged or damaged message.
    #[error("MLS refuses it: {0}")]
    Mls(String),
}

impl ClientError {
    /// The stable code: clients act on it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) | Self::Group(DeliveryError::Refused(refusal)) => refusal.code(),
            Self::Identity(IdentityError::UnknownAccount)
            | Self::Group(DeliveryError::Identity(IdentityError::UnknownAccount)) => "mls_unknown_account",
            Self::Identity(_) | Self::Group(DeliveryError::Identity(_)) => "mls_identity",
            Self::NoGroup => "mls_no_group",
            Self::NotEnrolled => "mls_not_enrolled",
            Self::WrongEpoch { .. } => "mls_wrong_epoch",
            Self::CommitPending => "mls_commit_pending",
            Self::NoCommitPending => "mls_no_commit_pending",
            Self::NoSnapshot => "mls_no_snapshot",
            Self::Group(_) => "mls_group",
            Self::Malformed(_) => "mls_malformed",
            Self::Store(_) => "mls_store",
            Self::Unloaded => "mls_unloaded",
            Self::State(_) => "mls_state",
            Self::Mls(_) => "mls_refused",
        }
    }
}

/// OpenMLS's errors are many types of one meaning here.
pub(crate) fn mls(error: impl std::fmt::Display) -> ClientError {
    ClientError::Mls(error.to_string())
}
