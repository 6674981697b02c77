use proptest::prelude::*;
use rempart_base::time::{DAY, MINUTE};
use rempart_group_policy::{DeviceClaim, DeviceCredential};
use rempart_key_log::{BadEntry, Cause, Ended, Entry, Fault, KeyLog, Leaf, MAX_LIVE, MAX_OPAQUE, News};

use crate::world::{
    NOW, account, added, device, first, identity, key, leaf, leaf_at, log_of, public, revoked, revoked_by_server,
    rotated, signed, tell,
};

#[test]
fn an_account_has_keys_and_devices() {
    let mut log = KeyLog::new();
    let news = tell(&mut log, first(1, 10)).unwrap();
    assert_eq!(news, [News::Identity { account: account(1), serial: 0, reset: false }]);
    let news = tell(&mut log, added(1, 2, 20, 10)).unwrap();
    assert_eq!(news, [News::Added { account: account(1), device: device(2) }]);
    tell(&mut log, added(1, 3, 21, 10)).unwrap();
    assert_eq!(log.identity(account(1)).unwrap().key, public(10));
    let live: Vec<_> = log.live(account(1), NOW).map(|d| (d.device(), d.leaf_key)).collect();
    assert_eq!(live, [(device(2), public(20)), (device(3), public(21))]);

    let news = tell(&mut log, revoked(1, 2, 10)).unwrap();
    assert_eq!(news, [News::Ended { account: account(1), device: device(2), how: Ended::Account }]);
    let news = tell(&mut log, revoked_by_server(1, 3)).unwrap();
    assert_eq!(news, [News::Ended { account: account(1), device: device(3), how: Ended::Server }]);
    assert_eq!(log.live(account(1), NOW).count(), 0);
    let (owner, keys) = log.device(device(2)).unwrap();
    assert_eq!((owner, keys.ended), (account(1), Some((NOW, Ended::Account))));
    assert_eq!(log.size(), 5);
    assert!(log.identity(account(9)).is_none() && log.device(device(9)).is_none());
}

#[test]
fn a_new_identity_key_ends_the_devices_of_the_one_before() {
    let mut log = log_of([first(1, 10), added(1, 2, 20, 10), added(1, 3, 21, 10), revoked(1, 3, 10)]);
    let news = tell(&mut log, rotated(1, 1, 11, 10)).unwrap();
    assert_eq!(
        news,
        [
            News::Identity { account: account(1), serial: 1, reset: false },
            News::Ended { account: account(1), device: device(2), how: Ended::Identity },
        ]
    );
    assert_eq!(tell(&mut log, added(1, 2, 22, 10)), Err(Fault::Signature), "the former key signs no more");
    assert_eq!(tell(&mut log, added(1, 2, 20, 11)), Err(Fault::KeyTwice), "a leaf key serves once");
    assert_eq!(tell(&mut log, added(1, 3, 23, 11)), Err(Fault::DeviceTwice), "what was revoked stays so");
    assert_eq!(tell(&mut log, added(1, 2, 22, 11)).unwrap().len(), 1, "the device comes again with another leaf key");
    assert_eq!(log.device(device(2)).unwrap().1.leaf_key, public(22));
    let news = tell(&mut log, identity(1, Cause::Reset, 2, 12, None)).unwrap();
    assert_eq!(news[0], News::Identity { account: account(1), serial: 2, reset: true });
    let history: Vec<_> = log.history(account(1)).iter().map(|i| (i.key, i.serial, i.reset)).collect();
    assert_eq!(history, [(public(10), 0, false), (public(11), 1, false), (public(12), 2, true)]);
}

#[test]
fn what_does_not_hold_is_refused() {
    let mut log = log_of([first(1, 10), first(2, 12), added(1, 2, 20, 10)]);
    let before = log.clone();
    let forged = |entry: Entry, at: usize| {
        let mut bytes = entry.encode();
        bytes[at] ^= 1;
        Entry::decode(&bytes).unwrap()
    };
    let cases = [
        (first(1, 30), Fault::Serial),
        (identity(3, Cause::Reset, 0, 30, None), Fault::Serial),
        (identity(3, Cause::First, 1, 30, None), Fault::Serial),
        (rotated(1, 2, 30, 10), Fault::Serial),
        (identity(1, Cause::Reset, 0, 30, None), Fault::Serial),
        (rotated(1, 1, 30, 12), Fault::Signature),
        (forged(first(3, 30), 90), Fault::Signature),
        (first(3, 10), Fault::KeyTwice),
        (first(3, 20), Fault::KeyTwice),
        (rotated(1, 1, 10, 10), Fault::KeyTwice),
        (added(3, 4, 30, 10), Fault::UnknownAccount),
        (added(1, 4, 30, 12), Fault::Signature),
        (added(1, 4, 10, 10), Fault::KeyTwice),
        (added(1, 2, 30, 10), Fault::DeviceTwice),
        (added(2, 2, 30, 12), Fault::DeviceTwice),
        (revoked(1, 4, 10), Fault::UnknownDevice),
        (revoked(1, 2, 12), Fault::Signature),
        (revoked(2, 2, 12), Fault::UnknownDevice),
        (revoked(3, 2, 12), Fault::UnknownAccount),
        (revoked_by_server(1, 4), Fault::UnknownDevice),
        (
            signed(DeviceClaim::member(account(1), device(4), NOW.plus_millis(6 * MINUTE)), 30, 10),
            Fault::CredentialTime,
        ),
        (signed(DeviceClaim::guest(account(1), device(4), NOW.plus_millis(-2 * DAY)), 30, 10), Fault::CredentialTime),
        (Entry::Officers { change: true, bytes: vec![1] }, Fault::Officers),
        (Entry::Officers { change: false, bytes: vec![] }, Fault::Entry(BadEntry::Length)),
        (Entry::Archive { bytes: vec![0; MAX_OPAQUE + 1] }, Fault::Entry(BadEntry::Length)),
        (Entry::Archive { bytes: vec![0; MAX_OPAQUE + 9] }, Fault::Entry(BadEntry::Malformed)),
    ];
    for (case, (entry, fault)) in cases.into_iter().enumerate() {
        assert_eq!(tell(&mut log, entry), Err(fault), "case {case}");
    }
    // A key that signs everything, and one that is no point.
    let zero = |key: [u8; 32]| Entry::Identity {
        account: account(3),
        cause: Cause::First,
        serial: 0,
        key,
        signature: [0; 64],
    };
    assert_eq!(tell(&mut log, zero([0; 32])), Err(Fault::Key));
    assert_eq!(tell(&mut log, zero([2; 32])), Err(Fault::Key));
    let refused = log.follow(&[leaf_at(NOW.plus_millis(-1), first(3, 30))]).unwrap_err();
    assert_eq!((refused.position, refused.fault), (3, Fault::Time));
    assert_eq!(log, before, "a refusal changes nothing");
    assert_eq!(log.time_for(NOW.plus_millis(-5)), NOW);
}

#[test]
fn five_devices_live_at_once() {
    let mut log = log_of([first(1, 10)]);
    for n in 0..5 {
        tell(&mut log, added(1, 100 + n, 20 + n, 10)).unwrap();
    }
    assert_eq!(log.live(account(1), NOW).count(), MAX_LIVE);
    assert_eq!(tell(&mut log, added(1, 110, 30, 10)), Err(Fault::TooManyDevices));
    tell(&mut log, revoked(1, 102, 10)).unwrap();
    tell(&mut log, added(1, 110, 30, 10)).unwrap();
}

#[test]
fn a_guest_device_ends_by_itself() {
    let mut log = log_of([first(1, 10)]);
    for n in 0..5 {
        tell(&mut log, signed(DeviceClaim::guest(account(1), device(100 + n), NOW), 20 + n, 10)).unwrap();
    }
    let later = NOW.plus_millis(DAY + 1);
    assert_eq!((log.live(account(1), NOW).count(), log.live(account(1), later).count()), (5, 0));
    let next = signed(DeviceClaim::guest(account(1), device(110), later), 30, 10);
    log.follow(&[leaf_at(later, next)]).unwrap();
}

#[test]
fn officers_are_kept_as_they_are() {
    let mut log = log_of([Entry::Officers { change: false, bytes: vec![1, 2] }]);
    assert_eq!(tell(&mut log, Entry::Officers { change: false, bytes: vec![3] }), Err(Fault::Officers));
    assert_eq!(tell(&mut log, Entry::Officers { change: true, bytes: vec![3] }).unwrap(), [News::Officers]);
    assert_eq!(tell(&mut log, Entry::Archive { bytes: vec![7; MAX_OPAQUE] }).unwrap(), [News::Archive]);
    assert_eq!((log.officers(), log.certificates().len()), (&[vec![1, 2], vec![3]][..], 1));
}

#[test]
fn every_byte_of_an_entry_is_signed_or_refused() {
    let before = [first(1, 10), added(1, 2, 20, 10)];
    let entries = [
        (vec![], first(1, 10)),
        (before.to_vec(), rotated(1, 1, 11, 10)),
        (before.to_vec(), identity(1, Cause::Reset, 1, 11, None)),
        (before.to_vec(), added(1, 3, 21, 10)),
        (before.to_vec(), revoked(1, 2, 10)),
    ];
    for (earlier, entry) in entries {
        let log = log_of(earlier);
        let bytes = leaf(entry);
        log.clone().follow(&[&bytes]).unwrap();
        // Version and kind, then the entry; the leaf's time is the server's word.
        for at in (0..1).chain(9..bytes.len()) {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[at] ^= 1 << bit;
                assert!(log.clone().follow(&[&other]).is_err(), "byte {at} bit {bit} of {bytes:02x?}");
            }
        }
        assert!(log.clone().follow(&[&bytes[..bytes.len() - 1]]).is_err());
        assert!(log.clone().follow(&[[bytes, vec![0]].concat()]).is_err());
    }
}

#[test]
fn the_state_is_kept_whole() {
    let log = log_of([
        first(1, 10),
        added(1, 2, 20, 10),
        first(2, 12),
        added(2, 3, 21, 12),
        revoked(1, 2, 10),
        rotated(2, 1, 13, 12),
        added(2, 3, 22, 13),
        revoked_by_server(2, 3),
        Entry::Officers { change: false, bytes: vec![1] },
        Entry::Archive { bytes: vec![2] },
    ]);
    let bytes = log.keep();
    assert_eq!(KeyLog::open(&bytes).unwrap(), log);
    for cut in 0..bytes.len() {
        assert!(KeyLog::open(&bytes[..cut]).is_err(), "{cut}");
    }
    assert!(KeyLog::open(&[bytes, vec![0]].concat()).is_err());
}

proptest! {
    #[test]
    fn what_is_read_is_written_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(leaf) = Leaf::decode(&bytes) {
            prop_assert_eq!(leaf.encode(), bytes);
        }
    }

    #[test]
    fn opaque_entries_have_one_spelling(change: bool, bytes in proptest::collection::vec(any::<u8>(), 1..300)) {
        for entry in [Entry::Officers { change, bytes: bytes.clone() }, Entry::Archive { bytes: bytes.clone() }] {
            let encoded = entry.encode();
            prop_assert_eq!(Entry::decode(&encoded).unwrap(), entry);
            prop_assert!(Entry::decode(&encoded[..encoded.len() - 1]).is_err());
        }
    }
}

#[test]
fn a_credential_of_another_kind_is_not_a_device() {
    let guest = DeviceClaim::guest(account(1), device(2), NOW);
    let longer = DeviceClaim { not_after: guest.not_after.plus_millis(1), ..guest };
    let Entry::Device { credential, leaf_key } = signed(longer, 20, 10) else { unreachable!() };
    let bytes = Entry::Device { credential, leaf_key }.encode();
    assert!(matches!(Entry::decode(&bytes), Err(BadEntry::Credential(_))));
    let empty = DeviceCredential { claim: guest, signature: [0; 64] };
    let mut log = log_of([first(1, 10)]);
    assert_eq!(tell(&mut log, Entry::Device { credential: empty, leaf_key: public(20) }), Err(Fault::Signature));
    assert_eq!(key(10).verifying_key().to_bytes(), public(10));
}
