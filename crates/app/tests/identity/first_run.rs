use rempart_base::Secret;
use rempart_base::time::DAY;
use rempart_domain::actor::{Actor, Duty};

use crate::world::{HOME, OWNER_PASSWORD, World, code, refused, setup};

#[tokio::test]
async fn a_server_is_set_up_once() {
    let world = World::new();
    let nobody = world.anonymous(HOME);
    assert_eq!(code(world.sign_in_from(HOME, "eloise.dupont", OWNER_PASSWORD).await), "not_ready");
    let first = world.app.setup_link(&nobody).await.unwrap().unwrap();
    let second = world.app.setup_link(&nobody).await.unwrap().unwrap();
    assert_eq!(code(world.app.check_setup(&nobody, first.expose()).await), "link_invalid", "a restart gives a new one");
    world.app.check_setup(&nobody, second.expose()).await.unwrap();
    assert_eq!(code(world.app.set_up(&nobody, setup(first.into_inner())).await), "link_invalid");
    world.app.set_up(&nobody, setup(second.expose().clone())).await.unwrap();
    assert_eq!(code(world.app.set_up(&nobody, setup(second.expose().clone())).await), "already_set_up");
    assert_eq!(code(world.app.check_setup(&nobody, second.expose()).await), "already_set_up");
    assert!(world.app.setup_link(&nobody).await.unwrap().is_none());
    let organisation = world.app.organisation().await.unwrap().unwrap();
    assert_eq!((organisation.name.as_str(), organisation.domain.as_str()), ("Clinique Kerbrat", "kerbrat.example"));
}

#[tokio::test]
async fn a_setup_link_ends_after_a_day() {
    let world = World::new();
    let link = world.app.setup_link(&world.anonymous(HOME)).await.unwrap().unwrap();
    world.pass(DAY);
    assert_eq!(code(world.app.check_setup(&world.anonymous(HOME), link.expose()).await), "link_invalid");
}

#[tokio::test]
async fn of_two_who_set_up_at_once_one_does() {
    let world = World::new();
    let nobody = world.anonymous(HOME);
    let token = world.app.setup_link(&nobody).await.unwrap().unwrap().into_inner();
    let (one, two) =
        tokio::join!(world.app.set_up(&nobody, setup(token.clone())), world.app.set_up(&nobody, setup(token)));
    assert!(one.is_ok() != two.is_ok());
    let lost = code(if one.is_ok() { two } else { one });
    assert!(["already_set_up", "link_invalid"].contains(&lost), "{lost}");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_the_link_stays_good() {
    let world = World::new();
    let nobody = world.anonymous(HOME);
    let token = world.app.setup_link(&nobody).await.unwrap().unwrap().into_inner();
    let tried = |change: fn(&mut rempart_app::identity::setup::Setup)| {
        let mut setup = setup(token.clone());
        change(&mut setup);
        let (app, nobody) = (&world.app, &nobody);
        async move { refused(app.set_up(nobody, setup).await) }
    };
    assert_eq!(tried(|s| s.organisation = " ".into()).await, ("name_invalid", "organisation"));
    assert_eq!(tried(|s| s.domain = "kerbrat".into()).await, ("domain_invalid", "domain"));
    assert_eq!(tried(|s| s.host = "https://kerbrat.example/".into()).await, ("host_invalid", "host"));
    assert_eq!(tried(|s| s.owner.local = "élo ise".into()).await, ("address_invalid", "owner.local"));
    assert_eq!(tried(|s| s.owner.local = "pаul".into()).await, ("address_look_alike", "owner.local"));
    assert_eq!(tried(|s| s.owner.display_name = "Pаul".into()).await, ("name_invalid", "owner.display_name"));
    assert_eq!(tried(|s| s.device.name = "x".repeat(101)).await, ("text_too_long", "device.name"));
    let password = |text: &'static str| {
        let mut setup = setup(token.clone());
        setup.owner.password = Secret::new(text.into());
        let (app, nobody) = (&world.app, &nobody);
        async move { refused(app.set_up(nobody, setup).await) }
    };
    assert_eq!(password("trois crabes").await, ("password_short", "owner.password"), "80 bits for an owner");
    assert_eq!(password("Clinique Kerbrat Dupont").await, ("password_personal", "owner.password"));
    world.app.set_up(&nobody, setup(token)).await.unwrap();
}

#[tokio::test]
async fn the_owner_sets_a_second_factor_up_before_anything_else() {
    let world = World::new();
    let opened = world.set_up().await.unwrap();
    let ctx = world.ctx_of(&opened).await;
    let Actor::Account(who) = &ctx.actor else { panic!("nobody") };
    assert_eq!(who.must, [Duty::EnrolFactor]);
    assert_eq!(code(world.app.list_audit(&ctx, None, 10).await), "factor_required");
    assert_eq!(code(world.app.list_people(&ctx, "", None, 10).await), "factor_required");
    assert_eq!(world.app.me(&ctx).await.unwrap().must, [Duty::EnrolFactor]);
    assert_eq!(code(world.app.totp_confirm(&ctx, "000000").await), "factor_not_offered");
    let offer = world.app.totp_begin(&ctx).await.unwrap();
    assert!(
        offer.uri.expose().starts_with("otpauth://totp/Clinique%20Kerbrat:eloise.dupont%40kerbrat.example?secret=")
    );
    assert!(offer.qr.expose().contains("<svg"));
    assert_eq!(code(world.app.totp_confirm(&ctx, "not a code").await), "factor_failed");
    world.enrol(&ctx).await;
    let ctx = world.ctx_of(&opened).await;
    assert!(world.app.list_audit(&ctx, None, 10).await.is_ok());
    let me = world.app.me(&ctx).await.unwrap();
    assert_eq!((me.totp, me.recovery_left, me.must.len()), (true, 10, 0));
    assert_eq!(code(world.app.totp_remove(&ctx, OWNER_PASSWORD, "000000").await), "factor_required");
}

#[tokio::test]
async fn passwords_are_judged_before_they_are_sent_for_good() {
    let world = World::new();
    let judged = |password: &str| {
        let context = ["Éloïse Dupont".to_owned(), "Clinique Kerbrat".to_owned()];
        let verdict = world.app.check_password(&world.anonymous(HOME), password, &context).unwrap();
        verdict.refused.iter().map(|reason| reason.code()).collect::<Vec<_>>()
    };
    assert_eq!(judged("Azerty123!"), ["password_common"], "whatever its bits");
    assert_eq!(judged("sept mots français font un bon secret"), Vec::<&str>::new());
    assert_eq!(judged("dupont-kerbrat"), ["password_personal"]);
    assert_eq!(judged("azerty"), ["password_short", "password_common"]);
    assert_eq!(judged(&"x".repeat(257)), ["password_long"]);
}
