//! Who acts: every use case is told, so that the audit trail has no holes.

use std::net::IpAddr;

use rempart_base::{AccountId, ApiTokenId, DeviceId, RequestId, SessionId, Timestamp};

use crate::refusal::{Reason, Refusal};
use crate::role::{Action, Role, Scope};

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

impl Ctx {
    /// The person signed in, whatever they must still do first: for what leads out of a duty.
    ///
    /// # Errors
    /// `not_signed_in`.
    pub const fn signed_in(&self) -> Result<&SignedIn, Reason> {
        match &self.actor {
            Actor::Account(who) => Ok(who),
            Actor::Task(_) | Actor::Operator | Actor::Anonymous => Err(Reason::NotSignedIn),
        }
    }

    /// The person signed in, with nothing left to do first; a program's token must carry `scope`.
    ///
    /// # Errors
    /// `not_signed_in`, `factor_required`, `password_change_required`, `scope_missing`.
    pub fn ready(&self, scope: Scope) -> Result<&SignedIn, Refusal> {
        let who = self.signed_in()?;
        match who.must.first() {
            Some(Duty::EnrolFactor) => return Err(Reason::FactorRequired.into()),
            Some(Duty::ChangePassword) => return Err(Reason::PasswordChangeRequired.into()),
            None => {}
        }
        match &who.by {
            Credential::Session(_) => Ok(who),
            Credential::Token(_, scopes) if scopes.contains(&scope) => Ok(who),
            Credential::Token(..) => Err(Refusal::field(Reason::ScopeMissing, scope.name())),
        }
    }

    /// The person signed in and ready, whose role allows `action`.
    ///
    /// # Errors
    /// As [`Ctx::ready`]; `not_allowed` with the action's name as the rule that denied.
    pub fn may(&self, scope: Scope, action: Action) -> Result<&SignedIn, Refusal> {
        let who = self.ready(scope)?;
        if who.role.allows(action) { Ok(who) } else { Err(Refusal::field(Reason::NotAllowed, action.name())) }
    }

    /// The person signed in at a browser, not a program: for what concerns the account itself.
    ///
    /// # Errors
    /// `not_signed_in`; `scope_missing` for a program's token, whatever its scopes.
    pub const fn in_person(&self) -> Result<(&SignedIn, SessionId), Reason> {
        match self.signed_in() {
            Ok(who) => match &who.by {
                Credential::Session(session) => Ok((who, *session)),
                Credential::Token(..) => Err(Reason::ScopeMissing),
            },
            Err(reason) => Err(reason),
        }
    }

    /// Who acts, as the administration journal names it.
    #[must_use]
    pub fn actor_name(&self) -> String {
        match &self.actor {
            Actor::Account(who) => who.account.to_string(),
            Actor::Task(name) => format!("task:{name}"),
            Actor::Operator => "operator".to_owned(),
            Actor::Anonymous => "anonymous".to_owned(),
        }
    }

    /// From where, as the administration journal names it.
    #[must_use]
    pub fn origin_name(&self) -> String {
        self.origin.map_or_else(|| "local".to_owned(), |address| address.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ctx(role: Role, by: Credential, must: Vec<Duty>) -> Ctx {
        let who =
            SignedIn { account: AccountId::from_bytes([1; 16]), role, device: DeviceId::from_bytes([2; 16]), by, must };
        Ctx {
            actor: Actor::Account(who),
            origin: None,
            now: Timestamp::from_millis(0),
            request: RequestId::from_bytes([0; 16]),
        }
    }

    #[test]
    fn duties_come_before_everything_and_scopes_bind_programs() {
        let session = || Credential::Session(SessionId::from_bytes([3; 16]));
        let token = |scopes: &[Scope]| Credential::Token(ApiTokenId::from_bytes([4; 16]), scopes.to_vec());
        let refused = |ctx: Ctx, scope, action| ctx.may(scope, action).unwrap_err().reason;
        let owner = ctx(Role::Owner, session(), vec![Duty::EnrolFactor, Duty::ChangePassword]);
        assert_eq!(refused(owner, Scope::Admin, Action::AuditRead), Reason::FactorRequired);
        let old = ctx(Role::Member, session(), vec![Duty::ChangePassword]);
        assert_eq!(refused(old, Scope::Read, Action::PeopleSee), Reason::PasswordChangeRequired);
        let reader = ctx(Role::Admin, token(&[Scope::Read]), vec![]);
        assert_eq!(refused(reader.clone(), Scope::Admin, Action::AuditRead), Reason::ScopeMissing);
        assert!(reader.may(Scope::Read, Action::PeopleSee).is_ok());
        assert_eq!(reader.in_person().unwrap_err(), Reason::ScopeMissing);
        let member = ctx(Role::Member, session(), vec![]);
        let denied = member.may(Scope::Admin, Action::AuditRead).unwrap_err();
        assert_eq!((denied.reason, denied.field), (Reason::NotAllowed, Some("audit.read")));
        let nobody = Ctx { actor: Actor::Anonymous, ..member };
        assert_eq!(refused(nobody, Scope::Read, Action::PeopleSee), Reason::NotSignedIn);
    }
}
