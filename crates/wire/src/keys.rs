//! Keys of accounts and devices: the key log, key packages, the keyring.
//!
//! The key log `<host>/keys` is public to every account and small: each client follows it whole, recomputes its Merkle root and
//! compares that with the signed head. Its entries are made and signed by clients (encodings: the engine `key-log`).

use rempart_base::{AccountId, DeviceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::Checkpoint;
use crate::{B64, Id, Time};

/// Reads on in the key log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadKeyLog {
    /// How many entries the client has: the position of the next one.
    pub after: u64,
    /// 1 to 1,000.
    pub limit: u32,
}

/// A page of the key log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyLogPage {
    /// Leaves as logged, in order: their Merkle hash is SHA-256(0x00 ‖ leaf).
    pub leaves: Vec<B64>,
    /// The newest signed head, `<host>/keys`; it covers every entry that exists now. Absent while the log is empty.
    pub checkpoint: Option<Checkpoint>,
    /// How many entries there are.
    pub size: u64,
}

/// Adds entries to the key log, all or none.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishKeys {
    /// 1 to 20 entries of one's own account, signed.
    pub entries: Vec<B64>,
}

/// Where the key log stands.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyLogSize {
    /// How many entries there are.
    pub size: u64,
}

/// What the server has of this account's and this device's keys.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyStatus {
    /// The account's identity key (Ed25519, 32 bytes), once there is one.
    pub identity: Option<B64>,
    /// Whether the device that asks is in the key log and not revoked.
    pub enrolled: bool,
    /// One-time key packages of this device that are left.
    pub packages: u32,
    /// Whether it has one of last resort.
    pub last_resort: bool,
    /// Version of the keyring; 0: there is none.
    pub keyring_version: u64,
    /// The server's Ed25519 key as external sender of groups, 32 bytes.
    pub external_sender: B64,
}

/// Puts key packages of this device in store.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutKeyPackages {
    /// Packages that serve once (MLS `KeyPackage`, TLS-encoded), at most 100 at once and 200 in store.
    #[serde(default)]
    pub one_time: Vec<B64>,
    /// The package of last resort; replaces the one before.
    pub last_resort: Option<B64>,
}

/// How many key packages are in store.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct KeyPackageCount {
    /// One-time ones.
    pub one_time: u32,
}

/// Takes one key package of each device named.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimKeyPackages {
    /// 1 to 200 devices of the key log.
    pub devices: Vec<Id<DeviceId>>,
}

/// Key packages taken.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClaimedKeyPackages {
    /// One a device that has any; a device without is left out.
    pub packages: Vec<ClaimedKeyPackage>,
}

/// A device's key package.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClaimedKeyPackage {
    /// Whose.
    pub account: Id<AccountId>,
    /// Which device.
    pub device: Id<DeviceId>,
    /// The package, TLS-encoded.
    pub package: B64,
}

/// The account's keyring, sealed by its own recovery code: the server cannot read it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Keyring {
    /// Its version; 0: there is none.
    pub version: u64,
    /// The sealed keyring; absent where there is none.
    pub sealed: Option<B64>,
    /// When it was written.
    pub written: Option<Time>,
}

/// Replaces the keyring.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PutKeyring {
    /// The version that this one follows; 0: the first.
    pub follows: u64,
    /// The sealed keyring, at most 256 KiB.
    pub sealed: B64,
}

/// A new device asks the account's other devices for the keyring.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskLink {
    /// The asking device's one-time public key, 32 to 2,048 bytes; both screens show a short code made of it.
    pub public: B64,
}

/// Requests of new devices that wait.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Links {
    /// Oldest first; they end after 10 minutes.
    pub links: Vec<LinkRequest>,
}

/// A new device's request.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LinkRequest {
    /// The asking device.
    pub device: Id<DeviceId>,
    /// What the person calls it.
    pub name: String,
    /// Its one-time public key.
    pub public: B64,
    /// When it ends.
    pub expires: Time,
}

/// Hands the keyring to a new device, sealed to its one-time key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerLink {
    /// The asking device.
    pub device: Id<DeviceId>,
    /// The public key that was shown and compared.
    pub public: B64,
    /// The sealed keyring, at most 256 KiB; absent: refused.
    pub sealed: Option<B64>,
}

/// What became of one's own request.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LinkState {
    /// `none`, `waiting`, `refused` or `answered`.
    pub state: LinkAnswer,
    /// The sealed keyring, where answered; it can be taken until the request ends.
    pub sealed: Option<B64>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkAnswer {
    /// There is no request, or it ended.
    None,
    /// No other device has answered.
    Waiting,
    /// Refused on another device.
    Refused,
    /// The keyring is there.
    Answered,
}
