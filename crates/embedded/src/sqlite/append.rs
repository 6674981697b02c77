//! Appending inside the writer's transaction, in the order of [`rempart_sql::append`].

use std::collections::HashMap;

use rempart_base::{ConversationId, Timestamp};
use rempart_domain::conversation::Kind;
use rempart_ports::StoreError;
use rempart_ports::store::{Append, Appended, Finished, JournalRow, NewEntry};
use rempart_sql::append as shared;
use rempart_sql::{Must, Outcome, Value};
use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use super::statement::{existing, meaning, run};

/// Where a conversation stands within the transaction.
#[derive(Clone, Copy)]
struct Head {
    last_seq: u64,
    rules_version: i64,
    kind: Kind,
    /// What is not written yet: time of the last entry, and the newest entry with details.
    unwritten: Option<(Timestamp, u64)>,
}

/// Heads of the conversations of one transaction: each is read once and written once, however many entries it gets.
#[derive(Default)]
pub(super) struct Heads(HashMap<ConversationId, Head>);

impl Heads {
    /// Writes what entries moved and forgets everything: before anything else of the transaction looks, and before its end.
    pub(super) fn flush(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for (id, head) in self.0.drain() {
            if let Some((time, details)) = head.unwritten {
                advance(connection, id, head.last_seq, time, details)?;
            }
        }
        Ok(())
    }

    fn get(&mut self, connection: &Connection, id: ConversationId) -> Result<Option<&mut Head>, StoreError> {
        use std::collections::hash_map::Entry;
        match self.0.entry(id) {
            Entry::Occupied(there) => Ok(Some(there.into_mut())),
            Entry::Vacant(free) => Ok(head(connection, id)?.map(|head| free.insert(head))),
        }
    }
}

/// Whether an append is one entry and nothing else: it then needs no savepoint, because its last step is the only one that
/// can be refused.
pub(super) fn is_plain(append: &Append) -> bool {
    shared::is_plain(append) && append.entries.len() == 1
}

/// Appends one entry. An error other than of the engine leaves nothing behind.
pub(super) fn plain(connection: &Connection, heads: &mut Heads, append: &Append) -> Result<Appended, StoreError> {
    let Some(entry) = append.entries.first() else { return Err(StoreError::Missing("entry")) };
    let refusal = match heads.get(connection, append.conversation)? {
        None => Some(StoreError::Missing("conversation")),
        Some(head) if head.rules_version != append.rules_version => Some(StoreError::Stale),
        Some(_) => missing_blob(connection, entry)?,
    };
    if let Some(refusal) = refusal {
        return repetition(connection, append)?.ok_or(refusal);
    }
    let Some(head) = heads.get(connection, append.conversation)? else {
        return Err(StoreError::Missing("conversation"));
    };
    let seq = head.last_seq + 1;
    let finished = entry.finish.finish(seq);
    if let Err(error) = insert(connection, append.conversation, seq, entry, &finished) {
        if existing(&error) == Some("entry") {
            return repetition(connection, append)?.ok_or(StoreError::Corrupt("entry"));
        }
        return Err(meaning("append", error));
    }
    use_blobs(connection, append.conversation, seq, entry)?;
    let details = head.unwritten.map_or(0, |(_, details)| details);
    head.last_seq = seq;
    head.unwritten = Some((entry.envelope.time, if entry.details { seq } else { details }));
    Ok(Appended { rows: vec![journal_row(seq, entry, finished)], repeated: false, accounts: Vec::new() })
}

/// Appends anything. The caller has flushed the heads and rolls back to its savepoint on error.
pub(super) fn whole(connection: &Connection, append: &Append) -> Result<Appended, StoreError> {
    if let Some(repeated) = repetition(connection, append)? {
        return Ok(repeated);
    }
    let id = append.conversation;
    let head = match &append.founded {
        Some(founded) => {
            execute(connection, shared::FOUND, &shared::found_values(founded))?;
            let c = &founded.conversation;
            Head { last_seq: 0, rules_version: c.rules_version, kind: c.kind, unwritten: None }
        }
        None => head(connection, id)?.ok_or(StoreError::Missing("conversation"))?,
    };
    if append.founded.is_none() && head.rules_version != append.rules_version {
        return Err(StoreError::Stale);
    }
    let mut rows = Vec::with_capacity(append.entries.len());
    let mut details = 0;
    for (seq, entry) in (head.last_seq + 1..).zip(&append.entries) {
        if let Some(missing) = missing_blob(connection, entry)? {
            return Err(missing);
        }
        let finished = entry.finish.finish(seq);
        insert(connection, id, seq, entry, &finished).map_err(|error| meaning("append", error))?;
        use_blobs(connection, id, seq, entry)?;
        details = if entry.details { seq } else { details };
        rows.push(journal_row(seq, entry, finished));
    }
    let last = rows.last().ok_or(StoreError::Missing("entry"))?;
    let time = last.envelope.time;
    advance(connection, id, last.seq, time, details)?;
    if let Some(seq) = append.erase {
        let before = if seq <= head.last_seq { seq } else { 0 };
        must(execute(connection, shared::ERASE, &[id.into(), before.into()])?, Must::Missing("entry"))?;
        execute(connection, shared::UNUSE_BLOBS, &[id.into(), seq.into()])?;
    }
    let accounts = change_members(connection, append, head, time)?;
    Ok(Appended { rows, repeated: false, accounts })
}

fn change_members(
    connection: &Connection,
    append: &Append,
    head: Head,
    time: Timestamp,
) -> Result<Vec<(rempart_base::AccountId, u64)>, StoreError> {
    use rempart_domain::conversation::Change;
    let id = append.conversation;
    let from = shared::first_readable(head.kind, head.last_seq + 1);
    let mut accounts = Vec::with_capacity(append.changes.len());
    for change in &append.changes {
        let (account, _, word) = shared::change(change);
        match change {
            Change::Add(_, role) => {
                let values = [id.into(), account.into(), role.name().into(), time.into(), from.into()];
                execute(connection, shared::ADD_MEMBER, &values)?;
            }
            Change::Remove(_) => {
                let outcome = execute(connection, shared::REMOVE_MEMBER, &[id.into(), account.into()])?;
                must(outcome, Must::Missing("membership"))?;
            }
            Change::Role(_, role) => {
                let values = [id.into(), account.into(), role.name().into()];
                must(execute(connection, shared::SET_MEMBER_ROLE, &values)?, Must::Missing("membership"))?;
            }
        }
        let bumped = must(execute(connection, shared::BUMP_ACCOUNT, &[account.into()])?, Must::Missing("account"))?;
        let values = [account.into(), time.into(), word.into(), id.into(), Value::Int(0)];
        execute(connection, shared::NOTE_ACCOUNT, &values)?;
        let row = bumped.rows.into_iter().next().ok_or(StoreError::Missing("account"))?;
        accounts.push((account, row.columns("account").number()?));
    }
    for (sql, values) in shared::group(append, head.last_seq + 1, time) {
        execute(connection, sql, &values)?;
    }
    for account in shared::welcomed(append) {
        let bumped = must(execute(connection, shared::BUMP_ACCOUNT, &[account.into()])?, Must::Missing("account"))?;
        let values = [account.into(), time.into(), "welcome".into(), id.into(), Value::Int(0)];
        execute(connection, shared::NOTE_ACCOUNT, &values)?;
        let row = bumped.rows.into_iter().next().ok_or(StoreError::Missing("account"))?;
        accounts.push((account, row.columns("account").number()?));
    }
    if shared::is_change(append) {
        execute(connection, shared::CHANGED, &[id.into(), append.founded.is_none().into()])?;
    }
    Ok(accounts)
}

/// The rows of the first time, if a device's entry was appended before.
fn repetition(connection: &Connection, append: &Append) -> Result<Option<Appended>, StoreError> {
    for (place, entry) in append.entries.iter().enumerate() {
        let Some((_, device)) = shared::sender(entry.envelope.sender) else { continue };
        let epoch = shared::epoch(entry.envelope.epoch);
        let values = [device.into(), entry.envelope.client_id.into(), epoch.into()];
        let Some(found) = execute(connection, shared::FIND, &values)?.rows.into_iter().next() else { continue };
        let found = shared::row(found)?;
        let (first, last) = shared::first_time(append, place, &found);
        let values = [found.envelope.conversation.into(), first.into(), last.into()];
        let span = execute(connection, shared::SPAN, &values)?.rows;
        let span = span.into_iter().map(shared::row).collect::<Result<_, _>>()?;
        let rows = shared::same_shape(append, found, span);
        return Ok(Some(Appended { rows, repeated: true, accounts: Vec::new() }));
    }
    Ok(None)
}

/// Run for each message, as [`advance`] and [`insert`]: without the detour over [`Value`].
fn head(connection: &Connection, id: ConversationId) -> Result<Option<Head>, StoreError> {
    let read = || {
        let mut statement = connection.prepare_cached(shared::HEAD)?;
        statement.query_row([id.as_bytes()], |row| {
            let kind = row.get_ref(2)?.as_str().ok().and_then(Kind::from_name);
            Ok((row.get::<_, i64>(0)?, row.get(1)?, kind))
        })
    };
    match read().optional().map_err(|error| meaning("append", error))? {
        None => Ok(None),
        Some((last_seq, rules_version, kind)) => match (u64::try_from(last_seq), kind) {
            (Ok(last_seq), Some(kind)) => Ok(Some(Head { last_seq, rules_version, kind, unwritten: None })),
            _ => Err(StoreError::Corrupt("conversation")),
        },
    }
}

fn advance(
    connection: &Connection,
    id: ConversationId,
    last_seq: u64,
    time: Timestamp,
    details: u64,
) -> Result<(), StoreError> {
    let write = || {
        let mut statement = connection.prepare_cached(shared::ADVANCE)?;
        statement.execute(named_params! {
            "$1": id.as_bytes(), "$2": stored(last_seq), "$3": time.millis(), "$4": stored(details),
        })
    };
    write().map(drop).map_err(|error| meaning("append", error))
}

fn missing_blob(connection: &Connection, entry: &NewEntry) -> Result<Option<StoreError>, StoreError> {
    for blob in &entry.envelope.blobs {
        if execute(connection, shared::BLOB, &[(*blob).into()])?.rows.is_empty() {
            return Ok(Some(StoreError::Missing("blob")));
        }
    }
    Ok(None)
}

fn use_blobs(connection: &Connection, id: ConversationId, seq: u64, entry: &NewEntry) -> Result<(), StoreError> {
    for blob in &entry.envelope.blobs {
        execute(connection, shared::USE_BLOB, &[(*blob).into(), id.into(), seq.into()])?;
    }
    Ok(())
}

/// The placeholders stand in order, so that values are bound by place.
fn insert(
    connection: &Connection,
    id: ConversationId,
    seq: u64,
    entry: &NewEntry,
    finished: &Finished,
) -> rusqlite::Result<()> {
    let e = &entry.envelope;
    let (account, device) = shared::sender(e.sender).unzip();
    connection.prepare_cached(shared::INSERT_ENTRY)?.execute(params![
        id.as_bytes(),
        stored(seq),
        e.kind.code(),
        account.as_ref().map(rempart_base::AccountId::as_bytes),
        device.as_ref().map(rempart_base::DeviceId::as_bytes),
        e.client_id.as_bytes(),
        e.time.millis(),
        stored(e.refers_to),
        shared::blobs(&e.blobs),
        finished.body,
        finished.leaf,
        e.epoch.as_ref().map_or(&[][..], |epoch| epoch.as_slice()),
    ])?;
    Ok(())
}

/// A number as a column holds it.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn journal_row(seq: u64, entry: &NewEntry, finished: Finished) -> JournalRow {
    JournalRow { seq, envelope: entry.envelope.clone(), body: Some(finished.body), leaf: finished.leaf }
}

fn execute(connection: &Connection, sql: &str, values: &[Value]) -> Result<Outcome, StoreError> {
    run(connection, sql, values).map_err(|error| meaning("append", error))
}

fn must(outcome: Outcome, must: Must) -> Result<Outcome, StoreError> {
    if outcome.touched == 0 { Err(must.into()) } else { Ok(outcome) }
}
