use rempart_base::time::{HOUR, MINUTE, SECOND};
use rempart_domain::role::Role;

use crate::world::{HOME, OWNER_PASSWORD, PASSWORD, World, code};

const AWAY: &str = "198.51.100.7";

#[tokio::test]
async fn ten_failures_lock_a_place_and_no_other() {
    let (world, owner, authenticator) = World::ready().await;
    for n in 0..10 {
        assert_eq!(code(world.sign_in_from(AWAY, "eloise.dupont", "wrong").await), "sign_in_failed", "{n}");
        world.pass(MINUTE);
    }
    assert_eq!(code(world.sign_in_from(AWAY, "eloise.dupont", OWNER_PASSWORD).await), "locked", "the right password");
    assert_eq!(world.audited("incident.locked").await.len(), 1);
    let account = world.app.me(&owner).await.unwrap().account.id;
    let detail = world.app.account_detail(&world.operator(), account).await.unwrap();
    assert!(detail.locked_until.is_some_and(|until| until > world.now()));
    // Elsewhere the right password and the second factor enter.
    let ticket = world.ticket(HOME, "eloise.dupont", OWNER_PASSWORD).await.unwrap();
    let home = world.anonymous(HOME);
    world.app.second_factor(&home, &ticket, &authenticator.code(world.now())).await.unwrap();
    assert_eq!(code(world.sign_in_from(AWAY, "eloise.dupont", OWNER_PASSWORD).await), "locked", "still, there");
    world.app.unlock_account(&world.operator(), account).await.unwrap();
    world.ticket(AWAY, "eloise.dupont", OWNER_PASSWORD).await.unwrap();
}

#[tokio::test]
async fn many_tries_at_once_are_counted_as_many() {
    let (world, ..) = World::ready().await;
    world.add("paul", Role::Member).await;
    let tries = (0..12).map(|_| world.sign_in_from(AWAY, "paul", "wrong"));
    let mut answers: Vec<_> = futures_join(tries).await.into_iter().map(code).collect();
    answers.sort_unstable();
    let looked_at = answers.iter().filter(|answer| **answer == "sign_in_failed").count();
    assert_eq!(looked_at, 3, "then the account slows: {answers:?}");
}

/// Runs futures side by side.
async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, output) in &mut running {
            if output.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(cx)
            {
                *output = Some(done);
            }
        }
        if running.iter().all(|(_, output)| output.is_some()) {
            return std::task::Poll::Ready(());
        }
        std::task::Poll::Pending
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}

#[tokio::test]
async fn an_address_that_does_not_exist_behaves_like_one_that_does() {
    let (world, ..) = World::ready().await;
    world.add("paul", Role::Member).await;
    let mut answers = [Vec::new(), Vec::new(), Vec::new()];
    for n in 0..13 {
        for (address, answers) in ["paul", "nobody", "paul@other.example"].iter().zip(&mut answers) {
            answers.push(code(world.sign_in_from("203.0.113.9", address, "wrong").await));
        }
        world.pass(if n % 2 == 0 { MINUTE } else { SECOND });
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    assert!(answers[0].contains(&"slowed") && answers[0].contains(&"sign_in_failed"), "{:?}", answers[0]);
}

#[tokio::test]
async fn one_password_on_twenty_accounts_is_one_incident() {
    let (world, ..) = World::ready().await;
    for n in 0..20 {
        let answer = code(world.sign_in_from(AWAY, &format!("person{n}"), "Printemps2026").await);
        assert_eq!(answer, "sign_in_failed");
        world.pass(MINUTE);
    }
    assert_eq!(world.audited("incident.spraying").await.len(), 1, "from one source");
    for n in 0..20 {
        code(world.sign_in_from(&format!("203.0.113.{n}"), &format!("other{n}"), "Automne2026").await);
    }
    assert_eq!(world.audited("incident.spraying").await.len(), 2, "one more, from many sources");
    assert_eq!(code(world.sign_in_from(AWAY, "person40", "x").await), "sign_in_failed");
    assert_eq!(code(world.sign_in_from(AWAY, "person41", "x").await), "slowed", "the source waits");
    assert_eq!(code(world.sign_in_from(HOME, "person41", "x").await), "sign_in_failed", "another does not");
    let trail = format!("{:?}", world.app.list_audit(&world.operator(), None, 200).await.unwrap());
    assert!(!trail.contains("person") && !trail.contains("Printemps"), "nothing typed is written down");
}

#[tokio::test]
async fn a_person_who_mistypes_is_forgiven() {
    let (world, ..) = World::ready().await;
    world.add("paul", Role::Member).await;
    for _ in 0..15 {
        assert_eq!(code(world.enter("paul", "wrong").await), "sign_in_failed");
        assert_eq!(code(world.enter("paul", "wrong again").await), "sign_in_failed");
        world.enter("PAUL@kerbrat.example", PASSWORD).await.unwrap();
        world.pass(MINUTE);
    }
    assert!(world.audited("incident.spraying").await.is_empty());
    let failures = world.audited("session.sign_in").await;
    assert!(failures.iter().any(|row| row.entry.outcome == "sign_in_failed" && row.entry.origin == HOME));
}

#[tokio::test]
async fn a_password_known_gives_no_endless_codes() {
    let (world, ..) = World::ready().await;
    let mut refused = 0;
    for _ in 0..12 {
        let Ok(ticket) = world.ticket(AWAY, "eloise.dupont", OWNER_PASSWORD).await else {
            refused += 1;
            continue;
        };
        world.pass(MINUTE);
        let away = world.anonymous(AWAY);
        assert_eq!(code(world.app.second_factor(&away, &ticket, "000000").await), "factor_failed");
        world.pass(MINUTE);
    }
    assert_eq!(refused, 2, "ten wrong codes lock the place");
}

#[tokio::test]
async fn a_ticket_is_worth_nothing_elsewhere_altered_or_late() {
    let (world, owner, authenticator) = World::ready().await;
    let ticket = world.ticket(HOME, "eloise.dupont", OWNER_PASSWORD).await.unwrap();
    let now = authenticator.code(world.now());
    let tried = |origin: &str, ticket: String| {
        let (app, ctx, now) = (&world.app, world.anonymous(origin), now.clone());
        async move { code(app.second_factor(&ctx, &ticket, &now).await) }
    };
    assert_eq!(tried(AWAY, ticket.clone()).await, "ticket_expired");
    for place in [1, 20, 40, ticket.len() - 2] {
        let mut altered = ticket.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        assert_eq!(tried(HOME, String::from_utf8(altered).unwrap()).await, "ticket_expired", "{place}");
    }
    assert_eq!(tried(HOME, String::new()).await, "ticket_expired");
    world.pass(5 * MINUTE);
    assert_eq!(tried(HOME, ticket).await, "ticket_expired");
    let ticket = world.ticket(HOME, "eloise.dupont", OWNER_PASSWORD).await.unwrap();
    world.app.change_password(&owner, OWNER_PASSWORD, "un autre secret que personne ne devine").await.unwrap();
    assert_eq!(tried(HOME, ticket).await, "ticket_expired", "the password changed meanwhile");
}

#[tokio::test]
async fn a_code_works_once() {
    let (world, owner, authenticator) = World::ready().await;
    let home = world.anonymous(HOME);
    let ticket = world.ticket(HOME, "eloise.dupont", OWNER_PASSWORD).await.unwrap();
    let now = authenticator.code(world.now());
    let (one, two) =
        tokio::join!(world.app.second_factor(&home, &ticket, &now), world.app.second_factor(&home, &ticket, &now));
    assert!(one.is_ok() != two.is_ok());
    assert_eq!(code(if one.is_ok() { two } else { one }), "factor_failed");
    assert_eq!(code(world.app.second_factor(&home, &ticket, &now).await), "factor_failed", "used");
    world.pass(30 * SECOND);
    let home = world.anonymous(HOME);
    world.app.second_factor(&home, &ticket, &authenticator.code(world.now())).await.unwrap();

    world.pass(HOUR);
    let owner = rempart_app::Ctx { now: world.now(), ..owner };
    let codes = world.app.recovery_renew(&owner, &authenticator.code(world.now())).await.unwrap();
    assert_eq!(codes.len(), 10);
    let recovery = codes.first().unwrap().expose().to_lowercase().replace('-', " ");
    let home = world.anonymous(HOME);
    let ticket = world.ticket(HOME, "eloise.dupont", OWNER_PASSWORD).await.unwrap();
    let (one, two) = tokio::join!(
        world.app.second_factor(&home, &ticket, &recovery),
        world.app.second_factor(&home, &ticket, &recovery)
    );
    assert!(one.is_ok() != two.is_ok(), "a recovery code works once");
    assert_eq!(world.app.me(&owner).await.unwrap().recovery_left, 9);
}

#[tokio::test]
async fn a_database_gives_nothing_to_guess_against() {
    use argon2::{Argon2, PasswordHash, PasswordVerifier as _};

    let (world, owner, _) = World::ready().await;
    let account = world.app.me(&owner).await.unwrap().account.id;
    let credentials = world.store.credentials(account).await.unwrap().unwrap();
    let verifier = PasswordHash::new(&credentials.password).unwrap();
    assert!(credentials.password.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(Argon2::default().verify_password(OWNER_PASSWORD.as_bytes(), &verifier).is_err(), "without the pepper");
    let opened = world.ticket(HOME, "eloise.dupont", OWNER_PASSWORD).await;
    assert!(opened.is_ok(), "with it");
    for file in std::fs::read_dir(world.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let holds = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!holds(OWNER_PASSWORD), "{}", path.display());
        }
    }
}
