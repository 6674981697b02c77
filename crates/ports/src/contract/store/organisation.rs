//! The organisation, links, key checks.

use rempart_domain::organisation::Organisation;
use rempart_domain::role::Role;
use rempart_domain::session::{LinkPurpose, OneTimeLink};

use super::{Backend, account, account_id, at, credentials, people, refused};
use crate::store::{KeyCheck, Store, StoreError};

const SECRET: [u8; 32] = [7; 32];

fn kerbrat() -> Organisation {
    Organisation {
        name: "Kerbrat Énergie".into(),
        domain: "kerbrat.example".into(),
        host: "rempart.kerbrat.example".into(),
        created: at(5),
    }
}

fn link(secret: [u8; 32], purpose: LinkPurpose) -> OneTimeLink {
    OneTimeLink { secret, purpose, expires: at(1000) }
}

async fn set_up(store: &dyn Store, secret: [u8; 32], n: u8) -> Result<(), StoreError> {
    let mut owner = account(n, "Élodie Kerbrat");
    owner.role = Role::Owner;
    store.set_up(secret, at(10), &kerbrat(), &owner, &owner.local, &credentials("verifier")).await
}

/// Setting up makes organisation and owner and spends the link; again it is refused.
pub async fn is_set_up_once(store: Backend) {
    assert_eq!(store.organisation().await.unwrap(), None);
    store.put_link(&link(SECRET, LinkPurpose::Setup)).await.unwrap();
    set_up(&*store, SECRET, 1).await.unwrap();
    assert_eq!(store.organisation().await.unwrap(), Some(kerbrat()));
    let owner = store.account(account_id(1)).await.unwrap().unwrap();
    assert_eq!((owner.role, owner.display_name.as_str()), (Role::Owner, "Élodie Kerbrat"));
    assert!(store.credentials(account_id(1)).await.unwrap().is_some());
    assert_eq!(store.link(SECRET, at(10)).await.unwrap(), None);

    store.put_link(&link([8; 32], LinkPurpose::Setup)).await.unwrap();
    refused!(set_up(&*store, [8; 32], 2).await, StoreError::Exists("organisation"));
    assert_eq!(store.account(account_id(2)).await.unwrap(), None);
}

/// Without a setup link that holds, nothing is made.
pub async fn setting_up_needs_its_link(store: Backend) {
    refused!(set_up(&*store, SECRET, 1).await, StoreError::Missing("link"));
    store.put_link(&OneTimeLink { expires: at(10), ..link(SECRET, LinkPurpose::Setup) }).await.unwrap();
    refused!(set_up(&*store, SECRET, 1).await, StoreError::Missing("link"));
    store.put_link(&link([9; 32], LinkPurpose::Reset(account_id(1)))).await.unwrap();
    refused!(set_up(&*store, [9; 32], 1).await, StoreError::Missing("link"));
    assert_eq!(store.organisation().await.unwrap(), None);
    assert_eq!(store.account(account_id(1)).await.unwrap(), None);
    assert!(store.link([9; 32], at(10)).await.unwrap().is_some());
}

/// Of two who set up at once, one does.
pub async fn setting_up_at_once_succeeds_once(store: Backend) {
    store.put_link(&link(SECRET, LinkPurpose::Setup)).await.unwrap();
    let (one, other) = tokio::join!(set_up(&*store, SECRET, 1), set_up(&*store, SECRET, 2));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
    refused!(one.and(other), StoreError::Exists("organisation") | StoreError::Missing("link"));
    let made = [store.account(account_id(1)).await.unwrap(), store.account(account_id(2)).await.unwrap()];
    assert_eq!(made.iter().flatten().count(), 1);
}

/// A link holds before its end and until spent; looking does not spend it.
pub async fn links_hold_until_spent_or_past(store: Backend) {
    let kept = link(SECRET, LinkPurpose::Reset(account_id(3)));
    store.put_link(&kept).await.unwrap();
    assert_eq!(store.link(SECRET, at(999)).await.unwrap(), Some(kept.clone()));
    assert_eq!(store.link(SECRET, at(1000)).await.unwrap(), None);
    assert_eq!(store.link([8; 32], at(0)).await.unwrap(), None);
    refused!(store.spend_link(SECRET, at(1000)).await, StoreError::Missing("link"));
    assert_eq!(store.spend_link(SECRET, at(999)).await.unwrap(), kept);
    refused!(store.spend_link(SECRET, at(999)).await, StoreError::Missing("link"));
}

/// A new setup link replaces the former; a reset link only that of the same account.
pub async fn a_new_link_replaces_the_former(store: Backend) {
    store.put_link(&link([1; 32], LinkPurpose::Setup)).await.unwrap();
    store.put_link(&link([2; 32], LinkPurpose::Setup)).await.unwrap();
    store.put_link(&link([3; 32], LinkPurpose::Reset(account_id(1)))).await.unwrap();
    store.put_link(&link([4; 32], LinkPurpose::Reset(account_id(1)))).await.unwrap();
    store.put_link(&link([5; 32], LinkPurpose::Reset(account_id(2)))).await.unwrap();
    for (secret, holds) in [(1, false), (2, true), (3, false), (4, true), (5, true)] {
        assert_eq!(store.link([secret; 32], at(0)).await.unwrap().is_some(), holds, "{secret}");
    }
}

/// Of two who spend a link at once, one does.
pub async fn a_link_is_spent_by_one_only(store: Backend) {
    store.put_link(&link(SECRET, LinkPurpose::Setup)).await.unwrap();
    let (one, other) = tokio::join!(store.spend_link(SECRET, at(0)), store.spend_link(SECRET, at(0)));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
}

/// The name changes, nothing else.
pub async fn is_renamed(store: Backend) {
    refused!(store.rename_organisation("Personne").await, StoreError::Missing("organisation"));
    store.put_link(&link(SECRET, LinkPurpose::Setup)).await.unwrap();
    set_up(&*store, SECRET, 1).await.unwrap();
    store.rename_organisation("Kerbrat & Filles").await.unwrap();
    let expected = Organisation { name: "Kerbrat & Filles".into(), ..kerbrat() };
    assert_eq!(store.organisation().await.unwrap(), Some(expected));
}

/// A purpose has one key check for ever.
pub async fn keys_are_checked_once(store: Backend) {
    people(&*store, 1).await;
    let check = |purpose: &str, id| KeyCheck { purpose: purpose.into(), id: [id; 16], check: vec![id, 0] };
    assert_eq!(store.key_checks().await.unwrap(), []);
    store.put_key_check(&check("log", 1)).await.unwrap();
    store.put_key_check(&check("bodies", 2)).await.unwrap();
    refused!(store.put_key_check(&check("log", 3)).await, StoreError::Exists("key"));
    let mut kept = store.key_checks().await.unwrap();
    kept.sort_by(|a, b| a.purpose.cmp(&b.purpose));
    assert_eq!(kept, [check("bodies", 2), check("log", 1)]);
}
