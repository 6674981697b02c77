//! Groups of sealed conversations.

use async_trait::async_trait;
use rempart_base::{AccountId, ConversationId, DeviceId, Timestamp};
use rempart_ports::StoreError;
use rempart_ports::store::{GroupRow, Groups, WelcomeRow};

use super::{SqlStore, sql};
use crate::driver::{Driver, Must};
use crate::value::Columns;

/// Bodies that nobody waits for.
const DROP_BODY: &str = "DELETE FROM welcome_body WHERE conversation = $1 AND seq = $2
    AND NOT EXISTS (SELECT 1 FROM welcome w WHERE w.conversation = $1 AND w.seq = $2)";

#[async_trait]
impl<D: Driver> Groups for SqlStore<D> {
    async fn group(&self, id: ConversationId) -> Result<Option<GroupRow>, StoreError> {
        let statement = sql!(
            "SELECT c.rules_version, g.state, g.since FROM group_state g JOIN conversation c ON c.id = g.conversation
             WHERE g.conversation = $1",
            id
        );
        self.first(statement, "group", |c| {
            Ok(GroupRow { rules_version: c.int()?, state: c.blob()?, since: c.number()? })
        })
        .await
    }

    async fn keep_group(
        &self,
        id: ConversationId,
        rules_version: i64,
        state: Vec<u8>,
        due: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let raised = "UPDATE conversation SET rules_version = rules_version + 1 WHERE id = $1 AND rules_version = $2";
        let batch = vec![
            sql!(raised, id, rules_version).must(Must::Stale),
            sql!("UPDATE group_state SET state = $2, due = $3 WHERE conversation = $1", id, state, due)
                .must(Must::Missing("group")),
        ];
        self.driver.write(batch).await.map(drop)
    }

    async fn due_groups(&self, now: Timestamp) -> Result<Vec<ConversationId>, StoreError> {
        let statement = sql!(
            "SELECT conversation FROM group_state WHERE due IS NOT NULL AND due <= $1 ORDER BY due LIMIT 100",
            now
        );
        self.all(statement, "group", Columns::id).await
    }

    async fn groups_to_tidy(&self) -> Result<Vec<ConversationId>, StoreError> {
        let statement = sql!(
            "SELECT DISTINCT l.conversation FROM group_leaf l
             LEFT JOIN membership m ON m.conversation = l.conversation AND m.account = l.account
             LEFT JOIN account a ON a.id = l.account AND a.active = 1
             WHERE l.leaving = 0 AND (m.account IS NULL OR a.id IS NULL) LIMIT 100"
        );
        self.all(statement, "group", Columns::id).await
    }

    async fn groups_of(&self, account: AccountId) -> Result<Vec<ConversationId>, StoreError> {
        let statement =
            sql!("SELECT DISTINCT conversation FROM group_leaf WHERE account = $1 ORDER BY conversation", account);
        self.all(statement, "group", Columns::id).await
    }

    async fn welcomes(&self, account: AccountId, device: DeviceId) -> Result<Vec<WelcomeRow>, StoreError> {
        let statement = sql!(
            "SELECT b.conversation, b.seq, b.body FROM welcome w
             JOIN welcome_body b ON b.conversation = w.conversation AND b.seq = w.seq
             JOIN membership m ON m.conversation = w.conversation AND m.account = $1
             WHERE w.device = $2 ORDER BY b.written, b.conversation, b.seq LIMIT 200",
            account,
            device
        );
        self.all(statement, "welcome", |c| Ok(WelcomeRow { conversation: c.id()?, seq: c.number()?, body: c.blob()? }))
            .await
    }

    async fn drop_welcome(&self, device: DeviceId, id: ConversationId, seq: u64) -> Result<bool, StoreError> {
        let batch = vec![
            sql!("DELETE FROM welcome WHERE device = $1 AND conversation = $2 AND seq = $3", device, id, seq),
            sql!(DROP_BODY, id, seq).when(0),
        ];
        Ok(self.driver.write(batch).await?.first().is_some_and(|outcome| outcome.touched > 0))
    }

    async fn drop_welcomes_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let batch = vec![
            sql!(
                "DELETE FROM welcome WHERE EXISTS (SELECT 1 FROM welcome_body b
                 WHERE b.conversation = welcome.conversation AND b.seq = welcome.seq AND b.written < $1)",
                before
            ),
            sql!("DELETE FROM welcome_body WHERE written < $1", before),
        ];
        Ok(self.driver.write(batch).await?.last().map_or(0, |outcome| outcome.touched))
    }
}
