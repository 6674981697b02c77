//! What the server logs, at its most talkative, holds nothing of what people are called, write or keep secret.

use rempart_testkit::client::session::{Person, secret_of};
use rempart_testkit::client::{Client, client_id};
use rempart_wire::account::NewApiToken;
use serde_json::{Value, json};

use crate::files::{send, whole};
use crate::house::{House, create, feed, post, say, text};

#[tokio::test(flavor = "multi_thread")]
async fn no_name_address_word_or_secret_is_logged() {
    let mut house = House::new().await;
    let target = house.server.target().unwrap();
    let made = json!({ "role": "member", "local": "philomene", "display_name": "Philomène Quéméneur", "hours": 24 });
    let link =
        house.owner.client.command("invitations.create", made).await.unwrap()["url"].as_str().unwrap().to_owned();
    let mut philomene = Person::accept(&target, &link, "philomene", "Philomène Quéméneur").await.unwrap();
    philomene.enrol().await.unwrap();
    philomene.client.command("me.update", json!({ "title": "Anesthésiste-réanimatrice" })).await.unwrap();
    let here = create(&philomene, "group", "Dossier Trébaol", &[&house.owner]).await;
    let open = feed(&philomene).await;
    say(&philomene, here, "la glycémie de M. Trébaol est à 0,4").await;
    open.post(here, &text("appelez le 02 98 00 11 22")).await.unwrap();
    let file = whole(&philomene, here, "feuille de soins de M. Trébaol".repeat(9).as_bytes()).await;
    send(&philomene, here, &file).await;
    open.command("presence.set", json!({ "availability": "busy", "text": "garde de nuit" })).await.unwrap();
    philomene.client.command("people.list", json!({ "query": "Quéméneur", "limit": 10 })).await.unwrap();
    house.owner.client.command("accounts.list", json!({ "query": "philomene", "limit": 10 })).await.unwrap();
    let asked = json!({ "name": "sonde de Trébaol", "scopes": ["read"], "days": 1 });
    let token: NewApiToken = philomene.client.ask("me.tokens.create", &asked).await.unwrap();
    Client::with_token(&target, &token.secret).command("ping", json!({})).await.unwrap();
    // What goes wrong is logged too.
    let stranger = house.stranger();
    let wrong = json!({ "address": "philomene@kerbrat.example", "password": "mauvais-sésame-77", "device": { "name": "Minitel" } });
    stranger.post::<Value>("/api/v1/session", &wrong).await.unwrap_err();
    stranger.get("/invite/philomene?q=Quéméneur%20secret").await.ok();
    philomene.client.get("/api/v1/conversations/Tr%C3%A9baol/blobs/x?name=Tr%C3%A9baol.pdf").await.unwrap();
    philomene
        .client
        .command("messages.post", post(here, b"{\"v\":1,\"type\":\"message\",\"text\":7,\"a\":\"oedeme\"}"))
        .await
        .unwrap_err();
    philomene.client.command("me.update", json!({ "title": "x", "Quéméneur": "Trébaol" })).await.unwrap_err();
    let bad = json!({ "conversation": "Trébaol", "client_id": client_id(), "text": "oedeme" });
    philomene.client.command("messages.text", bad).await.unwrap_err();
    let again = philomene.again().await.unwrap();
    let reset = house.owner.client.command("accounts.reset", json!({ "account": philomene.account })).await.unwrap();
    house.server.run(&["account", "disable", "philomene"], "").await.unwrap();
    house.server.kill().await.unwrap();
    house.server.resume().await.unwrap();
    house.server.stop().await.unwrap();

    let log = house.server.log();
    assert!(log.lines().count() > 30 && log.contains("/api/v1/commands/{op}"), "the log says something: {log}");
    let authenticator = format!("{:?}", philomene.recovery);
    let recovery: Vec<&str> = authenticator.split('"').filter(|c| c.contains('-')).collect();
    let (reset, session) = (reset["url"].as_str().unwrap(), again.client.cookie().unwrap());
    let mut secrets: Vec<String> = [
        "philomene",
        "Philomène",
        "Quéméneur",
        "Qu\u{e9}m\u{e9}neur",
        "kerbrat.example",
        "Kerbrat",
        "Maëlle",
        "maelle",
        "Anesth",
        "réanimatrice",
        "Trébaol",
        "Tr%C3%A9baol",
        "glycémie",
        "02 98",
        "feuille de soins",
        "garde de nuit",
        "sonde",
        "mauvais-sésame",
        "oedeme",
        "Testkit",
        "Minitel",
        "sureau",
        "troène",
        "127.0.0.1",
    ]
    .map(str::to_owned)
    .to_vec();
    secrets.extend([
        token.secret.clone(),
        session,
        secret_of(reset).unwrap().to_owned(),
        secret_of(&link).unwrap().to_owned(),
    ]);
    secrets.extend(recovery.into_iter().map(str::to_owned));
    // Escaped forms of the same.
    secrets.extend(secrets.clone().iter().map(|s| s.escape_unicode().to_string()));
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{secret:?} is logged: {line:?}");
    }
}
