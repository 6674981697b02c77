//! Ceremonies.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rempart_export::{Public, Trust};
use rempart_merkle::LogKey;

use crate::{Run, file, files, passphrase, phrases, run, run_in};

pub(crate) fn log() -> LogKey {
    LogKey::from_seed("rempart.example/messages", &[41; 32]).unwrap()
}

/// The arguments of a ceremony of five officers, three of whom open.
pub(crate) fn arguments(dir: &Path, more: &[&str]) -> Vec<String> {
    std::fs::write(dir.join("notice.txt"), "Les conversations enregistrées sont archivées.").unwrap();
    let mut args: Vec<String> = ["ceremony", "--out", &file(dir, "keys"), "--notice", &file(dir, "notice.txt")]
        .iter()
        .map(|arg| (*arg).to_owned())
        .collect();
    args.extend(["--log".to_owned(), log().verifier().to_string(), "--yes".to_owned()]);
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    args
}

const FIVE: &[&str] = &[
    "--officer",
    "Alice Martin",
    "--officer",
    "Bruno Petit",
    "--officer",
    "Chloé Roux",
    "--officer",
    "David Blanc",
    "--officer",
    "Emma Noir",
    "--needed",
    "3",
];

pub(crate) fn five(dir: &Path, more: &[&str]) -> Run {
    let all: Vec<&str> = FIVE.iter().chain(more).copied().collect();
    let args = arguments(dir, &all);
    run(&args.iter().map(String::as_str).collect::<Vec<_>>(), &phrases(&[1, 2, 3, 4, 5]))
}

pub(crate) fn trust(dir: &Path) -> Trust {
    Public::decode(&std::fs::read(dir.join("keys/public.json")).unwrap()).unwrap().verify().unwrap()
}

#[test]
fn five_officers_get_a_locked_file_each_and_the_server_the_public_part() {
    let dir = tempfile::tempdir().unwrap();
    let done = five(dir.path(), &["--retention", "1:60", "--retention", "2:12", "--period", "2026Q4"]).succeeds();
    let trust = trust(dir.path());
    let periods: Vec<String> = trust.archives.iter().map(rempart_export::Archive::period).collect();
    assert_eq!(periods, ["2026Q4", "2026Q4", "2027Q1", "2027Q1"]);
    let mut ids: Vec<[u8; 32]> = trust.archives.iter().map(rempart_export::Archive::key_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4, "keys of quarters and classes have nothing in common");
    for archive in &trust.archives {
        archive.certificate.verify(&trust.set).unwrap();
        archive.certificate.grant.covers(&archive.policy).unwrap();
        assert_eq!((archive.policy.threshold.needed(), archive.policy.threshold.officers()), (3, 5));
    }
    assert!(done.out.contains(&trust.fingerprint()));

    let officers = files(&dir.path().join("keys"), "officer-");
    assert_eq!(officers.len(), 5);
    for path in officers {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("rempart officer 1\n"));
        assert!(!text.contains("seed") && !text.contains("Martin"), "nothing in clear");
    }
}

#[test]
fn nothing_said_or_published_is_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let done = five(dir.path(), &["--retention", "1:60", "--period", "2026Q4"]).succeeds();
    let public = std::fs::read_to_string(dir.path().join("keys/public.json")).unwrap();
    for officer in 1..=5 {
        for text in [&done.out, &done.err, &public] {
            assert!(!text.contains(&passphrase(officer)));
        }
    }
    // Everything in the public part that decodes to bytes is one of the public formats, and they have no secret field.
    let value: serde_json::Value = serde_json::from_str(&public).unwrap();
    let mut names: Vec<&String> = value.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["keys", "log", "officer_set", "officers", "rempart", "witnesses", "witnesses_needed"]);
    assert!(!done.out.contains("seed"));
}

#[test]
fn one_officer_alone_must_be_wanted_and_is_marked() {
    let dir = tempfile::tempdir().unwrap();
    let alone = ["--officer", "Alice", "--needed", "1", "--retention", "1:60", "--period", "2026Q4"];
    let args = arguments(dir.path(), &alone);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    run(&args, &phrases(&[1])).refuses("--alone");
    assert!(!dir.path().join("keys").exists());
    let done = run(&[args.as_slice(), &["--alone"]].concat(), &phrases(&[1])).succeeds();
    assert!(done.out.contains("DANGER: one officer alone can read this archive."));
    assert!(trust(dir.path()).archives[0].policy.threshold.alone());
}

#[test]
fn impossible_numbers_and_bad_passphrases_are_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let base = ["--retention", "1:60", "--period", "2026Q4"];
    let with = |more: &[&str], input: &str| {
        let all: Vec<&str> = base.iter().chain(more).copied().collect();
        let args = arguments(dir.path(), &all);
        run(&args.iter().map(String::as_str).collect::<Vec<_>>(), input)
    };
    let three = ["--officer", "A", "--officer", "B", "--officer", "C"];
    with(&["--officer", "A", "--officer", "B", "--needed", "2"], "").refuses("2 of 2 officers cannot hold");
    with(&[&three[..], &["--needed", "4"]].concat(), "").refuses("4 of 3 officers cannot hold");
    with(&[&three[..], &["--needed", "1"]].concat(), "").refuses("1 of 3 officers cannot hold");
    let two = [&three[..], &["--needed", "2"]].concat();
    with(&two, "short\n").refuses("at least 12 characters");
    with(&two, &phrases(&[1, 1, 2])).refuses("two officers have the same passphrase");
    with(&two, &phrases(&[1, 2])).refuses("no passphrase was given for C");
    with(&[&two[..], &["--witnesses-needed", "1"]].concat(), "").refuses("more witnesses are needed");
    with(&[&two[..], &["--retention", "1:12"]].concat(), &phrases(&[1, 2, 3])).refuses("class 1 is given twice");
    assert!(!dir.path().join("keys").exists());
}

#[test]
fn a_folder_that_exists_is_not_written_into() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("keys")).unwrap();
    five(dir.path(), &["--retention", "1:60"]).refuses("cannot make the folder");
    assert!(files(&dir.path().join("keys"), "").is_empty());
}

#[test]
fn the_same_officers_add_quarters_with_all_of_them_there() {
    let dir = tempfile::tempdir().unwrap();
    five(dir.path(), &["--retention", "1:60", "--period", "2026Q4"]).succeeds();
    let first = trust(dir.path());
    let officers: Vec<String> =
        files(&dir.path().join("keys"), "officer-").iter().map(|p| p.to_str().unwrap().to_owned()).collect();
    let (out, notice) = (file(dir.path(), "later"), file(dir.path(), "notice.txt"));
    let mut args = vec!["ceremony", "--out", &out, "--notice", &notice, "--retention", "1:60", "--yes"];
    for path in &officers {
        args.extend(["--renew", path]);
    }
    run(&args[..args.len() - 2], &phrases(&[1, 2, 3, 4])).refuses("all 5 officers must be there");
    run(&args, &phrases(&[1, 2, 3, 5, 4])).refuses("the passphrase is wrong, or the file was altered");
    run(&args, &phrases(&[1, 2, 3, 4, 5])).succeeds();
    let later =
        Public::decode(&std::fs::read(dir.path().join("later/public.json")).unwrap()).unwrap().verify().unwrap();
    assert_eq!(later.set, first.set, "clients go on trusting the officers that they pinned");
    let periods: Vec<String> = later.archives.iter().map(rempart_export::Archive::period).collect();
    assert_eq!(periods, ["2026Q4", "2027Q1", "2027Q2", "2027Q3"]);
    assert_eq!(later.archives[0].key_id(), first.archives[0].key_id());
}

#[test]
fn french_people_are_spoken_to_in_french() {
    let dir = tempfile::tempdir().unwrap();
    let args = arguments(dir.path(), &["--officer", "A", "--needed", "1", "--retention", "1:60"]);
    run_in("fr_FR.UTF-8", &args.iter().map(String::as_str).collect::<Vec<_>>(), "")
        .refuses("un seul officier pourrait lire toute l'archive");
}

#[test]
fn without_yes_nobody_confirms_in_a_script() {
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<&str> = FIVE.iter().chain(&["--retention", "1:60"]).copied().collect();
    let args = arguments(dir.path(), &all);
    let args: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--yes").collect();
    run(&args, &phrases(&[1, 2, 3, 4, 5])).refuses("nobody is there to confirm");
    assert!(!dir.path().join("keys").exists());
}

/// On a terminal of its own, made by `script`: what a person types is not shown, and asked for twice.
#[test]
fn passphrases_typed_at_a_terminal_are_not_shown() {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    let dir = tempfile::tempdir().unwrap();
    let args = arguments(dir.path(), &["--officer", "Alice", "--needed", "1", "--alone", "--retention", "1:60"]);
    let quoted: Vec<String> = args.iter().map(|arg| format!("'{arg}'")).collect();
    let command = format!("'{}' --light-locks {}", env!("CARGO_BIN_EXE_rempart-auditor"), quoted.join(" "));
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = String::new();
    for question in ["at least 12 characters): ", "The same again: "] {
        while !shown.ends_with(question) {
            let mut byte = [0];
            assert_eq!(screen.read(&mut byte).unwrap(), 1, "ended: {shown}");
            shown.push(char::from(byte[0]));
        }
        keyboard.write_all(b"a typed secret sentence\n").unwrap();
    }
    screen.read_to_string(&mut shown).unwrap();
    assert!(child.wait().unwrap().success(), "{shown}");
    assert!(shown.contains("The files were read back"), "{shown}");
    assert!(!shown.contains("typed secret"), "{shown}");
}
