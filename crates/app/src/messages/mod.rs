//! The one path of every message: load, decide, append with its leaf in one transaction, acknowledge, ring.
//!
//! [`recent`] keeps the newest entries of busy conversations, so that many readers cost one reading.

mod entry;
mod recent;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rempart_base::{AccountId, BlobHash, ClientId, ConversationId, Timestamp, limits};
use rempart_content::Content;
use rempart_domain::actor::Ctx;
use rempart_domain::conversation::{Conversation, MemberRole, Membership, Protection};
use rempart_domain::journal::{self, EntryKind, Envelope, Sender};
use rempart_domain::refusal::{Reason, Refusal};
use rempart_domain::role::Scope;
use rempart_ports::store::{Append, Appended, Marks, NewEntry, StoreError};

pub use entry::Entry;
pub(crate) use entry::{Sealing, leaf_of};
use recent::Kept;
pub(crate) use recent::Recent;
pub use rempart_ports::store::{MemberMark, Range};

use crate::App;
use crate::error::{Failure, Outcome};
use crate::feed::Signal;
use crate::groups::Passed;
use crate::seal::DataKey;

/// Times that a decision is made anew when the conversation changed meanwhile.
const TRIES: usize = 3;
/// How long what is in memory is believed where nothing is appended, in milliseconds.
const BELIEVED: i64 = 30 * rempart_base::time::SECOND;
/// How long an entry waits for one before it that this node may be about to keep.
const PREDECESSOR: Duration = Duration::from_millis(2);
/// Conversations whose rules and keys are kept in memory.
const CACHED: usize = 16_384;

/// What appending keeps in memory.
#[derive(Default)]
pub(crate) struct Journals {
    pub(crate) recent: Recent,
    places: Mutex<HashMap<(ConversationId, AccountId), Arc<Place>>>,
    keys: Mutex<HashMap<ConversationId, Arc<DataKey>>>,
    details: Mutex<HashMap<ConversationId, (u64, Bytes)>>,
}

impl Journals {
    /// The details content of an entry, where it is in memory.
    pub(crate) fn known_details(&self, conversation: ConversationId, seq: u64) -> Option<Bytes> {
        let details = self.details.lock().unwrap_or_else(PoisonError::into_inner);
        details.get(&conversation).filter(|(at, _)| *at == seq).map(|(_, content)| content.clone())
    }

    /// Keeps the details content of an entry in memory.
    pub(crate) fn keep_details(&self, conversation: ConversationId, seq: u64, content: Bytes) {
        let mut details = self.details.lock().unwrap_or_else(PoisonError::into_inner);
        if details.len() >= CACHED {
            details.clear();
        }
        details.insert(conversation, (seq, content));
    }

    /// Forgets the details of a conversation: an entry of it was erased.
    fn forget_details(&self, conversation: ConversationId) {
        self.details.lock().unwrap_or_else(PoisonError::into_inner).remove(&conversation);
    }
}

/// A conversation and a membership in it, as they were at `conversation.rules_version`.
pub(crate) struct Place {
    pub(crate) conversation: Conversation,
    pub(crate) member: Membership,
    loaded: Timestamp,
}

/// What a person asks to append.
#[derive(Clone, Debug)]
pub struct Post {
    /// The conversation.
    pub conversation: ConversationId,
    /// What the client calls it.
    pub client_id: ClientId,
    /// The content's exact bytes.
    pub content: Bytes,
    /// The entry this one is about; 0: none.
    pub refers_to: u64,
    /// Blobs it names.
    pub blobs: Vec<BlobHash>,
    /// The epoch that the content is sealed in.
    pub epoch: Option<[u8; 32]>,
}

/// Entries that are to be appended together, with what opens them again.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) entries: Vec<NewEntry>,
    pub(crate) sealings: Vec<Arc<Sealing>>,
}

impl Draft {
    /// Adds an entry that carries no readable details.
    pub(crate) fn add(&mut self, app: &App, to: &Conversation, envelope: Envelope, content: Bytes) -> Outcome<()> {
        self.add_details(app, to, envelope, content, false)
    }

    /// Adds an entry and says whether it carries readable details.
    pub(crate) fn add_details(
        &mut self,
        app: &App,
        to: &Conversation,
        envelope: Envelope,
        content: Bytes,
        details: bool,
    ) -> Outcome<()> {
        let sealing = Arc::new(app.sealing(to, envelope.clone(), content)?);
        self.entries.push(NewEntry { envelope, finish: sealing.clone(), details });
        self.sealings.push(sealing);
        Ok(())
    }

    /// Adds what another draft holds, after its own.
    pub(crate) fn extend(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.sealings.extend(other.sealings);
    }
}

/// The entry is on disk.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The entry.
    pub entry: Arc<Entry>,
    /// The log key's signature over the promise to log the leaf within 60 s.
    pub promise: [u8; 64],
}

impl App {
    /// Appends an entry written by a device; durable when this ends.
    ///
    /// # Errors
    /// Refusals of [`journal::post`], `content_invalid`, `conversation_unknown`, `blob_unknown`, `epoch_invalid`, `conflict`; in sealed
    /// conversations those of its group, which a commit cures (`epoch_*`).
    pub async fn post(self: &Arc<Self>, ctx: &Ctx, post: Post) -> Outcome<Receipt> {
        let who = ctx.ready(Scope::Post)?;
        let mut fresh = false;
        for _ in 0..TRIES {
            let place = self.place(post.conversation, who.account, fresh || post.refers_to != 0).await?;
            journal::post(
                &place.conversation,
                &place.member,
                who.role,
                &journal::Proposal { size: post.content.len(), refers_to: post.refers_to, blobs: &post.blobs },
            )?;
            let (details, passed) = if place.conversation.protection == Protection::Open {
                (self.check_open(&place, &post)?, Passed::Alone)
            } else {
                match self.pass_sealed(&place, who, &post, ctx.now).await {
                    Ok(Passed::Outdated) => {
                        self.forget_places(post.conversation);
                        fresh = true;
                        continue;
                    }
                    Ok(passed) => (false, passed),
                    // A repetition comes before any refusal.
                    Err(refused) => return self.sent_before(&place, who, &post).await?.ok_or(refused),
                }
            };
            self.check_blobs(&place, who.account, &post.blobs).await?;
            let envelope = Envelope {
                conversation: post.conversation,
                kind: EntryKind::Content,
                sender: Sender::Device(who.account, who.device),
                client_id: post.client_id,
                time: ctx.now,
                refers_to: post.refers_to,
                blobs: post.blobs.clone(),
                epoch: post.epoch,
            };
            let mut draft = Draft::default();
            draft.add_details(self, &place.conversation, envelope, post.content.clone(), details)?;
            let group = match passed {
                Passed::Confirms(more, change) => {
                    draft.extend(more);
                    Some(*change)
                }
                Passed::Alone | Passed::Outdated => None,
            };
            let append = draft.append(&place.conversation, group);
            match self.append(append, draft.sealings).await {
                Ok((_, entries)) => return self.receipt(&entries),
                Err(other) => self.unless_conflict(post.conversation, other)?,
            }
            fresh = true;
        }
        Err(Reason::Conflict.into())
    }

    /// Appends a plain text message, where the server may read it.
    ///
    /// # Errors
    /// As [`App::post`]; `protection_unavailable` where the conversation is not open.
    pub async fn post_text(
        self: &Arc<Self>,
        ctx: &Ctx,
        conversation: ConversationId,
        client_id: ClientId,
        text: &str,
    ) -> Outcome<Receipt> {
        let content = rempart_content::encode::text(text).map_err(|_| {
            let reason = if text.trim().is_empty() { Reason::ContentEmpty } else { Reason::ContentTooLarge };
            Refusal::field(reason, "text")
        })?;
        let place = self.place(conversation, ctx.ready(Scope::Post)?.account, false).await?;
        if place.conversation.protection != Protection::Open {
            return Err(Reason::ProtectionUnavailable.into());
        }
        let blobs = Vec::new();
        let post = Post { conversation, client_id, content: content.into(), refers_to: 0, blobs, epoch: None };
        self.post(ctx, post).await
    }

    /// Erases the body of an entry. The leaf stays in the log; an erasure entry says who did it.
    ///
    /// # Errors
    /// `conversation_unknown`, `entry_unknown`, `not_allowed`, `conflict`.
    pub async fn erase(
        self: &Arc<Self>,
        ctx: &Ctx,
        conversation: ConversationId,
        seq: u64,
        client_id: ClientId,
    ) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        for _ in 0..TRIES {
            let place = self.place(conversation, who.account, true).await?;
            let row = match seq.checked_sub(1) {
                Some(before) => self.store.read(conversation, Range::After(before), 1).await?.into_iter().next(),
                None => None,
            };
            let row = row.filter(|r| r.seq == seq).ok_or(Refusal::field(Reason::EntryUnknown, "seq"))?;
            journal::erase(&place.member, row.envelope.kind, row.envelope.sender, seq)?;
            let envelope = Envelope {
                conversation,
                kind: EntryKind::Erasure,
                sender: Sender::Device(who.account, who.device),
                client_id,
                time: ctx.now,
                refers_to: seq,
                blobs: Vec::new(),
                epoch: None,
            };
            let sealing = Arc::new(self.sealing(&place.conversation, envelope.clone(), Bytes::new())?);
            let append = Append {
                conversation,
                rules_version: place.conversation.rules_version,
                founded: None,
                entries: vec![NewEntry { envelope, finish: sealing.clone(), details: false }],
                changes: Vec::new(),
                erase: Some(seq),
                group: None,
            };
            match self.append(append, vec![sealing]).await {
                Ok(_) => return Ok(()),
                Err(Failure::Refused(refusal)) if refusal.reason == Reason::Conflict => {}
                Err(other) => return Err(other),
            }
        }
        Err(Reason::Conflict.into())
    }

    /// A page of a conversation's journal for one of its members, oldest first; with the journal's last number.
    ///
    /// # Errors
    /// `conversation_unknown`, `limit_invalid`.
    pub async fn read_journal(
        &self,
        ctx: &Ctx,
        conversation: ConversationId,
        range: Range,
        limit: u32,
    ) -> Outcome<(Vec<Arc<Entry>>, u64)> {
        let who = ctx.ready(Scope::Read)?;
        page(limit)?;
        let place = self.place(conversation, who.account, true).await?;
        let first = place.member.from_seq.max(1);
        let range = match range {
            Range::After(seq) => Range::After(seq.max(first - 1)),
            Range::Before(seq) => Range::Before(seq),
        };
        let rows = self.store.read(conversation, range, limit).await?;
        let key = self.conversation_key(&place.conversation)?;
        let entries: Result<Vec<_>, _> =
            rows.into_iter().filter(|r| r.seq >= first).map(|r| Entry::open(r, &key).map(Arc::new)).collect();
        Ok((entries?, place.conversation.last_seq))
    }

    /// Raises the delivered mark of this account: kept in memory and written with others within a second.
    ///
    /// # Errors
    /// `conversation_unknown`.
    pub async fn ack_cursor(&self, ctx: &Ctx, conversation: ConversationId, seq: u64) -> Outcome<()> {
        let who = ctx.ready(Scope::Read)?;
        self.place(conversation, who.account, false).await?;
        self.feed.note_delivered(conversation, who.account, seq);
        Ok(())
    }

    /// Raises the read mark of this account.
    ///
    /// # Errors
    /// `conversation_unknown`, `entry_unknown` past the end of the journal.
    pub async fn mark_read(&self, ctx: &Ctx, conversation: ConversationId, seq: u64) -> Outcome<()> {
        let who = ctx.ready(Scope::Read)?;
        let place = self.place(conversation, who.account, true).await?;
        if seq > place.conversation.last_seq {
            return Err(Refusal::field(Reason::EntryUnknown, "seq").into());
        }
        let mark = MemberMark { account: who.account, delivered: seq, read: seq };
        self.raise_marks(&[Marks { conversation, mark }], ctx.now).await
    }

    /// Writes marks and tells those concerned.
    pub(crate) async fn raise_marks(&self, marks: &[Marks], now: Timestamp) -> Outcome<()> {
        for risen in self.store.raise_marks(marks, now).await? {
            self.ring(Signal::Mark(risen.conversation, risen.mark));
            if marks.iter().any(|m| {
                m.conversation == risen.conversation && m.mark.account == risen.mark.account && m.mark.read > 0
            }) {
                self.ring(Signal::Account(risen.mark.account));
            }
        }
        Ok(())
    }

    /// How far the members have received and read.
    ///
    /// # Errors
    /// `conversation_unknown`.
    pub async fn marks(&self, ctx: &Ctx, conversation: ConversationId) -> Outcome<Vec<MemberMark>> {
        let who = ctx.ready(Scope::Read)?;
        self.place(conversation, who.account, true).await?;
        Ok(self.store.marks(conversation).await?)
    }

    /// Tells the others that somebody writes, or stopped. Nothing is kept.
    ///
    /// # Errors
    /// `conversation_unknown`, `read_only`.
    pub async fn set_typing(&self, ctx: &Ctx, conversation: ConversationId, typing: bool) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        let place = self.place(conversation, who.account, false).await?;
        if place.member.role == MemberRole::Reader {
            return Err(Reason::ReadOnly.into());
        }
        self.ring(Signal::Typing(conversation, who.account, typing));
        Ok(())
    }

    /// Appends through the store in a task of its own, so that a caller who goes away stops nothing half-way; then keeps
    /// the entries for readers and rings.
    pub(crate) async fn append(
        self: &Arc<Self>,
        append: Append,
        sealings: Vec<Arc<Sealing>>,
    ) -> Outcome<(Appended, Vec<Arc<Entry>>)> {
        let app = Arc::clone(self);
        tokio::spawn(async move { app.append_whole(append, sealings).await })
            .await
            .map_err(|_| crate::error::Fault::Ended("appending"))?
    }

    async fn append_whole(
        self: &Arc<Self>,
        append: Append,
        sealings: Vec<Arc<Sealing>>,
    ) -> Outcome<(Appended, Vec<Arc<Entry>>)> {
        let conversation = append.conversation;
        let founded = append.founded.is_some();
        let changed = !append.changes.is_empty() || append.group.is_some() || founded;
        let erased = append.erase;
        let appended = self.store.append(append).await?;
        if appended.repeated {
            // A conversation made before has another key; whoever makes conversations needs only its id.
            if founded {
                return Ok((appended, Vec::new()));
            }
            let elsewhere = appended.rows.iter().any(|row| row.envelope.conversation != conversation);
            let Some(sealing) = sealings.first().filter(|_| !elsewhere) else {
                return Err(Refusal::field(Reason::RequestInvalid, "client_id").into());
            };
            let entries: Result<Vec<_>, _> =
                appended.rows.iter().cloned().map(|r| Entry::open(r, &sealing.key).map(Arc::new)).collect();
            return Ok((appended, entries?));
        }
        if let Some(seq) = erased {
            self.journals.recent.forget_from(conversation, seq);
            self.journals.forget_details(conversation);
        }
        let entries: Vec<Arc<Entry>> = appended
            .rows
            .iter()
            .zip(&sealings)
            .map(|(row, sealing)| Arc::new(sealing.entry(row.seq, row.leaf.clone())))
            .collect();
        if changed {
            self.forget_places(conversation);
        }
        let mut reached = None;
        let mut waits = None;
        for entry in &entries {
            match self.journals.recent.insert(Arc::clone(entry)) {
                Kept::To(last) => reached = reached.max(Some(last)),
                Kept::Waits => waits = waits.max(Some(entry.seq)),
            }
        }
        // Whoever was removed hears of that before they could hear of anything later.
        for (account, _) in &appended.accounts {
            self.ring(Signal::Account(*account));
        }
        if let Some(reached) = reached {
            self.journals.recent.rings(conversation, reached);
            self.ring(Signal::Wake(conversation, reached));
        }
        if let Some(seq) = waits {
            self.ring_unless_rung(conversation, seq);
        }
        Ok((appended, entries))
    }

    /// Rings for an entry whose predecessor is not in memory. One of this node is there in a moment and rings for both, so
    /// that readers find all in memory; one of another node is only in the store, and readers look there.
    fn ring_unless_rung(self: &Arc<Self>, conversation: ConversationId, seq: u64) {
        let app = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(PREDECESSOR).await;
            if !app.journals.recent.rang(conversation, seq) {
                app.journals.recent.rings(conversation, seq);
                app.ring(Signal::Wake(conversation, seq));
            }
        });
    }

    pub(crate) fn receipt(&self, entries: &[Arc<Entry>]) -> Outcome<Receipt> {
        let entry = entries.first().cloned().ok_or(crate::error::Fault::Ended("appending"))?;
        let message = rempart_merkle::promise::message(&rempart_merkle::leaf::leaf_hash(&entry.leaf));
        let mut promise = [0u8; 64];
        promise.copy_from_slice(self.keys.log.sign(&message).as_ref());
        Ok(Receipt { entry, promise })
    }

    /// The conversation and the account's place in it; `fresh` reads the store, otherwise what is in memory may be
    /// older, which is safe for appending because appends are conditional on `rules_version`.
    pub(crate) async fn place(
        &self,
        conversation: ConversationId,
        account: AccountId,
        fresh: bool,
    ) -> Outcome<Arc<Place>> {
        let key = (conversation, account);
        if !fresh {
            let places = self.journals.places.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = places.get(&key)
                && self.now().since(place.loaded) < BELIEVED
            {
                return Ok(Arc::clone(place));
            }
        }
        let Some((conversation, member)) = self.store.membership(conversation, account).await? else {
            self.journals.places.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            return Err(Reason::ConversationUnknown.into());
        };
        let place = Arc::new(Place { conversation, member, loaded: self.now() });
        let mut places = self.journals.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= CACHED {
            places.clear();
        }
        places.insert(key, Arc::clone(&place));
        Ok(place)
    }

    /// Forgets what is in memory of a conversation's rules.
    pub(crate) fn forget_places(&self, conversation: ConversationId) {
        let mut places = self.journals.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|(c, _), _| *c != conversation);
    }

    /// The data key of a conversation's bodies.
    pub(crate) fn conversation_key(&self, conversation: &Conversation) -> Outcome<Arc<DataKey>> {
        let mut keys = self.journals.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = keys.get(&conversation.id) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.data_key(conversation.id.as_bytes(), &conversation.wrapped_key)?);
        if keys.len() >= CACHED {
            keys.clear();
        }
        keys.insert(conversation.id, Arc::clone(&key));
        Ok(key)
    }

    pub(crate) fn sealing(&self, conversation: &Conversation, envelope: Envelope, content: Bytes) -> Outcome<Sealing> {
        let mut salt = [0u8; 32];
        self.entropy.fill(&mut salt);
        Ok(Sealing::new(envelope, content, salt, self.conversation_key(conversation)?, Arc::clone(&self.entropy)))
    }

    /// In an open conversation the server reads the content: it must be one. Gives whether it carries details that count.
    fn check_open(&self, place: &Place, post: &Post) -> Outcome<bool> {
        if post.epoch.is_some() {
            return Err(Refusal::field(Reason::EpochInvalid, "epoch").into());
        }
        match rempart_content::decode(&post.content) {
            Ok(Content::Details(_)) => Ok(place.member.role <= MemberRole::Moderator),
            Ok(_) => Ok(false),
            Err(_) => Err(Refusal::field(Reason::ContentInvalid, "content").into()),
        }
    }

    /// A blob may be named by who uploaded it, or by who can read it in the same conversation.
    async fn check_blobs(&self, place: &Place, account: AccountId, blobs: &[BlobHash]) -> Outcome<()> {
        if blobs.is_empty() {
            return Ok(());
        }
        let owned = self.store.owned_blobs(account, blobs).await?;
        for blob in blobs {
            if !owned.contains(blob) && !self.store.blob_visible(place.conversation.id, account, *blob).await? {
                return Err(Refusal::field(Reason::BlobUnknown, "blobs").into());
            }
        }
        Ok(())
    }

    /// Entries after a number for the feed: from memory where they are, otherwise read once for all who wait.
    pub(crate) async fn entries_after(
        &self,
        conversation: ConversationId,
        after: u64,
        head: u64,
    ) -> Outcome<Vec<Arc<Entry>>> {
        if let Some(entries) = self.journals.recent.after(conversation, after, head) {
            return Ok(entries);
        }
        let known = self.journals.keys.lock().unwrap_or_else(PoisonError::into_inner).get(&conversation).cloned();
        let key = match known {
            Some(key) => key,
            None => match self.store.conversation(conversation).await? {
                Some(state) => self.conversation_key(&state)?,
                None => return Ok(Vec::new()),
            },
        };
        let rows = self.store.read(conversation, Range::After(after), limits::PAGE).await?;
        let entries: Result<Vec<_>, _> = rows.into_iter().map(|r| Entry::open(r, &key).map(Arc::new)).collect();
        let entries = entries?;
        for entry in &entries {
            // Whoever appended it has rung, or will.
            let _kept = self.journals.recent.insert(Arc::clone(entry));
        }
        Ok(entries)
    }
}

/// Checks a page's size.
///
/// # Errors
/// `limit_invalid`.
pub(crate) fn page(limit: u32) -> Result<(), Refusal> {
    if (1..=limits::PAGE).contains(&limit) { Ok(()) } else { Err(Refusal::field(Reason::LimitInvalid, "limit")) }
}

/// Whether a store error says that something unique exists.
pub(crate) fn exists(error: &StoreError, what: &str) -> bool {
    matches!(error, StoreError::Exists(name) if *name == what)
}
