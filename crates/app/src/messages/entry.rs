//! An entry between its clear form and its form in the store.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use rempart_domain::journal::{Envelope, Sender};
use rempart_merkle::leaf::{self, Leaf};
use rempart_ports::Entropy;
use rempart_ports::store::{Finish, Finished, JournalRow};

use crate::error::Fault;
use crate::seal::DataKey;

/// A journal entry, opened.
#[derive(Debug)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// What the server knows of it.
    pub envelope: Envelope,
    /// The content's exact bytes; absent when erased.
    pub content: Option<Bytes>,
    /// The salt of the leaf's content hash; absent when erased.
    pub salt: Option<[u8; 32]>,
    /// The archive leaf, encoded.
    pub leaf: Vec<u8>,
    /// What a head made of it for the feed, kept so that it is made once for all its readers.
    pub rendered: OnceLock<Bytes>,
}

/// Where a body belongs: so that a row moved elsewhere does not open.
fn place(envelope: &Envelope, seq: u64) -> [u8; 24] {
    let mut place = [0u8; 24];
    let (conversation, number) = place.split_at_mut(16);
    conversation.copy_from_slice(envelope.conversation.as_bytes());
    number.copy_from_slice(&seq.to_be_bytes());
    place
}

impl Entry {
    /// Opens a row.
    ///
    /// # Errors
    /// A fault when the body does not open under this key at this place.
    pub(crate) fn open(row: JournalRow, key: &DataKey) -> Result<Self, Fault> {
        let (salt, content) = match &row.body {
            None => (None, None),
            Some(body) => {
                let clear = Bytes::from(key.open(&place(&row.envelope, row.seq), body)?);
                let salt = clear.first_chunk::<32>().copied().ok_or(Fault::Crypto("open a body: too short"))?;
                (Some(salt), Some(clear.slice(32..)))
            }
        };
        Ok(Self { seq: row.seq, envelope: row.envelope, content, salt, leaf: row.leaf, rendered: OnceLock::new() })
    }
}

/// An entry that waits for its number.
pub(crate) struct Sealing {
    envelope: Envelope,
    content: Bytes,
    salt: [u8; 32],
    pub(crate) key: Arc<DataKey>,
    entropy: Arc<dyn Entropy>,
    content_hash: [u8; 32],
}

impl Sealing {
    pub(crate) fn new(
        envelope: Envelope,
        content: Bytes,
        salt: [u8; 32],
        key: Arc<DataKey>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let content_hash = leaf::content_hash(&salt, &content);
        Self { envelope, content, salt, key, entropy, content_hash }
    }

    /// The opened form, once the store has numbered it.
    pub(crate) fn entry(&self, seq: u64, leaf: Vec<u8>) -> Entry {
        Entry {
            seq,
            envelope: self.envelope.clone(),
            content: Some(self.content.clone()),
            salt: Some(self.salt),
            leaf,
            rendered: OnceLock::new(),
        }
    }
}

/// The leaf of an entry, but for what only its content tells.
pub(crate) fn leaf_of(envelope: &Envelope, seq: u64, content_len: u32, content_hash: [u8; 32]) -> Leaf {
    Leaf {
        kind: envelope.kind.code(),
        conversation: envelope.conversation,
        seq,
        server_time_ms: u64::try_from(envelope.time.millis()).unwrap_or(0),
        sender: match envelope.sender {
            Sender::Device(_, device) => leaf::Sender::Device(device),
            Sender::Server => leaf::Sender::Task("server".to_owned()),
        },
        epoch_ref: envelope.epoch.map(Vec::from).unwrap_or_default(),
        refers_to: envelope.refers_to,
        content_len,
        content_hash,
    }
}

impl Finish for Sealing {
    fn finish(&self, seq: u64) -> Finished {
        let length = u32::try_from(self.content.len()).unwrap_or(u32::MAX);
        let leaf = leaf_of(&self.envelope, seq, length, self.content_hash).encode();
        let body = self.key.seal(self.entropy.as_ref(), &place(&self.envelope, seq), &[&self.salt, &self.content]);
        match (body, leaf) {
            (Ok(body), Ok(leaf)) => Finished { body, leaf },
            // Lengths are checked long before: neither refuses. An empty leaf is refused by every store.
            (Err(_), _) | (_, Err(_)) => Finished { body: Vec::new(), leaf: Vec::new() },
        }
    }
}
