//! One's own account, presence and the directory.

use rempart_base::{AccountId, ApiTokenId, DeviceId, SessionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::session::Language;
use crate::{Id, Time};

/// What an account may do, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything, and naming owners and administrators.
    Owner,
    /// Administration.
    Admin,
    /// Holds a share of the archive key.
    Officer,
    /// Reads the administration journal and verifies the archive.
    Auditor,
    /// Ordinary member.
    Member,
    /// From outside; only where invited.
    Guest,
}

/// The person signed in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The account as the directory shows it.
    pub person: Person,
    /// Language of the interface.
    pub language: Language,
    /// This device.
    pub device: Id<DeviceId>,
    /// This session; absent for a program's token.
    pub session: Option<Id<SessionId>>,
    /// Names of the actions this account may do now, such as `accounts.manage`.
    pub may: Vec<String>,
    /// Whether an authenticator application is set.
    pub totp: bool,
    /// Recovery codes not used yet.
    pub recovery_left: u32,
    /// What must be done before anything else: `enrol_factor`, `change_password`; empty normally.
    pub must: Vec<String>,
}

/// Somebody, as everybody in the organisation sees them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// The account.
    pub account: Id<AccountId>,
    /// `local@domain`.
    pub address: String,
    /// First name and name.
    pub display_name: String,
    /// Job title, may be empty.
    pub title: String,
    /// Department, may be empty.
    pub department: String,
    /// Role in the organisation.
    pub role: Role,
    /// Whether the account is open.
    pub active: bool,
    /// Availability now.
    pub presence: Presence,
}

/// Changes of one's own account; what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeUpdate {
    /// Job title, at most 100 characters.
    pub title: Option<String>,
    /// Language of the interface.
    pub language: Option<Language>,
}

/// Changes one's own password.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present one.
    pub current: String,
    /// The new one.
    pub new: String,
}

/// A secret for an authenticator application (RFC 6238: SHA-1, 6 digits, 30 s). Not in force until confirmed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TotpOffer {
    /// Base32, to type by hand.
    pub secret: String,
    /// `otpauth://` address.
    pub uri: String,
    /// The same as a picture: SVG text.
    pub qr: String,
}

/// A code of the authenticator application.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpConfirm {
    /// Six digits.
    pub code: String,
}

/// Removes the second factor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpRemove {
    /// The password, asked again.
    pub password: String,
    /// Six digits, or a recovery code.
    pub code: String,
}

/// Codes to print; shown once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryCodes {
    /// Ten codes, each good once.
    pub codes: Vec<String>,
}

/// One's own sessions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Sessions {
    /// Newest activity first.
    pub sessions: Vec<SessionInfo>,
}

/// One session.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionInfo {
    /// The session.
    pub session: Id<SessionId>,
    /// Its device.
    pub device: Id<DeviceId>,
    /// The device's name.
    pub name: String,
    /// When it signed in.
    pub created: Time,
    /// When it was last seen, to the minute.
    pub seen: Time,
    /// Whether it is the one asking.
    pub current: bool,
}

/// Ends a session, or every session but this one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeSession {
    /// The one to end; absent: all the others.
    pub session: Option<Id<SessionId>>,
}

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read conversations of the account.
    Read,
    /// Post into conversations of the account.
    Post,
    /// Administration that the account may do.
    Admin,
}

/// One's own API tokens.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ApiTokens {
    /// Newest first.
    pub tokens: Vec<ApiTokenInfo>,
}

/// An API token, without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ApiTokenInfo {
    /// The token.
    pub token: Id<ApiTokenId>,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created: Time,
    /// When it ends.
    pub expires: Time,
    /// When it was last used, to the minute.
    pub used: Option<Time>,
}

/// Makes an API token.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApiToken {
    /// What the person will recognise, 1 to 100 characters.
    pub name: String,
    /// At least one.
    pub scopes: Vec<Scope>,
    /// 1 to 366.
    pub days: u32,
}

/// A new API token; `secret` is shown this once. Send it as `Authorization: Bearer …`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewApiToken {
    /// The token.
    pub token: ApiTokenInfo,
    /// The secret.
    pub secret: String,
}

/// Ends an API token.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeApiToken {
    /// The token.
    pub token: Id<ApiTokenId>,
}

/// Availability as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Availability {
    /// Signed in and at hand.
    Available,
    /// Signed in, occupied.
    Busy,
    /// Signed in, not at hand.
    Away,
    /// Does not want to be disturbed.
    Dnd,
    /// Not signed in anywhere.
    Offline,
}

/// Availability, in words where the person gave some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Presence {
    /// Availability.
    pub availability: Availability,
    /// Words, may be empty.
    pub text: String,
    /// Until when the choice holds.
    pub until: Option<Time>,
}

/// Says one's availability. `offline` is refused: sign out instead.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPresence {
    /// The choice; absent: automatic.
    pub availability: Option<Availability>,
    /// Words, at most 120 characters.
    #[serde(default)]
    pub text: String,
    /// When the choice ends by itself; must be in the future.
    pub until: Option<Time>,
}

/// Whether the person is at this device; `away` after ten minutes without a touch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Active {
    /// At the device.
    pub active: bool,
}

/// A page of the directory.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPeople {
    /// Words looked for in name, address, title and department.
    #[serde(default)]
    pub query: String,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// 1 to 200.
    pub limit: u32,
}

/// Some accounts by id.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPeople {
    /// At most 200.
    pub accounts: Vec<Id<AccountId>>,
}

/// People.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct People {
    /// By display name.
    pub people: Vec<Person>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// How many there are in all, where it was counted.
    pub total: Option<u64>,
}
