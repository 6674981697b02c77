//! Keys on disk: made once, private, compared with the store, carried under a passphrase.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rempart_server::secrets::checks::compare;
use rempart_server::secrets::sealed::{Contents, open, seal};
use rempart_server::secrets::{Missing, Place, Secret};
use zeroize::Zeroizing;

use crate::held::Random;

const PURPOSES: [&str; 2] = ["pepper", "log"];

fn place(folder: &Path) -> Place {
    Place { folder: folder.join("keys"), credentials: None }
}

fn value(secret: &Secret) -> Vec<u8> {
    secret.bytes.iter().rev().copied().collect()
}

#[test]
fn keys_are_made_once_and_only_for_their_owner() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    let first = place.load(&PURPOSES, Missing::Make, &Random).unwrap();
    let again = place.load(&PURPOSES, Missing::Refuse, &Random).unwrap();
    for (a, b) in first.iter().zip(&again) {
        assert_eq!((a.id, *a.bytes), (b.id, *b.bytes));
        assert_ne!(*a.bytes, [0u8; 32]);
    }
    assert_ne!(*first[0].bytes, *first[1].bytes);
    let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.folder), 0o700);
    assert_eq!(mode(&place.file("pepper")), 0o600);
    let names: Vec<_> = std::fs::read_dir(&place.folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing is left behind: {names:?}");
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    place.load(&PURPOSES, Missing::Make, &Random).unwrap();
    for (path, mode, fix) in [(place.file("log"), 0o640, "chmod 600"), (place.folder.clone(), 0o755, "chmod 700")] {
        let before = std::fs::metadata(&path).unwrap().permissions();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let refusal = place.load(&PURPOSES, Missing::Refuse, &Random).unwrap_err().to_string();
        assert!(refusal.contains("may be read by others") && refusal.contains(fix), "{refusal}");
        std::fs::set_permissions(&path, before).unwrap();
    }
    place.load(&PURPOSES, Missing::Refuse, &Random).unwrap();
}

#[test]
fn a_missing_key_is_named_and_never_made_when_data_was_made_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    place.load(&PURPOSES, Missing::Make, &Random).unwrap();
    std::fs::remove_file(place.file("log")).unwrap();
    let refusal = place.load(&PURPOSES, Missing::Refuse, &Random).unwrap_err().to_string();
    assert!(refusal.contains("the key log is missing") && refusal.contains("rempart secrets import"), "{refusal}");
    assert!(!place.file("log").exists());
}

#[test]
fn a_damaged_or_swapped_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = place(folder.path());
    place.load(&PURPOSES, Missing::Make, &Random).unwrap();
    let good = std::fs::read_to_string(place.file("pepper")).unwrap();
    let short = good.trim_end().get(..40).unwrap().to_owned();
    for text in ["", "rempart-key 2 log 00 00", &short, &good, &format!("{} more", good.replace("pepper", "log"))] {
        std::fs::write(place.file("log"), text).unwrap();
        let refusal = place.load(&["log"], Missing::Refuse, &Random).unwrap_err().to_string();
        assert!(refusal.contains("is not a key for log"), "{text:?}: {refusal}");
    }
}

#[test]
fn keys_of_another_installation_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let ours = place(&folder.path().join("a")).load(&PURPOSES, Missing::Make, &Random).unwrap();
    let theirs = place(&folder.path().join("b")).load(&PURPOSES, Missing::Make, &Random).unwrap();
    let stored = compare(&ours, &[], value).unwrap();
    assert_eq!(stored.len(), 2, "a new store keeps both checks");
    assert_eq!(compare(&ours, &stored, value).unwrap(), []);
    let refusal = compare(&theirs, &stored, value).unwrap_err().to_string();
    assert!(refusal.contains("the key pepper in ") && refusal.contains("is not the one"), "{refusal}");
    let mut altered = stored.clone();
    altered[1].check[0] ^= 1;
    let refusal = compare(&ours, &altered, value).unwrap_err().to_string();
    assert!(refusal.contains("the key log in "), "{refusal}");
}

#[test]
fn credentials_of_systemd_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let given = place(&folder.path().join("given"));
    let keys = given.load(&PURPOSES, Missing::Make, &Random).unwrap();
    let place = Place { folder: folder.path().join("none"), credentials: Some(given.folder) };
    assert_eq!(*place.load(&PURPOSES, Missing::Refuse, &Random).unwrap()[0].bytes, *keys[0].bytes);
    assert!(!place.folder.exists());
}

#[test]
fn sealed_keys_open_with_the_passphrase_alone() {
    let folder = tempfile::tempdir().unwrap();
    let keys = place(folder.path()).load(&PURPOSES, Missing::Make, &Random).unwrap();
    let contents = Contents::of(&keys, vec![("ca.key".into(), Zeroizing::new("pem".into()))]);
    let short = seal(&contents, "short", &Random).unwrap_err().to_string();
    assert!(short.contains("at least 12 characters"), "{short}");
    let text = seal(&contents, "correct horse battery", &Random).unwrap();
    let other = place(&folder.path().join("other"));
    let opened = open(&text, "correct horse battery").unwrap();
    for (a, b) in keys.iter().zip(opened.secrets(&PURPOSES, &other).unwrap()) {
        assert_eq!((a.id, *a.bytes), (b.id, *b.bytes));
        other.keep(&b).unwrap();
        let twice = other.keep(&b).unwrap_err().to_string();
        assert!(twice.contains("cannot write"), "never over a key that is there: {twice}");
    }
    assert_eq!(*other.load(&PURPOSES, Missing::Refuse, &Random).unwrap()[1].bytes, *keys[1].bytes);

    let said = |text: &str, pass: &str| open(text, pass).err().unwrap().to_string();
    assert!(said(&text, "wrong horse battery").contains("passphrase is wrong"));
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["passes"] = 4.into();
    assert!(said(&json.to_string(), "correct horse battery").contains("altered"), "the header is authenticated");
    json["memory_kib"] = 4_000_000.into();
    assert!(said(&json.to_string(), "correct horse battery").contains("not a sealed copy"), "no work for strangers");
    for junk in ["", "{}", "not json", &"x".repeat(70_000)] {
        assert!(said(junk, "correct horse battery").contains("not a sealed copy"));
    }
}
