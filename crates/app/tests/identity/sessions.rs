use rempart_app::identity::setup::DeviceInfo;
use rempart_app::identity::sign_in::SignInAnswer;
use rempart_base::time::{DAY, HOUR, MINUTE, SECOND};
use rempart_domain::role::{Role, Scope};

use crate::world::{HOME, PASSWORD, World, code, refused};

#[tokio::test]
async fn a_secret_turns_every_hour_and_the_former_one_ends() {
    let (world, ..) = World::ready().await;
    world.add("paul", Role::Member).await;
    let opened = world.enter("paul", PASSWORD).await.unwrap();
    let first = opened.secret.expose().clone();
    let auth = |secret: String| {
        let (app, ctx) = (&world.app, world.anonymous(HOME));
        async move { app.authenticate(&ctx, &secret).await }
    };
    assert!(auth(first.clone()).await.unwrap().new_secret.is_none());
    world.pass(HOUR);
    let second = auth(first.clone()).await.unwrap().new_secret.expect("a new secret").into_inner();
    assert!(auth(first.clone()).await.unwrap().new_secret.is_none(), "a request on its way");
    world.pass(2 * MINUTE);
    let third = auth(first.clone()).await.unwrap().new_secret.expect("the answer was lost").into_inner();
    assert_eq!(code(auth(second).await), "not_signed_in", "never used, replaced");
    assert!(auth(third.clone()).await.is_ok());
    world.pass(MINUTE);
    assert_eq!(code(auth(first).await), "not_signed_in", "the new one is in use");
    assert!(auth(third).await.is_ok());
}

#[tokio::test]
async fn of_requests_at_once_one_turns_the_secret() {
    let (world, ..) = World::ready().await;
    world.add("paul", Role::Member).await;
    let opened = world.enter("paul", PASSWORD).await.unwrap();
    world.pass(HOUR);
    let ctx = world.anonymous(HOME);
    let secret = opened.secret.expose();
    let (a, b, c) = tokio::join!(
        world.app.authenticate(&ctx, secret),
        world.app.authenticate(&ctx, secret),
        world.app.authenticate(&ctx, secret)
    );
    let turned = [a, b, c].into_iter().filter(|found| found.as_ref().unwrap().new_secret.is_some()).count();
    assert_eq!(turned, 1);
}

#[tokio::test]
async fn sessions_end_by_idleness_and_by_age() {
    let (world, ..) = World::ready().await;
    world.add("paul", Role::Member).await;
    let idle = world.enter("paul", PASSWORD).await.unwrap();
    let mut used = world.enter("paul", PASSWORD).await.unwrap().secret.into_inner();
    for day in 0..89 {
        world.pass(DAY);
        let found = world.app.authenticate(&world.anonymous(HOME), &used).await;
        used = found.unwrap_or_else(|_| panic!("day {day}")).new_secret.unwrap().into_inner();
        if day == 29 {
            assert_eq!(code(world.present(idle.secret.expose()).await), "not_signed_in");
        }
    }
    world.pass(DAY);
    assert_eq!(code(world.present(&used).await), "not_signed_in");
    assert_eq!(code(world.present("").await), "not_signed_in");
    assert_eq!(code(world.present("rmp_").await), "not_signed_in");
}

#[tokio::test]
async fn revoking_acts_at_once() {
    let (world, owner, _) = World::ready().await;
    let (paul, _) = world.add("paul", Role::Member).await;
    let one = world.enter("paul", PASSWORD).await.unwrap();
    let two = world.enter("paul", PASSWORD).await.unwrap();
    let (first, second) = (world.ctx_of(&one).await, world.ctx_of(&two).await);
    assert_eq!(world.app.my_sessions(&first).await.unwrap().len(), 3);
    world.app.revoke_my_session(&first, Some(two.session)).await.unwrap();
    assert_eq!(code(world.present(two.secret.expose()).await), "not_signed_in");
    assert_eq!(code(world.app.revoke_my_session(&first, Some(two.session)).await), "session_unknown");
    let owners = world.app.my_sessions(&owner).await.unwrap();
    let foreign = owners.first().unwrap().session.id;
    assert_eq!(code(world.app.revoke_my_session(&first, Some(foreign)).await), "session_unknown", "another's");
    world.app.revoke_my_session(&first, None).await.unwrap();
    assert_eq!(world.app.my_sessions(&first).await.unwrap().len(), 1);
    world.app.sign_out(&first).await.unwrap();
    assert_eq!(code(world.present(one.secret.expose()).await), "not_signed_in");
    let again = world.enter("paul", PASSWORD).await.unwrap();
    world.ctx_of(&again).await;
    world.app.end_account_sessions(&owner, paul).await.unwrap();
    assert_eq!(code(world.present(again.secret.expose()).await), "not_signed_in");
    drop(second);
}

#[tokio::test]
async fn other_nodes_hear_of_revocations_and_names() {
    let (world, owner, _) = World::ready().await;
    world.add("paul", Role::Member).await;
    let opened = world.enter("paul", PASSWORD).await.unwrap();
    let paul = world.ctx_of(&opened).await;
    let other = world.node();
    let hearing = tokio::spawn(std::sync::Arc::clone(&other).dispatch());
    // The clock stands still: what the other node has looked up it believes, until it hears.
    let ask = || other.authenticate(&paul, opened.secret.expose());
    ask().await.unwrap();
    assert_eq!(other.organisation().await.unwrap().unwrap().name, "Clinique Kerbrat");
    let heard = async {
        // Told until it is heard: the other node may not listen yet.
        while other.organisation().await.unwrap().unwrap().name != "Clinique du Port" {
            world.app.rename_organisation(&owner, "Clinique du Port").await.unwrap();
            tokio::task::yield_now().await;
        }
        ask().await.unwrap();
        world.app.sign_out(&paul).await.unwrap();
        while ask().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), heard).await.expect("the other node hears");
    hearing.abort();
}

#[tokio::test]
async fn a_device_is_kept_and_has_one_session() {
    let (world, ..) = World::ready().await;
    world.add("paul", Role::Member).await;
    world.add("marie", Role::Member).await;
    let first = world.enter("paul", PASSWORD).await.unwrap();
    let again = |local: &'static str| {
        let info = DeviceInfo { device: Some(first.device), name: "Firefox".into() };
        let (app, ctx) = (&world.app, world.anonymous(HOME));
        async move {
            match app.sign_in(&ctx, local, PASSWORD, info).await.unwrap() {
                SignInAnswer::Opened(opened) => opened,
                SignInAnswer::SecondFactor { .. } => panic!("no factor is set"),
            }
        }
    };
    let second = again("paul").await;
    assert_eq!(second.device, first.device);
    assert_eq!(code(world.present(first.secret.expose()).await), "not_signed_in", "replaced on its device");
    assert_ne!(again("marie").await.device, first.device, "another's device is not taken");
    assert!(world.present(second.secret.expose()).await.is_ok());
}

#[tokio::test]
async fn too_many_devices_make_room_by_the_oldest() {
    let (world, ..) = World::ready().await;
    let (_, first) = world.add("paul", Role::Member).await;
    for _ in 0..19 {
        world.enter("paul", PASSWORD).await.unwrap();
    }
    assert_eq!(code(world.enter("paul", PASSWORD).await), "too_many_devices");
    world.pass(DAY);
    let newest = world.enter("paul", PASSWORD).await.unwrap();
    let ctx = world.ctx_of(&newest).await;
    assert_eq!(world.app.my_sessions(&ctx).await.unwrap().len(), 20);
    drop(first);
}

#[tokio::test]
async fn tokens_do_what_their_scopes_say() {
    let (world, ..) = World::ready().await;
    let (_, paul) = world.add("paul", Role::Member).await;
    let (_, guest) = world.add("invite", Role::Guest).await;
    let create = |name: &'static str, scopes: Vec<Scope>, days| {
        let (app, paul) = (&world.app, &paul);
        async move { app.create_token(paul, name, &scopes, days).await }
    };
    assert_eq!(refused(create("", vec![Scope::Read], 1).await), ("name_invalid", "name"));
    assert_eq!(refused(create("robot", vec![], 1).await), ("scopes_empty", "scopes"));
    assert_eq!(refused(create("robot", vec![Scope::Read], 367).await), ("duration_invalid", "days"));
    assert_eq!(refused(world.app.create_token(&guest, "x", &[Scope::Read], 1).await), ("not_allowed", "tokens.have"));
    let (token, secret) = create("robot", vec![Scope::Read], 2).await.unwrap();
    assert!(secret.expose().starts_with("rmp_") && secret.expose().len() == 47);
    let robot = world.present(secret.expose()).await.unwrap();
    assert!(world.app.list_people(&robot, "", None, 10).await.is_ok());
    assert_eq!(refused(world.app.list_invitations(&robot).await), ("scope_missing", "admin"));
    assert_eq!(code(world.app.change_password(&robot, PASSWORD, "x").await), "scope_missing");
    assert_eq!(code(world.app.create_token(&robot, "more", &[Scope::Admin], 1).await), "scope_missing");
    assert_eq!(world.app.my_tokens(&paul).await.unwrap().first().unwrap().used, Some(world.now()));
    assert_eq!(code(world.app.revoke_token(&guest, token.id).await), "token_unknown", "another's");
    world.app.revoke_token(&paul, token.id).await.unwrap();
    assert_eq!(code(world.present(secret.expose()).await), "not_signed_in", "at once");
    let (_, secret) = create("short", vec![Scope::Read], 1).await.unwrap();
    world.pass(DAY - SECOND);
    assert!(world.present(secret.expose()).await.is_ok());
    world.pass(SECOND);
    assert_eq!(code(world.present(secret.expose()).await), "not_signed_in");
}
