//! The key log, key packages, keyrings, requests of new devices.

use async_trait::async_trait;
use rempart_base::{AccountId, DeviceId, SessionId, Timestamp};
use rempart_ports::StoreError;
use rempart_ports::store::{
    KeyBatch, KeyPackageCount, KeyringRecord, Keys, LinkOutcome, LinkRecord, LogState, NewKeyPackage, TakenKeyPackage,
};

use super::{SqlStore, number, sql};
use crate::append::{BUMP_ACCOUNT, NOTE_ACCOUNT};
use crate::driver::{Driver, Must, Outcome};
use crate::value::Columns;

macro_rules! link_columns {
    () => {
        "l.device, l.account, l.public, l.asked, l.expires, l.state, l.sealed"
    };
}

/// Holds a device's row until the transaction ends, so that what is kept for it changes by one at a time.
const HOLD: &str = "UPDATE keyed_device SET since = since WHERE device = $1 RETURNING account";

const TAKE: &str = "DELETE FROM key_package WHERE device = $1 AND hash = (SELECT hash FROM key_package
    WHERE device = $1 AND last_resort = 0 AND expires > $2 ORDER BY added, hash LIMIT 1) RETURNING package";

const LAST_RESORT: &str = "SELECT package FROM key_package WHERE device = $1 AND last_resort = 1 AND expires > $2";

fn link(c: &mut Columns) -> Result<LinkRecord, StoreError> {
    let (device, account, public, asked, expires) = (c.id()?, c.id()?, c.blob()?, c.time()?, c.time()?);
    let outcome = match (c.text()?.as_str(), c.maybe_blob()?) {
        ("waiting", None) => LinkOutcome::Waiting,
        ("refused", None) => LinkOutcome::Refused,
        ("answered", Some(sealed)) => LinkOutcome::Answered(sealed),
        _ => return Err(c.corrupt()),
    };
    Ok(LinkRecord { device, account, public, asked, expires, outcome })
}

#[async_trait]
impl<D: Driver> Keys for SqlStore<D> {
    async fn key_log_state(&self) -> Result<LogState, StoreError> {
        let statement = sql!("SELECT size, frontier, checkpoint FROM key_log_state WHERE one = 1");
        let state = self
            .first(statement, "key log state", |c| {
                Ok(LogState { size: c.number()?, frontier: c.blob()?, checkpoint: c.text()? })
            })
            .await?;
        state.ok_or(StoreError::Corrupt("key log state"))
    }

    async fn key_leaves(&self, from: u64, limit: u32) -> Result<Vec<Vec<u8>>, StoreError> {
        let statement = sql!("SELECT leaf FROM key_leaf WHERE position >= $1 ORDER BY position LIMIT $2", from, limit);
        self.all(statement, "key log", Columns::blob).await
    }

    async fn write_key_log(&self, b: &KeyBatch, now: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        let mut batch = vec![
            sql!(
                "UPDATE key_log_state SET size = $2, frontier = $3, checkpoint = $4, written = $5
                 WHERE one = 1 AND size = $1",
                b.expected_size,
                b.state.size,
                b.state.frontier.as_slice(),
                &b.state.checkpoint,
                now,
            )
            .must(Must::Stale),
        ];
        if let Some(account) = b.reset {
            let spend = sql!("DELETE FROM identity_reset WHERE account = $1 AND expires > $2", account, now);
            batch.push(spend.must(Must::Missing("identity_reset")));
        }
        batch.extend((b.expected_size..).zip(&b.leaves).map(|(position, leaf)| {
            sql!("INSERT INTO key_leaf (position, leaf) VALUES ($1, $2)", position, leaf.as_slice())
        }));
        for device in &b.ended {
            batch.push(sql!("DELETE FROM keyed_device WHERE device = $1", *device));
            batch.push(sql!("DELETE FROM device_link WHERE device = $1", *device));
        }
        batch.extend(b.added.iter().map(|(device, account)| {
            sql!("INSERT INTO keyed_device (device, account, since) VALUES ($1, $2, $3)", *device, *account, now)
        }));
        if let Some(account) = b.account {
            batch.push(sql!(BUMP_ACCOUNT, account).must(Must::Missing("account")));
            batch.push(sql!(NOTE_ACCOUNT, account, now, "keys", None::<AccountId>, 0_u64));
        }
        let cut = batch.len();
        batch.extend(b.cut.iter().map(|device| sql!("DELETE FROM session WHERE device = $1 RETURNING id", *device)));
        let outcomes = self.driver.write(batch).await?;
        let rows = outcomes.into_iter().skip(cut).flat_map(|outcome| outcome.rows);
        rows.map(|row| row.columns("session").id()).collect()
    }

    async fn allow_identity_reset(&self, account: AccountId, until: Timestamp) -> Result<(), StoreError> {
        let batch = vec![
            sql!("SELECT 1 FROM account WHERE id = $1", account).must(Must::Missing("account")),
            sql!(
                "INSERT INTO identity_reset (account, expires) VALUES ($1, $2)
                 ON CONFLICT (account) DO UPDATE SET expires = excluded.expires",
                account,
                until,
            ),
        ];
        self.driver.write(batch).await.map(drop)
    }

    async fn put_key_packages(
        &self,
        device: DeviceId,
        packages: &[NewKeyPackage],
        most: u32,
        now: Timestamp,
    ) -> Result<u32, StoreError> {
        let mut batch = vec![
            sql!(HOLD, device).must(Must::Missing("device")),
            sql!("DELETE FROM key_package WHERE device = $1 AND expires <= $2", device, now),
        ];
        for package in packages {
            if package.last_resort {
                batch.push(sql!(
                    "DELETE FROM key_package WHERE device = $1 AND last_resort = 1 AND hash <> $2",
                    device,
                    package.hash
                ));
            }
            batch.push(sql!(
                "INSERT INTO key_package (device, hash, last_resort, package, added, expires)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (device, hash) DO NOTHING",
                device,
                package.hash,
                package.last_resort,
                package.package.as_slice(),
                now,
                package.expires,
            ));
        }
        batch.push(
            sql!(
                "SELECT count(*) FROM key_package WHERE device = $1 AND last_resort = 0 HAVING count(*) <= $2",
                device,
                most
            )
            .must(Must::Exists("key_packages")),
        );
        let count = number(self.driver.write(batch).await?.pop(), "key packages")?;
        u32::try_from(count).map_err(|_| StoreError::Corrupt("key packages"))
    }

    async fn key_packages(&self, device: DeviceId, now: Timestamp) -> Result<KeyPackageCount, StoreError> {
        let statement = sql!(
            "SELECT last_resort, count(*) FROM key_package WHERE device = $1 AND expires > $2 GROUP BY last_resort",
            device,
            now
        );
        let rows: Vec<(bool, u32)> = self.all(statement, "key packages", |c| Ok((c.truth()?, c.number()?))).await?;
        Ok(rows.into_iter().fold(KeyPackageCount::default(), |count, (last_resort, n)| match last_resort {
            true => KeyPackageCount { last_resort: n > 0, ..count },
            false => KeyPackageCount { one_time: n, ..count },
        }))
    }

    async fn claim_key_packages(
        &self,
        devices: &[DeviceId],
        now: Timestamp,
    ) -> Result<Vec<TakenKeyPackage>, StoreError> {
        // In one order, so that two that claim at once do not wait for each other in a circle.
        let mut devices = devices.to_vec();
        devices.sort_unstable();
        devices.dedup();
        let mut batch = Vec::with_capacity(devices.len() * 3);
        for device in &devices {
            let held = batch.len();
            batch.push(sql!(HOLD, *device));
            batch.push(sql!(TAKE, *device, now).when(held));
            batch.push(sql!(LAST_RESORT, *device, now).when(held));
        }
        let outcomes = self.driver.write(batch).await?;
        let mut taken = Vec::new();
        for (device, outcomes) in devices.into_iter().zip(outcomes.chunks(3)) {
            let row = |outcome: &Outcome| outcome.rows.first().cloned();
            if let [held, one, last] = outcomes
                && let Some(account) = row(held)
                && let Some(package) = row(one).or_else(|| row(last))
            {
                let account = account.columns("device").id()?;
                let package = package.columns("key package").blob()?;
                taken.push(TakenKeyPackage { account, device, package });
            }
        }
        Ok(taken)
    }

    async fn keyring(&self, account: AccountId) -> Result<Option<KeyringRecord>, StoreError> {
        let statement = sql!("SELECT version, sealed, written FROM keyring WHERE account = $1", account);
        self.first(statement, "keyring", |c| {
            Ok(KeyringRecord { version: c.number()?, sealed: c.blob()?, written: c.time()? })
        })
        .await
    }

    async fn put_keyring(
        &self,
        account: AccountId,
        follows: u64,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = if follows == 0 {
            sql!(
                "INSERT INTO keyring (account, version, sealed, written) VALUES ($1, 1, $2, $3)
                 ON CONFLICT (account) DO NOTHING",
                account,
                sealed,
                now,
            )
        } else {
            sql!(
                "UPDATE keyring SET version = version + 1, sealed = $2, written = $3 WHERE account = $1 AND version = $4",
                account,
                sealed,
                now,
                follows,
            )
        };
        self.change(statement.must(Must::Stale)).await.map(drop)
    }

    async fn ask_link(&self, l: &LinkRecord) -> Result<(), StoreError> {
        let (state, sealed) = match &l.outcome {
            LinkOutcome::Waiting => ("waiting", None),
            LinkOutcome::Refused => ("refused", None),
            LinkOutcome::Answered(sealed) => ("answered", Some(sealed.as_slice())),
        };
        let statement = sql!(
            "INSERT INTO device_link (device, account, public, asked, expires, state, sealed)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (device) DO UPDATE SET account = excluded.account,
             public = excluded.public, asked = excluded.asked, expires = excluded.expires, state = excluded.state,
             sealed = excluded.sealed",
            l.device,
            l.account,
            l.public.as_slice(),
            l.asked,
            l.expires,
            state,
            sealed,
        );
        self.change(statement).await.map(drop)
    }

    async fn device_link(&self, device: DeviceId, now: Timestamp) -> Result<Option<LinkRecord>, StoreError> {
        let text = concat!("SELECT ", link_columns!(), " FROM device_link l WHERE l.device = $1 AND l.expires > $2");
        self.first(sql!(text, device, now), "request of a device", link).await
    }

    async fn waiting_links(&self, account: AccountId, now: Timestamp) -> Result<Vec<(LinkRecord, String)>, StoreError> {
        let text = concat!(
            "SELECT ",
            link_columns!(),
            ", d.name FROM device_link l JOIN device d ON d.id = l.device
             WHERE l.account = $1 AND l.expires > $2 AND l.state = 'waiting' ORDER BY l.asked, l.device"
        );
        self.all(sql!(text, account, now), "request of a device", |c| Ok((link(c)?, c.text()?))).await
    }

    async fn answer_link(
        &self,
        account: AccountId,
        device: DeviceId,
        public: &[u8],
        sealed: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sql!(
            "UPDATE device_link SET state = $5, sealed = $6
             WHERE device = $1 AND account = $2 AND public = $3 AND expires > $4 AND state = 'waiting'",
            device,
            account,
            public,
            now,
            if sealed.is_some() { "answered" } else { "refused" },
            sealed,
        );
        self.change(statement.must(Must::Missing("link"))).await.map(drop)
    }

    async fn delete_ended_keys(&self, now: Timestamp) -> Result<u64, StoreError> {
        let batch = vec![
            sql!("DELETE FROM key_package WHERE expires <= $1", now),
            sql!("DELETE FROM device_link WHERE expires <= $1", now),
            sql!("DELETE FROM identity_reset WHERE expires <= $1", now),
        ];
        Ok(self.driver.write(batch).await?.iter().map(|outcome| outcome.touched).sum())
    }
}
