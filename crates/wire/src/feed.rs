//! The WebSocket `/api/v1/feed`: commands and answers, and what the server says unasked. JSON text frames.
//!
//! The client's first frame is [`Hello`]'s command frame (`op: "hello"`); the answer is [`Welcome`]. From then on every
//! entry after `Welcome::conversations[].last_seq` arrives by itself, in order; what lies before is read by `journal.read`.
//! A session that reads too slowly is closed with code 4001 and goes on later from its cursors; 4003 means signed out.

use std::borrow::Cow;

use rempart_base::{AccountId, ConversationId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::account::Presence;
use crate::conversation::Conversation;
use crate::journal::{AccountEntry, Entry, Mark};
use crate::{Id, Problem, Time};

/// A command from the client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request<'a> {
    /// Chosen by the client, at most 64 characters; comes back with the answer.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Name of the command, or `hello`.
    #[serde(borrow)]
    pub op: Cow<'a, str>,
    /// Its parameters.
    #[serde(borrow, default)]
    pub params: Option<&'a RawValue>,
}

/// Says where the client stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The last number of the account's journal that the client has.
    pub account_seq: u64,
}

/// Says where the server stands. Taken in one piece: nothing falls between this and the live frames.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// The server's time.
    pub now: Time,
    /// The last number of the account's journal.
    pub account_seq: u64,
    /// Every conversation of the account, with its last number.
    pub conversations: Vec<Conversation>,
    /// Presence of those who are not offline.
    pub presence: Vec<PersonPresence>,
}

/// Somebody's presence.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PersonPresence {
    /// Who.
    pub account: Id<AccountId>,
    /// How.
    pub presence: Presence,
}

/// What the server sends.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Frame {
    /// The answer to a command.
    Ok {
        /// The command's id.
        id: String,
        /// Its answer.
        answer: serde_json::Value,
    },
    /// The refusal of a command.
    Refused {
        /// The command's id.
        id: String,
        /// Why.
        problem: Problem,
    },
    /// A new journal entry; numbers of a conversation come in order without gap.
    Entry {
        /// The conversation.
        conversation: Id<ConversationId>,
        /// The entry.
        entry: Entry,
    },
    /// A new entry of the account's own journal.
    Account {
        /// The entry.
        entry: AccountEntry,
    },
    /// A conversation that the account now belongs to, or whose settings for it changed. Live entries follow `last_seq`.
    Conversation {
        /// The conversation.
        conversation: Conversation,
    },
    /// Members received or read further.
    Marks {
        /// The conversation.
        conversation: Id<ConversationId>,
        /// Only the rows that changed.
        marks: Vec<Mark>,
    },
    /// Somebody's presence changed.
    Presence {
        /// Who and how.
        #[serde(flatten)]
        presence: PersonPresence,
    },
    /// Somebody writes, or stopped.
    Typing {
        /// Where.
        conversation: Id<ConversationId>,
        /// Who.
        account: Id<AccountId>,
        /// Writing, or stopped.
        typing: bool,
    },
}
