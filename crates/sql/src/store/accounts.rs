//! Accounts, credentials, invitations, failures, presence choices.

use async_trait::async_trait;
use rempart_base::{AccountId, InvitationId, Timestamp};
use rempart_domain::account::{Account, Credentials, Language};
use rempart_domain::invitation::Invitation;
use rempart_domain::presence::{Availability, Choice};
use rempart_domain::role::Role;
use rempart_ports::StoreError;
use rempart_ports::store::{AccountFilter, AccountOverview, AccountPage, Accounts, Throttle};

use super::people::{self, account_columns};
use super::{SqlStore, fold, many, sql};
use crate::driver::{Driver, Must, Statement};
use crate::value::{Columns, Value};

/// What a page of accounts shows: six words, a role or `''`, open or not or -1.
macro_rules! fitting {
    () => {
        "fold LIKE $1 ESCAPE '!' AND fold LIKE $2 ESCAPE '!' AND fold LIKE $3 ESCAPE '!' AND fold LIKE $4 ESCAPE '!'
         AND fold LIKE $5 ESCAPE '!' AND fold LIKE $6 ESCAPE '!' AND (role = $7 OR $7 = '') AND (active = $8 OR $8 < 0)
         AND (department = $9 OR $9 = '')
         AND ($10 = '' OR ($10 = 'with') = EXISTS (SELECT 1 FROM credentials c WHERE c.account = account.id AND c.totp IS NOT NULL))"
    };
}

/// Greater than any text that begins with a prefix, once put after it.
const END: char = '\u{10FFFF}';

fn throttle(c: &mut Columns) -> Result<Throttle, StoreError> {
    Ok(Throttle { key: c.text()?, failures: c.number()?, first: c.time()?, last: c.time()?, until: c.time()? })
}

fn invitation(c: &mut Columns) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: c.id()?,
        secret: c.id()?,
        role: c.named(Role::from_name)?,
        local: c.maybe_text()?,
        display_name: c.maybe_text()?,
        inviter: c.maybe_id()?,
        created: c.time()?,
        expires: c.time()?,
    })
}

#[async_trait]
impl<D: Driver> Accounts for SqlStore<D> {
    async fn create_account(
        &self,
        account: &Account,
        skeleton: &str,
        credentials: &Credentials,
    ) -> Result<(), StoreError> {
        self.driver.write(people::create(account, skeleton, credentials).into()).await.map(drop)
    }

    async fn accept_invitation(
        &self,
        secret: [u8; 32],
        now: Timestamp,
        account: &Account,
        skeleton: &str,
        credentials: &Credentials,
    ) -> Result<(), StoreError> {
        let spend = sql!(
            "UPDATE invitation SET state = 'spent' WHERE secret = $1 AND state = 'open' AND expires > $2",
            secret,
            now
        );
        let [made, verifiers] = people::create(account, skeleton, credentials);
        self.driver.write(vec![spend.must(Must::Missing("invitation")), made, verifiers]).await.map(drop)
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let text = concat!("SELECT ", account_columns!(), " FROM account WHERE id = $1");
        self.first(sql!(text, id), "account", people::account).await
    }

    async fn accounts(&self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        let text = concat!("SELECT ", account_columns!(), " FROM account WHERE id IN ", many!());
        self.of_many(text, ids, "account", people::account).await
    }

    async fn account_by_local(&self, local: &str) -> Result<Option<Account>, StoreError> {
        let text = concat!("SELECT ", account_columns!(), " FROM account WHERE local = $1");
        self.first(sql!(text, local), "account", people::account).await
    }

    async fn list_accounts(&self, filter: &AccountFilter) -> Result<AccountPage, StoreError> {
        let words = fold::patterns(&filter.query).into_iter().map(Value::from);
        let role = filter.role.map_or("", Role::name);
        let active = filter.active.map_or(-1, i64::from);
        let department = filter.department.as_deref().unwrap_or_default();
        let totp = match filter.totp {
            None => "",
            Some(true) => "with",
            Some(false) => "without",
        };
        let fitting: Vec<Value> = words.chain([role.into(), active.into(), department.into(), totp.into()]).collect();
        let total = Statement::new(concat!("SELECT count(*) FROM account WHERE ", fitting!()), fitting.clone());
        let (sort, id) = match &filter.after {
            Some((sort, id)) => (sort.as_str(), id.as_bytes().as_slice()),
            None => ("", &[] as &[u8]),
        };
        // One row more than asked for tells whether there is a next page.
        let limit = filter.limit.saturating_add(1);
        let args = fitting.into_iter().chain([sort.into(), id.into(), limit.into()]).collect();
        let page = Statement::new(
            concat!(
                "SELECT ",
                account_columns!(),
                ", sort FROM account WHERE ",
                fitting!(),
                " AND (sort, id) > ($11, $12) ORDER BY sort, id LIMIT $13"
            ),
            args,
        );
        let mut rows = self.driver.read_all(vec![total, page]).await?.into_iter();
        let total = rows.next().and_then(|rows| rows.into_iter().next()).ok_or(StoreError::Corrupt("account"))?;
        let mut accounts = Vec::new();
        let mut places = Vec::new();
        for row in rows.next().unwrap_or_default() {
            let mut c = row.columns("account");
            accounts.push(people::account(&mut c)?);
            places.push(c.text()?);
        }
        let asked = filter.limit as usize;
        let more = accounts.len() > asked;
        accounts.truncate(asked);
        places.truncate(asked);
        let last = places.pop().zip(accounts.last().map(|account| account.id));
        Ok(AccountPage { accounts, next: last.filter(|_| more), total: total.columns("account").number()? })
    }

    async fn departments(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        let statement = sql!(
            "SELECT DISTINCT department FROM account WHERE active = 1 AND department <> '' ORDER BY department LIMIT $1",
            limit
        );
        self.all(statement, "account", |c| c.text()).await
    }

    async fn account_overviews(&self, ids: &[AccountId]) -> Result<Vec<AccountOverview>, StoreError> {
        let text = concat!(
            "SELECT a.id, CASE WHEN c.totp IS NULL THEN 0 ELSE 1 END,
             (SELECT count(DISTINCT s.device) FROM session s WHERE s.account = a.id)
             FROM account a LEFT JOIN credentials c ON c.account = a.id WHERE a.id IN ",
            many!()
        );
        self.of_many(text, ids, "account", |c| {
            Ok(AccountOverview { account: c.id()?, totp: c.truth()?, devices: c.number()? })
        })
        .await
    }

    async fn account_counts(&self) -> Result<(u64, u64), StoreError> {
        let statement = sql!(
            "SELECT count(CASE WHEN c.totp IS NULL THEN 1 END), count(CASE WHEN a.role = 'owner' THEN 1 END)
             FROM account a LEFT JOIN credentials c ON c.account = a.id WHERE a.active = 1"
        );
        let counts = self.first(statement, "account", |c| Ok((c.number()?, c.number()?))).await?;
        Ok(counts.unwrap_or_default())
    }

    async fn update_profile(
        &self,
        id: AccountId,
        display_name: &str,
        title: &str,
        department: &str,
        language: Language,
    ) -> Result<(), StoreError> {
        // What search looks at holds the address, which never changes.
        let account = self.account(id).await?.ok_or(StoreError::Missing("account"))?;
        let statement = sql!(
            "UPDATE account SET display_name = $2, title = $3, department = $4, language = $5, sort = $6, fold = $7
             WHERE id = $1",
            id,
            display_name,
            title,
            department,
            language.name(),
            fold::sort(display_name),
            fold::searched(&account.local, display_name, title, department),
        );
        self.change(statement.must(Must::Missing("account"))).await.map(drop)
    }

    async fn update_standing(&self, id: AccountId, role: Role, active: bool) -> Result<(), StoreError> {
        let batch = vec![
            // Two who lower the last two owners at once wait here for each other.
            sql!("UPDATE counter SET value = value + 1 WHERE name = 'standing'"),
            sql!("SELECT 1 FROM account WHERE id = $1", id).must(Must::Missing("account")),
            sql!(
                "UPDATE account SET role = $2, active = $3 WHERE id = $1
                 AND ($4 = 'stays' OR role <> 'owner' OR active = 0 OR EXISTS (SELECT 1 FROM account o
                 WHERE o.role = 'owner' AND o.active = 1 AND o.id <> $1))",
                id,
                role.name(),
                active,
                if role == Role::Owner && active { "stays" } else { "goes" },
            )
            .must(Must::Stale),
        ];
        self.driver.write(batch).await.map(drop)
    }

    async fn touch_account(&self, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
        let text = "UPDATE account SET seen = $2 WHERE id = $1 AND (seen IS NULL OR seen < $2)";
        self.change(sql!(text, id, now)).await.map(drop)
    }

    async fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, StoreError> {
        let statement = sql!(
            "SELECT password, password_changed, former, must_change, totp, totp_offered, totp_step, recovery
             FROM credentials WHERE account = $1",
            id
        );
        self.first(statement, "credentials", people::credentials).await
    }

    async fn replace_credentials(
        &self,
        id: AccountId,
        expected: &Credentials,
        new: &Credentials,
    ) -> Result<(), StoreError> {
        self.change(people::replace(id, expected, new)).await.map(drop)
    }

    async fn throttles(&self, keys: &[String]) -> Result<Vec<Throttle>, StoreError> {
        let text =
            concat!("SELECT subject, failures, first_at, last_at, until FROM throttle WHERE subject IN ", many!());
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.of_many(text, &keys, "failures", throttle).await
    }

    async fn throttled(&self, prefix: &str, now: Timestamp) -> Result<Vec<Throttle>, StoreError> {
        let statement = sql!(
            "SELECT subject, failures, first_at, last_at, until FROM throttle
             WHERE subject >= $1 AND subject < $2 AND until > $3 ORDER BY subject",
            prefix,
            format!("{prefix}{END}"),
            now,
        );
        self.all(statement, "failures", throttle).await
    }

    async fn put_throttles(&self, throttles: &[Throttle]) -> Result<(), StoreError> {
        let put = |t: &Throttle| {
            sql!(
                "INSERT INTO throttle (subject, failures, first_at, last_at, until) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, first_at = excluded.first_at,
                 last_at = excluded.last_at, until = excluded.until",
                &t.key,
                t.failures,
                t.first,
                t.last,
                t.until,
            )
        };
        // One order for all, so that two writers of the same keys never wait for each other in a circle.
        let mut throttles: Vec<&Throttle> = throttles.iter().collect();
        throttles.sort_by_key(|t| &t.key);
        self.driver.write(throttles.into_iter().map(put).collect()).await.map(drop)
    }

    async fn clear_throttles(&self, prefixes: &[String], before: Option<Timestamp>) -> Result<u64, StoreError> {
        let before = before.map_or(i64::MAX, Timestamp::millis);
        let clear = |prefix: &String| {
            sql!(
                "DELETE FROM throttle WHERE subject >= $1 AND subject < $2 AND last_at < $3",
                prefix,
                format!("{prefix}{END}"),
                before
            )
        };
        let outcomes = self.driver.write(prefixes.iter().map(clear).collect()).await?;
        Ok(outcomes.iter().map(|outcome| outcome.touched).sum())
    }

    async fn put_invitation(&self, i: &Invitation) -> Result<(), StoreError> {
        let statement = sql!(
            "INSERT INTO invitation (id, secret, role, local, display_name, inviter, created, expires, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open')",
            i.id,
            i.secret,
            i.role.name(),
            i.local.as_deref(),
            i.display_name.as_deref(),
            i.inviter,
            i.created,
            i.expires,
        );
        self.change(statement).await.map(drop)
    }

    async fn invitation(&self, secret: [u8; 32], now: Timestamp) -> Result<Option<Invitation>, StoreError> {
        let statement = sql!(
            "SELECT id, secret, role, local, display_name, inviter, created, expires FROM invitation
             WHERE secret = $1 AND state = 'open' AND expires > $2",
            secret,
            now
        );
        self.first(statement, "invitation", invitation).await
    }

    async fn invitations(&self, since: Timestamp) -> Result<Vec<Invitation>, StoreError> {
        let statement = sql!(
            "SELECT id, secret, role, local, display_name, inviter, created, expires FROM invitation
             WHERE state = 'open' AND expires > $1 ORDER BY created DESC, id DESC",
            since
        );
        self.all(statement, "invitation", invitation).await
    }

    async fn revoke_invitation(&self, id: InvitationId) -> Result<(), StoreError> {
        let statement = sql!("UPDATE invitation SET state = 'revoked' WHERE id = $1 AND state = 'open'", id);
        self.change(statement.must(Must::Missing("invitation"))).await.map(drop)
    }

    async fn presence_choices(&self) -> Result<Vec<(AccountId, Choice)>, StoreError> {
        let statement = sql!("SELECT account, availability, words, until FROM presence ORDER BY account");
        self.all(statement, "presence", |c| {
            let id = c.id()?;
            let availability = match c.maybe_text()? {
                Some(name) => Some(Availability::from_name(&name).ok_or(c.corrupt())?),
                None => None,
            };
            Ok((id, Choice { availability, text: c.text()?, until: c.maybe_time()? }))
        })
        .await
    }

    async fn put_presence_choice(&self, id: AccountId, choice: &Choice) -> Result<(), StoreError> {
        let statement = sql!(
            "INSERT INTO presence (account, availability, words, until) VALUES ($1, $2, $3, $4)
             ON CONFLICT (account) DO UPDATE SET availability = excluded.availability, words = excluded.words,
             until = excluded.until",
            id,
            choice.availability.map(Availability::name),
            &choice.text,
            choice.until,
        );
        self.change(statement).await.map(drop)
    }
}
