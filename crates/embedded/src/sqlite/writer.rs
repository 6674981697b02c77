//! The one thread that writes: takes everything that waits, runs it in one transaction, commits once, then answers all.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rempart_ports::StoreError;
use rempart_ports::store::{Append, Appended};
use rempart_sql::{Outcome, Statement};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::append::{self, Heads};
use super::open;
use super::statement::{meaning, run_batch};

/// Jobs committed together at most.
const BATCH: usize = 512;
/// After a batch of more than this the next one is waited for a little: many are writing, and each commit costs a flush.
const LINGER_FROM: usize = 64;
const LINGER: Duration = Duration::from_millis(1);
/// Without work for so long, the write-ahead log is folded into the database file.
const IDLE: Duration = Duration::from_secs(1);
/// Bytes of write-ahead log from which it is folded in between two batches.
const WAL: u64 = 32 * 1024 * 1024;
/// How long folding waits for readers.
const FOLD_PATIENCE: Duration = Duration::from_millis(200);

/// Something to write and where the answer goes.
pub(super) enum Job {
    /// An append.
    Append(Box<Append>, oneshot::Sender<Result<Appended, StoreError>>),
    /// A batch of statements.
    Write(Vec<Statement>, oneshot::Sender<Result<Vec<Outcome>, StoreError>>),
    /// Nothing comes after this.
    Stop,
}

/// A job and its place in the queue, free again once the job is taken.
pub(super) struct Queued {
    pub(super) job: Job,
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// What a job came to, told once the transaction is durable.
enum Answer {
    Append(oneshot::Sender<Result<Appended, StoreError>>, Result<Appended, StoreError>),
    Write(oneshot::Sender<Result<Vec<Outcome>, StoreError>>, Result<Vec<Outcome>, StoreError>),
}

impl Answer {
    fn fail(self, cause: &Arc<StoreError>) {
        let error = || StoreError::Backend { action: "commit", cause: Box::new(Arc::clone(cause)) };
        match self {
            Self::Append(to, _) => drop(to.send(Err(error()))),
            Self::Write(to, _) => drop(to.send(Err(error()))),
        }
    }

    fn give(self) {
        // Nobody waits where the caller gave up: what was written stays written.
        match self {
            Self::Append(to, result) => drop(to.send(result)),
            Self::Write(to, result) => drop(to.send(result)),
        }
    }
}

/// The thread's state.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) wal: PathBuf,
    /// Held for as long as this process may write.
    pub(super) lock: File,
}

impl Writer {
    /// Works until told to stop, or until nobody can give work any more.
    pub(super) fn run(self, queue: &Receiver<Queued>) {
        let mut last = 0;
        let mut fold_at = WAL;
        let mut unfolded = true;
        loop {
            let first = if unfolded {
                queue.recv_timeout(IDLE)
            } else {
                queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            let first = match first {
                Ok(queued) => queued,
                Err(RecvTimeoutError::Timeout) => {
                    unfolded = !self.fold();
                    last = 0;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if last > LINGER_FROM {
                std::thread::park_timeout(LINGER);
            }
            let mut stop = false;
            let mut jobs = Vec::new();
            for Queued { job, place } in std::iter::once(first).chain(queue.try_iter()) {
                drop(place);
                stop = matches!(job, Job::Stop);
                if stop {
                    break;
                }
                jobs.push(job);
                if jobs.len() == BATCH {
                    break;
                }
            }
            last = jobs.len();
            if last > 0 {
                self.commit_all(jobs);
                unfolded = true;
                if self.wal_size() >= fold_at {
                    self.fold();
                    // Where readers kept it from shrinking, try again a while later, not at each commit.
                    fold_at = WAL + self.wal_size();
                }
            }
            if stop {
                break;
            }
        }
        self.fold();
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the database did not close cleanly; it is made whole at the next start");
        }
        drop(self.lock);
    }

    /// Runs jobs in one transaction; a panic in one fails them all and nothing else.
    fn commit_all(&self, jobs: Vec<Job>) {
        if catch_unwind(AssertUnwindSafe(|| self.commit(jobs))).is_err() {
            tracing::error!("a write panicked; its batch was rolled back");
            self.roll_back();
        }
    }

    fn commit(&self, jobs: Vec<Job>) {
        let mut heads = Heads::default();
        let mut answers = Vec::with_capacity(jobs.len());
        let mut broken = self.execute("BEGIN IMMEDIATE").err();
        for job in jobs {
            match job {
                Job::Append(append, to) => {
                    let result = unless_broken(&mut broken, || self.append(&mut heads, &append));
                    answers.push(Answer::Append(to, result));
                }
                Job::Write(batch, to) => {
                    let result = unless_broken(&mut broken, || {
                        heads.flush(&self.connection)?;
                        self.saved(|connection| run_batch(connection, &batch))
                    });
                    answers.push(Answer::Write(to, result));
                }
                Job::Stop => {}
            }
        }
        let ended = broken.map_or_else(|| heads.flush(&self.connection).and_then(|()| self.execute("COMMIT")), Err);
        match ended {
            Ok(()) => answers.into_iter().for_each(Answer::give),
            Err(error) => {
                self.roll_back();
                tracing::error!(error = %rempart_base::Chain(&error), writes = answers.len(), "a batch was rolled back");
                let cause = Arc::new(error);
                answers.into_iter().for_each(|answer| answer.fail(&cause));
            }
        }
    }

    /// The inner result is the job's own; the outer error breaks the whole transaction.
    fn append(&self, heads: &mut Heads, append: &Append) -> Result<Result<Appended, StoreError>, StoreError> {
        if append::is_plain(append) {
            return match append::plain(&self.connection, heads, append) {
                Err(error @ StoreError::Backend { .. }) => Err(error),
                result => Ok(result),
            };
        }
        heads.flush(&self.connection)?;
        self.saved(|connection| append::whole(connection, append))
    }

    /// Runs a job so that nothing of it stays when it fails.
    fn saved<T>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<Result<T, StoreError>, StoreError> {
        self.execute("SAVEPOINT job")?;
        let result = job(&self.connection);
        if result.is_err() {
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")?;
        Ok(result)
    }

    fn execute(&self, sql: &'static str) -> Result<(), StoreError> {
        let done = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        done.map(drop).map_err(|error| meaning("commit", error))
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(error = %rempart_base::Chain(&error), "roll back");
        }
    }

    /// Folds the write-ahead log into the database file and empties it. Gives whether all of it was folded; where readers are
    /// in the way, it is tried again later.
    fn fold(&self) -> bool {
        // A short wait, so that a slow reader does not hold the writers up.
        let folded = self.connection.busy_timeout(FOLD_PATIENCE).and_then(|()| {
            let busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
            self.connection.busy_timeout(open::PATIENCE)?;
            busy.map(|busy| !busy)
        });
        folded.unwrap_or_else(|error| {
            tracing::warn!(%error, "fold the write-ahead log");
            false
        })
    }

    fn wal_size(&self) -> u64 {
        self.wal.metadata().map_or(0, |file| file.len())
    }
}

/// A job's result, unless something broke the transaction; then all of its jobs are told what did.
fn unless_broken<T>(
    broken: &mut Option<StoreError>,
    job: impl FnOnce() -> Result<Result<T, StoreError>, StoreError>,
) -> Result<T, StoreError> {
    if broken.is_none() {
        match job() {
            Ok(result) => return result,
            Err(error) => *broken = Some(error),
        }
    }
    Err(StoreError::Busy)
}
