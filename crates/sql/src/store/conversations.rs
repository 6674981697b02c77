//! Conversations, memberships and marks.

use async_trait::async_trait;
use rempart_base::{AccountId, ConversationId, Timestamp};
use rempart_domain::conversation::{Conversation, Kind, MemberRole, Membership, Protection};
use rempart_ports::StoreError;
use rempart_ports::store::{ConversationView, Conversations, Marks, MemberMark};

use super::{SqlStore, number, sql};
use crate::append::{BUMP_ACCOUNT, NOTE_ACCOUNT};
use crate::driver::{Driver, Must};
use crate::value::{Columns, Value};

macro_rules! conversation_columns {
    () => {
        "c.id, c.kind, c.protection, c.rules_version, c.last_seq, c.last_time, c.members, c.wrapped_key, c.details_seq, \
         c.created"
    };
}

macro_rules! membership_columns {
    () => {
        "m.conversation, m.account, m.role, m.since, m.from_seq, m.muted, m.pinned"
    };
}

fn conversation(c: &mut Columns) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id: c.id()?,
        kind: c.named(Kind::from_name)?,
        protection: c.named(Protection::from_name)?,
        rules_version: c.int()?,
        last_seq: c.number()?,
        last_time: c.maybe_time()?,
        members: c.number()?,
        wrapped_key: c.blob()?,
        details_seq: c.number()?,
        created: c.time()?,
    })
}

fn membership(c: &mut Columns) -> Result<Membership, StoreError> {
    Ok(Membership {
        conversation: c.id()?,
        account: c.id()?,
        role: c.named(MemberRole::from_name)?,
        since: c.time()?,
        from_seq: c.number()?,
        muted: c.truth()?,
        pinned: c.truth()?,
    })
}

fn view(account: AccountId, c: &mut Columns) -> Result<ConversationView, StoreError> {
    let (conversation, membership, read) = (conversation(c)?, membership(c)?, c.number()?);
    let pair: [Option<AccountId>; 2] = [c.maybe_id()?, c.maybe_id()?];
    let with = pair.into_iter().flatten().find(|id| *id != account);
    Ok(ConversationView { conversation, membership, read, with })
}

#[async_trait]
impl<D: Driver> Conversations for SqlStore<D> {
    async fn conversation(&self, id: ConversationId) -> Result<Option<Conversation>, StoreError> {
        let text = concat!("SELECT ", conversation_columns!(), " FROM conversation c WHERE c.id = $1");
        self.first(sql!(text, id), "conversation", conversation).await
    }

    async fn direct(
        &self,
        pair: (AccountId, AccountId),
        protection: Protection,
    ) -> Result<Option<ConversationId>, StoreError> {
        let statement = sql!(
            "SELECT id FROM conversation WHERE pair_low = $1 AND pair_high = $2 AND protection = $3",
            pair.0.min(pair.1),
            pair.0.max(pair.1),
            protection.name(),
        );
        self.first(statement, "conversation", Columns::id).await
    }

    async fn membership(
        &self,
        id: ConversationId,
        account: AccountId,
    ) -> Result<Option<(Conversation, Membership)>, StoreError> {
        let text = concat!(
            "SELECT ",
            conversation_columns!(),
            ", ",
            membership_columns!(),
            " FROM membership m JOIN conversation c ON c.id = m.conversation WHERE m.conversation = $1 AND m.account = $2"
        );
        self.first(sql!(text, id, account), "membership", |c| Ok((conversation(c)?, membership(c)?))).await
    }

    async fn members(&self, id: ConversationId) -> Result<Vec<Membership>, StoreError> {
        let text = concat!(
            "SELECT ",
            membership_columns!(),
            " FROM membership m WHERE m.conversation = $1 ORDER BY m.since, m.from_seq, m.account"
        );
        self.all(sql!(text, id), "membership", membership).await
    }

    async fn views(
        &self,
        account: AccountId,
        only: Option<ConversationId>,
    ) -> Result<Vec<ConversationView>, StoreError> {
        let statement = match only {
            None => sql!(
                concat!(
                    "SELECT ",
                    conversation_columns!(),
                    ", ",
                    membership_columns!(),
                    ", m.read_seq, c.pair_low, c.pair_high FROM membership m JOIN conversation c ON c.id = m.conversation
                     WHERE m.account = $1 ORDER BY coalesce(c.last_time, c.created) DESC, c.id DESC"
                ),
                account
            ),
            Some(id) => sql!(
                concat!(
                    "SELECT ",
                    conversation_columns!(),
                    ", ",
                    membership_columns!(),
                    ", m.read_seq, c.pair_low, c.pair_high FROM membership m JOIN conversation c ON c.id = m.conversation
                     WHERE m.account = $1 AND m.conversation = $2"
                ),
                account,
                id
            ),
        };
        self.all(statement, "membership", |c| view(account, c)).await
    }

    async fn channels(&self, account: AccountId) -> Result<Vec<(Conversation, bool)>, StoreError> {
        let text = concat!(
            "SELECT ",
            conversation_columns!(),
            ", CASE WHEN m.account IS NULL THEN 0 ELSE 1 END FROM conversation c
             LEFT JOIN membership m ON m.conversation = c.id AND m.account = $1
             WHERE c.kind = 'channel' ORDER BY c.created DESC, c.id DESC LIMIT 1000"
        );
        self.all(sql!(text, account), "conversation", |c| Ok((conversation(c)?, c.truth()?))).await
    }

    async fn contacts(&self, account: AccountId) -> Result<Vec<AccountId>, StoreError> {
        let statement = sql!(
            "SELECT DISTINCT other.account FROM membership mine JOIN membership other
             ON other.conversation = mine.conversation WHERE mine.account = $1 AND other.account <> $1
             ORDER BY other.account",
            account
        );
        self.all(statement, "membership", Columns::id).await
    }

    async fn set_muted_pinned(
        &self,
        id: ConversationId,
        account: AccountId,
        muted: bool,
        pinned: bool,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let batch = vec![
            sql!(
                "UPDATE membership SET muted = $3, pinned = $4 WHERE conversation = $1 AND account = $2",
                id,
                account,
                muted,
                pinned
            )
            .must(Must::Missing("membership")),
            sql!(BUMP_ACCOUNT, account).must(Must::Missing("account")),
            sql!(NOTE_ACCOUNT, account, now, "membership", id, 0i64),
        ];
        let mut outcomes = self.driver.write(batch).await?.into_iter();
        number(outcomes.nth(1), "account")
    }

    async fn raise_marks(&self, marks: &[Marks], now: Timestamp) -> Result<Vec<Marks>, StoreError> {
        // One order for all, so that two writers never wait for each other in a circle.
        let mut marks: Vec<&Marks> = marks.iter().collect();
        marks.sort_by_key(|m| (m.mark.account, m.conversation));
        let mut batch = Vec::with_capacity(4 * marks.len());
        for Marks { conversation, mark } in marks {
            let values = || -> Vec<Value> {
                vec![(*conversation).into(), mark.account.into(), mark.delivered.into(), mark.read.into()]
            };
            let read_rises = batch.len();
            batch.push(crate::driver::Statement::new(
                "UPDATE membership SET delivered_seq = CASE WHEN $3 > delivered_seq THEN $3 ELSE delivered_seq END,
                 read_seq = $4 WHERE conversation = $1 AND account = $2 AND read_seq < $4
                 RETURNING conversation, account, delivered_seq, read_seq",
                values(),
            ));
            batch.push(sql!(
                "UPDATE membership SET delivered_seq = $3 WHERE conversation = $1 AND account = $2 AND delivered_seq < $3
                 RETURNING conversation, account, delivered_seq, read_seq",
                *conversation,
                mark.account,
                mark.delivered,
            ));
            batch.push(sql!(BUMP_ACCOUNT, mark.account).when(read_rises));
            batch.push(sql!(NOTE_ACCOUNT, mark.account, now, "read", *conversation, mark.read).when(read_rises + 2));
        }
        let outcomes = self.driver.write(batch).await?;
        let raised = outcomes.into_iter().enumerate().filter(|(place, _)| place % 4 < 2);
        raised
            .flat_map(|(_, outcome)| outcome.rows)
            .map(|row| {
                let mut c = row.columns("membership");
                let conversation = c.id()?;
                Ok(Marks {
                    conversation,
                    mark: MemberMark { account: c.id()?, delivered: c.number()?, read: c.number()? },
                })
            })
            .collect()
    }

    async fn marks(&self, id: ConversationId) -> Result<Vec<MemberMark>, StoreError> {
        let statement = sql!(
            "SELECT account, delivered_seq, read_seq FROM membership
             WHERE conversation = $1 AND (delivered_seq > 0 OR read_seq > 0) ORDER BY account",
            id
        );
        self.all(statement, "membership", |c| {
            Ok(MemberMark { account: c.id()?, delivered: c.number()?, read: c.number()? })
        })
        .await
    }
}
