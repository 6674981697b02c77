//! Cut lines: after any cut a client has every entry, each once.

use std::time::Duration;

use rempart_testkit::client::{Catcher, Feed};
use rempart_wire::feed::Frame;
use rempart_wire::journal::{AccountChange, AccountJournalPage};
use serde_json::json;

use crate::house::{House, create, feed, say, text};

#[tokio::test(flavor = "multi_thread")]
async fn entries_written_while_the_line_is_cut_come_once() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "group", "Bloc 3", &[&yann]).await;
    let mut catcher = Catcher::default();
    catcher.begin(here.0, 0);
    let at_iris = feed(&iris).await;
    let mut total = 0;
    for round in 0..5 {
        // While nobody listens.
        for n in 0..10 {
            total = at_iris.post(here, &text(&format!("{round} sourd {n}"))).await.unwrap().seq;
        }
        // While the reader comes, catches up and listens: some are in the page, some live, some in both for a while.
        let writing = async {
            for n in 0..40 {
                at_iris.post(here, &text(&format!("{round} vif {n}"))).await.unwrap();
            }
            at_iris.post(here, &text("fin")).await.unwrap().seq
        };
        let reading = async {
            let open = feed(&yann).await;
            let known = open.welcome.conversations.iter().find(|c| c.conversation == here).unwrap().last_seq;
            catcher.catch_up_on(&open, here.0, known).await.unwrap();
            open
        };
        let (last, open) = tokio::join!(writing, reading);
        while catcher.journal(here.0).unwrap().last() < last {
            let frame = tokio::time::timeout(Duration::from_secs(5), open.next()).await.unwrap().unwrap();
            if let Frame::Entry { conversation, entry } = frame {
                catcher.take(conversation.0, entry).unwrap();
            }
        }
        total = total.max(last);
    }
    assert_eq!(catcher.journal(here.0).unwrap().last(), total);
}

#[tokio::test(flavor = "multi_thread")]
async fn live_frames_begin_after_the_welcome() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let writer = feed(&iris).await;
    // Feeds that open in the middle of a stream of entries: each sees the rest without gap and without repeat.
    let writing = async {
        for n in 0..120 {
            writer.post(here, &text(&n.to_string())).await.unwrap();
        }
    };
    let opening = async {
        let mut feeds: Vec<Feed> = Vec::new();
        for _ in 0..8 {
            feeds.push(feed(&yann).await);
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        feeds
    };
    let ((), feeds) = tokio::join!(writing, opening);
    let last = say(&iris, here, "fin").await.seq;
    for open in feeds {
        let mut next = open.welcome.conversations.iter().find(|c| c.conversation == here).unwrap().last_seq + 1;
        while next <= last {
            let frame = tokio::time::timeout(Duration::from_secs(5), open.next()).await.unwrap().unwrap();
            if let Frame::Entry { entry, .. } = frame {
                assert_eq!(entry.seq, next);
                next += 1;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accounts_journal_has_no_gap() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "group", "Bloc 3", &[&yann]).await;
    say(&iris, here, "un").await;
    yann.client.command("marks.read", json!({ "conversation": here, "seq": 1 })).await.unwrap();
    yann.client.command("conversations.mute", json!({ "conversation": here, "pinned": true })).await.unwrap();
    yann.client.command("me.update", json!({ "title": "Infirmier" })).await.unwrap();
    let page: AccountJournalPage =
        yann.client.ask("account_journal.read", &json!({ "after": 0, "limit": 200 })).await.unwrap();
    assert!(page.entries.windows(2).all(|w| w[0].seq + 1 == w[1].seq));
    assert_eq!(page.entries.last().map(|e| e.seq), Some(page.last_seq));
    let changes: Vec<_> = page.entries.iter().map(|e| &e.change).collect();
    assert!(changes.iter().any(|c| matches!(c, AccountChange::Membership { member: true, .. })), "{changes:?}");
    assert!(changes.iter().any(|c| matches!(c, AccountChange::Read { read: 1, .. })), "{changes:?}");
    assert!(changes.iter().any(|c| matches!(c, AccountChange::Settings)), "{changes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_closes_feeds_and_loses_nothing() {
    let mut house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let open = feed(&yann).await;
    let receipt = say(&iris, here, "avant l'arrêt").await;
    let (status, code) = tokio::join!(house.server.stop(), open.closed());
    assert!(status.unwrap().success());
    assert_eq!(code, Some(1001), "the server goes away");
    house.server.resume().await.unwrap();
    let open = feed(&yann).await;
    let view = open.welcome.conversations.iter().find(|c| c.conversation == here).unwrap();
    assert_eq!(view.last_seq, receipt.seq);
}
