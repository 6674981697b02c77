use rempart_app::identity::invitations::NewInvitation;
use rempart_base::time::{DAY, HOUR, MINUTE};
use rempart_domain::role::Role;

use crate::world::{HOME, PASSWORD, World, account, code, device, refused};

fn invitation(role: Role) -> NewInvitation {
    NewInvitation { role, local: None, display_name: None, hours: 2 }
}

const NEW_PASSWORD: &str = "quatre goélands blancs crient";

#[tokio::test]
async fn an_invitation_is_taken_up_once() {
    let (world, owner, _) = World::ready().await;
    let (made, secret) = world.app.create_invitation(&owner, invitation(Role::Member)).await.unwrap();
    let nobody = world.anonymous(HOME);
    let offer = world.app.check_invitation(&nobody, secret.expose()).await.unwrap();
    assert_eq!((offer.inviter.as_str(), offer.domain.as_str()), ("Éloïse Dupont", "kerbrat.example"));
    assert_eq!(offer.invitation.id, made.id);
    let accept = |local: &'static str| {
        let new = account(local, "Paul Martin", PASSWORD);
        let (app, nobody, secret) = (&world.app, &nobody, secret.expose());
        async move { app.accept_invitation(nobody, secret, new, device()).await }
    };
    assert_eq!(refused(accept("eloise.dupont").await), ("address_taken", "account.local"));
    assert_eq!(refused(accept("e1oise-dupont").await), ("address_look_alike", "account.local"));
    assert_eq!(refused(accept("pаul").await), ("address_look_alike", "account.local"), "a Cyrillic letter");
    let weak = account("paul", "Paul Martin", "Azerty123!");
    let weak = world.app.accept_invitation(&nobody, secret.expose(), weak, device()).await;
    assert_eq!(refused(weak), ("password_common", "account.password"));
    let (one, two) = tokio::join!(accept("paul"), accept("paula"));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(code(if one.is_ok() { two } else { one }), "link_invalid");
    assert_eq!(code(world.app.check_invitation(&nobody, secret.expose()).await), "link_invalid");
    assert_eq!(world.app.list_people(&owner, "", None, 10).await.unwrap().total, 2, "one account, not two");
    assert!(world.app.list_invitations(&owner).await.unwrap().is_empty());
}

#[tokio::test]
async fn invitations_end() {
    let (world, owner, _) = World::ready().await;
    let (member, ctx) = world.add("marie", Role::Member).await;
    let check = |secret: String| {
        let (app, nobody) = (&world.app, world.anonymous(HOME));
        async move { code(app.check_invitation(&nobody, &secret).await) }
    };
    let (made, secret) = world.app.create_invitation(&owner, invitation(Role::Member)).await.unwrap();
    world.app.revoke_invitation(&owner, made.id).await.unwrap();
    assert_eq!(check(secret.into_inner()).await, "link_invalid", "taken back");
    assert_eq!(code(world.app.revoke_invitation(&owner, made.id).await), "invitation_unknown");
    let (_, secret) = world.app.create_invitation(&ctx, invitation(Role::Guest)).await.unwrap();
    world.app.disable_account(&owner, member).await.unwrap();
    assert_eq!(check(secret.into_inner()).await, "link_invalid", "whoever invited is gone");
    let (_, secret) = world.app.create_invitation(&owner, invitation(Role::Guest)).await.unwrap();
    world.pass(2 * HOUR);
    assert_eq!(check(secret.into_inner()).await, "link_invalid", "past");
    assert_eq!(check("nothing".into()).await, "link_invalid");
}

#[tokio::test]
async fn who_may_invite() {
    let (world, owner, _) = World::ready().await;
    let (_, admin) = world.add("adele", Role::Admin).await;
    let (_, member) = world.add("marie", Role::Member).await;
    let (_, guest) = world.add("invite", Role::Guest).await;
    let make = |ctx, role| world.app.create_invitation(ctx, invitation(role));
    assert_eq!(refused(make(&guest, Role::Guest).await), ("not_allowed", "guest.invite"));
    assert_eq!(refused(make(&member, Role::Member).await), ("not_allowed", "member.invite"));
    assert_eq!(refused(make(&admin, Role::Admin).await), ("not_allowed", "admins.manage"));
    let (theirs, _) = make(&owner, Role::Admin).await.unwrap();
    let (own, _) = make(&member, Role::Guest).await.unwrap();
    assert_eq!(refused(world.app.revoke_invitation(&admin, theirs.id).await), ("not_allowed", "admins.manage"));
    assert_eq!(code(world.app.revoke_invitation(&member, theirs.id).await), "invitation_unknown", "not shown");
    assert_eq!(world.app.list_invitations(&member).await.unwrap().len(), 1);
    world.app.revoke_invitation(&admin, own.id).await.unwrap();
    let hours = |hours| NewInvitation { hours, ..invitation(Role::Guest) };
    for n in [0, 721] {
        let made = world.app.create_invitation(&owner, hours(n)).await;
        assert_eq!(refused(made), ("duration_invalid", "hours"));
    }
    let taken = NewInvitation { local: Some("Marie".into()), ..invitation(Role::Member) };
    assert_eq!(refused(world.app.create_invitation(&owner, taken).await), ("address_taken", "local"));
}

#[tokio::test]
async fn a_reset_takes_an_account_back() {
    let (world, owner, _) = World::ready().await;
    let (paul, _) = world.add("paul", Role::Member).await;
    let opened = world.enter("paul", PASSWORD).await.unwrap();
    let ctx = world.ctx_of(&opened).await;
    let (_, token) = world.app.create_token(&ctx, "robot", &[rempart_domain::role::Scope::Read], 30).await.unwrap();
    let first = world.app.reset_account(&owner, paul, false).await.unwrap();
    for secret in [opened.secret.expose(), token.expose()] {
        assert_eq!(code(world.present(secret).await), "not_signed_in");
    }
    assert_eq!(code(world.enter("paul", PASSWORD).await), "sign_in_failed", "the password is worth nothing");
    let link = world.app.reset_account(&owner, paul, false).await.unwrap();
    let nobody = world.anonymous(HOME);
    assert_eq!(code(world.app.check_reset(&nobody, first.secret.expose()).await), "link_invalid", "replaced");
    let (account, expires) = world.app.check_reset(&nobody, link.secret.expose()).await.unwrap();
    assert_eq!((account.id, expires), (paul, link.expires));
    let reset = |password: &'static str| world.app.reset_password(&nobody, link.secret.expose(), password);
    assert_eq!(refused(reset("Azerty123!").await), ("password_common", "password"));
    assert_eq!(refused(reset(PASSWORD).await), ("password_repeated", "password"));
    let (one, two) = tokio::join!(reset(NEW_PASSWORD), reset("cinq phoques gris plongent"));
    assert!(one.is_ok() != two.is_ok());
    let chosen = if one.is_ok() { NEW_PASSWORD } else { "cinq phoques gris plongent" };
    assert_eq!(code(if one.is_ok() { two } else { one }), "link_invalid");
    world.enter("paul", chosen).await.unwrap();
}

#[tokio::test]
async fn a_reset_unlocks_and_keeps_the_second_factor_unless_asked() {
    let (world, owner, _) = World::ready().await;
    let (paul, ctx) = world.add("paul", Role::Member).await;
    let (authenticator, _) = world.enrol(&ctx).await;
    for _ in 0..10 {
        assert_eq!(code(world.sign_in_from(HOME, "paul", "wrong").await), "sign_in_failed");
        world.pass(MINUTE);
    }
    assert_eq!(code(world.sign_in_from(HOME, "paul", PASSWORD).await), "locked");
    let owner_now = |world: &World| rempart_app::Ctx { now: world.now(), ..owner.clone() };
    let link = world.app.reset_account(&owner_now(&world), paul, false).await.unwrap();
    world.app.reset_password(&world.anonymous(HOME), link.secret.expose(), NEW_PASSWORD).await.unwrap();
    let ticket = world.ticket(HOME, "paul", NEW_PASSWORD).await.unwrap();
    let code_now = authenticator.code(world.now());
    world.app.second_factor(&world.anonymous(HOME), &ticket, &code_now).await.unwrap();
    let link = world.app.reset_account(&owner_now(&world), paul, true).await.unwrap();
    let another = "cinq phoques gris plongent";
    world.app.reset_password(&world.anonymous(HOME), link.secret.expose(), another).await.unwrap();
    world.enter("paul", another).await.expect("no second factor is asked any more");
    let late = world.app.reset_account(&owner_now(&world), paul, false).await.unwrap();
    world.pass(DAY);
    assert_eq!(code(world.app.check_reset(&world.anonymous(HOME), late.secret.expose()).await), "link_invalid");
}

#[tokio::test]
async fn a_new_password_is_none_of_the_last_and_ends_other_sessions() {
    let (world, ..) = World::ready().await;
    let (_, _) = world.add("paul", Role::Member).await;
    let (here, there) = (world.enter("paul", PASSWORD).await.unwrap(), world.enter("paul", PASSWORD).await.unwrap());
    let ctx = world.ctx_of(&here).await;
    let change = |from: &'static str, to: &'static str| world.app.change_password(&ctx, from, to);
    assert_eq!(refused(change("wrong", NEW_PASSWORD).await), ("password_wrong", "current"));
    assert_eq!(refused(change(PASSWORD, "court").await), ("password_short", "new"));
    assert_eq!(refused(change(PASSWORD, PASSWORD).await), ("password_repeated", "new"));
    change(PASSWORD, NEW_PASSWORD).await.unwrap();
    assert_eq!(code(world.present(there.secret.expose()).await), "not_signed_in");
    assert!(world.present(here.secret.expose()).await.is_ok());
    assert_eq!(refused(change(NEW_PASSWORD, PASSWORD).await), ("password_repeated", "new"));
    let next =
        ["cinq phoques gris plongent", "six crabes verts pincent", "sept huîtres se ferment", "huit bars sautent haut"];
    let mut current = NEW_PASSWORD;
    for password in next {
        change(current, password).await.unwrap();
        current = password;
    }
    assert_eq!(refused(change(current, NEW_PASSWORD).await), ("password_repeated", "new"), "the fifth");
    change(current, PASSWORD).await.expect("the sixth is forgotten");
}
