//! What others say about a log: a signed note, a checkpoint in it, a verifier key. One reading, one spelling.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rempart_merkle::{Checkpoint, LogKey, Note, VerifierKey};

static KEY: LazyLock<LogKey> =
    LazyLock::new(|| LogKey::from_seed("rempart.example/log", &[7; 32]).expect("the name is good"));

fuzz_target!(|bytes: &[u8]| {
    let _ = Checkpoint::open(bytes, KEY.verifier(), "rempart.example/log");
    if let Ok(note) = Note::parse(bytes) {
        let _ = KEY.verifier().verify(&note);
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.text().expect("a checkpoint that was read can be written"), text);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
});
