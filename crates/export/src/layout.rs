//! The files of an export, and its table of contents.
//!
//! ```text
//! export.json                     the manifest
//! log/checkpoint                  the signed head, with the witnesses' cosignatures
//! log/heads/<size>                older signed heads, optional
//! log/tile/<L>/<N>[.p/<W>]        hashes (C2SP tlog-tiles), those that the entries' proofs need, or all
//! log/tile/entries/<N>[.p/<W>]    leaves of the whole log, optional: they prove that no later entry was left out
//! journal/<conversation>.jsonl    a line an entry, in the order of their numbers, without gap
//! openings.jsonl                  opening requests in the log, optional
//! keys/checkpoint                 the signed head of the key log, optional with the next
//! keys/leaves.jsonl               all of its leaves, in order
//! policies/<ctx>                  archive policies, as they stand in the GroupContext
//! blobs/<hash>                    files, by the SHA-256 of their bytes as stored
//! ```

use rempart_base::{BlobHash, ConversationId};
use rempart_merkle::tile::{Tile, TilePath};
use serde::{Deserialize, Serialize};

use crate::FormatError;

/// What the manifest calls itself.
pub const KIND: &str = "export 1";
/// The manifest.
pub const MANIFEST: &str = "export.json";
/// The signed head.
pub const CHECKPOINT: &str = "log/checkpoint";
/// Folder of older heads.
pub const HEADS: &str = "log/heads";
/// Opening requests.
pub const OPENINGS: &str = "openings.jsonl";
/// The key log's signed head.
pub const KEYS_CHECKPOINT: &str = "keys/checkpoint";
/// The key log's leaves.
pub const KEYS_LEAVES: &str = "keys/leaves.jsonl";
/// Folder of policies.
pub const POLICIES: &str = "policies";
/// Longest manifest, in bytes.
pub const LONGEST: usize = 64 << 20;

/// The path of a tile of hashes.
#[must_use]
pub fn tile(tile: Tile) -> String {
    format!("log/{}", TilePath::Hashes(tile))
}

/// The path of a bundle of leaves: each leaf is preceded by its length in two bytes.
#[must_use]
pub fn bundle(tile: Tile) -> String {
    format!("log/{}", TilePath::Entries(tile))
}

/// The path of a journal.
#[must_use]
pub fn journal(conversation: ConversationId) -> String {
    format!("journal/{conversation}.jsonl")
}

/// The path of a policy, by its hash.
#[must_use]
pub fn policy(ctx: &[u8; 32]) -> String {
    format!("{POLICIES}/{}", data_encoding::HEXLOWER.encode(ctx))
}

/// The path of a blob.
#[must_use]
pub fn blob(hash: BlobHash) -> String {
    format!("blobs/{hash}")
}

/// The path of an older head.
#[must_use]
pub fn head(size: u64) -> String {
    format!("{HEADS}/{size}")
}

/// The table of contents. It proves nothing: it says what to look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`KIND`].
    pub rempart: String,
    /// The log's origin, `<host>/messages`.
    pub origin: String,
    /// When it was made, by the server's clock, milliseconds since 1970 UTC.
    pub made_at_ms: u64,
    /// Entries in the log at its head.
    pub log_size: u64,
    /// Whether `log/tile/entries` holds the leaves of the whole log.
    pub whole_log: bool,
    /// The journals.
    pub journals: Vec<Journal>,
    /// Lines of `openings.jsonl`.
    pub openings: u64,
    /// Names, as the server has them: nothing proves them.
    #[serde(default)]
    pub people: Vec<Person>,
}

/// Somebody's name, unproven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The account, as its id is written.
    pub account: String,
    /// The address.
    pub address: String,
    /// The name shown.
    pub name: String,
}

/// A journal of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// The conversation, as its id is written.
    pub conversation: String,
    /// Entries: their numbers are 1 to this.
    pub entries: u64,
}

impl Manifest {
    /// The manifest's text.
    ///
    /// # Errors
    /// Never for values of these types.
    pub fn encode(&self) -> Result<String, FormatError> {
        serde_json::to_string_pretty(self).map_err(|error| FormatError::Json(error.to_string()))
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is none, or of a later version.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > LONGEST {
            return Err(FormatError::TooLong);
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| FormatError::Json(error.to_string()))?;
        if manifest.rempart != KIND {
            return Err(FormatError::Kind(KIND));
        }
        for journal in &manifest.journals {
            journal.id()?;
        }
        Ok(manifest)
    }
}

impl Journal {
    /// The conversation.
    ///
    /// # Errors
    /// When the id is not written as ids are.
    pub fn id(&self) -> Result<ConversationId, FormatError> {
        self.conversation.parse().map_err(|_| FormatError::Field("the id of a conversation"))
    }
}
