//! Each refusal there is, provoked at the real server, with its code, its status and words to act on. A reason that nothing
//! here provokes fails the test.

use std::collections::BTreeSet;

use hyper::Method;
use rempart_base::{AccountId, DeviceId};
use rempart_domain::refusal::Reason;
use rempart_key_log::Cause;
use rempart_mls_client::Suite;
use rempart_testkit::client::http::commands;
use rempart_testkit::client::session::{Person, password_for, secret_of};
use rempart_testkit::client::{Client, Failure, Feed, Line, client_id};
use rempart_testkit::server::Server;
use rempart_wire::account::NewApiToken;
use rempart_wire::session::SignInAnswer;
use rempart_wire::{B64, Id};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::files;
use crate::house::{House, Where, create, feed, options, post, refusal, say, text, title};
use crate::keyed::{self, device, first_identity, identity_entry, now, revocation};
use crate::sealed::refusals::{ELSEWHERE, groups};

#[derive(Default)]
pub(crate) struct Provoked(BTreeSet<String>);

impl Provoked {
    #[track_caller]
    pub(crate) fn by<T>(&mut self, outcome: Result<T, Failure>, reason: Reason) -> Option<String> {
        let problem = refusal(outcome, reason.code());
        assert_eq!(problem.title, reason.to_string());
        self.0.insert(problem.code);
        problem.field
    }

    #[track_caller]
    pub(crate) fn field<T>(&mut self, outcome: Result<T, Failure>, reason: Reason, field: &str) {
        assert_eq!(self.by(outcome, reason).as_deref(), Some(field), "{reason:?} names its field");
    }
}

fn nobody() -> Id<AccountId> {
    Id(AccountId::from_bytes([7; 16]))
}

fn nobody_device() -> DeviceId {
    DeviceId::from_bytes([7; 16])
}

/// The store of a running server, to tell it what would take too long to bring about.
pub(crate) fn store(house: &House) -> Connection {
    let store = Connection::open(house.server.data().join("rempart.db")).unwrap();
    store.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    store
}

/// A name that is nowhere.
const NOWHERE: &str = "01900000-0000-7000-8000-000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn every_reason_there_is() {
    let mut seen = Provoked::default();
    before_setup(&mut seen).await;
    let mut house = House::with(options().flag("--limits-max-file", "1 MiB")).await;
    doors(&mut seen, &house).await;
    own_account(&mut seen, &mut house).await;
    people(&mut seen, &house).await;
    keys(&mut seen, &house).await;
    let (iris, yann) = house.pair().await;
    conversations(&mut seen, &house, &iris, &yann).await;
    messages(&mut seen, &house, &iris, &yann).await;
    uploads(&mut seen, &house, &iris, &yann).await;
    requests(&mut seen, &house, &iris).await;
    sign_in(&mut seen, &house, &iris).await;
    groups(&mut seen, &house).await;
    let elsewhere = |reason: &Reason| ELSEWHERE.iter().any(|(there, _)| there == reason);
    let missing: Vec<_> = Reason::ALL.iter().filter(|r| !seen.0.contains(r.code()) && !elsewhere(r)).collect();
    assert!(missing.is_empty(), "nothing provokes {missing:?}");
    let stale: Vec<_> = ELSEWHERE.iter().filter(|(reason, _)| seen.0.contains(reason.code())).collect();
    assert!(stale.is_empty(), "provoked after all: {stale:?}");
}

async fn before_setup(seen: &mut Provoked) {
    let server = Server::start(options()).await.unwrap();
    let client = Client::new(&server.target().unwrap());
    let asked = json!({ "address": "iris", "password": "x", "device": { "name": "x" } });
    seen.by(client.post::<Value>("/api/v1/session", &asked).await, Reason::NotReady);
    let link = server.setup_link().unwrap();
    let setup = |changed: Value| {
        let mut setup = json!({
            "token": secret_of(&link).unwrap(), "organisation": "Clinique Kerbrat", "domain": "kerbrat.example",
            "host": "localhost:8443", "device": { "name": "x" },
            "owner": { "local": "maelle", "display_name": "Maëlle Kerbrat", "password": password_for("buis"), "language": "fr" },
        });
        for (key, value) in changed.as_object().unwrap() {
            match value.as_object() {
                Some(inner) => inner.iter().for_each(|(k, v)| setup[key][k] = v.clone()),
                None => setup[key] = value.clone(),
            }
        }
        setup
    };
    let owner = |password: &str| setup(json!({ "owner": { "password": password } }));
    let attempts = [
        (owner("court 1A"), Reason::PasswordShort),
        (owner(&"a1-".repeat(100)), Reason::PasswordLong),
        (owner("Motdepasse123!"), Reason::PasswordCommon),
        (owner("Maëlle-Kerbrat-Clinique-Kerbrat"), Reason::PasswordPersonal),
        (setup(json!({ "domain": "pas un domaine" })), Reason::DomainInvalid),
        (setup(json!({ "host": "https://x/y" })), Reason::HostInvalid),
        (setup(json!({ "organisation": "" })), Reason::NameInvalid),
        (setup(json!({ "organisation": "x".repeat(101) })), Reason::TextTooLong),
        (setup(json!({ "owner": { "local": "-maëlle!" } })), Reason::AddressInvalid),
        (setup(json!({ "token": "x".repeat(43) })), Reason::LinkInvalid),
    ];
    for (asked, reason) in attempts {
        let field = seen.by(client.post::<Value>("/api/v1/setup", &asked).await, reason);
        assert!(field.is_some() || reason == Reason::LinkInvalid, "{reason:?} names its field");
    }
    Person::owner(&server.target().unwrap(), &link, "maelle", "Maëlle Kerbrat").await.unwrap();
    let late = client.post::<Value>("/api/v1/setup", &setup(json!({}))).await;
    seen.by(late, Reason::AlreadySetUp);
}

/// What strangers ask.
async fn doors(seen: &mut Provoked, house: &House) {
    let stranger = house.stranger();
    for op in commands() {
        seen.by(stranger.command(op, json!({})).await, Reason::NotSignedIn);
    }
    let elsewhere = [("origin", "https://evil.example")];
    let sent = stranger.send(Method::POST, "/api/v1/session", &elsewhere, "{}").await.unwrap();
    seen.by(sent.read::<Value>(), Reason::CrossSite);
    let asked = json!({ "ticket": "x", "code": "123456" });
    seen.by(stranger.post::<Value>("/api/v1/session/factor", &asked).await, Reason::TicketExpired);
    for path in ["/api/v1/invitations/check", "/api/v1/reset/check"] {
        seen.by(stranger.post::<Value>(path, &json!({ "token": "x" })).await, Reason::LinkInvalid);
    }
}

async fn own_account(seen: &mut Provoked, house: &mut House) {
    let owner = &house.owner.client;
    let remove = json!({ "password": house.owner.password, "code": "123456" });
    seen.by(owner.command("me.totp.remove", remove).await, Reason::FactorRequired);
    let wrong = house.owner.authenticator.as_ref().unwrap().wrong();
    seen.field(owner.command("me.recovery.renew", json!({ "code": wrong })).await, Reason::FactorFailed, "code");

    let mut alma = house.member("alma", "Alma Jaouen").await;
    let me = &alma.client;
    seen.by(me.command("me.totp.confirm", json!({ "code": "123456" })).await, Reason::FactorNotOffered);
    seen.by(me.command("me.recovery.renew", json!({ "code": "123456" })).await, Reason::FactorNotSet);
    seen.field(me.command("me.update", json!({ "title": "x".repeat(101) })).await, Reason::TextTooLong, "title");
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    seen.field(me.command("me.password", change("non", &password_for("if"))).await, Reason::PasswordWrong, "current");
    let second = password_for("if");
    me.command("me.password", change(&alma.password, &second)).await.unwrap();
    seen.field(me.command("me.password", change(&second, &alma.password)).await, Reason::PasswordRepeated, "new");
    let unknown = json!({ "session": NOWHERE });
    seen.by(me.command("me.sessions.revoke", unknown).await, Reason::SessionUnknown);
    let token = |name: &str, scopes: &[&str], days: u32| json!({ "name": name, "scopes": scopes, "days": days });
    seen.by(me.command("me.tokens.create", token("x", &[], 1)).await, Reason::ScopesEmpty);
    seen.by(me.command("me.tokens.create", token("x", &["read"], 0)).await, Reason::DurationInvalid);
    seen.by(me.command("me.tokens.create", token("x", &["read"], 367)).await, Reason::DurationInvalid);
    seen.by(me.command("me.tokens.create", token("", &["read"], 1)).await, Reason::NameInvalid);
    seen.by(me.command("me.tokens.revoke", json!({ "token": NOWHERE })).await, Reason::TokenUnknown);
    let first: NewApiToken = me.ask("me.tokens.create", &token("x", &["read"], 1)).await.unwrap();
    let program = Client::with_token(&house.server.target().unwrap(), &first.secret);
    let text = json!({ "conversation": NOWHERE, "client_id": client_id(), "text": "x" });
    seen.by(program.command("messages.text", text).await, Reason::ScopeMissing);
    for _ in 1..50 {
        me.command("me.tokens.create", token("x", &["read"], 1)).await.unwrap();
    }
    seen.by(me.command("me.tokens.create", token("x", &["read"], 1)).await, Reason::TooManyTokens);
    let past = json!({ "availability": "busy", "until": "2001-01-01T00:00:00.000Z" });
    seen.by(me.command("presence.set", past).await, Reason::PresenceInvalid);
    seen.by(me.command("presence.set", json!({ "text": "x".repeat(121) })).await, Reason::TextTooLong);

    alma.password = second;
    for _ in 1..20 {
        alma.again().await.unwrap();
    }
    seen.by(alma.again().await, Reason::TooManyDevices);
}

async fn people(seen: &mut Provoked, house: &House) {
    let owner = &house.owner.client;
    let member = house.member("brieg", "Brieg Salaün").await;
    for op in ["people.list", "accounts.list", "audit.list"] {
        for limit in [0, 201] {
            seen.by(owner.command(op, json!({ "limit": limit })).await, Reason::LimitInvalid);
        }
    }
    let create =
        |local: &str| json!({ "local": local, "display_name": "Zoé Bras", "role": "member", "language": "fr" });
    seen.by(member.client.command("accounts.create", create("zoe")).await, Reason::NotAllowed);
    seen.field(owner.command("accounts.create", create("brieg")).await, Reason::AddressTaken, "local");
    seen.field(owner.command("accounts.create", create("z é")).await, Reason::AddressInvalid, "local");
    for (op, params) in [
        ("accounts.list", json!({ "limit": 1 })),
        ("accounts.update", json!({ "account": nobody() })),
        ("accounts.disable", json!({ "account": nobody() })),
        ("accounts.enable", json!({ "account": nobody() })),
        ("accounts.unlock", json!({ "account": nobody() })),
        ("accounts.reset", json!({ "account": nobody() })),
        ("accounts.reset_keys", json!({ "account": nobody() })),
        ("accounts.end_sessions", json!({ "account": nobody() })),
        ("invitations.create", json!({ "role": "member", "hours": 1 })),
        ("organisation.update", json!({ "name": "x" })),
        ("audit.list", json!({ "limit": 1 })),
        ("tasks.list", json!({})),
    ] {
        seen.by(member.client.command(op, params.clone()).await, Reason::NotAllowed);
        if op.starts_with("accounts.") && op != "accounts.list" {
            seen.by(owner.command(op, params).await, Reason::AccountUnknown);
        }
    }
    seen.by(owner.command("accounts.disable", json!({ "account": house.owner.account })).await, Reason::NotAllowed);
    let demote = json!({ "account": house.owner.account, "role": "member" });
    seen.by(owner.command("accounts.update", demote).await, Reason::LastOwner);
    for hours in [0, 721] {
        let asked = json!({ "role": "member", "hours": hours });
        seen.by(owner.command("invitations.create", asked).await, Reason::DurationInvalid);
    }
    seen.by(owner.command("invitations.revoke", json!({ "invitation": NOWHERE })).await, Reason::InvitationUnknown);
    seen.by(house.owner.invite("member", "brieg", "Brieg Autre").await, Reason::AddressTaken);
    seen.by(house.owner.invite("member", "a1ma", "Alma Autre").await, Reason::AddressLookAlike);

    owner.command("accounts.disable", json!({ "account": member.account })).await.unwrap();
    let closed = Person::sign_in(&house.server.target().unwrap(), "brieg", &member.password, None).await;
    seen.by(closed, Reason::AccountDisabled);
    let output = house
        .server
        .run(
            &["account", "add", "corentin", "--name", "Corentin Abgrall", "--password"],
            "Onze bateaux bleus et 3 rames\n",
        )
        .await
        .unwrap();
    assert!(output.status.success());
    let target = house.server.target().unwrap();
    let corentin = Person::sign_in(&target, "corentin", "Onze bateaux bleus et 3 rames", None).await.unwrap();
    seen.by(corentin.client.command("people.list", json!({ "limit": 1 })).await, Reason::PasswordChangeRequired);
}

async fn conversations(seen: &mut Provoked, house: &House, iris: &Person, yann: &Person) {
    let make = |kind: &str, members: Value, details: Value, protection: Value| json!({ "client_id": client_id(), "kind": kind, "members": members, "details": details, "protection": protection });
    let (me, name) = (&iris.client, json!(title("Bloc 3")));
    let many: Vec<_> = (0..201).map(|_| nobody()).collect();
    for (asked, reason) in [
        (make("direct", json!([]), Value::Null, Value::Null), Reason::MembersInvalid),
        (make("direct", json!([iris.account]), Value::Null, Value::Null), Reason::MembersInvalid),
        (make("direct", json!([nobody()]), Value::Null, Value::Null), Reason::AccountUnknown),
        (make("group", json!([]), Value::Null, Value::Null), Reason::DetailsRequired),
        (make("group", json!([]), json!("AAAA"), Value::Null), Reason::ContentInvalid),
        (make("group", json!([]), name.clone(), json!("sealed")), Reason::DetailsSealed),
        (make("group", json!([]), name.clone(), json!("recorded")), Reason::ProtectionUnavailable),
        (make("group", json!(many), name.clone(), Value::Null), Reason::TooManyAtOnce),
    ] {
        seen.by(me.command("conversations.create", asked).await, reason);
    }
    let direct = create(iris, "direct", "", &[yann]).await;
    let group = create(iris, "group", "Bloc 3", &[yann]).await;
    let add = |here: Where, who: Vec<Id<AccountId>>| json!({ "conversation": here, "accounts": who });
    let of = |here: Where, who: Id<AccountId>| json!({ "conversation": here, "account": who });
    seen.by(me.command("conversations.add", add(direct, vec![house.owner.account])).await, Reason::DirectFixed);
    seen.by(me.command("conversations.remove", of(direct, yann.account)).await, Reason::DirectFixed);
    seen.by(me.command("conversations.leave", json!({ "conversation": direct })).await, Reason::DirectFixed);
    seen.by(me.command("conversations.add", add(group, many)).await, Reason::TooManyAtOnce);
    seen.by(me.command("conversations.remove", of(group, house.owner.account)).await, Reason::NotAMember);
    seen.by(yann.client.command("conversations.remove", of(group, iris.account)).await, Reason::NotAllowed);
    seen.by(me.command("conversations.leave", json!({ "conversation": group })).await, Reason::LastOwner);
    seen.by(me.command("channels.join", json!({ "conversation": group })).await, Reason::ConversationUnknown);
    for (op, params) in [
        ("conversations.get", json!({})),
        ("conversations.members", json!({})),
        ("conversations.add", json!({ "accounts": [yann.account] })),
        ("conversations.remove", json!({ "account": yann.account })),
        ("conversations.role", json!({ "account": yann.account, "role": "member" })),
        ("conversations.leave", json!({})),
        ("conversations.mute", json!({ "muted": true })),
        ("channels.join", json!({})),
        ("messages.post", json!({ "client_id": client_id(), "content": B64(text("x")) })),
        ("messages.text", json!({ "client_id": client_id(), "text": "x" })),
        ("messages.erase", json!({ "client_id": client_id(), "seq": 1 })),
        ("journal.read", json!({ "after": 0, "limit": 1 })),
        ("cursor.ack", json!({ "seq": 1 })),
        ("marks.read", json!({ "seq": 1 })),
        ("marks.get", json!({})),
        ("typing.set", json!({ "typing": true })),
        ("log.proof", json!({ "seq": 1 })),
    ] {
        // One that is not, and one that is and has other members: nothing tells them apart.
        for here in [NOWHERE.to_owned(), direct.0.to_string()] {
            let mut params = params.clone();
            params["conversation"] = json!(here);
            seen.by(house.owner.client.command(op, params).await, Reason::ConversationUnknown);
        }
    }
    // A channel that is full: the store is told that 5,000 are in it.
    let channel = create(iris, "channel", "Pleine", &[]).await;
    let changed = store(house)
        .execute("UPDATE conversation SET members = 5000 WHERE id = ?1", [channel.0.as_bytes().as_slice()])
        .unwrap();
    assert_eq!(changed, 1);
    seen.by(yann.client.command("channels.join", json!({ "conversation": channel })).await, Reason::TooManyMembers);
    // Sixty changes of one conversation at once: whoever lost the race three times is told.
    let open = feed(iris).await;
    let mut conflict = None;
    for round in 0..40 {
        let roles = (0..60).map(|n| {
            let role = if (n + round) % 2 == 0 { "reader" } else { "moderator" };
            let asked = json!({ "conversation": group, "account": yann.account, "role": role });
            let open = &open;
            async move { open.command("conversations.role", asked).await }
        });
        let outcomes = futures_util::future::join_all(roles).await;
        let lost = |outcome: &Result<Value, Failure>| outcome.as_ref().is_err_and(|f| f.code() != "too_many_requests");
        conflict = outcomes.into_iter().find(lost);
        if conflict.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    }
    seen.by(conflict.expect("2,400 changes met no race"), Reason::Conflict);
}

async fn messages(seen: &mut Provoked, house: &House, iris: &Person, yann: &Person) {
    let here = create(iris, "group", "Messages", &[yann]).await;
    let me = &iris.client;
    let with = |content: &[u8], key: &str, value: Value| {
        let mut asked = post(here, content);
        asked[key] = value;
        asked
    };
    let content = text("x");
    for (asked, reason) in [
        (post(here, b""), Reason::ContentEmpty),
        (post(here, b"not JSON"), Reason::ContentInvalid),
        (post(here, b"{\"v\":1,\"type\":\"message\",\"text\":7}"), Reason::ContentInvalid),
        (post(here, &vec![b'x'; 64 * 1024 + 1]), Reason::ContentTooLarge),
        (with(&content, "refers_to", json!(99)), Reason::RefersToUnknown),
        (with(&content, "blobs", json!(["00".repeat(32)])), Reason::BlobUnknown),
        (with(&content, "blobs", json!(vec!["00".repeat(32); 21])), Reason::TooManyBlobs),
    ] {
        seen.by(me.command("messages.post", asked).await, reason);
    }
    let plain = |words: &str| json!({ "conversation": here, "client_id": client_id(), "text": words });
    seen.field(me.command("messages.text", plain(" \n")).await, Reason::ContentEmpty, "text");
    seen.field(me.command("messages.text", plain(&"x".repeat(70_000))).await, Reason::ContentTooLarge, "text");
    let receipt = say(iris, here, "à moi").await;
    let erase = |seq: u64| json!({ "conversation": here, "seq": seq, "client_id": client_id() });
    seen.by(yann.client.command("messages.erase", erase(receipt.seq)).await, Reason::NotAllowed);
    for seq in [0, 99] {
        seen.field(me.command("messages.erase", erase(seq)).await, Reason::EntryUnknown, "seq");
        seen.by(me.command("log.proof", json!({ "conversation": here, "seq": seq })).await, Reason::EntryUnknown);
    }
    let reader = json!({ "conversation": here, "account": yann.account, "role": "reader" });
    me.command("conversations.role", reader).await.unwrap();
    seen.by(yann.client.command("messages.post", post(here, &content)).await, Reason::ReadOnly);
    seen.by(files::begin(yann, here, 10).await, Reason::ReadOnly);
    let read = |more: Value| {
        let mut asked = json!({ "conversation": here, "limit": 10 });
        more.as_object().unwrap().iter().for_each(|(k, v)| asked[k] = v.clone());
        asked
    };
    for limit in [0, 201] {
        seen.by(me.command("journal.read", read(json!({ "after": 0, "limit": limit }))).await, Reason::LimitInvalid);
        let asked = json!({ "after": 0, "limit": limit });
        seen.by(me.command("account_journal.read", asked).await, Reason::LimitInvalid);
    }
    seen.by(me.command("journal.read", read(json!({ "after": 1, "before": 2 }))).await, Reason::PositionInvalid);
    seen.by(me.command("journal.read", read(json!({}))).await, Reason::PositionInvalid);
    // A tile that the log does not have yet.
    let tile = house.owner.client.get("/api/v1/log/tile/0/999").await.unwrap();
    seen.by(tile.read::<Value>(), Reason::NotLogged);
    let tile = house.owner.client.get("/api/v1/log/tile/none").await.unwrap();
    seen.by(tile.read::<Value>(), Reason::EntryUnknown);
}

async fn uploads(seen: &mut Provoked, house: &House, iris: &Person, yann: &Person) {
    let here = create(iris, "direct", "", &[yann]).await;
    seen.field(files::begin(iris, here, 0).await, Reason::FileEmpty, "size");
    seen.field(files::begin(iris, here, 1024 * 1024 + 1).await, Reason::FileTooLarge, "size");
    seen.by(files::begin(&house.owner, here, 10).await, Reason::ConversationUnknown);
    let upload = files::begin(iris, here, 10).await.unwrap();
    seen.by(files::part(iris, &upload, 5, b"xx").await, Reason::UploadOffset);
    seen.by(files::part(iris, &upload, 0, b"more than ten bytes").await, Reason::UploadMismatch);
    seen.by(files::part(iris, &upload, 0, &vec![0; 4 * 1024 * 1024 + 1]).await, Reason::RequestTooLarge);
    seen.by(files::part(yann, &upload, 0, b"x").await, Reason::UploadUnknown);
    let path = format!("/api/v1/uploads/{}", upload.upload.0);
    let headless = iris.client.send(Method::PATCH, &path, &[], "x").await.unwrap();
    seen.field(headless.read::<Value>(), Reason::RequestInvalid, "Upload-Offset");
    for path in ["/api/v1/uploads/x", &format!("/api/v1/uploads/{NOWHERE}")] {
        for method in [Method::GET, Method::DELETE] {
            let answer = iris.client.send(method, path, &[], "").await.unwrap();
            seen.by(answer.read::<Value>(), Reason::UploadUnknown);
        }
    }
    for (blob, reason) in [("x".to_owned(), Reason::BlobUnknown), ("00".repeat(32), Reason::BlobUnknown)] {
        let path = format!("/api/v1/conversations/{}/blobs/{blob}", here.0);
        seen.by(iris.client.get(&path).await.unwrap().read::<Value>(), reason);
    }
    let path = format!("/api/v1/conversations/x/blobs/{}", "00".repeat(32));
    seen.by(iris.client.get(&path).await.unwrap().read::<Value>(), Reason::ConversationUnknown);
    for _ in 1..20 {
        files::begin(iris, here, 10).await.unwrap();
    }
    seen.by(files::begin(iris, here, 10).await, Reason::QuotaReached);
}

/// What is no command, or a command with what it does not have: over HTTP and over the feed.
async fn requests(seen: &mut Provoked, house: &House, iris: &Person) {
    let open: Feed = feed(iris).await;
    for op in commands() {
        for outcome in
            [iris.client.command(op, json!({ "unheard": 1 })).await, open.command(op, json!({ "unheard": 1 })).await]
        {
            let problem = refusal(outcome, Reason::RequestInvalid.code());
            let detail = problem.detail.unwrap_or_default();
            assert!(detail.contains("unheard") || detail.contains("missing field"), "{op}: {detail}");
            assert_eq!(problem.status, 400);
        }
        let broken = iris.client.send(Method::POST, &format!("/api/v1/commands/{op}"), &[], "{").await.unwrap();
        seen.by(broken.read::<Value>(), Reason::RequestInvalid);
    }
    seen.by(iris.client.command("no.such", json!({})).await, Reason::CommandUnknown);
    seen.by(open.command("no.such", json!({})).await, Reason::CommandUnknown);
    seen.by(iris.client.get("/api/v1/nothing").await.unwrap().read::<Value>(), Reason::CommandUnknown);
    let mut line = Line::open(&iris.client).await.unwrap();
    let early = line.ask("1", "ping", json!({})).await.unwrap();
    let problem = serde_json::from_value(early["problem"].clone()).unwrap();
    seen.by::<()>(Err(Failure::Refused(Box::new(problem))), Reason::HelloFirst);
    let all = futures_util::future::join_all((0..1_500).map(|_| open.command("ping", json!({})))).await;
    let refused = all.into_iter().find(Result::is_err).expect("1,500 commands at once pass");
    seen.by(refused, Reason::TooManyRequests);
    // The paths that are no commands hold their bodies to the same.
    for path in [
        "setup/check",
        "setup",
        "session",
        "session/factor",
        "invitations/check",
        "invitations/accept",
        "reset/check",
        "reset",
        "password/check",
    ] {
        let path = format!("/api/v1/{path}");
        let stranger = house.stranger();
        seen.by(stranger.post::<Value>(&path, &json!({ "unheard": 1 })).await, Reason::RequestInvalid);
        let plain = stranger.send(Method::POST, &path, &[("content-type", "text/plain")], "{}").await.unwrap();
        seen.by(plain.read::<Value>(), Reason::RequestInvalid);
        let large = stranger.send(Method::POST, &path, &[], vec![b' '; 256 * 1024 + 1]).await.unwrap();
        seen.by(large.read::<Value>(), Reason::RequestTooLarge);
    }
    let check = json!({ "password": "x", "context": vec!["x"; 17] });
    seen.field(
        house.stranger().post::<Value>("/api/v1/password/check", &check).await,
        Reason::RequestInvalid,
        "context",
    );
}

async fn keys(seen: &mut Provoked, house: &House) {
    let mut alan = house.member("alan", "Alan Kermarrec").await;
    let account = alan.account.0;
    let publish = |entry: &[u8]| json!({ "entries": [B64(entry.to_vec())] });
    let send = async |by: &Person, entry: Vec<u8>| by.client.command("keys.publish", publish(&entry)).await;
    let me = &alan.client;
    for (op, params, field) in [
        ("keys.log", json!({ "after": 0, "limit": 0 }), "limit"),
        ("keys.log", json!({ "after": 0, "limit": 1001 }), "limit"),
        ("keys.publish", json!({ "entries": [] }), "entries"),
        ("keys.packages.put", json!({ "one_time": vec!["AA"; 101] }), "one_time"),
        ("keys.packages.claim", json!({ "devices": [] }), "devices"),
        ("keys.packages.claim", json!({ "devices": vec![NOWHERE; 201] }), "devices"),
        ("keys.link.ask", json!({ "public": "AA" }), "public"),
    ] {
        seen.field(me.command(op, params).await, Reason::RequestInvalid, field);
    }
    let keyring = |follows: u64, bytes: usize| json!({ "follows": follows, "sealed": B64(vec![1; bytes]) });
    seen.field(me.command("keys.keyring.put", keyring(0, 0)).await, Reason::KeyringInvalid, "sealed");
    seen.field(me.command("keys.keyring.put", keyring(0, 256 * 1024 + 1)).await, Reason::KeyringInvalid, "sealed");
    seen.by(me.command("keys.keyring.put", keyring(7, 1)).await, Reason::KeyringConflict);
    seen.by(me.command("keys.packages.put", json!({})).await, Reason::DeviceNotEnrolled);

    seen.field(send(&alan, vec![1, 2, 3]).await, Reason::KeysInvalid, "entries");
    seen.field(send(&alan, first_identity(nobody().0, 1)).await, Reason::KeysForeign, "entries");
    seen.field(send(&alan, device(account, nobody_device(), 1).1).await, Reason::KeysForeign, "entries");
    seen.field(send(&alan, identity_entry(account, Cause::Reset, 1, 1, None)).await, Reason::KeysRefused, "entries");
    let mut mine = keyed::enrol(&alan, 1, true).await;
    seen.field(send(&alan, revocation(account, mine.device, 2)).await, Reason::KeysRefused, "entries");
    let reset = identity_entry(account, Cause::Reset, 1, 3, None);
    seen.by(send(&alan, reset).await, Reason::IdentityResetForbidden);
    seen.by(me.command("keys.packages.put", json!({ "one_time": ["AAAA"] })).await, Reason::PackageInvalid);
    assert_eq!(keyed::stock(&alan, &mut mine, 100).await, 100);
    assert_eq!(keyed::stock(&alan, &mut mine, 100).await, 200);
    let more = mine.mls.key_packages(Suite::Classical, 1, false, now()).unwrap();
    let more = json!({ "one_time": [B64(more[0].clone())] });
    seen.field(me.command("keys.packages.put", more).await, Reason::TooManyPackages, "one_time");
    let answer = json!({ "device": NOWHERE, "public": B64(vec![1; 32]) });
    seen.by(me.command("keys.link.answer", answer).await, Reason::DeviceLinkUnknown);

    let mut last = None;
    for _ in 0..4 {
        let other = alan.again().await.unwrap();
        keyed::enrol(&other, 1, false).await;
        last = Some(other);
    }
    let sixth = alan.again().await.unwrap();
    seen.field(send(&sixth, device(account, sixth.device.0, 1).1).await, Reason::KeyedDevicesFull, "entries");
    let last = last.unwrap();
    send(&alan, revocation(account, last.device.0, 1)).await.unwrap();
    let info = json!({ "device": last.device, "name": "x" });
    let asked = json!({ "address": alan.local, "password": alan.password, "device": info });
    let found = house.stranger();
    found.post::<Value>("/api/v1/session", &asked).await.unwrap();
    let again = publish(&device(account, last.device.0, 1).1);
    seen.field(found.command("keys.publish", again).await, Reason::DeviceRevoked, "entries");
}

/// Failures at the door, last: they slow this source.
async fn sign_in(seen: &mut Provoked, house: &House, iris: &Person) {
    let stranger = house.stranger();
    let asked = |password: &str| json!({ "address": "iris", "password": password, "device": { "name": "x" } });
    let attempt = async |password: &str| stranger.post::<SignInAnswer>("/api/v1/session", &asked(password)).await;
    for _ in 0..3 {
        seen.by(attempt("pas le bon").await, Reason::SignInFailed);
    }
    seen.by(attempt("pas le bon").await, Reason::Slowed);
    // What a patient attacker waits for, the store is told to have passed.
    let wait = || {
        store(house).execute("UPDATE throttle SET until = 0 WHERE failures < 10", []).unwrap();
    };
    for _ in 3..10 {
        wait();
        seen.by(attempt("pas le bon").await, Reason::SignInFailed);
    }
    wait();
    seen.by(attempt(&iris.password).await, Reason::Locked);
}
