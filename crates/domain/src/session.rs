//! Devices, sessions, API tokens and single-use links.

use rempart_base::{AccountId, ApiTokenId, DeviceId, SessionId, Timestamp};

use crate::role::Scope;

/// A client installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The device.
    pub id: DeviceId,
    /// Whose.
    pub account: AccountId,
    /// What the person will recognise.
    pub name: String,
    /// When first seen.
    pub created: Timestamp,
}

/// A browser profile's session. The cookie's secret is kept as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// On which device.
    pub device: DeviceId,
    /// SHA-256 of the cookie's secret.
    pub secret: [u8; 32],
    /// SHA-256 of the secret before the last rotation, good for a minute more.
    pub former_secret: Option<[u8; 32]>,
    /// When signed in.
    pub created: Timestamp,
    /// When the secret last changed.
    pub rotated: Timestamp,
    /// When last seen, to the minute.
    pub seen: Timestamp,
    /// Whether a second factor was given.
    pub factor: bool,
}

/// A program's token. Its secret is kept as a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// The token.
    pub id: ApiTokenId,
    /// Whose.
    pub account: AccountId,
    /// The device that stands for the program.
    pub device: DeviceId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// SHA-256 of the secret.
    pub secret: [u8; 32],
    /// When made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When last used, to the minute.
    pub used: Option<Timestamp>,
}

/// A link that sets the server up, or lets somebody choose a new password; good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeLink {
    /// SHA-256 of the secret in the link.
    pub secret: [u8; 32],
    /// What for.
    pub purpose: LinkPurpose,
    /// Until when.
    pub expires: Timestamp,
}

/// What a single-use link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Set the server up.
    Setup,
    /// Choose a new password for this account.
    Reset(AccountId),
}
