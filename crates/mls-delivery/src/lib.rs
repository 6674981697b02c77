//! The server's follower of public group state (the delivery service of RFC 9750): one commit per epoch, policy, finality.
//!
//! It reads what members send in the clear (commits and proposals are PublicMessages) and follows tree and GroupContext; it has no
//! secret of a group and cannot check membership or confirmation tags, which is why [`rempart_group_policy::finality`] exists.
//! [`identity`] and [`describe`] translate OpenMLS into what `group-policy` judges, and clients use the same two. This crate must
//! never know `mls-client`, a store or a clock.
//!
//! OpenMLS reads the system's clock for one thing, the lifetime of key packages in leaves.
//!
//! Reading order: [`identity`], [`package`], [`describe`], [`follower`].

pub mod describe;
pub mod error;
pub mod follower;
pub mod identity;
pub mod package;
mod store;

pub use describe::{Described, describe, epoch_ref};
pub use error::{DeliveryError, IdentityError};
pub use follower::{Applied, Conversation, Follower, Proposal};
pub use identity::{Directory, Leaf, Leaves, leaf};
use openmls::prelude::Ciphersuite;
pub use package::{MAX_PACKAGE, Package, PackageError, package};

/// Bytes of a handshake message that are looked at; an add of many people in the post-quantum suite is large.
pub const MAX_HANDSHAKE: usize = 4 * 1024 * 1024;

/// Tolerated difference between clocks, in milliseconds.
pub const SLACK: i64 = 5 * rempart_base::time::MINUTE;

/// Cipher suites of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// 0x004F, a draft number: X-Wing (ML-KEM-768 and X25519), AES-128-GCM, SHA-256, Ed25519. The default.
    Hybrid,
    /// 0x0001: X25519, AES-128-GCM, SHA-256, Ed25519. For interoperation.
    Classical,
}

impl Suite {
    /// Every suite, preferred first.
    pub const ALL: [Self; 2] = [Self::Hybrid, Self::Classical];

    /// As OpenMLS names it.
    #[must_use]
    pub const fn mls(self) -> Ciphersuite {
        match self {
            Self::Hybrid => Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519,
            Self::Classical => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
        }
    }

    /// The suite of ours, if it is one.
    #[must_use]
    pub fn of(suite: Ciphersuite) -> Option<Self> {
        Self::ALL.into_iter().find(|ours| ours.mls() == suite)
    }
}
