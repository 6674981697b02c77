//! Sealed conversations at the real server, by clients that hold keys.

pub(crate) mod people;
pub(crate) mod refusals;
mod thief;

use std::time::Duration;

use rempart_group_policy::Verdict;
use rempart_mls_client::{Changes, Suite};
use rempart_testkit::client::client_id;
use rempart_testkit::server::Cluster;
use rempart_wire::B64;
use rempart_wire::conversation::{Conversation, Protection};
use rempart_wire::feed::Frame;
use rempart_wire::group::{CommitReceipt, Welcomes};
use rempart_wire::journal::{AccountChange, EntryKind, Receipt};
use serde_json::{Value, json};

use crate::house::{House, SOON, Where, create, feed, next_entry, options, owner, refusal};
use people::{Device, Directory, accounts, b64, enrol, name};

/// Iris and Yann, a device each.
async fn pair(house: &House, suite: Suite) -> (Device, Device, Directory) {
    let directory = Directory::default();
    let (iris, yann) = house.pair().await;
    let iris = enrol(iris, None, &directory, suite).await;
    let yann = enrol(yann, None, &directory, suite).await;
    (iris, yann, directory)
}

/// Iris and Yann in a sealed group that Iris owns.
async fn together(house: &House) -> (Device, Device, Directory, Where) {
    let (mut iris, mut yann, directory) = pair(house, Suite::Classical).await;
    let here = iris.create("group", &[&yann]).await;
    iris.add(here, &mut [&mut yann]).await;
    iris.sync(here).await;
    (iris, yann, directory, here)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_with_two_devices_each_talk() {
    let house = House::new().await;
    let (mut iris, mut yann, _) = pair(&house, Suite::Hybrid).await;
    let mut iris_phone = iris.another().await;
    let mut yann_phone = yann.another().await;
    let at_phone = feed(&yann_phone.person).await;
    let here = iris.create("direct", &[&yann]).await;
    iris.add(here, &mut [&mut iris_phone]).await;
    let add = iris.packages(&[&yann, &yann_phone]).await;
    iris.sync(here).await;
    iris.commit(here, Changes { add, ..Changes::default() }).await.unwrap();
    // The account hears of it on every device, and each takes its own.
    at_phone
        .find(SOON, |frame| match frame {
            Frame::Account { entry } => match entry.change {
                AccountChange::Welcome { conversation } if conversation == here => Some(()),
                _ => None,
            },
            _ => None,
        })
        .await
        .unwrap();
    yann.join(here).await;
    yann_phone.join(here).await;
    let none: Welcomes = yann.ask("groups.welcomes", &json!({})).await.unwrap();
    assert!(none.welcomes.is_empty(), "a Welcome is given once");
    iris_phone.sync(here).await;
    at_phone.drain().await;
    let receipt = iris.say(here, "bonjour").await.unwrap();
    let pushed = next_entry(&at_phone, here).await;
    assert_eq!((pushed.seq, pushed.epoch.clone()), (receipt.seq, Some(b64(iris.epoch(here)))));
    yann_phone.say(here, "salut").await.unwrap();
    for device in [&mut iris, &mut iris_phone, &mut yann, &mut yann_phone] {
        device.sync(here).await;
    }
    assert_eq!(iris.read, ["salut"]);
    assert_eq!(iris_phone.read, ["bonjour", "salut"]);
    assert_eq!(yann.read, ["bonjour", "salut"]);
    assert_eq!(yann_phone.read, ["bonjour"]);
    let state = iris.group(here).await;
    assert_eq!((state.leaves.len(), state.leaving.len(), state.epoch), (4, 0, 2));
    assert_eq!(state.final_ref, state.epoch_ref, "another account has merged it");
    assert_eq!(state.epoch_ref, Some(b64(iris.epoch(here))));
    // The leaf carries the epoch, and what the server signed of it holds.
    let leaf = rempart_merkle::leaf::Leaf::decode(&receipt.leaf.0).unwrap();
    assert_eq!(B64(leaf.epoch_ref), b64(iris.epoch(here)));
    // Nobody asked for a protection where everybody has keys: sealed, and the same one.
    let asked = json!({ "client_id": client_id(), "kind": "direct", "members": accounts(&[&iris]) });
    let again: Conversation = yann.ask("conversations.create", &asked).await.unwrap();
    assert_eq!((again.conversation, again.protection), (here, Protection::Sealed));
    // What somebody without keys is asked into is open.
    let open = create(&house.owner, "direct", "", &[&iris.person]).await;
    assert_ne!(open, here);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_commits_one_wins_and_the_other_rebases() {
    let house = House::new().await;
    let (mut iris, mut yann, _, here) = together(&house).await;
    yann.sync(here).await;
    let (first, second) =
        (iris.prepare(here, &Changes::default()).await, yann.prepare(here, &Changes::default()).await);
    let (one, other) = tokio::join!(iris.send(here, &first), yann.send(here, &second));
    let (winner, loser) = match (one, other) {
        (Ok(_), Err(failure)) => {
            refusal(Err::<(), _>(failure), "group_stale");
            (&mut iris, &mut yann)
        }
        (Err(failure), Ok(_)) => {
            refusal(Err::<(), _>(failure), "group_stale");
            (&mut yann, &mut iris)
        }
        (one, other) => panic!("exactly one wins: {one:?}, {other:?}"),
    };
    // What the loser writes in the epoch before is refused, and taken in the new one.
    refusal(loser.say(here, "en retard").await, "epoch_stale");
    loser.sync(here).await;
    loser.commit(here, Changes::default()).await.unwrap();
    loser.say(here, "à jour").await.unwrap();
    winner.sync(here).await;
    assert_eq!(winner.read, ["à jour"]);
    let commits = winner.entries(here, 0).await.into_iter().filter(|e| e.kind == EntryKind::Commit).count();
    assert_eq!(commits, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_are_one_entry() {
    let house = House::new().await;
    let (mut iris, mut yann, _, here) = together(&house).await;
    let post = iris.seal(here, "une fois");
    let first: Receipt = iris.ask("messages.post", &post).await.unwrap();
    let again: Receipt = iris.ask("messages.post", &post).await.unwrap();
    assert_eq!((first.seq, first.leaf), (again.seq, again.leaf));
    let made = iris.prepare(here, &Changes::default()).await;
    let commit = json!({ "conversation": here, "client_id": client_id(), "commit": B64(made.commit.clone()) });
    let taken: CommitReceipt = iris.ask("groups.commit", &commit).await.unwrap();
    let repeated: CommitReceipt = iris.ask("groups.commit", &commit).await.unwrap();
    assert_eq!((taken.seq, taken.epoch, &taken.epoch_ref), (repeated.seq, repeated.epoch, &repeated.epoch_ref));
    iris.mls.confirm(name(here)).unwrap();
    // The epoch has ended, and still the answer to the first try comes.
    let late: Receipt = iris.ask("messages.post", &post).await.unwrap();
    assert_eq!(late.seq, first.seq);
    // Sealed again in the new epoch under the same client id it is another entry: the fold shows one of them.
    let mut anew = iris.seal(here, "une fois");
    anew["client_id"] = post["client_id"].clone();
    let second: Receipt = iris.ask("messages.post", &anew).await.unwrap();
    assert_ne!(second.seq, first.seq);
    yann.sync(here).await;
    assert_eq!(yann.read, ["une fois", "une fois"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_is_out_before_anything_more_is_said() {
    let house = House::new().await;
    let (mut iris, mut yann, directory, here) = together(&house).await;
    let mut lost = enrol(house.member("nolwenn", "Nolwenn Riou").await, None, &directory, Suite::Classical).await;
    let added = json!({ "conversation": here, "accounts": accounts(&[&lost]) });
    iris.person.client.command("conversations.add", added).await.unwrap();
    // A member, but without a leaf: reads and writes nothing yet.
    let state = lost.group(here).await;
    let epoch = state.epoch_ref.clone();
    let forged = json!({ "conversation": here, "client_id": client_id(), "content": B64(vec![1]), "epoch": epoch });
    refusal(lost.person.client.command("messages.post", forged).await, "group_not_a_member");
    iris.add(here, &mut [&mut lost]).await;
    yann.sync(here).await;
    yann.say(here, "à trois").await.unwrap();
    lost.sync(here).await;
    assert_eq!(lost.read, ["à trois"]);

    let gone = json!({ "conversation": here, "account": lost.person.account });
    iris.person.client.command("conversations.remove", gone).await.unwrap();
    assert_eq!(yann.group(here).await.leaving, [lost.person.device]);
    refusal(lost.say(here, "encore là").await, "conversation_unknown");
    // Somebody who has not seen the proposal cannot leave it out.
    let blind = yann.prepare(here, &Changes::default()).await;
    refusal(yann.send(here, &blind).await, "group_removal_left_out");
    let receipt = yann.say_after_commit(here, "à deux", "epoch_removal").await;
    let state = yann.group(here).await;
    assert!(state.leaving.is_empty() && state.leaves.len() == 2 && receipt.seq > state.since);
    iris.sync(here).await;
    assert_eq!(iris.read, ["à trois", "à deux"]);

    // An account that is closed goes as well, by itself.
    let closed = json!({ "account": yann.person.account });
    house.owner.client.command("accounts.disable", closed).await.unwrap();
    assert_eq!(iris.group(here).await.leaving, [yann.person.device]);
    iris.say_after_commit(here, "seule", "epoch_removal").await;
    assert_eq!(iris.group(here).await.leaves.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_is_proposed_for_removal_within_seconds() {
    let house = House::new().await;
    let (mut iris, mut yann, _, here) = together(&house).await;
    let mut phone = iris.another().await;
    iris.add(here, &mut [&mut phone]).await;
    yann.sync(here).await;
    let account = iris.person.account.0;
    let to_sign = rempart_key_log::Entry::revocation_to_sign(account, phone.id());
    let by = rempart_key_log::RevokedBy::Account { signature: iris.key.sign(&to_sign) };
    let entry = rempart_key_log::Entry::Revoked { account, device: phone.id(), by };
    iris.person.client.command("keys.publish", json!({ "entries": [B64(entry.encode())] })).await.unwrap();
    let began = std::time::Instant::now();
    while iris.group(here).await.leaving != [phone.person.device] {
        assert!(began.elapsed() < Duration::from_secs(60), "a lost device stays");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    yann.say_after_commit(here, "sans le téléphone", "epoch_removal").await;
    assert_eq!(yann.group(here).await.leaves.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_never_make_two_groups_of_one() {
    let cluster = Cluster::start(options(), 2).await.unwrap();
    let maelle = owner(&cluster).await;
    let directory = Directory::default();
    let iris = maelle.invite("member", "iris", "Iris Le Goff").await.unwrap();
    let yann = maelle.invite("member", "yann", "Yann Tanguy").await.unwrap();
    let mut iris = enrol(iris, None, &directory, Suite::Classical).await;
    let mut yann = enrol(yann, None, &directory, Suite::Classical).await;
    let here = iris.create("direct", &[&yann]).await;
    iris.add(here, &mut [&mut yann]).await;
    yann.person.client.go_to(cluster.nodes[1].target().unwrap()).await;
    let mut won = [0, 0];
    for round in 0..12 {
        iris.sync(here).await;
        yann.sync(here).await;
        let (a, b) = (iris.prepare(here, &Changes::default()).await, yann.prepare(here, &Changes::default()).await);
        match tokio::join!(iris.send(here, &a), yann.send(here, &b)) {
            (Ok(_), Err(lost)) => {
                assert_eq!(lost.code(), "group_stale");
                won[0] += 1;
            }
            (Err(lost), Ok(_)) => {
                assert_eq!(lost.code(), "group_stale");
                won[1] += 1;
            }
            (one, other) => panic!("round {round}: exactly one wins: {one:?}, {other:?}"),
        }
        iris.sync(here).await;
        yann.sync(here).await;
        iris.say(here, &format!("ici {round}")).await.unwrap();
        yann.say(here, &format!("là {round}")).await.unwrap();
    }
    iris.sync(here).await;
    yann.sync(here).await;
    assert_eq!((iris.read.len(), yann.read.len()), (12, 12), "{won:?}");
    assert_eq!(iris.group(here).await.epoch_ref, yann.group(here).await.epoch_ref);
    assert_eq!(iris.epoch(here), yann.epoch(here));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_leaves_one_group_that_goes_on() {
    let mut house = House::new().await;
    let (mut iris, mut yann, _, here) = together(&house).await;
    for round in 0..4 {
        iris.sync(here).await;
        let made = iris.prepare(here, &Changes::default()).await;
        let asked = json!({ "conversation": here, "client_id": client_id(), "commit": B64(made.commit.clone()) });
        let sent = iris.person.client.command("groups.commit", asked.clone());
        let killed = async {
            tokio::time::sleep(Duration::from_millis(round * 2)).await;
            house.server.kill().await
        };
        let (first, killed) = tokio::join!(sent, killed);
        killed.unwrap();
        house.server.resume().await.unwrap();
        let target = house.server.target().unwrap();
        iris.person.client.go_to(target.clone()).await;
        yann.person.client.go_to(target).await;
        // Acknowledged or not, it is done once, and the retry says so.
        let receipt: CommitReceipt = iris.ask("groups.commit", &asked).await.unwrap();
        if let Ok(first) = first {
            assert_eq!(first["seq"], json!(receipt.seq));
        }
        assert_eq!(receipt.epoch_ref, b64(made.epoch_ref));
        iris.mls.confirm(name(here)).unwrap();
        yann.sync(here).await;
        yann.say(here, &format!("après {round}")).await.unwrap();
    }
    iris.sync(here).await;
    assert_eq!(iris.read, ["après 0", "après 1", "après 2", "après 3"]);
    // A body is erased as anywhere, and the archive log holds: leaves carry their epochs.
    let entries = iris.entries(here, 0).await;
    let said = entries.iter().rfind(|e| e.kind == EntryKind::Content).unwrap();
    let erase = json!({ "conversation": here, "seq": said.seq, "client_id": client_id() });
    yann.person.client.command("messages.erase", erase).await.unwrap();
    let commit = entries.iter().find(|e| e.kind == EntryKind::Commit).unwrap();
    let erase = json!({ "conversation": here, "seq": commit.seq, "client_id": client_id() });
    refusal(iris.person.client.command("messages.erase", erase).await, "entry_unknown");
    let after = iris.entries(here, said.seq - 1).await;
    assert!(after[0].content.is_none() && after[0].epoch == said.epoch && after[0].leaf == said.leaf);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let (sound, words) = house.server.verify().await.unwrap();
    assert!(sound, "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_false_refusal_is_told_and_a_merge_is_final() {
    let house = House::new().await;
    let (mut iris, mut yann, _, here) = together(&house).await;
    let receipt = iris.commit(here, Changes::default()).await.unwrap();
    let state = iris.group(here).await;
    assert_eq!(state.epoch_ref, Some(receipt.epoch_ref.clone()));
    assert_ne!(state.final_ref, state.epoch_ref, "nobody else has merged it");
    let epoch = iris.epoch(here);
    yann.sync(here).await;
    let state = iris.group(here).await;
    assert_eq!(state.final_ref, state.epoch_ref);
    yann.state(here, Verdict::Refused, epoch).await.unwrap();
    iris.told.clear();
    iris.sync(here).await;
    let told: Vec<Value> = iris.told.iter().map(|t| t["what"].clone()).collect();
    assert_eq!(told, ["final", "alarm"]);
    assert_eq!(iris.told[1]["device"], json!(yann.person.device));
}

/// What a thief of the machine finds: nothing of what was said.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_what_is_said_is_at_the_server() {
    let house = House::new().await;
    let (mut iris, mut yann, _, here) = together(&house).await;
    let canary = "Le canari jaune de la tourelle 7";
    let open = create(&house.owner, "group", "Ouverte", &[&iris.person]).await;
    let control = "Un témoin que le serveur lit";
    for n in 0..20 {
        iris.say(here, &format!("{canary} {n}")).await.unwrap();
        crate::house::say(&house.owner, open, &format!("{control} {n}")).await;
    }
    yann.sync(here).await;
    assert_eq!(yann.read.len(), 20);
    let (said, read) = (thief::spellings(canary), thief::spellings(control));
    let memory = thief::memory(&house.server);
    assert!(thief::holds(&memory, &read), "memory is looked at: what the server can read is in it");
    assert!(!thief::holds(&memory, &said), "the server's memory holds what was said");
    let files = thief::files(house.server.data());
    assert!(files.len() > 1);
    for path in files {
        assert!(!thief::holds(&std::fs::read(&path).unwrap_or_default(), &said), "{}", path.display());
    }
    assert!(!thief::holds(house.server.log().as_bytes(), &said));
}
