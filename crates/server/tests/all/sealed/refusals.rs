//! Each refusal of groups that a client can provoke, by clients that do what an honest one does not.

use rempart_base::AccountId;
use rempart_domain::refusal::Reason;
use rempart_group_policy::{GroupName, Rank};
use rempart_mls_client::{AccountKey, Changes, Client as Mls, MemoryStore, Suite, Trust};
use rempart_testkit::client::client_id;
use rempart_testkit::client::session::Person;
use rempart_wire::B64;
use rempart_wire::conversation::Conversation;
use serde_json::{Value, json};

use super::people::{Device, Directory, accounts, b64, enrol, name, now};
use crate::house::{House, create, title};
use crate::refusals::{Provoked, store};

/// What nothing here provokes, and where it is provoked.
pub(crate) const ELSEWHERE: &[(Reason, &str)] = &[
    // Our client makes no such commit whatever it believes; the table of `group-policy` judges each.
    (Reason::GroupLeft, "an account that left is told that there is no such conversation"),
    (Reason::GroupExternalCommit, "needs a client that commits from outside"),
    (Reason::GroupPathMissing, "needs a client that commits without renewing"),
    (Reason::GroupIdentityChanged, "needs a client that changes its credential"),
    (Reason::GroupGuestCommit, "needs a guest's client that commits more than it may"),
    (Reason::GroupDevicePresent, "needs a client that adds what is there"),
    (Reason::GroupDeviceAbsent, "needs a client that removes what is not there"),
    (Reason::GroupTooManyDevices, "the key log takes no sixth device of an account: `keyed_devices_full`"),
    (Reason::GroupMayNotChange, "needs a client that changes the context of a sealed group"),
    (Reason::GroupContextChanged, "needs a client that changes the context of a sealed group"),
    (Reason::GroupClassChanged, "needs a client that changes the context of a sealed group"),
    (Reason::GroupReInit, "needs a client that moves a group"),
    (Reason::GroupPsk, "needs a client that mixes keys in"),
    (Reason::GroupUnsupported, "needs a client with proposals of its own"),
    (Reason::GroupServerProposal, "the server proposes what it may"),
    // Time: `crates/app/tests/groups`.
    (Reason::EpochDay, "a day"),
    (Reason::EpochFull, "five hundred entries"),
    (Reason::ArchiveExpired, "nothing is recorded yet"),
];

pub(crate) async fn groups(seen: &mut Provoked, house: &House) {
    let directory = Directory::default();
    let keyed = async |local: &str| {
        let person = house.member(local, &format!("Prénom {local}")).await;
        enrol(person, None, &directory, Suite::Classical).await
    };
    let (mut gael, mut rozenn, mut soizic) = (keyed("gael").await, keyed("rozenn").await, keyed("soizic").await);
    let without = house.member("tanguy", "Tanguy Sans").await;
    making(seen, &gael, &rozenn, &without).await;

    let members = accounts(&[&rozenn]);
    let asked = json!({ "client_id": client_id(), "kind": "group", "members": members, "protection": "sealed" });
    let here = gael.ask::<Conversation>("conversations.create", &asked).await.unwrap().conversation;
    let added = json!({ "conversation": here, "accounts": [without.account] });
    let refused = gael.person.client.command("conversations.add", added.clone()).await;
    seen.field(refused, Reason::DevicesMissing, "accounts");
    let room = "UPDATE conversation SET members = ?1 WHERE id = ?2";
    let set = |n: i64| store(house).execute(room, (n, here.0.as_bytes().as_slice())).unwrap();
    set(500);
    let third = json!({ "conversation": here, "accounts": accounts(&[&soizic]) });
    let refused = gael.person.client.command("conversations.add", third).await;
    seen.field(refused, Reason::GroupTooManyPeople, "accounts");
    set(2);

    let sealed = |content: &[u8], epoch: Value| json!({ "conversation": here, "client_id": client_id(), "content": B64(content.to_vec()), "epoch": epoch });
    let any = json!(B64(vec![7; 32]));
    let me = async |op: &str, params: Value| gael.person.client.command(op, params).await;
    seen.field(me("messages.post", sealed(b"x", Value::Null)).await, Reason::EpochInvalid, "epoch");
    seen.field(me("messages.post", sealed(b"x", json!("AAAA"))).await, Reason::EpochInvalid, "epoch");
    seen.by(me("messages.post", sealed(b"x", any.clone())).await, Reason::GroupAbsent);
    let text = json!({ "conversation": here, "client_id": client_id(), "text": "en clair" });
    seen.by(me("messages.text", text).await, Reason::ProtectionUnavailable);
    let start = |info: &[u8]| json!({ "conversation": here, "client_id": client_id(), "info": B64(info.to_vec()) });
    seen.by(me("groups.start", start(b"nonsense")).await, Reason::GroupMessageInvalid);
    let open = create(&gael.person, "group", "Ouverte", &[]).await;
    for (op, params) in [
        ("groups.get", json!({})),
        ("groups.start", json!({ "client_id": client_id(), "info": "AA" })),
        ("groups.commit", json!({ "client_id": client_id(), "commit": "AA" })),
    ] {
        let mut params = params;
        params["conversation"] = json!(open);
        seen.by(me(op, params).await, Reason::GroupNone);
    }
    let mut clear = crate::house::post(open, &crate::house::text("x"));
    clear["epoch"] = any.clone();
    seen.field(me("messages.post", clear).await, Reason::EpochInvalid, "epoch");

    // A recorded group where nothing is certified.
    let facts = gael.facts(here).await;
    let trust = Trust { certified: &|_| true, ..facts.trust() };
    let info = gael.mls.create(GroupName([3; 16]), Suite::Classical, Some(b"policy"), &trust).unwrap();
    let refused = gael.person.client.command("groups.start", start(&info)).await;
    seen.by(refused, Reason::GroupArchiveUncertified);
    gael.start(here).await.unwrap();
    seen.by(rozenn.start(here).await, Reason::GroupStarted);
    rozenn.mls.forget(name(here)).unwrap();
    gael.add(here, &mut [&mut rozenn]).await;
    gael.sync(here).await;
    commits(seen, here, &mut gael, &mut rozenn, &mut soizic).await;
}

/// Making sealed conversations.
async fn making(seen: &mut Provoked, gael: &Device, rozenn: &Device, without: &Person) {
    let make = |kind: &str, members: Value, details: Value| json!({ "client_id": client_id(), "kind": kind, "members": members, "details": details, "protection": "sealed" });
    let both = json!([rozenn.person.account, without.account]);
    let problem = crate::house::refusal(
        gael.person.client.command("conversations.create", make("group", both.clone(), Value::Null)).await,
        "devices_missing",
    );
    assert_eq!(problem.detail, Some(without.account.0.to_string()), "it says who");
    let refused = gael.person.client.command("conversations.create", make("group", both, Value::Null)).await;
    seen.field(refused, Reason::DevicesMissing, "members");
    let one = json!([rozenn.person.account]);
    let titled =
        gael.person.client.command("conversations.create", make("group", one.clone(), json!(title("x")))).await;
    seen.field(titled, Reason::DetailsSealed, "details");
    let channel = gael.person.client.command("conversations.create", make("channel", one.clone(), Value::Null)).await;
    seen.field(channel, Reason::ProtectionUnavailable, "protection");
    let keyless = without.client.command("conversations.create", make("direct", one, Value::Null)).await;
    seen.by(keyless, Reason::DeviceNotEnrolled);
}

/// Commits and content that honest clients do not send: theirs are made in the belief that they may.
async fn commits(
    seen: &mut Provoked,
    here: crate::house::Where,
    gael: &mut Device,
    rozenn: &mut Device,
    soizic: &mut Device,
) {
    let epoch = json!(b64(gael.epoch(here)));
    let post = |content: &[u8], epoch: &Value| json!({ "conversation": here, "client_id": client_id(), "content": B64(content.to_vec()), "epoch": epoch });
    let refused = gael.person.client.command("messages.post", post(b"not MLS", &epoch)).await;
    seen.by(refused, Reason::GroupMessageInvalid);
    let large = vec![1; 65 * 1024 + 1];
    let refused = gael.person.client.command("messages.post", post(&large, &epoch)).await;
    seen.field(refused, Reason::ContentTooLarge, "content");
    let refused = gael.person.client.command("messages.post", post(b"x", &json!(B64(vec![7; 32])))).await;
    seen.field(refused, Reason::EpochStale, "epoch");

    // Rozenn's client believes that she owns the group, and that Soizic and a ghost of Gaël's are in the conversation.
    let owner = |who: AccountId, facts: &mut super::people::Facts| facts.entitled.insert(who, Rank::Owner);
    let mut facts = rozenn.facts(here).await;
    owner(rozenn.person.account.0, &mut facts);
    let made =
        rozenn.mls.commit(name(here), &Changes { remove: vec![gael.id()], ..Changes::default() }, &facts.trust());
    seen.by(rozenn.send(here, &made.unwrap()).await, Reason::GroupMayNotRemove);
    facts.entitled.insert(soizic.person.account.0, Rank::Member);
    let add = rozenn.packages(&[soizic]).await;
    let adding = Changes { add: add.clone(), ..Changes::default() };
    let made = rozenn.mls.commit(name(here), &adding, &facts.trust()).unwrap();
    seen.by(rozenn.send(here, &made).await, Reason::GroupMayNotAdd);
    let mut facts = gael.facts(here).await;
    facts.entitled.insert(soizic.person.account.0, Rank::Member);
    let made = gael.mls.commit(name(here), &adding, &facts.trust()).unwrap();
    seen.by(gael.send(here, &made).await, Reason::GroupNotEntitled);

    // A device that its account did not sign, and one that it signed and nobody entered.
    for signed in [false, true] {
        let claim = rempart_group_policy::DeviceClaim::member(
            rozenn.person.account.0,
            rempart_base::DeviceId::from_bytes([9; 16]),
            now(),
        );
        let stranger = AccountKey::generate().unwrap().0;
        let key = if signed { &*rozenn.key } else { &stranger };
        let mut ghost = Mls::enrol(MemoryStore::default(), claim, |claim| key.sign(claim)).unwrap();
        let add = ghost.key_packages(Suite::Classical, 1, false, now()).unwrap();
        let mut facts = gael.facts(here).await;
        if !signed {
            facts.directory.insert(rozenn.person.account.0, stranger.public());
        }
        let made = gael.mls.commit(name(here), &Changes { add, ..Changes::default() }, &facts.trust()).unwrap();
        seen.by(gael.send(here, &made).await, Reason::GroupIdentity);
    }

    // A Welcome where nobody is added; a commit in another's name; two in one epoch.
    let mut made = gael.prepare(here, &Changes::default()).await;
    made.welcome = Some(vec![1]);
    seen.field(gael.send(here, &made).await, Reason::GroupWelcome, "welcome");
    let made = gael.prepare(here, &Changes::default()).await;
    let stolen = json!({ "conversation": here, "client_id": client_id(), "commit": B64(made.commit.clone()) });
    seen.by(rozenn.person.client.command("groups.commit", stolen).await, Reason::GroupNotTheSender);
    let late = rozenn.prepare(here, &Changes::default()).await;
    gael.send(here, &made).await.unwrap();
    seen.by(rozenn.send(here, &late).await, Reason::GroupStale);
    rozenn.sync(here).await;
    let epoch = rozenn.epoch(here);
    let said = rozenn.mls.statement(rempart_group_policy::Verdict::Merged, name(here), epoch);
    let said = json!({ "conversation": here, "statement": B64(said.encode()) });
    seen.by(gael.person.client.command("groups.state", said).await, Reason::GroupNotTheSender);
    let said = json!({ "conversation": here, "statement": "AAAA" });
    seen.field(gael.person.client.command("groups.state", said).await, Reason::GroupMessageInvalid, "statement");

    // A removal waits: nothing is written, the commit must apply it, and not by the one who goes.
    let (of, again) = (json!({ "conversation": here, "account": rozenn.person.account }), accounts(&[rozenn]));
    let unsent = gael.seal(here, "trop tard");
    gael.sync(here).await;
    let blind = gael.prepare(here, &Changes::default()).await;
    let own = rozenn.prepare(here, &Changes::default()).await;
    gael.person.client.command("conversations.remove", of).await.unwrap();
    gael.person.client.command("conversations.add", json!({ "conversation": here, "accounts": again })).await.unwrap();
    seen.by(gael.person.client.command("messages.post", unsent).await, Reason::EpochRemoval);
    seen.by(gael.send(here, &blind).await, Reason::GroupRemovalLeftOut);
    seen.by(rozenn.send(here, &own).await, Reason::GroupBeingRemoved);
    gael.sync(here).await;
    gael.commit(here, Changes::default()).await.unwrap();
    let gone = rozenn.seal(here, "sans siège");
    seen.by(rozenn.person.client.command("messages.post", gone).await, Reason::GroupNotAMember);
}
