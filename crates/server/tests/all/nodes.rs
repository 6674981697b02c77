//! Two nodes on one PostgreSQL, NATS and S3 are one server.

use rempart_testkit::client::session::Person;
use rempart_testkit::client::{Catcher, Client};
use rempart_testkit::server::Cluster;
use rempart_wire::account::Availability;
use rempart_wire::feed::Frame;
use rempart_wire::journal::Receipt;
use serde_json::json;

use crate::archive::settled;
use crate::files::{send, whole};
use crate::house::{SOON, create, feed, next_entry, options, owner, post, refusal, say, text, words};

#[tokio::test(flavor = "multi_thread")]
async fn people_on_two_nodes_talk() {
    let mut cluster = Cluster::start(options(), 2).await.unwrap();
    let maelle = owner(&cluster).await;
    let iris = maelle.invite("member", "iris", "Iris Le Goff").await.unwrap();
    let yann = maelle.invite("member", "yann", "Yann Tanguy").await.unwrap();
    let second = cluster.nodes[1].target().unwrap();
    yann.client.go_to(second.clone()).await;
    let (at_iris, at_yann) = (feed(&iris).await, feed(&yann).await);
    at_iris
        .find(SOON, |frame| match frame {
            Frame::Presence { presence } if presence.account == yann.account => {
                (presence.presence.availability == Availability::Available).then_some(())
            }
            _ => None,
        })
        .await
        .expect("presence crosses nodes within two seconds");
    let here = create(&iris, "direct", "", &[&yann]).await;
    let once = post(here, &text("d'un nœud à l'autre"));
    let receipt: Receipt = at_iris.ask("messages.post", &once).await.unwrap();
    let seen = next_entry(&at_yann, here).await;
    assert_eq!((seen.seq, seen.leaf), (receipt.seq, receipt.leaf.clone()));
    let answer = say(&yann, here, "bien reçu").await;
    loop {
        let seen = next_entry(&at_iris, here).await;
        if words(&seen) == "bien reçu" {
            assert_eq!(seen.seq, answer.seq);
            break;
        }
    }
    at_yann.command("typing.set", json!({ "conversation": here, "typing": true })).await.unwrap();
    at_iris.find(SOON, |f| matches!(f, Frame::Typing { typing: true, .. }).then_some(())).await.unwrap();
    at_yann.command("marks.read", json!({ "conversation": here, "seq": answer.seq })).await.unwrap();
    at_iris
        .find(SOON, |frame| match frame {
            Frame::Marks { marks, .. } => {
                marks.iter().any(|m| m.account == yann.account && m.read == answer.seq).then_some(())
            }
            _ => None,
        })
        .await
        .unwrap();
    // A file sent at one node is read at the other.
    let file = whole(&iris, here, &vec![42; 300_000]).await;
    send(&iris, here, &file).await;
    let path = format!("/api/v1/conversations/{}/blobs/{}", here.0, file.blob.unwrap().0);
    assert_eq!(yann.client.get(&path).await.unwrap().body.len(), 300_000);
    // A retry at the other node is the same entry.
    iris.client.go_to(second).await;
    let again: Receipt = iris.client.ask("messages.post", &once).await.unwrap();
    assert_eq!((again.seq, again.leaf), (receipt.seq, receipt.leaf));
    // What ends at one node ends at the other.
    maelle.client.command("accounts.disable", json!({ "account": yann.account })).await.unwrap();
    assert_eq!(at_yann.closed().await, Some(4003));

    cluster.nodes[0].stop().await.unwrap();
    settled(&cluster.nodes[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_a_killed_node_go_on_at_the_other() {
    let mut cluster = Cluster::start(options(), 2).await.unwrap();
    let maelle = owner(&cluster).await;
    let iris = maelle.invite("member", "iris", "Iris Le Goff").await.unwrap();
    let here = create(&maelle, "direct", "", &[&iris]).await;
    let mut catcher = Catcher::default();
    catcher.begin(here.0, 0);
    let before = say(&maelle, here, "avant").await;
    let open = feed(&maelle).await;
    cluster.nodes[0].kill().await.unwrap();
    open.closed().await;
    let second = cluster.nodes[1].target().unwrap();
    maelle.client.go_to(second.clone()).await;
    iris.client.go_to(second.clone()).await;
    let open = feed(&maelle).await;
    let after = say(&iris, here, "après").await;
    assert_eq!(after.seq, before.seq + 1);
    let known = open.welcome.conversations.iter().find(|c| c.conversation == here).unwrap().last_seq;
    catcher.catch_up_on(&open, here.0, known).await.unwrap();
    catcher.take(here.0, next_entry(&open, here).await).unwrap();
    assert_eq!(catcher.journal(here.0).unwrap().last(), after.seq);
    let nobody = Client::new(&second);
    refusal(nobody.command("ping", json!({})).await, "not_signed_in");
    cluster.nodes[0].resume().await.unwrap();
    let person: Person = maelle.invite("member", "yann", "Yann Tanguy").await.unwrap();
    person.client.go_to(cluster.nodes[0].target().unwrap()).await;
    person.me().await.unwrap();
    settled(&cluster.nodes[0]).await;
}

/// Entries of one conversation written at both nodes at once: each node's memory lacks what the other wrote, and still every
/// entry is heard at both, at once, with nothing after it to ring again.
#[tokio::test(flavor = "multi_thread")]
async fn what_two_nodes_write_at_once_is_heard_at_both() {
    let cluster = Cluster::start(options(), 2).await.unwrap();
    let maelle = owner(&cluster).await;
    let iris = maelle.invite("member", "iris", "Iris Le Goff").await.unwrap();
    let yann = maelle.invite("member", "yann", "Yann Tanguy").await.unwrap();
    let here = create(&iris, "direct", "", &[&yann]).await;
    yann.client.go_to(cluster.nodes[1].target().unwrap()).await;
    let (at_iris, at_yann) = (feed(&iris).await, feed(&yann).await);
    let mut next = at_iris.welcome.conversations.iter().find(|c| c.conversation == here).unwrap().last_seq + 1;
    for round in 0..25 {
        let words = text(&format!("tour {round}"));
        let posts = (0..8).map(|n| if n % 2 == 0 { at_iris.post(here, &words) } else { at_yann.post(here, &words) });
        let receipts = futures_util::future::join_all(posts).await;
        let last = receipts.into_iter().map(|r| r.unwrap().seq).max().unwrap();
        for at in [&at_iris, &at_yann] {
            for expected in next..=last {
                assert_eq!(next_entry(at, here).await.seq, expected, "round {round}");
            }
        }
        next = last + 1;
    }
    // Somebody who only writes, at a node where nobody listens.
    let program = maelle.invite("member", "nolwenn", "Nolwenn Riou").await.unwrap();
    let group = create(&maelle, "group", "À deux nœuds", &[&yann, &program]).await;
    program.client.go_to(cluster.nodes[0].target().unwrap()).await;
    drop(at_iris);
    at_yann
        .find(SOON, |frame| match frame {
            Frame::Conversation { conversation } => (conversation.conversation == group).then_some(()),
            _ => None,
        })
        .await
        .unwrap();
    for round in 0..5 {
        let one = say(&yann, group, &format!("là {round}")).await;
        let other = say(&program, group, &format!("ici {round}")).await;
        for expected in [one.seq, other.seq] {
            loop {
                let entry = next_entry(&at_yann, group).await;
                if entry.seq >= expected {
                    assert_eq!(entry.seq, expected);
                    break;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_signs_nobody_out() {
    let mut cluster = Cluster::start(options(), 1).await.unwrap();
    let maelle = owner(&cluster).await;
    let iris = maelle.invite("member", "iris", "Iris Le Goff").await.unwrap();
    let here = create(&maelle, "direct", "", &[&iris]).await;
    let open = feed(&maelle).await;
    let lost = post(here, &text("pendant la panne"));
    tokio::task::block_in_place(|| cluster.postgres().kill());
    // Longer than a line believes what it knows of its session.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let failed = open.command("messages.post", lost.clone()).await.unwrap_err();
    assert!(matches!(failed.code(), "fault" | "too_many_requests"), "{failed}");
    let over_http = maelle.client.command("me.get", json!({})).await.unwrap_err();
    assert!(matches!(over_http.code(), "fault" | "too_many_requests"), "{over_http}");
    tokio::task::block_in_place(|| cluster.postgres().resume()).unwrap();
    // The same line goes on, and what was not acknowledged is sent again.
    let began = std::time::Instant::now();
    let receipt: Receipt = loop {
        match open.ask("messages.post", &lost).await {
            Ok(receipt) => break receipt,
            Err(failure) => assert!(began.elapsed().as_secs() < 30 && !failure.code().is_empty(), "{failure}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    assert_eq!(next_entry(&open, here).await.seq, receipt.seq);
}

/// More lines than the store has connections, each with commands under way and entries to read: none holds a connection that
/// it does not use while it waits for another.
#[tokio::test(flavor = "multi_thread")]
async fn many_lines_at_once_do_not_wait_for_one_another() {
    let cluster = Cluster::start(options(), 2).await.unwrap();
    let maelle = owner(&cluster).await;
    let iris = maelle.invite("member", "iris", "Iris Le Goff").await.unwrap();
    let mut places = Vec::new();
    for n in 0..40 {
        places.push(create(&maelle, "group", &format!("Salle {n}"), &[&iris]).await);
    }
    // What one node writes is not in the other's memory: there the lines read it from the store.
    iris.client.go_to(cluster.nodes[1].target().unwrap()).await;
    let mut lines = Vec::new();
    for here in &places {
        lines.push((*here, feed(&maelle).await));
        lines.push((*here, feed(&iris).await));
    }
    let began = std::time::Instant::now();
    for _ in 0..10 {
        let all = lines.iter().flat_map(|(here, line)| {
            (0..6).map(move |n| async move {
                match n {
                    0..4 => drop(line.post(*here, &text("à plusieurs")).await.unwrap()),
                    _ => drop(line.command("conversations.members", json!({ "conversation": here })).await.unwrap()),
                }
            })
        });
        futures_util::future::join_all(all).await;
    }
    assert!(began.elapsed().as_secs() < 60, "the store's connections were held: {:?}", began.elapsed());
}
