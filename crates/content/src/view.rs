//! What a conversation looks like: what a fold gives.

use std::collections::BTreeMap;

use rempart_base::{AccountId, Timestamp};

use crate::types::{Details, File, Role};

/// A conversation, as far as its entries are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Title, topic and avatar; `None` when none count.
    pub details: Option<Details>,
    /// Members after the last known entry.
    pub members: BTreeMap<AccountId, Role>,
    /// Messages, in the order of their numbers.
    pub messages: Vec<Row>,
}

/// A message as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The entry's number.
    pub seq: u64,
    /// Who wrote it; `None` when the server did.
    pub account: Option<AccountId>,
    /// The server's time.
    pub time: Timestamp,
    /// The newest text; empty when redacted, erased or unsupported.
    pub text: String,
    /// People mentioned in it.
    pub mentions: Vec<AccountId>,
    /// Its files.
    pub files: Vec<File>,
    /// The message it answers; the number of an entry that may not be known yet.
    pub reply_to: Option<u64>,
    /// When it was last revised.
    pub revised: Option<Timestamp>,
    /// Who took it back, and when.
    pub redacted: Option<Redacted>,
    /// Its body was erased.
    pub erased: bool,
    /// This program cannot read it.
    pub unsupported: bool,
    /// Reactions and who gave them, both in the order of first reacting. No list is empty.
    pub reactions: Vec<(String, Vec<AccountId>)>,
}

/// Who took a message back, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redacted {
    /// Who.
    pub by: AccountId,
    /// The server's time.
    pub time: Timestamp,
}
