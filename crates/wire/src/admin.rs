//! Administration: accounts, invitations, the administration journal, tasks.

use rempart_base::{AccountId, InvitationId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Person, Role};
use crate::session::Language;
use crate::{Id, Time};

/// A page of accounts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAccounts {
    /// Words looked for in name, address, title and department.
    #[serde(default)]
    pub query: String,
    /// Only this role.
    pub role: Option<Role>,
    /// Only open (`true`) or closed (`false`) ones.
    pub active: Option<bool>,
    /// Only this department, letter for letter.
    pub department: Option<String>,
    /// Only those with (`true`) or without (`false`) a second factor.
    pub totp: Option<bool>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// 1 to 200.
    pub limit: u32,
}

/// Accounts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Accounts {
    /// By display name.
    pub accounts: Vec<AccountDetail>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
    /// How many fit the question in all.
    pub total: u64,
    /// Of all open accounts: how many have no second factor.
    pub without_factor: u64,
    /// Of all accounts, closed ones too: how many are slowed or locked from somewhere.
    pub locked: u64,
    /// Departments that open accounts name, each once, to choose from; at most 200.
    pub departments: Vec<String>,
}

/// An account with what administration needs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AccountDetail {
    /// As the directory shows it.
    pub person: Person,
    /// Language of the interface.
    pub language: Language,
    /// Whether an authenticator application is set.
    pub totp: bool,
    /// Until when sign-in is slowed or locked, if it is.
    pub locked_until: Option<Time>,
    /// Devices signed in.
    pub devices: u32,
    /// When last seen, to the minute.
    pub seen: Option<Time>,
    /// When made.
    pub created: Time,
}

/// Makes an account; its person chooses the password by the link in the answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAccount {
    /// The part of the address before `@`.
    pub local: String,
    /// First name and name, 1 to 100 characters.
    pub display_name: String,
    /// Job title, at most 100 characters.
    #[serde(default)]
    pub title: String,
    /// Department, at most 100 characters.
    #[serde(default)]
    pub department: String,
    /// Role; only owners name owners and administrators.
    pub role: Role,
    /// Language of the interface.
    pub language: Language,
}

/// An account that was made; its link is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewAccountLink {
    /// The account.
    pub account: Id<AccountId>,
    /// `local@domain`.
    pub address: String,
    /// Where its person chooses a password.
    pub link: Link,
}

/// Changes another account; what is absent stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAccount {
    /// The account.
    pub account: Id<AccountId>,
    /// First name and name, 1 to 100 characters.
    pub display_name: Option<String>,
    /// Job title, at most 100 characters.
    pub title: Option<String>,
    /// Department, at most 100 characters.
    pub department: Option<String>,
    /// Role; only owners name owners and administrators.
    pub role: Option<Role>,
}

/// Names an account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountRef {
    /// The account.
    pub account: Id<AccountId>,
}

/// Resets an account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetAccount {
    /// The account.
    pub account: Id<AccountId>,
    /// Whether the second factor and recovery codes are removed too.
    #[serde(default)]
    pub second_factor: bool,
}

/// A single-use link; shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The address to open.
    pub url: String,
    /// Until when it holds.
    pub expires: Time,
}

/// Invites somebody.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInvitation {
    /// The role offered; not above one's own.
    pub role: Role,
    /// The address proposed: the part before `@`.
    pub local: Option<String>,
    /// The name proposed.
    pub display_name: Option<String>,
    /// 1 to 720.
    pub hours: u32,
}

/// A new invitation; its link is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// The address to open.
    pub url: String,
}

/// An invitation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// The invitation.
    pub invitation: Id<InvitationId>,
    /// The role offered.
    pub role: Role,
    /// The address proposed.
    pub local: Option<String>,
    /// The name proposed.
    pub display_name: Option<String>,
    /// Who invites; absent: the operator, by command line.
    pub inviter: Option<Id<AccountId>>,
    /// When made.
    pub created: Time,
    /// Until when it holds; past ones are listed for 30 days.
    pub expires: Time,
}

/// Invitations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Invitations {
    /// Newest first.
    pub invitations: Vec<Invitation>,
}

/// Takes an invitation back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeInvitation {
    /// The invitation.
    pub invitation: Id<InvitationId>,
}

/// Changes the organisation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateOrganisation {
    /// Its name, 1 to 100 characters.
    pub name: String,
}

/// A page of the administration journal.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAudit {
    /// Entries before this number; absent: the newest.
    pub before: Option<u64>,
    /// 1 to 200.
    pub limit: u32,
}

/// Entries of the administration journal, newest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// Entries.
    pub entries: Vec<AuditEntry>,
}

/// Who did what to what, when, from where.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Number, gap-free.
    pub seq: u64,
    /// When.
    pub time: Time,
    /// Who: an account's id, `task:<name>`, `operator` or `anonymous`.
    pub actor: String,
    /// What, such as `accounts.disable`.
    pub action: String,
    /// To what: an id or an address; may be empty.
    pub target: String,
    /// What came of it: `done` or a refusal's code.
    pub outcome: String,
    /// From where: an address or `local`.
    pub origin: String,
}

/// Background tasks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Tasks {
    /// By name.
    pub tasks: Vec<TaskReport>,
}

/// What a background task last did.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TaskReport {
    /// Its name.
    pub name: String,
    /// When it last ended.
    pub last_run: Option<Time>,
    /// How many things it changed then.
    pub changed: u64,
    /// What went wrong then, if anything did.
    pub error: Option<String>,
}
