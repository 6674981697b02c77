//! Bringing the schema up to date. Nodes that start at once wait for each other on an advisory lock.

use rempart_base::Timestamp;
use rempart_sql::schema::{self, Dialect};
use tokio_postgres::types::ToSql;

use super::connector::Connector;
use super::statement::Parameter;
use crate::ConnectError;

/// The lock of whoever changes the schema: "rempart" in bytes.
const LOCK: i64 = 0x0072_656d_7061_7274;

pub(super) async fn migrate(connector: &Connector) -> Result<(), ConnectError> {
    let mut client = connector.client().await.map_err(|error| connector.refused(error))?;
    let applied = async {
        // Waiting for another node's migration may take longer than any other lock; the session's end gives it back.
        client.batch_execute("SET lock_timeout = 0").await?;
        client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
        client.batch_execute(&Dialect::Postgres.text(schema::VERSIONS)).await?;
        let rows = client.query(schema::APPLIED, &[]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<Vec<_>, _>>()
    };
    let applied = applied.await.map_err(|error| connector.refused(error))?;
    let steps = schema::remaining(Dialect::Postgres, &applied).map_err(ConnectError::Schema)?;
    for step in steps {
        let applied = async {
            let transaction = client.transaction().await?;
            let now = transaction.query_one("SELECT (extract(epoch FROM now()) * 1000)::bigint", &[]).await?;
            transaction.batch_execute(&step.sql).await?;
            let values = step.note(Timestamp::from_millis(now.try_get(0)?));
            let parameters: Vec<Parameter<'_>> = values.iter().map(Parameter).collect();
            let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|p| p as _).collect();
            transaction.execute(schema::NOTE, &parameters).await?;
            transaction.commit().await
        };
        applied.await.map_err(|error| connector.refused(error))?;
        tracing::info!(step = step.n, "the schema was brought up to date");
    }
    Ok(())
}
