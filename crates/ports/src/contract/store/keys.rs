//! The key log, key packages, keyrings, requests of new devices.

use rempart_base::{DeviceId, SessionId, Timestamp};
use rempart_domain::session::{Device, Session};

use super::{Backend, account_id, at, device_id, id, people, refused};
use crate::store::{
    AccountChange, KeyBatch, KeyPackageCount, KeyringRecord, LinkOutcome, LinkRecord, LogState, NewKeyPackage, Store,
    StoreError,
};

/// Entries after `size`.
fn batch(size: u64, leaves: &[&str]) -> KeyBatch {
    let new = size + leaves.len() as u64;
    KeyBatch {
        expected_size: size,
        state: LogState { size: new, frontier: vec![new as u8, 0, 255], checkpoint: format!("size {new}") },
        leaves: leaves.iter().map(|leaf| leaf.as_bytes().to_vec()).collect(),
        ..KeyBatch::default()
    }
}

/// Account 1 with devices 1 and 2 in the key log.
async fn two_devices(store: &dyn Store) {
    people(store, 2).await;
    let added = vec![(device_id(1), account_id(1)), (device_id(2), account_id(1))];
    store.write_key_log(&KeyBatch { added, ..batch(0, &["one", "two"]) }, at(0)).await.unwrap();
}

async fn signed_in(store: &dyn Store, n: u8, account: u8) -> SessionId {
    let device = Device { id: device_id(n), account: account_id(account), name: format!("Poste {n}"), created: at(0) };
    let session = Session {
        id: SessionId::from_bytes(id(0x50, n)),
        account: account_id(account),
        device: device.id,
        secret: [n; 32],
        former_secret: None,
        created: at(0),
        rotated: at(0),
        seen: at(0),
        factor: true,
    };
    store.open_session(&session, &device).await.unwrap();
    session.id
}

fn package(n: u8, last_resort: bool, expires: Timestamp) -> NewKeyPackage {
    NewKeyPackage { hash: [n; 32], package: vec![n, 0, 255], last_resort, expires }
}

async fn claim(store: &dyn Store, devices: &[u8], now: Timestamp) -> Vec<(u8, Vec<u8>)> {
    let devices: Vec<DeviceId> = devices.iter().map(|n| device_id(*n)).collect();
    let taken = store.claim_key_packages(&devices, now).await.unwrap();
    taken.into_iter().map(|t| (t.device.as_bytes()[15], t.package)).collect()
}

/// Leaves stand where they were put; a batch made on another size writes nothing.
pub async fn entries_are_logged_in_order(store: Backend) {
    people(&*store, 1).await;
    assert_eq!(store.key_log_state().await.unwrap(), LogState::default());
    assert!(store.key_leaves(0, 10).await.unwrap().is_empty());
    store.write_key_log(&batch(0, &["a", "b"]), at(0)).await.unwrap();
    let second = batch(2, &["c"]);
    store.write_key_log(&second, at(1)).await.unwrap();
    assert_eq!(store.key_log_state().await.unwrap(), second.state);
    assert_eq!(store.key_leaves(0, 2).await.unwrap(), [b"a", b"b"]);
    assert_eq!(store.key_leaves(1, 10).await.unwrap(), [b"b", b"c"]);
    refused!(store.write_key_log(&batch(2, &["d"]), at(2)).await, StoreError::Stale);
    let unknown = KeyBatch { account: Some(account_id(9)), ..batch(3, &["d"]) };
    refused!(store.write_key_log(&unknown, at(2)).await, StoreError::Missing("account"));
    assert_eq!(store.key_log_state().await.unwrap(), second.state);
    assert_eq!(store.key_leaves(0, 10).await.unwrap().len(), 3);
}

/// The account's own journal says that its keys changed.
pub async fn a_change_is_noted_for_the_account(store: Backend) {
    people(&*store, 1).await;
    store.write_key_log(&KeyBatch { account: Some(account_id(1)), ..batch(0, &["a"]) }, at(7)).await.unwrap();
    let (rows, last) = store.read_account(account_id(1), 0, 10).await.unwrap();
    assert_eq!((rows.len(), last), (1, 1));
    assert_eq!((rows[0].change, rows[0].time), (AccountChange::Keys, at(7)));
    store.note(account_id(1), AccountChange::Keys, at(8)).await.unwrap();
    assert_eq!(store.read_account(account_id(1), 1, 10).await.unwrap().0[0].change, AccountChange::Keys);
}

/// A device that ends loses its packages, its request and its sessions in the same transaction; others lose nothing.
pub async fn a_device_ends_with_all_it_has(store: Backend) {
    two_devices(&*store).await;
    let (lost, kept) = (signed_in(&*store, 1, 1).await, signed_in(&*store, 2, 1).await);
    for n in [1, 2] {
        store.put_key_packages(device_id(n), &[package(n, false, at(99))], 9, at(0)).await.unwrap();
    }
    let link = LinkRecord {
        device: device_id(1),
        account: account_id(1),
        public: vec![1; 32],
        asked: at(0),
        expires: at(99),
        outcome: LinkOutcome::Waiting,
    };
    store.ask_link(&link).await.unwrap();
    let end = KeyBatch { ended: vec![device_id(1)], cut: vec![device_id(1)], ..batch(2, &["gone"]) };
    refused!(store.write_key_log(&KeyBatch { expected_size: 1, ..end.clone() }, at(1)).await, StoreError::Stale);
    assert!(store.session_by_secret([1; 32]).await.unwrap().is_some(), "nothing of a refused batch is done");
    assert_eq!(store.write_key_log(&end, at(1)).await.unwrap(), [lost]);
    assert!(store.session_by_secret([1; 32]).await.unwrap().is_none());
    assert_eq!(store.session_by_secret([2; 32]).await.unwrap().map(|s| s.id), Some(kept));
    assert_eq!(store.device_link(device_id(1), at(1)).await.unwrap(), None);
    refused!(
        store.put_key_packages(device_id(1), &[package(3, false, at(99))], 9, at(1)).await,
        StoreError::Missing("device")
    );
    assert_eq!(claim(&*store, &[1, 2], at(1)).await, [(2, vec![2, 0, 255])]);
    // The same device may come again.
    let again = KeyBatch { added: vec![(device_id(1), account_id(1))], ..batch(3, &["back"]) };
    store.write_key_log(&again, at(2)).await.unwrap();
    assert_eq!(store.key_packages(device_id(1), at(2)).await.unwrap(), KeyPackageCount::default());
}

/// Packages are taken oldest first and once; the one of last resort serves after them, again and again.
pub async fn packages_serve_once_then_the_last_resort(store: Backend) {
    two_devices(&*store).await;
    let first = [package(1, false, at(100)), package(9, true, at(100))];
    assert_eq!(store.put_key_packages(device_id(1), &first, 9, at(0)).await.unwrap(), 1);
    assert_eq!(store.put_key_packages(device_id(1), &[package(2, false, at(50))], 9, at(1)).await.unwrap(), 2);
    assert_eq!(store.put_key_packages(device_id(1), &first, 9, at(2)).await.unwrap(), 2, "the same are kept once");
    let count = store.key_packages(device_id(1), at(2)).await.unwrap();
    assert_eq!(count, KeyPackageCount { one_time: 2, last_resort: true });
    assert_eq!(claim(&*store, &[1, 2, 7, 1], at(2)).await, [(1, vec![1, 0, 255])], "once a device, none without any");
    assert_eq!(claim(&*store, &[1], at(3)).await, [(1, vec![2, 0, 255])]);
    for _ in 0..2 {
        assert_eq!(claim(&*store, &[1], at(4)).await, [(1, vec![9, 0, 255])]);
    }
    store.put_key_packages(device_id(1), &[package(8, true, at(100))], 9, at(5)).await.unwrap();
    assert_eq!(claim(&*store, &[1], at(6)).await, [(1, vec![8, 0, 255])], "replaced");
    let taken = store.claim_key_packages(&[device_id(1)], at(6)).await.unwrap();
    assert_eq!(taken[0].account, account_id(1));
}

/// What is over is given to nobody, does not count, and is tidied away.
pub async fn packages_end(store: Backend) {
    two_devices(&*store).await;
    let packages = [package(1, false, at(10)), package(2, false, at(20)), package(9, true, at(15))];
    store.put_key_packages(device_id(1), &packages, 2, at(0)).await.unwrap();
    assert_eq!(claim(&*store, &[1], at(10)).await, [(1, vec![2, 0, 255])]);
    assert!(claim(&*store, &[1], at(15)).await.is_empty());
    assert_eq!(store.key_packages(device_id(1), at(15)).await.unwrap(), KeyPackageCount::default());
    assert_eq!(store.put_key_packages(device_id(1), &[package(3, false, at(99))], 1, at(15)).await.unwrap(), 1);
    assert_eq!(store.delete_ended_keys(at(15)).await.unwrap(), 0, "keeping new ones tidied");
    store.put_key_packages(device_id(2), &[package(4, false, at(30))], 1, at(15)).await.unwrap();
    assert_eq!(store.delete_ended_keys(at(30)).await.unwrap(), 1);
}

/// No more than asked for are kept, none of a batch that has too many, and none for a device that is not there.
pub async fn packages_are_limited(store: Backend) {
    two_devices(&*store).await;
    let three = [package(1, false, at(9)), package(2, false, at(9)), package(3, false, at(9))];
    refused!(store.put_key_packages(device_id(1), &three, 2, at(0)).await, StoreError::Exists("key_packages"));
    assert_eq!(store.key_packages(device_id(1), at(0)).await.unwrap().one_time, 0);
    assert_eq!(store.put_key_packages(device_id(1), &three, 3, at(0)).await.unwrap(), 3);
    assert_eq!(store.put_key_packages(device_id(1), &[package(4, true, at(9))], 3, at(0)).await.unwrap(), 3);
    refused!(store.put_key_packages(device_id(7), &three, 9, at(0)).await, StoreError::Missing("device"));
}

/// Claims at once never get the same package.
pub async fn claims_at_once_share_nothing(store: Backend) {
    two_devices(&*store).await;
    let packages: Vec<_> = (1..=8).map(|n| package(n, false, at(99))).collect();
    store.put_key_packages(device_id(1), &packages, 8, at(0)).await.unwrap();
    store.put_key_packages(device_id(2), &packages, 8, at(0)).await.unwrap();
    let mut claims = tokio::task::JoinSet::new();
    for turn in 0..8 {
        let store = store.clone();
        let order = if turn % 2 == 0 { [1, 2] } else { [2, 1] };
        claims.spawn(async move { claim(&*store, &order, at(1)).await });
    }
    let mut all: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
    assert_eq!(all.len(), 16);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 16);
    assert!(claim(&*store, &[1, 2], at(1)).await.is_empty());
}

/// A keyring follows the version that its writer saw.
pub async fn a_keyring_has_versions(store: Backend) {
    people(&*store, 2).await;
    assert_eq!(store.keyring(account_id(1)).await.unwrap(), None);
    refused!(store.put_keyring(account_id(1), 1, b"x", at(0)).await, StoreError::Stale);
    store.put_keyring(account_id(1), 0, b"one", at(1)).await.unwrap();
    refused!(store.put_keyring(account_id(1), 0, b"other", at(2)).await, StoreError::Stale);
    store.put_keyring(account_id(1), 1, b"two", at(3)).await.unwrap();
    refused!(store.put_keyring(account_id(1), 1, b"other", at(4)).await, StoreError::Stale);
    let expected = KeyringRecord { version: 2, sealed: b"two".to_vec(), written: at(3) };
    assert_eq!(store.keyring(account_id(1)).await.unwrap(), Some(expected));
    assert_eq!(store.keyring(account_id(2)).await.unwrap(), None);
}

/// A request waits, is answered once and only as it was shown, and ends.
pub async fn requests_are_answered_once(store: Backend) {
    people(&*store, 2).await;
    for n in 1..=3 {
        signed_in(&*store, n, 1).await;
    }
    let ask = |n: u8, public: u8| LinkRecord {
        device: device_id(n),
        account: account_id(1),
        public: vec![public; 32],
        asked: at(n.into()),
        expires: at(100),
        outcome: LinkOutcome::Waiting,
    };
    for n in 1..=3 {
        store.ask_link(&ask(n, n)).await.unwrap();
    }
    let waiting = store.waiting_links(account_id(1), at(5)).await.unwrap();
    assert_eq!(waiting.len(), 3);
    assert_eq!(waiting[0], (ask(1, 1), "Poste 1".to_owned()));
    assert!(store.waiting_links(account_id(2), at(5)).await.unwrap().is_empty());

    let answer = async |account, n, public: u8, sealed: Option<&[u8]>, now| {
        store.answer_link(account_id(account), device_id(n), &[public; 32], sealed, now).await
    };
    refused!(answer(2, 1, 1, Some(b"s"), at(5)).await, StoreError::Missing("link"));
    refused!(answer(1, 1, 2, Some(b"s"), at(5)).await, StoreError::Missing("link"));
    refused!(answer(1, 1, 1, Some(b"s"), at(100)).await, StoreError::Missing("link"));
    answer(1, 1, 1, Some(b"sealed"), at(5)).await.unwrap();
    answer(1, 2, 2, None, at(5)).await.unwrap();
    refused!(answer(1, 2, 2, Some(b"s"), at(5)).await, StoreError::Missing("link"));
    let outcome = async |n, now| store.device_link(device_id(n), now).await.unwrap().map(|l| l.outcome);
    assert_eq!(outcome(1, at(6)).await, Some(LinkOutcome::Answered(b"sealed".to_vec())));
    assert_eq!(outcome(2, at(6)).await, Some(LinkOutcome::Refused));
    assert_eq!(outcome(3, at(6)).await, Some(LinkOutcome::Waiting));
    assert_eq!(outcome(3, at(100)).await, None);
    assert_eq!(store.waiting_links(account_id(1), at(6)).await.unwrap().len(), 1);
    store.ask_link(&ask(2, 7)).await.unwrap();
    assert_eq!(store.device_link(device_id(2), at(6)).await.unwrap(), Some(ask(2, 7)), "asking again replaces");
    assert_eq!(store.delete_ended_keys(at(100)).await.unwrap(), 3);
}

/// A new identity without the former key is allowed once, for a while.
pub async fn a_reset_is_spent(store: Backend) {
    people(&*store, 1).await;
    let reset = KeyBatch { reset: Some(account_id(1)), ..batch(0, &["reset"]) };
    refused!(store.write_key_log(&reset, at(0)).await, StoreError::Missing("identity_reset"));
    refused!(store.allow_identity_reset(account_id(9), at(9)).await, StoreError::Missing("account"));
    store.allow_identity_reset(account_id(1), at(10)).await.unwrap();
    refused!(store.write_key_log(&reset, at(10)).await, StoreError::Missing("identity_reset"));
    store.allow_identity_reset(account_id(1), at(20)).await.unwrap();
    store.write_key_log(&reset, at(10)).await.unwrap();
    let again = KeyBatch { reset: Some(account_id(1)), ..batch(1, &["again"]) };
    refused!(store.write_key_log(&again, at(10)).await, StoreError::Missing("identity_reset"));
}
