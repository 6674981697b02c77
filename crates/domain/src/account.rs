//! Accounts: an identity that can sign in, `local@domain`.

use rempart_base::{AccountId, Timestamp};

use crate::role::{Role, named};

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
