use async_trait::async_trait;
use rempart_base::{AccountId, InvitationId, Timestamp};
use rempart_domain::account::{Account, Credentials, Language};
use rempart_domain::invitation::Invitation;
use rempart_domain::presence::Choice;
use rempart_domain::role::Role;

use super::StoreError;

/// Which accounts.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Words that name, address, title or department must hold, lower-case without accents; empty: all.
    pub query: String,
    /// Only this role.
    pub role: Option<Role>,
    /// Only open or closed ones.
    pub active: Option<bool>,
    /// Only this department, letter for letter.
    pub department: Option<String>,
    /// Only those with or without an authenticator application.
    pub totp: Option<bool>,
    /// After this place: sort key and id of the last row of the page before.
    pub after: Option<(String, AccountId)>,
    /// At most this many rows.
    pub limit: u32,
}

/// A page of accounts, by display name folded (lower-case, no accents), then id.
#[derive(Clone, Debug)]
pub struct AccountPage {
    /// Rows.
    pub accounts: Vec<Account>,
    /// Place of the next page, if there is one.
    pub next: Option<(String, AccountId)>,
    /// How many fit the filter in all.
    pub total: u64,
}

/// What administration sees besides the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountOverview {
    /// The account.
    pub account: AccountId,
    /// Whether an authenticator application is confirmed.
    pub totp: bool,
    /// Devices with a live session.
    pub devices: u32,
}

/// Failures counted for a key such as an account, a source, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// What is counted.
    pub key: String,
    /// Failures so far.
    pub failures: u32,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// Until when nothing is tried; past or zero: now.
    pub until: Timestamp,
}

/// Accounts, credentials, invitations, failures, presence choices.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes an account; `skeleton` is its address's look-alike class, unique.
    ///
    /// # Errors
    /// `Exists("account_local")`, `Exists("account_skeleton")`.
    async fn create_account(
        &self,
        account: &Account,
        skeleton: &str,
        credentials: &Credentials,
    ) -> Result<(), StoreError>;

    /// Makes an account and spends its invitation, all or nothing.
    ///
    /// # Errors
    /// As [`Accounts::create_account`]; `Missing("invitation")` when spent, past, revoked or unknown.
    async fn accept_invitation(
        &self,
        secret: [u8; 32],
        now: Timestamp,
        account: &Account,
        skeleton: &str,
        credentials: &Credentials,
    ) -> Result<(), StoreError>;

    /// One account.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// Some accounts; unknown ones are left out.
    async fn accounts(&self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError>;

    /// The account of an address, by its part before `@`, lower-case.
    async fn account_by_local(&self, local: &str) -> Result<Option<Account>, StoreError>;

    /// A page of accounts.
    async fn list_accounts(&self, filter: &AccountFilter) -> Result<AccountPage, StoreError>;

    /// Departments that open accounts name, each once, in order of their letters; at most `limit`.
    async fn departments(&self, limit: u32) -> Result<Vec<String>, StoreError>;

    /// Overviews of some accounts.
    async fn account_overviews(&self, ids: &[AccountId]) -> Result<Vec<AccountOverview>, StoreError>;

    /// Of open accounts: how many have no second factor, and how many owners there are.
    async fn account_counts(&self) -> Result<(u64, u64), StoreError>;

    /// Writes display name, title, department and language.
    ///
    /// # Errors
    /// `Missing("account")`.
    async fn update_profile(
        &self,
        id: AccountId,
        display_name: &str,
        title: &str,
        department: &str,
        language: Language,
    ) -> Result<(), StoreError>;

    /// Writes role and openness, unless that would leave no open owner.
    ///
    /// # Errors
    /// `Stale` when no open owner would stay; `Missing("account")`.
    async fn update_standing(&self, id: AccountId, role: Role, active: bool) -> Result<(), StoreError>;

    /// Notes that an account was seen.
    async fn touch_account(&self, id: AccountId, now: Timestamp) -> Result<(), StoreError>;

    /// What an account signs in with.
    async fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, StoreError>;

    /// Replaces credentials if they are still `expected`.
    ///
    /// # Errors
    /// `Stale` when they changed: so a code or recovery code is spent once.
    async fn replace_credentials(
        &self,
        id: AccountId,
        expected: &Credentials,
        new: &Credentials,
    ) -> Result<(), StoreError>;

    /// Failures counted for some keys; those without any are left out.
    async fn throttles(&self, keys: &[String]) -> Result<Vec<Throttle>, StoreError>;

    /// Keys that begin with `prefix` and whose `until` is after `now`.
    async fn throttled(&self, prefix: &str, now: Timestamp) -> Result<Vec<Throttle>, StoreError>;

    /// Writes failure counts.
    async fn put_throttles(&self, throttles: &[Throttle]) -> Result<(), StoreError>;

    /// Forgets failure counts whose key begins with one of `prefixes`; with `before`, only those whose last is older.
    async fn clear_throttles(&self, prefixes: &[String], before: Option<Timestamp>) -> Result<u64, StoreError>;

    /// Keeps an invitation.
    async fn put_invitation(&self, invitation: &Invitation) -> Result<(), StoreError>;

    /// An invitation that holds at `now`, by its secret's hash.
    async fn invitation(&self, secret: [u8; 32], now: Timestamp) -> Result<Option<Invitation>, StoreError>;

    /// Invitations neither spent nor revoked that expire after `since`, newest first.
    async fn invitations(&self, since: Timestamp) -> Result<Vec<Invitation>, StoreError>;

    /// Revokes an invitation.
    ///
    /// # Errors
    /// `Missing("invitation")`.
    async fn revoke_invitation(&self, id: InvitationId) -> Result<(), StoreError>;

    /// Presence choices of everybody who made one.
    async fn presence_choices(&self) -> Result<Vec<(AccountId, Choice)>, StoreError>;

    /// Writes a presence choice.
    ///
    /// # Errors
    /// `Missing("account")`.
    async fn put_presence_choice(&self, id: AccountId, choice: &Choice) -> Result<(), StoreError>;
}
