//! Who acts: every use case is told, so that the audit trail has no holes.

use std::net::IpAddr;

use rempart_base::{AccountId, ApiTokenId, DeviceId, RequestId, SessionId, Timestamp};

use crate::role::{Role, Scope};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, signed in.
    Account(SignedIn),
    /// A background task, by name.
    Task(&'static str),
    /// Whoever runs the command line on the server's machine.
    Operator,
    /// Nobody yet.
    Anonymous,
}

/// A signed-in account on one of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The account.
    pub account: AccountId,
    /// Its role when the session was checked.
    pub role: Role,
    /// The device.
    pub device: DeviceId,
    /// The session or token.
    pub by: Credential,
    /// What must be done before anything else.
    pub must: Vec<Duty>,
}

/// What proves the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A browser's session: everything that the role allows.
    Session(SessionId),
    /// A program's token: only its scopes.
    Token(ApiTokenId, Vec<Scope>),
}

/// What a person must do before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Set up a second factor.
    EnrolFactor,
    /// Choose a new password.
    ChangePassword,
}

impl Duty {
    /// The name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EnrolFactor => "enrol_factor",
            Self::ChangePassword => "change_password",
        }
    }
}

/// The first argument of every use case.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Who.
    pub actor: Actor,
    /// From which address; absent: on this machine.
    pub origin: Option<IpAddr>,
    /// When.
    pub now: Timestamp,
    /// Which request, for the log.
    pub request: RequestId,
}
