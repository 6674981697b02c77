//! Values, rows and errors between [`rempart_sql`] and the client library, and running one statement.

use deadpool_postgres::{ClientWrapper, PoolError, TimeoutType, Transaction};
use futures_util::TryStreamExt as _;
use rempart_ports::StoreError;
use rempart_sql::{Outcome, Row, Value, unique};
use thiserror::Error;
use tokio_postgres::error::{Error as PgError, SqlState};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{RowStream, Statement};

/// What the server said when it refused. Only its code and first words: the details of its messages hold values of rows, and
/// those must not come into a log.
#[derive(Debug, Error)]
#[error("PostgreSQL refused: {words} (SQLSTATE {code})")]
pub(super) struct Refused {
    words: String,
    code: String,
}

/// An error of the client library without anything that a row held.
pub(super) fn cause(error: PgError) -> Box<dyn std::error::Error + Send + Sync> {
    match error.as_db_error() {
        Some(told) => Box::new(Refused { words: told.message().to_owned(), code: told.code().code().to_owned() }),
        None => Box::new(error),
    }
}

/// An error of the client library in the port's words.
pub(super) fn meaning(action: &'static str, error: PgError) -> StoreError {
    let Some(told) = error.as_db_error() else {
        return StoreError::Backend { action, cause: cause(error) };
    };
    match *told.code() {
        SqlState::UNIQUE_VIOLATION => StoreError::Exists(unique::name(told.constraint().unwrap_or_default())),
        // Every reference of the schema that a caller can break is to an account.
        SqlState::FOREIGN_KEY_VIOLATION => StoreError::Missing("account"),
        SqlState::TOO_MANY_CONNECTIONS | SqlState::LOCK_NOT_AVAILABLE => StoreError::Busy,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => StoreError::Corrupt("the database"),
        _ => StoreError::Backend { action, cause: cause(error) },
    }
}

/// Whether the same transaction may succeed when it is tried again.
pub(super) fn is_transient(error: &PgError) -> bool {
    matches!(error.code(), Some(&SqlState::T_R_DEADLOCK_DETECTED | &SqlState::T_R_SERIALIZATION_FAILURE))
}

/// An error of the pool in the port's words.
pub(super) fn no_connection(error: PoolError) -> StoreError {
    let action = "connect to PostgreSQL";
    match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy,
        PoolError::Backend(error) => meaning(action, error),
        other => StoreError::Backend { action, cause: Box::new(other) },
    }
}

/// A value as the server's type for its place asks.
#[derive(Debug)]
pub(super) struct Parameter<'a>(pub(super) &'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self.0, kind) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(value), &Type::INT8) => value.to_sql(kind, out),
            (Value::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(kind, out),
            (Value::Int(value), &Type::TEXT | &Type::VARCHAR) => value.to_string().to_sql(kind, out),
            (Value::Text(value), &Type::TEXT | &Type::VARCHAR) => value.to_sql(kind, out),
            (Value::Blob(value), &Type::BYTEA) => value.to_sql(kind, out),
            (_, other) => Err(format!("a value does not fit the type {other} of its place").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Told by `to_sql`, which knows the value too.
        true
    }

    to_sql_checked!();
}

fn value(row: &tokio_postgres::Row, place: usize, kind: &Type) -> Result<Value, PgError> {
    Ok(match *kind {
        Type::INT8 => row.try_get::<_, Option<i64>>(place)?.into(),
        Type::INT4 => row.try_get::<_, Option<i32>>(place)?.map(i64::from).into(),
        Type::BOOL => row.try_get::<_, Option<bool>>(place)?.into(),
        Type::BYTEA => row.try_get::<_, Option<&[u8]>>(place)?.into(),
        // Any other type is an error of `try_get`, unless it is text.
        _ => row.try_get::<_, Option<&str>>(place)?.into(),
    })
}

/// A row, column by column.
pub(super) fn row(row: &tokio_postgres::Row) -> Result<Row, PgError> {
    let columns = row.columns().iter().enumerate();
    columns.map(|(place, column)| value(row, place, column.type_())).collect::<Result<_, _>>().map(Row)
}

/// Where a statement runs: a connection, or a transaction on one.
pub(super) trait Place {
    /// Prepares a text, once for each connection.
    async fn prepare(&self, sql: &str) -> Result<Statement, PgError>;
    /// Sends a statement; what comes back is read from the stream.
    async fn send(&self, statement: &Statement, values: &[Value]) -> Result<RowStream, PgError>;
}

macro_rules! place {
    ($($kind:ty),+) => {$(
        impl Place for $kind {
            async fn prepare(&self, sql: &str) -> Result<Statement, PgError> {
                self.prepare_cached(sql).await
            }
            async fn send(&self, statement: &Statement, values: &[Value]) -> Result<RowStream, PgError> {
                self.query_raw(statement, values.iter().map(Parameter)).await
            }
        }
    )+};
}
place!(ClientWrapper, Transaction<'_>);

/// Runs a statement to its end.
pub(super) async fn run(place: &impl Place, statement: &Statement, values: &[Value]) -> Result<Outcome, PgError> {
    let stream = place.send(statement, values).await?;
    let mut stream = std::pin::pin!(stream);
    let mut rows = Vec::new();
    while let Some(found) = stream.try_next().await? {
        rows.push(row(&found)?);
    }
    let touched = stream.rows_affected().unwrap_or(0);
    Ok(Outcome { rows, touched })
}
