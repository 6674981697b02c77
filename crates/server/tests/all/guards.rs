//! What guards every answer: other sites' pages, headers, limits of requests and frames.

use hyper::Method;
use rempart_testkit::client::Line;
use rempart_testkit::client::line::{Came, NotOpened};
use rempart_wire::Problem;
use serde_json::{Value, json};

use crate::house::{House, create, feed, post, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_are_refused() {
    let house = House::new().await;
    let client = &house.owner.client;
    let ping = "/api/v1/commands/ping";
    let sent = async |method: Method, path: &str, headers: &[(&str, &str)]| {
        client.send(method, path, headers, "{}").await.unwrap().read::<Value>()
    };
    sent(Method::POST, ping, &[]).await.unwrap();
    // Some browsers send no `Origin` from the same origin; our own header stands for it.
    sent(Method::POST, ping, &[("origin", "")]).await.unwrap();
    for headers in [
        &[("x-rempart", "")][..],
        &[("x-rempart", ""), ("origin", "")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://localhost")],
    ] {
        refusal(sent(Method::POST, ping, headers).await, "cross_site");
        refusal(sent(Method::DELETE, "/api/v1/session", headers).await, "cross_site");
        refusal(sent(Method::POST, "/api/v1/session", headers).await, "cross_site");
        refusal(sent(Method::POST, "/api/v1/uploads", headers).await, "cross_site");
    }
    refusal(sent(Method::GET, "/api/v1/log/checkpoint", &[("origin", "https://evil.example")]).await, "cross_site");
    house.owner.me().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_open_for_our_own_pages_only() {
    let house = House::new().await;
    let target = house.server.target().unwrap();
    let cookie = house.owner.client.identity()[0].1.clone();
    let ours = format!("https://{}", target.host());
    let with = |origin: &str| [("cookie", cookie.clone()), ("origin", origin.to_owned())];
    let open = async |headers: &[(&str, String)]| {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        Line::open_with(&target, &headers).await
    };
    open(&with(&ours)).await.unwrap();
    for origin in ["", "https://evil.example", "null"] {
        match open(&with(origin)).await {
            Err(NotOpened::Answered(403, body)) => {
                let problem: Problem = serde_json::from_slice(&body).unwrap();
                assert_eq!(problem.code, "cross_site");
            }
            other => panic!("{origin:?}: {other:?}"),
        }
    }
    assert!(matches!(open(&[("origin", ours)]).await, Err(NotOpened::Answered(401, _))));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_guards() {
    let house = House::new().await;
    let stranger = house.stranger();
    let answers = [
        stranger.get("/").await.unwrap(),
        stranger.get("/somewhere/in/the/client").await.unwrap(),
        stranger.get("/assets/none.js").await.unwrap(),
        stranger.get("/api/v1/server").await.unwrap(),
        stranger.get("/api/v1/nothing").await.unwrap(),
        stranger.get("/healthz").await.unwrap(),
        stranger.get("/ca.crt").await.unwrap(),
        stranger.send(Method::POST, "/api/v1/commands/ping", &[], "{}").await.unwrap(),
        house.owner.client.send(Method::POST, "/api/v1/commands/me.get", &[], "{}").await.unwrap(),
    ];
    for reply in answers {
        let policy = reply.header("content-security-policy");
        for word in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(word), "{policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains("http"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(reply.header("cross-origin-embedder-policy"), "require-corp");
        assert!(reply.header("strict-transport-security").starts_with("max-age="));
        assert!(!reply.header("cache-control").is_empty() && !reply.header("x-request-id").is_empty());
    }
    let ready = stranger.get("/readyz").await.unwrap();
    assert_eq!((ready.status.as_u16(), ready.text().as_str()), (200, "ready\n"));
    assert!(stranger.get("/ca.crt").await.unwrap().text().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_have_a_size() {
    let house = House::new().await;
    let client = &house.owner.client;
    let big = format!("{{\"x\":\"{}\"}}", "a".repeat(256 * 1024));
    for path in ["/api/v1/commands/ping", "/api/v1/session", "/api/v1/uploads"] {
        let answer = client.send(Method::POST, path, &[], big.clone()).await.unwrap();
        assert_eq!(answer.status, 413, "{path}");
        refusal(answer.read::<Value>(), "request_too_large");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_message_is_taken_and_a_longer_one_is_not() {
    let house = House::new().await;
    let iris = house.member("iris", "Iris Le Goff").await;
    let here = create(&iris, "direct", "", &[&house.owner]).await;
    let content = |size: usize| {
        let empty = json!({ "v": 1, "type": "unheard", "x": "" }).to_string().len();
        json!({ "v": 1, "type": "unheard", "x": "é".repeat((size - empty) / 2) }).to_string().into_bytes()
    };
    let open = feed(&iris).await;
    let largest = content(64 * 1024);
    assert!((64 * 1024 - 1..=64 * 1024).contains(&largest.len()));
    open.command("messages.post", post(here, &largest)).await.unwrap();
    refusal(open.command("messages.post", post(here, &content(64 * 1024 + 2))).await, "content_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_none_are_refused_or_end_the_line() {
    let house = House::new().await;
    let open = async || Line::open(&house.owner.client).await.unwrap();

    let mut line = open().await;
    for (sent, code) in [
        ("not JSON".to_owned(), "request_invalid"),
        ("{}".to_owned(), "request_invalid"),
        (json!({ "id": "1", "op": "ping" }).to_string(), "hello_first"),
        (json!({ "id": "1", "op": "hello", "params": { "account_seq": -1 } }).to_string(), "request_invalid"),
        (json!({ "id": "1", "op": "hello", "params": { "x": 1 } }).to_string(), "request_invalid"),
    ] {
        line.send(sent.clone()).await.unwrap();
        let answer = line.next_json().await.unwrap();
        assert_eq!(answer["problem"]["code"], code, "{sent}");
    }
    assert_eq!(line.hello().await.unwrap()["op"], "ok");
    for (sent, code) in [
        ("[]".to_owned(), "request_invalid"),
        (json!({ "id": 1, "op": "ping" }).to_string(), "request_invalid"),
        (json!({ "id": "x".repeat(65), "op": "ping" }).to_string(), "request_invalid"),
        (json!({ "id": "1", "op": "ping", "more": 1 }).to_string(), "request_invalid"),
        (json!({ "id": "1", "op": "ping", "params": { "x": 1 } }).to_string(), "request_invalid"),
        (json!({ "id": "1", "op": "no.such" }).to_string(), "command_unknown"),
    ] {
        line.send(sent.clone()).await.unwrap();
        loop {
            let answer = line.next_json().await.unwrap();
            if answer["op"] == "refused" {
                assert_eq!(answer["problem"]["code"], code, "{sent}");
                break;
            }
        }
    }

    let mut line = open().await;
    line.hello().await.unwrap();
    line.send_bytes(vec![1, 2, 3]).await.unwrap();
    assert_eq!(end(&mut line).await, Some(1008));

    // A frame over the limit is not kept: the line ends.
    let mut line = open().await;
    line.hello().await.unwrap();
    // The server may end it before all of it is sent.
    drop(line.send("x".repeat(300 * 1024)).await);
    end(&mut line).await;
    house.owner.me().await.unwrap();
}

async fn end(line: &mut Line) -> Option<u16> {
    loop {
        if let Came::Closed(code) = line.next().await {
            return code;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_have_a_rate() {
    let house = House::with(crate::house::options().flag("--limits-anonymous-per-minute", "30")).await;
    let stranger = house.stranger();
    let mut refused = 0;
    for _ in 0..40 {
        let outcome = stranger.post::<Value>("/api/v1/reset/check", &json!({ "token": "x" })).await;
        if outcome.as_ref().is_err_and(|f| f.code() == "too_many_requests") {
            let problem = refusal(outcome, "too_many_requests");
            assert!(problem.retry_after_ms.is_some_and(|ms| ms > 0 && ms <= 2_000));
            refused += 1;
        }
    }
    assert!(refused >= 9, "{refused}");
    // Whoever is signed in is not slowed by strangers.
    house.owner.me().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_cannot_flood() {
    let house = House::new().await;
    let open = feed(&house.owner).await;
    let outcomes = futures_util::future::join_all((0..1_600).map(|_| open.command("ping", json!({})))).await;
    let refused = outcomes.iter().filter(|o| o.as_ref().is_err_and(|f| f.code() == "too_many_requests")).count();
    let done = outcomes.iter().filter(|o| o.is_ok()).count();
    assert_eq!(refused + done, 1_600, "each is answered");
    assert!(done >= 1_000 && refused > 0, "{done} done, {refused} refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_the_port_says_so() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let house = House::new().await;
    let mut stream = tokio::net::TcpStream::connect(house.server.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("https://"), "{answer}");
}
