//! Who somebody is: first run, signing in, accounts, sessions, tokens, invitations, and the administration journal.
//!
//! Reading order: [`secrets`] (how secrets are made, kept and compared), [`guard`] (what failures cost), [`setup`],
//! [`sign_in`], [`factor`], [`sessions`] (from a secret to an actor), then what people do with their own account ([`me`],
//! [`tokens`]), what administrators do ([`accounts`], [`invitations`], [`reset`], [`administration`]), what an operator does
//! at the command line ([`operator`]), and the directory ([`people`]).

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use arc_swap::ArcSwapOption;
use rempart_base::{AccountId, ApiTokenId, SessionId};
use rempart_domain::account::Account;
use rempart_domain::organisation::Organisation;
use rempart_domain::refusal::Reason;
use rempart_ports::store::{AccountChange, NewAudit, StoreError};

use crate::feed::{Holder, Signal as Ring};
use crate::{App, Ctx, Failure, Outcome};

pub mod accounts;
pub mod administration;
pub mod factor;
pub mod guard;
pub mod invitations;
pub mod me;
pub mod operator;
pub mod people;
pub mod reset;
pub mod secrets;
pub mod sessions;
pub mod setup;
pub mod sign_in;
pub mod tokens;

/// What identity keeps in memory.
pub struct State {
    organisation: ArcSwapOption<Organisation>,
    sessions: Mutex<sessions::Cache>,
    sprays: Mutex<HashMap<[u8; 8], rempart_domain::lockout::Spray<String>>>,
    spray_key: OnceLock<aws_lc_rs::hmac::Key>,
    turns: [tokio::sync::Mutex<()>; guard::TURNS],
    hashing: secrets::Hashing,
}

impl Default for State {
    fn default() -> Self {
        Self {
            organisation: ArcSwapOption::empty(),
            sessions: Mutex::default(),
            sprays: Mutex::default(),
            spray_key: OnceLock::new(),
            turns: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            hashing: secrets::Hashing::default(),
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("identity::State")
    }
}

/// What nodes tell each other about identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A session ended.
    Ended(SessionId),
    /// A program's token ended.
    Withdrawn(ApiTokenId),
    /// All sessions and tokens of an account are to be looked at again, and its feeds closed.
    Changed(AccountId),
    /// What an account must do or may do changed; its feeds stay.
    Refreshed(AccountId),
    /// An account has another role: its sessions stay, its feeds open again with what holds now.
    Recast(AccountId),
    /// The organisation was set up or renamed.
    Organisation,
}

impl Signal {
    /// A tag, then the id.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let (tag, id): (u8, &[u8]) = match &self {
            Self::Ended(session) => (1, session.as_bytes()),
            Self::Changed(account) => (2, account.as_bytes()),
            Self::Refreshed(account) => (3, account.as_bytes()),
            Self::Organisation => (4, &[]),
            Self::Recast(account) => (5, account.as_bytes()),
            Self::Withdrawn(token) => (6, token.as_bytes()),
        };
        [&[tag], id].concat()
    }

    /// Nothing for what this version does not know, which is passed over.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (tag, id) = bytes.split_first()?;
        match tag {
            1 => SessionId::try_from(id).ok().map(Self::Ended),
            2 => AccountId::try_from(id).ok().map(Self::Changed),
            3 => AccountId::try_from(id).ok().map(Self::Refreshed),
            4 => Some(Self::Organisation),
            5 => AccountId::try_from(id).ok().map(Self::Recast),
            6 => ApiTokenId::try_from(id).ok().map(Self::Withdrawn),
            _ => None,
        }
    }
}

impl App {
    /// Notes in the account's own journal that it changed, so that its other devices ask anew.
    async fn note_settings(&self, ctx: &Ctx, id: AccountId) -> Outcome<()> {
        self.store.note(id, AccountChange::Settings, ctx.now).await?;
        self.ring(Ring::Account(id));
        Ok(())
    }

    /// Acts on a signal at once on this node and tells the others.
    pub(crate) fn tell(&self, signal: Signal) {
        self.obey(signal);
        self.ring(Ring::Identity(signal.encode().into()));
    }

    /// Acts on what another node said.
    pub(crate) async fn identity_heard(&self, bytes: &[u8]) {
        match Signal::decode(bytes) {
            Some(Signal::Organisation) => {
                if let Err(error) = self.read_organisation().await {
                    tracing::warn!(error = %rempart_base::Chain(&error), "the organisation was renamed and could not be read");
                }
            }
            Some(signal) => self.obey(signal),
            None => {}
        }
    }

    fn obey(&self, signal: Signal) {
        match signal {
            Signal::Ended(session) => {
                self.cached_sessions().forget_session(session);
                self.feed.close_held(Holder::Session(session));
            }
            Signal::Withdrawn(token) => {
                self.cached_sessions().forget_token(token);
                self.feed.close_held(Holder::Token(token));
            }
            Signal::Changed(account) => {
                self.cached_sessions().forget_account(account);
                self.feed.close_account(account);
            }
            Signal::Refreshed(account) => self.cached_sessions().forget_account(account),
            Signal::Recast(account) => {
                self.cached_sessions().forget_account(account);
                self.feed.reopen_account(account);
            }
            Signal::Organisation => {}
        }
    }

    /// Writes to the administration journal: who did what to what, what came of it, from where. `target` is an id or empty,
    /// never free text.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn audit(&self, ctx: &Ctx, action: &str, target: &str, outcome: &str) -> Outcome<()> {
        let entry = NewAudit {
            time: ctx.now,
            actor: ctx.actor_name(),
            action: action.to_owned(),
            target: target.to_owned(),
            outcome: outcome.to_owned(),
            origin: ctx.origin_name(),
        };
        self.store.audit(&entry).await?;
        Ok(())
    }

    /// Writes to the administration journal that something was done to an account.
    async fn audit_done(&self, ctx: &Ctx, action: &str, target: impl std::fmt::Display + Send) -> Outcome<()> {
        self.audit(ctx, action, &target.to_string(), "done").await
    }

    /// An account that must be there.
    async fn known_account(&self, id: AccountId) -> Outcome<Account> {
        self.store.account(id).await?.ok_or_else(|| Reason::AccountUnknown.into())
    }
}

/// The refusal that a store's answer stands for, where it is expected; a fault otherwise.
fn expect(error: StoreError, reason: Reason) -> Failure {
    match error {
        StoreError::Stale | StoreError::Missing(_) => reason.into(),
        other => other.into(),
    }
}

/// Refusals of making an account: its address is taken, or looks like one that is.
fn unique(error: StoreError, field: &'static str) -> Failure {
    let reason = match error {
        StoreError::Exists("account_local") => Reason::AddressTaken,
        StoreError::Exists("account_skeleton") => Reason::AddressLookAlike,
        StoreError::Missing("invitation" | "link") => return Reason::LinkInvalid.into(),
        other => return other.into(),
    };
    rempart_domain::Refusal::field(reason, field).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_round_trip_and_unknown_ones_are_passed_over() {
        let account = AccountId::from_bytes([2; 16]);
        for signal in [
            Signal::Ended(SessionId::from_bytes([1; 16])),
            Signal::Changed(account),
            Signal::Refreshed(account),
            Signal::Recast(account),
            Signal::Withdrawn(ApiTokenId::from_bytes([3; 16])),
            Signal::Organisation,
        ] {
            assert_eq!(Signal::decode(&signal.encode()), Some(signal));
        }
        for bytes in [&[][..], &[9], &[1, 2], &[2; 18]] {
            assert_eq!(Signal::decode(bytes), None);
        }
    }
}
