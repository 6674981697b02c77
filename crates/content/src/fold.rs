//! Entries to a conversation, incrementally, from any place of the journal on.
//!
//! What entries say is kept by number, and a row is made when asked for. So the order in which pages arrive cannot
//! change the answer, and what is about an entry not yet known simply waits under its number.

use std::collections::{BTreeMap, BTreeSet};

use rempart_base::{AccountId, Timestamp};

use crate::decode::decode;
use crate::roles::Roles;
use crate::types::{Content, Details, Membership, Message, Reaction, Revision, Role};
use crate::view::{Redacted, Row, View};

/// What an entry is, as its envelope says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Content written by a device.
    Content,
    /// A change of members, written by the server.
    Membership,
    /// A body was erased.
    Erasure,
}

/// A journal entry, as far as the fold needs it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its number, from 1.
    pub seq: u64,
    /// What it is.
    pub kind: EntryKind,
    /// Who wrote it; `None` when the server did.
    pub account: Option<AccountId>,
    /// The server's time.
    pub time: Timestamp,
    /// The entry this one is about.
    pub refers_to: Option<u64>,
    /// The content's exact bytes; `None` when erased.
    pub content: Option<&'a [u8]>,
}

/// What an entry changed, for whoever keeps a picture of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that shows.
    Nothing,
    /// [`Fold::row`] of this number is new or other, if it is a row at all.
    Row(u64),
    /// [`Fold::details`].
    Details,
    /// [`Fold::members`].
    Members,
}

/// A conversation in the making.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    roles: Roles,
    rows: BTreeMap<u64, Base>,
    /// What is about an entry, known or not: by its number, then by the number of what is about it.
    about: BTreeMap<u64, BTreeMap<u64, About>>,
    details: BTreeMap<u64, (AccountId, Details)>,
    /// Known entries that are no rows.
    others: BTreeMap<u64, Other>,
    erased: BTreeSet<u64>,
    creator: Option<AccountId>,
}

/// A row before anything that is about it.
#[derive(Clone, Debug)]
struct Base {
    account: Option<AccountId>,
    time: Timestamp,
    refers_to: Option<u64>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Message(Message),
    Unsupported,
    Erased,
}

#[derive(Clone, Debug)]
struct About {
    account: AccountId,
    time: Timestamp,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Revision(Revision),
    Redaction,
    Reaction(Reaction),
}

#[derive(Clone, Copy, Debug)]
enum Other {
    About(u64),
    Details,
    Nothing,
}

impl Fold {
    /// A fold whose first entry will come after `seed`: the members just before it, none at the journal's beginning.
    #[must_use]
    pub fn new(seed: BTreeMap<AccountId, Role>) -> Self {
        Self { roles: Roles::new(seed), ..Self::default() }
    }

    /// Takes an entry. One already known changes nothing, unless its content is gone since.
    pub fn apply(&mut self, entry: &Entry<'_>) -> Change {
        let past = self.roles.is_past(entry.seq);
        let change = self.take(entry);
        if past && change == Change::Members {
            self.roles.rebuild(None);
        }
        change
    }

    /// Takes entries older than all known; `seed` are the members just before the first of them. Any row may change.
    pub fn prepend<'a>(&mut self, seed: BTreeMap<AccountId, Role>, entries: impl IntoIterator<Item = Entry<'a>>) {
        for entry in entries {
            self.take(&entry);
        }
        self.roles.rebuild(Some(seed));
    }

    /// Everything, as it now looks.
    #[must_use]
    pub fn view(&self) -> View {
        View {
            details: self.details().cloned(),
            members: self.members().clone(),
            messages: self.rows.keys().filter_map(|seq| self.row(*seq)).collect(),
        }
    }

    /// Members after the last known entry.
    #[must_use]
    pub const fn members(&self) -> &BTreeMap<AccountId, Role> {
        self.roles.now()
    }

    /// The newest details that count.
    #[must_use]
    pub fn details(&self) -> Option<&Details> {
        let by_creator =
            self.details.iter().find(|(_, (author, _))| Some(*author) == self.creator).map(|(seq, _)| *seq);
        let counts = |seq: u64, author| by_creator == Some(seq) || self.moderates(seq, author);
        let newest = self.details.iter().rev();
        let mut standing = newest.filter(|(seq, (author, _))| !self.erased.contains(seq) && counts(**seq, *author));
        standing.next().map(|(_, (_, details))| details)
    }

    /// The row of an entry; `None` when it is not known or no row.
    #[must_use]
    pub fn row(&self, seq: u64) -> Option<Row> {
        let base = self.rows.get(&seq)?;
        let mut row = Row {
            seq,
            account: base.account,
            time: base.time,
            text: String::new(),
            mentions: Vec::new(),
            files: Vec::new(),
            reply_to: None,
            revised: None,
            redacted: self.redacted(seq, base),
            erased: false,
            unsupported: false,
            reactions: Vec::new(),
        };
        match &base.body {
            Body::Erased => row.erased = true,
            _ if self.erased.contains(&seq) => row.erased = true,
            Body::Unsupported => row.unsupported = true,
            Body::Message(message) => {
                let answered = earlier(base.refers_to, seq);
                row.reply_to = answered.filter(|answered| !self.others.contains_key(answered));
                if row.redacted.is_none() {
                    self.fill(&mut row, message);
                }
            }
        }
        Some(row)
    }

    fn take(&mut self, entry: &Entry<'_>) -> Change {
        let seq = entry.seq;
        if self.rows.contains_key(&seq) || self.others.contains_key(&seq) {
            let gone = entry.kind == EntryKind::Content && entry.content.is_none();
            return if gone { self.erase(seq) } else { Change::Nothing };
        }
        if seq == 1 {
            self.creator = entry.account;
        }
        let content = entry.content.map(decode);
        match (entry.kind, content) {
            (EntryKind::Content, None) => self.add_row(entry, Body::Erased),
            (EntryKind::Content, Some(Ok(content))) => self.take_content(entry, content),
            (EntryKind::Content, Some(Err(error))) if error.is_shown() => self.add_row(entry, Body::Unsupported),
            (EntryKind::Membership, Some(Ok(Content::Membership(change)))) => self.take_membership(seq, change),
            (EntryKind::Erasure, _) => {
                self.others.insert(seq, Other::Nothing);
                earlier(entry.refers_to, seq).map_or(Change::Nothing, |target| self.erase(target))
            }
            (EntryKind::Content | EntryKind::Membership, _) => self.add_other(seq, Other::Nothing),
        }
    }

    fn take_content(&mut self, entry: &Entry<'_>, content: Content) -> Change {
        match content {
            Content::Message(message) => self.add_row(entry, Body::Message(message)),
            Content::Unsupported => self.add_row(entry, Body::Unsupported),
            Content::Revision(revision) => self.add_about(entry, What::Revision(revision)),
            Content::Redaction => self.add_about(entry, What::Redaction),
            Content::Reaction(reaction) => self.add_about(entry, What::Reaction(reaction)),
            Content::Details(details) => {
                let Some(author) = entry.account else { return self.add_other(entry.seq, Other::Nothing) };
                self.details.insert(entry.seq, (author, details));
                self.add_other(entry.seq, Other::Details)
            }
            Content::Membership(_) | Content::Group(_) => self.add_other(entry.seq, Other::Nothing),
        }
    }

    fn take_membership(&mut self, seq: u64, change: Membership) -> Change {
        if seq == 1 {
            self.creator = change.by;
        }
        self.roles.add(seq, change);
        self.others.insert(seq, Other::Nothing);
        Change::Members
    }

    fn add_row(&mut self, entry: &Entry<'_>, body: Body) -> Change {
        let base = Base { account: entry.account, time: entry.time, refers_to: entry.refers_to, body };
        self.rows.insert(entry.seq, base);
        Change::Row(entry.seq)
    }

    fn add_about(&mut self, entry: &Entry<'_>, what: What) -> Change {
        let target = earlier(entry.refers_to, entry.seq);
        let Some((target, account)) = target.zip(entry.account) else {
            return self.add_other(entry.seq, Other::Nothing);
        };
        let about = About { account, time: entry.time, what };
        self.about.entry(target).or_default().insert(entry.seq, about);
        self.add_other(entry.seq, Other::About(target))
    }

    fn add_other(&mut self, seq: u64, other: Other) -> Change {
        self.others.insert(seq, other);
        match other {
            Other::About(target) => Change::Row(target),
            Other::Details => Change::Details,
            Other::Nothing => Change::Nothing,
        }
    }

    fn erase(&mut self, seq: u64) -> Change {
        self.erased.insert(seq);
        match self.others.get(&seq) {
            None => Change::Row(seq),
            Some(Other::About(target)) => Change::Row(*target),
            Some(Other::Details) => Change::Details,
            Some(Other::Nothing) => Change::Nothing,
        }
    }

    /// What is about an entry, oldest first.
    fn about(&self, seq: u64) -> impl Iterator<Item = (u64, &About)> {
        self.about.get(&seq).into_iter().flatten().map(|(seq, about)| (*seq, about))
    }

    fn moderates(&self, seq: u64, account: AccountId) -> bool {
        self.roles.before(seq, account).is_some_and(Role::moderates)
    }

    fn redacted(&self, seq: u64, base: &Base) -> Option<Redacted> {
        // An erased redaction still counts: erasing must never bring a text back.
        let mut redactions = self.about(seq).filter(|(_, about)| matches!(about.what, What::Redaction));
        let (_, first) =
            redactions.find(|(at, about)| base.account == Some(about.account) || self.moderates(*at, about.account))?;
        Some(Redacted { by: first.account, time: first.time })
    }

    /// Text, mentions, files, revision and reactions of a live message.
    fn fill(&self, row: &mut Row, message: &Message) {
        row.files.clone_from(&message.files);
        let (mut text, mut mentions) = (&message.text, &message.mentions);
        // Who has each reaction on, in the order of first reacting.
        let mut reactions: Vec<(&str, Vec<(AccountId, bool)>)> = Vec::new();
        for (seq, about) in self.about(row.seq) {
            if self.erased.contains(&seq) {
                continue;
            }
            match &about.what {
                What::Revision(revision) => {
                    let says = !revision.text.trim().is_empty() || !message.files.is_empty();
                    if says && row.account == Some(about.account) {
                        (text, mentions) = (&revision.text, &revision.mentions);
                        row.revised = Some(about.time);
                    }
                }
                What::Reaction(reaction) => react(&mut reactions, about.account, reaction),
                What::Redaction => {}
            }
        }
        row.text.clone_from(text);
        row.mentions.clone_from(mentions);
        for (reaction, accounts) in reactions {
            let on: Vec<_> = accounts.into_iter().filter(|(_, on)| *on).map(|(account, _)| account).collect();
            if !on.is_empty() {
                row.reactions.push((reaction.to_owned(), on));
            }
        }
    }
}

fn react<'a>(reactions: &mut Vec<(&'a str, Vec<(AccountId, bool)>)>, account: AccountId, given: &'a Reaction) {
    let known = reactions.iter_mut().find(|(key, _)| *key == given.reaction);
    let place = known.and_then(|(_, accounts)| accounts.iter_mut().find(|(a, _)| *a == account));
    match place {
        Some((_, on)) => *on = given.on,
        None if !given.on => {}
        None => match reactions.iter_mut().find(|(key, _)| *key == given.reaction) {
            Some((_, accounts)) => accounts.push((account, true)),
            None => reactions.push((&given.reaction, vec![(account, true)])),
        },
    }
}

/// The entry referred to, if it is one before `seq`.
fn earlier(refers_to: Option<u64>, seq: u64) -> Option<u64> {
    refers_to.filter(|target| (1..seq).contains(target))
}
