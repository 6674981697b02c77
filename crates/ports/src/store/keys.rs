use async_trait::async_trait;
use rempart_base::{AccountId, DeviceId, SessionId, Timestamp};

use super::{LogState, StoreError};

/// Entries of the key log and what they bring about, written all or nothing.
#[derive(Clone, Debug, Default)]
pub struct KeyBatch {
    /// The size that it was made on.
    pub expected_size: u64,
    /// The new state.
    pub state: LogState,
    /// The new leaves, in order from `expected_size` on.
    pub leaves: Vec<Vec<u8>>,
    /// Devices that ended: their key packages and requests are deleted.
    pub ended: Vec<DeviceId>,
    /// Devices that came.
    pub added: Vec<(DeviceId, AccountId)>,
    /// Devices whose sessions end.
    pub cut: Vec<DeviceId>,
    /// An account that makes a new identity key without the one before: spends what an administrator allowed.
    pub reset: Option<AccountId>,
    /// The account whose own journal gets a note.
    pub account: Option<AccountId>,
}

/// A key package to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeyPackage {
    /// SHA-256 of the package; the same package is kept once.
    pub hash: [u8; 32],
    /// The package.
    pub package: Vec<u8>,
    /// Whether it serves until replaced.
    pub last_resort: bool,
    /// It is given to nobody after this.
    pub expires: Timestamp,
}

/// A key package that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenKeyPackage {
    /// Whose.
    pub account: AccountId,
    /// Which device's.
    pub device: DeviceId,
    /// The package.
    pub package: Vec<u8>,
}

/// Key packages in store for a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPackageCount {
    /// That serve once.
    pub one_time: u32,
    /// Whether there is one of last resort.
    pub last_resort: bool,
}

/// An account's sealed keyring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyringRecord {
    /// 1 for the first, then one more each time.
    pub version: u64,
    /// Sealed by the account's own recovery code.
    pub sealed: Vec<u8>,
    /// When it was written.
    pub written: Timestamp,
}

/// What became of a new device's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    /// No other device has answered.
    Waiting,
    /// Refused.
    Refused,
    /// The keyring, sealed to the request's public key.
    Answered(Vec<u8>),
}

/// A new device's request for the keyring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRecord {
    /// The device that asks.
    pub device: DeviceId,
    /// Its account.
    pub account: AccountId,
    /// Its one-time public key.
    pub public: Vec<u8>,
    /// When it asked.
    pub asked: Timestamp,
    /// When the request ends.
    pub expires: Timestamp,
    /// What became of it.
    pub outcome: LinkOutcome,
}

/// The key log, key packages, keyrings, requests of new devices.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The key log's state.
    async fn key_log_state(&self) -> Result<LogState, StoreError>;

    /// Leaves of the key log from a position on, at most `limit`, in order.
    async fn key_leaves(&self, from: u64, limit: u32) -> Result<Vec<Vec<u8>>, StoreError>;

    /// Writes entries of the key log with all that they bring about. Gives the sessions that ended.
    ///
    /// # Errors
    /// `Stale` when the log's size is not `expected_size`; `Missing("identity_reset")` when nobody allowed it, or not any more;
    /// `Missing("account")`.
    async fn write_key_log(&self, batch: &KeyBatch, now: Timestamp) -> Result<Vec<SessionId>, StoreError>;

    /// Lets an account make a new identity key without the one before, until a moment.
    ///
    /// # Errors
    /// `Missing("account")`.
    async fn allow_identity_reset(&self, account: AccountId, until: Timestamp) -> Result<(), StoreError>;

    /// Keeps key packages of a device of the key log, all or none; one of last resort replaces the one before. Gives how many
    /// serve once.
    ///
    /// # Errors
    /// `Missing("device")` when the device is not in the key log or ended; `Exists("key_packages")` when there would be more than
    /// `most` that serve once.
    async fn put_key_packages(
        &self,
        device: DeviceId,
        packages: &[NewKeyPackage],
        most: u32,
        now: Timestamp,
    ) -> Result<u32, StoreError>;

    /// What a device has in store that serves at `now`.
    async fn key_packages(&self, device: DeviceId, now: Timestamp) -> Result<KeyPackageCount, StoreError>;

    /// Takes one key package of each device: the oldest that serves once, which is deleted, else the one of last resort. A
    /// device without is left out.
    async fn claim_key_packages(
        &self,
        devices: &[DeviceId],
        now: Timestamp,
    ) -> Result<Vec<TakenKeyPackage>, StoreError>;

    /// An account's keyring.
    async fn keyring(&self, account: AccountId) -> Result<Option<KeyringRecord>, StoreError>;

    /// Writes the keyring that follows version `follows` (0: the first).
    ///
    /// # Errors
    /// `Stale` when another one was faster.
    async fn put_keyring(
        &self,
        account: AccountId,
        follows: u64,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Keeps a new device's request in place of its former one.
    async fn ask_link(&self, link: &LinkRecord) -> Result<(), StoreError>;

    /// A device's request, if it has not ended.
    async fn device_link(&self, device: DeviceId, now: Timestamp) -> Result<Option<LinkRecord>, StoreError>;

    /// Requests of an account that wait, oldest first, with the devices' names.
    async fn waiting_links(&self, account: AccountId, now: Timestamp) -> Result<Vec<(LinkRecord, String)>, StoreError>;

    /// Answers a request that waits: with the sealed keyring, or refusing.
    ///
    /// # Errors
    /// `Missing("link")` when the account has no such request with this public key, or it does not wait any more.
    async fn answer_link(
        &self,
        account: AccountId,
        device: DeviceId,
        public: &[u8],
        sealed: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Deletes key packages and requests that ended before `now`. Gives how many.
    async fn delete_ended_keys(&self, now: Timestamp) -> Result<u64, StoreError>;
}
