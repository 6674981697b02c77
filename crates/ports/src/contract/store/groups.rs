//! Groups of sealed conversations: their state with the entries that change it, Welcomes, repetitions by epoch.

use rempart_domain::conversation::{Change, Kind, MemberRole, Protection};
use rempart_domain::journal::Sender;
use rempart_domain::role::Role;

use super::{
    Backend, account_id, at, change, client_id, conversation_id, device_id, entry, founding, message, numbers, people,
    refused,
};
use crate::store::{
    AccountChange, Append, GroupChange, GroupRow, LeafRow, NewWelcome, Range, Since, Store, StoreError,
};

fn leaf(account: u8, leaving: bool) -> LeafRow {
    LeafRow { device: device_id(account), account: account_id(account), leaving }
}

fn state(n: u8, since: Since) -> GroupChange {
    GroupChange {
        state: vec![n, 0, 255],
        since,
        due: None,
        seated: Vec::new(),
        unseated: Vec::new(),
        welcome: None,
        forget_after: None,
    }
}

/// A sealed conversation of accounts 1 to 3, with a group of 1 and 2 that began with entry 2.
async fn sealed(store: &dyn Store) -> rempart_base::ConversationId {
    people(store, 4).await;
    store.append(founding(9, Kind::Group, Protection::Sealed, &[1, 2, 3])).await.unwrap();
    let id = conversation_id(9);
    let group = GroupChange { seated: vec![leaf(1, false), leaf(2, false)], ..state(1, Since::Entry(0)) };
    store.append(Append { group: Some(group), ..message(id, 1, 10) }).await.unwrap();
    id
}

/// The state is kept with its entries or not at all, and raises the rules.
pub async fn state_goes_with_entries(store: Backend) {
    let id = sealed(&*store).await;
    let first = GroupRow { rules_version: 2, state: vec![1, 0, 255], since: 2 };
    assert_eq!(store.group(id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.group(conversation_id(8)).await.unwrap(), None);
    let stale = Append { group: Some(state(2, Since::Entry(0))), ..message(id, 2, 11) };
    refused!(store.append(stale).await, StoreError::Stale);
    assert_eq!(store.group(id).await.unwrap(), Some(first));
    // The epoch begins with the second of three entries.
    let mut next = Append { rules_version: 2, group: Some(state(2, Since::Entry(1))), ..message(id, 2, 11) };
    next.entries.push(entry(id, Sender::Server, 12));
    next.entries.push(entry(id, Sender::Server, 13));
    assert_eq!(numbers(&store.append(next.clone()).await.unwrap()), [3, 4, 5]);
    let second = GroupRow { rules_version: 3, state: vec![2, 0, 255], since: 4 };
    assert_eq!(store.group(id).await.unwrap(), Some(second.clone()));
    // A repetition changes nothing.
    assert!(store.append(next).await.unwrap().repeated);
    assert_eq!(store.group(id).await.unwrap(), Some(second));
    // Content alone raises nothing; a change of members and of the group raise once.
    store.append(Append { rules_version: 3, ..message(id, 2, 14) }).await.unwrap();
    let removed = vec![Change::Remove(account_id(3))];
    let both = Append { group: Some(state(3, Since::At(4))), ..change(id, 3, 15, removed) };
    store.append(both).await.unwrap();
    let third = GroupRow { rules_version: 4, state: vec![3, 0, 255], since: 4 };
    assert_eq!(store.group(id).await.unwrap(), Some(third));
}

/// A refusal that waits leaves no entry and is found when it is due.
pub async fn what_is_due_is_found(store: Backend) {
    let id = sealed(&*store).await;
    assert_eq!(store.due_groups(at(1_000_000)).await.unwrap(), []);
    refused!(store.keep_group(id, 1, vec![7], Some(at(500))).await, StoreError::Stale);
    store.keep_group(id, 2, vec![7], Some(at(500))).await.unwrap();
    assert_eq!(store.group(id).await.unwrap(), Some(GroupRow { rules_version: 3, state: vec![7], since: 2 }));
    assert_eq!(store.due_groups(at(499)).await.unwrap(), []);
    assert_eq!(store.due_groups(at(500)).await.unwrap(), [id]);
    store.keep_group(id, 3, vec![8], None).await.unwrap();
    assert_eq!(store.due_groups(at(500)).await.unwrap(), []);
    store.append(founding(8, Kind::Group, Protection::Sealed, &[1])).await.unwrap();
    refused!(store.keep_group(conversation_id(8), 1, vec![7], None).await, StoreError::Missing("group"));
    store.append(message(conversation_id(8), 1, 30)).await.unwrap();
}

/// Leaves are found by account, and where they should be no more.
pub async fn leaves_are_found(store: Backend) {
    let id = sealed(&*store).await;
    assert_eq!(store.groups_of(account_id(2)).await.unwrap(), [id]);
    assert_eq!(store.groups_of(account_id(3)).await.unwrap(), []);
    assert_eq!(store.groups_to_tidy().await.unwrap(), []);
    store.update_standing(account_id(2), Role::Member, false).await.unwrap();
    assert_eq!(store.groups_to_tidy().await.unwrap(), [id], "a closed account has a leaf");
    store.update_standing(account_id(2), Role::Member, true).await.unwrap();
    store.append(change(id, 2, 20, vec![Change::Remove(account_id(2))])).await.unwrap();
    assert_eq!(store.groups_to_tidy().await.unwrap(), [id], "whoever is no member has a leaf");
    let leaving = GroupChange { seated: vec![leaf(2, true)], ..state(2, Since::At(2)) };
    store.append(Append { rules_version: 3, group: Some(leaving), ..message(id, 1, 21) }).await.unwrap();
    assert_eq!(store.groups_to_tidy().await.unwrap(), [], "its removal waits");
    assert_eq!(store.groups_of(account_id(2)).await.unwrap(), [id]);
    let gone = GroupChange { unseated: vec![device_id(2)], ..state(3, Since::Entry(0)) };
    store.append(Append { rules_version: 4, group: Some(gone), ..message(id, 1, 22) }).await.unwrap();
    assert_eq!(store.groups_of(account_id(2)).await.unwrap(), []);
}

/// A Welcome waits for exactly the devices that it is for, while their accounts are members; the accounts are told.
pub async fn welcomes_wait(store: Backend) {
    let id = sealed(&*store).await;
    let (_, told_before) = store.read_account(account_id(2), 0, 100).await.unwrap();
    let devices = vec![(account_id(2), device_id(2)), (account_id(2), device_id(22)), (account_id(3), device_id(3))];
    let welcome = Some(NewWelcome { body: vec![1, 2, 3], devices });
    let adding = GroupChange { welcome, ..state(2, Since::Entry(0)) };
    let appended = store.append(Append { rules_version: 2, group: Some(adding), ..message(id, 1, 40) }).await.unwrap();
    let accounts: Vec<_> = appended.accounts.iter().map(|(account, _)| *account).collect();
    assert_eq!(accounts, [account_id(2), account_id(3)], "each account once");
    let (told, last) = store.read_account(account_id(2), told_before, 100).await.unwrap();
    assert_eq!(told.iter().map(|row| row.change).collect::<Vec<_>>(), [AccountChange::Welcome(id)]);
    assert_eq!(appended.accounts.first().map(|(_, seq)| *seq), Some(last));

    let waiting = |n: u8, device: u8| {
        let store = store.clone();
        async move {
            let all = store.welcomes(account_id(n), device_id(device)).await.unwrap();
            all.into_iter().map(|w| (w.conversation, w.seq, w.body)).collect::<Vec<_>>()
        }
    };
    assert_eq!(waiting(2, 2).await, [(id, 3, vec![1, 2, 3])]);
    assert_eq!(waiting(2, 22).await.len(), 1);
    assert_eq!(waiting(1, 1).await, []);
    assert!(store.drop_welcome(device_id(2), id, 3).await.unwrap());
    assert!(!store.drop_welcome(device_id(2), id, 3).await.unwrap());
    assert_eq!(waiting(2, 2).await, []);
    assert_eq!(waiting(3, 3).await.len(), 1, "the message stays for the others");
    store.append(change(id, 3, 41, vec![Change::Remove(account_id(3))])).await.unwrap();
    assert_eq!(waiting(3, 3).await, [], "nothing for who is no member");
    store.append(change(id, 4, 42, vec![Change::Add(account_id(3), MemberRole::Member)])).await.unwrap();
    assert_eq!(waiting(3, 3).await.len(), 1);
    // The commit is dropped, and its Welcome with it.
    let dropped = GroupChange { forget_after: Some(2), ..state(3, Since::At(2)) };
    store.append(Append { rules_version: 5, group: Some(dropped), ..message(id, 1, 43) }).await.unwrap();
    assert_eq!(waiting(3, 3).await, []);
    assert_eq!(waiting(2, 22).await, []);
    // One that nobody takes goes when it is old: it was written at the time of its entry.
    let welcome = Some(NewWelcome { body: vec![4], devices: vec![(account_id(2), device_id(2))] });
    let adding = GroupChange { welcome, ..state(4, Since::Entry(0)) };
    store.append(Append { rules_version: 6, group: Some(adding), ..message(id, 1, 44) }).await.unwrap();
    assert_eq!(store.drop_welcomes_before(at(44)).await.unwrap(), 0);
    assert_eq!(waiting(2, 2).await.len(), 1);
    assert_eq!(store.drop_welcomes_before(at(45)).await.unwrap(), 1);
    assert_eq!(waiting(2, 2).await, []);
}

/// The same client id in another epoch is another entry; in the same one a repetition.
pub async fn epochs_tell_repetitions_apart(store: Backend) {
    let id = sealed(&*store).await;
    let sealed_in = |epoch: Option<[u8; 32]>, client: u32| {
        let mut append = Append { rules_version: 2, ..message(id, 1, client) };
        append.entries.iter_mut().for_each(|entry| entry.envelope.epoch = epoch);
        append
    };
    let first = store.append(sealed_in(Some([1; 32]), 50)).await.unwrap();
    let second = store.append(sealed_in(Some([2; 32]), 50)).await.unwrap();
    assert!(!second.repeated);
    assert_eq!((numbers(&first), numbers(&second)), (vec![3], vec![4]));
    for (epoch, of) in [([1; 32], &first), ([2; 32], &second)] {
        let again = store.append(sealed_in(Some(epoch), 50)).await.unwrap();
        assert!(again.repeated);
        assert_eq!(again.rows, of.rows);
        let found = store.find_in(device_id(1), client_id(50), epoch).await.unwrap();
        assert_eq!(found.as_ref(), of.rows.first());
    }
    assert_eq!(store.find_in(device_id(1), client_id(50), [3; 32]).await.unwrap(), None);
    assert_eq!(store.find(device_id(1), client_id(50)).await.unwrap().as_ref(), second.rows.first(), "the newest");
    let rows = store.read(id, Range::After(2), 10).await.unwrap();
    let epochs: Vec<_> = rows.iter().map(|row| row.envelope.epoch).collect();
    assert_eq!(epochs, [Some([1; 32]), Some([2; 32])]);
    // Many at once, of which each stands twice.
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..60u32 {
        let append = sealed_in(Some([(client % 3) as u8; 32]), 100 + client / 6);
        let store = store.clone();
        tasks.spawn(async move { store.append(append).await.unwrap().repeated });
    }
    let repeated = tasks.join_all().await.into_iter().filter(|repeated| *repeated).count();
    assert_eq!(repeated, 30);
}
