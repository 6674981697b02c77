//! From an empty folder to the first owner.

use rempart_testkit::client::session::{Person, secret_of};
use rempart_testkit::client::{Client, Target};
use rempart_testkit::server::Server;
use rempart_wire::session::{ServerInfo, SetupOffer};
use serde_json::json;

use crate::house::{House, options, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn the_link_makes_one_owner_once() {
    let server = Server::start(options()).await.unwrap();
    let target = server.target().unwrap();
    let link = server.setup_link().unwrap();
    assert!(link.starts_with(&format!("https://{}/setup#", target.host())), "{link}");
    let visitor = Client::new(&target);
    let info: ServerInfo = visitor.get("/api/v1/server").await.unwrap().read().unwrap();
    assert!(!info.ready && info.organisation.is_none() && info.domain.is_none() && info.host.is_none());
    let offer: SetupOffer =
        visitor.post("/api/v1/setup/check", &json!({ "token": secret_of(&link).unwrap() })).await.unwrap();
    assert_eq!(offer.host, target.host());
    let wrong = visitor.post::<SetupOffer>("/api/v1/setup/check", &json!({ "token": "x".repeat(43) })).await;
    refusal(wrong, "link_invalid");

    let owner = Person::owner(&target, &link, "maelle", "Maëlle Kerbrat").await.unwrap();
    let me = owner.me().await.unwrap();
    assert_eq!(me.person.address, "maelle@kerbrat.example");
    assert_eq!(me.person.display_name, "Maëlle Kerbrat");
    assert!(me.must.is_empty() && me.totp, "{:?}", me.must);
    assert!(me.may.iter().any(|may| may == "admins.manage"), "{:?}", me.may);
    assert_eq!(owner.recovery.len(), 10);

    let again = Person::owner(&target, &link, "other", "Quelqu'un d'autre").await;
    assert!(matches!(again.unwrap_err().code(), "already_set_up" | "link_invalid"));
    let info: ServerInfo = visitor.get("/api/v1/server").await.unwrap().read().unwrap();
    assert_eq!((info.ready, info.organisation.as_deref()), (true, Some("Clinique Kerbrat")));
    assert_eq!(info.host, Some(target.host()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_does_nothing_before_the_second_factor() {
    let server = Server::start(options()).await.unwrap();
    let target = server.target().unwrap();
    let client = Client::new(&target);
    let link = server.setup_link().unwrap();
    let setup = json!({
        "token": secret_of(&link).unwrap(), "organisation": "Clinique Kerbrat", "domain": "kerbrat.example",
        "host": target.host(), "device": { "name": "Testkit" },
        "owner": { "local": "maelle", "display_name": "Maëlle Kerbrat", "password": "Un pont de 12 pierres traverse",
            "language": "fr" },
    });
    client.post::<serde_json::Value>("/api/v1/setup", &setup).await.unwrap();
    let me = client.command("me.get", json!({})).await.unwrap();
    assert_eq!(me["must"], json!(["enrol_factor"]));
    for op in ["invitations.list", "people.list", "conversations.list", "audit.list"] {
        let params = match op {
            "people.list" | "audit.list" => json!({ "limit": 10 }),
            _ => json!({}),
        };
        refusal(client.command(op, params).await, "factor_required");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_of_an_earlier_start_does_not_hold() {
    let mut server = Server::start(options()).await.unwrap();
    let old = server.setup_link().unwrap();
    server.stop().await.unwrap();
    server.resume().await.unwrap();
    let new = server.setup_link().unwrap();
    assert_ne!(old, new);
    let target = server.target().unwrap();
    refusal(Person::owner(&target, &old, "maelle", "Maëlle Kerbrat").await, "link_invalid");
    Person::owner(&target, &new, "maelle", "Maëlle Kerbrat").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_is_believed() {
    let (one, other) = tokio::join!(Server::start(options()), Server::start(options()));
    let (one, other) = (one.unwrap(), other.unwrap());
    let authority = std::fs::read_to_string(other.data().join("ca.crt")).unwrap();
    let target = Target::new(one.address(), "localhost", &authority).unwrap();
    let error = format!("{:#}", target.connect().await.unwrap_err());
    assert!(error.contains("invalid peer certificate"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused() {
    let house = House::new().await;
    let mut second = Server::prepare(options(), house.server.data().to_owned(), house.server.secrets().to_owned());
    let error = format!("{:#}", second.resume().await.unwrap_err());
    assert!(error.contains("ended at once"), "{error}");
    assert!(second.output().contains("a server runs already"), "{}", second.output());
}
