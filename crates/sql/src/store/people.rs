//! Accounts and credentials as rows: shared by setting up, inviting and administration.

use rempart_domain::account::{Account, Credentials, Language};
use rempart_domain::role::Role;
use rempart_ports::StoreError;

use super::{fold, sql};
use crate::driver::{Must, Statement};
use crate::value::{Columns, Value};

/// Columns of an account, as [`account`] reads them.
macro_rules! account_columns {
    () => {
        "id, local, display_name, title, department, language, role, active, created, seen"
    };
}
pub(super) use account_columns;

const INSERT_ACCOUNT: &str = concat!(
    "INSERT INTO account (",
    account_columns!(),
    ", skeleton, sort, fold, journal_seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)"
);

const INSERT_CREDENTIALS: &str =
    "INSERT INTO credentials (account, password, password_changed, former, must_change, totp,
    totp_offered, totp_step, recovery) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Every column of the credentials expected is compared, so that what one of two changed at once is never lost.
const REPLACE_CREDENTIALS: &str =
    "UPDATE credentials SET password = $2, password_changed = $3, former = $4, must_change = $5,
    totp = $6, totp_offered = $7, totp_step = $8, recovery = $9
    WHERE account = $1 AND password = $10 AND password_changed = $11 AND former = $12 AND must_change = $13
    AND totp IS NOT DISTINCT FROM $14 AND totp_offered IS NOT DISTINCT FROM $15 AND totp_step = $16 AND recovery = $17";

pub(super) fn account(c: &mut Columns) -> Result<Account, StoreError> {
    Ok(Account {
        id: c.id()?,
        local: c.text()?,
        display_name: c.text()?,
        title: c.text()?,
        department: c.text()?,
        language: c.named(Language::from_name)?,
        role: c.named(Role::from_name)?,
        active: c.truth()?,
        created: c.time()?,
        seen: c.maybe_time()?,
    })
}

/// Statements that make an account.
pub(super) fn create(a: &Account, skeleton: &str, credentials: &Credentials) -> [Statement; 2] {
    let account = sql!(
        INSERT_ACCOUNT,
        a.id,
        &a.local,
        &a.display_name,
        &a.title,
        &a.department,
        a.language.name(),
        a.role.name(),
        a.active,
        a.created,
        a.seen,
        skeleton,
        fold::sort(&a.display_name),
        fold::searched_account(a),
    );
    let args = std::iter::once(a.id.into()).chain(values(credentials)).collect();
    [account, Statement::new(INSERT_CREDENTIALS, args)]
}

/// The statement that replaces credentials if they are still what they were.
pub(super) fn replace(id: rempart_base::AccountId, expected: &Credentials, new: &Credentials) -> Statement {
    let args = std::iter::once(id.into()).chain(values(new)).chain(values(expected)).collect();
    Statement::new(REPLACE_CREDENTIALS, args).must(Must::Stale)
}

fn values(c: &Credentials) -> [Value; 8] {
    [
        (&c.password).into(),
        c.password_changed.into(),
        c.former.join("\n").into(),
        c.must_change.into(),
        c.totp.as_deref().into(),
        c.totp_offered.as_deref().into(),
        c.totp_step.into(),
        listed(&c.recovery).into(),
    ]
}

/// Credentials from all columns but the account.
pub(super) fn credentials(c: &mut Columns) -> Result<Credentials, StoreError> {
    Ok(Credentials {
        password: c.text()?,
        password_changed: c.time()?,
        former: c.text()?.lines().map(str::to_owned).collect(),
        must_change: c.truth()?,
        totp: c.maybe_blob()?,
        totp_offered: c.maybe_blob()?,
        totp_step: c.int()?,
        recovery: {
            let listed = c.blob()?;
            unlisted(&listed).ok_or(c.corrupt())?
        },
    })
}

/// Byte strings one after the other, each after its length in two bytes. None of ours is longer than 64 bytes.
fn listed(items: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        let length = u16::try_from(item.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend(item.iter().take(length.into()));
    }
    out
}

fn unlisted(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut items = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let (item, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        items.push(item.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_strings_come_back_and_damage_is_seen() {
        let items = vec![vec![1; 32], Vec::new(), vec![2; 3]];
        let bytes = listed(&items);
        assert_eq!(unlisted(&bytes), Some(items));
        assert_eq!(unlisted(&bytes[..bytes.len() - 1]), None);
        assert_eq!(unlisted(&[0]), None);
        assert_eq!(unlisted(&[]), Some(Vec::new()));
    }
}
