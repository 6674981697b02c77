//! First run, signing in and out, invitations: what is asked before somebody is signed in.
//!
//! | method and path | body → answer |
//! |---|---|
//! | `GET /api/v1/server` | – → [`ServerInfo`] |
//! | `POST /api/v1/setup/check` | [`TokenCheck`] → [`SetupOffer`] |
//! | `POST /api/v1/setup` | [`Setup`] → [`SignedIn`] and the session cookie |
//! | `GET /api/v1/session` | – → [`SessionNow`] |
//! | `POST /api/v1/session` | [`SignIn`] → [`SignInAnswer`] |
//! | `POST /api/v1/session/factor` | [`SecondFactor`] → [`SignedIn`] |
//! | `DELETE /api/v1/session` | – → [`crate::Empty`] |
//! | `POST /api/v1/invitations/check` | [`TokenCheck`] → [`InvitationOffer`] |
//! | `POST /api/v1/invitations/accept` | [`AcceptInvitation`] → [`SignedIn`] |
//! | `POST /api/v1/reset/check` | [`TokenCheck`] → [`ResetOffer`] |
//! | `POST /api/v1/reset` | [`ResetPassword`] → [`crate::Empty`] |
//! | `POST /api/v1/password/check` | [`PasswordCheck`] → [`PasswordVerdict`] |

use rempart_base::{AccountId, DeviceId, SessionId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Me, Role};
use crate::{Id, Time};

/// What anybody may know of this server.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServerInfo {
    /// Whether somebody has set it up; before that only the setup link works.
    pub ready: bool,
    /// The organisation's name, once set up.
    pub organisation: Option<String>,
    /// The domain of addresses, once set up.
    pub domain: Option<String>,
    /// The public host name, once set up.
    pub host: Option<String>,
    /// Version of the server.
    pub version: String,
    /// CNIL bits a password must have here.
    pub password_bits: u32,
    /// The largest file, in bytes.
    pub max_file: u64,
    /// The server's idea of now.
    pub now: Time,
}

/// Asks whether a link still holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenCheck {
    /// The secret from the link.
    pub token: String,
}

/// What the setup page starts with.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SetupOffer {
    /// A guess at the domain, to be confirmed.
    pub domain: String,
    /// A guess at the public host, to be confirmed.
    pub host: String,
}

/// Makes the organisation and its first owner.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The secret from the setup link.
    pub token: String,
    /// Organisation's name, 1 to 100 characters.
    pub organisation: String,
    /// Domain of addresses, such as `kerbrat.example`.
    pub domain: String,
    /// Public host name, with port where it is not 443.
    pub host: String,
    /// The owner's account.
    pub owner: NewAccount,
    /// The browser that signs in.
    pub device: DeviceInfo,
}

/// An account to be made by the person who will use it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The part of the address before `@`.
    pub local: String,
    /// First name and name.
    pub display_name: String,
    /// The password chosen.
    pub password: String,
    /// `fr` or `en`.
    pub language: Language,
}

/// Language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French.
    Fr,
    /// English.
    En,
}

/// The client installation that signs in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceInfo {
    /// The device this profile was given before, if any; kept when it belongs to the account.
    pub device: Option<Id<DeviceId>>,
    /// What the person will recognise, such as « Firefox sur Windows »; at most 100 characters.
    pub name: String,
}

/// Signs in by address and password.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// `local@domain`, or only `local`.
    pub address: String,
    /// The password.
    pub password: String,
    /// The client installation.
    pub device: DeviceInfo,
}

/// Signed in, or one more step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum SignInAnswer {
    /// The cookie is set.
    SignedIn(SignedIn),
    /// A second factor is asked; `ticket` lives 5 minutes.
    SecondFactor {
        /// To be sent back with the code.
        ticket: String,
    },
}

/// Who this browser is signed in as. Nobody is an answer, not a refusal: a page asks before it knows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionNow {
    /// What `me.get` says; absent where there is no session, or it ended.
    pub me: Option<Me>,
}

/// A session was made; its cookie is in the answer's headers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    /// Whose session.
    pub account: Id<AccountId>,
    /// The device to name at the next sign-in.
    pub device: Id<DeviceId>,
    /// The session.
    pub session: Id<SessionId>,
}

/// Answers the second step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    /// From the first step.
    pub ticket: String,
    /// Six digits of the application, or one recovery code.
    pub code: String,
}

/// What an invitation offers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvitationOffer {
    /// The organisation's name.
    pub organisation: String,
    /// The domain of addresses.
    pub domain: String,
    /// Who invites, by display name.
    pub inviter: String,
    /// The role offered.
    pub role: Role,
    /// The address proposed, if the inviter gave one: the part before `@`.
    pub local: Option<String>,
    /// The name proposed, if the inviter gave one.
    pub display_name: Option<String>,
    /// Until when the link holds.
    pub expires: Time,
}

/// Takes an invitation up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    /// The secret from the link.
    pub token: String,
    /// The account to make.
    pub account: NewAccount,
    /// The browser that signs in.
    pub device: DeviceInfo,
}

/// What a reset link is for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ResetOffer {
    /// The address whose password is chosen anew.
    pub address: String,
    /// CNIL bits the new password must have: an owner's or administrator's needs more.
    pub password_bits: u32,
    /// Until when the link holds.
    pub expires: Time,
}

/// Chooses a new password by a reset link. The second factor stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The secret from the link.
    pub token: String,
    /// The new password.
    pub password: String,
}

/// Asks whether a password would be taken, before it is sent for good. Nothing is kept of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordCheck {
    /// The password considered.
    pub password: String,
    /// Words it must not hold: the person's names, the organisation.
    pub context: Vec<String>,
}

/// The verdict on a password, with every reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PasswordVerdict {
    /// CNIL bits: length × log2 of the alphabet.
    pub bits: u32,
    /// Codes of the reasons to refuse it (`password_short`, `password_common`, `password_personal`, `password_repeated`); empty when taken.
    pub refused: Vec<String>,
}
