//! The transparency log.

use rempart_base::ConversationId;

use super::{Backend, at, conversation_id, group, message, people, refused};
use crate::store::{LogBatch, LogState, Run, Store, StoreError, Tile, Unlogged};

fn run(position: u64, conversation: ConversationId, first_seq: u64, count: u64) -> Run {
    Run { position, conversation, first_seq, count }
}

fn batch(expected_size: u64, size: u64, runs: Vec<Run>) -> LogBatch {
    let state = LogState { size, frontier: vec![size as u8, 0, 255], checkpoint: format!("size {size}") };
    LogBatch { expected_size, state, runs, tiles: Vec::new(), now: at(0) }
}

fn unlogged(n: u8, logged: u64, last: u64) -> Unlogged {
    Unlogged { conversation: conversation_id(n), logged, last }
}

/// Two groups of 4 and 2 entries.
async fn two(store: &dyn Store) -> (ConversationId, ConversationId) {
    people(store, 1).await;
    let (one, other) = (group(store, 1, &[1]).await, group(store, 2, &[1]).await);
    for client in 10..13 {
        store.append(message(one, 1, client)).await.unwrap();
    }
    store.append(message(other, 1, 20)).await.unwrap();
    (one, other)
}

/// What a round wrote is found by entry and by position; what has no position has none.
pub async fn positions_are_written_and_read(store: Backend) {
    let (one, other) = two(&*store).await;
    assert_eq!(store.log_state().await.unwrap(), LogState::default());
    let first = batch(0, 5, vec![run(0, other, 1, 2), run(2, one, 1, 3)]);
    store.write_log(&first).await.unwrap();
    assert_eq!(store.log_state().await.unwrap(), first.state);
    store.append(message(one, 1, 30)).await.unwrap();
    let second = batch(5, 7, vec![run(5, one, 4, 1), run(6, one, 5, 1)]);
    store.write_log(&second).await.unwrap();
    let position = async |id, seq| store.position(id, seq).await.unwrap();
    for (id, seq, expected) in [(other, 1, 0), (other, 2, 1), (one, 1, 2), (one, 3, 4), (one, 4, 5), (one, 5, 6)] {
        assert_eq!(position(id, seq).await, Some(expected), "{seq}");
    }
    for (id, seq) in [(other, 3), (one, 0), (one, 6), (conversation_id(9), 1)] {
        assert_eq!(position(id, seq).await, None, "{seq}");
    }
    let all = [first.runs, second.runs].concat();
    assert_eq!(store.runs(0, 10).await.unwrap(), all);
    assert_eq!(store.runs(0, 2).await.unwrap(), all[..2]);
    assert_eq!(store.runs(5, 10).await.unwrap(), all[2..]);
    assert_eq!(store.runs(7, 10).await.unwrap(), []);
    store.write_log(&batch(7, 7, Vec::new())).await.unwrap();
}

/// A round made on another size writes nothing.
pub async fn a_log_written_from_another_state_is_refused(store: Backend) {
    let (one, other) = two(&*store).await;
    store.write_log(&batch(0, 2, vec![run(0, other, 1, 2)])).await.unwrap();
    let stale = batch(0, 4, vec![run(0, one, 1, 4)]);
    refused!(store.write_log(&stale).await, StoreError::Stale);
    refused!(store.write_log(&batch(3, 7, vec![run(3, one, 1, 4)])).await, StoreError::Stale);
    assert_eq!(store.log_state().await.unwrap().size, 2);
    assert_eq!(store.position(one, 1).await.unwrap(), None);
    let (a, b) = (batch(2, 6, vec![run(2, one, 1, 4)]), batch(2, 3, vec![run(2, one, 1, 1)]));
    let (a, b) = tokio::join!(store.write_log(&a), store.write_log(&b));
    assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1);
    refused!(a.and(b), StoreError::Stale);
}

/// A run that leaves entries out, repeats some or goes beyond the journal is refused with its whole round.
pub async fn a_run_that_does_not_follow_is_refused(store: Backend) {
    let (one, other) = two(&*store).await;
    for (first, count) in [(2, 1), (1, 5), (0, 1)] {
        let tried = batch(0, 2 + count, vec![run(0, other, 1, 2), run(2, one, first, count)]);
        refused!(store.write_log(&tried).await, StoreError::Stale);
    }
    assert_eq!(store.log_state().await.unwrap(), LogState::default());
    assert_eq!(store.runs(0, 10).await.unwrap(), []);
    store.write_log(&batch(0, 2, vec![run(0, one, 1, 2)])).await.unwrap();
    refused!(store.write_log(&batch(2, 3, vec![run(2, one, 2, 1)])).await, StoreError::Stale);
}

/// Conversations wait until all of their entries have positions; leaves come in order.
pub async fn conversations_wait_for_positions(store: Backend) {
    assert_eq!(store.unlogged(10).await.unwrap(), []);
    let (one, other) = two(&*store).await;
    let waiting = async |limit| {
        let mut waiting = store.unlogged(limit).await.unwrap();
        waiting.sort_by_key(|u| u.conversation);
        waiting
    };
    assert_eq!(waiting(10).await, [unlogged(1, 0, 4), unlogged(2, 0, 2)]);
    assert_eq!(waiting(1).await.len(), 1);
    store.write_log(&batch(0, 4, vec![run(0, one, 1, 2), run(2, other, 1, 2)])).await.unwrap();
    assert_eq!(waiting(10).await, [unlogged(1, 2, 4)]);
    store.append(message(other, 1, 40)).await.unwrap();
    assert_eq!(waiting(10).await, [unlogged(1, 2, 4), unlogged(2, 2, 3)]);
    let leaves = store.leaves(one, 2, 10).await.unwrap();
    let told: Vec<_> = leaves.into_iter().map(|l| (l.seq, l.leaf, l.time)).collect();
    assert_eq!(told, [(3, b"leaf 3".to_vec(), at(11)), (4, b"leaf 4".to_vec(), at(12))]);
    assert_eq!(store.leaves(one, 0, 3).await.unwrap().len(), 3);
}

/// A tile is read as it was last written.
pub async fn tiles_grow(store: Backend) {
    assert_eq!(store.tile(0, 0).await.unwrap(), None);
    let tile = |level, index, count: usize| Tile { level, index, hashes: (0..32 * count).map(|i| i as u8).collect() };
    let with = |expected, tiles| LogBatch { tiles, ..batch(expected, expected, Vec::new()) };
    store.write_log(&with(0, vec![tile(0, 0, 3), tile(0, 1, 1), tile(1, 0, 1)])).await.unwrap();
    store.write_log(&with(0, vec![tile(0, 0, 256)])).await.unwrap();
    assert_eq!(store.tile(0, 0).await.unwrap(), Some(tile(0, 0, 256)));
    assert_eq!(store.tile(0, 1).await.unwrap(), Some(tile(0, 1, 1)));
    assert_eq!(store.tile(1, 0).await.unwrap(), Some(tile(1, 0, 1)));
    refused!(store.write_log(&with(9, vec![tile(1, 0, 2)])).await, StoreError::Stale);
    assert_eq!(store.tile(1, 0).await.unwrap(), Some(tile(1, 0, 1)));
}

/// Every journal's counters, page by page, and the rows that there really are.
pub async fn journals_are_counted(store: Backend) {
    let (one, other) = two(&*store).await;
    group(&*store, 3, &[1]).await;
    store.write_log(&batch(0, 2, vec![run(0, one, 1, 2)])).await.unwrap();
    assert_eq!(store.journal_heads(None, 2).await.unwrap(), [unlogged(1, 2, 4), unlogged(2, 0, 2)]);
    assert_eq!(store.journal_heads(Some(other), 2).await.unwrap(), [unlogged(3, 0, 1)]);
    assert_eq!(store.journal_heads(Some(conversation_id(3)), 2).await.unwrap(), []);
    assert_eq!(store.count_rows(one).await.unwrap(), 4);
    assert_eq!(store.count_rows(conversation_id(9)).await.unwrap(), 0);
}
