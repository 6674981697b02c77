//! API tokens: what a program may do, until when, and no more.

use rempart_testkit::client::session::Person;
use rempart_testkit::client::{Client, Feed, client_id};
use rempart_wire::account::{ApiTokens, NewApiToken};
use rempart_wire::journal::Receipt;
use rempart_wire::{Empty, Id};
use serde_json::json;

use crate::house::{House, create, feed, next_entry, refusal, words};

async fn token(of: &Person, scopes: &[&str]) -> NewApiToken {
    let asked = json!({ "name": "automate", "scopes": scopes, "days": 30 });
    of.client.ask("me.tokens.create", &asked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_posts_and_reads_by_its_scopes() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let target = house.server.target().unwrap();
    let (both, reads) = (token(&iris, &["read", "post"]).await, token(&iris, &["read"]).await);
    let program = Client::with_token(&target, &both.secret);
    let at_yann = feed(&yann).await;
    let text = json!({ "conversation": here, "client_id": client_id(), "text": "sauvegarde **réussie**" });
    // Programs send neither cookie nor `Origin` nor our own header.
    let answer = program
        .send(
            hyper::Method::POST,
            "/api/v1/commands/messages.text",
            &[("origin", ""), ("x-rempart", "")],
            text.to_string(),
        )
        .await
        .unwrap();
    let receipt: Receipt = answer.read().unwrap();
    let entry = next_entry(&at_yann, here).await;
    assert_eq!((entry.seq, words(&entry).as_str()), (receipt.seq, "sauvegarde **réussie**"));
    assert_eq!(entry.account, Some(iris.account));

    let reader = Client::with_token(&target, &reads.secret);
    reader.command("conversations.list", json!({})).await.unwrap();
    refusal(reader.command("messages.text", text).await, "scope_missing");
    for (op, params) in [
        ("me.password", json!({ "current": iris.password, "new": "Une toute autre phrase 91!" })),
        ("me.totp.begin", json!({})),
        ("me.tokens.create", json!({ "name": "autre", "scopes": ["admin"], "days": 1 })),
        ("me.sessions.list", json!({})),
    ] {
        let refused = program.command(op, params).await;
        assert!(refused.is_err(), "a token does not {op}");
    }
    // A feed too.
    let open = Feed::open(&program).await.unwrap();
    let posted: Receipt = open.post(here, &crate::house::text("par le flux")).await.unwrap();
    assert_eq!(posted.seq, receipt.seq + 1);
    assert!(program.cookie().is_none());

    // Only what that program has open ends: the person's own line and another program's stay the same ones.
    let (other, at_iris) = (Feed::open(&reader).await.unwrap(), feed(&iris).await);
    iris.client.ask::<Empty>("me.tokens.revoke", &json!({ "token": both.token.token })).await.unwrap();
    assert_eq!(open.closed().await, Some(4003));
    let said: Receipt = feed(&yann).await.post(here, &crate::house::text("encore là")).await.unwrap();
    for line in [&other, &at_iris] {
        assert_eq!(next_entry(line, here).await.seq, said.seq);
    }
    refusal(program.command("ping", json!({})).await, "not_signed_in");
    let left: ApiTokens = iris.client.ask("me.tokens.list", &Empty {}).await.unwrap();
    assert_eq!(left.tokens.iter().map(|t| t.token).collect::<Vec<_>>(), [Id(reads.token.token.0)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_token_administers_only_with_its_scope() {
    let house = House::new().await;
    let target = house.server.target().unwrap();
    let (plain, admin) = (token(&house.owner, &["read"]).await, token(&house.owner, &["admin"]).await);
    let list = json!({ "limit": 10 });
    let plain = Client::with_token(&target, &plain.secret);
    refusal(plain.command("accounts.list", list.clone()).await, "scope_missing");
    Client::with_token(&target, &admin.secret).command("accounts.list", list).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_is_nobody() {
    let house = House::new().await;
    let target = house.server.target().unwrap();
    for secret in ["", "x", &"A".repeat(43), &"A".repeat(5_000)] {
        let outcome = Client::with_token(&target, secret).command("ping", json!({})).await;
        refusal(outcome, "not_signed_in");
    }
}
