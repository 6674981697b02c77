//! One append in a transaction of its own, in the order of [`rempart_sql::append`]: those that make conversations, change
//! members or erase, and whatever a batch could not decide.

use deadpool_postgres::{Pool, Transaction};
use futures_util::future::join_all;
use rempart_base::{AccountId, BlobHash, Timestamp};
use rempart_domain::conversation::{Change, Kind};
use rempart_ports::StoreError;
use rempart_ports::store::{Append, Appended, Finished, JournalRow, NewEntry};
use rempart_sql::append as shared;
use rempart_sql::{Must, Outcome, Value};

use super::ATTEMPTS;
use super::statement::{Place as _, is_transient, meaning, no_connection, run};

/// [`shared::HEAD`], keeping others from appending until the end of the transaction.
const HEAD: &str = "SELECT last_seq, rules_version, kind FROM conversation WHERE id = $1 FOR NO KEY UPDATE";
/// [`shared::BLOB`], keeping others from deleting it until the end of the transaction.
const BLOB: &str = "SELECT 1 FROM blob WHERE hash = $1 FOR SHARE";
/// Locks an account; taken in the order of ids, so that no two appends wait for each other.
const ACCOUNT: &str = "SELECT 1 FROM account WHERE id = $1 FOR NO KEY UPDATE";
/// Statements on their way at once.
const PIPELINE: usize = 256;

/// Why an append stopped.
enum Stop {
    /// As the port says.
    Store(StoreError),
    /// As the server says.
    Server(tokio_postgres::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<tokio_postgres::Error> for Stop {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

/// Appends one by itself. Dropping the future before its end leaves nothing, or everything.
pub(super) async fn alone(pool: &Pool, append: &Append) -> Result<Appended, StoreError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let mut client = pool.get().await.map_err(no_connection)?;
        let transaction = client.transaction().await.map_err(|error| meaning("append", error))?;
        let error = match whole(&transaction, append).await {
            Ok(appended) => {
                // A repetition changed nothing, but it was read under locks that the end of the transaction gives back.
                transaction.commit().await.map_err(|error| meaning("append", error))?;
                return Ok(appended);
            }
            Err(Stop::Server(error)) if is_transient(&error) && attempt < ATTEMPTS => continue,
            Err(Stop::Server(error)) => meaning("append", error),
            Err(Stop::Store(error)) => error,
        };
        drop(transaction);
        // Two at once: whoever lost against its own repetition finds that now.
        match error {
            StoreError::Exists("entry") if attempt < ATTEMPTS => {}
            StoreError::Exists(what) => {
                let transaction = client.transaction().await.map_err(|error| meaning("append", error))?;
                return match repetition(&transaction, append).await {
                    Ok(Some(appended)) => Ok(appended),
                    Ok(None) => Err(StoreError::Exists(what)),
                    Err(Stop::Store(error)) => Err(error),
                    Err(Stop::Server(error)) => Err(meaning("append", error)),
                };
            }
            error => return Err(error),
        }
    }
}

async fn whole(transaction: &Transaction<'_>, append: &Append) -> Result<Appended, Stop> {
    let id = append.conversation;
    // First the lock, then the look: an append that held it is seen.
    let there = match append.founded {
        Some(_) => None,
        None => one(transaction, HEAD, vec![id.into()]).await?.rows.into_iter().next(),
    };
    if let Some(repeated) = repetition(transaction, append).await? {
        return Ok(repeated);
    }
    let (last_seq, kind) = match (&append.founded, there) {
        (Some(founded), _) => {
            one(transaction, shared::FOUND, shared::found_values(founded).to_vec()).await?;
            (0, founded.conversation.kind)
        }
        (None, None) => return Err(StoreError::Missing("conversation").into()),
        (None, Some(row)) => {
            let mut c = row.columns("conversation");
            let (last_seq, rules_version): (u64, i64) = (c.number()?, c.int()?);
            if rules_version != append.rules_version {
                return Err(StoreError::Stale.into());
            }
            (last_seq, c.named(Kind::from_name)?)
        }
    };
    hold_blobs(transaction, append).await?;
    let (rows, time, details) = number(append, last_seq)?;

    let mut batch = Batch::default();
    for row in &rows {
        batch.add(shared::INSERT_ENTRY, entry_values(row), None);
        for blob in &row.envelope.blobs {
            batch.add(shared::USE_BLOB, vec![(*blob).into(), id.into(), row.seq.into()], None);
        }
    }
    let last = last_seq + rows.len() as u64;
    batch.add(shared::ADVANCE, vec![id.into(), last.into(), time.into(), details.into()], None);
    if let Some(seq) = append.erase {
        let before = if seq <= last_seq { seq } else { 0 };
        batch.add(shared::ERASE, vec![id.into(), before.into()], Some(Must::Missing("entry")));
        batch.add(shared::UNUSE_BLOBS, vec![id.into(), seq.into()], None);
    }
    batch.run(transaction).await?;

    let accounts = change_members(transaction, append, kind, last_seq + 1, time).await?;
    Ok(Appended { rows, repeated: false, accounts })
}

async fn change_members(
    transaction: &Transaction<'_>,
    append: &Append,
    kind: Kind,
    first: u64,
    time: Timestamp,
) -> Result<Vec<(AccountId, u64)>, Stop> {
    if !shared::is_change(append) {
        return Ok(Vec::new());
    }
    let id = append.conversation;
    let from = shared::first_readable(kind, first);
    let mut accounts: Vec<AccountId> = append.changes.iter().map(|change| shared::change(change).0).collect();
    let welcomed = shared::welcomed(append);
    accounts.extend(&welcomed);
    let mut ordered = accounts.clone();
    ordered.sort_unstable();
    ordered.dedup();
    let mut locks = Batch::default();
    for account in ordered {
        locks.add(ACCOUNT, vec![account.into()], None);
    }
    locks.run(transaction).await?;

    let mut batch = Batch::default();
    let mut bumps = Vec::with_capacity(accounts.len());
    for change in &append.changes {
        let (account, _, word) = shared::change(change);
        let member = || vec![Value::from(id), account.into()];
        let missing = Some(Must::Missing("membership"));
        match change {
            Change::Add(_, role) => {
                let values = vec![id.into(), account.into(), role.name().into(), time.into(), from.into()];
                batch.add(shared::ADD_MEMBER, values, None);
            }
            Change::Remove(_) => batch.add(shared::REMOVE_MEMBER, member(), missing),
            Change::Role(_, role) => {
                let mut values = member();
                values.push(role.name().into());
                batch.add(shared::SET_MEMBER_ROLE, values, missing);
            }
        }
        bumps.push(batch.0.len());
        batch.add(shared::BUMP_ACCOUNT, vec![account.into()], Some(Must::Missing("account")));
        let values = vec![account.into(), time.into(), word.into(), id.into(), Value::Int(0)];
        batch.add(shared::NOTE_ACCOUNT, values, None);
    }
    for (sql, values) in shared::group(append, first, time) {
        batch.add(sql, values, None);
    }
    for account in welcomed {
        bumps.push(batch.0.len());
        batch.add(shared::BUMP_ACCOUNT, vec![account.into()], Some(Must::Missing("account")));
        let values = vec![account.into(), time.into(), "welcome".into(), id.into(), Value::Int(0)];
        batch.add(shared::NOTE_ACCOUNT, values, None);
    }
    batch.add(shared::CHANGED, vec![id.into(), append.founded.is_none().into()], None);
    let mut outcomes = batch.run(transaction).await?;

    let mut noted = Vec::with_capacity(accounts.len());
    for (account, place) in accounts.drain(..).zip(bumps) {
        let outcome = outcomes.get_mut(place).map(std::mem::take).unwrap_or_default();
        let row = outcome.rows.into_iter().next().ok_or(StoreError::Missing("account"))?;
        noted.push((account, row.columns("account").number()?));
    }
    Ok(noted)
}

/// Statements that are sent without waiting for each other's answers.
#[derive(Default)]
struct Batch(Vec<(&'static str, Vec<Value>, Option<Must>)>);

impl Batch {
    fn add(&mut self, sql: &'static str, values: Vec<Value>, must: Option<Must>) {
        self.0.push((sql, values, must));
    }

    /// The first that fails, in their order, decides.
    async fn run(self, transaction: &Transaction<'_>) -> Result<Vec<Outcome>, Stop> {
        let mut outcomes = Vec::with_capacity(self.0.len());
        for chunk in self.0.chunks(PIPELINE) {
            let mut prepared = Vec::with_capacity(chunk.len());
            for (sql, _, _) in chunk {
                prepared.push(transaction.prepare(sql).await?);
            }
            let sent =
                chunk.iter().zip(&prepared).map(|((_, values, _), statement)| run(transaction, statement, values));
            for (outcome, (_, _, must)) in join_all(sent).await.into_iter().zip(chunk) {
                let outcome = outcome?;
                match must {
                    Some(must) if outcome.touched == 0 => return Err(StoreError::from(*must).into()),
                    _ => outcomes.push(outcome),
                }
            }
        }
        Ok(outcomes)
    }
}

async fn one(transaction: &Transaction<'_>, sql: &str, values: Vec<Value>) -> Result<Outcome, Stop> {
    let statement = transaction.prepare(sql).await?;
    Ok(run(transaction, &statement, &values).await?)
}

/// The rows of the first time, if a device's entry was appended before.
async fn repetition(transaction: &Transaction<'_>, append: &Append) -> Result<Option<Appended>, Stop> {
    for (place, entry) in append.entries.iter().enumerate() {
        let Some((_, device)) = shared::sender(entry.envelope.sender) else { continue };
        let epoch = shared::epoch(entry.envelope.epoch);
        let values = vec![device.into(), entry.envelope.client_id.into(), epoch.into()];
        let Some(found) = one(transaction, shared::FIND, values).await?.rows.into_iter().next() else { continue };
        let found = shared::row(found)?;
        let (first, last) = shared::first_time(append, place, &found);
        let values = vec![found.envelope.conversation.into(), first.into(), last.into()];
        let span = one(transaction, shared::SPAN, values).await?.rows;
        let span = span.into_iter().map(shared::row).collect::<Result<_, _>>()?;
        let rows = shared::same_shape(append, found, span);
        return Ok(Some(Appended { rows, repeated: true, accounts: Vec::new() }));
    }
    Ok(None)
}

/// Keeps the blobs that entries name from being deleted; in the order of their hashes, as everybody takes them.
async fn hold_blobs(transaction: &Transaction<'_>, append: &Append) -> Result<(), Stop> {
    let mut blobs: Vec<BlobHash> = append.entries.iter().flat_map(|e| e.envelope.blobs.iter().copied()).collect();
    blobs.sort_unstable();
    blobs.dedup();
    let mut batch = Batch::default();
    for blob in blobs {
        batch.add(BLOB, vec![blob.into()], Some(Must::Missing("blob")));
    }
    batch.run(transaction).await.map(drop)
}

/// Gives entries their numbers after `last_seq`; with the time of the last and the number of the newest with details.
pub(super) fn number(append: &Append, last_seq: u64) -> Result<(Vec<JournalRow>, Timestamp, u64), StoreError> {
    let time = append.entries.last().ok_or(StoreError::Missing("entry"))?.envelope.time;
    let numbered = || (last_seq + 1..).zip(&append.entries);
    let details = numbered().filter(|(_, entry)| entry.details).map(|(seq, _)| seq).last().unwrap_or(0);
    Ok((numbered().map(|(seq, entry)| finish(seq, entry)).collect(), time, details))
}

fn finish(seq: u64, entry: &NewEntry) -> JournalRow {
    let Finished { body, leaf } = entry.finish.finish(seq);
    JournalRow { seq, envelope: entry.envelope.clone(), body: Some(body), leaf }
}

fn entry_values(row: &JournalRow) -> Vec<Value> {
    let e = &row.envelope;
    let (account, device) = shared::sender(e.sender).unzip();
    vec![
        e.conversation.into(),
        row.seq.into(),
        i64::from(e.kind.code()).into(),
        account.into(),
        device.into(),
        e.client_id.into(),
        e.time.into(),
        e.refers_to.into(),
        shared::blobs(&e.blobs).into(),
        row.body.clone().into(),
        row.leaf.as_slice().into(),
        shared::epoch(e.epoch).into(),
    ]
}
