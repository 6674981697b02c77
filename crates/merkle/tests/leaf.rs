//! Leaves against the committed vectors, which were computed by another program, and against broken bytes.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

use proptest::prelude::*;
use rempart_base::{ConversationId, DeviceId};
use rempart_merkle::leaf::{self, Leaf, LeafError, Sender};
use serde_json::Value;

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

fn sample() -> Leaf {
    Leaf {
        kind: leaf::KIND_CONTENT,
        conversation: ConversationId::from_bytes([1; 16]),
        seq: 7,
        server_time_ms: 1_795_348_800_000,
        sender: Sender::Device(DeviceId::from_bytes([2; 16])),
        epoch_ref: Vec::new(),
        refers_to: 0,
        content_len: 3,
        content_hash: [9; 32],
    }
}

#[test]
fn vectors() {
    let file: Value = serde_json::from_str(include_str!("../vectors/leaf.json")).unwrap();
    let cases = file["leaves"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let value = case["sender_value"].as_str().unwrap();
        let content = bytes(&case["content"]);
        let salt: [u8; 32] = bytes(&case["salt"]).try_into().unwrap();
        let made = Leaf {
            kind: u8::try_from(case["kind"].as_u64().unwrap()).unwrap(),
            conversation: case["conversation"].as_str().unwrap().parse().unwrap(),
            seq: number(&case["seq"]),
            server_time_ms: number(&case["server_time_ms"]),
            sender: match case["sender"].as_str().unwrap() {
                "device" => Sender::Device(value.parse().unwrap()),
                "remote" => Sender::Remote(value.to_owned()),
                _ => Sender::Task(value.to_owned()),
            },
            epoch_ref: bytes(&case["epoch_ref"]),
            refers_to: number(&case["refers_to"]),
            content_len: u32::try_from(content.len()).unwrap(),
            content_hash: leaf::content_hash(&salt, &content),
        };
        let encoded = made.encode().unwrap();
        assert_eq!(encoded, bytes(&case["leaf"]), "{}", case["name"]);
        assert_eq!(encoded.len(), encoded.capacity(), "one allocation, of the right size");
        assert!(encoded.len() <= leaf::MAX_LEAF);
        assert_eq!(Leaf::decode(&encoded), Ok(made));
        assert_eq!(leaf::leaf_hash(&encoded).to_vec(), bytes(&case["leaf_hash"]));
    }
}

#[test]
fn every_cut_and_every_addition_is_refused() {
    let good = sample().encode().unwrap();
    for cut in 0..good.len() {
        assert_eq!(Leaf::decode(&good[..cut]), Err(LeafError::Truncated), "{cut}");
    }
    let mut long = good.clone();
    long.push(0);
    assert_eq!(Leaf::decode(&long), Err(LeafError::Trailing));
    let mut version = good.clone();
    version[0] = 2;
    assert_eq!(Leaf::decode(&version), Err(LeafError::Version(2)));
    let mut tag = good.clone();
    tag[35] = 4;
    assert_eq!(Leaf::decode(&tag), Err(LeafError::Sender));
    for empty in [&[][..], &[1], &[2], &[3], &[2, 0xff]] {
        let mut bytes = good[..34].to_vec();
        bytes.push(u8::try_from(empty.len()).unwrap());
        bytes.extend_from_slice(empty);
        bytes.extend_from_slice(&good[52..]);
        assert_eq!(Leaf::decode(&bytes), Err(LeafError::Sender), "{empty:?}");
    }
    // A device id of 15 bytes: the length says 16 with the tag.
    let mut short = good;
    short[34] = 16;
    short.remove(36);
    assert_eq!(Leaf::decode(&short), Err(LeafError::Sender));
}

#[test]
fn limits_of_the_sender_and_the_epoch() {
    let with = |sender| Leaf { sender, ..sample() }.encode();
    assert!(with(Sender::Remote("a".repeat(254))).is_ok());
    assert_eq!(with(Sender::Remote("a".repeat(255))), Err(LeafError::SenderName));
    assert_eq!(with(Sender::Task(String::new())), Err(LeafError::SenderName));
    let epoch = |n| Leaf { epoch_ref: vec![5; n], ..sample() }.encode();
    assert!(epoch(32).is_ok());
    assert_eq!(epoch(33), Err(LeafError::EpochRef));
    assert_eq!(epoch(300), Err(LeafError::EpochRef));
    let mut wide = epoch(32).unwrap();
    wide[52] = 33;
    wide.insert(53, 5);
    assert_eq!(Leaf::decode(&wide), Err(LeafError::EpochRef));
}

proptest! {
    #[test]
    fn what_decodes_encodes_back_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(leaf) = Leaf::decode(&bytes) {
            prop_assert_eq!(leaf.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn round_trip(kind: u8, seq: u64, time: u64, name in "[a-zé@./]{1,100}", epoch in proptest::collection::vec(any::<u8>(), 0..=32), refers: u64, len: u32, hash: [u8; 32], flip in 0usize..400) {
        let made = Leaf { kind, seq, server_time_ms: time, sender: Sender::Remote(name), epoch_ref: epoch, refers_to: refers, content_len: len, content_hash: hash, ..sample() };
        let encoded = made.encode().unwrap();
        prop_assert_eq!(Leaf::decode(&encoded).unwrap(), made.clone());
        let mut other = encoded.clone();
        let at = flip % other.len();
        other[at] ^= 1;
        prop_assert_ne!(Leaf::decode(&other), Ok(made));
    }
}
