//! Administration: accounts, roles, the administration journal, and the command line beside.

use rempart_testkit::client::session::Person;
use rempart_wire::account::Role;
use rempart_wire::admin::{AccountDetail, Accounts, Audit, Tasks};
use rempart_wire::session::ServerInfo;
use rempart_wire::{Empty, Id};
use serde_json::{Value, json};

use crate::house::{House, feed, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_listed_changed_closed_and_opened() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let owner = &house.owner.client;
    let accounts: Accounts = owner.ask("accounts.list", &json!({ "limit": 10 })).await.unwrap();
    assert_eq!((accounts.total, accounts.without_factor, accounts.locked), (3, 2, 0));
    let found: Accounts = owner.ask("accounts.list", &json!({ "query": "le goff", "limit": 10 })).await.unwrap();
    assert_eq!(found.accounts.iter().map(|a| a.person.account).collect::<Vec<_>>(), [iris.account]);

    let update = json!({ "account": iris.account, "display_name": "Iris Le Goff-Tanguy", "department": "Bloc", "role": "auditor" });
    let open = feed(&iris).await;
    let changed: AccountDetail = owner.ask("accounts.update", &update).await.unwrap();
    assert_eq!((changed.person.display_name.as_str(), changed.person.role), ("Iris Le Goff-Tanguy", Role::Auditor));
    drop(open);
    iris.client.command("audit.list", json!({ "limit": 10 })).await.unwrap();
    refusal(yann.client.command("audit.list", json!({ "limit": 10 })).await, "not_allowed");

    let open = feed(&yann).await;
    owner.ask::<Empty>("accounts.disable", &json!({ "account": yann.account })).await.unwrap();
    assert_eq!(open.closed().await, Some(4003), "a closed account is out at once");
    refusal(yann.client.command("ping", json!({})).await, "not_signed_in");
    let target = house.server.target().unwrap();
    refusal(Person::sign_in(&target, "yann", &yann.password, None).await, "account_disabled");
    let closed: Accounts = owner.ask("accounts.list", &json!({ "active": false, "limit": 10 })).await.unwrap();
    assert_eq!(closed.accounts.iter().map(|a| a.person.account).collect::<Vec<_>>(), [yann.account]);
    owner.ask::<Empty>("accounts.enable", &json!({ "account": yann.account })).await.unwrap();
    Person::sign_in(&target, "yann", &yann.password, None).await.unwrap();
    let ended = Person::sign_in(&target, "yann", &yann.password, None).await.unwrap();
    owner.ask::<Empty>("accounts.end_sessions", &json!({ "account": yann.account })).await.unwrap();
    refusal(ended.client.command("ping", json!({})).await, "not_signed_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_administrators_do_is_written_down() {
    let house = House::new().await;
    let iris = house.member("iris", "Iris Le Goff").await;
    let owner = &house.owner.client;
    owner.command("accounts.disable", json!({ "account": iris.account })).await.unwrap();
    owner.command("organisation.update", json!({ "name": "Clinique Kerbrat et fils" })).await.unwrap();
    let info: ServerInfo = house.stranger().get("/api/v1/server").await.unwrap().read().unwrap();
    assert_eq!(info.organisation.as_deref(), Some("Clinique Kerbrat et fils"));
    let output = house.server.run(&["account", "enable", "iris"], "").await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let audit: Audit = owner.ask("audit.list", &json!({ "limit": 200 })).await.unwrap();
    assert!(audit.entries.windows(2).all(|w| w[0].seq == w[1].seq + 1), "newest first, without gap");
    assert_eq!(audit.entries.last().unwrap().seq, 1);
    let find = |action: &str| audit.entries.iter().find(|e| e.action == action).unwrap_or_else(|| panic!("{action}"));
    let disabled = find("accounts.disable");
    assert_eq!((&disabled.actor, &disabled.target), (&house.owner.account.0.to_string(), &iris.account.0.to_string()));
    assert_eq!((disabled.outcome.as_str(), disabled.origin.as_str()), ("done", "127.0.0.1"));
    let enabled = find("accounts.enable");
    assert_eq!((enabled.actor.as_str(), enabled.origin.as_str()), ("operator", "local"));
    let older: Audit = owner.ask("audit.list", &json!({ "before": 2, "limit": 200 })).await.unwrap();
    assert_eq!(older.entries.len(), 1);
    let tasks: Tasks = owner.ask("tasks.list", &Empty {}).await.unwrap();
    assert!(tasks.tasks.iter().all(|t| t.error.is_none()), "{:?}", tasks.tasks);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranks_hold() {
    let mut house = House::new().await;
    let mut admin = house.owner.invite("admin", "alan", "Alan Prigent").await.unwrap();
    refusal(admin.client.command("accounts.list", json!({ "limit": 10 })).await, "factor_required");
    admin.enrol().await.unwrap();
    let iris = house.member("iris", "Iris Le Goff").await;
    let list: Accounts = admin.client.ask("accounts.list", &json!({ "limit": 10 })).await.unwrap();
    assert_eq!(list.total, 3);
    let name = |who: Id<_>, role: &str| json!({ "account": who, "role": role });
    refusal(admin.client.command("accounts.update", name(iris.account, "admin")).await, "not_allowed");
    refusal(admin.client.command("accounts.update", name(house.owner.account, "member")).await, "not_allowed");
    refusal(admin.client.command("accounts.disable", json!({ "account": house.owner.account })).await, "not_allowed");
    refusal(admin.client.command("accounts.reset", json!({ "account": house.owner.account })).await, "not_allowed");
    refusal(admin.client.command("invitations.create", json!({ "role": "owner", "hours": 1 })).await, "not_allowed");
    refusal(house.owner.client.command("accounts.update", name(house.owner.account, "admin")).await, "last_owner");
    house.owner.client.command("accounts.update", name(admin.account, "owner")).await.unwrap();
    let me: Value = admin.client.command("me.get", json!({})).await.unwrap();
    assert_eq!(me["person"]["role"], "owner", "at once, in the session that is open");
    let again = house.owner.again().await.unwrap();
    again.client.command("accounts.update", name(house.owner.account, "member")).await.unwrap();
    refusal(again.client.command("accounts.list", json!({ "limit": 10 })).await, "not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_made_by_the_operator_work() {
    let house = House::new().await;
    let password = "Quatre sabots rouges sur 9 toits";
    let output = house
        .server
        .run(&["account", "add", "yann", "--name", "Yann Tanguy", "--password"], &format!("{password}\n"))
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let target = house.server.target().unwrap();
    let yann = Person::sign_in(&target, "yann", password, None).await.unwrap();
    assert_eq!(yann.me().await.unwrap().must, ["change_password"]);
    refusal(yann.client.command("conversations.list", json!({})).await, "password_change_required");
    let change = json!({ "current": password, "new": "Une autre phrase, 1 jardin mouillé" });
    yann.client.command("me.password", change).await.unwrap();
    yann.client.command("conversations.list", json!({})).await.unwrap();

    let csv = "local,display_name,title,department,role\nnolwenn,Nolwenn Riou,Infirmière,Bloc,member\nanouk,Anouk Bihan,,,guest\n";
    let output = house.server.run(&["account", "add", "--csv"], csv).await.unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let link = printed.lines().find(|l| l.starts_with("nolwenn@")).and_then(|l| l.split('\t').nth(1)).unwrap();
    let token = link.split_once('#').unwrap().1;
    let chosen = "Trois mouettes et 12 phares";
    house.stranger().post::<Empty>("/api/v1/reset", &json!({ "token": token, "password": chosen })).await.unwrap();
    let nolwenn = Person::sign_in(&target, "nolwenn", chosen, None).await.unwrap();
    assert_eq!(nolwenn.me().await.unwrap().person.title, "Infirmière");
}
