//! Bytes written here are read back, and refusals say what is wrong.

use rempart_base::{AccountId, BlobHash};
use rempart_content::{
    Content, ContentError, Details, File, Membership, Message, Role, Thumbnail, decode, encode, limits,
};

fn account(n: u16) -> AccountId {
    let mut bytes = [7; 16];
    bytes[..2].copy_from_slice(&n.to_be_bytes());
    AccountId::from_bytes(bytes)
}

fn blob() -> BlobHash {
    BlobHash::from_bytes([9; 32])
}

#[test]
fn a_message_comes_back() {
    let message = Message {
        text: "Réunion « demain »\n".into(),
        mentions: vec![account(1), account(2)],
        files: vec![File {
            blob: blob(),
            name: "plan d'accès.pdf".into(),
            size: 12,
            media_type: "application/pdf".into(),
            width: Some(1),
            height: Some(1_000_000),
            thumbnail: Some(Thumbnail { blob: blob(), width: 400, height: 1 }),
        }],
    };
    assert_eq!(decode(&encode::message(&message).unwrap()), Ok(Content::Message(message)));
    let text = encode::text("Bonjour").unwrap();
    assert_eq!(text, br#"{"text":"Bonjour","type":"message","v":1}"#);
}

#[test]
fn details_come_back() {
    for details in [
        Details { title: "Équipe".into(), topic: Some("Nord".into()), avatar: Some(blob()) },
        Details { title: String::new(), topic: None, avatar: None },
    ] {
        assert_eq!(decode(&encode::details(&details).unwrap()), Ok(Content::Details(details)));
    }
}

#[test]
fn what_breaks_a_limit_is_not_written() {
    assert_eq!(encode::text(" \n"), Err(ContentError::Invalid { kind: "message", field: "text" }));
    assert!(encode::text(&"x".repeat(limits::TEXT_CHARS)).is_ok());
    assert!(encode::text(&"x".repeat(limits::TEXT_CHARS + 1)).is_err());
    // Characters within the limit whose bytes are not: control characters take six each in JSON.
    assert_eq!(encode::text(&"\u{1}".repeat(limits::TEXT_CHARS)), Err(ContentError::TooLong));
    let long = Details { title: "t".repeat(limits::TITLE_CHARS + 1), ..Details::default() };
    assert_eq!(encode::details(&long), Err(ContentError::Invalid { kind: "details", field: "title" }));
}

#[test]
fn a_membership_comes_back_in_as_many_contents_as_it_needs() {
    assert!(encode::membership(&Membership { by: Some(account(1)), ..Membership::default() }).is_empty());
    let small = Membership {
        by: Some(account(1)),
        added: vec![(account(2), Role::Member), (account(3), Role::Reader)],
        removed: vec![account(4)],
        roles: vec![(account(5), Role::Moderator), (account(1), Role::Owner)],
    };
    let written = encode::membership(&small);
    assert_eq!(written.len(), 1);
    assert_eq!(decode(&written[0]), Ok(Content::Membership(small)));

    let large = Membership {
        by: None,
        added: (0..5_000).map(|n| (account(n), Role::Moderator)).collect(),
        removed: (5_000..5_501).map(account).collect(),
        roles: vec![(account(0), Role::Owner)],
    };
    let mut read = Membership::default();
    let mut order = Vec::new();
    for bytes in encode::membership(&large) {
        let Ok(Content::Membership(part)) = decode(&bytes) else { panic!("not a membership of at most 64 KiB") };
        order.push((!part.removed.is_empty(), !part.added.is_empty(), !part.roles.is_empty()));
        read.added.extend(part.added);
        read.removed.extend(part.removed);
        read.roles.extend(part.roles);
    }
    assert_eq!(read, large);
    assert_eq!(order.len(), 2 + 10 + 1);
    assert!(order.is_sorted_by(|a, b| a >= b), "removals, then additions, then roles");
}

#[test]
fn refusals_say_what_is_wrong() {
    let say = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
    assert_eq!(say(&[b' '; 65_537]), "the content is longer than 64 KiB");
    assert_eq!(say(b"[]"), "the content is not an object in JSON with v and type");
    let message = br#"{"v":1,"type":"message","text":"x","files":[{"blob":"z","name":"a","size":1,"media_type":""}]}"#;
    assert_eq!(say(message), "blob of the message is missing, of a wrong kind or beyond its limit");
    assert_eq!(
        say(br#"{"v":1,"type":"reaction","reaction":"seen"}"#),
        "on of the reaction is missing, of a wrong kind or beyond its limit"
    );
    assert!(decode(br#"{"v":1,"type":"reaction"}"#).is_err_and(|error| !error.is_shown()));
    assert!(decode(br#"{"v":1,"type":"message"}"#).is_err_and(ContentError::is_shown));
}
