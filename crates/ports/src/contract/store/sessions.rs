//! Devices, sessions, tokens.

use rempart_base::{ApiTokenId, SessionId};
use rempart_domain::account::Account;
use rempart_domain::role::Scope;
use rempart_domain::session::{ApiToken, Device, Session};

use super::{Backend, account, account_id, at, device_id, id, keep, people, refused};
use crate::store::StoreError;

fn device(n: u8, account: u8) -> Device {
    Device { id: device_id(n), account: account_id(account), name: format!("Poste {n}"), created: at(n.into()) }
}

fn session(n: u8, account: u8) -> Session {
    Session {
        id: SessionId::from_bytes(id(0x50, n)),
        account: account_id(account),
        device: device_id(n),
        secret: [n; 32],
        former_secret: None,
        created: at(n.into()),
        rotated: at(n.into()),
        seen: at(i64::from(n) * 100),
        factor: n.is_multiple_of(2),
    }
}

/// Only an open account gets a session; the device is kept, and renamed when it signs in again.
pub async fn open_only_for_open_accounts(store: Backend) {
    people(&*store, 1).await;
    keep(&*store, &Account { active: false, ..account(2, "Closed") }).await;
    store.open_session(&session(1, 1), &device(1, 1)).await.unwrap();
    assert_eq!(store.device(device_id(1)).await.unwrap(), Some(device(1, 1)));
    refused!(store.open_session(&session(2, 2), &device(2, 2)).await, StoreError::Missing("account"));
    refused!(store.open_session(&session(3, 9), &device(3, 9)).await, StoreError::Missing("account"));
    assert_eq!(store.device(device_id(2)).await.unwrap(), None);
    assert_eq!(store.session_by_secret([2; 32]).await.unwrap(), None);

    let again = Session { device: device_id(1), ..session(4, 1) };
    let renamed = Device { name: "Portable".into(), ..device(1, 1) };
    store.open_session(&again, &renamed).await.unwrap();
    assert_eq!(store.device(device_id(1)).await.unwrap(), Some(renamed));
    assert_eq!(store.account_overviews(&[account_id(1)]).await.unwrap()[0].devices, 1);
}

/// The secret and the one before the last rotation find the session; an older one does not.
pub async fn are_found_by_either_secret(store: Backend) {
    people(&*store, 1).await;
    store.open_session(&session(1, 1), &device(1, 1)).await.unwrap();
    assert_eq!(store.session_by_secret([1; 32]).await.unwrap(), Some(session(1, 1)));
    let second = Session { secret: [101; 32], former_secret: Some([1; 32]), rotated: at(50), ..session(1, 1) };
    store.update_session(&second, [1; 32]).await.unwrap();
    assert_eq!(store.session_by_secret([101; 32]).await.unwrap(), Some(second.clone()));
    assert_eq!(store.session_by_secret([1; 32]).await.unwrap(), Some(second.clone()));
    let third = Session { secret: [102; 32], former_secret: Some([101; 32]), ..second };
    store.update_session(&third, [101; 32]).await.unwrap();
    assert_eq!(store.session_by_secret([1; 32]).await.unwrap(), None);
    assert_eq!(store.session_by_secret([101; 32]).await.unwrap(), Some(third));
}

/// Of two rotations at once, one is refused; so is one of a session that ended.
pub async fn rotate_from_what_was_expected(store: Backend) {
    people(&*store, 1).await;
    store.open_session(&session(1, 1), &device(1, 1)).await.unwrap();
    let to = |secret| Session { secret: [secret; 32], former_secret: Some([1; 32]), ..session(1, 1) };
    let (a, b) = (to(101), to(102));
    let (one, other) = tokio::join!(store.update_session(&a, [1; 32]), store.update_session(&b, [1; 32]));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    refused!(one.and(other), StoreError::Stale);
    let now = store.session_by_secret([1; 32]).await.unwrap().unwrap();
    store.close_sessions(account_id(1), None, None).await.unwrap();
    refused!(store.update_session(&to(103), now.secret).await, StoreError::Stale);
}

/// Sessions are listed last seen first with their devices; one, all, or all but one end, never another account's.
pub async fn are_listed_and_closed(store: Backend) {
    people(&*store, 2).await;
    for n in 1..=4 {
        store.open_session(&session(n, 1), &device(n, 1)).await.unwrap();
    }
    store.open_session(&session(5, 2), &device(5, 2)).await.unwrap();
    let listed = store.sessions(account_id(1)).await.unwrap();
    assert_eq!(listed.iter().map(|o| o.session.clone()).collect::<Vec<_>>(), [4, 3, 2, 1].map(|n| session(n, 1)));
    assert_eq!(listed.iter().map(|o| o.device.clone()).collect::<Vec<_>>(), [4, 3, 2, 1].map(|n| device(n, 1)));
    assert_eq!(store.account_overviews(&[account_id(1)]).await.unwrap()[0].devices, 4);

    let close = async |account, only: Option<u8>, keep: Option<u8>| {
        let [only, keep] = [only, keep].map(|n| n.map(|n| session(n, 1).id));
        let mut closed = store.close_sessions(account_id(account), only, keep).await.unwrap();
        closed.sort_unstable();
        closed
    };
    assert_eq!(close(1, Some(5), None).await, []);
    assert_eq!(close(1, Some(2), None).await, [session(2, 1).id]);
    assert_eq!(close(1, Some(2), None).await, []);
    assert_eq!(close(1, None, Some(3)).await, [session(1, 1).id, session(4, 1).id]);
    assert_eq!(close(1, None, None).await, [session(3, 1).id]);
    assert_eq!(store.sessions(account_id(1)).await.unwrap(), []);
    assert_eq!(store.sessions(account_id(2)).await.unwrap().len(), 1);
    assert_eq!(store.session_by_secret([1; 32]).await.unwrap(), None);
}

/// Sessions not seen since a moment end.
pub async fn idle_ones_are_closed(store: Backend) {
    people(&*store, 1).await;
    for n in 1..=3 {
        store.open_session(&session(n, 1), &device(n, 1)).await.unwrap();
    }
    assert_eq!(store.close_idle_sessions(at(200)).await.unwrap(), 1);
    assert_eq!(store.close_idle_sessions(at(200)).await.unwrap(), 0);
    assert_eq!(store.sessions(account_id(1)).await.unwrap().len(), 2);
}

/// A device of another account is refused.
pub async fn devices_never_change_hands(store: Backend) {
    people(&*store, 2).await;
    store.open_session(&session(1, 1), &device(1, 1)).await.unwrap();
    let stolen = Session { device: device_id(1), ..session(2, 2) };
    refused!(store.open_session(&stolen, &device(1, 2)).await, StoreError::Exists("device"));
    assert_eq!(store.device(device_id(1)).await.unwrap(), Some(device(1, 1)));
    assert_eq!(store.sessions(account_id(2)).await.unwrap(), []);
}

/// Tokens are found by secret, listed newest first, touched, and end one by one or all.
pub async fn tokens_are_kept(store: Backend) {
    people(&*store, 2).await;
    let token = |n: u8, account| ApiToken {
        id: ApiTokenId::from_bytes(id(0x70, n)),
        account: account_id(account),
        device: device_id(n),
        name: format!("Robot {n}"),
        scopes: if n == 1 { vec![Scope::Post, Scope::Read] } else { vec![Scope::Admin] },
        secret: [n; 32],
        created: at(n.into()),
        expires: at(10_000),
        used: None,
    };
    for n in 1..=3 {
        store.put_api_token(&token(n, 1), &device(n, 1)).await.unwrap();
    }
    store.put_api_token(&token(4, 2), &device(4, 2)).await.unwrap();
    refused!(store.put_api_token(&token(5, 9), &device(5, 9)).await, StoreError::Missing("account"));
    assert_eq!(store.api_token_by_secret([1; 32]).await.unwrap(), Some(token(1, 1)));
    assert_eq!(store.api_token_by_secret([9; 32]).await.unwrap(), None);
    assert_eq!(store.api_tokens(account_id(1)).await.unwrap(), [3, 2, 1].map(|n| token(n, 1)));
    assert_eq!(store.device(device_id(1)).await.unwrap(), Some(device(1, 1)));
    store.touch_api_token(token(1, 1).id, at(77)).await.unwrap();
    assert_eq!(store.api_token_by_secret([1; 32]).await.unwrap().unwrap().used, Some(at(77)));
    assert_eq!(store.delete_api_tokens(account_id(1), Some(token(4, 2).id)).await.unwrap(), 0);
    assert_eq!(store.delete_api_tokens(account_id(1), Some(token(1, 1).id)).await.unwrap(), 1);
    assert_eq!(store.api_token_by_secret([1; 32]).await.unwrap(), None);
    assert_eq!(store.delete_api_tokens(account_id(1), None).await.unwrap(), 2);
    assert_eq!(store.api_tokens(account_id(2)).await.unwrap().len(), 1);
}
