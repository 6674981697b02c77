//! MLS groups (RFC 9420) of sealed conversations, as far as the server carries them: starting, commits, welcomes, statements.
//!
//! Handshakes are entries of the conversation's journal, so that one order rules all. Content goes by `messages.post` with its epoch.

use rempart_base::{AccountId, ClientId, ConversationId, DeviceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{B64, Id, Time};

/// Starts the group of a sealed conversation with this device alone in it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartGroup {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Makes retries idempotent.
    pub client_id: Id<ClientId>,
    /// The creator's GroupInfo with ratchet tree (an `MLSMessage`); nobody else is given it.
    pub info: B64,
}

/// Asks for a group's public state.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRef {
    /// The conversation.
    pub conversation: Id<ConversationId>,
}

/// A group as the server follows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GroupState {
    /// The group's name, 16 bytes; absent while nobody has started one.
    pub group: Option<B64>,
    /// The epoch's number.
    pub epoch: u64,
    /// Its name: SHA-256 of the GroupContext, 32 bytes; absent while there is no group.
    pub epoch_ref: Option<B64>,
    /// The newest epoch that is final.
    pub final_ref: Option<B64>,
    /// The entry that began the epoch.
    pub since: u64,
    /// The devices in it.
    pub leaves: Vec<GroupLeaf>,
    /// Devices whose removal waits for the next commit.
    pub leaving: Vec<Id<DeviceId>>,
}

/// A device in a group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GroupLeaf {
    /// The device.
    pub device: Id<DeviceId>,
    /// Whose.
    pub account: Id<AccountId>,
}

/// Sends a commit.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostCommit {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// Makes retries idempotent.
    pub client_id: Id<ClientId>,
    /// A PublicMessage with the commit, at most 4 MiB.
    pub commit: B64,
    /// The Welcome of the devices that it adds; required exactly when it adds any.
    pub welcome: Option<B64>,
}

/// A commit was the first in its epoch and is applied.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CommitReceipt {
    /// Its number in the conversation.
    pub seq: u64,
    /// The server's time.
    pub time: Time,
    /// The name of the epoch that it began.
    pub epoch_ref: B64,
    /// The number of that epoch.
    pub epoch: u64,
}

/// A device's signed word on an epoch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostStatement {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// The statement: merged or refused, 130 bytes (docs/protocols/mls.md).
    pub statement: B64,
}

/// Welcomes that wait for this device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Welcomes {
    /// Oldest first.
    pub welcomes: Vec<GroupWelcome>,
}

/// A Welcome for this device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GroupWelcome {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// The entry with the commit that added the device: what comes after it is for the device to read.
    pub seq: u64,
    /// The Welcome (an `MLSMessage`).
    pub welcome: B64,
}

/// A Welcome was taken, or cannot be: it may go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WelcomeTaken {
    /// The conversation.
    pub conversation: Id<ConversationId>,
    /// The entry with its commit.
    pub seq: u64,
}
