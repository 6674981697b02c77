//! The administration journal, leases, reports, health.

use std::sync::Arc;

use rempart_base::NodeId;

use super::{Backend, at, group, id, people};
use crate::store::{AuditRow, Lease, NewAudit, Report};

fn audit(n: i64) -> NewAudit {
    NewAudit {
        time: at(n),
        actor: "operator".into(),
        action: "accounts.disable".into(),
        target: format!("target {n}"),
        outcome: "done".into(),
        origin: "::1".into(),
    }
}

const fn node(n: u8) -> NodeId {
    NodeId::from_bytes(id(0x40, n))
}

/// Entries are numbered without gap, many at once too, and read newest first.
pub async fn the_administration_journal_has_no_gap(store: Backend) {
    assert_eq!(store.read_audit(None, 10).await.unwrap(), []);
    for n in 1..=3 {
        assert_eq!(store.audit(&audit(n)).await.unwrap(), n as u64);
    }
    let row = |n: i64| AuditRow { seq: n as u64, entry: audit(n) };
    assert_eq!(store.read_audit(None, 2).await.unwrap(), [row(3), row(2)]);
    assert_eq!(store.read_audit(Some(3), 10).await.unwrap(), [row(2), row(1)]);
    assert_eq!(store.read_audit(Some(1), 10).await.unwrap(), []);
    let writers: Vec<_> = (0..20)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.audit(&audit(n)).await.unwrap() })
        })
        .collect();
    let mut given = Vec::new();
    for writer in writers {
        given.push(writer.await.unwrap());
    }
    given.sort_unstable();
    assert_eq!(given, (4..=23).collect::<Vec<u64>>());
    assert_eq!(store.read_audit(None, 100).await.unwrap().len(), 23);
}

/// Another takes a lease only once it is past or given back; the fence rises with each holder.
pub async fn a_lease_has_one_holder(store: Backend) {
    let take = async |n, now, until| store.take_lease("sequencer", node(n), at(now), at(until)).await.unwrap();
    let lease = |n, until, fence| Some(Lease { name: "sequencer".into(), holder: node(n), until: at(until), fence });
    assert_eq!(take(1, 0, 10).await, lease(1, 10, 1));
    assert_eq!(take(2, 9, 19).await, None);
    assert_eq!(take(1, 9, 19).await, lease(1, 19, 1));
    assert_eq!(take(2, 18, 28).await, None);
    assert_eq!(take(2, 19, 29).await, lease(2, 29, 2));
    assert_eq!(take(1, 20, 30).await, None);
    store.release_lease("sequencer", node(1)).await.unwrap();
    assert_eq!(take(1, 20, 30).await, None);
    store.release_lease("sequencer", node(2)).await.unwrap();
    assert_eq!(take(1, 20, 30).await, lease(1, 30, 3));
    let other = store.take_lease("sweeper", node(2), at(20), at(30)).await.unwrap().unwrap();
    assert_eq!((other.name.as_str(), other.fence), ("sweeper", 1));
    store.release_lease("nobody's", node(2)).await.unwrap();
}

/// Of many who take a free lease at once, one has it.
pub async fn a_lease_taken_at_once_has_one_holder(store: Backend) {
    let tries: Vec<_> = (0..8)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.take_lease("x", node(n), at(0), at(10)).await.unwrap() })
        })
        .collect();
    let mut holders = Vec::new();
    for one in tries {
        holders.extend(one.await.unwrap());
    }
    assert_eq!(holders.len(), 1, "{holders:?}");
    assert_eq!(holders[0].fence, 1);
}

/// A task's last report stands.
pub async fn reports_are_replaced(store: Backend) {
    let report = |task: &str, changed, error: Option<&str>| Report {
        task: task.into(),
        time: at(changed as i64),
        changed,
        error: error.map(str::to_owned),
    };
    assert_eq!(store.reports().await.unwrap(), []);
    store.put_report(&report("sweep", 1, None)).await.unwrap();
    store.put_report(&report("sequence", 2, Some("the disk is full"))).await.unwrap();
    store.put_report(&report("sweep", 3, None)).await.unwrap();
    assert_eq!(
        store.reports().await.unwrap(),
        [report("sequence", 2, Some("the disk is full")), report("sweep", 3, None)]
    );
}

/// The backend answers, has a size if it knows one, and finds itself sound.
pub async fn is_healthy_and_sound(store: Backend) {
    people(&*store, 2).await;
    group(&*store, 1, &[1, 2]).await;
    store.check().await.unwrap();
    assert_ne!(store.size().await.unwrap(), Some(0));
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
}
