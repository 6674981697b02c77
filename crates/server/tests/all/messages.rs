//! What people write, and what others see of it.

use rempart_merkle::leaf::Leaf;
use rempart_merkle::note::VerifierKey;
use rempart_merkle::proof::verify_inclusion;
use rempart_merkle::{checkpoint::Checkpoint, leaf::leaf_hash};
use rempart_testkit::client::Feed;
use rempart_testkit::client::catcher::{check_entry, check_receipt};
use rempart_testkit::client::client_id;
use rempart_testkit::client::session::Person;
use rempart_wire::feed::Frame;
use rempart_wire::journal::{self, EntryKind, InclusionProof, JournalPage, Marks, Receipt};
use rempart_wire::{B64, Empty, Id, journal::Mark};
use serde_json::{Value, json};

use crate::archive::settled;
use crate::house::{House, SOON, Where, create, feed, next_entry, post, refusal, say, text, words};

/// The log's head and key, once there is one: the log takes up what was written within a second or so.
async fn checkpoint(by: &Person) -> journal::Checkpoint {
    for _ in 0..200 {
        match by.client.ask("log.checkpoint", &Empty {}).await {
            Ok(checkpoint) => return checkpoint,
            Err(failure) => assert_eq!(failure.code(), "not_logged"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no checkpoint within 10 s");
}

async fn read(by: &Person, conversation: Where) -> JournalPage {
    let asked = json!({ "conversation": conversation, "after": 0, "limit": 200 });
    by.client.ask("journal.read", &asked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_and_receipts_hold() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let (at_iris, at_yann) = (feed(&iris).await, feed(&yann).await);
    let here = create(&iris, "direct", "", &[&yann]).await;
    assert_eq!(create(&yann, "direct", "", &[&iris]).await, here, "one conversation a pair");
    let met = at_yann
        .find(SOON, |frame| match frame {
            Frame::Conversation { conversation } if conversation.conversation == here => Some(conversation),
            _ => None,
        })
        .await
        .unwrap();
    assert_eq!(met.with, Some(iris.account));

    let content = text("Bonjour Yann, le bloc 3 est libre à **14 h**.");
    let receipt: Receipt = at_iris.ask("messages.post", &post(here, &content)).await.unwrap();
    let seen = next_entry(&at_yann, here).await;
    assert_eq!((seen.seq, &seen.leaf, seen.account), (receipt.seq, &receipt.leaf, Some(iris.account)));
    assert_eq!(seen.content.as_ref().unwrap().0, content, "the exact bytes");
    check_entry(here.0, &seen).unwrap();
    let own = next_entry(&at_iris, here).await;
    assert_eq!(own.seq, receipt.seq, "one's other devices see it too, and this one");

    let head = checkpoint(&iris).await;
    let key: VerifierKey = head.key.parse().unwrap();
    check_receipt(&key, here.0, &content, &receipt).unwrap();
    assert!(check_receipt(&key, here.0, b"other words", &receipt).is_err());

    // The promise is kept: the leaf is in the log, under a head that the log's key signed.
    let proof = loop {
        let asked = json!({ "conversation": here, "seq": receipt.seq });
        match at_iris.ask::<InclusionProof>("log.proof", &asked).await {
            Ok(proof) => break proof,
            Err(failure) => assert_eq!(failure.code(), "not_logged"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let signed = Checkpoint::open(proof.checkpoint.note.as_bytes(), &key, key.name()).unwrap();
    assert_eq!(signed.size, proof.size);
    let hashes: Vec<[u8; 32]> = proof.hashes.iter().map(|h| h.0.as_slice().try_into().unwrap()).collect();
    verify_inclusion(&leaf_hash(&receipt.leaf.0), proof.position, proof.size, &hashes, &signed.root).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_is_the_same_entry() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let open = feed(&iris).await;
    let once = post(here, &text("une fois"));
    let first: Receipt = open.ask("messages.post", &once).await.unwrap();
    // Again over the other way, and many times at once.
    let second: Receipt = iris.client.ask("messages.post", &once).await.unwrap();
    let all = futures_util::future::join_all((0..8).map(|_| open.ask::<Receipt>("messages.post", &once))).await;
    for receipt in all.into_iter().map(Result::unwrap).chain([second]) {
        assert_eq!((receipt.seq, &receipt.leaf, &receipt.salt), (first.seq, &first.leaf, &first.salt));
        assert_eq!(receipt.time, first.time);
    }
    let page = read(&yann, here).await;
    assert_eq!(page.entries.iter().filter(|e| words(e) == "une fois").count(), 1);
    // Eight at once that nobody has seen yet.
    let fresh = post(here, &text("huit fois"));
    let all = futures_util::future::join_all((0..8).map(|_| open.ask::<Receipt>("messages.post", &fresh))).await;
    let seqs: Vec<u64> = all.into_iter().map(|r| r.unwrap().seq).collect();
    assert!(seqs.iter().all(|seq| *seq == seqs[0]), "{seqs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_from_two_devices_is_two_entries() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let same = post(here, &text("nous deux"));
    let one: Receipt = iris.client.ask("messages.post", &same).await.unwrap();
    let two: Receipt = yann.client.ask("messages.post", &same).await.unwrap();
    assert_eq!(one.seq + 1, two.seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_revisions_reactions_and_redactions_are_entries() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let at_yann = feed(&yann).await;
    let first = say(&iris, here, "la réunion est à 9 h").await;
    next_entry(&at_yann, here).await;
    for (by, content) in [
        (&yann, json!({ "v": 1, "type": "message", "text": "noté" })),
        (&iris, json!({ "v": 1, "type": "revision", "text": "la réunion est à 10 h" })),
        (&yann, json!({ "v": 1, "type": "reaction", "reaction": "agreed", "on": true })),
        (&iris, json!({ "v": 1, "type": "redaction" })),
    ] {
        let mut asked = post(here, content.to_string().as_bytes());
        asked["refers_to"] = json!(first.seq);
        let receipt: Receipt = by.client.ask("messages.post", &asked).await.unwrap();
        let seen = next_entry(&at_yann, here).await;
        assert_eq!((seen.seq, seen.refers_to), (receipt.seq, Some(first.seq)));
        assert_eq!(Leaf::decode(&seen.leaf.0).unwrap().refers_to, first.seq, "the leaf commits to what is referred to");
        assert_eq!(serde_json::from_slice::<Value>(&seen.content.unwrap().0).unwrap(), content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_go_forward_and_are_told() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let (at_iris, at_yann) = (feed(&iris).await, feed(&yann).await);
    say(&iris, here, "un").await;
    let last = say(&iris, here, "deux").await.seq;
    let mark_of_yann = |frame| match frame {
        Frame::Marks { conversation, marks } if conversation == here => {
            marks.into_iter().find(|m| m.account == yann.account)
        }
        _ => None,
    };
    at_yann.command("cursor.ack", json!({ "conversation": here, "seq": last })).await.unwrap();
    let mark = at_iris.find(SOON, mark_of_yann).await.unwrap();
    assert_eq!((mark.delivered, mark.read), (last, 0));
    at_yann.command("marks.read", json!({ "conversation": here, "seq": last })).await.unwrap();
    let mark = at_iris.find(SOON, mark_of_yann).await.unwrap();
    assert_eq!((mark.delivered, mark.read), (last, last));
    // Backward changes nothing, and past the end there is nothing to have read.
    at_yann.command("marks.read", json!({ "conversation": here, "seq": 1 })).await.unwrap();
    let marks: Marks = at_iris.ask("marks.get", &json!({ "conversation": here })).await.unwrap();
    assert!(marks.marks.contains(&Mark { account: yann.account, delivered: last, read: last }), "{marks:?}");
    // Another device of the reader learns it by the account's journal.
    let list = yann.client.command("conversations.list", json!({})).await.unwrap();
    let row = list["conversations"].as_array().unwrap().iter().find(|c| c["conversation"] == json!(here)).unwrap();
    assert_eq!(row["read_seq"], json!(last));
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_is_told_to_others_and_ends() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let (at_iris, at_yann) = (feed(&iris).await, feed(&yann).await);
    let state = |frame| match frame {
        Frame::Typing { conversation, account, typing } if conversation == here && account == yann.account => {
            Some(typing)
        }
        _ => None,
    };
    for typing in [true, false] {
        at_yann.command("typing.set", json!({ "conversation": here, "typing": typing })).await.unwrap();
        assert_eq!(at_iris.find(SOON, state).await.unwrap(), typing);
    }
    assert!(at_yann.find(std::time::Duration::from_millis(200), state).await.is_err(), "not to oneself");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_body_is_gone_and_its_leaf_stands() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let at_yann = feed(&yann).await;
    let receipt = say(&iris, here, "ce code est 4711").await;
    next_entry(&at_yann, here).await;
    refusal(
        yann.client
            .command("messages.erase", json!({ "conversation": here, "seq": receipt.seq, "client_id": client_id() }))
            .await,
        "not_allowed",
    );
    let erase = json!({ "conversation": here, "seq": receipt.seq, "client_id": client_id() });
    iris.client.command("messages.erase", erase.clone()).await.unwrap();
    iris.client.command("messages.erase", erase).await.unwrap();
    let told = next_entry(&at_yann, here).await;
    assert_eq!((told.kind, told.refers_to), (EntryKind::Erasure, Some(receipt.seq)));
    let page = read(&yann, here).await;
    let entry = page.entries.iter().find(|e| e.seq == receipt.seq).unwrap();
    assert!(entry.content.is_none() && entry.salt.is_none());
    assert_eq!(entry.leaf, receipt.leaf);
    assert_eq!(page.entries.iter().filter(|e| e.kind == EntryKind::Erasure).count(), 1, "a retry erases once");
    let said = settled(&house.server).await;
    assert!(said.contains("1 with an erased body"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_both_ways_without_gap() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "group", "Bloc 3", &[&yann]).await;
    let open = feed(&iris).await;
    let posts = (0..450).map(|n| {
        let (open, content) = (&open, text(&format!("message {n}")));
        async move { open.post(here, &content).await.unwrap().seq }
    });
    let mut seqs = futures_util::future::join_all(posts).await;
    seqs.sort_unstable();
    let last = *seqs.last().unwrap();
    assert!(seqs.windows(2).all(|w| w[0] + 1 == w[1]), "numbers without gap");
    let (mut before, mut back) = (last + 1, Vec::new());
    while before > 1 {
        let asked = json!({ "conversation": here, "before": before, "limit": 200 });
        let page: JournalPage = yann.client.ask("journal.read", &asked).await.unwrap();
        let Some(first) = page.entries.first() else { break };
        assert!(page.entries.windows(2).all(|w| w[0].seq + 1 == w[1].seq), "oldest first");
        assert_eq!(page.entries.last().unwrap().seq + 1, before);
        before = first.seq;
        back.splice(0..0, page.entries.iter().map(|e| e.seq));
    }
    assert!(back.windows(2).all(|w| w[0] + 1 == w[1]));
    assert_eq!(back.last(), Some(&last));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fast_client_is_answered_whole_and_in_full() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let (at_iris, at_yann): (Feed, Feed) = (feed(&iris).await, feed(&yann).await);
    let posts = (0..300).map(|n| {
        let (open, content) = (&at_iris, text(&format!("{n}")));
        async move { open.post(here, &content).await.unwrap() }
    });
    let receipts = futures_util::future::join_all(posts).await;
    let mut expected: Vec<(u64, B64)> = receipts.into_iter().map(|r| (r.seq, r.leaf)).collect();
    expected.sort_by_key(|(seq, _)| *seq);
    for (seq, leaf) in expected {
        let entry = next_entry(&at_yann, here).await;
        assert_eq!((entry.seq, entry.leaf), (seq, leaf), "each, in order, once");
    }
    assert_eq!(Id(here.0), here);
}
