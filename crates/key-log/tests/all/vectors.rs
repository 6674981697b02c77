//! Known answers: encodings and numbers that other programs and later versions must reproduce.

use std::fmt::Write as _;
use std::path::Path;

use rempart_key_log::{Cause, Entry, KeyLog, check_code, code, fingerprint, safety_number};

use crate::world::{account, added, first, identity, leaf, public, revoked, revoked_by_server, rotated};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn vectors() -> String {
    let entries = [
        ("first identity, seed 0a, account 01", first(1, 10)),
        ("device 02, leaf seed 14", added(1, 2, 20, 10)),
        ("device 03, leaf seed 15", added(1, 3, 21, 10)),
        ("device 02 revoked by the account", revoked(1, 2, 10)),
        ("device 03 revoked by the server", revoked_by_server(1, 3)),
        ("identity rotated, seed 0b", rotated(1, 1, 11, 10)),
        ("identity reset, seed 0c", identity(1, Cause::Reset, 2, 12, None)),
        ("officers", Entry::Officers { change: false, bytes: vec![1, 2, 3] }),
        ("officers changed", Entry::Officers { change: true, bytes: vec![4] }),
        ("archive key certified", Entry::Archive { bytes: vec![5; 8] }),
    ];
    let mut text = String::new();
    let mut log = KeyLog::new();
    for (name, entry) in entries {
        let leaf = leaf(entry);
        log.follow(&[&leaf]).unwrap();
        writeln!(text, "# {name}\nleaf {}\nroot {}", hex(&leaf), hex(&log.root())).unwrap();
    }
    let (one, other) = ((account(1), public(10)), (account(2), public(12)));
    writeln!(text, "# accounts 01 with seed 0a, 02 with seed 0c").unwrap();
    writeln!(text, "number {}\ncode {}", safety_number(one, other), code(one, other)).unwrap();
    writeln!(text, "fingerprint {}", fingerprint(one)).unwrap();
    text
}

#[test]
fn known_answers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors.txt");
    let now = vectors();
    if std::env::var_os("REMPART_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    assert_eq!(now, std::fs::read_to_string(&path).unwrap());
}

#[test]
fn both_sides_see_the_same_and_others_do_not() {
    let (one, other) = ((account(1), public(10)), (account(2), public(12)));
    let number = safety_number(one, other);
    assert_eq!(number, safety_number(other, one));
    assert_eq!(number.split(' ').count(), 12);
    assert!(number.split(' ').all(|word| word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit())));
    assert_ne!(number, safety_number(one, (account(2), public(13))), "another key");
    assert_ne!(number, safety_number(one, (account(3), public(12))), "another account");
    assert_eq!(check_code(&code(other, one), one, other), Some(true));
    assert_eq!(check_code(&code(one, (account(2), public(13))), one, other), Some(false));
    assert_eq!(check_code("https://elsewhere.example", one, other), None);
    assert_ne!(fingerprint(one), fingerprint(other));
}
