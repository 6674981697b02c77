//! What the server reads of key packages.

use rempart_base::time::{DAY, HOUR};
use rempart_mls_client::{MemoryStore, Suite};
use rempart_mls_delivery::{MAX_PACKAGE, PackageError, package};

use crate::world::{account, device, enrol, now};

#[test]
fn a_package_says_whose_it_is_and_how_long_it_serves() {
    let now = now();
    let mut client = enrol(MemoryStore::default(), 1, 2, now);
    for suite in Suite::ALL {
        let made = client.key_packages(suite, 2, true, now).unwrap();
        assert_eq!(made.len(), 3);
        let read: Vec<_> = made.iter().map(|bytes| package(bytes, now).unwrap()).collect();
        assert_eq!(read.iter().map(|p| p.last_resort).collect::<Vec<_>>(), [false, false, true]);
        for (bytes, read) in made.iter().zip(&read) {
            assert!(bytes.len() < 4_000, "{}", bytes.len());
            assert_eq!(read.suite, suite);
            assert_eq!((read.leaf.credential.claim.account, read.leaf.seat().0), (account(1), device(1, 2)));
            assert_eq!(read.leaf.key, client.device().key());
            assert!((80 * DAY..=84 * DAY).contains(&read.not_after.since(now)));
        }
        // Only the server's clock moves; OpenMLS looks at the machine's own too.
        assert_eq!(package(&made[0], now.plus_millis(85 * DAY)), Err(PackageError::Lifetime));
        assert_eq!(package(&made[0], now.plus_millis(-2 * HOUR)), Err(PackageError::Lifetime));
    }
    let late = client.key_packages(Suite::Hybrid, 1, false, now.plus_millis(-90 * DAY)).unwrap();
    assert_eq!(package(&late[0], now), Err(PackageError::Lifetime));
}

#[test]
fn every_byte_of_a_package_is_signed_or_refused() {
    let now = now();
    let mut client = enrol(MemoryStore::default(), 1, 2, now);
    let bytes = client.key_packages(Suite::Classical, 1, false, now).unwrap().remove(0);
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(package(&other, now).is_err(), "byte {at}");
    }
    assert_eq!(package(&bytes[1..], now), Err(PackageError::Malformed));
    assert_eq!(package(&[bytes, vec![0]].concat(), now), Err(PackageError::Malformed));
    assert_eq!(package(&vec![0; MAX_PACKAGE + 1], now), Err(PackageError::Malformed));
}
