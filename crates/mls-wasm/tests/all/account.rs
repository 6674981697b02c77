//! The account's identity key: made once, kept with the device, handed to the next one.

use rempart_mls_wasm::values::ChangesIn;
use rempart_mls_wasm::{Installation, Refused};

use crate::{GROUP, Worker, adding, as_whom, beliefs, code};

#[test]
fn two_devices_of_an_account_share_its_key_and_nothing_else() {
    let mut one = Worker::enrol(1, 0x11, None);
    let mut two = Worker::enrol(1, 0x12, Some(&one.seed()));
    let (a, b) = (one.inner.identity(), two.inner.identity());
    assert_eq!(a.account_key, b.account_key);
    assert_ne!(a.device_key, b.device_key);
    assert_ne!(a.credential, b.credential);
    assert_ne!(Worker::enrol(1, 0x13, None).inner.identity().account_key, a.account_key);
    two.again();
    assert_eq!(two.inner.identity(), b);

    let (first, second, third) = (beliefs(&[&one]), beliefs(&[&one]), beliefs(&[&one]));
    one.inner.create(&GROUP, "hybrid", Some(b"policy"), first).unwrap();
    one.write();
    let out = one.inner.commit(&GROUP, adding(two.package()), second).unwrap();
    assert_eq!(out.roster.len(), 2);
    one.write();
    one.inner.confirm(&GROUP).unwrap();
    one.write();
    let joined = two.inner.join(&out.welcome.unwrap(), third).unwrap();
    two.write();
    assert_eq!(joined.epoch_ref, out.epoch_ref);
    // Recorded: both export the same secrets.
    let secrets = |of: &mut Worker| of.inner.archive_secrets(&GROUP).unwrap().unwrap();
    let (made, got) = (secrets(&mut one), secrets(&mut two));
    assert_eq!((&made.key, &made.seed), (&got.key, &got.seed));
    let leaves = one.inner.leaves(&GROUP).unwrap();
    assert!(leaves.iter().any(|leaf| leaf.key.as_slice() == b.device_key && leaf.seat.device == b.device));
}

#[test]
fn a_device_whose_account_key_nobody_knows_is_refused() {
    let mut one = Worker::enrol(1, 0x11, None);
    let mut two = Worker::enrol(1, 0x12, None);
    let (first, second) = (beliefs(&[&one]), beliefs(&[&one]));
    one.inner.create(&GROUP, "hybrid", None, first).unwrap();
    one.write();
    assert_eq!(code(one.inner.commit(&GROUP, adding(two.package()), second)), "mls_identity");
    let mut nobody = beliefs(&[&one]);
    nobody.directory.clear();
    assert_eq!(code(one.inner.commit(&GROUP, adding(two.package()), nobody)), "mls_unknown_account");
    assert!(one.inner.take_batch().is_none());
}

#[test]
fn without_the_account_key_nothing_is_signed_in_its_name() {
    let mut one = Worker::enrol(1, 0x11, None);
    one.database.remove(b"a".as_slice());
    one.again();
    assert_eq!(one.inner.identity().account_key, None);
    assert_eq!(code(one.inner.revocation_entry(&crate::id(0x12))), Refused::NO_ACCOUNT_KEY);
}

#[test]
fn values_that_are_none_are_refused_before_anything_happens() {
    let mut one = Worker::enrol(1, 0x11, None);
    let all = || beliefs(&[&Worker::enrol(1, 0x11, None)]);
    assert_eq!(code(one.inner.key_packages("hybrid", 201, false, crate::now())), Refused::VALUE);
    assert_eq!(code(one.inner.key_packages("x", 1, false, crate::now())), Refused::VALUE);
    assert_eq!(code(one.inner.create(&[0; 15], "hybrid", None, all())), Refused::VALUE);
    assert_eq!(code(one.inner.commit(&[0; 17], ChangesIn::default(), all())), Refused::VALUE);
    assert_eq!(code(one.inner.export(&GROUP, "x", b"", 65_536)), Refused::VALUE);
    assert_eq!(code(one.inner.create(&GROUP, "hybrid", Some(b"unsigned"), all())), "group_archive_uncertified");
    assert!(one.inner.take_batch().is_none());
    assert_eq!(code(Installation::enrol(&as_whom(1, 2), Some(&[0; 31]))), Refused::VALUE);
}
