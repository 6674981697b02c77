//! Devices, sessions and API tokens.

use async_trait::async_trait;
use rempart_base::{AccountId, ApiTokenId, DeviceId, SessionId, Timestamp};
use rempart_domain::role::Scope;
use rempart_domain::session::{ApiToken, Device, Session};
use rempart_ports::StoreError;
use rempart_ports::store::{SessionOverview, Sessions};

use super::{SqlStore, sql};
use crate::driver::{Driver, Must, Statement};
use crate::value::Columns;

macro_rules! session_columns {
    () => {
        "s.id, s.account, s.device, s.secret, s.former_secret, s.created, s.rotated, s.seen, s.factor"
    };
}

macro_rules! token_columns {
    () => {
        "id, account, device, name, scopes, secret, created, expires, used"
    };
}

fn session(c: &mut Columns) -> Result<Session, StoreError> {
    Ok(Session {
        id: c.id()?,
        account: c.id()?,
        device: c.id()?,
        secret: c.id()?,
        former_secret: c.maybe_id()?,
        created: c.time()?,
        rotated: c.time()?,
        seen: c.time()?,
        factor: c.truth()?,
    })
}

fn device(c: &mut Columns) -> Result<Device, StoreError> {
    Ok(Device { id: c.id()?, account: c.id()?, name: c.text()?, created: c.time()? })
}

fn token(c: &mut Columns) -> Result<ApiToken, StoreError> {
    Ok(ApiToken {
        id: c.id()?,
        account: c.id()?,
        device: c.id()?,
        name: c.text()?,
        scopes: {
            let names = c.text()?;
            let scopes = names.split_whitespace().map(Scope::from_name).collect::<Option<_>>();
            scopes.ok_or(c.corrupt())?
        },
        secret: c.id()?,
        created: c.time()?,
        expires: c.time()?,
        used: c.maybe_time()?,
    })
}

/// The account must be open, and a device never changes hands.
fn with_device(device: &Device) -> [Statement; 2] {
    [
        sql!("SELECT 1 FROM account WHERE id = $1 AND active = 1", device.account).must(Must::Missing("account")),
        sql!(
            "INSERT INTO device (id, account, name, created) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE device.account = excluded.account",
            device.id,
            device.account,
            &device.name,
            device.created,
        )
        .must(Must::Exists("device")),
    ]
}

#[async_trait]
impl<D: Driver> Sessions for SqlStore<D> {
    async fn open_session(&self, s: &Session, device: &Device) -> Result<(), StoreError> {
        let [account, device] = with_device(device);
        let session = sql!(
            "INSERT INTO session (id, account, device, secret, former_secret, created, rotated, seen, factor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            s.id,
            s.account,
            s.device,
            s.secret,
            s.former_secret,
            s.created,
            s.rotated,
            s.seen,
            s.factor,
        );
        self.driver.write(vec![account, device, session]).await.map(drop)
    }

    async fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        self.first(sql!("SELECT id, account, name, created FROM device WHERE id = $1", id), "device", device).await
    }

    async fn session_by_secret(&self, secret: [u8; 32]) -> Result<Option<Session>, StoreError> {
        let text =
            concat!("SELECT ", session_columns!(), " FROM session s WHERE s.secret = $1 OR s.former_secret = $1");
        self.first(sql!(text, secret), "session", session).await
    }

    async fn update_session(&self, s: &Session, expected: [u8; 32]) -> Result<(), StoreError> {
        let statement = sql!(
            "UPDATE session SET secret = $3, former_secret = $4, rotated = $5, seen = $6 WHERE id = $1 AND secret = $2",
            s.id,
            expected,
            s.secret,
            s.former_secret,
            s.rotated,
            s.seen,
        );
        self.change(statement.must(Must::Stale)).await.map(drop)
    }

    async fn sessions(&self, account: AccountId) -> Result<Vec<SessionOverview>, StoreError> {
        let text = concat!(
            "SELECT ",
            session_columns!(),
            ", d.id, d.account, d.name, d.created FROM session s JOIN device d ON d.id = s.device
             WHERE s.account = $1 ORDER BY s.seen DESC, s.id DESC"
        );
        self.all(sql!(text, account), "session", |c| Ok(SessionOverview { session: session(c)?, device: device(c)? }))
            .await
    }

    async fn close_sessions(
        &self,
        account: AccountId,
        only: Option<SessionId>,
        keep: Option<SessionId>,
    ) -> Result<Vec<SessionId>, StoreError> {
        let kept = keep.map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let statement = match only {
            Some(id) => {
                sql!("DELETE FROM session WHERE account = $1 AND id <> $2 AND id = $3 RETURNING id", account, kept, id)
            }
            None => sql!("DELETE FROM session WHERE account = $1 AND id <> $2 RETURNING id", account, kept),
        };
        let outcomes = self.driver.write(vec![statement]).await?;
        outcomes.into_iter().flat_map(|outcome| outcome.rows).map(|row| row.columns("session").id()).collect()
    }

    async fn close_idle_sessions(&self, seen_before: Timestamp) -> Result<u64, StoreError> {
        self.change(sql!("DELETE FROM session WHERE seen < $1", seen_before)).await
    }

    async fn put_api_token(&self, t: &ApiToken, device: &Device) -> Result<(), StoreError> {
        let scopes: Vec<&str> = t.scopes.iter().map(|scope| scope.name()).collect();
        let [account, device] = with_device(device);
        let token = sql!(
            "INSERT INTO api_token (id, account, device, name, scopes, secret, created, expires, used)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            t.id,
            t.account,
            t.device,
            &t.name,
            scopes.join(" "),
            t.secret,
            t.created,
            t.expires,
            t.used,
        );
        self.driver.write(vec![account, device, token]).await.map(drop)
    }

    async fn api_token_by_secret(&self, secret: [u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        let text = concat!("SELECT ", token_columns!(), " FROM api_token WHERE secret = $1");
        self.first(sql!(text, secret), "API token", token).await
    }

    async fn api_tokens(&self, account: AccountId) -> Result<Vec<ApiToken>, StoreError> {
        let text =
            concat!("SELECT ", token_columns!(), " FROM api_token WHERE account = $1 ORDER BY created DESC, id DESC");
        self.all(sql!(text, account), "API token", token).await
    }

    async fn touch_api_token(&self, id: ApiTokenId, now: Timestamp) -> Result<(), StoreError> {
        self.change(sql!("UPDATE api_token SET used = $2 WHERE id = $1", id, now)).await.map(drop)
    }

    async fn delete_api_tokens(&self, account: AccountId, only: Option<ApiTokenId>) -> Result<u64, StoreError> {
        let statement = match only {
            Some(id) => sql!("DELETE FROM api_token WHERE account = $1 AND id = $2", account, id),
            None => sql!("DELETE FROM api_token WHERE account = $1", account),
        };
        self.change(statement).await
    }
}
