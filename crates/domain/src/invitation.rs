//! Invitations: how people who are not here yet come in.

use rempart_base::{AccountId, InvitationId, Timestamp};

use crate::role::Role;

/// An invitation; its link is good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// SHA-256 of the secret in the link.
    pub secret: [u8; 32],
    /// The role offered.
    pub role: Role,
    /// The address proposed: the part before `@`.
    pub local: Option<String>,
    /// The name proposed.
    pub display_name: Option<String>,
    /// Who invites; absent: the operator, by command line.
    pub inviter: Option<AccountId>,
    /// When made.
    pub created: Timestamp,
    /// Until when it holds.
    pub expires: Timestamp,
}
