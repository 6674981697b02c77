//! The report of an opening in JSON: every entry with all that proves it, so that somebody with nothing but this folder and the
//! log's key can verify it again ([`crate::verify`]).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rempart_export::layout::Person;
use rempart_export::{Line, Public};
use rempart_merkle::tree::Hash;
use serde::{Deserialize, Serialize};

/// What the report calls itself.
pub const KIND: &str = "opening report 1";
/// The report's file.
pub const JSON: &str = "report.json";
/// The report for people.
pub const HTML: &str = "report.html";

/// The report.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`KIND`].
    pub rempart: String,
    /// When it was made, by the auditor's clock, milliseconds since 1970 UTC.
    pub made_at_ms: u64,
    /// The conversation's id.
    pub conversation: String,
    /// First and last day, UTC.
    pub days: (String, String),
    /// The signed head under which everything was proved.
    pub checkpoint: String,
    /// The public part of the ceremony.
    pub public: Public,
    /// The request, as logged (`capsule::Request`).
    pub request: Proved,
    /// Numbers of the officers who answered.
    pub officers: Vec<u8>,
    /// The epochs opened.
    pub epochs: Vec<EpochProof>,
    /// The entries of those days, in order.
    pub entries: Vec<EntryProof>,
    /// What is not as it must be.
    pub findings: Vec<FindingText>,
    /// Whether it is proved that no entry of those days was left out at the end.
    pub complete: bool,
    /// Names as the server gives them: nothing proves them.
    pub people: Vec<Person>,
}

/// An entry of the log with its proof.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proved {
    /// Its position.
    pub position: u64,
    /// The leaf, base64.
    pub leaf: String,
    /// The salt of its content hash, base64; absent where the body was erased.
    pub salt: Option<String>,
    /// The content's exact bytes, base64; absent where the body was erased.
    pub content: Option<String>,
    /// The inclusion proof (RFC 9162 §2.1.3), base64 each.
    pub proof: Vec<String>,
}

impl Proved {
    /// Of this line.
    #[must_use]
    pub fn new(line: &Line, proof: &[Hash]) -> Self {
        Self {
            position: line.position,
            leaf: STANDARD.encode(&line.leaf_bytes),
            salt: line.body.as_ref().map(|(salt, _)| STANDARD.encode(salt)),
            content: line.body.as_ref().map(|(_, content)| STANDARD.encode(content)),
            proof: proof.iter().map(|hash| STANDARD.encode(hash)).collect(),
        }
    }
}

/// An epoch opened.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochProof {
    /// SHA-256 of its GroupContext, hexadecimal.
    pub reference: String,
    /// Its number in the group.
    pub number: u64,
    /// Its day.
    pub day: String,
    /// Its key, hexadecimal: opens the entries of this epoch and nothing else. Absent if no capsule opened.
    pub key: Option<String>,
    /// Its capsules, the committer's and repairs (`capsule::SentCapsule`).
    pub capsules: Vec<CapsuleProof>,
}

/// A capsule of an epoch.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapsuleProof {
    /// Its entry.
    pub entry: Proved,
    /// Whether it holds the key that the entries were sealed with.
    pub right: bool,
}

/// An entry of the days asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryProof {
    /// Its number in the conversation.
    pub seq: u64,
    /// The server's time, milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// `content`, `membership`, `erasure`, `group`.
    pub kind: String,
    /// Whether its epoch was dropped afterwards: its writer was to send it again.
    pub dropped: bool,
    /// Its entry (`capsule::Entry` for content).
    pub entry: Proved,
    /// The device that the log names.
    pub device: Option<String>,
    /// Whose device it is, as the key log proves.
    pub account: Option<String>,
    /// What was written, base64 of UTF-8 JSON; absent if it did not open.
    pub text: Option<String>,
    /// Files that came with it.
    pub files: Vec<FileProof>,
    /// What does not hold.
    pub problems: Vec<String>,
}

/// A file of an entry.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileProof {
    /// The name that the sender gave it.
    pub name: String,
    /// SHA-256 of the stored bytes, by which the entry names it.
    pub blob: String,
    /// Where it was saved in the report's folder; absent if it could not be.
    pub path: Option<String>,
    /// SHA-256 of the saved file, hexadecimal.
    pub sha256: Option<String>,
    /// What does not hold.
    pub problem: Option<String>,
}

/// A finding.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingText {
    /// Position in the log.
    pub position: u64,
    /// What, in the language of the report.
    pub what: String,
}
