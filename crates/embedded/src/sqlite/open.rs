//! Opening the database file: one process, one schema, safe settings.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rempart_ports::Clock as _;
use rempart_sql::schema::{self, Dialect, SchemaError};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use thiserror::Error;

use super::statement::run;
use crate::env::SystemClock;

/// How long a connection waits where somebody, such as the engine's own shell, holds a lock.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Why the database cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{0} is in use by another process: only one server may use a data directory")]
    InUse(PathBuf),
    /// A file or directory cannot be made or reached.
    #[error("cannot use {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The schema is not one that this program can bring up to date.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The engine refused.
    #[error("cannot open the database")]
    Engine(#[from] rusqlite::Error),
}

/// The path with something after its whole name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the directory (0700) and the file (0600) where they are not there, and takes the lock that keeps others out until it
/// is dropped.
pub(super) fn take(path: &Path) -> Result<File, OpenError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        |cause| OpenError::File { path, cause }
    };
    if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty() && !d.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(at(directory))?;
    }
    let lock_path = beside(path, ".lock");
    let private = |path: &Path| OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let lock = private(&lock_path).map_err(at(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(cause)) => return Err(OpenError::File { path: lock_path, cause }),
    }
    // The engine gives its other files the permissions of this one.
    private(path).map_err(at(path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(at(path))?;
    Ok(lock)
}

/// A connection that may write.
pub(super) fn writing(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(256);
    connection.busy_timeout(PATIENCE)?;
    // FULL: what was committed survives a power cut. Erased content is overwritten where that costs no extra write.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -65536;
         PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST;",
    )?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

/// Brings the schema up to date.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    connection.execute_batch(&Dialect::Sqlite.text(schema::VERSIONS))?;
    let applied: Vec<(i64, Vec<u8>)> = {
        let mut statement = connection.prepare(schema::APPLIED)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    for step in schema::remaining(Dialect::Sqlite, &applied)? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(&step.sql)?;
        run(&transaction, schema::NOTE, &step.note(SystemClock.now()))?;
        transaction.commit()?;
        tracing::info!(step = step.n, "schema brought up to date");
    }
    Ok(())
}
