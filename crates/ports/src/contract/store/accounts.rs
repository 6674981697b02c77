//! Accounts, credentials, invitations, failures, presence.

use std::sync::Arc;

use rempart_base::{InvitationId, Timestamp};
use rempart_domain::account::{Account, Language};
use rempart_domain::invitation::Invitation;
use rempart_domain::presence::{Availability, Choice};
use rempart_domain::role::Role;

use super::{Backend, account, account_id, at, credentials, id, keep, people, refused};
use crate::store::{AccountFilter, AccountOverview, Store, StoreError, Throttle};

/// What is kept is found by id, by address, and many at once; the unknown is left out.
pub async fn are_made_and_found(store: Backend) {
    let mut odd = account(1, "Zoé d’Arc");
    odd.title = "Chef d’équipe".into();
    odd.department = "Réseau".into();
    odd.language = Language::English;
    odd.role = Role::Auditor;
    odd.active = false;
    odd.seen = Some(at(9));
    keep(&*store, &odd).await;
    for n in 2..=40 {
        keep(&*store, &account(n, "Personne")).await;
    }
    assert_eq!(store.account(odd.id).await.unwrap(), Some(odd.clone()));
    assert_eq!(store.account_by_local("person1").await.unwrap(), Some(odd));
    assert_eq!(store.account(account_id(99)).await.unwrap(), None);
    assert_eq!(store.account_by_local("nobody").await.unwrap(), None);
    let asked: Vec<_> = (1..=40).chain([99]).map(account_id).collect();
    let mut found: Vec<_> = store.accounts(&asked).await.unwrap().into_iter().map(|a| a.id).collect();
    found.sort_unstable();
    assert_eq!(found, asked[..40]);
    assert_eq!(store.accounts(&[]).await.unwrap(), []);
    assert!(store.credentials(account_id(1)).await.unwrap() == Some(credentials("verifier")));
    assert!(store.credentials(account_id(99)).await.unwrap().is_none());
}

/// Neither an address nor its look-alike is given twice; nothing of the second is kept.
pub async fn addresses_are_unique(store: Backend) {
    keep(&*store, &account(1, "One")).await;
    let same = Account { local: "person1".into(), ..account(2, "Two") };
    refused!(store.create_account(&same, "other", &credentials("x")).await, StoreError::Exists("account_local"));
    let other = account(2, "Two");
    refused!(store.create_account(&other, "person1", &credentials("x")).await, StoreError::Exists("account_skeleton"));
    assert_eq!(store.account(account_id(2)).await.unwrap(), None);
    assert!(store.credentials(account_id(2)).await.unwrap().is_none());
    store.create_account(&other, "person2", &credentials("x")).await.unwrap();
}

async fn names(store: &dyn Store, filter: AccountFilter) -> Vec<String> {
    let page = store.list_accounts(&AccountFilter { limit: 100, ..filter }).await.unwrap();
    assert_eq!(page.total, page.accounts.len() as u64);
    assert_eq!(page.next, None);
    page.accounts.into_iter().map(|a| a.display_name).collect()
}

/// Order is that of the name without case and accents, then of the id.
pub async fn are_listed_by_name_without_accents(store: Backend) {
    for (n, name) in [(1, "Zacharie"), (2, "Édith"), (3, "eddy"), (4, "Édith"), (5, "Œuvrard"), (6, "adam")] {
        keep(&*store, &account(n, name)).await;
    }
    let page = store.list_accounts(&AccountFilter { limit: 100, ..AccountFilter::default() }).await.unwrap();
    let ids: Vec<_> = page.accounts.iter().map(|a| a.id).collect();
    assert_eq!(ids, [6, 3, 2, 4, 5, 1].map(account_id));
}

/// Every word must be in name, address, title or department, anywhere, without case and accents; no character is special.
pub async fn are_searched_in_every_field(store: Backend) {
    let mut anais = account(1, "Anaïs Le Goff");
    anais.title = "Électricienne 100%".into();
    anais.department = "Réseau_Nord".into();
    keep(&*store, &anais).await;
    keep(&*store, &account(2, "Bertrand Legoff")).await;
    let found =
        async |query: &str| names(&*store, AccountFilter { query: query.into(), ..AccountFilter::default() }).await;
    assert_eq!(found("").await.len(), 2);
    assert_eq!(found("goff").await.len(), 2);
    assert_eq!(found("goff ana").await, ["Anaïs Le Goff"]);
    assert_eq!(found("electric").await, ["Anaïs Le Goff"]);
    assert_eq!(found("nord reseau").await, ["Anaïs Le Goff"]);
    assert_eq!(found("person2").await, ["Bertrand Legoff"]);
    assert_eq!(found("100%").await, ["Anaïs Le Goff"]);
    assert!(found("00%e").await.is_empty());
    assert!(found("b%d").await.is_empty());
    assert!(found("be_trand").await.is_empty());
    assert!(found("anais bertrand").await.is_empty());
}

/// Role and openness filter; pages follow each other without gap or repetition, and tell how many there are.
pub async fn are_filtered_and_paged(store: Backend) {
    for n in 1..=7 {
        let mut one = account(n, "Same Name");
        one.role = if n.is_multiple_of(2) { Role::Guest } else { Role::Member };
        one.active = n != 7;
        keep(&*store, &one).await;
    }
    let count =
        async |role, active| names(&*store, AccountFilter { role, active, ..AccountFilter::default() }).await.len();
    assert_eq!(count(Some(Role::Guest), None).await, 3);
    assert_eq!(count(Some(Role::Member), Some(true)).await, 3);
    assert_eq!(count(None, Some(false)).await, 1);
    assert_eq!(count(Some(Role::Owner), None).await, 0);

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let filter = AccountFilter { after, limit: 3, ..AccountFilter::default() };
        let page = store.list_accounts(&filter).await.unwrap();
        assert_eq!(page.total, 7);
        assert!(page.accounts.len() <= 3);
        seen.extend(page.accounts.into_iter().map(|a| a.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, (1..=7).map(account_id).collect::<Vec<_>>());
}

/// A changed profile is what is read, searched and ordered by.
pub async fn profiles_change(store: Backend) {
    keep(&*store, &account(1, "Alice")).await;
    keep(&*store, &account(2, "Bernard")).await;
    store.update_profile(account_id(1), "Zoé", "Pilote", "Vol", Language::English).await.unwrap();
    let changed = store.account(account_id(1)).await.unwrap().unwrap();
    let expected =
        Account { title: "Pilote".into(), department: "Vol".into(), language: Language::English, ..account(1, "Zoé") };
    assert_eq!(changed, expected);
    assert_eq!(names(&*store, AccountFilter::default()).await, ["Bernard", "Zoé"]);
    let found =
        async |query: &str| names(&*store, AccountFilter { query: query.into(), ..AccountFilter::default() }).await;
    assert_eq!(found("pilote").await, ["Zoé"]);
    assert_eq!(found("person1").await, ["Zoé"]);
    assert!(found("alice").await.is_empty());
    refused!(store.update_profile(account_id(9), "X", "", "", Language::French).await, StoreError::Missing("account"));
}

async fn owners(store: &dyn Store, count: u8) {
    for n in 1..=count {
        keep(store, &Account { role: Role::Owner, ..account(n, "Owner") }).await;
    }
}

/// The last open owner can be neither closed nor lowered; others can.
pub async fn the_last_owner_stays(store: Backend) {
    owners(&*store, 2).await;
    keep(&*store, &account(3, "Member")).await;
    store.update_standing(account_id(3), Role::Admin, true).await.unwrap();
    assert_eq!(store.account(account_id(3)).await.unwrap().unwrap().role, Role::Admin);
    store.update_standing(account_id(1), Role::Owner, false).await.unwrap();
    assert!(!store.account(account_id(1)).await.unwrap().unwrap().active);
    refused!(store.update_standing(account_id(2), Role::Member, true).await, StoreError::Stale);
    refused!(store.update_standing(account_id(2), Role::Owner, false).await, StoreError::Stale);
    let last = store.account(account_id(2)).await.unwrap().unwrap();
    assert_eq!((last.role, last.active), (Role::Owner, true));
    store.update_standing(account_id(1), Role::Owner, true).await.unwrap();
    store.update_standing(account_id(2), Role::Member, true).await.unwrap();
    refused!(store.update_standing(account_id(9), Role::Member, true).await, StoreError::Missing("account"));
}

/// Of two owners who are lowered at once, one stays.
pub async fn two_owners_leaving_at_once_leave_one(store: Backend) {
    owners(&*store, 2).await;
    let (one, other) = tokio::join!(
        store.update_standing(account_id(1), Role::Member, true),
        store.update_standing(account_id(2), Role::Owner, false),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
    refused!(one.and(other), StoreError::Stale);
    assert_eq!(store.account_counts().await.unwrap().1, 1);
}

/// Open accounts without a second factor, open owners; overviews tell factor and devices.
pub async fn are_counted(store: Backend) {
    assert_eq!(store.account_counts().await.unwrap(), (0, 0));
    owners(&*store, 2).await;
    keep(&*store, &account(3, "Member")).await;
    keep(&*store, &Account { active: false, ..account(4, "Closed") }).await;
    let mut with_factor = credentials("verifier");
    with_factor.totp = Some(vec![1]);
    store.replace_credentials(account_id(1), &credentials("verifier"), &with_factor).await.unwrap();
    assert_eq!(store.account_counts().await.unwrap(), (2, 2));
    let mut overviews = store.account_overviews(&[account_id(3), account_id(1), account_id(9)]).await.unwrap();
    overviews.sort_by_key(|o| o.account);
    let overview = |n, totp| AccountOverview { account: account_id(n), totp, devices: 0 };
    assert_eq!(overviews, [overview(1, true), overview(3, false)]);
    let of = async |totp, department: Option<&str>| {
        let filter =
            AccountFilter { totp, department: department.map(str::to_owned), limit: 10, ..AccountFilter::default() };
        store.list_accounts(&filter).await.unwrap().total
    };
    assert_eq!((of(Some(true), None).await, of(Some(false), None).await, of(None, None).await), (1, 3, 4));
    for (n, department) in [(1, "Pharmacie"), (2, "Bloc"), (3, "Pharmacie"), (4, "Fermé")] {
        store.update_profile(account_id(n), "Anne Kerbrat", "", department, Language::French).await.unwrap();
    }
    assert_eq!((of(None, Some("Pharmacie")).await, of(None, Some("pharmacie")).await), (2, 0));
    assert_eq!((of(Some(false), Some("Pharmacie")).await, of(Some(true), Some("Bloc")).await), (1, 0));
    assert_eq!(store.departments(10).await.unwrap(), ["Bloc", "Pharmacie"], "of open accounts");
    assert_eq!(store.departments(1).await.unwrap(), ["Bloc"]);
}

/// The moment seen is kept.
pub async fn are_seen(store: Backend) {
    people(&*store, 1).await;
    store.touch_account(account_id(1), at(60_000)).await.unwrap();
    assert_eq!(store.account(account_id(1)).await.unwrap().unwrap().seen, Some(at(60_000)));
}

/// Credentials change only from what was read; every part counts.
pub async fn credentials_change_from_what_was_expected(store: Backend) {
    people(&*store, 1).await;
    let first = credentials("verifier");
    let mut next = first.clone();
    next.password = "new verifier".into();
    next.password_changed = at(9);
    next.former.clear();
    next.must_change = true;
    next.totp = Some(vec![9; 40]);
    next.totp_offered = None;
    next.totp_step = 57_000_000;
    next.recovery.pop();
    store.replace_credentials(account_id(1), &first, &next).await.unwrap();
    assert!(store.credentials(account_id(1)).await.unwrap() == Some(next.clone()));
    refused!(store.replace_credentials(account_id(1), &first, &next).await, StoreError::Stale);
    let changes: [fn(&mut rempart_domain::account::Credentials); 8] = [
        |c| c.password.push('x'),
        |c| c.password_changed = at(10),
        |c| c.former.push("x".into()),
        |c| c.must_change = false,
        |c| c.totp = None,
        |c| c.totp_offered = Some(vec![1]),
        |c| c.totp_step += 1,
        |c| c.recovery.clear(),
    ];
    for change in changes {
        let mut expected = next.clone();
        change(&mut expected);
        refused!(store.replace_credentials(account_id(1), &expected, &first).await, StoreError::Stale);
    }
    refused!(store.replace_credentials(account_id(9), &first, &next).await, StoreError::Stale);
}

/// Of two changes from the same state at once, one is refused.
pub async fn one_of_two_credential_changes_is_lost_aloud(store: Backend) {
    people(&*store, 1).await;
    let first = credentials("verifier");
    let (mut a, mut b) = (first.clone(), first.clone());
    a.totp_step = 1;
    b.recovery.pop();
    let (one, other) = tokio::join!(
        store.replace_credentials(account_id(1), &first, &a),
        store.replace_credentials(account_id(1), &first, &b),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    refused!(one.and(other), StoreError::Stale);
}

/// Failure counts are kept, found by key and by prefix, and forgotten by prefix and age.
pub async fn failures_are_counted(store: Backend) {
    let throttle = |key: &str, failures, last: i64, until: i64| Throttle {
        key: key.into(),
        failures,
        first: at(0),
        last: at(last),
        until: at(until),
    };
    let some = [
        throttle("account/a", 1, 10, 0),
        throttle("account/b", 7, 20, 500),
        throttle("accounting", 1, 5, 900),
        throttle("source/é", 2, 30, 600),
    ];
    store.put_throttles(&some).await.unwrap();
    store.put_throttles(&[throttle("account/a", 2, 11, 400)]).await.unwrap();
    store.put_throttles(&[]).await.unwrap();
    let keys = ["account/a".to_owned(), "source/é".to_owned(), "source/none".to_owned()];
    let mut found = store.throttles(&keys).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found, [throttle("account/a", 2, 11, 400), some[3].clone()]);

    let held = async |prefix: &str, now| {
        let mut keys: Vec<_> = store.throttled(prefix, now).await.unwrap().into_iter().map(|t| t.key).collect();
        keys.sort();
        keys
    };
    assert_eq!(held("account/", at(399)).await, ["account/a", "account/b"]);
    assert_eq!(held("account/", at(400)).await, ["account/b"]);
    assert_eq!(held("", at(450)).await, ["account/b", "accounting", "source/é"]);
    assert!(held("ACCOUNT/", at(0)).await.is_empty());

    let clear = async |prefixes: &[&str], before: Option<Timestamp>| {
        let prefixes: Vec<String> = prefixes.iter().map(|p| (*p).to_owned()).collect();
        store.clear_throttles(&prefixes, before).await.unwrap()
    };
    assert_eq!(clear(&["account/", "source/"], Some(at(20))).await, 1);
    assert_eq!(clear(&["account/", "source/"], None).await, 2);
    assert_eq!(held("", at(0)).await, ["accounting"]);
}

fn invitation(n: u8) -> Invitation {
    Invitation {
        id: InvitationId::from_bytes(id(0xf0, n)),
        secret: [n; 32],
        role: Role::Guest,
        local: (n.is_multiple_of(2)).then(|| "proposed".into()),
        display_name: (n.is_multiple_of(2)).then(|| "Proposé".into()),
        inviter: (n.is_multiple_of(2)).then(|| account_id(1)),
        created: at(n.into()),
        expires: at(1000 + i64::from(n)),
    }
}

async fn accept(store: &dyn Store, secret: u8, n: u8) -> Result<(), StoreError> {
    let invited = account(n, "Invitée");
    store.accept_invitation([secret; 32], at(100), &invited, &invited.local, &credentials("x")).await
}

/// An invitation makes one account, while it holds; what is refused spends nothing.
pub async fn invitations_are_good_once(store: Backend) {
    people(&*store, 1).await;
    store.put_invitation(&invitation(1)).await.unwrap();
    store.put_invitation(&invitation(2)).await.unwrap();
    store.put_invitation(&Invitation { expires: at(100), ..invitation(3) }).await.unwrap();
    assert_eq!(store.invitation([1; 32], at(1000)).await.unwrap(), Some(invitation(1)));
    assert_eq!(store.invitation([1; 32], at(1001)).await.unwrap(), None);
    assert_eq!(store.invitation([2; 32], at(0)).await.unwrap(), Some(invitation(2)));

    refused!(accept(&*store, 1, 1).await, StoreError::Exists(_));
    accept(&*store, 1, 2).await.unwrap();
    assert!(store.account(account_id(2)).await.unwrap().is_some());
    refused!(accept(&*store, 1, 3).await, StoreError::Missing("invitation"));
    refused!(accept(&*store, 3, 3).await, StoreError::Missing("invitation"));
    refused!(accept(&*store, 9, 3).await, StoreError::Missing("invitation"));
    store.revoke_invitation(invitation(2).id).await.unwrap();
    refused!(accept(&*store, 2, 3).await, StoreError::Missing("invitation"));
    assert_eq!(store.account(account_id(3)).await.unwrap(), None);
    assert_eq!(store.invitation([1; 32], at(0)).await.unwrap(), None);
}

/// Of many who accept at once, one does.
pub async fn an_invitation_is_accepted_by_one_only(store: Backend) {
    store.put_invitation(&invitation(1)).await.unwrap();
    let tries: Vec<_> = (1..=8)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { accept(&*store, 1, n).await.is_ok() })
        })
        .collect();
    let mut accepted = 0;
    for one in tries {
        accepted += u8::from(one.await.unwrap());
    }
    assert_eq!(accepted, 1);
    let page = store.list_accounts(&AccountFilter { limit: 10, ..AccountFilter::default() }).await.unwrap();
    assert_eq!(page.total, 1);
}

/// Those neither spent nor revoked are listed, newest first; revoking what is not there is told.
pub async fn invitations_are_listed_and_revoked(store: Backend) {
    for n in 1..=4 {
        store.put_invitation(&invitation(n)).await.unwrap();
    }
    accept(&*store, 1, 1).await.unwrap();
    store.revoke_invitation(invitation(2).id).await.unwrap();
    assert_eq!(store.invitations(at(0)).await.unwrap(), [invitation(4), invitation(3)]);
    assert_eq!(store.invitations(at(1003)).await.unwrap(), [invitation(4)]);
    refused!(store.revoke_invitation(invitation(2).id).await, StoreError::Missing("invitation"));
    refused!(store.revoke_invitation(invitation(9).id).await, StoreError::Missing("invitation"));
}

/// The last choice of each is kept.
pub async fn presence_choices_are_kept(store: Backend) {
    people(&*store, 2).await;
    let choice = |availability, text: &str, until| Choice { availability, text: text.into(), until };
    let dnd = choice(Some(Availability::Dnd), "Au bloc jusqu’à midi", Some(at(5)));
    store.put_presence_choice(account_id(1), &choice(Some(Availability::Busy), "avant", None)).await.unwrap();
    store.put_presence_choice(account_id(1), &dnd).await.unwrap();
    store.put_presence_choice(account_id(2), &choice(None, "", None)).await.unwrap();
    let mut choices = store.presence_choices().await.unwrap();
    choices.sort_by_key(|(id, _)| *id);
    assert_eq!(choices, [(account_id(1), dnd), (account_id(2), Choice::default())]);
    refused!(store.put_presence_choice(account_id(9), &Choice::default()).await, StoreError::Missing("account"));
}
