// Generated from the API's Rust types by `cargo xtask gen`. Do not edit.

import type { components } from "./api";

type S = components["schemas"];

/** Every command: what goes in, what comes out. */
export interface Commands {
  /** Answers; tells a client that the line is alive. */
  "ping": { params: S["Empty"]; answer: S["Empty"] };
  /** Who is signed in, with what rights, and what they must still do. */
  "me.get": { params: S["Empty"]; answer: S["Me"] };
  /** Changes one's own title and language. */
  "me.update": { params: S["MeUpdate"]; answer: S["Me"] };
  /** Changes one's own password; other sessions end. */
  "me.password": { params: S["ChangePassword"]; answer: S["Empty"] };
  /** Offers a new secret for an authenticator application. */
  "me.totp.begin": { params: S["Empty"]; answer: S["TotpOffer"] };
  /** Proves the application works; gives recovery codes, once. */
  "me.totp.confirm": { params: S["TotpConfirm"]; answer: S["RecoveryCodes"] };
  /** Removes the second factor; refused to administrators. */
  "me.totp.remove": { params: S["TotpRemove"]; answer: S["Empty"] };
  /** Makes new recovery codes; the old ones stop working. */
  "me.recovery.renew": { params: S["TotpConfirm"]; answer: S["RecoveryCodes"] };
  /** One's own signed-in devices. */
  "me.sessions.list": { params: S["Empty"]; answer: S["Sessions"] };
  /** Ends one session, or all the others. */
  "me.sessions.revoke": { params: S["RevokeSession"]; answer: S["Empty"] };
  /** One's own API tokens. */
  "me.tokens.list": { params: S["Empty"]; answer: S["ApiTokens"] };
  /** Makes an API token with scopes; shown once. */
  "me.tokens.create": { params: S["CreateApiToken"]; answer: S["NewApiToken"] };
  /** Ends an API token. */
  "me.tokens.revoke": { params: S["RevokeApiToken"]; answer: S["Empty"] };
  /** Says one's availability, with words and until when. */
  "presence.set": { params: S["SetPresence"]; answer: S["Empty"] };
  /** Tells that the person is at, or away from, this device. */
  "presence.active": { params: S["Active"]; answer: S["Empty"] };
  /** The directory, by name, page by page. */
  "people.list": { params: S["ListPeople"]; answer: S["People"] };
  /** Some accounts by id. */
  "people.get": { params: S["GetPeople"]; answer: S["People"] };
  /** Accounts with what administration needs. */
  "accounts.list": { params: S["ListAccounts"]; answer: S["Accounts"] };
  /** Makes an account; a single-use link lets its person choose a password. */
  "accounts.create": { params: S["CreateAccount"]; answer: S["NewAccountLink"] };
  /** Changes another account: name, title, department, role. */
  "accounts.update": { params: S["UpdateAccount"]; answer: S["AccountDetail"] };
  /** Closes an account and ends its sessions and tokens. */
  "accounts.disable": { params: S["AccountRef"]; answer: S["Empty"] };
  /** Opens a disabled account again. */
  "accounts.enable": { params: S["AccountRef"]; answer: S["Empty"] };
  /** Forgets failed sign-ins of an account. */
  "accounts.unlock": { params: S["AccountRef"]; answer: S["Empty"] };
  /** Makes a single-use link to choose a new password. */
  "accounts.reset": { params: S["ResetAccount"]; answer: S["Link"] };
  /** Lets an account make a new identity key within 24 hours. */
  "accounts.reset_keys": { params: S["AccountRef"]; answer: S["Empty"] };
  /** Ends all sessions of an account. */
  "accounts.end_sessions": { params: S["AccountRef"]; answer: S["Empty"] };
  /** Invites by a single-use link that expires. */
  "invitations.create": { params: S["CreateInvitation"]; answer: S["NewInvitation"] };
  /** Invitations that wait. */
  "invitations.list": { params: S["Empty"]; answer: S["Invitations"] };
  /** Takes an invitation back. */
  "invitations.revoke": { params: S["RevokeInvitation"]; answer: S["Empty"] };
  /** Changes the organisation's name. */
  "organisation.update": { params: S["UpdateOrganisation"]; answer: S["ServerInfo"] };
  /** The administration journal, newest first. */
  "audit.list": { params: S["ListAudit"]; answer: S["Audit"] };
  /** Background tasks and their last reports. */
  "tasks.list": { params: S["Empty"]; answer: S["Tasks"] };
  /** Makes a conversation; for `direct` gives the one that exists. */
  "conversations.create": { params: S["CreateConversation"]; answer: S["Conversation"] };
  /** One's own conversations. */
  "conversations.list": { params: S["Empty"]; answer: S["Conversations"] };
  /** One conversation. */
  "conversations.get": { params: S["ConversationRef"]; answer: S["Conversation"] };
  /** The members of a conversation. */
  "conversations.members": { params: S["ConversationRef"]; answer: S["Members"] };
  /** Adds people to a group or channel. */
  "conversations.add": { params: S["AddMembers"]; answer: S["Empty"] };
  /** Removes somebody from a group or channel. */
  "conversations.remove": { params: S["MemberRef"]; answer: S["Empty"] };
  /** Changes somebody's role in a conversation. */
  "conversations.role": { params: S["SetMemberRole"]; answer: S["Empty"] };
  /** Leaves a group or channel. */
  "conversations.leave": { params: S["ConversationRef"]; answer: S["Empty"] };
  /** Silences or pins a conversation for oneself. */
  "conversations.mute": { params: S["MuteConversation"]; answer: S["Empty"] };
  /** Channels that one may join. */
  "channels.list": { params: S["Empty"]; answer: S["Channels"] };
  /** Joins a channel. */
  "channels.join": { params: S["ConversationRef"]; answer: S["Conversation"] };
  /** Appends an entry; answered when it is on disk. */
  "messages.post": { params: S["PostEntry"]; answer: S["Receipt"] };
  /** Appends a plain text message: for programs, in open conversations only. */
  "messages.text": { params: S["PostText"]; answer: S["Receipt"] };
  /** Erases the body of an entry; its leaf stays in the log. */
  "messages.erase": { params: S["EraseEntry"]; answer: S["Empty"] };
  /** A page of a conversation's journal. */
  "journal.read": { params: S["ReadJournal"]; answer: S["JournalPage"] };
  /** A page of one's own account's journal. */
  "account_journal.read": { params: S["ReadAccountJournal"]; answer: S["AccountJournalPage"] };
  /** Tells how far this device has the journal: the delivered mark. */
  "cursor.ack": { params: S["AckCursor"]; answer: S["Empty"] };
  /** Tells how far the person has read. */
  "marks.read": { params: S["AckCursor"]; answer: S["Empty"] };
  /** How far each member has received and read. */
  "marks.get": { params: S["ConversationRef"]; answer: S["Marks"] };
  /** Tells that the person is writing; lasts 6 seconds. */
  "typing.set": { params: S["SetTyping"]; answer: S["Empty"] };
  /** What the server has of this account's and this device's keys. */
  "keys.status": { params: S["Empty"]; answer: S["KeyStatus"] };
  /** A page of the key log, with its newest signed head. */
  "keys.log": { params: S["ReadKeyLog"]; answer: S["KeyLogPage"] };
  /** Adds signed entries of one's own account to the key log. */
  "keys.publish": { params: S["PublishKeys"]; answer: S["KeyLogSize"] };
  /** Puts key packages of this device in store. */
  "keys.packages.put": { params: S["PutKeyPackages"]; answer: S["KeyPackageCount"] };
  /** Takes one key package of each device named. */
  "keys.packages.claim": { params: S["ClaimKeyPackages"]; answer: S["ClaimedKeyPackages"] };
  /** One's own keyring, sealed by the recovery code. */
  "keys.keyring.get": { params: S["Empty"]; answer: S["Keyring"] };
  /** Replaces one's own keyring; refused when another device was faster. */
  "keys.keyring.put": { params: S["PutKeyring"]; answer: S["Keyring"] };
  /** Asks the account's other devices for the keyring. */
  "keys.link.ask": { params: S["AskLink"]; answer: S["LinkState"] };
  /** What became of this device's request. */
  "keys.link.state": { params: S["Empty"]; answer: S["LinkState"] };
  /** Requests of the account's new devices that wait. */
  "keys.link.list": { params: S["Empty"]; answer: S["Links"] };
  /** Hands the keyring to a new device, or refuses. */
  "keys.link.answer": { params: S["AnswerLink"]; answer: S["Empty"] };
  /** The public state of a sealed conversation's group. */
  "groups.get": { params: S["GroupRef"]; answer: S["GroupState"] };
  /** Starts the group of a sealed conversation. */
  "groups.start": { params: S["StartGroup"]; answer: S["GroupState"] };
  /** Sends a commit; the first in an epoch wins. */
  "groups.commit": { params: S["PostCommit"]; answer: S["CommitReceipt"] };
  /** Says that this device merged a commit, or cannot. */
  "groups.state": { params: S["PostStatement"]; answer: S["Empty"] };
  /** Welcomes that wait for this device. */
  "groups.welcomes": { params: S["Empty"]; answer: S["Welcomes"] };
  /** A Welcome was taken. */
  "groups.welcomed": { params: S["WelcomeTaken"]; answer: S["Empty"] };
  /** The newest signed head of the archive log. */
  "log.checkpoint": { params: S["Empty"]; answer: S["Checkpoint"] };
  /** Proof that an entry is in the archive log. */
  "log.proof": { params: S["GetProof"]; answer: S["InclusionProof"] };
}

/** A command's name. */
export type Op = keyof Commands;

export type Params<O extends Op> = Commands[O]["params"];
export type Answer<O extends Op> = Commands[O]["answer"];

/** A schema of the API by its name. */
export type Schema<N extends keyof S> = S[N];

/** All names, in the order of the server's table. */
export const OPS: readonly Op[] = [
  "ping",
  "me.get",
  "me.update",
  "me.password",
  "me.totp.begin",
  "me.totp.confirm",
  "me.totp.remove",
  "me.recovery.renew",
  "me.sessions.list",
  "me.sessions.revoke",
  "me.tokens.list",
  "me.tokens.create",
  "me.tokens.revoke",
  "presence.set",
  "presence.active",
  "people.list",
  "people.get",
  "accounts.list",
  "accounts.create",
  "accounts.update",
  "accounts.disable",
  "accounts.enable",
  "accounts.unlock",
  "accounts.reset",
  "accounts.reset_keys",
  "accounts.end_sessions",
  "invitations.create",
  "invitations.list",
  "invitations.revoke",
  "organisation.update",
  "audit.list",
  "tasks.list",
  "conversations.create",
  "conversations.list",
  "conversations.get",
  "conversations.members",
  "conversations.add",
  "conversations.remove",
  "conversations.role",
  "conversations.leave",
  "conversations.mute",
  "channels.list",
  "channels.join",
  "messages.post",
  "messages.text",
  "messages.erase",
  "journal.read",
  "account_journal.read",
  "cursor.ack",
  "marks.read",
  "marks.get",
  "typing.set",
  "keys.status",
  "keys.log",
  "keys.publish",
  "keys.packages.put",
  "keys.packages.claim",
  "keys.keyring.get",
  "keys.keyring.put",
  "keys.link.ask",
  "keys.link.state",
  "keys.link.list",
  "keys.link.answer",
  "groups.get",
  "groups.start",
  "groups.commit",
  "groups.state",
  "groups.welcomes",
  "groups.welcomed",
  "log.checkpoint",
  "log.proof",
];
