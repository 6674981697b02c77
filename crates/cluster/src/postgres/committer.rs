//! Appends of many callers, committed together over one connection.
//!
//! Whatever queued while the last batch was committed is the next one, so a lone sender waits for nobody. A batch is two round
//! trips: lock the conversations and look; then write and commit. What a batch cannot decide, and what it was refused for, goes
//! through [`super::append`] one by one, so that nobody fails for another's append.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use deadpool_postgres::Pool;
use rempart_base::{ClientId, ConversationId, DeviceId, Timestamp};
use rempart_ports::StoreError;
use rempart_ports::store::{Append, Appended, JournalRow};
use rempart_sql::append as shared;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error as PgError, Statement};

use super::append::{alone, number};
use super::connector::Connector;
use super::statement::{cause, is_transient};

/// Appends that may wait; more are refused as `Busy`.
pub(super) const QUEUE: usize = 4096;
/// Appends of one transaction.
const BATCH: usize = 512;
/// A batch that takes longer counts as lost, with its connection.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between attempts to connect: the first, and the longest.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// Ordered by id, so that two nodes never wait for each other.
const LOCK: &str =
    "SELECT id, last_seq, rules_version FROM conversation WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";
const REPEATED: &str = "SELECT e.device, e.client_id, e.epoch
    FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS n (device, client_id, epoch)
    JOIN entry e ON e.device = n.device AND e.client_id = n.client_id AND e.epoch = n.epoch";
const BLOBS: &str = "SELECT hash FROM blob WHERE hash = ANY($1) ORDER BY hash FOR SHARE";
const INSERT: &str = "INSERT INTO entry
    (conversation, seq, kind, account, device, client_id, written, refers_to, blobs, body, leaf, epoch)
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bigint[],
    $8::bigint[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[])";
const USE: &str =
    "INSERT INTO blob_use (blob, conversation, seq) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[])
    ON CONFLICT (blob, conversation, seq) DO NOTHING";
const ADVANCE: &str = "UPDATE conversation c SET last_seq = n.last_seq, last_time = n.last_time,
    details_seq = greatest(c.details_seq, n.details_seq)
    FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[]) AS n (id, last_seq, last_time, details_seq)
    WHERE c.id = n.id";

type Answer = Result<Appended, StoreError>;
type Values<'a, const N: usize> = [&'a (dyn ToSql + Sync); N];

/// An append and who waits for it.
pub(super) struct Job {
    pub(super) append: Append,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// Whether an append may share a transaction: entries only.
pub(super) fn is_plain(append: &Append) -> bool {
    shared::is_plain(append) && !append.entries.is_empty()
}

/// The connection with its statements.
struct Link {
    client: Client,
    lock: Statement,
    repeated: Statement,
    blobs: Statement,
    insert: Statement,
    name: Statement,
    advance: Statement,
}

impl Link {
    async fn new(connector: &Connector) -> Result<Self, PgError> {
        let client = connector.client().await?;
        Ok(Self {
            lock: client.prepare(LOCK).await?,
            repeated: client.prepare(REPEATED).await?,
            blobs: client.prepare(BLOBS).await?,
            insert: client.prepare(INSERT).await?,
            name: client.prepare(USE).await?,
            advance: client.prepare(ADVANCE).await?,
            client,
        })
    }
}

pub(super) struct Committer {
    connector: Connector,
    pool: Pool,
    link: Option<Link>,
    /// Not before this moment is the server tried again; and how long to wait the next time.
    again: Option<Instant>,
    delay: Duration,
}

impl Committer {
    pub(super) fn new(connector: Connector, pool: Pool) -> Self {
        Self { connector, pool, link: None, again: None, delay: FIRST_DELAY }
    }

    /// Works until `closing` is true, and then off what is queued.
    pub(super) async fn work(mut self, mut queue: mpsc::Receiver<Job>, mut closing: watch::Receiver<bool>) {
        let mut open = true;
        loop {
            let mut jobs = Vec::new();
            if open {
                tokio::select! {
                    biased;
                    _ = closing.wait_for(|closing| *closing) => {
                        open = false;
                        queue.close();
                        continue;
                    }
                    count = queue.recv_many(&mut jobs, BATCH) => if count == 0 { return },
                }
            } else if queue.recv_many(&mut jobs, BATCH).await == 0 {
                return;
            }
            self.commit(jobs).await;
        }
    }

    async fn commit(&mut self, jobs: Vec<Job>) {
        let link = match self.link().await {
            Ok(link) => link,
            Err(cause) => return fail(jobs, &cause),
        };
        let (appends, waiting): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.append, job.answer)).unzip();
        let decided = match timeout(PATIENCE, batch(link, &appends)).await {
            Ok(Ok(decided)) => decided,
            Ok(Err(error)) if !is_lost(link, &error) => {
                // A refusal ends the transaction but not the connection.
                if timeout(PATIENCE, link.client.batch_execute("ROLLBACK")).await.is_ok_and(|ended| ended.is_ok()) {
                    if !is_transient(&error) {
                        let error = cause(error).to_string();
                        tracing::warn!(
                            error,
                            appends = appends.len(),
                            "a batch was refused; its appends are tried alone"
                        );
                    }
                } else {
                    self.link = None;
                }
                appends.iter().map(|_| None).collect()
            }
            Ok(Err(error)) => {
                self.link = None;
                let cause = cause(error).to_string();
                return fail(appends.into_iter().zip(waiting).map(|(append, answer)| Job { append, answer }), &cause);
            }
            Err(_) => {
                self.link = None;
                let cause = "the server did not answer in time";
                return fail(appends.into_iter().zip(waiting).map(|(append, answer)| Job { append, answer }), cause);
            }
        };
        let mut undecided = Vec::new();
        for ((append, answer), decided) in appends.into_iter().zip(waiting).zip(decided) {
            match decided {
                // Nobody waits any more where sending fails; what was appended stays so.
                Some(decided) => drop(answer.send(decided)),
                None => undecided.push(Job { append, answer }),
            }
        }
        for Job { append, answer } in undecided {
            let _ = answer.send(alone(&self.pool, &append).await);
        }
    }

    /// The connection, made anew where it was lost. While the server is away only one attempt is made in a while, and all
    /// appends in between fail at once.
    async fn link(&mut self) -> Result<&Link, String> {
        if self.link.as_ref().is_some_and(|link| link.client.is_closed()) {
            self.link = None;
        }
        if self.link.is_none() {
            if self.again.is_some_and(|again| Instant::now() < again) {
                return Err("the server was away a moment ago".to_owned());
            }
            match Link::new(&self.connector).await {
                Ok(link) => {
                    (self.again, self.delay) = (None, FIRST_DELAY);
                    self.link = Some(link);
                }
                Err(error) => {
                    self.again = Some(Instant::now() + self.delay);
                    self.delay = (self.delay * 2).min(LONGEST_DELAY);
                    let error = cause(error).to_string();
                    tracing::error!(error, "PostgreSQL cannot be reached; nothing can be appended");
                    return Err(error);
                }
            }
        }
        self.link.as_ref().ok_or_else(|| "the connection was lost".to_owned())
    }
}

/// Tells callers that their append may or may not be kept. Repeating it is safe: it has one client id.
fn fail(jobs: impl IntoIterator<Item = Job>, cause: &str) {
    for job in jobs {
        let _ = job.answer.send(Err(StoreError::Backend { action: "append", cause: cause.into() }));
    }
}

fn is_lost(link: &Link, error: &PgError) -> bool {
    // Class 57 is the server ending sessions: shutdown, crash of another session, not yet ready.
    link.client.is_closed() || error.code().is_none_or(|code| code.code().starts_with("57"))
}

/// Where a conversation stands within the batch.
struct Head {
    last_seq: u64,
    rules_version: i64,
    /// Time of the last entry and number of the newest with details, once something was appended.
    moved: Option<(Timestamp, u64)>,
}

/// Appends in one transaction. `None` for those that must be looked at alone, and were not appended.
async fn batch(link: &Link, appends: &[Append]) -> Result<Vec<Option<Answer>>, PgError> {
    let client = &link.client;
    let mut conversations: Vec<ConversationId> = appends.iter().map(|append| append.conversation).collect();
    conversations.sort_unstable();
    conversations.dedup();
    let ids: Vec<&[u8]> = conversations.iter().map(|id| id.as_bytes().as_slice()).collect();
    let own: Vec<Own> = appends.iter().flat_map(own_ids).collect();
    let devices: Vec<&[u8]> = own.iter().map(|(device, _, _)| device.as_bytes().as_slice()).collect();
    let client_ids: Vec<&[u8]> = own.iter().map(|(_, client, _)| client.as_bytes().as_slice()).collect();
    let epochs: Vec<&[u8]> = own.iter().map(|(_, _, epoch)| epoch.as_slice()).collect();
    let named: HashSet<&[u8]> = appends
        .iter()
        .flat_map(|a| &a.entries)
        .flat_map(|e| &e.envelope.blobs)
        .map(|b| b.as_bytes().as_slice())
        .collect();
    let named: Vec<&[u8]> = named.into_iter().collect();

    // Sent in this order without waiting in between. The look comes after the locks, so it sees what they waited for.
    let blobs = async { if named.is_empty() { Ok(Vec::new()) } else { client.query(&link.blobs, &[&named]).await } };
    let begin = client.batch_execute("BEGIN");
    let (lock_values, repeated_values): (Values<'_, 1>, Values<'_, 3>) = ([&ids], [&devices, &client_ids, &epochs]);
    let locked = client.query(&link.lock, &lock_values);
    let repeated = client.query(&link.repeated, &repeated_values);
    let (begun, locked, repeated, blobs) = tokio::join!(biased; begin, locked, repeated, blobs);
    begun?;
    let mut heads = HashMap::new();
    for row in locked? {
        let (id, last_seq, rules_version): (&[u8], i64, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if let (Ok(id), Ok(last_seq)) = (ConversationId::try_from(id), u64::try_from(last_seq)) {
            heads.insert(id, Head { last_seq, rules_version, moved: None });
        }
    }
    let mut taken: HashSet<Own> = HashSet::new();
    for row in repeated? {
        let (device, client, epoch): (&[u8], &[u8], &[u8]) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if let (Ok(device), Ok(client)) = (device.try_into(), client.try_into()) {
            taken.insert((device, client, epoch.to_vec()));
        }
    }
    let blobs = blobs?;
    let held = blobs.iter().map(|row| row.try_get(0)).collect::<Result<HashSet<&[u8]>, _>>()?;

    let decided: Vec<Option<Answer>> =
        appends.iter().map(|append| decide(append, &mut heads, &mut taken, &held)).collect();
    write(link, &decided, &heads).await?;
    Ok(decided)
}

/// What becomes of one append, given all before it in the batch.
fn decide(
    append: &Append,
    heads: &mut HashMap<ConversationId, Head>,
    taken: &mut HashSet<Own>,
    held: &HashSet<&[u8]>,
) -> Option<Answer> {
    if own_ids(append).any(|id| taken.contains(&id)) {
        return None;
    }
    let Some(head) = heads.get_mut(&append.conversation) else {
        return Some(Err(StoreError::Missing("conversation")));
    };
    if head.rules_version != append.rules_version {
        return Some(Err(StoreError::Stale));
    }
    let mut blobs = append.entries.iter().flat_map(|entry| &entry.envelope.blobs);
    if blobs.any(|blob| !held.contains(blob.as_bytes().as_slice())) {
        return Some(Err(StoreError::Missing("blob")));
    }
    let appended = number(append, head.last_seq).map(|(rows, time, details)| {
        taken.extend(own_ids(append));
        head.last_seq += rows.len() as u64;
        let before = head.moved.map_or(0, |(_, details)| details);
        head.moved = Some((time, details.max(before)));
        Appended { rows, repeated: false, accounts: Vec::new() }
    });
    Some(appended)
}

/// What makes a repetition: device, client id, epoch.
type Own = (DeviceId, ClientId, Vec<u8>);

fn own_ids(append: &Append) -> impl Iterator<Item = Own> {
    append.entries.iter().map(|entry| &entry.envelope).filter_map(|envelope| {
        let (_, device) = shared::sender(envelope.sender)?;
        Some((device, envelope.client_id, shared::epoch(envelope.epoch)))
    })
}

/// Values of a batch, column by column.
#[derive(Default)]
struct Columns<'a> {
    conversation: Vec<&'a [u8]>,
    seq: Vec<i64>,
    kind: Vec<i64>,
    account: Vec<Option<Vec<u8>>>,
    device: Vec<Option<Vec<u8>>>,
    client_id: Vec<&'a [u8]>,
    written: Vec<i64>,
    refers_to: Vec<i64>,
    blobs: Vec<Vec<u8>>,
    body: Vec<Option<&'a [u8]>>,
    leaf: Vec<&'a [u8]>,
    epoch: Vec<Vec<u8>>,
}

fn number_of(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl<'a> Columns<'a> {
    fn add(&mut self, row: &'a JournalRow) {
        let e = &row.envelope;
        let (account, device) = shared::sender(e.sender).unzip();
        self.conversation.push(e.conversation.as_bytes());
        self.seq.push(number_of(row.seq));
        self.kind.push(i64::from(e.kind.code()));
        self.account.push(account.map(|id| id.as_bytes().to_vec()));
        self.device.push(device.map(|id| id.as_bytes().to_vec()));
        self.client_id.push(e.client_id.as_bytes());
        self.written.push(e.time.millis());
        self.refers_to.push(number_of(e.refers_to));
        self.blobs.push(shared::blobs(&e.blobs));
        self.body.push(row.body.as_deref());
        self.leaf.push(&row.leaf);
        self.epoch.push(shared::epoch(e.epoch));
    }
}

/// Writes what was decided and commits. The commit counts only when all before it succeeded: after an error the server answers
/// a commit too, having undone everything.
async fn write(link: &Link, decided: &[Option<Answer>], heads: &HashMap<ConversationId, Head>) -> Result<(), PgError> {
    let client = &link.client;
    let mut entries = Columns::default();
    let (mut used, mut used_by, mut used_at) = (Vec::new(), Vec::new(), Vec::new());
    for row in decided.iter().flatten().flatten().flat_map(|appended| &appended.rows) {
        entries.add(row);
        for blob in &row.envelope.blobs {
            used.push(blob.as_bytes().as_slice());
            used_by.push(row.envelope.conversation.as_bytes().as_slice());
            used_at.push(number_of(row.seq));
        }
    }
    if entries.seq.is_empty() {
        return client.batch_execute("ROLLBACK").await;
    }
    let (mut ids, mut last, mut times, mut details) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, head) in heads {
        if let Some((time, newest)) = head.moved {
            ids.push(id.as_bytes().as_slice());
            last.push(number_of(head.last_seq));
            times.push(time.millis());
            details.push(number_of(newest));
        }
    }
    let e = &entries;
    let entry_values: Values<'_, 12> = [
        &e.conversation,
        &e.seq,
        &e.kind,
        &e.account,
        &e.device,
        &e.client_id,
        &e.written,
        &e.refers_to,
        &e.blobs,
        &e.body,
        &e.leaf,
        &e.epoch,
    ];
    let head_values: Values<'_, 4> = [&ids, &last, &times, &details];
    let name_values: Values<'_, 3> = [&used, &used_by, &used_at];
    let inserted = client.execute(&link.insert, &entry_values);
    let named = async { if used.is_empty() { Ok(0) } else { client.execute(&link.name, &name_values).await } };
    let advanced = client.execute(&link.advance, &head_values);
    let committed = client.batch_execute("COMMIT");
    let (inserted, named, advanced, committed) = tokio::join!(biased; inserted, named, advanced, committed);
    inserted?;
    named?;
    advanced?;
    committed
}
