//! The journals of conversations and of accounts. Appending is the engine's.

use async_trait::async_trait;
use rempart_base::{AccountId, BlobHash, ClientId, ConversationId, DeviceId, Timestamp};
use rempart_ports::StoreError;
use rempart_ports::store::{AccountChange, AccountRow, Append, Appended, Journal, JournalRow, Range};

use super::{SqlStore, number, sql};
use crate::append::{self, BUMP_ACCOUNT, NOTE_ACCOUNT, entry_columns};
use crate::driver::{Driver, Must};
use crate::value::Columns;

const AFTER: &str =
    concat!("SELECT ", entry_columns!(), " FROM entry WHERE conversation = $1 AND seq > $2 ORDER BY seq LIMIT $3");

const BEFORE: &str =
    concat!("SELECT ", entry_columns!(), " FROM entry WHERE conversation = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3");

const NEWEST: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM entry WHERE device = $1 AND client_id = $2 ORDER BY written DESC, seq DESC LIMIT 1"
);

fn account_row(c: &mut Columns) -> Result<AccountRow, StoreError> {
    let (seq, time, change) = (c.number()?, c.time()?, c.text()?);
    let (conversation, value) = (c.maybe_id()?, c.number()?);
    let change = match (change.as_str(), conversation) {
        ("membership", Some(id)) => AccountChange::Membership(id, true),
        ("left", Some(id)) => AccountChange::Membership(id, false),
        ("read", Some(id)) => AccountChange::Read(id, value),
        ("settings", None) => AccountChange::Settings,
        ("keys", None) => AccountChange::Keys,
        ("welcome", Some(id)) => AccountChange::Welcome(id),
        _ => return Err(c.corrupt()),
    };
    Ok(AccountRow { seq, time, change })
}

#[async_trait]
impl<D: Driver> Journal for SqlStore<D> {
    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.driver.append(append).await
    }

    async fn read(&self, id: ConversationId, range: Range, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        let statement = match range {
            Range::After(seq) => sql!(AFTER, id, seq, limit),
            Range::Before(seq) => sql!(BEFORE, id, seq, limit),
        };
        let rows = self.driver.read(statement).await?;
        let mut rows = rows.into_iter().map(append::row).collect::<Result<Vec<_>, _>>()?;
        if matches!(range, Range::Before(_)) {
            rows.reverse();
        }
        Ok(rows)
    }

    async fn find(&self, device: DeviceId, client: ClientId) -> Result<Option<JournalRow>, StoreError> {
        let rows = self.driver.read(sql!(NEWEST, device, client)).await?;
        rows.into_iter().next().map(append::row).transpose()
    }

    async fn find_in(
        &self,
        device: DeviceId,
        client: ClientId,
        epoch: [u8; 32],
    ) -> Result<Option<JournalRow>, StoreError> {
        let rows = self.driver.read(sql!(append::FIND, device, client, epoch)).await?;
        rows.into_iter().next().map(append::row).transpose()
    }

    async fn note(&self, id: AccountId, change: AccountChange, now: Timestamp) -> Result<u64, StoreError> {
        let (word, conversation, value) = match change {
            AccountChange::Membership(id, true) => ("membership", Some(id), 0),
            AccountChange::Membership(id, false) => ("left", Some(id), 0),
            AccountChange::Read(id, read) => ("read", Some(id), read),
            AccountChange::Settings => ("settings", None, 0),
            AccountChange::Keys => ("keys", None, 0),
            AccountChange::Welcome(id) => ("welcome", Some(id), 0),
        };
        let batch = vec![
            sql!(BUMP_ACCOUNT, id).must(Must::Missing("account")),
            sql!(NOTE_ACCOUNT, id, now, word, conversation, value),
        ];
        number(self.driver.write(batch).await?.into_iter().next(), "account")
    }

    async fn read_account(&self, id: AccountId, after: u64, limit: u32) -> Result<(Vec<AccountRow>, u64), StoreError> {
        let page = sql!(
            "SELECT seq, written, change, conversation, value FROM account_entry
             WHERE account = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            id,
            after,
            limit
        );
        let last = sql!("SELECT journal_seq FROM account WHERE id = $1", id);
        let mut rows = self.driver.read_all(vec![page, last]).await?.into_iter();
        let page = rows.next().unwrap_or_default();
        let page =
            page.into_iter().map(|row| account_row(&mut row.columns("account entry"))).collect::<Result<_, _>>()?;
        let last = rows.next().unwrap_or_default().into_iter().next();
        Ok((page, last.map_or(Ok(0), |row| row.columns("account").number())?))
    }

    async fn blob_visible(&self, id: ConversationId, account: AccountId, blob: BlobHash) -> Result<bool, StoreError> {
        let statement = sql!(
            "SELECT 1 FROM membership m JOIN blob_use u ON u.conversation = m.conversation AND u.seq >= m.from_seq
             WHERE m.conversation = $1 AND m.account = $2 AND u.blob = $3 LIMIT 1",
            id,
            account,
            blob
        );
        Ok(!self.driver.read(statement).await?.is_empty())
    }
}
