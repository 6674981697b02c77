//! The administration journal, leases and reports.

use async_trait::async_trait;
use rempart_base::{NodeId, Timestamp};
use rempart_ports::StoreError;
use rempart_ports::store::{AuditRow, Lease, NewAudit, Operations, Report};

use super::{SqlStore, number, sql};
use crate::driver::Driver;
use crate::value::Columns;

fn audit_row(c: &mut Columns) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        seq: c.number()?,
        entry: NewAudit {
            time: c.time()?,
            actor: c.text()?,
            action: c.text()?,
            target: c.text()?,
            outcome: c.text()?,
            origin: c.text()?,
        },
    })
}

#[async_trait]
impl<D: Driver> Operations for SqlStore<D> {
    async fn audit(&self, e: &NewAudit) -> Result<u64, StoreError> {
        let batch = vec![
            sql!("UPDATE counter SET value = value + 1 WHERE name = 'audit' RETURNING value"),
            sql!(
                "INSERT INTO audit (seq, written, actor, action, target, outcome, origin)
                 VALUES ((SELECT value FROM counter WHERE name = 'audit'), $1, $2, $3, $4, $5, $6)",
                e.time,
                &e.actor,
                &e.action,
                &e.target,
                &e.outcome,
                &e.origin,
            ),
        ];
        number(self.driver.write(batch).await?.into_iter().next(), "counter")
    }

    async fn read_audit(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let statement = sql!(
            "SELECT seq, written, actor, action, target, outcome, origin FROM audit WHERE seq < $1
             ORDER BY seq DESC LIMIT $2",
            before.unwrap_or(u64::MAX),
            limit
        );
        self.all(statement, "administration journal", audit_row).await
    }

    async fn take_lease(
        &self,
        name: &str,
        holder: NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        let statement = sql!(
            "INSERT INTO lease (name, holder, until, fence) VALUES ($1, $2, $3, 1)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
             fence = lease.fence + CASE WHEN lease.holder = excluded.holder THEN 0 ELSE 1 END
             WHERE lease.holder = excluded.holder OR lease.until <= $4
             RETURNING name, holder, until, fence",
            name,
            holder,
            until,
            now,
        );
        let rows = self.driver.write(vec![statement]).await?.into_iter().flat_map(|outcome| outcome.rows).next();
        rows.map(|row| {
            let mut c = row.columns("lease");
            Ok(Lease { name: c.text()?, holder: c.id()?, until: c.time()?, fence: c.number()? })
        })
        .transpose()
    }

    async fn release_lease(&self, name: &str, holder: NodeId) -> Result<(), StoreError> {
        // The row stays, so that the fence never falls.
        self.change(sql!("UPDATE lease SET until = 0 WHERE name = $1 AND holder = $2", name, holder)).await.map(drop)
    }

    async fn put_report(&self, r: &Report) -> Result<(), StoreError> {
        let statement = sql!(
            "INSERT INTO report (task, ended, changed, error) VALUES ($1, $2, $3, $4)
             ON CONFLICT (task) DO UPDATE SET ended = excluded.ended, changed = excluded.changed, error = excluded.error",
            &r.task,
            r.time,
            r.changed,
            r.error.as_deref(),
        );
        self.change(statement).await.map(drop)
    }

    async fn reports(&self) -> Result<Vec<Report>, StoreError> {
        let statement = sql!("SELECT task, ended, changed, error FROM report ORDER BY task");
        self.all(statement, "report", |c| {
            Ok(Report { task: c.text()?, time: c.time()?, changed: c.number()?, error: c.maybe_text()? })
        })
        .await
    }
}
