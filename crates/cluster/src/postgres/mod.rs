//! The store on PostgreSQL: [`rempart_sql`] over a pool, and a committer for appends.
//!
//! Every commit waits for the disk (`synchronous_commit=on`). When the server goes away, calls fail until it is back; none is
//! ever told done that is not. Reading order: [`connector`], [`migrate`], [`statement`], [`append`], [`committer`].

mod append;
mod committer;
mod connector;
mod integrity;
mod migrate;
mod statement;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deadpool_postgres::{ClientWrapper, Pool};
use futures_util::future::join_all;
use rempart_ports::StoreError;
use rempart_ports::store::{Append, Appended};
use rempart_sql::{Driver, Outcome, Row, SqlStore, Statement};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_postgres::{Error as PgError, IsolationLevel};

use self::committer::{Committer, Job, QUEUE, is_plain};
use self::connector::Connector;
use self::statement::{Place, is_transient, meaning, no_connection, run};
use crate::ConnectError;

/// How often a transaction is tried that lost against another one through no fault of its own.
const ATTEMPTS: u32 = 5;

/// The store on PostgreSQL.
pub type PgStore = SqlStore<PgDriver>;

/// Connects to a database, brings its schema up to date and starts the committer.
///
/// Address: `postgresql://user:password@host[:port]/database`, or, by a socket on this machine,
/// `postgresql:///database?host=/var/run/postgresql&user=name`. `?sslmode=require` checks the server's name and chain, and is the default for any server that is not on this machine;
/// `sslmode=disable` must be written out for one that has none. `?sslrootcert=FILE` names a PEM file trusted in place of the
/// system's certificates. The other options of the `tokio-postgres` client are understood too, such as several hosts with
/// `target_session_attrs=read-write`.
///
/// # Errors
/// When the address is not usable, the certificates cannot be read, the server does not answer or refuses, or the database is
/// one of a newer program.
pub async fn connect(address: &str) -> Result<PgStore, ConnectError> {
    let connector = Connector::new(address)?;
    let pool = connector.pool()?;
    migrate::migrate(&connector).await?;
    let (queue, jobs) = mpsc::channel(QUEUE);
    let closing = watch::Sender::new(false);
    let committer = Committer::new(connector, pool.clone()).work(jobs, closing.subscribe());
    let committer = Mutex::new(Some(tokio::spawn(committer)));
    Ok(SqlStore::new(PgDriver(Arc::new(Inner { pool, queue, closing, committer }))))
}

/// PostgreSQL as [`rempart_sql`] drives it.
#[derive(Clone)]
pub struct PgDriver(Arc<Inner>);

struct Inner {
    pool: Pool,
    queue: mpsc::Sender<Job>,
    closing: watch::Sender<bool>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for PgDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PgDriver")
    }
}

impl PgDriver {
    /// Rows of statements on one snapshot.
    async fn snapshot(&self, statements: &[Statement]) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut client = self.0.pool.get().await.map_err(no_connection)?;
        let read = async {
            let transaction = client
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()
                .await?;
            let outcomes = all(&transaction, statements).await?;
            transaction.commit().await?;
            outcomes.into_iter().map(|outcome| outcome.map(|outcome| outcome.rows)).collect::<Result<_, PgError>>()
        };
        read.await.map_err(|error| meaning("read", error))
    }

    /// One attempt of a write. Outside: errors of the server; inside: what a statement must do and did not.
    async fn attempt(&self, client: &mut ClientWrapper, batch: &[Statement]) -> Result<Written, PgError> {
        if let [statement] = batch {
            // A statement by itself is a transaction, and one that touches nothing has nothing to undo.
            let prepared = Place::prepare(client, statement.sql).await?;
            let outcome = run(client, &prepared, &statement.args).await?;
            return Ok(must(statement, outcome).map(|outcome| vec![outcome]));
        }
        let transaction = client.transaction().await?;
        let written = if batch.iter().any(|statement| statement.when.is_some()) {
            one_by_one(&transaction, batch).await?
        } else {
            decide(batch, all(&transaction, batch).await?)?
        };
        match &written {
            Ok(_) => transaction.commit().await?,
            Err(_) => transaction.rollback().await?,
        }
        Ok(written)
    }
}

type Written = Result<Vec<Outcome>, StoreError>;

/// Runs statements without waiting for each other's answers; prepares what is new first.
async fn all(place: &impl Place, statements: &[Statement]) -> Result<Vec<Result<Outcome, PgError>>, PgError> {
    let mut prepared = Vec::with_capacity(statements.len());
    for statement in statements {
        prepared.push(place.prepare(statement.sql).await?);
    }
    Ok(join_all(statements.iter().zip(&prepared).map(|(s, p)| run(place, p, &s.args))).await)
}

/// The first that fails, in their order, decides.
fn decide(batch: &[Statement], outcomes: Vec<Result<Outcome, PgError>>) -> Result<Written, PgError> {
    let mut decided = Vec::with_capacity(batch.len());
    for (statement, outcome) in batch.iter().zip(outcomes) {
        match must(statement, outcome?) {
            Ok(outcome) => decided.push(outcome),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(decided))
}

/// Runs statements of which some depend on what earlier ones touched.
async fn one_by_one(place: &impl Place, batch: &[Statement]) -> Result<Written, PgError> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(batch.len());
    for statement in batch {
        let earlier = statement.when.map(|place| outcomes.get(place).map_or(0, |outcome| outcome.touched));
        if earlier == Some(0) {
            outcomes.push(Outcome::default());
            continue;
        }
        let prepared = place.prepare(statement.sql).await?;
        match must(statement, run(place, &prepared, &statement.args).await?) {
            Ok(outcome) => outcomes.push(outcome),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(outcomes))
}

fn must(statement: &Statement, outcome: Outcome) -> Result<Outcome, StoreError> {
    match statement.must {
        Some(must) if outcome.touched == 0 => Err(must.into()),
        _ => Ok(outcome),
    }
}

#[async_trait]
impl Driver for PgDriver {
    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let client = self.0.pool.get().await.map_err(no_connection)?;
        let client: &ClientWrapper = &client;
        let read = async {
            let prepared = Place::prepare(client, statement.sql).await?;
            run(client, &prepared, &statement.args).await
        };
        read.await.map(|outcome| outcome.rows).map_err(|error| meaning("read", error))
    }

    async fn read_all(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.snapshot(&statements).await
    }

    async fn write(&self, batch: Vec<Statement>) -> Result<Vec<Outcome>, StoreError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut client = self.0.pool.get().await.map_err(no_connection)?;
            match self.attempt(&mut client, &batch).await {
                Ok(written) => return written,
                Err(error) if is_transient(&error) && attempt < ATTEMPTS => {}
                Err(error) => return Err(meaning("write", error)),
            }
        }
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        if !is_plain(&append) {
            return append::alone(&self.0.pool, &append).await;
        }
        let (answer, answered) = oneshot::channel();
        self.0.queue.try_send(Job { append, answer }).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Closed(_) => closed(),
        })?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }

    async fn check(&self) -> Result<(), StoreError> {
        // A server that follows another one answers, but cannot write.
        let write = Statement::new("UPDATE counter SET value = value + 1 WHERE name = 'health'", Vec::new());
        self.write(vec![write]).await.map(drop)
    }

    async fn size(&self) -> Result<Option<u64>, StoreError> {
        let rows = self.read(Statement::new("SELECT pg_database_size(current_database())", Vec::new())).await?;
        rows.into_iter().next().map(|row| row.columns("size").number()).transpose()
    }

    async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        integrity::findings(&self.0.pool).await
    }

    async fn close(&self) {
        self.0.closing.send_replace(true);
        if let Some(committer) = self.0.committer.lock().await.take() {
            let _ = committer.await;
        }
        self.0.pool.close();
    }
}

fn closed() -> StoreError {
    StoreError::Backend { action: "append", cause: "the store is closed".into() }
}
