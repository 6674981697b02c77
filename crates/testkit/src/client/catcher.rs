//! What a client must see: each conversation's entries in order, each once, each as its leaf says.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use rempart_base::ConversationId;
use rempart_merkle::leaf::{
    KIND_COMMIT, KIND_CONTENT, KIND_ERASURE, KIND_GROUP, KIND_MEMBERSHIP, KIND_PROPOSAL, Leaf, Sender, content_hash,
    leaf_hash,
};
use rempart_merkle::note::VerifierKey;
use rempart_merkle::promise;
use rempart_wire::journal::{Entry, EntryKind, JournalPage, ReadJournal, Receipt};
use rempart_wire::{B64, Id};

use super::{Client, Failure, Feed};

/// Entries asked for at a time.
const PAGE: u32 = 200;

/// Holds each conversation's entries and refuses what breaks their order or their leaves.
#[derive(Debug, Default)]
pub struct Catcher {
    journals: HashMap<ConversationId, Journal>,
}

/// The entries of one conversation.
#[derive(Debug, Default)]
pub struct Journal {
    /// The number before the first held.
    pub before: u64,
    /// Entries without gap.
    pub entries: Vec<Entry>,
}

impl Journal {
    /// The last number held.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.entries.last().map_or(self.before, |entry| entry.seq)
    }
}

impl Catcher {
    /// Begins a conversation after entry `before`.
    pub fn begin(&mut self, conversation: ConversationId, before: u64) {
        self.journals.insert(conversation, Journal { before, entries: Vec::new() });
    }

    /// The entries of a conversation so far.
    ///
    /// # Errors
    /// When it was not begun.
    pub fn journal(&self, conversation: ConversationId) -> Result<&Journal> {
        self.journals.get(&conversation).context("a conversation that was not begun")
    }

    /// Takes a live entry: it must be the one after the last.
    ///
    /// # Errors
    /// A gap, a duplicate, or an entry that is not what its leaf says.
    pub fn take(&mut self, conversation: ConversationId, entry: Entry) -> Result<()> {
        let journal = self.journals.entry(conversation).or_default();
        let expected = journal.last() + 1;
        ensure!(entry.seq == expected, "entry {} came where {expected} was to come", entry.seq);
        check_entry(conversation, &entry)?;
        journal.entries.push(entry);
        Ok(())
    }

    /// Reads what is missing up to `last` by pages: what a client does after a cut.
    ///
    /// # Errors
    /// As [`Catcher::take`], and what the server refused.
    pub async fn catch_up(&mut self, client: &Client, conversation: ConversationId, last: u64) -> Result<(), Failure> {
        loop {
            let after = self.journals.entry(conversation).or_default().last();
            if after >= last {
                return Ok(());
            }
            let page: JournalPage = client.ask("journal.read", &read_after(conversation, after)).await?;
            self.take_page(conversation, page, last)?;
        }
    }

    /// The same over the feed.
    ///
    /// # Errors
    /// As [`Catcher::catch_up`].
    pub async fn catch_up_on(&mut self, feed: &Feed, conversation: ConversationId, last: u64) -> Result<(), Failure> {
        loop {
            let after = self.journals.entry(conversation).or_default().last();
            if after >= last {
                return Ok(());
            }
            let page: JournalPage = feed.ask("journal.read", &read_after(conversation, after)).await?;
            self.take_page(conversation, page, last)?;
        }
    }

    /// What lies past `last` comes by itself.
    fn take_page(&mut self, conversation: ConversationId, page: JournalPage, last: u64) -> Result<()> {
        ensure!(!page.entries.is_empty(), "the journal ends before its last number {}", page.last_seq);
        let known = page.entries.into_iter().filter(|entry| entry.seq <= last);
        known.into_iter().try_for_each(|entry| self.take(conversation, entry))
    }
}

fn read_after(conversation: ConversationId, after: u64) -> ReadJournal {
    ReadJournal { conversation: Id(conversation), after: Some(after), before: None, limit: PAGE }
}

fn salted(salt: &B64, content: &[u8]) -> Result<[u8; 32]> {
    let salt: &[u8; 32] = salt.0.as_slice().try_into().context("a salt has 32 bytes")?;
    Ok(content_hash(salt, content))
}

/// Checks that an entry is what its leaf says.
///
/// # Errors
/// What differs.
pub fn check_entry(conversation: ConversationId, entry: &Entry) -> Result<()> {
    let leaf = Leaf::decode(&entry.leaf.0).context("the leaf")?;
    ensure!(leaf.conversation == conversation, "the leaf is of another conversation");
    ensure!(leaf.seq == entry.seq, "the leaf is of another number");
    ensure!(i64::try_from(leaf.server_time_ms) == Ok(entry.time.0.millis()), "the leaf has another time");
    ensure!(leaf.refers_to == entry.refers_to.unwrap_or(0), "the leaf refers to another entry");
    let kind = match entry.kind {
        EntryKind::Content => KIND_CONTENT,
        EntryKind::Membership => KIND_MEMBERSHIP,
        EntryKind::Erasure => KIND_ERASURE,
        EntryKind::Commit => KIND_COMMIT,
        EntryKind::Proposal => KIND_PROPOSAL,
        EntryKind::Group => KIND_GROUP,
    };
    ensure!(leaf.kind == kind, "the leaf is of another kind");
    if let Some(device) = entry.device {
        ensure!(leaf.sender == Sender::Device(device.0), "the leaf has another sender");
    }
    match (&entry.content, &entry.salt) {
        (Some(content), Some(salt)) => {
            ensure!(leaf.content_hash == salted(salt, &content.0)?, "the leaf is of another content");
            ensure!(usize::try_from(leaf.content_len) == Ok(content.0.len()), "the leaf has another length");
        }
        (None, None) => {}
        _ => anyhow::bail!("content without salt, or salt without content"),
    }
    Ok(())
}

/// Checks a receipt: the leaf is of this content in this conversation, and the log key promised to log it.
///
/// # Errors
/// What differs.
pub fn check_receipt(key: &VerifierKey, conversation: ConversationId, content: &[u8], receipt: &Receipt) -> Result<()> {
    let leaf = Leaf::decode(&receipt.leaf.0).context("the leaf")?;
    ensure!(leaf.conversation == conversation, "the leaf is of another conversation");
    ensure!(leaf.seq == receipt.seq, "the leaf is of another number");
    ensure!(i64::try_from(leaf.server_time_ms) == Ok(receipt.time.0.millis()), "the leaf has another time");
    ensure!(leaf.content_hash == salted(&receipt.salt, content)?, "the leaf is of another content");
    ensure!(usize::try_from(leaf.content_len) == Ok(content.len()), "the leaf has another length");
    promise::verify(key, &leaf_hash(&receipt.leaf.0), &receipt.promise.0).context("the promise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rempart_base::{ClientId, DeviceId, Timestamp};
    use rempart_wire::Time;

    fn entry(conversation: ConversationId, seq: u64) -> Entry {
        let (device, salt, content) = (DeviceId::from_bytes([3; 16]), [7; 32], b"words".to_vec());
        let leaf = Leaf {
            kind: KIND_CONTENT,
            conversation,
            seq,
            server_time_ms: 5,
            sender: Sender::Device(device),
            epoch_ref: Vec::new(),
            refers_to: 0,
            content_len: 5,
            content_hash: content_hash(&salt, &content),
        };
        Entry {
            seq,
            kind: EntryKind::Content,
            account: None,
            device: Some(Id(device)),
            client_id: Id(ClientId::from_bytes([1; 16])),
            time: Time(Timestamp::from_millis(5)),
            refers_to: None,
            content: Some(B64(content)),
            epoch: None,
            blobs: Vec::new(),
            leaf: B64(leaf.encode().unwrap()),
            salt: Some(B64(salt.to_vec())),
        }
    }

    #[test]
    fn gaps_duplicates_and_other_words_are_noticed() {
        let here = ConversationId::from_bytes([9; 16]);
        let mut catcher = Catcher::default();
        catcher.begin(here, 4);
        catcher.take(here, entry(here, 5)).unwrap();
        assert!(catcher.take(here, entry(here, 5)).is_err(), "a duplicate");
        assert!(catcher.take(here, entry(here, 7)).is_err(), "a gap");
        let mut altered = entry(here, 6);
        altered.content = Some(B64(b"other".to_vec()));
        assert!(catcher.take(here, altered).is_err(), "other words");
        let elsewhere = ConversationId::from_bytes([8; 16]);
        assert!(catcher.take(here, entry(elsewhere, 6)).is_err(), "another conversation");
        catcher.take(here, entry(here, 6)).unwrap();
        assert_eq!(catcher.journal(here).unwrap().last(), 6);
    }
}
