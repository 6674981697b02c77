//! Signed notes, checkpoints and promises: published examples, another implementation, and refusals.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

use proptest::prelude::*;
use rempart_merkle::checkpoint::{self, CheckpointError};
use rempart_merkle::note::{self, NoteError};
use rempart_merkle::{Checkpoint, LogKey, Note, VerifierKey, promise};

/// The example of golang.org/x/mod/sumdb/note.
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// The example of C2SP tlog-checkpoint; its key is not published.
const C2SP_CHECKPOINT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

fn key() -> LogKey {
    LogKey::from_seed("rempart.example/messages", &[7; 32]).unwrap()
}

fn head() -> Checkpoint {
    Checkpoint { origin: "rempart.example/messages".into(), size: 1234, root: [0xAB; 32], extensions: Vec::new() }
}

#[test]
fn published_note() {
    let verifier: VerifierKey = GO_KEY.parse().unwrap();
    assert_eq!((verifier.name(), verifier.key_id()), ("PeterNeumann", 0xc74f_20a3));
    assert_eq!(verifier.to_string(), GO_KEY);
    let read = Note::parse(GO_NOTE.as_bytes()).unwrap();
    assert_eq!(read.to_string(), GO_NOTE);
    assert_eq!(verifier.verify(&read), Ok(()));
    assert_eq!(key().verifier().verify(&read), Err(NoteError::Unsigned));
    let changed = GO_NOTE.replacen("answer", "Answer", 1);
    assert_eq!(verifier.verify(&Note::parse(changed.as_bytes()).unwrap()), Err(NoteError::Signature));
}

#[test]
fn published_checkpoint() {
    let read = Note::parse(C2SP_CHECKPOINT.as_bytes()).unwrap();
    assert_eq!(read.signatures()[0].key_id, 0x033d_e0ae);
    let head = Checkpoint::parse(read.text()).unwrap();
    assert_eq!((head.origin.as_str(), head.size), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(head.root[..4], [0x0a, 0xc5, 0x18, 0x6a]);
    assert_eq!(head.text().unwrap(), read.text());
}

#[test]
fn another_implementation_reads_ours() {
    use signed_note::{StandardVerifier, VerifierList};
    let head = Checkpoint { extensions: vec!["further".into()], ..head() };
    let note = head.sign(&key()).unwrap();
    let theirs = signed_note::Note::from_bytes(note.as_bytes()).unwrap();
    let verifier = StandardVerifier::new(&key().verifier().to_string()).unwrap();
    let (verified, unknown) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 0));
    let read = tlog_tiles::Checkpoint::from_bytes(theirs.text()).unwrap();
    assert_eq!((read.origin(), read.size(), read.hash().0), (head.origin.as_str(), 1234, head.root));
    assert_eq!(read.extension(), "further\n");
}

#[test]
fn a_checkpoint_opens_only_with_its_key_and_origin() {
    let note = head().sign(&key()).unwrap();
    let open = |note: &str, key: &LogKey, origin| Checkpoint::open(note.as_bytes(), key.verifier(), origin);
    assert_eq!(open(&note, &key(), "rempart.example/messages"), Ok(head()));
    assert_eq!(open(&note, &key(), "rempart.example/keys"), Err(CheckpointError::Origin));
    let other = LogKey::from_seed("rempart.example/messages", &[8; 32]).unwrap();
    assert_eq!(open(&note, &other, "rempart.example/messages"), Err(NoteError::Unsigned.into()));
    let forged = note.replacen("1234", "1235", 1);
    assert_eq!(open(&forged, &key(), "rempart.example/messages"), Err(NoteError::Signature.into()));
    // A further line by a witness that we do not know does not disturb.
    let mut signed_twice = Note::parse(note.as_bytes()).unwrap();
    LogKey::from_seed("witness.example", &[9; 32]).unwrap().sign_note(&mut signed_twice).unwrap();
    assert_eq!(open(&signed_twice.to_string(), &key(), "rempart.example/messages"), Ok(head()));
    // Another's line whose key id happens to be the log's own is another's still.
    let line = note.lines().last().unwrap().replacen("rempart.example/messages", "someone.example", 1);
    let forged = forged_line(&format!("{line}\n"));
    assert_eq!(open(&format!("{note}{forged}"), &key(), "rempart.example/messages"), Ok(head()));
    // A wrong signature in the log's name spoils the note even beside a right one.
    let line = forged_line(&note);
    assert_eq!(open(&format!("{note}{line}"), &key(), "rempart.example/messages"), Err(NoteError::Signature.into()));
}

/// The note's signature line with its last byte changed.
fn forged_line(note: &str) -> String {
    let line = note.lines().last().unwrap_or_default();
    let changed = if line.ends_with("A=") { "E=" } else { "A=" };
    format!("{}{changed}\n", line.get(..line.len() - 2).unwrap_or_default())
}

#[test]
fn malformed_notes() {
    let signature = "— a AAAAAAE=\n";
    assert!(Note::parse(format!("t\n\n{signature}").as_bytes()).is_ok());
    assert!(Note::parse(format!("a\n\nb\n\n{signature}").as_bytes()).is_ok_and(|n| n.text() == "a\n\nb\n"));
    for bad in [
        String::new(),
        "t\n".into(),
        "t\n\n".into(),
        "t\n\n\n".into(),
        signature.into(),
        format!("t\n{signature}"),
        format!("t\n\n{}", signature.trim_end()),
        format!("t\r\n\n{signature}"),
        format!("t\0\n\n{signature}"),
        "t\n\n- a AAAAAAE=\n".into(),
        "t\n\n—a AAAAAAE=\n".into(),
        "t\n\n—  AAAAAAE=\n".into(),
        "t\n\n— a+b AAAAAAE=\n".into(),
        "t\n\n— a\u{a0}b AAAAAAE=\n".into(),
        "t\n\n— a AAAAAA==\n".into(),
        "t\n\n— a AAAAAAE\n".into(),
        "t\n\n— a AAAAAAF=\n".into(),
        "t\n\n— a AAAAAAE= \n".into(),
        "t\n\n— a \n".into(),
    ] {
        assert_eq!(Note::parse(bad.as_bytes()), Err(NoteError::Malformed), "{bad:?}");
    }
    assert_eq!(Note::parse(b"\xff\n\n"), Err(NoteError::Malformed));
    let many = format!("t\n\n{}", signature.repeat(note::MAX_SIGNATURES));
    assert_eq!(Note::parse(many.as_bytes()).unwrap().signatures().len(), note::MAX_SIGNATURES);
    assert_eq!(Note::parse(format!("{many}{signature}").as_bytes()), Err(NoteError::TooLong));
    assert_eq!(Note::parse(&vec![b'a'; note::MAX_NOTE + 1]), Err(NoteError::TooLong));
    assert_eq!(Note::new("no newline".into()), Err(NoteError::Text));
    assert_eq!(Note::new("\u{1}\n".into()), Err(NoteError::Text));
    assert_eq!(Note::new("a".repeat(note::MAX_NOTE) + "\n"), Err(NoteError::TooLong));
}

#[test]
fn malformed_keys() {
    let name = |name: &str| LogKey::from_seed(name, &[7; 32]).map(|_| ());
    assert_eq!(name("é.example/x"), Ok(()));
    for bad in ["", "a b", "a+b", "a\u{2003}b", "a\nb", &"n".repeat(note::MAX_NAME + 1)] {
        assert_eq!(name(bad), Err(NoteError::Name), "{bad:?}");
    }
    let key = |text: &str| text.parse::<VerifierKey>();
    for bad in [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Someone+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10",
        "PeterNeumann+c74f20a3+",
    ] {
        assert_eq!(key(bad), Err(NoteError::Key), "{bad:?}");
    }
    // The neutral element, under which anything would verify.
    let mut weak = [0; 32];
    weak[0] = 1;
    assert_eq!(VerifierKey::new("a", &weak), Err(NoteError::Key));
}

#[test]
fn malformed_checkpoints() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    assert!(Checkpoint::parse(&format!("o\n0\n{root}\n")).is_ok());
    assert!(Checkpoint::parse(&format!("o\n{}\n{root}\nx\ny\n", u64::MAX)).is_ok());
    for bad in [
        String::new(),
        "\n".into(),
        "o\n1\n".into(),
        format!("o\n1\n{root}"),
        format!("\n1\n{root}\n"),
        format!("o\n\n{root}\n"),
        format!("o\n01\n{root}\n"),
        format!("o\n+1\n{root}\n"),
        format!("o\n-1\n{root}\n"),
        format!("o\n18446744073709551616\n{root}\n"),
        format!("o\n1\n{}\n", &root[..40]),
        format!("o\n1\n{root}\n\n"),
        format!("o\n1\n{root}\n\nx\n"),
        format!("o\n1\n{root}\n{}", "x\n".repeat(checkpoint::MAX_EXTENSIONS + 1)),
        format!("o\n1\n{root}\n{}\n", "x".repeat(checkpoint::MAX_EXTENSION + 1)),
    ] {
        assert_eq!(Checkpoint::parse(&bad), Err(CheckpointError::Malformed), "{bad:?}");
    }
    for origin in ["", "two\nlines", "tab\t"] {
        assert_eq!(Checkpoint { origin: origin.into(), ..head() }.sign(&key()), Err(CheckpointError::Malformed));
    }
    assert_eq!(Checkpoint { extensions: vec![String::new()], ..head() }.text(), Err(CheckpointError::Malformed));
}

#[test]
fn a_promise_holds_for_its_leaf_and_key_alone() {
    let leaf = [3; 32];
    assert_eq!(promise::message(&leaf)[..], [b"rempart promise 1\n".as_slice(), &leaf].concat());
    let signature = promise::sign(&key(), &leaf);
    assert_eq!(promise::verify(key().verifier(), &leaf, &signature), Ok(()));
    assert_eq!(promise::verify(key().verifier(), &[4; 32], &signature), Err(NoteError::Signature));
    assert_eq!(promise::verify(key().verifier(), &leaf, &signature[..63]), Err(NoteError::Signature));
    let other = LogKey::from_seed("rempart.example/messages", &[8; 32]).unwrap();
    assert_eq!(promise::verify(other.verifier(), &leaf, &signature), Err(NoteError::Signature));
}

#[test]
fn a_key_shows_no_secret() {
    assert_eq!(format!("{:?}", key()), format!("LogKey({})", key().verifier()));
    let mut note = Note::new("t\n".into()).unwrap();
    assert_eq!(note.add(key().verifier(), [0; 64]), Err(NoteError::Signature));
    for _ in 0..note::MAX_SIGNATURES {
        key().sign_note(&mut note).unwrap();
    }
    assert_eq!(key().sign_note(&mut note), Err(NoteError::TooLong));
}

proptest! {
    #[test]
    fn what_parses_is_written_back_the_same(text in "[a\n é+]{0,20}", line in "(— [a-z]{0,3} [A-Za-z0-9+/]{6,7}=?=?\n){0,3}") {
        let all = format!("{text}\n{line}");
        if let Ok(note) = Note::parse(all.as_bytes()) {
            prop_assert_eq!(note.to_string(), all);
        }
        if let Ok(head) = Checkpoint::parse(&text) {
            prop_assert_eq!(head.text().unwrap(), text);
        }
    }

    #[test]
    fn checkpoints_round_trip(origin in "[a-z./é ]{1,20}", size: u64, root: [u8; 32], extensions in prop::collection::vec("[a-z =]{1,9}", 0..4)) {
        let head = Checkpoint { origin: origin.clone(), size, root, extensions };
        let note = head.sign(&key()).unwrap();
        prop_assert_eq!(Checkpoint::open(note.as_bytes(), key().verifier(), &origin), Ok(head));
    }
}
