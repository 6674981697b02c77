//! Devices, sessions, API tokens and single-use links.

use rempart_base::time::{DAY, HOUR, MINUTE};
use rempart_base::{AccountId, ApiTokenId, DeviceId, SessionId, Timestamp};

use crate::account::Credentials;
use crate::actor::Duty;
use crate::refusal::{Reason, Refusal};
use crate::role::{Role, Scope};

/// After how long a session's secret changes, in milliseconds.
pub const ROTATION: i64 = HOUR;
/// How long the former secret stays good after the new one is in use, in milliseconds: requests already on their way.
pub const GRACE: i64 = MINUTE;
/// The longest a session lives, in milliseconds.
pub const LIFE: i64 = 90 * DAY;
/// The longest an API token lives, in days.
pub const TOKEN_DAYS: u32 = 366;

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
    /// SHA-256 of the secret before the last rotation: good until the new one is in use, and a minute more.
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

/// What to do with a session that somebody presents a secret of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds; nothing to write.
    Holds,
    /// It holds; note that it was seen.
    Seen,
    /// It holds; give it a new secret.
    Rotate,
    /// It is over, or the secret is: sign in again.
    Over,
}

impl Session {
    /// How the session stands for whoever presents the secret of this hash. `idle` in milliseconds.
    ///
    /// The former secret stays good while nobody has used the new one: an answer that carried a new cookie may be lost.
    #[must_use]
    pub fn standing(&self, presented: &[u8; 32], idle: i64, now: Timestamp) -> Standing {
        if now.since(self.created) >= LIFE || now.since(self.seen) >= idle {
            return Standing::Over;
        }
        // Comparing hashes of 256-bit random secrets tells nothing by its duration.
        let current = self.secret == *presented;
        let unused = self.seen <= self.rotated;
        let age = now.since(self.rotated);
        if !current && !(self.former_secret == Some(*presented) && (unused || age < GRACE)) {
            return Standing::Over;
        }
        match current {
            true if age >= ROTATION => Standing::Rotate,
            true if (unused && self.former_secret.is_some()) || now.since(self.seen) >= MINUTE => Standing::Seen,
            true => Standing::Holds,
            false if age >= GRACE => Standing::Rotate,
            false => Standing::Holds,
        }
    }

    /// The session with a new secret, presented with another of this hash.
    #[must_use]
    pub const fn rotated(mut self, presented: [u8; 32], new: [u8; 32], now: Timestamp) -> Self {
        self.former_secret = Some(presented);
        self.secret = new;
        self.rotated = now;
        self.seen = now;
        self
    }

    /// The session, seen now with its present secret.
    #[must_use]
    pub fn seen(mut self, now: Timestamp) -> Self {
        // Always after the rotation, for that is how the new secret is known to be in use.
        self.seen = now.max(self.rotated.plus_millis(1));
        self
    }

    /// Until when the session can live at most.
    #[must_use]
    pub const fn ends(&self) -> Timestamp {
        self.created.plus_millis(LIFE)
    }
}

/// What an account must do before anything else. `password_age`: the greatest age of privileged passwords, in milliseconds.
#[must_use]
pub fn duties(role: Role, credentials: &Credentials, password_age: Option<i64>, now: Timestamp) -> Vec<Duty> {
    let old = role.needs_factor() && password_age.is_some_and(|age| now.since(credentials.password_changed) >= age);
    let change = (credentials.must_change || old).then_some(Duty::ChangePassword);
    let enrol = (role.needs_factor() && credentials.totp.is_none()).then_some(Duty::EnrolFactor);
    change.into_iter().chain(enrol).collect()
}

/// Until when a token of so many days holds.
///
/// # Errors
/// `duration_invalid` outside of 1 to 366 days.
pub fn token_expires(days: u32, now: Timestamp) -> Result<Timestamp, Refusal> {
    if (1..=TOKEN_DAYS).contains(&days) {
        Ok(now.plus_millis(i64::from(days) * DAY))
    } else {
        Err(Refusal::field(Reason::DurationInvalid, "days"))
    }
}

/// The scopes of a token, each once, in the order of [`Scope::ALL`].
///
/// # Errors
/// `scopes_empty`.
pub fn scopes(asked: &[Scope]) -> Result<Vec<Scope>, Refusal> {
    let scopes: Vec<Scope> = Scope::ALL.iter().copied().filter(|scope| asked.contains(scope)).collect();
    if scopes.is_empty() { Err(Refusal::field(Reason::ScopesEmpty, "scopes")) } else { Ok(scopes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rempart_base::time::SECOND;

    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn session() -> Session {
        let start = Timestamp::from_millis(0);
        Session {
            id: SessionId::from_bytes([0; 16]),
            account: AccountId::from_bytes([0; 16]),
            device: DeviceId::from_bytes([0; 16]),
            secret: OLD,
            former_secret: None,
            created: start,
            rotated: start,
            seen: start,
            factor: false,
        }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_session_from_sign_in_to_its_end() {
        let fresh = session();
        let idle = 30 * DAY;
        assert_eq!(fresh.standing(&OLD, idle, at(SECOND)), Standing::Holds);
        assert_eq!(fresh.standing(&OLD, idle, at(MINUTE)), Standing::Seen);
        assert_eq!(fresh.standing(&OLD, idle, at(HOUR)), Standing::Rotate);
        assert_eq!(fresh.standing(&NEW, idle, at(0)), Standing::Over);
        assert_eq!(fresh.standing(&OLD, idle, at(idle)), Standing::Over);
        let kept = Session { seen: at(LIFE - 1), ..fresh };
        assert_eq!(kept.standing(&OLD, idle, at(LIFE - 1)), Standing::Rotate);
        assert_eq!(kept.standing(&OLD, idle, at(LIFE)), Standing::Over);
    }

    #[test]
    fn a_new_secret_replaces_the_former_once_it_is_used() {
        let idle = 30 * DAY;
        let turned = session().rotated(OLD, NEW, at(HOUR));
        assert_eq!(turned.standing(&OLD, idle, at(HOUR + 1)), Standing::Holds, "a request on its way");
        assert_eq!(turned.standing(&OLD, idle, at(HOUR + GRACE)), Standing::Rotate, "the answer was lost");
        assert_eq!(turned.standing(&NEW, idle, at(HOUR)), Standing::Seen, "first use is noted at once");
        let used = turned.seen(at(HOUR));
        assert_eq!(used.standing(&NEW, idle, at(HOUR + 2)), Standing::Holds);
        assert_eq!(used.standing(&OLD, idle, at(HOUR + GRACE - 1)), Standing::Holds);
        assert_eq!(used.standing(&OLD, idle, at(HOUR + GRACE)), Standing::Over, "the former one is over");
    }

    #[test]
    fn duties_by_role() {
        let credentials = |totp: bool, must_change| Credentials {
            password: String::new(),
            password_changed: at(0),
            former: vec![],
            must_change,
            totp: totp.then(Vec::new),
            totp_offered: None,
            totp_step: 0,
            recovery: vec![],
        };
        use Duty::{ChangePassword, EnrolFactor};
        let of = |role, totp, change, age| duties(role, &credentials(totp, change), age, at(DAY));
        assert_eq!(of(Role::Member, false, false, Some(1)), []);
        assert_eq!(of(Role::Member, false, true, None), [ChangePassword]);
        assert_eq!(of(Role::Admin, false, true, None), [ChangePassword, EnrolFactor]);
        assert_eq!(of(Role::Owner, true, false, Some(2 * DAY)), []);
        assert_eq!(of(Role::Owner, true, false, Some(DAY)), [ChangePassword]);
    }

    #[test]
    fn tokens() {
        assert_eq!(token_expires(366, at(0)), Ok(at(366 * DAY)));
        assert!([0, 367].iter().all(|days| token_expires(*days, at(0)).unwrap_err().field == Some("days")));
        assert_eq!(scopes(&[Scope::Post, Scope::Read, Scope::Post]), Ok(vec![Scope::Read, Scope::Post]));
        assert_eq!(scopes(&[]).unwrap_err().reason, Reason::ScopesEmpty);
    }
}
