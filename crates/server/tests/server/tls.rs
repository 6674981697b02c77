//! The local authority: made once, renews in time, follows the names; own certificates are checked.

use rempart_ports::Clock as _;
use rempart_server::tls::local::{Authority, LEAF_DAYS, RENEW_DAYS, Why, names};
use rempart_server::tls::look::Look;
use rempart_server::tls::own;
use rustls::sign::CertifiedKey;
use tempfile::TempDir;

use crate::held::{Held, Random};

fn authority(folder: &TempDir, clock: &Held) -> Authority {
    Authority::open(&folder.path().join("keys"), &folder.path().join("data"), clock.now(), &Random).unwrap()
}

fn look(key: &CertifiedKey) -> Look {
    Look::at(&key.cert[0]).unwrap()
}

#[test]
fn the_authority_is_made_once_and_its_key_is_private() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Held::new());
    let first = authority(&folder, &clock);
    assert!(first.made);
    let again = authority(&folder, &clock);
    assert!(!again.made);
    assert_eq!(first.pem(), again.pem());
    assert_eq!(std::fs::read_to_string(&first.file).unwrap().trim(), first.pem().trim());
    use std::os::unix::fs::PermissionsExt as _;
    let key = folder.path().join("keys/ca.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refusal =
        Authority::open(&folder.path().join("keys"), &folder.path().join("data"), clock.now(), &Random).unwrap_err();
    assert!(refusal.to_string().contains("may be read by others"), "{refusal}");
}

#[test]
fn the_certificate_is_kept_until_it_must_be_renewed() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Held::new());
    let authority = authority(&folder, &clock);
    let mut names = names(Some("srv"), &["rempart.example.fr"]);
    let (first, why) = authority.certificate(&names, clock.now(), &Random).unwrap();
    assert_eq!(why, Some(Why::None));
    for name in ["localhost", "127.0.0.1", "::1", "srv", "rempart.example.fr"] {
        assert!(look(&first).covers(name), "{name}");
    }
    assert!(!look(&first).covers("other.example.fr"));
    clock.days(LEAF_DAYS - RENEW_DAYS - 1);
    let (same, why) = authority.certificate(&names, clock.now(), &Random).unwrap();
    assert_eq!((why, look(&same)), (None, look(&first)));
    clock.days(2);
    let (renewed, why) = authority.certificate(&names, clock.now(), &Random).unwrap();
    assert_eq!(why, Some(Why::Ends));
    assert!(look(&renewed).until > look(&first).until);
    names.push("new.example.fr".into());
    let (wider, why) = authority.certificate(&names, clock.now(), &Random).unwrap();
    assert_eq!(why, Some(Why::Names));
    assert!(look(&wider).covers("new.example.fr"));
    assert_eq!(authority.certificate(&names, clock.now(), &Random).unwrap().1, None);
}

#[test]
fn a_certificate_of_another_authority_is_not_served() {
    let (folder, other, clock) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Held::new());
    let names = names(None, &[]);
    authority(&other, &clock).certificate(&names, clock.now(), &Random).unwrap();
    let ours = authority(&folder, &clock);
    for (from, to) in [("data/tls.crt", "data/tls.crt"), ("keys/tls.key", "keys/tls.key")] {
        std::fs::copy(other.path().join(from), folder.path().join(to)).unwrap();
    }
    assert_eq!(ours.certificate(&names, clock.now(), &Random).unwrap().1, Some(Why::None));
}

#[test]
fn names_that_are_none_are_left_out() {
    assert_eq!(
        names(Some("My Machine"), &["Rempart.Example.FR", "10.0.0.7", "", "a..b", "localhost"]),
        ["localhost", "127.0.0.1", "::1", "rempart.example.fr", "10.0.0.7"]
    );
}

#[test]
fn own_files_are_checked_before_they_are_served() {
    let (folder, other, clock) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), Held::new());
    let names = names(None, &[]);
    authority(&folder, &clock).certificate(&names, clock.now(), &Random).unwrap();
    authority(&other, &clock).certificate(&names, clock.now(), &Random).unwrap();
    let (certificate, key) = (folder.path().join("data/tls.crt"), folder.path().join("keys/tls.key"));
    own::load(&certificate, &key, clock.now()).unwrap();
    let said = |c: &std::path::Path, k: &std::path::Path| own::load(c, k, clock.now()).unwrap_err().to_string();
    assert!(said(&folder.path().join("none"), &key).contains("cannot read tls.certificate"));
    assert!(said(&certificate, &certificate).contains("cannot read a private key from tls.key"));
    assert!(said(&key, &key).contains("there is no certificate in tls.certificate"));
    assert!(said(&certificate, &other.path().join("keys/tls.key")).contains("does not belong to"));
    clock.days(LEAF_DAYS + 1);
    assert!(own::load(&certificate, &key, clock.now()).unwrap_err().to_string().contains("has ended"));
}
