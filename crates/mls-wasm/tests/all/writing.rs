//! Nothing goes on before the batch is written, and nothing that was not written is remembered.

use rempart_mls_wasm::aside::Entries;
use rempart_mls_wasm::values::{ChangesIn, OpenedOut, ReceivedOut};
use rempart_mls_wasm::{Installation, Refused};
use serde_bytes::ByteBuf;

use crate::{GROUP, Worker, adding, beliefs, code, now};

fn pair() -> (Worker, Worker) {
    let (mut one, mut two) = (Worker::enrol(1, 0x11, None), Worker::enrol(2, 0x21, None));
    let all = || beliefs(&[&one, &two]);
    let (first, second, third) = (all(), all(), all());
    one.inner.create(&GROUP, "hybrid", None, first).unwrap();
    one.write();
    let package = two.package();
    let out = one.inner.commit(&GROUP, adding(package), second).unwrap();
    one.write();
    one.inner.confirm(&GROUP).unwrap();
    one.write();
    let joined = two.inner.join(&out.welcome.unwrap(), third).unwrap();
    two.write();
    assert_eq!(joined.epoch_ref, out.epoch_ref);
    assert_eq!(joined.by, one.inner.identity().device);
    (one, two)
}

#[test]
fn every_operation_waits_for_the_batch_before() {
    let (mut one, two) = pair();
    one.inner.seal(&GROUP, b"first").unwrap();
    let all = || beliefs(&[&two]);
    for taken in [false, true] {
        if taken {
            assert!(one.inner.take_batch().is_some());
        } else {
            assert!(one.inner.written().is_err(), "nothing was taken yet");
        }
        assert_eq!(code(one.inner.seal(&GROUP, b"second")), Refused::BUSY);
        assert_eq!(code(one.inner.key_packages("hybrid", 1, false, now())), Refused::BUSY);
        assert_eq!(code(one.inner.create(&[1; 16], "hybrid", None, all())), Refused::BUSY);
        assert_eq!(code(one.inner.commit(&GROUP, ChangesIn::default(), all())), Refused::BUSY);
        assert_eq!(code(one.inner.confirm(&GROUP)), Refused::BUSY);
        assert_eq!(code(one.inner.withdraw(&GROUP)), Refused::BUSY);
        assert_eq!(code(one.inner.join(b"", all())), Refused::BUSY);
        assert_eq!(code(one.inner.receive(&GROUP, &[], all())), Refused::BUSY);
        assert_eq!(code(one.inner.archive_secrets(&GROUP)), Refused::BUSY);
        assert_eq!(code(one.inner.export(&GROUP, "meeting", b"", 32)), Refused::BUSY);
        assert_eq!(code(one.inner.epoch(&GROUP)), Refused::BUSY);
        assert_eq!(code(one.inner.leaves(&GROUP)), Refused::BUSY);
        assert_eq!(code(one.inner.settled(&GROUP, 1)), Refused::BUSY);
        assert_eq!(code(one.inner.go_back(&GROUP, &[0; 32])), Refused::BUSY);
        assert_eq!(code(one.inner.forget(&GROUP)), Refused::BUSY);
    }
    one.inner.written().unwrap();
    one.inner.seal(&GROUP, b"second").unwrap();
}

#[test]
fn reading_and_refusals_leave_nothing_to_write() {
    let (mut one, two) = pair();
    one.inner.epoch(&GROUP).unwrap();
    one.inner.leaves(&GROUP).unwrap();
    one.inner.export(&GROUP, "meeting", b"", 32).unwrap();
    one.inner.statement("merged", &GROUP, &[0; 32]).unwrap();
    assert_eq!(code(one.inner.withdraw(&GROUP)), "mls_no_commit_pending");
    assert_eq!(code(one.inner.go_back(&GROUP, &[0; 32])), "mls_no_snapshot");
    let opened = one.inner.receive(&GROUP, &[ByteBuf::from(*b"rubbish")], beliefs(&[&two])).unwrap();
    assert!(matches!(opened[..], [OpenedOut::Refused("mls_malformed")]));
    assert_eq!(code(one.inner.epoch(&[0; 16])), "mls_no_group");
    assert!(one.inner.take_batch().is_none());
    assert_eq!(code(one.inner.written()), Refused::BUSY);
}

/// The database takes a batch, or not, and the tab is closed: what is left goes on with the others either way.
#[test]
fn a_batch_that_was_lost_never_happened() {
    for (lost, closed) in [(false, false), (false, true), (true, false), (true, true)] {
        let (mut one, mut two) = pair();
        let all = || beliefs(&[&one, &two]);
        let (first, second, third) = (all(), all(), all());
        one.inner.commit(&GROUP, ChangesIn::default(), first).unwrap();
        if lost {
            one.inner.take_batch().unwrap();
        } else {
            one.write();
        }
        if closed {
            one.again();
        } else {
            one.inner.reload(one.database.clone()).unwrap();
        }
        // A commit that was kept waits, one that was lost does not.
        let left = one.inner.withdraw(&GROUP);
        assert_eq!(left.is_err(), lost);
        one.write();
        let out = one.inner.commit(&GROUP, ChangesIn::default(), second).unwrap();
        one.write();
        one.inner.confirm(&GROUP).unwrap();
        one.write();
        let got = two.inner.receive(&GROUP, &[out.commit], third).unwrap();
        two.write();
        let [OpenedOut::Ok(ReceivedOut::Commit { epoch_ref, .. })] = &got[..] else { panic!("a commit") };
        let epoch_ref = epoch_ref.clone();
        assert_eq!(epoch_ref, one.inner.epoch(&GROUP).unwrap().epoch_ref);
        let secret = |of: &mut Worker| of.inner.export(&GROUP, "meeting", b"", 32).unwrap();
        assert_eq!(secret(&mut one), secret(&mut two));
    }
}

#[test]
fn messages_are_taken_each_by_itself_and_kept_together() {
    let (mut one, mut two) = pair();
    let all = || beliefs(&[&one, &two]);
    let (commit, first, second) = (all(), all(), all());
    let mut said = Vec::new();
    for text in [b"one", b"two"] {
        said.push(ByteBuf::from(one.inner.seal(&GROUP, text).unwrap()));
        one.write();
    }
    said.insert(1, ByteBuf::from(*b"rubbish"));
    said.push(said[0].clone());
    said.push(one.inner.commit(&GROUP, ChangesIn::default(), commit).unwrap().commit);
    one.write();
    let opened = two.inner.receive(&GROUP, &said, first).unwrap();
    let [
        OpenedOut::Ok(ReceivedOut::Content { content: a, .. }),
        OpenedOut::Refused("mls_malformed"),
        OpenedOut::Ok(ReceivedOut::Content { content: b, .. }),
        OpenedOut::Refused("mls_refused"),
        OpenedOut::Ok(ReceivedOut::Commit { .. }),
    ] = &opened[..]
    else {
        panic!("two messages and a commit, without the rubbish and the replay")
    };
    assert_eq!((a.as_slice(), b.as_slice()), (&b"one"[..], &b"two"[..]));
    // One batch: without it, none of them happened, and all can be taken again.
    two.inner.take_batch().unwrap();
    two.again();
    assert_eq!(two.inner.receive(&GROUP, &said, second).unwrap().len(), 5);
    assert!(two.write());
    assert!(!two.write());
    one.inner.confirm(&GROUP).unwrap();
    one.write();
    assert_eq!(one.inner.epoch(&GROUP).unwrap(), two.inner.epoch(&GROUP).unwrap());
}

#[test]
fn a_database_that_cannot_be_read_stops_everything() {
    let (mut one, _) = pair();
    one.inner.seal(&GROUP, b"first").unwrap();
    let mut damaged = one.database.clone();
    damaged.insert(b"a".to_vec(), vec![1; 31].into());
    assert_eq!(code(one.inner.reload(damaged)), Refused::VALUE);
    assert_eq!(code(one.inner.seal(&GROUP, b"second")), Refused::BUSY);
    one.inner.reload(one.database.clone()).unwrap();
    one.inner.seal(&GROUP, b"second").unwrap();
    assert_eq!(code(Installation::open(Entries::new())), "mls_not_enrolled");
}
