//! Accounts: an identity that can sign in, `local@domain`.

use rempart_base::{AccountId, Timestamp, limits};

use crate::refusal::{Reason, Refusal};
use crate::role::{Action, Role, named};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// The part of the address before `@`, lower-case.
    pub local: String,
    /// First name and name.
    pub display_name: String,
    /// Job title, may be empty.
    pub title: String,
    /// Department, may be empty.
    pub department: String,
    /// Language of the interface.
    pub language: Language,
    /// Role in the organisation.
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
    /// When made.
    pub created: Timestamp,
    /// When last seen, to the minute.
    pub seen: Option<Timestamp>,
}

/// Language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// French.
    French,
    /// English.
    English,
}

named!(Language French "fr", English "en");

/// What an account signs in with. Verifiers only; the pepper is not here.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Argon2id PHC string, made with the pepper.
    pub password: String,
    /// When the password was chosen.
    pub password_changed: Timestamp,
    /// Verifiers of former passwords, newest first.
    pub former: Vec<String>,
    /// Whether a new password must be chosen at next sign-in.
    pub must_change: bool,
    /// Secret of the authenticator application, sealed under the server's key; absent: none.
    pub totp: Option<Vec<u8>>,
    /// A secret offered and not confirmed yet, sealed likewise.
    pub totp_offered: Option<Vec<u8>>,
    /// The last 30-second step whose code was taken: a code works once.
    pub totp_step: i64,
    /// HMACs of the recovery codes not used yet.
    pub recovery: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

/// The part of an address before `@`, as people may choose it: 1 to 64 lower-case letters, digits, dots, dashes and
/// underscores, beginning and ending with a letter or digit, without two dots side by side (RFC 5321 §4.1.2 takes it as is).
///
/// # Errors
/// `address_look_alike` where a letter of another alphabet poses as one of ours; `address_invalid` otherwise.
pub fn local(text: &str, field: &'static str) -> Result<String, Refusal> {
    let text = text.trim().to_lowercase();
    let fits = |text: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        (1..=limits::LOCAL_CHARS).contains(&text.len())
            && text.bytes().all(|b| inner(b) || matches!(b, b'.' | b'-' | b'_'))
            && text.bytes().next().is_some_and(inner)
            && text.bytes().next_back().is_some_and(inner)
            && !text.contains("..")
    };
    if fits(&text) {
        return Ok(text);
    }
    // `pаul` with a Cyrillic а reads as `paul`: said apart, for nobody sees the difference.
    let poses = !text.is_ascii() && fits(&skeleton(&text));
    let reason = if poses { Reason::AddressLookAlike } else { Reason::AddressInvalid };
    Err(Refusal::field(reason, field))
}

/// The local part that somebody means by an address: `local@domain`, or only `local`. Nothing when it is of another domain.
#[must_use]
pub fn local_of<'a>(address: &'a str, domain: &str) -> Option<&'a str> {
    match address.trim().rsplit_once('@') {
        None => Some(address.trim()),
        Some((local, at)) if at.eq_ignore_ascii_case(domain) => Some(local),
        Some(_) => None,
    }
}

/// The look-alike class of a local part: two that people could confuse have the same (Unicode TS 39 §4).
#[must_use]
pub fn skeleton(local: &str) -> String {
    let seen = |text: &str| unicode_security::skeleton(text).flat_map(char::to_lowercase).collect::<String>();
    // Twice: the first pass turns `0` into `O`, only lower-case it meets `o`. Separators are read as one.
    seen(&seen(local)).chars().map(|c| if matches!(c, '-' | '_' | '‐') { '.' } else { c }).collect()
}

/// Who changes an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changer {
    /// Somebody signed in.
    Account(AccountId, Role),
    /// Whoever runs the command line on the server's machine: may do everything.
    Operator,
}

impl Changer {
    /// Decides whether this account may be changed at all: accounts below administrator by administrators, others by owners.
    ///
    /// # Errors
    /// `not_allowed` names the rule.
    pub fn may_manage(self, target: &Account) -> Result<(), Refusal> {
        let needed = if target.role.needs_factor() { Action::AdminsManage } else { Action::AccountsManage };
        self.may(needed)
    }

    /// Decides whether this account may get a role.
    ///
    /// # Errors
    /// `not_allowed` names the rule.
    pub fn may_name(self, target: &Account, role: Role) -> Result<(), Refusal> {
        self.may_manage(target)?;
        self.may(if role.needs_factor() { Action::AdminsManage } else { Action::AccountsManage })
    }

    /// Decides whether this account may be closed: never one's own, so that nobody locks themselves out.
    ///
    /// # Errors
    /// `not_allowed` names the rule.
    pub fn may_close(self, target: &Account) -> Result<(), Refusal> {
        match self {
            Self::Account(own, _) if own == target.id => Err(Refusal::field(Reason::NotAllowed, "account")),
            Self::Account(..) | Self::Operator => self.may_manage(target),
        }
    }

    /// Decides whether a role may be offered by invitation; members offer guests only, nobody offers above their own.
    ///
    /// # Errors
    /// `not_allowed` names the rule.
    pub fn may_invite(self, role: Role) -> Result<(), Refusal> {
        self.may(match role {
            Role::Owner | Role::Admin => Action::AdminsManage,
            Role::Officer | Role::Auditor | Role::Member => Action::MemberInvite,
            Role::Guest => Action::GuestInvite,
        })
    }

    fn may(self, action: Action) -> Result<(), Refusal> {
        match self {
            Self::Operator => Ok(()),
            Self::Account(_, role) if role.allows(action) => Ok(()),
            Self::Account(..) => Err(Refusal::field(Reason::NotAllowed, action.name())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(role: Role) -> Account {
        Account {
            id: AccountId::from_bytes([7; 16]),
            local: "paul".into(),
            display_name: "Paul".into(),
            title: String::new(),
            department: String::new(),
            language: Language::French,
            role,
            active: true,
            created: Timestamp::from_millis(0),
            seen: None,
        }
    }

    #[test]
    fn local_parts() {
        for (text, expected) in [("paul", "paul"), ("Jean.Dupont", "jean.dupont"), ("j-p_2", "j-p_2"), ("7", "7")] {
            assert_eq!(local(text, "local").as_deref(), Ok(expected));
        }
        for text in ["", ".a", "a.", "-a", "a_", "a..b", "a b", "a@b", "élo", "иван", "a+b", &"a".repeat(65)] {
            assert_eq!(local(text, "local"), Err(Refusal::field(Reason::AddressInvalid, "local")), "{text}");
        }
        for text in ["pаul", "рaul", "pa\u{200b}ul", "ｐaul", "pauⅼ"] {
            assert_eq!(local(text, "local"), Err(Refusal::field(Reason::AddressLookAlike, "local")), "{text}");
        }
    }

    #[test]
    fn look_alikes_share_a_class() {
        for (a, b) in [
            ("paul", "pau1"),
            ("martin", "rnartin"),
            ("olga", "0lga"),
            ("jean.dupont", "jean-dupont"),
            ("pаul", "paul"),
        ] {
            assert_eq!(skeleton(a), skeleton(b), "{a} {b}");
        }
        for (a, b) in [("paul", "paula"), ("jean.dupont", "jeandupont"), ("marie", "maria")] {
            assert_ne!(skeleton(a), skeleton(b), "{a} {b}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(local_of(" paul ", "kerbrat.example"), Some("paul"));
        assert_eq!(local_of("paul@Kerbrat.Example", "kerbrat.example"), Some("paul"));
        assert_eq!(local_of("paul@other.example", "kerbrat.example"), None);
    }

    #[test]
    fn who_may_change_whom() {
        let other = |role| Changer::Account(AccountId::from_bytes([1; 16]), role);
        let denied = |rule| Err(Refusal::field(Reason::NotAllowed, rule));
        assert_eq!(other(Role::Admin).may_manage(&account(Role::Member)), Ok(()));
        assert_eq!(other(Role::Admin).may_manage(&account(Role::Auditor)), Ok(()));
        assert_eq!(other(Role::Admin).may_manage(&account(Role::Admin)), denied("admins.manage"));
        assert_eq!(other(Role::Admin).may_manage(&account(Role::Owner)), denied("admins.manage"));
        assert_eq!(other(Role::Owner).may_manage(&account(Role::Owner)), Ok(()));
        for role in [Role::Officer, Role::Auditor, Role::Member, Role::Guest] {
            assert_eq!(other(role).may_manage(&account(Role::Guest)), denied("accounts.manage"));
        }
        assert_eq!(other(Role::Admin).may_name(&account(Role::Member), Role::Admin), denied("admins.manage"));
        assert_eq!(other(Role::Admin).may_name(&account(Role::Admin), Role::Member), denied("admins.manage"));
        assert_eq!(other(Role::Admin).may_name(&account(Role::Guest), Role::Officer), Ok(()));
        assert_eq!(other(Role::Owner).may_name(&account(Role::Member), Role::Owner), Ok(()));
        assert_eq!(Changer::Operator.may_name(&account(Role::Owner), Role::Member), Ok(()));
        let own = Changer::Account(AccountId::from_bytes([7; 16]), Role::Owner);
        assert_eq!(own.may_close(&account(Role::Owner)), denied("account"));
        assert_eq!(other(Role::Owner).may_close(&account(Role::Owner)), Ok(()));
    }

    #[test]
    fn who_may_invite_whom() {
        let may =
            |inviter, offered| Changer::Account(AccountId::from_bytes([1; 16]), inviter).may_invite(offered).is_ok();
        let offers = |inviter| Role::ALL.iter().filter(|r| may(inviter, **r)).map(|r| r.name()).collect::<Vec<_>>();
        assert_eq!(offers(Role::Owner), ["owner", "admin", "officer", "auditor", "member", "guest"]);
        assert_eq!(offers(Role::Admin), ["officer", "auditor", "member", "guest"]);
        for role in [Role::Officer, Role::Auditor, Role::Member] {
            assert_eq!(offers(role), ["guest"]);
        }
        assert_eq!(offers(Role::Guest), Vec::<&str>::new());
    }
}
