//! The entries that an installation makes, logged, signed and followed as the worker does it.

use rempart_base::Timestamp;
use rempart_key_log::{Entry, KeyLog, Leaf};
use rempart_merkle::{Checkpoint, LogKey};
use rempart_mls_wasm::LogCopy;
use rempart_mls_wasm::key_log::ChangeOut;
use serde_bytes::ByteBuf;

use crate::{Worker, code, id, now};

const ORIGIN: &str = "kerbrat.example/keys";

/// The server's log.
struct Log {
    key: LogKey,
    leaves: Vec<ByteBuf>,
    log: KeyLog,
}

impl Log {
    fn new() -> Self {
        Self { key: LogKey::from_seed(ORIGIN, &[7; 32]).unwrap(), leaves: Vec::new(), log: KeyLog::new() }
    }

    fn add(&mut self, entries: &[Vec<u8>]) {
        for entry in entries {
            let time = self.log.time_for(Timestamp::from_millis(now() as i64));
            let leaf = Leaf { time, entry: Entry::decode(entry).unwrap() }.encode();
            self.log.follow(&[&leaf]).unwrap();
            self.leaves.push(ByteBuf::from(leaf));
        }
    }

    fn note(&self) -> String {
        let (size, root) = (self.log.size(), self.log.root());
        let head = Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() };
        head.sign(&self.key).unwrap()
    }

    fn key(&self) -> String {
        self.key.verifier().to_string()
    }
}

#[test]
fn what_an_installation_publishes_is_followed_from_a_signed_head() {
    let (one, other) = (Worker::enrol(1, 0x11, None), Worker::enrol(2, 0x21, None));
    let second = Worker::enrol(1, 0x12, Some(&one.seed()));
    let mut server = Log::new();
    server.add(&[one.inner.identity_entry().unwrap(), one.inner.device_entry().unwrap()]);
    let mut copy = LogCopy::begin(ORIGIN, &server.key()).unwrap();
    let first = copy.take(&server.leaves, &server.note(), &server.key()).unwrap();
    assert!(first.current);
    assert_eq!(copy.next(), 2);
    assert!(copy.compare(&id(1), &id(2)).unwrap().is_none());

    // The second device signs with the same key; the first one ends.
    server.add(&[second.inner.device_entry().unwrap(), one.inner.revocation_entry(&id(0x11)).unwrap()]);
    server.add(&[other.inner.identity_entry().unwrap(), other.inner.device_entry().unwrap()]);
    let mut copy = LogCopy::open(&copy.keep()).unwrap();
    let part = copy.take(&server.leaves[2..3], &server.note(), &server.key()).unwrap();
    assert!(!part.current && part.changes.is_empty());
    let taken = copy.take(&server.leaves[3..], &server.note(), &server.key()).unwrap();
    assert!(taken.current);
    assert!(taken.changes.contains(&ChangeOut::Added { account: id(1), device: id(0x12) }));
    assert!(taken.changes.contains(&ChangeOut::Ended { account: id(1), device: id(0x11) }));
    assert!(taken.changes.contains(&ChangeOut::Identity { account: id(2), serial: 0, reset: false }));

    let view = copy.view(now()).unwrap();
    let live: Vec<_> = view.devices.iter().filter(|d| d.live).map(|d| d.device.clone()).collect();
    assert_eq!(live, [id(0x12), id(0x21)]);
    assert_eq!(view.identities[0].key, second.inner.identity().account_key.unwrap());
    let compared = copy.compare(&id(1), &id(2)).unwrap().unwrap();
    assert_eq!(compared.number, copy.compare(&id(2), &id(1)).unwrap().unwrap().number);
    assert_ne!(compared.fingerprint, copy.compare(&id(2), &id(1)).unwrap().unwrap().fingerprint);
}

#[test]
fn what_the_server_must_not_show_has_a_code() {
    let one = Worker::enrol(1, 0x11, None);
    let mut server = Log::new();
    server.add(&[one.inner.identity_entry().unwrap(), one.inner.device_entry().unwrap()]);
    assert_eq!(code(LogCopy::begin("elsewhere/keys", &server.key()).map(|_| ())), "log_key");
    assert_eq!(code(LogCopy::open(b"x").map(|_| ())), "log_damaged");

    let mut copy = LogCopy::begin(ORIGIN, &server.key()).unwrap();
    let stranger = LogKey::from_seed(ORIGIN, &[8; 32]).unwrap().verifier().to_string();
    assert_eq!(code(copy.take(&server.leaves, &server.note(), &stranger)), "log_other_key");
    assert_eq!(code(copy.take(&server.leaves, "no note", &server.key())), "log_head");
    let mut changed = server.leaves.clone();
    changed.swap(0, 1);
    assert_eq!(code(copy.take(&changed, &server.note(), &server.key())), "log_entry");
    assert!(copy.take(&server.leaves, &server.note(), &server.key()).unwrap().current);
    // Another log of the same length under the same key.
    let (other, mut fork) = (Worker::enrol(2, 0x21, None), Log::new());
    fork.add(&[other.inner.identity_entry().unwrap()]);
    assert_eq!(code(copy.take(&[], &fork.note(), &server.key())), "log_shrunk");
    fork.add(&[other.inner.device_entry().unwrap()]);
    assert_eq!(code(copy.take(&[], &fork.note(), &server.key())), "log_fork");
    assert_eq!(copy.next(), 2);
}
