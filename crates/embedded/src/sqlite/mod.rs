//! SQLite as the store's engine: one writing thread, a few reading connections.

mod append;
mod open;
mod statement;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rempart_ports::StoreError;
use rempart_ports::store::{Append, Appended};
use rempart_sql::{Driver, Outcome, Row, SqlStore, Statement};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};
use tokio::time::timeout;

pub use open::OpenError;
use statement::{meaning, run};
use writer::{Job, Queued, Writer};

/// The store over SQLite.
pub type SqliteStore = SqlStore<Sqlite>;

/// Connections that read, each on a blocking thread while it does.
const READERS: usize = 4;
/// Writes that may wait for the writer.
const WRITES: usize = 4096;
/// How long one waits for a place among them, or for a reader, before `Busy`.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens the database at a path, made if it is not there, with its schema brought up to date. Blocks; made for the start.
///
/// # Errors
/// When another process uses it, it is of a newer program, or it cannot be read or written.
pub fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    let lock = open::take(path)?;
    let mut connection = open::writing(path)?;
    open::migrate(&mut connection)?;
    let readers = (0..READERS).map(|_| open::reading(path)).collect::<rusqlite::Result<Vec<_>>>()?;
    let (jobs, queue) = mpsc::channel();
    let wal = open::beside(path, "-wal");
    let writer = Writer { connection, wal: wal.clone(), lock };
    let thread = std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || writer.run(&queue))
        .map_err(|cause| OpenError::File { path: path.to_owned(), cause })?;
    Ok(SqlStore::new(Sqlite {
        path: path.to_owned(),
        wal,
        jobs,
        places: Arc::new(Semaphore::new(WRITES)),
        thread: Mutex::new(Some(thread)),
        readers: Arc::new(Readers { idle: Mutex::new(readers), free: Arc::new(Semaphore::new(READERS)) }),
    }))
}

/// SQLite. A caller that gives up on a write does not undo it: what was queued is written.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    wal: PathBuf,
    jobs: mpsc::Sender<Queued>,
    places: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<Readers>,
}

#[derive(Debug)]
struct Readers {
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
}

impl Readers {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed() -> StoreError {
    StoreError::Backend { action: "use the store", cause: "it is closed".into() }
}

async fn place(places: &Arc<Semaphore>, patience: Duration) -> Result<OwnedSemaphorePermit, StoreError> {
    match Arc::clone(places).try_acquire_owned() {
        Ok(permit) => Ok(permit),
        Err(TryAcquireError::Closed) => Err(closed()),
        Err(TryAcquireError::NoPermits) => {
            let waiting = timeout(patience, Arc::clone(places).acquire_owned()).await;
            waiting.map_err(|_| StoreError::Busy)?.map_err(|_| closed())
        }
    }
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let ended = tokio::task::spawn_blocking(job).await;
    ended.unwrap_or_else(|cause| Err(StoreError::Backend { action: "read", cause: Box::new(cause) }))
}

impl Sqlite {
    /// Gives the writer a job and waits for its answer.
    async fn queue<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let place = place(&self.places, PATIENCE).await?;
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Queued { job: job(answer), place: Some(place) }).map_err(|_| closed())?;
        // No answer: the writer stopped, or a panic threw the batch away.
        answered
            .await
            .unwrap_or_else(|_| Err(StoreError::Backend { action: "write", cause: "the writer gave no answer".into() }))
    }

    /// Runs something on a reading connection.
    async fn reading<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = place(&self.readers.free, PATIENCE).await?;
        let readers = Arc::clone(&self.readers);
        let path = self.path.clone();
        blocking(move || {
            let idle = readers.idle().pop();
            // One is missing only where a reader panicked.
            let mut connection = match idle {
                Some(connection) => connection,
                None => open::reading(&path).map_err(|error| meaning("read", error))?,
            };
            let result = job(&mut connection);
            readers.idle().push(connection);
            drop(permit);
            result
        })
        .await
    }
}

#[async_trait]
impl Driver for Sqlite {
    async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.reading(move |connection| {
            let outcome = run(connection, statement.sql, &statement.args);
            Ok(outcome.map_err(|error| meaning("read", error))?.rows)
        })
        .await
    }

    async fn read_all(&self, statements: Vec<Statement>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.reading(move |connection| {
            let snapshot = connection.transaction().map_err(|error| meaning("read", error))?;
            let read = |s: &Statement| run(&snapshot, s.sql, &s.args).map(|outcome| outcome.rows);
            statements.iter().map(|s| read(s).map_err(|error| meaning("read", error))).collect()
        })
        .await
    }

    async fn write(&self, batch: Vec<Statement>) -> Result<Vec<Outcome>, StoreError> {
        self.queue(|answer| Job::Write(batch, answer)).await
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.queue(|answer| Job::Append(Box::new(append), answer)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let write = Statement::new("UPDATE counter SET value = value + 1 WHERE name = 'health'", Vec::new());
        self.write(vec![write]).await?;
        self.read(Statement::new("SELECT value FROM counter WHERE name = 'health'", Vec::new())).await.map(drop)
    }

    async fn size(&self) -> Result<Option<u64>, StoreError> {
        let size = |path: &Path| path.metadata().map_or(0, |file| file.len());
        Ok(Some(size(&self.path) + size(&self.wal)))
    }

    async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        // A connection of its own: it takes long, and the others are wanted.
        let path = self.path.clone();
        blocking(move || {
            let findings = || {
                let connection = open::reading(&path)?;
                let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
                let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
                let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
                let broken = statement.query_map([], |row| row.get::<_, String>(0))?;
                let broken = broken.map(|table| Ok(format!("a row of {} refers to one that is not there", table?)));
                let found = lines.into_iter().filter(|line| line != "ok").map(Ok);
                found.chain(broken).collect::<rusqlite::Result<_>>()
            };
            findings().map_err(|error| meaning("check the database", error))
        })
        .await
    }

    async fn close(&self) {
        self.places.close();
        self.readers.free.close();
        self.readers.idle().clear();
        // An error says that the writer is gone already.
        let _gone = self.jobs.send(Queued { job: Job::Stop, place: None });
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the writer did not end well");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_too_long_for_a_place_is_told_to_come_again() {
        let places = Arc::new(Semaphore::new(1));
        let taken = place(&places, PATIENCE).await.unwrap();
        let refused = place(&places, Duration::from_millis(5)).await.unwrap_err();
        assert_eq!(refused.to_string(), "too many writes are waiting");
        drop(taken);
        drop(place(&places, Duration::ZERO).await.unwrap());
        places.close();
        assert!(place(&places, PATIENCE).await.is_err());
    }
}
