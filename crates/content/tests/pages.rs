//! Pages in any split and order give the view of all at once; nothing panics.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rempart_base::{AccountId, Timestamp};
use rempart_content::{Change, Entry, EntryKind, Fold, Role, decode};

/// Small numbers of accounts, keys and targets, so that rules meet each other.
#[derive(Clone, Debug)]
struct Made {
    kind: EntryKind,
    account: Option<u8>,
    /// How many entries back; 0 is itself.
    back: Option<u64>,
    content: Option<String>,
}

fn id(account: u8) -> AccountId {
    AccountId::from_bytes([account; 16])
}

fn made() -> impl Strategy<Value = Made> {
    let word = prop::sample::select(vec!["", "un", "deux"]);
    let content = prop_oneof![
        4 => word.clone().prop_map(|text| format!(r#"{{"v":1,"type":"message","text":"{text}"}}"#)),
        2 => word.prop_map(|text| format!(r#"{{"v":1,"type":"revision","text":"{text}"}}"#)),
        2 => Just(r#"{"v":1,"type":"redaction"}"#.to_owned()),
        3 => (0..2, any::<bool>())
            .prop_map(|(key, on)| format!(r#"{{"v":1,"type":"reaction","reaction":"r{key}","on":{on}}}"#)),
        2 => (0..9).prop_map(|n| format!(r#"{{"v":1,"type":"details","title":"t{n}"}}"#)),
        1 => Just(r#"{"v":1,"type":"poll"}"#.to_owned()),
    ];
    let written =
        (prop::option::weighted(0.95, 0u8..4), prop::option::of(0u64..8), prop::option::weighted(0.9, content))
            .prop_map(|(account, back, content)| Made { kind: EntryKind::Content, account, back, content });
    let role = prop::sample::select(vec!["owner", "moderator", "member", "reader"]);
    let membership = (0u8..4, 0u8..3, role).prop_map(|(who, how, role)| {
        let (row, who) = (format!(r#"{{"account":"{}","role":"{role}"}}"#, id(who)), id(who));
        let change = match how {
            0 => format!(r#""added":[{row}]"#),
            1 => format!(r#""removed":["{who}"]"#),
            _ => format!(r#""roles":[{row}]"#),
        };
        let content = format!(r#"{{"v":1,"type":"membership","by":"{who}",{change}}}"#);
        Made { kind: EntryKind::Membership, account: None, back: None, content: Some(content) }
    });
    let erasure =
        (0u64..8).prop_map(|back| Made { kind: EntryKind::Erasure, account: None, back: Some(back), content: None });
    prop_oneof![10 => written, 3 => membership, 1 => erasure]
}

fn entry(first: u64, place: usize, made: &Made) -> Entry<'_> {
    let seq = first + place as u64;
    Entry {
        seq,
        kind: made.kind,
        account: made.account.map(id),
        time: Timestamp::from_millis(i64::try_from(seq).unwrap_or(0)),
        refers_to: made.back.map(|back| seq.saturating_sub(back)),
        content: made.content.as_deref().map(str::as_bytes),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_split_gives_the_same_view(
        journal in prop::collection::vec(made(), 0..60),
        window in any::<bool>(),
        start in any::<prop::sample::Index>(),
        pages in prop::collection::vec(1usize..9, 0..60),
    ) {
        let (first, seed) = if window {
            (100, BTreeMap::from([(id(0), Role::Owner), (id(1), Role::Moderator), (id(2), Role::Member)]))
        } else {
            (1, BTreeMap::new())
        };
        let entries: Vec<Entry<'_>> = journal.iter().enumerate().map(|(i, made)| entry(first, i, made)).collect();
        let mut whole = Fold::new(seed.clone());
        let mut seeds = Vec::new();
        for one in &entries {
            seeds.push(whole.members().clone());
            let before = whole.view();
            let change = whole.apply(one);
            let after = whole.view();
            // What `apply` does not name has not changed.
            if change != Change::Members {
                prop_assert_eq!(&before.members, &after.members);
            }
            if change != Change::Details && one.seq != 1 {
                prop_assert_eq!(&before.details, &after.details);
            }
            for row in &before.messages {
                if change != Change::Row(row.seq) {
                    prop_assert_eq!(Some(row.clone()), whole.row(row.seq));
                }
            }
        }
        seeds.push(whole.members().clone());

        let mut low = start.index(entries.len() + 1);
        let mut high = low;
        let mut fold = Fold::new(seeds[low].clone());
        for (turn, size) in pages.into_iter().enumerate() {
            if turn % 2 == 0 {
                let end = (high + size).min(entries.len());
                for one in &entries[high..end] {
                    fold.apply(one);
                }
                high = end;
            } else {
                let begin = low.saturating_sub(size);
                fold.prepend(seeds[begin].clone(), entries[begin..low].iter().copied());
                low = begin;
            }
        }
        for one in &entries[high..] {
            fold.apply(one);
        }
        fold.prepend(seed, entries[..low].iter().copied());
        prop_assert_eq!(fold.view(), whole.view());
    }

    #[test]
    fn any_bytes_are_content_or_a_refusal(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn any_change_of_a_content_is_content_or_a_refusal(at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = br#"{"v":1,"type":"message","text":"a","mentions":[],"files":[{"blob":"","name":"n","size":3,"media_type":"","thumbnail":{"width":1}}]}"#.to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = decode(&bytes);
    }
}
