//! The device dies at every step: before its batch is kept, and after.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rempart_group_policy::Rank;
use rempart_mls_client::state::Value;
use rempart_mls_client::{Batch, Changes, Client, ClientError, MemoryStore, Received, StateStore, StoreFailure, Suite};

use crate::world::{GROUP, Known, device, enrol};

/// A disk that outlives the device, and fails when told: at the n-th commit, before or after it is on disk.
#[derive(Clone, Default)]
struct Disk(Rc<RefCell<Inner>>);

#[derive(Default)]
struct Inner {
    kept: MemoryStore,
    commits: usize,
    fail: Option<(usize, bool)>,
}

impl StateStore for Disk {
    fn load(&self) -> Result<BTreeMap<Vec<u8>, Value>, StoreFailure> {
        self.0.borrow().kept.load()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreFailure> {
        let mut inner = self.0.borrow_mut();
        inner.commits += 1;
        let at = inner.commits;
        let fail = inner.fail.filter(|(n, _)| *n == at);
        if fail.is_none_or(|(_, after)| after) {
            inner.kept.commit(batch)?;
        }
        fail.map_or(Ok(()), |_| Err(StoreFailure("the disk is full".to_owned())))
    }
}

/// Does what a person wants until it is done, whatever the disk does; `reopen` kills the process at each failure.
fn scenario(fail: Option<(usize, bool)>, reopen: bool) -> usize {
    let known = Known::new(&[(1, Rank::Owner), (2, Rank::Member)]);
    let trust = known.trust();
    let mut peer = enrol(MemoryStore::default(), 2, 0, known.now);
    let package = peer.key_packages(Suite::Classical, 1, false, known.now).unwrap().remove(0);

    let disk = Disk::default();
    let mut client = enrol(disk.clone(), 1, 0, known.now);
    let start = disk.0.borrow().commits;
    disk.0.borrow_mut().fail = fail.map(|(n, after)| (start + n, after));
    let recover = |client: &mut Client<Disk>, error: ClientError| {
        assert!(matches!(error, ClientError::Store(_)), "{error}");
        if reopen {
            *client = Client::open(disk.clone()).unwrap();
        }
    };

    // Make the group; if its making was kept although we were told it failed, it is there.
    while client.epoch(GROUP).is_err() {
        if let Err(e) = client.create(GROUP, Suite::Classical, None, &trust) {
            recover(&mut client, e);
        }
    }
    // Add the peer. A commit that was kept but never sent is withdrawn and made again.
    let add = Changes { add: vec![package], ..Changes::default() };
    let welcome = loop {
        match client.commit(GROUP, &add, &trust) {
            Ok(outgoing) => break outgoing.welcome.unwrap(),
            Err(ClientError::CommitPending) => {
                if let Err(e) = client.withdraw(GROUP) {
                    recover(&mut client, e);
                }
            }
            Err(e) => recover(&mut client, e),
        }
    };
    // The server took it: enter its epoch.
    while client.epoch(GROUP).unwrap().0 == 0 {
        if let Err(e) = client.confirm(GROUP) {
            recover(&mut client, e);
        }
    }
    peer.join(&welcome, &trust).unwrap();
    // Say something. A sealed message that was never sent leaves a gap and no harm.
    let sealed = loop {
        match client.seal(GROUP, b"one") {
            Ok(sealed) => break sealed,
            Err(e) => recover(&mut client, e),
        }
    };
    let read = peer.receive(GROUP, &sealed, &trust).unwrap();
    assert!(matches!(read, Received::Content { content, .. } if content == b"one"));
    // Read something. What was kept as read is not read twice: MLS calls it a replay.
    let answer = peer.seal(GROUP, b"two").unwrap();
    let mut known_lost = false;
    loop {
        match client.receive(GROUP, &answer, &trust) {
            Ok(Received::Content { content, .. }) => {
                assert_eq!(content, b"two");
                break;
            }
            Err(ClientError::Mls(_)) if known_lost => break,
            Err(e) => {
                known_lost = fail.is_some_and(|(_, after)| after);
                recover(&mut client, e);
            }
            Ok(_) => panic!("content is expected"),
        }
    }
    // Follow the peer's commit.
    let update = peer.commit(GROUP, &Changes::default(), &trust).unwrap();
    peer.confirm(GROUP).unwrap();
    while client.epoch(GROUP).unwrap().1 != update.epoch_ref {
        match client.receive(GROUP, &update.commit, &trust) {
            Ok(Received::Commit { .. }) => {}
            Err(e) => recover(&mut client, e),
            Ok(_) => panic!("a commit is expected"),
        }
    }
    let steps = disk.0.borrow().commits - start;
    disk.0.borrow_mut().fail = None;
    // Both are in one epoch, and both roads are open, also after a restart.
    client = Client::open(disk.clone()).unwrap();
    assert_eq!(client.epoch(GROUP).unwrap(), peer.epoch(GROUP).unwrap());
    let last = client.seal(GROUP, b"three").unwrap();
    assert!(
        matches!(peer.receive(GROUP, &last, &trust).unwrap(), Received::Content { from, .. } if from == device(1, 0))
    );
    let back = peer.seal(GROUP, b"four").unwrap();
    assert!(matches!(client.receive(GROUP, &back, &trust).unwrap(), Received::Content { .. }));
    steps
}

#[test]
fn every_failure_point_leaves_a_usable_device() {
    let steps = scenario(None, false);
    assert!(steps >= 6, "{steps}");
    for step in 1..=steps {
        for after in [false, true] {
            for reopen in [false, true] {
                scenario(Some((step, after)), reopen);
            }
        }
    }
}

#[test]
fn a_store_that_cannot_be_read_stops_everything_until_it_can() {
    #[derive(Default)]
    struct Broken {
        kept: MemoryStore,
        broken: bool,
    }
    impl StateStore for Broken {
        fn load(&self) -> Result<BTreeMap<Vec<u8>, Value>, StoreFailure> {
            if self.broken { Err(StoreFailure("unplugged".to_owned())) } else { self.kept.load() }
        }
        fn commit(&mut self, batch: &Batch) -> Result<(), StoreFailure> {
            if self.broken { Err(StoreFailure("unplugged".to_owned())) } else { self.kept.commit(batch) }
        }
    }
    let known = Known::new(&[(1, Rank::Owner)]);
    let mut client = enrol(Broken::default(), 1, 0, known.now);
    client.create(GROUP, Suite::Classical, None, &known.trust()).unwrap();
    client.store_mut().broken = true;
    assert!(matches!(client.seal(GROUP, b"x"), Err(ClientError::Store(_))));
    assert!(matches!(client.seal(GROUP, b"x"), Err(ClientError::Unloaded)));
    assert!(client.reload().is_err());
    client.store_mut().broken = false;
    client.reload().unwrap();
    client.seal(GROUP, b"x").unwrap();
}
