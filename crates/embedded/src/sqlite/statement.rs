//! Running statements on a connection, and what its errors mean.

use rempart_ports::StoreError;
use rempart_sql::{Outcome, Row, Statement, Value, unique};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, ffi};

/// A value, lent to a statement.
struct Lent<'a>(&'a Value);

impl ToSql for Lent<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

/// Runs a statement from the cache of prepared ones.
pub(super) fn run(connection: &Connection, sql: &str, args: &[Value]) -> rusqlite::Result<Outcome> {
    let mut statement = connection.prepare_cached(sql)?;
    for index in 1..=statement.parameter_count() {
        // `$1` is a name to SQLite, numbered by first appearance: the digits tell which value is meant.
        let name = statement.parameter_name(index).unwrap_or_default();
        let place = name.trim_start_matches('$').parse::<usize>().unwrap_or(0).wrapping_sub(1);
        let value = args.get(place).ok_or_else(|| rusqlite::Error::InvalidParameterName(name.to_owned()))?;
        statement.raw_bind_parameter(index, Lent(value))?;
    }
    let width = statement.column_count();
    if width == 0 {
        return Ok(Outcome { rows: Vec::new(), touched: statement.raw_execute()? as u64 });
    }
    let mut rows = statement.raw_query();
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let columns = (0..width).map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Int(value),
                ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
                ValueRef::Blob(value) => Value::Blob(value.to_vec()),
                ValueRef::Real(_) => return Err(rusqlite::Error::IntegralValueOutOfRange(column, 0)),
            })
        });
        out.push(Row(columns.collect::<rusqlite::Result<_>>()?));
    }
    let touched = out.len() as u64;
    Ok(Outcome { rows: out, touched })
}

/// Runs the statements of a write in order.
pub(super) fn run_batch(connection: &Connection, batch: &[Statement]) -> Result<Vec<Outcome>, StoreError> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(batch.len());
    for statement in batch {
        let wanted = statement.when.is_none_or(|place| outcomes.get(place).is_some_and(|o| o.touched > 0));
        let outcome = if wanted {
            run(connection, statement.sql, &statement.args).map_err(|error| meaning("write", error))?
        } else {
            Outcome::default()
        };
        match statement.must {
            Some(must) if wanted && outcome.touched == 0 => return Err(must.into()),
            _ => outcomes.push(outcome),
        }
    }
    Ok(outcomes)
}

/// What exists already, if that is what an error says.
pub(super) fn existing(error: &rusqlite::Error) -> Option<&'static str> {
    let rusqlite::Error::SqliteFailure(code, Some(words)) = error else { return None };
    let unique = [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY].contains(&code.extended_code);
    let columns = words.strip_prefix("UNIQUE constraint failed: ").filter(|_| unique)?;
    Some(unique::name(columns))
}

/// An error of the engine in the port's words.
pub(super) fn meaning(action: &'static str, error: rusqlite::Error) -> StoreError {
    if let Some(what) = existing(&error) {
        return StoreError::Exists(what);
    }
    if let rusqlite::Error::SqliteFailure(code, _) = &error {
        // Every reference of the schema that a caller can break is to an account.
        if code.extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
            return StoreError::Missing("account");
        }
        if code.code == ErrorCode::DatabaseCorrupt || code.code == ErrorCode::NotADatabase {
            return StoreError::Corrupt("the database file");
        }
    }
    StoreError::Backend { action, cause: Box::new(error) }
}
