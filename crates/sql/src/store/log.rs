//! The transparency log over all entries.

use async_trait::async_trait;
use rempart_base::ConversationId;
use rempart_ports::StoreError;
use rempart_ports::store::{LogBatch, LogEntry, LogPosition, LogState, Run, Tile, TransparencyLog, Unlogged};

use super::{SqlStore, sql};
use crate::driver::{Driver, Must};
use crate::value::Columns;

fn head(c: &mut Columns) -> Result<Unlogged, StoreError> {
    Ok(Unlogged { conversation: c.id()?, logged: c.number()?, last: c.number()? })
}

fn run(c: &mut Columns) -> Result<Run, StoreError> {
    Ok(Run { position: c.number()?, conversation: c.id()?, first_seq: c.number()?, count: c.number()? })
}

#[async_trait]
impl<D: Driver> TransparencyLog for SqlStore<D> {
    async fn log_state(&self) -> Result<LogState, StoreError> {
        let statement = sql!("SELECT size, frontier, checkpoint FROM log_state WHERE one = 1");
        let state = self
            .first(statement, "log state", |c| {
                Ok(LogState { size: c.number()?, frontier: c.blob()?, checkpoint: c.text()? })
            })
            .await?;
        state.ok_or(StoreError::Corrupt("log state"))
    }

    async fn unlogged(&self, limit: u32) -> Result<Vec<Unlogged>, StoreError> {
        let statement = sql!(
            "SELECT id, logged_seq, last_seq FROM conversation WHERE last_seq > logged_seq ORDER BY id LIMIT $1",
            limit
        );
        self.all(statement, "conversation", head).await
    }

    async fn leaves(&self, id: ConversationId, after: u64, limit: u32) -> Result<Vec<LogEntry>, StoreError> {
        let statement = sql!(
            "SELECT seq, leaf, written FROM entry WHERE conversation = $1 AND seq > $2 ORDER BY seq LIMIT $3",
            id,
            after,
            limit
        );
        self.all(statement, "entry", |c| Ok(LogEntry { seq: c.number()?, leaf: c.blob()?, time: c.time()? })).await
    }

    async fn write_log(&self, b: &LogBatch) -> Result<(), StoreError> {
        let mut batch = Vec::with_capacity(1 + 2 * b.runs.len() + b.tiles.len());
        batch.push(
            sql!(
                "UPDATE log_state SET size = $2, frontier = $3, checkpoint = $4, written = $5 WHERE one = 1 AND size = $1",
                b.expected_size,
                b.state.size,
                b.state.frontier.as_slice(),
                &b.state.checkpoint,
                b.now,
            )
            .must(Must::Stale),
        );
        // Conversations in one order, as appends lock them; a stable sort keeps the runs of one in their order.
        let mut runs: Vec<&Run> = b.runs.iter().collect();
        runs.sort_by_key(|run| run.conversation);
        for run in runs {
            let last = run.first_seq.saturating_add(run.count).saturating_sub(1);
            batch.push(
                sql!(
                    "UPDATE conversation SET logged_seq = $3 WHERE id = $1 AND logged_seq + 1 = $2
                     AND last_seq >= $3 AND $3 >= $2",
                    run.conversation,
                    run.first_seq,
                    last,
                )
                .must(Must::Stale),
            );
            batch.push(sql!(
                "INSERT INTO log_run (position, conversation, first_seq, length) VALUES ($1, $2, $3, $4)",
                run.position,
                run.conversation,
                run.first_seq,
                run.count,
            ));
        }
        batch.extend(b.tiles.iter().map(|tile| {
            sql!(
                "INSERT INTO tile (level, place, hashes) VALUES ($1, $2, $3)
                 ON CONFLICT (level, place) DO UPDATE SET hashes = excluded.hashes",
                u32::from(tile.level),
                tile.index,
                tile.hashes.as_slice(),
            )
        }));
        self.driver.write(batch).await.map(drop)
    }

    async fn position(&self, id: ConversationId, seq: u64) -> Result<Option<LogPosition>, StoreError> {
        let statement = sql!(
            "SELECT position, conversation, first_seq, length FROM log_run WHERE conversation = $1 AND first_seq <= $2
             ORDER BY first_seq DESC LIMIT 1",
            id,
            seq
        );
        let run = self.first(statement, "log run", run).await?;
        Ok(run.and_then(|run| {
            let inside = seq.checked_sub(run.first_seq).filter(|inside| *inside < run.count)?;
            Some(run.position + inside)
        }))
    }

    async fn runs(&self, from: u64, limit: u32) -> Result<Vec<Run>, StoreError> {
        let statement = sql!(
            "SELECT position, conversation, first_seq, length FROM log_run WHERE position >= $1 ORDER BY position LIMIT $2",
            from,
            limit
        );
        self.all(statement, "log run", run).await
    }

    async fn tile(&self, level: u8, index: u64) -> Result<Option<Tile>, StoreError> {
        let statement = sql!("SELECT hashes FROM tile WHERE level = $1 AND place = $2", u32::from(level), index);
        self.first(statement, "tile", |c| Ok(Tile { level, index, hashes: c.blob()? })).await
    }

    async fn journal_heads(&self, after: Option<ConversationId>, limit: u32) -> Result<Vec<Unlogged>, StoreError> {
        let after = after.map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let statement =
            sql!("SELECT id, logged_seq, last_seq FROM conversation WHERE id > $1 ORDER BY id LIMIT $2", after, limit);
        self.all(statement, "conversation", head).await
    }

    async fn count_rows(&self, id: ConversationId) -> Result<u64, StoreError> {
        let statement = sql!("SELECT count(*) FROM entry WHERE conversation = $1", id);
        Ok(self.first(statement, "entry", Columns::number).await?.unwrap_or(0))
    }
}
