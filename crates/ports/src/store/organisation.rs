use async_trait::async_trait;
use rempart_base::Timestamp;
use rempart_domain::account::{Account, Credentials};
use rempart_domain::organisation::Organisation;
use rempart_domain::session::OneTimeLink;

use super::StoreError;

/// The id and check value of a key whose secret lives outside of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCheck {
    /// What the key is for.
    pub purpose: String,
    /// Its id.
    pub id: [u8; 16],
    /// What the key makes of a fixed text; tells whether a node holds the right key.
    pub check: Vec<u8>,
}

/// The organisation, single-use links and key checks.
#[async_trait]
pub trait Organisations: Send + Sync {
    /// The organisation, once set up.
    async fn organisation(&self) -> Result<Option<Organisation>, StoreError>;

    /// Sets the server up: organisation and first owner, spending the setup link of this secret hash, all or nothing.
    ///
    /// # Errors
    /// `Exists("organisation")`; `Missing("link")` when the link is spent, past or unknown.
    async fn set_up(
        &self,
        link: [u8; 32],
        now: Timestamp,
        organisation: &Organisation,
        owner: &Account,
        skeleton: &str,
        credentials: &Credentials,
    ) -> Result<(), StoreError>;

    /// Changes the organisation's name.
    ///
    /// # Errors
    /// `Missing("organisation")` before the server is set up.
    async fn rename_organisation(&self, name: &str) -> Result<(), StoreError>;

    /// Keeps a link; a new setup link replaces the former, a new reset link the former of the same account.
    async fn put_link(&self, link: &OneTimeLink) -> Result<(), StoreError>;

    /// A link that holds at `now`, not spending it.
    async fn link(&self, secret: [u8; 32], now: Timestamp) -> Result<Option<OneTimeLink>, StoreError>;

    /// Spends a link.
    ///
    /// # Errors
    /// `Missing("link")` when it is spent, past or unknown: only one of two who try at once succeeds.
    async fn spend_link(&self, secret: [u8; 32], now: Timestamp) -> Result<OneTimeLink, StoreError>;

    /// Key checks, all.
    async fn key_checks(&self) -> Result<Vec<KeyCheck>, StoreError>;

    /// Keeps a key check.
    ///
    /// # Errors
    /// `Exists("key")` when this purpose has one.
    async fn put_key_check(&self, check: &KeyCheck) -> Result<(), StoreError>;
}
