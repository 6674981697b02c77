//! Keys of accounts and devices: what one enters everyone follows; what is lost is cut off.

use rempart_base::DeviceId;
use rempart_key_log::{Cause, Ended, News, Taken};
use rempart_mls_client::Suite;
use rempart_mls_delivery::package;
use rempart_testkit::client::Client;
use rempart_testkit::client::session::Person;
use rempart_testkit::server::Cluster;
use rempart_wire::account::NewApiToken;
use rempart_wire::admin::Audit;
use rempart_wire::keys::{ClaimedKeyPackages, KeyLogPage, KeyStatus, Keyring, LinkAnswer, LinkState, Links};
use rempart_wire::{B64, Id};
use serde_json::{Value, json};

use crate::house::{House, feed, options, owner, refusal};
use crate::keyed::{
    Keyed, device, enrol, follow, identity, identity_entry, keys_changed, now, publish, revocation, stock,
};

async fn status(of: &Person) -> KeyStatus {
    of.client.ask("keys.status", &json!({})).await.unwrap()
}

async fn claim(by: &Person, devices: &[DeviceId]) -> ClaimedKeyPackages {
    let devices: Vec<_> = devices.iter().copied().map(Id).collect();
    by.client.ask("keys.packages.claim", &json!({ "devices": devices })).await.unwrap()
}

/// Actions and targets of the administration journal, newest first.
async fn audited(by: &Person) -> Vec<(String, String)> {
    let page: Audit = by.client.ask("audit.list", &json!({ "limit": 50 })).await.unwrap();
    page.entries.into_iter().map(|entry| (entry.action, entry.target)).collect()
}

fn news(taken: Taken) -> Vec<News> {
    match taken {
        Taken::Current(changes) => changes.into_iter().map(|change| change.news).collect(),
        Taken::More(_) => panic!("followed to the end"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_enters_everyone_follows() {
    let mut house = House::new().await;
    let (iris, yann) = house.pair().await;
    let empty: KeyLogPage = yann.client.ask("keys.log", &json!({ "after": 0, "limit": 10 })).await.unwrap();
    assert!(empty.leaves.is_empty() && empty.checkpoint.is_none() && empty.size == 0);
    let before = status(&iris).await;
    assert!(before.identity.is_none() && !before.enrolled && before.keyring_version == 0);
    assert_eq!(before.external_sender.0.len(), 32);

    let at_iris = feed(&iris).await;
    let first = enrol(&iris, 1, true).await;
    keys_changed(&at_iris).await;
    let second = enrol(&yann, 2, true).await;
    let after = status(&iris).await;
    assert_eq!(after.identity, Some(B64(identity(1).public().to_vec())));
    assert!(after.enrolled);

    // Page by page, and what follows is what was entered.
    let mut followed = None;
    let told = news(follow(&yann, &mut followed, 1).await);
    let (a, b) = (iris.account.0, yann.account.0);
    assert_eq!(
        told,
        [
            News::Identity { account: a, serial: 0, reset: false },
            News::Added { account: a, device: first.device },
            News::Identity { account: b, serial: 0, reset: false },
            News::Added { account: b, device: second.device },
        ]
    );
    let follower = followed.as_ref().unwrap();
    assert!(follower.key().starts_with("localhost") && follower.key().contains("/keys+"), "{}", follower.key());
    assert_eq!(follower.log().device(first.device).unwrap().1.leaf_key, first.mls.device().key());
    let all = audited(&house.owner).await;
    for done in [("keys.identity.first", a.to_string()), ("keys.device.add", first.device.to_string())] {
        assert!(all.contains(&(done.0.to_owned(), done.1)), "{all:?}");
    }

    // The same log after a restart, and onwards.
    house.server.stop().await.unwrap();
    house.server.resume().await.unwrap();
    yann.client.go_to(house.server.target().unwrap()).await;
    iris.client.go_to(house.server.target().unwrap()).await;
    assert_eq!(news(follow(&yann, &mut followed, 100).await), []);
    publish(&iris, &[identity_entry(a, Cause::Rotated { former: [0; 64] }, 1, 3, Some(1))]).await.unwrap();
    let told = news(follow(&yann, &mut followed, 100).await);
    assert_eq!(
        told,
        [
            News::Identity { account: a, serial: 1, reset: false },
            News::Ended { account: a, device: first.device, how: Ended::Identity },
        ]
    );
    assert!(!status(&iris).await.enrolled, "signed by a key that is no more");
    enrol(&iris, 3, false).await;
    assert!(status(&iris).await.enrolled);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_made_one_after_another() {
    let house = House::new().await;
    let people = house.pair().await;
    let people = [people.0, people.1, house.member("zoe", "Zoé Bras").await];
    let entered = people.iter().zip(1..).map(|(person, seed)| enrol(person, seed, true));
    futures_util::future::join_all(entered).await;
    let mut followed = None;
    assert_eq!(news(follow(&people[0], &mut followed, 100).await).len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_device_is_cut_off_at_once() {
    let house = House::new().await;
    let (mut iris, yann) = house.pair().await;
    enrol(&iris, 1, true).await;
    let lost = iris.again().await.unwrap();
    let mut lost_keys = enrol(&lost, 1, false).await;
    assert_eq!(stock(&lost, &mut lost_keys, 3).await, 3);
    let at_lost = feed(&lost).await;
    assert_eq!(claim(&yann, &[lost_keys.device]).await.packages.len(), 1);

    publish(&iris, &[revocation(iris.account.0, lost_keys.device, 1)]).await.unwrap();
    assert!(at_lost.closed().await.is_some());
    refusal(lost.client.command("keys.status", json!({})).await, "not_signed_in");
    assert!(claim(&yann, &[lost_keys.device]).await.packages.is_empty());
    status(&iris).await;
    let all = audited(&house.owner).await;
    assert!(all.contains(&("keys.device.revoke".to_owned(), lost_keys.device.to_string())), "{all:?}");
    assert_eq!(all.iter().filter(|(action, _)| action == "keys.device.sign_out").count(), 1, "{all:?}");

    // The same installation signs in again; its device stays revoked, a new one may come.
    let info = json!({ "device": lost_keys.device.to_string(), "name": "retrouvé" });
    let asked = json!({ "address": iris.local, "password": iris.password, "device": info });
    let found = house.stranger();
    found.post::<Value>("/api/v1/session", &asked).await.unwrap();
    let (_, entry) = device(iris.account.0, lost_keys.device, 1);
    refusal(found.command("keys.publish", json!({ "entries": [B64(entry)] })).await, "device_revoked");
    let again = iris.again().await.unwrap();
    enrol(&again, 1, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_serve_once_then_the_last_resort() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let mut keys = enrol(&iris, 1, true).await;
    assert_eq!(stock(&iris, &mut keys, 2).await, 2);
    let have = status(&iris).await;
    assert_eq!((have.packages, have.last_resort), (2, true));
    let mut taken = Vec::new();
    for _ in 0..4 {
        let one = claim(&yann, &[keys.device]).await.packages.remove(0);
        assert_eq!((one.account, one.device), (iris.account, Id(keys.device)));
        let read = package(&one.package.0, now()).unwrap();
        assert_eq!((read.leaf.key, &read.leaf.credential), (keys.mls.device().key(), keys.mls.device().credential()));
        taken.push((one.package.0, read.last_resort));
    }
    assert_eq!(taken.iter().map(|t| t.1).collect::<Vec<_>>(), [false, false, true, true]);
    assert!(taken[0].0 != taken[1].0 && taken[2].0 == taken[3].0);
    assert_eq!(status(&iris).await.packages, 0);
    // A hundred at once fit.
    assert_eq!(stock(&iris, &mut keys, 100).await, 100);
    // Devices without keys or packages are left out.
    let mut unstocked = enrol(&yann, 2, true).await;
    let both = claim(&yann, &[unstocked.device, DeviceId::from_bytes([9; 16]), keys.device]).await;
    assert_eq!(both.packages.len(), 1);
    // What is another device's, or in the wrong place, is not kept.
    let foreign = unstocked.mls.key_packages(Suite::Hybrid, 1, true, now()).unwrap();
    let put = async |one: Option<&Vec<u8>>, last: Option<&Vec<u8>>| {
        let one: Vec<_> = one.into_iter().cloned().map(B64).collect();
        let put = json!({ "one_time": one, "last_resort": last.cloned().map(B64) });
        iris.client.command("keys.packages.put", put).await
    };
    refusal(put(Some(&foreign[0]), None).await, "package_invalid");
    let own = keys.mls.key_packages(Suite::Classical, 1, true, now()).unwrap();
    refusal(put(Some(&own[1]), None).await, "package_invalid");
    refusal(put(None, Some(&own[0])).await, "package_invalid");
    put(Some(&own[0]), Some(&own[1])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_have_an_end() {
    let house = House::new().await;
    let yann = house.member("yann", "Yann Tanguy").await;
    let some: Vec<_> = (0..200).map(|n| DeviceId::from_bytes([n; 16])).collect();
    for _ in 0..3 {
        claim(&yann, &some).await;
    }
    let asked = json!({ "devices": [Id(some[0])] });
    let problem = refusal(yann.client.command("keys.packages.claim", asked.clone()).await, "too_many_requests");
    assert!(problem.retry_after_ms.is_some_and(|ms| (3_500_000..=3_600_000).contains(&ms)), "{problem:?}");
    house.owner.client.command("keys.packages.claim", asked).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_follows_the_one_that_was_read() {
    let house = House::new().await;
    let mut iris = house.member("iris", "Iris Le Goff").await;
    let other = iris.again().await.unwrap();
    let at_other = feed(&other).await;
    let none: Keyring = iris.client.ask("keys.keyring.get", &json!({})).await.unwrap();
    assert!(none.version == 0 && none.sealed.is_none() && none.written.is_none());
    let large = B64(vec![7; 256 * 1024]);
    let put = |follows: u64, sealed: &B64| json!({ "follows": follows, "sealed": sealed });
    let first: Keyring = iris.client.ask("keys.keyring.put", &put(0, &large)).await.unwrap();
    assert_eq!(first.version, 1);
    keys_changed(&at_other).await;
    refusal(other.client.command("keys.keyring.put", put(0, &large)).await, "keyring_conflict");
    let read: Keyring = other.client.ask("keys.keyring.get", &json!({})).await.unwrap();
    assert_eq!((read.version, read.sealed.as_ref()), (1, Some(&large)));
    assert_eq!(read.written, first.written);
    let second: Keyring = other.client.ask("keys.keyring.put", &put(1, &B64(vec![8]))).await.unwrap();
    assert_eq!((second.version, status(&iris).await.keyring_version), (2, 2));
    let stranger = house.member("yann", "Yann Tanguy").await;
    let theirs: Keyring = stranger.client.ask("keys.keyring.get", &json!({})).await.unwrap();
    assert_eq!(theirs.version, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_asks_the_others() {
    let house = House::new().await;
    let (mut iris, yann) = house.pair().await;
    enrol(&iris, 1, true).await;
    let new = iris.again().await.unwrap();
    let at_iris = feed(&iris).await;
    let state = async |of: &Person| of.client.ask::<LinkState>("keys.link.state", &json!({})).await.unwrap();
    assert_eq!(state(&new).await.state, LinkAnswer::None);
    let public = B64(vec![5; 32]);
    let waiting: LinkState = new.client.ask("keys.link.ask", &json!({ "public": public })).await.unwrap();
    assert_eq!(waiting.state, LinkAnswer::Waiting);
    keys_changed(&at_iris).await;
    let list = async |of: &Person| of.client.ask::<Links>("keys.link.list", &json!({})).await.unwrap().links;
    let links = list(&iris).await;
    assert_eq!(links.len(), 1);
    assert_eq!((links[0].device, &links[0].public), (new.device, &public));
    assert!((590_000..=600_000).contains(&links[0].expires.0.since(now())), "ten minutes");
    assert!(list(&new).await.is_empty() && list(&yann).await.is_empty(), "neither one's own nor another account's");

    let answer =
        |public: &B64, sealed: Option<B64>| json!({ "device": new.device, "public": public, "sealed": sealed });
    let at_new = feed(&new).await;
    let other = B64(vec![6; 32]);
    refusal(iris.client.command("keys.link.answer", answer(&other, None)).await, "device_link_unknown");
    refusal(new.client.command("keys.link.answer", answer(&public, None)).await, "device_not_enrolled");
    iris.client.command("keys.link.answer", answer(&public, Some(B64(vec![9; 200_000])))).await.unwrap();
    keys_changed(&at_new).await;
    let answered = state(&new).await;
    assert_eq!((answered.state, answered.sealed), (LinkAnswer::Answered, Some(B64(vec![9; 200_000]))));
    assert!(list(&iris).await.is_empty());
    refusal(iris.client.command("keys.link.answer", answer(&public, None)).await, "device_link_unknown");

    new.client.command("keys.link.ask", json!({ "public": other })).await.unwrap();
    iris.client.command("keys.link.answer", answer(&other, None)).await.unwrap();
    assert_eq!(state(&new).await.state, LinkAnswer::Refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_is_allowed_once_and_seen_by_everyone() {
    let house = House::new().await;
    let (mut iris, yann) = house.pair().await;
    let Keyed { device: lost, .. } = enrol(&iris, 1, true).await;
    let again = iris.again().await.unwrap();
    let account = iris.account.0;
    let reset = identity_entry(account, Cause::Reset, 1, 3, None);
    refusal(publish(&again, std::slice::from_ref(&reset)).await, "identity_reset_forbidden");
    refusal(yann.client.command("accounts.reset_keys", json!({ "account": iris.account })).await, "not_allowed");
    house.owner.client.command("accounts.reset_keys", json!({ "account": iris.account })).await.unwrap();
    let mut followed = None;
    follow(&yann, &mut followed, 100).await;
    let (_, entry) = device(account, again.device.0, 3);
    publish(&again, &[reset, entry]).await.unwrap();
    assert_eq!(
        news(follow(&yann, &mut followed, 100).await),
        [
            News::Identity { account, serial: 1, reset: true },
            News::Ended { account, device: lost, how: Ended::Identity },
            News::Added { account, device: again.device.0 },
        ]
    );
    // The lost device may be in wrong hands: it is signed out, the one that made the key is not.
    refusal(iris.client.command("keys.status", json!({})).await, "not_signed_in");
    assert!(status(&again).await.enrolled);
    let second = identity_entry(account, Cause::Reset, 2, 4, None);
    refusal(publish(&again, &[second]).await, "identity_reset_forbidden");
    let all = audited(&house.owner).await;
    for action in ["accounts.reset_keys", "keys.identity.reset"] {
        assert!(all.contains(&(action.to_owned(), account.to_string())), "{action} in {all:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_devices_of_a_closed_account_end() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let mut keys = enrol(&iris, 1, true).await;
    stock(&iris, &mut keys, 1).await;
    house.owner.client.command("accounts.disable", json!({ "account": iris.account })).await.unwrap();
    let mut followed = None;
    let told = news(follow(&yann, &mut followed, 100).await);
    assert_eq!(told[2], News::Ended { account: iris.account.0, device: keys.device, how: Ended::Server });
    assert!(claim(&yann, &[keys.device]).await.packages.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_and_claim_by_their_scopes_and_have_no_keys() {
    let house = House::new().await;
    let iris = house.member("iris", "Iris Le Goff").await;
    enrol(&iris, 1, true).await;
    let token = json!({ "name": "automate", "scopes": ["read"], "days": 30 });
    let token: NewApiToken = iris.client.ask("me.tokens.create", &token).await.unwrap();
    let program = Client::with_token(&house.server.target().unwrap(), &token.secret);
    program.command("keys.log", json!({ "after": 0, "limit": 10 })).await.unwrap();
    program.command("keys.status", json!({})).await.unwrap();
    for (op, params) in [
        ("keys.publish", json!({ "entries": [B64(revocation(iris.account.0, iris.device.0, 1))] })),
        ("keys.packages.put", json!({})),
        ("keys.packages.claim", json!({ "devices": [iris.device] })),
        ("keys.keyring.get", json!({})),
        ("keys.keyring.put", json!({ "follows": 0, "sealed": B64(vec![1]) })),
        ("keys.link.ask", json!({ "public": B64(vec![1; 32]) })),
        ("keys.link.state", json!({})),
        ("keys.link.list", json!({})),
        ("keys.link.answer", json!({ "device": iris.device, "public": B64(vec![1; 32]) })),
    ] {
        refusal(program.command(op, params).await, "scope_missing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_keep_one_key_log() {
    let cluster = Cluster::start(options(), 2).await.unwrap();
    let maelle = owner(&cluster).await;
    let second = cluster.nodes[1].target().unwrap();
    let mut people = Vec::new();
    for n in 0..6_u8 {
        let person = maelle.invite("member", &format!("poste{n}"), "Iris Le Goff").await.unwrap();
        if n % 2 == 1 {
            person.client.go_to(second.clone()).await;
        }
        people.push(person);
    }
    let entered = people.iter().zip(1..).map(|(person, seed)| enrol(person, seed, true));
    futures_util::future::join_all(entered).await;
    let (mut here, mut there) = (None, None);
    assert_eq!(news(follow(&people[0], &mut here, 5).await).len(), 12);
    assert_eq!(news(follow(&people[1], &mut there, 100).await).len(), 12);
    assert_eq!(here.unwrap().log(), there.unwrap().log());
    // A device that ends at one node ends at the other.
    let mut lost = people.remove(1);
    let kept = lost.again().await.unwrap();
    kept.client.go_to(cluster.nodes[0].target().unwrap()).await;
    let at_lost = feed(&lost).await;
    publish(&kept, &[revocation(lost.account.0, lost.device.0, 2)]).await.unwrap();
    assert!(at_lost.closed().await.is_some());
    refusal(lost.client.command("keys.status", json!({})).await, "not_signed_in");
}
