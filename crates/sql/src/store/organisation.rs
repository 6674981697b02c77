//! The organisation, single-use links, key checks.

use async_trait::async_trait;
use rempart_base::Timestamp;
use rempart_domain::account::{Account, Credentials};
use rempart_domain::organisation::Organisation;
use rempart_domain::session::{LinkPurpose, OneTimeLink};
use rempart_ports::StoreError;
use rempart_ports::store::{KeyCheck, Organisations};

use super::{SqlStore, people, sql};
use crate::driver::{Driver, Must};
use crate::value::Columns;

const SETUP: &str = "setup";
const RESET: &str = "reset";

fn link(secret: [u8; 32], c: &mut Columns) -> Result<OneTimeLink, StoreError> {
    let purpose = match c.text()?.as_str() {
        SETUP => {
            c.blob()?;
            LinkPurpose::Setup
        }
        RESET => LinkPurpose::Reset(c.id()?),
        _ => return Err(c.corrupt()),
    };
    Ok(OneTimeLink { secret, purpose, expires: c.time()? })
}

#[async_trait]
impl<D: Driver> Organisations for SqlStore<D> {
    async fn organisation(&self) -> Result<Option<Organisation>, StoreError> {
        let statement = sql!("SELECT name, domain, host, created FROM organisation WHERE one = 1");
        self.first(statement, "organisation", |c| {
            Ok(Organisation { name: c.text()?, domain: c.text()?, host: c.text()?, created: c.time()? })
        })
        .await
    }

    async fn set_up(
        &self,
        link: [u8; 32],
        now: Timestamp,
        organisation: &Organisation,
        owner: &Account,
        skeleton: &str,
        credentials: &Credentials,
    ) -> Result<(), StoreError> {
        let o = organisation;
        let [account, verifiers] = people::create(owner, skeleton, credentials);
        let batch = vec![
            sql!(
                "INSERT INTO organisation (one, name, domain, host, created) VALUES (1, $1, $2, $3, $4)",
                &o.name,
                &o.domain,
                &o.host,
                o.created,
            ),
            sql!("DELETE FROM link WHERE secret = $1 AND purpose = 'setup' AND expires > $2", link, now)
                .must(Must::Missing("link")),
            account,
            verifiers,
        ];
        self.driver.write(batch).await.map(drop)
    }

    async fn rename_organisation(&self, name: &str) -> Result<(), StoreError> {
        let statement = sql!("UPDATE organisation SET name = $1 WHERE one = 1", name);
        self.change(statement.must(Must::Missing("organisation"))).await.map(drop)
    }

    async fn put_link(&self, link: &OneTimeLink) -> Result<(), StoreError> {
        let (purpose, account) = match &link.purpose {
            LinkPurpose::Setup => (SETUP, &[] as &[u8]),
            LinkPurpose::Reset(account) => (RESET, account.as_bytes().as_slice()),
        };
        let statement = sql!(
            "INSERT INTO link (purpose, account, secret, expires) VALUES ($1, $2, $3, $4)
             ON CONFLICT (purpose, account) DO UPDATE SET secret = excluded.secret, expires = excluded.expires",
            purpose,
            account,
            link.secret,
            link.expires,
        );
        self.change(statement).await.map(drop)
    }

    async fn link(&self, secret: [u8; 32], now: Timestamp) -> Result<Option<OneTimeLink>, StoreError> {
        let statement =
            sql!("SELECT purpose, account, expires FROM link WHERE secret = $1 AND expires > $2", secret, now);
        self.first(statement, "link", |c| link(secret, c)).await
    }

    async fn spend_link(&self, secret: [u8; 32], now: Timestamp) -> Result<OneTimeLink, StoreError> {
        let statement = sql!(
            "DELETE FROM link WHERE secret = $1 AND expires > $2 RETURNING purpose, account, expires",
            secret,
            now
        );
        let outcomes = self.driver.write(vec![statement.must(Must::Missing("link"))]).await?;
        let row = outcomes.into_iter().flat_map(|outcome| outcome.rows).next();
        link(secret, &mut row.ok_or(StoreError::Missing("link"))?.columns("link"))
    }

    async fn key_checks(&self) -> Result<Vec<KeyCheck>, StoreError> {
        let statement = sql!("SELECT purpose, id, proof FROM key_check ORDER BY purpose");
        self.all(statement, "key check", |c| Ok(KeyCheck { purpose: c.text()?, id: c.id()?, check: c.blob()? })).await
    }

    async fn put_key_check(&self, check: &KeyCheck) -> Result<(), StoreError> {
        let text = "INSERT INTO key_check (purpose, id, proof) VALUES ($1, $2, $3)";
        self.change(sql!(text, &check.purpose, check.id, check.check.as_slice())).await.map(drop)
    }
}
