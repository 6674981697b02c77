//! Passwords, lock-out, the second factor, sessions and links.

use rempart_testkit::client::session::{Person, password_for, secret_of};
use rempart_testkit::client::{Client, Feed};
use rempart_wire::account::Sessions;
use rempart_wire::session::{SessionNow, SignInAnswer};
use rempart_wire::{Empty, Problem};
use serde_json::{Value, json};

use crate::house::{House, feed, refusal};

fn device() -> Value {
    json!({ "name": "Testkit" })
}

async fn try_password(client: &Client, address: &str, password: &str) -> Result<SignInAnswer, String> {
    let asked = json!({ "address": address, "password": password, "device": device() });
    client.post("/api/v1/session", &asked).await.map_err(|failure| failure.code().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn by_password_then_out() {
    let house = House::new().await;
    let mut iris = house.member("iris", "Iris Le Goff").await;
    for address in ["iris", "iris@kerbrat.example", " IRIS@Kerbrat.Example "] {
        let there = Person::sign_in(&house.server.target().unwrap(), address, &iris.password, None).await.unwrap();
        assert_eq!(there.account, iris.account);
        assert_ne!(there.device, iris.device);
    }
    let other = iris.again().await.unwrap();
    let open = feed(&other).await;
    let answer = other.client.send(hyper::Method::DELETE, "/api/v1/session", &[], "").await.unwrap();
    assert!(answer.status.is_success());
    assert_eq!(other.client.cookie(), None, "the cookie is taken back");
    assert_eq!(open.closed().await, Some(4003), "the feed ends with the session");
    refusal(other.client.command("me.get", json!({})).await, "not_signed_in");
    iris.me().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_asks_who_it_is_without_being_refused() {
    let house = House::new().await;
    let mut iris = house.member("iris", "Iris Le Goff").await;
    let now = async |client: &Client| client.get("/api/v1/session").await.unwrap().read::<SessionNow>().unwrap().me;
    assert!(now(&house.stranger()).await.is_none(), "no cookie");
    assert_eq!(now(&iris.client).await.unwrap().person.account, iris.account);
    let other = iris.again().await.unwrap();
    let cookie = other.client.cookie().unwrap();
    other.client.send(hyper::Method::DELETE, "/api/v1/session", &[], "").await.unwrap();
    let late = Client::with_cookie(&house.server.target().unwrap(), &cookie);
    assert!(now(&late).await.is_none(), "a session that ended");
    assert!(now(&iris.client).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_slow_and_lock() {
    let house = House::new().await;
    let iris = house.member("iris", "Iris Le Goff").await;
    let stranger = house.stranger();
    // An address that exists and one that does not behave alike.
    for address in ["iris", "nobody"] {
        let mut codes = Vec::new();
        for _ in 0..4 {
            codes.push(try_password(&stranger, address, "pas le bon mot de passe").await.unwrap_err());
        }
        assert_eq!(codes, ["sign_in_failed", "sign_in_failed", "sign_in_failed", "slowed"], "{address}");
    }
    let mut failures = 3;
    let mut waited = Vec::new();
    while failures < 10 {
        let asked = json!({ "address": "iris", "password": "encore pas le bon", "device": device() });
        let reply = stranger
            .send(hyper::Method::POST, "/api/v1/session", &[], serde_json::to_vec(&asked).unwrap())
            .await
            .unwrap();
        let problem: Problem = serde_json::from_slice(&reply.body).unwrap();
        match problem.code.as_str() {
            "slowed" => {
                let ms = problem.retry_after_ms.unwrap();
                assert_eq!(reply.status.as_u16(), 429);
                assert!(!reply.header("retry-after").is_empty());
                if ms > 5_000 {
                    // The spacing doubles to a minute: what remains is shown in simulated time by the rules' own tests.
                    waited.push(ms);
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(ms + 20)).await;
            }
            "sign_in_failed" => failures += 1,
            other => panic!("{other}"),
        }
    }
    assert!(waited.iter().all(|ms| *ms <= 60_000) && !waited.is_empty());
    // Somebody who is signed in goes on.
    iris.me().await.unwrap();
    // An administrator sees it and lets her in at once.
    house.owner.client.command("accounts.unlock", json!({ "account": iris.account })).await.unwrap();
    Person::sign_in(&house.server.target().unwrap(), "iris", &iris.password, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_factor_is_asked_and_each_code_works_once() {
    let mut house = House::new().await;
    let target = house.server.target().unwrap();
    let client = Client::new(&target);
    let SignInAnswer::SecondFactor { ticket } = try_password(&client, "maelle", &house.owner.password).await.unwrap()
    else {
        panic!("an owner signs in by password alone");
    };
    assert_eq!(client.cookie(), None, "no session before the second step");
    let factor = |ticket: &str, code: &str| json!({ "ticket": ticket, "code": code });
    let authenticator = house.owner.authenticator.as_mut().unwrap();
    let wrong = client.post::<Value>("/api/v1/session/factor", &factor(&ticket, &authenticator.wrong())).await;
    refusal(wrong, "factor_failed");
    let code = authenticator.code().await;
    client.post::<Value>("/api/v1/session/factor", &factor(&ticket, &code)).await.unwrap();
    client.command("me.get", json!({})).await.unwrap();

    // The ticket and the code are spent.
    let other = Client::new(&target);
    assert!(other.post::<Value>("/api/v1/session/factor", &factor(&ticket, &code)).await.is_err());
    let SignInAnswer::SecondFactor { ticket } = try_password(&other, "maelle", &house.owner.password).await.unwrap()
    else {
        panic!("an owner signs in by password alone");
    };
    refusal(other.post::<Value>("/api/v1/session/factor", &factor(&ticket, &code)).await, "factor_failed");
    // A recovery code works, as people misread it, once.
    let printed = house.owner.recovery.pop().unwrap();
    let read = printed.to_lowercase().replace('-', " ");
    other.post::<Value>("/api/v1/session/factor", &factor(&ticket, &read)).await.unwrap();
    assert_eq!(house.owner.me().await.unwrap().recovery_left, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended() {
    let house = House::new().await;
    let mut iris = house.member("iris", "Iris Le Goff").await;
    let (second, third) = (iris.again().await.unwrap(), iris.again().await.unwrap());
    let list: Sessions = iris.client.ask("me.sessions.list", &Empty {}).await.unwrap();
    assert_eq!(list.sessions.len(), 3);
    assert_eq!(list.sessions.iter().filter(|s| s.current).count(), 1);
    let of = |person: &Person| list.sessions.iter().find(|s| s.device == person.device).unwrap().session;
    let open = feed(&second).await;
    iris.client.command("me.sessions.revoke", json!({ "session": of(&second) })).await.unwrap();
    assert_eq!(open.closed().await, Some(4003));
    refusal(second.client.command("me.get", json!({})).await, "not_signed_in");
    third.me().await.unwrap();
    iris.client.command("me.sessions.revoke", json!({})).await.unwrap();
    refusal(third.client.command("me.get", json!({})).await, "not_signed_in");
    iris.me().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_other_sessions() {
    let house = House::new().await;
    let mut iris = house.member("iris", "Iris Le Goff").await;
    let other = iris.again().await.unwrap();
    let new = password_for("noisetier");
    let change = json!({ "current": iris.password, "new": new });
    iris.client.command("me.password", change).await.unwrap();
    refusal(other.client.command("me.get", json!({})).await, "not_signed_in");
    let stranger = house.stranger();
    assert_eq!(try_password(&stranger, "iris", &iris.password).await.unwrap_err(), "sign_in_failed");
    try_password(&stranger, "iris", &new).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_link_gives_a_new_password_once() {
    let house = House::new().await;
    let iris = house.member("iris", "Iris Le Goff").await;
    let open = feed(&iris).await;
    let link = house.owner.client.command("accounts.reset", json!({ "account": iris.account })).await.unwrap();
    let token = secret_of(link["url"].as_str().unwrap()).unwrap().to_owned();
    let stranger = house.stranger();
    let offer: Value = stranger.post("/api/v1/reset/check", &json!({ "token": token })).await.unwrap();
    assert_eq!(offer["password_bits"], 50, "what a member's password needs");
    assert_eq!(offer["address"], "iris@kerbrat.example");
    let new = password_for("aulne");
    let reset = json!({ "token": token, "password": new });
    stranger.post::<Empty>("/api/v1/reset", &reset).await.unwrap();
    refusal(stranger.post::<Empty>("/api/v1/reset", &reset).await, "link_invalid");
    assert_eq!(open.closed().await, Some(4003), "sessions end with the old password");
    try_password(&stranger, "iris", &new).await.unwrap();

    let yann = house.owner.invite("admin", "yann", "Yann Tanguy").await.unwrap();
    let link = house.owner.client.command("accounts.reset", json!({ "account": yann.account })).await.unwrap();
    let token = secret_of(link["url"].as_str().unwrap()).unwrap();
    let offer: Value = stranger.post("/api/v1/reset/check", &json!({ "token": token })).await.unwrap();
    assert_eq!(offer["password_bits"], 80, "what an administrator's password needs, and is refused without");
    let weak = json!({ "token": token, "password": "vK7#pq2L" });
    refusal(stranger.post::<Empty>("/api/v1/reset", &weak).await, "password_short");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_needs_a_session() {
    let house = House::new().await;
    let failure = Feed::open(&house.stranger()).await.unwrap_err();
    assert!(failure.to_string().contains("not_signed_in"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_work_once_and_can_be_taken_back() {
    let house = House::new().await;
    let create = json!({ "role": "member", "local": "iris", "display_name": "Iris Le Goff", "hours": 24 });
    let made = house.owner.client.command("invitations.create", create).await.unwrap();
    let url = made["url"].as_str().unwrap().to_owned();
    let stranger = house.stranger();
    let offer: Value =
        stranger.post("/api/v1/invitations/check", &json!({ "token": secret_of(&url).unwrap() })).await.unwrap();
    assert_eq!((&offer["inviter"], &offer["local"]), (&json!("Maëlle Kerbrat"), &json!("iris")));
    let target = house.server.target().unwrap();
    Person::accept(&target, &url, "iris", "Iris Le Goff").await.unwrap();
    refusal(Person::accept(&target, &url, "second", "Une Seconde").await, "link_invalid");

    let made = house.owner.client.command("invitations.create", json!({ "role": "member", "hours": 1 })).await.unwrap();
    let list = house.owner.client.command("invitations.list", json!({})).await.unwrap();
    assert!(
        list["invitations"].as_array().unwrap().iter().any(|i| i["invitation"] == made["invitation"]["invitation"])
    );
    let revoke = json!({ "invitation": made["invitation"]["invitation"] });
    house.owner.client.command("invitations.revoke", revoke).await.unwrap();
    let url = made["url"].as_str().unwrap();
    refusal(Person::accept(&target, url, "third", "Une Troisième").await, "link_invalid");
}
