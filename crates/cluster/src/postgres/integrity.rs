//! The check of structure: every table is read in full, every index is valid and, where the extension `amcheck` is installed,
//! agrees with its table.

use deadpool_postgres::Pool;
use rempart_ports::StoreError;

use super::statement::{cause, meaning, no_connection};

/// Tables of the schema that the program uses.
const TABLES: &str =
    "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    ORDER BY relname";
/// Indexes, quoted, with whether each is valid and is of the kind that `amcheck` understands.
const INDEXES: &str = "SELECT quote_ident(c.relname), i.indisvalid AND i.indisready, a.amname = 'btree'
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE c.relnamespace = current_schema()::regnamespace ORDER BY c.relname";
const AMCHECK: &str = "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'amcheck')";

pub(super) async fn findings(pool: &Pool) -> Result<Vec<String>, StoreError> {
    let failed = |error| meaning("check the database", error);
    let client = pool.get().await.map_err(no_connection)?;
    let mut findings = Vec::new();
    for row in client.query(TABLES, &[]).await.map_err(failed)? {
        let table: String = row.try_get(0).map_err(failed)?;
        // Reading whole rows finds pages and long values that cannot be read.
        let read = client.batch_execute(&format!("SELECT count(t::text) FROM {table} t")).await;
        note(&mut findings, "table", &table, read)?;
    }
    let amcheck: bool = client.query_one(AMCHECK, &[]).await.and_then(|row| row.try_get(0)).map_err(failed)?;
    for row in client.query(INDEXES, &[]).await.map_err(failed)? {
        let read = || Ok((row.try_get::<_, String>(0)?, row.try_get::<_, bool>(1)?, row.try_get::<_, bool>(2)?));
        let (index, valid, btree) = read().map_err(failed)?;
        if !valid {
            findings.push(format!("index {index}: not valid"));
        } else if amcheck && btree {
            let checked = client.execute("SELECT bt_index_check($1::text::regclass, true)", &[&index]).await;
            note(&mut findings, "index", &index, checked.map(drop))?;
        }
    }
    Ok(findings)
}

/// A refusal of the server is a finding; a connection that broke is an error.
fn note(
    findings: &mut Vec<String>,
    kind: &str,
    name: &str,
    result: Result<(), tokio_postgres::Error>,
) -> Result<(), StoreError> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.as_db_error().is_some() => {
            findings.push(format!("{kind} {name}: {}", cause(error)));
            Ok(())
        }
        Err(error) => Err(meaning("check the database", error)),
    }
}
