use rempart_app::identity::accounts::{AccountQuery, AccountUpdate};
use rempart_app::identity::operator::NewPerson;
use rempart_base::Secret;
use rempart_domain::account::Language;
use rempart_domain::actor::{Actor, Duty};
use rempart_domain::role::Role;

use crate::world::{HOME, PASSWORD, World, code, refused};

fn role(role: Role) -> AccountUpdate {
    AccountUpdate { role: Some(role), ..AccountUpdate::default() }
}

#[tokio::test]
async fn somebody_stays_owner() {
    let (world, owner, _) = World::ready().await;
    let own = world.app.me(&owner).await.unwrap().account.id;
    assert_eq!(code(world.app.update_account(&owner, own, role(Role::Member)).await), "last_owner");
    assert_eq!(code(world.app.disable_account(&world.operator(), own).await), "last_owner");
    assert_eq!(
        refused(world.app.disable_account(&owner, own).await),
        ("not_allowed", "account"),
        "nobody closes themselves"
    );
    let (other, _) = world.add("olga", Role::Owner).await;
    let operator = world.operator();
    let (one, two) = tokio::join!(
        world.app.update_account(&operator, own, role(Role::Member)),
        world.app.disable_account(&operator, other)
    );
    assert!(one.is_ok() != two.is_ok(), "two at once leave one owner");
    assert_eq!(if one.is_ok() { code(two) } else { code(one) }, "last_owner");
}

#[tokio::test]
async fn administrators_change_those_below_them() {
    let (world, owner, _) = World::ready().await;
    let own = world.app.me(&owner).await.unwrap().account.id;
    let (admin_id, admin) = world.add("adele", Role::Admin).await;
    let (paul, member) = world.add("paul", Role::Member).await;
    assert_eq!(refused(world.app.disable_account(&admin, own).await), ("not_allowed", "admins.manage"));
    assert_eq!(refused(world.app.reset_account(&admin, own, true).await), ("not_allowed", "admins.manage"));
    assert_eq!(
        refused(world.app.update_account(&admin, admin_id, role(Role::Owner)).await),
        ("not_allowed", "admins.manage")
    );
    assert_eq!(
        refused(world.app.update_account(&admin, paul, role(Role::Admin)).await),
        ("not_allowed", "admins.manage")
    );
    assert_eq!(refused(world.app.unlock_account(&member, own).await), ("not_allowed", "accounts.manage"));
    assert_eq!(refused(world.app.list_audit(&member, None, 10).await), ("not_allowed", "audit.read"));
    assert_eq!(refused(world.app.list_tasks(&member).await), ("not_allowed", "health.see"));
    assert_eq!(refused(world.app.rename_organisation(&member, "x").await), ("not_allowed", "organisation.manage"));
    let update = AccountUpdate {
        display_name: Some("Paul Le Goff".into()),
        title: Some("Infirmier".into()),
        department: Some("Bloc".into()),
        role: Some(Role::Auditor),
    };
    let changed = world.app.update_account(&admin, paul, update).await.unwrap();
    assert_eq!((changed.account.display_name.as_str(), changed.account.role), ("Paul Le Goff", Role::Auditor));
    let bad = AccountUpdate { display_name: Some("Pаul".into()), ..AccountUpdate::default() };
    assert_eq!(refused(world.app.update_account(&admin, paul, bad).await), ("name_invalid", "display_name"));
    let unknown = rempart_base::AccountId::from_bytes([9; 16]);
    assert_eq!(code(world.app.enable_account(&admin, unknown).await), "account_unknown");
    let changes = world.audited("accounts.role.auditor").await;
    assert_eq!((changes.len(), &changes[0].entry.actor), (1, &admin_id.to_string()));
    world.app.rename_organisation(&admin, "Clinique du Port").await.unwrap();
    assert_eq!(world.app.organisation().await.unwrap().unwrap().name, "Clinique du Port");
}

#[tokio::test]
async fn whoever_becomes_an_administrator_must_prove_worthy() {
    let (world, owner, _) = World::ready().await;
    let (paul, _) = world.add("paul", Role::Member).await;
    let opened = world.enter("paul", PASSWORD).await.unwrap();
    world.ctx_of(&opened).await;
    world.app.update_account(&owner, paul, role(Role::Admin)).await.unwrap();
    let ctx = world.ctx_of(&opened).await;
    let Actor::Account(who) = &ctx.actor else { panic!("nobody") };
    assert_eq!((who.role, who.must.as_slice()), (Role::Admin, &[Duty::ChangePassword, Duty::EnrolFactor][..]));
    assert_eq!(code(world.app.list_audit(&ctx, None, 10).await), "password_change_required");
    let weak = "cinq crabes"; // 61 bits: enough for a member, not here.
    assert_eq!(refused(world.app.change_password(&ctx, PASSWORD, weak).await), ("password_short", "new"));
    world.app.change_password(&ctx, PASSWORD, "cinq crabes verts pincent le vieux pêcheur").await.unwrap();
    assert_eq!(code(world.app.list_audit(&world.ctx_of(&opened).await, None, 10).await), "factor_required");
    world.enrol(&ctx).await;
    world.app.list_audit(&world.ctx_of(&opened).await, None, 10).await.unwrap();
}

#[tokio::test]
async fn a_closed_account_is_out_at_once_until_opened_again() {
    let (world, owner, _) = World::ready().await;
    let (paul, _) = world.add("paul", Role::Member).await;
    let opened = world.enter("paul", PASSWORD).await.unwrap();
    world.ctx_of(&opened).await;
    world.app.disable_account(&owner, paul).await.unwrap();
    assert_eq!(code(world.present(opened.secret.expose()).await), "not_signed_in");
    assert_eq!(code(world.enter("paul", PASSWORD).await), "account_disabled");
    assert_eq!(code(world.enter("paul", "wrong").await), "sign_in_failed", "said only to who knows the password");
    assert_eq!(world.app.list_people(&owner, "paul", None, 10).await.unwrap().total, 0);
    assert_eq!(world.app.get_people(&owner, &[paul]).await.unwrap().len(), 1, "what they wrote keeps its author");
    world.app.enable_account(&owner, paul).await.unwrap();
    world.enter("paul", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn the_directory_page_by_page() {
    let (world, owner, _) = World::ready().await;
    for local in ["anna", "bruno", "chloe", "denis"] {
        world.add(local, Role::Member).await;
    }
    let (_, guest) = world.add("invite", Role::Guest).await;
    assert_eq!(refused(world.app.list_people(&guest, "", None, 10).await), ("not_allowed", "people.see"));
    let own = world.app.me(&guest).await.unwrap().account.id;
    let owner_id = world.app.me(&owner).await.unwrap().account.id;
    let seen = world.app.get_people(&guest, &[own, owner_id]).await.unwrap();
    assert_eq!(seen.iter().map(|a| a.id).collect::<Vec<_>>(), [own], "a guest sees whom they share something with");
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let page = world.app.list_people(&owner, "", after.as_deref(), 2).await.unwrap();
        assert_eq!(page.total, 6);
        names.extend(page.accounts.into_iter().map(|account| account.local));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(names, ["eloise.dupont", "anna", "bruno", "chloe", "denis", "invite"]);
    assert_eq!(world.app.list_people(&owner, "PRÉNOM chlo", None, 10).await.unwrap().total, 1);
    assert_eq!(refused(world.app.list_people(&owner, "", None, 0).await), ("limit_invalid", "limit"));
    assert_eq!(refused(world.app.list_people(&owner, "", Some("!"), 5).await), ("request_invalid", "after"));
    let query = AccountQuery { limit: 50, role: Some(Role::Member), ..AccountQuery::default() };
    let page = world.app.list_accounts(&owner, query).await.unwrap();
    assert_eq!((page.total, page.without_factor, page.locked), (4, 5, 0));
    assert!(page.accounts.iter().all(|detail| detail.devices == 1 && !detail.totp));
}

#[tokio::test]
async fn an_administrator_makes_accounts_that_choose_their_password_by_a_link() {
    let (world, owner, _) = World::ready().await;
    let (_, admin) = world.add("alan", Role::Admin).await;
    let person = |local: &str, role| NewPerson {
        local: local.into(),
        display_name: "Nolwenn Riou".into(),
        title: "Infirmière".into(),
        department: "Bloc".into(),
        role,
        language: Language::English,
        password: Some(Secret::new(PASSWORD.to_owned())),
    };
    let added = world.app.create_account(&admin, person("nolwenn", Role::Member)).await.unwrap();
    assert_eq!((added.account.department.as_str(), added.account.language), ("Bloc", Language::English));
    let link = added.link.unwrap();
    let early = world.enter("nolwenn", PASSWORD).await;
    assert_eq!(code(early), "sign_in_failed", "a password that an administrator gives is not taken");
    world
        .app
        .reset_password(&world.anonymous(HOME), link.secret.expose(), "quatre goélands blancs crient")
        .await
        .unwrap();
    assert_eq!(
        refused(world.app.create_account(&admin, person("nolwenn", Role::Member)).await),
        ("address_taken", "local")
    );
    assert_eq!(
        refused(world.app.create_account(&admin, person("chef", Role::Admin)).await),
        ("not_allowed", "admins.manage")
    );
    world.app.create_account(&owner, person("chef", Role::Admin)).await.unwrap();
    let (_, member) = world.add("paul", Role::Member).await;
    assert_eq!(
        refused(world.app.create_account(&member, person("ami", Role::Guest)).await),
        ("not_allowed", "accounts.manage")
    );
    let bloc =
        AccountQuery { limit: 50, department: Some("Bloc".into()), totp: Some(false), ..AccountQuery::default() };
    let page = world.app.list_accounts(&owner, bloc).await.unwrap();
    assert_eq!((page.total, page.departments), (2, vec!["Bloc".to_owned()]));
}

#[tokio::test]
async fn the_operator_adds_people_each_by_themselves() {
    let (world, owner, _) = World::ready().await;
    let person = |local: &str, password: Option<&str>| NewPerson {
        local: local.into(),
        display_name: "Paul Martin".into(),
        title: String::new(),
        department: "Accueil".into(),
        role: Role::Member,
        language: Language::French,
        password: password.map(|text| Secret::new(text.into())),
    };
    let people = vec![
        person("paul", None),
        person("paul", None),
        person("pau1", None),
        person("marie", Some(PASSWORD)),
        person("denis", Some("soleil")),
    ];
    assert_eq!(code(world.app.add_people(&owner, people.clone()).await), "not_allowed");
    let added = world.app.add_people(&world.operator(), people).await.unwrap();
    let told: Vec<_> = added.iter().map(|row| row.as_ref().map_or_else(|r| r.reason.code(), |_| "added")).collect();
    assert_eq!(told, ["added", "address_taken", "address_look_alike", "added", "password_short"]);
    let link = added[0].as_ref().unwrap().link.as_ref().unwrap();
    world.app.reset_password(&world.anonymous(HOME), link.secret.expose(), PASSWORD).await.unwrap();
    world.enter("paul", PASSWORD).await.unwrap();
    let marie = world.enter("marie", PASSWORD).await.unwrap();
    assert_eq!(world.app.me(&world.ctx_of(&marie).await).await.unwrap().must, [Duty::ChangePassword]);
    let found = world.app.account_of_address(&world.operator(), "Marie@kerbrat.example").await.unwrap();
    assert_eq!(found.id, marie.account);
    assert_eq!(code(world.app.account_of_address(&world.operator(), "x").await), "account_unknown");
}
