//! Groups and channels: who comes in, who goes out, and what they then see.

use rempart_base::AccountId;
use rempart_testkit::client::client_id;
use rempart_wire::Id;
use rempart_wire::conversation::{Channels, Conversation, MemberRole, Members};
use rempart_wire::feed::Frame;
use rempart_wire::journal::{AccountChange, EntryKind, JournalPage};
use serde_json::json;

use crate::house::{House, SOON, create, feed, next_entry, post, refusal, say, text, title, words};

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_found_and_joined() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "channel", "Annonces", &[]).await;
    say(&iris, here, "avant").await;
    let channels: Channels = yann.client.ask("channels.list", &json!({})).await.unwrap();
    let channel = channels.channels.iter().find(|c| c.conversation == here).unwrap();
    assert!(!channel.joined && channel.members == 1);
    assert_eq!(channel.details, Some(title("Annonces")));
    refusal(yann.client.command("conversations.get", json!({ "conversation": here })).await, "conversation_unknown");

    let at_iris = feed(&iris).await;
    let at_yann = feed(&yann).await;
    let joined: Conversation = yann.client.ask("channels.join", &json!({ "conversation": here })).await.unwrap();
    assert_eq!(joined.members, 2);
    let told = next_entry(&at_iris, here).await;
    assert_eq!(told.kind, EntryKind::Membership);
    let known = at_yann
        .find(SOON, |frame| match frame {
            Frame::Account { entry } => match entry.change {
                AccountChange::Membership { conversation, member } if conversation == here => Some(member),
                _ => None,
            },
            _ => None,
        })
        .await
        .unwrap();
    assert!(known);
    let receipt = say(&iris, here, "après").await;
    loop {
        let entry = next_entry(&at_yann, here).await;
        if words(&entry) == "après" {
            assert_eq!(entry.seq, receipt.seq);
            break;
        }
    }
    let again: Conversation = yann.client.ask("channels.join", &json!({ "conversation": here })).await.unwrap();
    assert_eq!(again.members, 2, "joining twice is joining once");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_later_reads_from_there_and_who_goes_reads_no_more() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let nolwenn = house.member("nolwenn", "Nolwenn Riou").await;
    let here = create(&iris, "group", "Bloc 3", &[&yann]).await;
    let before = say(&iris, here, "avant elle").await;
    iris.client
        .command("conversations.add", json!({ "conversation": here, "accounts": [nolwenn.account] }))
        .await
        .unwrap();
    let view: Conversation = nolwenn.client.ask("conversations.get", &json!({ "conversation": here })).await.unwrap();
    assert!(view.from_seq > before.seq, "a group's past is not shown to who comes later");
    let page: JournalPage =
        nolwenn.client.ask("journal.read", &json!({ "conversation": here, "after": 0, "limit": 200 })).await.unwrap();
    assert!(page.entries.iter().all(|e| e.seq >= view.from_seq), "{:?}", page.entries.first().map(|e| e.seq));
    assert!(page.entries.iter().all(|e| words(e) != "avant elle"));

    let at_nolwenn = feed(&nolwenn).await;
    assert!(at_nolwenn.welcome.conversations.iter().any(|c| c.conversation == here));
    iris.client
        .command("conversations.remove", json!({ "conversation": here, "account": nolwenn.account }))
        .await
        .unwrap();
    at_nolwenn
        .find(SOON, |frame| match frame {
            Frame::Account { entry } => {
                matches!(entry.change, AccountChange::Membership { member: false, .. }).then_some(())
            }
            _ => None,
        })
        .await
        .unwrap();
    at_nolwenn.drain().await;
    say(&iris, here, "après elle").await;
    let late = at_nolwenn
        .find(std::time::Duration::from_millis(500), |frame| matches!(frame, Frame::Entry { .. }).then_some(()))
        .await;
    assert!(late.is_err(), "what is written after is not sent");
    for (op, params) in [
        ("journal.read", json!({ "conversation": here, "after": 0, "limit": 10 })),
        ("conversations.get", json!({ "conversation": here })),
        ("conversations.members", json!({ "conversation": here })),
        ("messages.post", post(here, &text("encore là"))),
        ("marks.get", json!({ "conversation": here })),
        ("marks.read", json!({ "conversation": here, "seq": 1 })),
        ("cursor.ack", json!({ "conversation": here, "seq": 1 })),
        ("typing.set", json!({ "conversation": here, "typing": true })),
        ("log.proof", json!({ "conversation": here, "seq": 1 })),
        ("messages.erase", json!({ "conversation": here, "seq": 1, "client_id": client_id() })),
    ] {
        refusal(at_nolwenn.command(op, params.clone()).await, "conversation_unknown");
        refusal(nolwenn.client.command(op, params).await, "conversation_unknown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_given_and_a_conversation_keeps_an_owner() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "group", "Bloc 3", &[&yann]).await;
    let role = |account: Id<AccountId>, role: &str| json!({ "conversation": here, "account": account, "role": role });
    refusal(yann.client.command("conversations.role", role(yann.account, "owner")).await, "not_allowed");
    refusal(iris.client.command("conversations.leave", json!({ "conversation": here })).await, "last_owner");
    iris.client.command("conversations.role", role(yann.account, "reader")).await.unwrap();
    refusal(yann.client.command("messages.post", post(here, &text("je lis"))).await, "read_only");
    iris.client.command("conversations.role", role(yann.account, "owner")).await.unwrap();
    iris.client.command("conversations.leave", json!({ "conversation": here })).await.unwrap();
    let members: Members = yann.client.ask("conversations.members", &json!({ "conversation": here })).await.unwrap();
    assert_eq!(members.members.len(), 1);
    assert_eq!((members.members[0].account, members.members[0].role), (yann.account, MemberRole::Owner));
}

#[tokio::test(flavor = "multi_thread")]
async fn muting_and_pinning_are_ones_own() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "group", "Bloc 3", &[&yann]).await;
    let mute = json!({ "conversation": here, "muted": true, "pinned": true });
    iris.client.command("conversations.mute", mute).await.unwrap();
    let get = json!({ "conversation": here });
    let mine: Conversation = iris.client.ask("conversations.get", &get).await.unwrap();
    let theirs: Conversation = yann.client.ask("conversations.get", &get).await.unwrap();
    assert!(mine.muted && mine.pinned && !theirs.muted && !theirs.pinned);
}

#[tokio::test(flavor = "multi_thread")]
async fn making_one_again_with_the_same_id_makes_one() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let asked = json!({ "client_id": client_id(), "kind": "group", "members": [yann.account], "details": title("Un") });
    let first: Conversation = iris.client.ask("conversations.create", &asked).await.unwrap();
    let again: Conversation = iris.client.ask("conversations.create", &asked).await.unwrap();
    assert_eq!(first.conversation, again.conversation);
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_see_only_where_they_were_invited() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let guest = iris.invite("guest", "visiteur", "Anouk Visiteuse").await.unwrap();
    let channel = create(&iris, "channel", "Annonces", &[]).await;
    refusal(guest.client.command("channels.list", json!({})).await, "not_allowed");
    refusal(guest.client.command("channels.join", json!({ "conversation": channel })).await, "not_allowed");
    let create_group = json!({ "client_id": client_id(), "kind": "group", "members": [], "details": title("Mien") });
    refusal(guest.client.command("conversations.create", create_group).await, "not_allowed");
    let here = create(&iris, "group", "Avec elle", &[&guest]).await;
    say(&guest, here, "merci").await;
    let people = guest.client.command("people.list", json!({ "limit": 200 })).await;
    if let Ok(people) = people {
        let seen: Vec<_> = people["people"].as_array().unwrap().iter().map(|p| p["account"].clone()).collect();
        assert!(!seen.contains(&json!(yann.account)), "a guest sees who shares a conversation, no others");
    }
}
