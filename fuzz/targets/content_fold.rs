//! Journal entries as anybody may write them, folded: forwards, and as a device does that loads the newest page first.
//!
//! A line is an entry: its kind, its author and what it refers to as a character each, then the content.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use rempart_base::{AccountId, Timestamp};
use rempart_content::{Entry, EntryKind, Fold, decode};

fn entry(number: usize, line: &[u8]) -> Option<Entry<'_>> {
    let ([kind, author, about], content) = line.split_first_chunk::<3>()?;
    let mut id = *b"\x01\x90\xb3\xc4\0\0\x70\0\x80\0\0\0\0\0\0\0";
    id[15] = *author;
    Some(Entry {
        seq: number as u64 + 1,
        kind: match kind {
            b'm' => EntryKind::Membership,
            b'e' => EntryKind::Erasure,
            _ => EntryKind::Content,
        },
        account: (*author != b'-').then(|| AccountId::from_bytes(id)),
        time: Timestamp::from_millis(number as i64),
        refers_to: (*about != b'-').then(|| u64::from(about.saturating_sub(b'0'))),
        content: (content != b"gone").then_some(content),
    })
}

fuzz_target!(|bytes: &[u8]| {
    let _ = decode(bytes);
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').filter(|line| line.len() >= 3).collect();
    let entries: Vec<Entry> = lines.iter().enumerate().filter_map(|(n, line)| entry(n, line)).collect();

    let mut forwards = Fold::new(BTreeMap::new());
    for entry in &entries {
        let _ = forwards.apply(entry);
    }

    let (older, newer) = entries.split_at(entries.len() / 2);
    let mut before = Fold::new(BTreeMap::new());
    for entry in older {
        let _ = before.apply(entry);
    }
    let mut backwards = Fold::new(before.members().clone());
    for entry in newer {
        let _ = backwards.apply(entry);
    }
    backwards.prepend(BTreeMap::new(), older.iter().copied());
    assert_eq!(backwards.view(), forwards.view());
});
