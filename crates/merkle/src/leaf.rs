//! The archive leaf: what the log commits to about one journal entry, in a fixed binary form.
//!
//! In the presentation language of TLS (RFC 8446 §3), all numbers big-endian:
//!
//! ```text
//! struct {
//!     uint8  version = 1;
//!     uint8  kind;
//!     opaque conversation[16];
//!     uint64 seq;
//!     uint64 server_time_ms;
//!     opaque sender<0..255>;      /* tag, then device id | remote address | task */
//!     opaque epoch_ref<0..32>;    /* empty in open conversations */
//!     uint64 refers_to;           /* 0 = none */
//!     uint32 content_len;
//!     opaque content_hash[32];    /* SHA-256(salt[32] ‖ content) */
//! } Leaf;
//! ```

use rempart_base::{ConversationId, DeviceId};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::tree::Hash;

/// The only version there is.
pub const VERSION: u8 = 1;
/// `kind` of content written by a device.
pub const KIND_CONTENT: u8 = 1;
/// `kind` of a change of members or roles, written by the server.
pub const KIND_MEMBERSHIP: u8 = 2;
/// `kind` of the record that a body was erased.
pub const KIND_ERASURE: u8 = 3;
/// `kind` of a group's commit, written by a device; `epoch_ref` is the epoch that it began.
pub const KIND_COMMIT: u8 = 4;
/// `kind` of a proposal of the server to a group.
pub const KIND_PROPOSAL: u8 = 5;
/// `kind` of what the server says of a group.
pub const KIND_GROUP: u8 = 6;
/// `kind` of an epoch's capsule, or of the repair of one, written by a device (`capsule::SentCapsule`).
pub const KIND_CAPSULE: u8 = 7;
/// `kind` of the request to open days of a conversation (`capsule::Request`).
pub const KIND_OPENING: u8 = 8;
/// Longest remote address or task name, in bytes: with its tag it fills the 255 of `sender`.
pub const MAX_SENDER_NAME: usize = 254;
/// Longest `epoch_ref`, in bytes.
pub const MAX_EPOCH_REF: usize = 32;
/// Longest leaf, in bytes.
pub const MAX_LEAF: usize = FIXED + 255 + MAX_EPOCH_REF;

/// Bytes of a leaf whose sender and `epoch_ref` are empty.
const FIXED: usize = 1 + 1 + 16 + 8 + 8 + 1 + 1 + 8 + 4 + 32;

const TAG_DEVICE: u8 = 1;
const TAG_REMOTE: u8 = 2;
const TAG_TASK: u8 = 3;

/// Why bytes are not a leaf, or a leaf cannot be written.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LeafError {
    /// Fewer bytes than the fields need.
    #[error("the leaf ends too early")]
    Truncated,
    /// More bytes than the fields need.
    #[error("the leaf has bytes after its last field")]
    Trailing,
    /// Not version 1.
    #[error("leaf version {0} is unknown")]
    Version(u8),
    /// A sender that is none of the three, or badly formed.
    #[error("the leaf's sender is not a device, a remote address or a task")]
    Sender,
    /// A remote address or task name over [`MAX_SENDER_NAME`], or empty.
    #[error("the name of a leaf's sender must have 1 to 254 bytes")]
    SenderName,
    /// Over [`MAX_EPOCH_REF`].
    #[error("the epoch reference of a leaf must have at most 32 bytes")]
    EpochRef,
}

/// Who caused an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A device of this server; tag 1.
    Device(DeviceId),
    /// An address on another server, 1 to [`MAX_SENDER_NAME`] bytes; tag 2.
    Remote(String),
    /// A task of the server itself, 1 to [`MAX_SENDER_NAME`] bytes; tag 3.
    Task(String),
}

/// What the log commits to about one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// What the entry is: [`KIND_CONTENT`] and so on; other values are kept, never interpreted.
    pub kind: u8,
    /// The conversation.
    pub conversation: ConversationId,
    /// The entry's number in the conversation.
    pub seq: u64,
    /// The server's time, milliseconds since 1970 UTC.
    pub server_time_ms: u64,
    /// Who caused it.
    pub sender: Sender,
    /// The epoch's reference, at most [`MAX_EPOCH_REF`] bytes; empty in open conversations.
    pub epoch_ref: Vec<u8>,
    /// The entry this one is about; 0 = none.
    pub refers_to: u64,
    /// Bytes of the content as the sender gave it.
    pub content_len: u32,
    /// [`content_hash`] of that content.
    pub content_hash: Hash,
}

impl Leaf {
    /// The leaf's bytes, which are the log's entry. Allocates once.
    ///
    /// # Errors
    /// When the sender's name or `epoch_ref` breaks its limit.
    pub fn encode(&self) -> Result<Vec<u8>, LeafError> {
        let (tag, sender): (u8, &[u8]) = match &self.sender {
            Sender::Device(id) => (TAG_DEVICE, id.as_bytes()),
            Sender::Remote(name) => (TAG_REMOTE, name.as_bytes()),
            Sender::Task(name) => (TAG_TASK, name.as_bytes()),
        };
        if sender.is_empty() {
            return Err(LeafError::SenderName);
        }
        let sender_len = u8::try_from(sender.len() + 1).map_err(|_| LeafError::SenderName)?;
        let epoch_len = match u8::try_from(self.epoch_ref.len()) {
            Ok(len) if self.epoch_ref.len() <= MAX_EPOCH_REF => len,
            _ => return Err(LeafError::EpochRef),
        };
        let mut out = Vec::with_capacity(FIXED + sender.len() + 1 + self.epoch_ref.len());
        out.extend_from_slice(&[VERSION, self.kind]);
        out.extend_from_slice(self.conversation.as_bytes());
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.server_time_ms.to_be_bytes());
        out.extend_from_slice(&[sender_len, tag]);
        out.extend_from_slice(sender);
        out.push(epoch_len);
        out.extend_from_slice(&self.epoch_ref);
        out.extend_from_slice(&self.refers_to.to_be_bytes());
        out.extend_from_slice(&self.content_len.to_be_bytes());
        out.extend_from_slice(&self.content_hash);
        Ok(out)
    }

    /// Reads a leaf; the bytes must be a leaf and nothing more, so each leaf has one spelling.
    ///
    /// # Errors
    /// When they are not.
    pub fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        let mut rest = bytes;
        let [version] = take(&mut rest)?;
        if version != VERSION {
            return Err(LeafError::Version(version));
        }
        let [kind] = take(&mut rest)?;
        let conversation = ConversationId::from_bytes(take(&mut rest)?);
        let seq = u64::from_be_bytes(take(&mut rest)?);
        let server_time_ms = u64::from_be_bytes(take(&mut rest)?);
        let sender = decode_sender(take_opaque(&mut rest)?)?;
        let epoch_ref = take_opaque(&mut rest)?;
        if epoch_ref.len() > MAX_EPOCH_REF {
            return Err(LeafError::EpochRef);
        }
        let leaf = Self {
            kind,
            conversation,
            seq,
            server_time_ms,
            sender,
            epoch_ref: epoch_ref.to_vec(),
            refers_to: u64::from_be_bytes(take(&mut rest)?),
            content_len: u32::from_be_bytes(take(&mut rest)?),
            content_hash: take(&mut rest)?,
        };
        if rest.is_empty() { Ok(leaf) } else { Err(LeafError::Trailing) }
    }
}

/// `SHA-256(salt ‖ content)`: with the salt erased, nobody can guess a short content from its hash.
#[must_use]
pub fn content_hash(salt: &[u8; 32], content: &[u8]) -> Hash {
    Sha256::new().chain_update(salt).chain_update(content).finalize().into()
}

/// `SHA-256(0x00 ‖ leaf)`, the hash of an entry of the log (RFC 9162 §2.1.1).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

fn decode_sender(bytes: &[u8]) -> Result<Sender, LeafError> {
    let (tag, body) = bytes.split_first().ok_or(LeafError::Sender)?;
    let name = || match std::str::from_utf8(body) {
        Ok(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(LeafError::Sender),
    };
    match *tag {
        TAG_DEVICE => DeviceId::try_from(body).map(Sender::Device).map_err(|_| LeafError::Sender),
        TAG_REMOTE => name().map(Sender::Remote),
        TAG_TASK => name().map(Sender::Task),
        _ => Err(LeafError::Sender),
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], LeafError> {
    let (head, tail) = rest.split_first_chunk().ok_or(LeafError::Truncated)?;
    *rest = tail;
    Ok(*head)
}

fn take_opaque<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], LeafError> {
    let [len] = take(rest)?;
    let (body, tail) = rest.split_at_checked(usize::from(len)).ok_or(LeafError::Truncated)?;
    *rest = tail;
    Ok(body)
}
