use async_trait::async_trait;
use rempart_base::{AccountId, ApiTokenId, DeviceId, SessionId, Timestamp};
use rempart_domain::session::{ApiToken, Device, Session};

use super::StoreError;

/// A session with its device's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionOverview {
    /// The session.
    pub session: Session,
    /// The device.
    pub device: Device,
}

/// Devices, sessions and API tokens.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Keeps a session and its device (made, or renamed when it is there).
    ///
    /// # Errors
    /// `Missing("account")` when the account is closed or unknown; `Exists("device")` when the device is another account's.
    async fn open_session(&self, session: &Session, device: &Device) -> Result<(), StoreError>;

    /// A device.
    async fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError>;

    /// The session whose secret, or secret before the last rotation, has this hash.
    async fn session_by_secret(&self, secret: [u8; 32]) -> Result<Option<Session>, StoreError>;

    /// Writes `secret`, `former_secret`, `rotated`, `seen` if the secret is still `expected`.
    ///
    /// # Errors
    /// `Stale` when another request rotated first, or the session ended.
    async fn update_session(&self, session: &Session, expected: [u8; 32]) -> Result<(), StoreError>;

    /// Sessions of an account, last seen first.
    async fn sessions(&self, account: AccountId) -> Result<Vec<SessionOverview>, StoreError>;

    /// Ends sessions of an account: one, or all but `keep`. Gives those that ended.
    async fn close_sessions(
        &self,
        account: AccountId,
        only: Option<SessionId>,
        keep: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// Ends sessions not seen since a moment. Gives how many.
    async fn close_idle_sessions(&self, seen_before: Timestamp) -> Result<u64, StoreError>;

    /// Keeps an API token and its device.
    ///
    /// # Errors
    /// As [`Sessions::open_session`].
    async fn put_api_token(&self, token: &ApiToken, device: &Device) -> Result<(), StoreError>;

    /// The API token whose secret has this hash.
    async fn api_token_by_secret(&self, secret: [u8; 32]) -> Result<Option<ApiToken>, StoreError>;

    /// API tokens of an account, newest first.
    async fn api_tokens(&self, account: AccountId) -> Result<Vec<ApiToken>, StoreError>;

    /// Notes that a token was used.
    async fn touch_api_token(&self, id: ApiTokenId, now: Timestamp) -> Result<(), StoreError>;

    /// Ends tokens of an account: one, or all. Gives how many.
    async fn delete_api_tokens(&self, account: AccountId, only: Option<ApiTokenId>) -> Result<u64, StoreError>;
}
