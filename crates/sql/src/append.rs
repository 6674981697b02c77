//! Appending, as both engines do it: the order of steps, the texts, and what rows stand for.
//!
//! For each append, inside one transaction that it may share with others but never half:
//! 1. An entry of a device found under its (device, client id, epoch) makes the append a repetition: [`first_time`] says which rows to
//!    give; nothing is changed. This comes before any refusal. Two at once: the second one is the repetition.
//! 2. `founded`: [`FOUND`] (`Exists("direct")`). Otherwise the conversation must be there (`Missing("conversation")`) with
//!    `rules_version` (`Stale`).
//! 3. Every blob named by an entry must be there (`Missing("blob")`; PostgreSQL: `FOR SHARE`), so that none is deleted meanwhile.
//! 4. Entries get `last_seq + 1` and following; [`rempart_ports::store::Finish`] makes body and leaf for the number;
//!    [`INSERT_ENTRY`], [`USE_BLOB`], [`ADVANCE`].
//! 5. `erase`: [`ERASE`] (`Missing("entry")`), [`UNUSE_BLOBS`]; only entries from before this append.
//! 6. `changes`, in order: [`ADD_MEMBER`] with [`first_readable`], [`REMOVE_MEMBER`], [`SET_MEMBER_ROLE`] (both
//!    `Missing("membership")`), each with [`BUMP_ACCOUNT`] (`Missing("account")`) and [`NOTE_ACCOUNT`].
//! 7. `group`: what [`group`] says, in order; each account of [`welcomed`] is noted as in 6.
//! 8. After 6 or 7, [`CHANGED`], which raises `rules_version` unless the conversation was just founded.

use rempart_base::{AccountId, BlobHash, Timestamp};
use rempart_domain::conversation::{Change, Kind, MemberRole};
use rempart_domain::journal::{EntryKind, Envelope, Sender};
use rempart_ports::StoreError;
use rempart_ports::store::{Append, Founded, JournalRow, Since};

use crate::value::{Row, Value};

/// Columns of an entry, as [`row`] reads them.
macro_rules! entry_columns {
    () => {
        "conversation, seq, kind, account, device, client_id, written, refers_to, blobs, body, leaf, epoch"
    };
}
pub(crate) use entry_columns;

/// The head of a conversation: `last_seq`, `rules_version`, `kind`, of `$1`.
pub const HEAD: &str = "SELECT last_seq, rules_version, kind FROM conversation WHERE id = $1";

/// The entry of device `$1` under client id `$2` in epoch `$3`.
pub const FIND: &str =
    concat!("SELECT ", entry_columns!(), " FROM entry WHERE device = $1 AND client_id = $2 AND epoch = $3");

/// Entries `$2` to `$3` of conversation `$1`, in order.
pub const SPAN: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM entry WHERE conversation = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq"
);

/// Makes a conversation; values by [`found_values`].
pub const FOUND: &str =
    "INSERT INTO conversation (id, kind, protection, rules_version, last_seq, last_time, logged_seq, members,
    wrapped_key, details_seq, created, pair_low, pair_high) VALUES ($1, $2, $3, $4, 0, NULL, 0, 0, $5, 0, $6, $7, $8)";

/// Keeps an entry; values as the columns of [`FIND`].
pub const INSERT_ENTRY: &str =
    concat!("INSERT INTO entry (", entry_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");

/// Moves conversation `$1` to `last_seq` `$2`, `last_time` `$3`; `details_seq` is raised to `$4`.
pub const ADVANCE: &str = "UPDATE conversation SET last_seq = $2, last_time = $3,
    details_seq = CASE WHEN $4 > details_seq THEN $4 ELSE details_seq END WHERE id = $1";

/// Whether blob `$1` is there (PostgreSQL adds `FOR SHARE`).
pub const BLOB: &str = "SELECT 1 FROM blob WHERE hash = $1";

/// Notes that an entry names a blob: blob `$1`, conversation `$2`, number `$3`.
pub const USE_BLOB: &str = "INSERT INTO blob_use (blob, conversation, seq) VALUES ($1, $2, $3) ON CONFLICT (blob, conversation, seq) DO NOTHING";

/// Erases the body of entry `$2` of conversation `$1`.
pub const ERASE: &str = "UPDATE entry SET body = NULL WHERE conversation = $1 AND seq = $2";

/// Entry `$2` of conversation `$1` names no blob any more.
pub const UNUSE_BLOBS: &str = "DELETE FROM blob_use WHERE conversation = $1 AND seq = $2";

/// A member comes in: conversation `$1`, account `$2`, role `$3`, since `$4`, first readable entry `$5`.
pub const ADD_MEMBER: &str = "INSERT INTO membership (conversation, account, role, since, from_seq, muted, pinned, delivered_seq,
    read_seq) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0)
    ON CONFLICT (conversation, account) DO UPDATE SET role = excluded.role, since = excluded.since, from_seq = excluded.from_seq,
    muted = 0, pinned = 0, delivered_seq = 0, read_seq = 0";

/// Member `$2` of conversation `$1` goes out.
pub const REMOVE_MEMBER: &str = "DELETE FROM membership WHERE conversation = $1 AND account = $2";

/// Member `$2` of conversation `$1` gets role `$3`.
pub const SET_MEMBER_ROLE: &str = "UPDATE membership SET role = $3 WHERE conversation = $1 AND account = $2";

/// The next number of account `$1`'s own journal.
pub const BUMP_ACCOUNT: &str = "UPDATE account SET journal_seq = journal_seq + 1 WHERE id = $1 RETURNING journal_seq";

/// Notes in account `$1`'s own journal, at the number that [`BUMP_ACCOUNT`] gave: time `$2`, change `$3`, conversation `$4`,
/// value `$5`.
pub const NOTE_ACCOUNT: &str = "INSERT INTO account_entry (account, seq, written, change, conversation, value)
    VALUES ($1, (SELECT journal_seq FROM account WHERE id = $1), $2, $3, $4, $5)";

/// Keeps the group of conversation `$1`: state `$2`, since entry `$3`, due `$4`.
const PUT_GROUP: &str = "INSERT INTO group_state (conversation, state, since, due) VALUES ($1, $2, $3, $4)
    ON CONFLICT (conversation) DO UPDATE SET state = excluded.state, since = excluded.since, due = excluded.due";

/// Leaf of conversation `$1`: device `$2`, account `$3`, leaving `$4`.
const SEAT: &str = "INSERT INTO group_leaf (conversation, device, account, leaving) VALUES ($1, $2, $3, $4)
    ON CONFLICT (conversation, device) DO UPDATE SET account = excluded.account, leaving = excluded.leaving";

/// Device `$2` has no leaf in conversation `$1` any more.
const UNSEAT: &str = "DELETE FROM group_leaf WHERE conversation = $1 AND device = $2";

/// A Welcome of conversation `$1`, entry `$2`, time `$3`: body `$4`.
const PUT_WELCOME: &str = "INSERT INTO welcome_body (conversation, seq, written, body) VALUES ($1, $2, $3, $4)";

/// The Welcome of conversation `$1`, entry `$2`, waits for device `$3`.
const AWAIT_WELCOME: &str = "INSERT INTO welcome (conversation, seq, device) VALUES ($1, $2, $3)";

/// Welcomes of conversation `$1` after entry `$2` go.
const FORGET_AWAITED: &str = "DELETE FROM welcome WHERE conversation = $1 AND seq > $2";
/// With their bodies.
const FORGET_WELCOMES: &str = "DELETE FROM welcome_body WHERE conversation = $1 AND seq > $2";

/// Counts the members of conversation `$1` and adds `$2` (0 or 1) to `rules_version`.
pub const CHANGED: &str = "UPDATE conversation SET rules_version = rules_version + $2,
    members = (SELECT count(*) FROM membership WHERE conversation = $1) WHERE id = $1";

/// Values of [`FOUND`]. A pair is kept with the lesser id first.
#[must_use]
pub fn found_values(founded: &Founded) -> [Value; 8] {
    let c = &founded.conversation;
    let (low, high) = founded.pair.map(|(a, b)| (a.min(b), a.max(b))).unzip();
    [
        c.id.into(),
        c.kind.name().into(),
        c.protection.name().into(),
        c.rules_version.into(),
        c.wrapped_key.as_slice().into(),
        c.created.into(),
        low.into(),
        high.into(),
    ]
}

/// Account and device of a sender; nothing where the server wrote.
#[must_use]
pub const fn sender(sender: Sender) -> Option<(AccountId, rempart_base::DeviceId)> {
    match sender {
        Sender::Device(account, device) => Some((account, device)),
        Sender::Server => None,
    }
}

/// An epoch as kept: nothing where there is none.
#[must_use]
pub fn epoch(epoch: Option<[u8; 32]>) -> Vec<u8> {
    epoch.map(Vec::from).unwrap_or_default()
}

/// Whether an append is entries and nothing else.
#[must_use]
pub fn is_plain(append: &Append) -> bool {
    append.founded.is_none() && append.changes.is_empty() && append.erase.is_none() && append.group.is_none()
}

/// Whether an append raises `rules_version`, or founds.
#[must_use]
pub fn is_change(append: &Append) -> bool {
    !append.changes.is_empty() || append.group.is_some()
}

/// Statements that change the group, where `first` is the first entry of this append and `time` that of its last.
#[must_use]
pub fn group(append: &Append, first: u64, time: Timestamp) -> Vec<(&'static str, Vec<Value>)> {
    let Some(group) = &append.group else { return Vec::new() };
    let id = append.conversation;
    let since = match group.since {
        Since::Entry(place) => first + place,
        Since::At(seq) => seq,
    };
    let mut batch = vec![(PUT_GROUP, vec![id.into(), group.state.as_slice().into(), since.into(), group.due.into()])];
    for device in &group.unseated {
        batch.push((UNSEAT, vec![id.into(), (*device).into()]));
    }
    for leaf in &group.seated {
        batch.push((SEAT, vec![id.into(), leaf.device.into(), leaf.account.into(), leaf.leaving.into()]));
    }
    if let Some(after) = group.forget_after {
        batch.push((FORGET_AWAITED, vec![id.into(), after.into()]));
        batch.push((FORGET_WELCOMES, vec![id.into(), after.into()]));
    }
    if let Some(welcome) = &group.welcome {
        batch.push((PUT_WELCOME, vec![id.into(), since.into(), time.into(), welcome.body.as_slice().into()]));
        for (_, device) in &welcome.devices {
            batch.push((AWAIT_WELCOME, vec![id.into(), since.into(), (*device).into()]));
        }
    }
    batch
}

/// Accounts for whose devices a Welcome comes with this append, each once.
#[must_use]
pub fn welcomed(append: &Append) -> Vec<AccountId> {
    let welcome = append.group.as_ref().and_then(|group| group.welcome.as_ref());
    let mut accounts: Vec<AccountId> =
        welcome.iter().flat_map(|welcome| &welcome.devices).map(|(account, _)| *account).collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}

/// Hashes one after the other, as kept in an entry.
#[must_use]
pub fn blobs(hashes: &[BlobHash]) -> Vec<u8> {
    hashes.iter().flat_map(BlobHash::as_bytes).copied().collect()
}

/// The first entry that a new member of a conversation may read, where `first` is the first entry of this append.
#[must_use]
pub fn first_readable(kind: Kind, first: u64) -> u64 {
    match kind {
        Kind::Group => first,
        Kind::Channel | Kind::Direct => 1,
    }
}

/// A change: whose, the role it gives if it does not remove, and the word for [`NOTE_ACCOUNT`].
#[must_use]
pub const fn change(change: &Change) -> (AccountId, Option<MemberRole>, &'static str) {
    match change {
        Change::Add(account, role) | Change::Role(account, role) => (*account, Some(*role), "membership"),
        Change::Remove(account) => (*account, None, "left"),
    }
}

/// Where the rows of the first time are, given the entry found for a place of the append: first and last number in the
/// conversation of `found`. Only that entry, where the others cannot have stood around it.
#[must_use]
pub fn first_time(append: &Append, place: usize, found: &JournalRow) -> (u64, u64) {
    let (before, length) = (place as u64, append.entries.len() as u64);
    match found.seq.checked_sub(before) {
        Some(first) if first == 1 || (first > 0 && append.founded.is_none()) => (first, first + length - 1),
        _ => (found.seq, found.seq),
    }
}

/// The rows of the first time, given those at [`first_time`]: all, or the one found where they are not what is appended again, so
/// that a client id used for something else never shows rows of others.
#[must_use]
pub fn same_shape(append: &Append, found: JournalRow, rows: Vec<JournalRow>) -> Vec<JournalRow> {
    let same = |row: &Envelope, new: &Envelope| {
        let written_by_server = row.sender == Sender::Server;
        row.kind == new.kind
            && row.sender == new.sender
            && (written_by_server || row.epoch == new.epoch)
            && (written_by_server || row.client_id == new.client_id)
    };
    let pairs = || rows.iter().zip(&append.entries);
    let all = rows.len() == append.entries.len() && pairs().all(|(row, new)| same(&row.envelope, &new.envelope));
    if all { rows } else { vec![found] }
}

/// An entry from the columns of [`FIND`].
///
/// # Errors
/// `Corrupt("entry")`.
pub fn row(row: Row) -> Result<JournalRow, StoreError> {
    let mut c = row.columns("entry");
    let conversation = c.id()?;
    let seq = c.number()?;
    let kind = c.number::<u8>()?;
    let kind = EntryKind::from_code(kind).ok_or(c.corrupt())?;
    let sender = match (c.maybe_id()?, c.maybe_id()?) {
        (Some(account), Some(device)) => Sender::Device(account, device),
        (None, None) => Sender::Server,
        _ => return Err(c.corrupt()),
    };
    let (client_id, time, refers_to) = (c.id()?, c.time()?, c.number()?);
    let hashes = c.blob()?;
    let (hashes, rest) = hashes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(c.corrupt());
    }
    let blobs = hashes.iter().map(|hash| BlobHash::from_bytes(*hash)).collect();
    let (body, leaf, epoch) = (c.maybe_blob()?, c.blob()?, c.blob()?);
    let epoch = match <[u8; 32]>::try_from(epoch.as_slice()) {
        Ok(epoch) => Some(epoch),
        Err(_) if epoch.is_empty() => None,
        Err(_) => return Err(c.corrupt()),
    };
    let envelope = Envelope { conversation, kind, sender, client_id, time, refers_to, blobs, epoch };
    Ok(JournalRow { seq, envelope, body, leaf })
}
