//! The table of commands: name, parameters, answer. OpenAPI, TypeScript and the dispatch of every head come from it.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{account as a, admin, conversation as c, group as g, journal as j, keys as k, session as s};

/// No parameters, or nothing more to say than "done".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// A command's name and the schemas of what goes in and comes out.
pub struct CommandSpec {
    /// The name, such as `messages.post`.
    pub op: &'static str,
    /// What it does, one sentence.
    pub summary: &'static str,
    /// Schema of the parameters.
    pub params: fn(&mut SchemaGenerator) -> Schema,
    /// Schema of the answer.
    pub answer: fn(&mut SchemaGenerator) -> Schema,
}

/// Why a command could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// No command has this name.
    #[error("there is no command of this name")]
    Unknown,
    /// The parameters do not fit; the text names the field and what is wrong, and holds nothing of the input's values.
    #[error("{0}")]
    Params(String),
}

macro_rules! commands {
    ($($op:literal $variant:ident $params:ty => $answer:ty, $summary:literal;)+) => {
        /// Everything a client may ask. One variant a command; the parameters are inside.
        #[derive(Clone, Debug)]
        pub enum Command {
            $(#[doc = $summary] $variant($params),)+
        }

        impl Command {
            /// Reads the parameters of the command named `op`.
            ///
            /// # Errors
            /// [`CommandError`] names what is wrong.
            pub fn parse(op: &str, params: &str) -> Result<Self, CommandError> {
                match op {
                    $($op => serde_json::from_str::<$params>(params).map(Self::$variant)
                        .map_err(|e| CommandError::Params(e.to_string())),)+
                    _ => Err(CommandError::Unknown),
                }
            }

            /// The command's name.
            #[must_use]
            pub const fn op(&self) -> &'static str {
                match self { $(Self::$variant(_) => $op,)+ }
            }

            /// All commands, in the order of the table.
            pub const SPECS: &'static [CommandSpec] = &[
                $(CommandSpec {
                    op: $op,
                    summary: $summary,
                    params: |g| g.subschema_for::<$params>(),
                    answer: |g| g.subschema_for::<$answer>(),
                },)+
            ];
        }
    };
}

commands! {
    "ping" Ping Empty => Empty, "Answers; tells a client that the line is alive.";
    "me.get" MeGet Empty => a::Me, "Who is signed in, with what rights, and what they must still do.";
    "me.update" MeUpdate a::MeUpdate => a::Me, "Changes one's own title and language.";
    "me.password" MePassword a::ChangePassword => Empty, "Changes one's own password; other sessions end.";
    "me.totp.begin" MeTotpBegin Empty => a::TotpOffer, "Offers a new secret for an authenticator application.";
    "me.totp.confirm" MeTotpConfirm a::TotpConfirm => a::RecoveryCodes, "Proves the application works; gives recovery codes, once.";
    "me.totp.remove" MeTotpRemove a::TotpRemove => Empty, "Removes the second factor; refused to administrators.";
    "me.recovery.renew" MeRecoveryRenew a::TotpConfirm => a::RecoveryCodes, "Makes new recovery codes; the old ones stop working.";
    "me.sessions.list" MeSessionsList Empty => a::Sessions, "One's own signed-in devices.";
    "me.sessions.revoke" MeSessionsRevoke a::RevokeSession => Empty, "Ends one session, or all the others.";
    "me.tokens.list" MeTokensList Empty => a::ApiTokens, "One's own API tokens.";
    "me.tokens.create" MeTokensCreate a::CreateApiToken => a::NewApiToken, "Makes an API token with scopes; shown once.";
    "me.tokens.revoke" MeTokensRevoke a::RevokeApiToken => Empty, "Ends an API token.";
    "presence.set" PresenceSet a::SetPresence => Empty, "Says one's availability, with words and until when.";
    "presence.active" PresenceActive a::Active => Empty, "Tells that the person is at, or away from, this device.";
    "people.list" PeopleList a::ListPeople => a::People, "The directory, by name, page by page.";
    "people.get" PeopleGet a::GetPeople => a::People, "Some accounts by id.";
    "accounts.list" AccountsList admin::ListAccounts => admin::Accounts, "Accounts with what administration needs.";
    "accounts.create" AccountsCreate admin::CreateAccount => admin::NewAccountLink, "Makes an account; a single-use link lets its person choose a password.";
    "accounts.update" AccountsUpdate admin::UpdateAccount => admin::AccountDetail, "Changes another account: name, title, department, role.";
    "accounts.disable" AccountsDisable admin::AccountRef => Empty, "Closes an account and ends its sessions and tokens.";
    "accounts.enable" AccountsEnable admin::AccountRef => Empty, "Opens a disabled account again.";
    "accounts.unlock" AccountsUnlock admin::AccountRef => Empty, "Forgets failed sign-ins of an account.";
    "accounts.reset" AccountsReset admin::ResetAccount => admin::Link, "Makes a single-use link to choose a new password.";
    "accounts.reset_keys" AccountsResetKeys admin::AccountRef => Empty, "Lets an account make a new identity key within 24 hours.";
    "accounts.end_sessions" AccountsEndSessions admin::AccountRef => Empty, "Ends all sessions of an account.";
    "invitations.create" InvitationsCreate admin::CreateInvitation => admin::NewInvitation, "Invites by a single-use link that expires.";
    "invitations.list" InvitationsList Empty => admin::Invitations, "Invitations that wait.";
    "invitations.revoke" InvitationsRevoke admin::RevokeInvitation => Empty, "Takes an invitation back.";
    "organisation.update" OrganisationUpdate admin::UpdateOrganisation => s::ServerInfo, "Changes the organisation's name.";
    "audit.list" AuditList admin::ListAudit => admin::Audit, "The administration journal, newest first.";
    "tasks.list" TasksList Empty => admin::Tasks, "Background tasks and their last reports.";
    "conversations.create" ConversationsCreate c::CreateConversation => c::Conversation, "Makes a conversation; for `direct` gives the one that exists.";
    "conversations.list" ConversationsList Empty => c::Conversations, "One's own conversations.";
    "conversations.get" ConversationsGet c::ConversationRef => c::Conversation, "One conversation.";
    "conversations.members" ConversationsMembers c::ConversationRef => c::Members, "The members of a conversation.";
    "conversations.add" ConversationsAdd c::AddMembers => Empty, "Adds people to a group or channel.";
    "conversations.remove" ConversationsRemove c::MemberRef => Empty, "Removes somebody from a group or channel.";
    "conversations.role" ConversationsRole c::SetMemberRole => Empty, "Changes somebody's role in a conversation.";
    "conversations.leave" ConversationsLeave c::ConversationRef => Empty, "Leaves a group or channel.";
    "conversations.mute" ConversationsMute c::MuteConversation => Empty, "Silences or pins a conversation for oneself.";
    "channels.list" ChannelsList Empty => c::Channels, "Channels that one may join.";
    "channels.join" ChannelsJoin c::ConversationRef => c::Conversation, "Joins a channel.";
    "messages.post" MessagesPost j::PostEntry => j::Receipt, "Appends an entry; answered when it is on disk.";
    "messages.text" MessagesText j::PostText => j::Receipt, "Appends a plain text message: for programs, in open conversations only.";
    "messages.erase" MessagesErase j::EraseEntry => Empty, "Erases the body of an entry; its leaf stays in the log.";
    "journal.read" JournalRead j::ReadJournal => j::JournalPage, "A page of a conversation's journal.";
    "account_journal.read" AccountJournalRead j::ReadAccountJournal => j::AccountJournalPage, "A page of one's own account's journal.";
    "cursor.ack" CursorAck j::AckCursor => Empty, "Tells how far this device has the journal: the delivered mark.";
    "marks.read" MarksRead j::AckCursor => Empty, "Tells how far the person has read.";
    "marks.get" MarksGet c::ConversationRef => j::Marks, "How far each member has received and read.";
    "typing.set" TypingSet j::SetTyping => Empty, "Tells that the person is writing; lasts 6 seconds.";
    "keys.status" KeysStatus Empty => k::KeyStatus, "What the server has of this account's and this device's keys.";
    "keys.log" KeysLog k::ReadKeyLog => k::KeyLogPage, "A page of the key log, with its newest signed head.";
    "keys.publish" KeysPublish k::PublishKeys => k::KeyLogSize, "Adds signed entries of one's own account to the key log.";
    "keys.packages.put" KeysPackagesPut k::PutKeyPackages => k::KeyPackageCount, "Puts key packages of this device in store.";
    "keys.packages.claim" KeysPackagesClaim k::ClaimKeyPackages => k::ClaimedKeyPackages, "Takes one key package of each device named.";
    "keys.keyring.get" KeysKeyringGet Empty => k::Keyring, "One's own keyring, sealed by the recovery code.";
    "keys.keyring.put" KeysKeyringPut k::PutKeyring => k::Keyring, "Replaces one's own keyring; refused when another device was faster.";
    "keys.link.ask" KeysLinkAsk k::AskLink => k::LinkState, "Asks the account's other devices for the keyring.";
    "keys.link.state" KeysLinkState Empty => k::LinkState, "What became of this device's request.";
    "keys.link.list" KeysLinkList Empty => k::Links, "Requests of the account's new devices that wait.";
    "keys.link.answer" KeysLinkAnswer k::AnswerLink => Empty, "Hands the keyring to a new device, or refuses.";
    "groups.get" GroupsGet g::GroupRef => g::GroupState, "The public state of a sealed conversation's group.";
    "groups.start" GroupsStart g::StartGroup => g::GroupState, "Starts the group of a sealed conversation.";
    "groups.commit" GroupsCommit g::PostCommit => g::CommitReceipt, "Sends a commit; the first in an epoch wins.";
    "groups.state" GroupsState g::PostStatement => Empty, "Says that this device merged a commit, or cannot.";
    "groups.welcomes" GroupsWelcomes Empty => g::Welcomes, "Welcomes that wait for this device.";
    "groups.welcomed" GroupsWelcomed g::WelcomeTaken => Empty, "A Welcome was taken.";
    "log.checkpoint" LogCheckpoint Empty => j::Checkpoint, "The newest signed head of the archive log.";
    "log.proof" LogProof j::GetProof => j::InclusionProof, "Proof that an entry is in the archive log.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_refused_and_named() {
        let error = Command::parse("me.get", r#"{"x":1}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `x`"), "{error}");
        assert!(matches!(Command::parse("me.nothing", "{}"), Err(CommandError::Unknown)));
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Command::SPECS.iter().map(|s| s.op).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(count, names.len());
    }
}
