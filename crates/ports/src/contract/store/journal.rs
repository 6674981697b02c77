//! Appending, reading, erasing; accounts' own journals.

use std::sync::Arc;

use rempart_domain::account::Account;
use rempart_domain::conversation::{Change, Kind, MemberRole, Protection};
use rempart_domain::journal::{Envelope, Sender};
use rempart_domain::role::Role;

use super::{
    Backend, account, account_id, at, change, client_id, conversation_id, device_id, entry, founding, group, hash,
    message, numbers, people, refused, uploaded,
};
use crate::store::{AccountChange, AccountRow, Append, Appended, Range, Store, StoreError};

async fn all(store: &dyn Store, n: u8) -> Vec<u64> {
    let rows = store.read(conversation_id(n), Range::After(0), 10_000).await.unwrap();
    rows.into_iter().map(|row| row.seq).collect()
}

/// Conversation, entries, members and their notes are made together; the state counts them.
pub async fn founding_makes_everything_at_once(store: Backend) {
    people(&*store, 3).await;
    let mut append = founding(1, Kind::Group, Protection::Open, &[2, 1, 3]);
    let mut details = entry(conversation_id(1), Sender::Device(account_id(2), device_id(2)), 50);
    details.details = true;
    append.entries.push(details);
    let appended = store.append(append.clone()).await.unwrap();
    assert_eq!(numbers(&appended), [1, 2]);
    assert!(!appended.repeated);
    assert_eq!(appended.accounts, [(account_id(2), 1), (account_id(1), 1), (account_id(3), 1)]);

    let expected = rempart_domain::conversation::Conversation {
        last_seq: 2,
        last_time: Some(at(50)),
        members: 3,
        details_seq: 2,
        ..append.founded.unwrap().conversation
    };
    assert_eq!(store.conversation(conversation_id(1)).await.unwrap(), Some(expected.clone()));
    let (conversation, founder) = store.membership(conversation_id(1), account_id(2)).await.unwrap().unwrap();
    assert_eq!(conversation, expected);
    assert_eq!((founder.role, founder.from_seq, founder.since), (MemberRole::Owner, 1, at(50)));
    let rows = store.read_account(account_id(3), 0, 10).await.unwrap();
    let note = AccountRow { seq: 1, time: at(50), change: AccountChange::Membership(conversation_id(1), true) };
    assert_eq!(rows, (vec![note], 1));
    refused!(store.append(founding(1, Kind::Group, Protection::Open, &[1])).await, StoreError::Exists("conversation"));
}

/// A pair has one direct conversation under a protection, whoever begins it; another under another.
pub async fn a_pair_has_one_direct_per_protection(store: Backend) {
    people(&*store, 3).await;
    store.append(founding(1, Kind::Direct, Protection::Open, &[2, 1])).await.unwrap();
    refused!(store.append(founding(2, Kind::Direct, Protection::Open, &[1, 2])).await, StoreError::Exists("direct"));
    assert_eq!(store.conversation(conversation_id(2)).await.unwrap(), None);
    assert_eq!(all(&*store, 2).await, []);
    store.append(founding(3, Kind::Direct, Protection::Sealed, &[1, 2])).await.unwrap();
    store.append(founding(4, Kind::Direct, Protection::Open, &[1, 3])).await.unwrap();
    let direct = async |a, b, protection| store.direct((account_id(a), account_id(b)), protection).await.unwrap();
    assert_eq!(direct(1, 2, Protection::Open).await, Some(conversation_id(1)));
    assert_eq!(direct(2, 1, Protection::Open).await, Some(conversation_id(1)));
    assert_eq!(direct(1, 2, Protection::Sealed).await, Some(conversation_id(3)));
    assert_eq!(direct(2, 3, Protection::Open).await, None);
}

/// Two who begin with each other at once get one conversation; the other is told.
pub async fn pairs_founded_at_once_make_one(store: Backend) {
    people(&*store, 2).await;
    let (one, other) = tokio::join!(
        store.append(founding(1, Kind::Direct, Protection::Open, &[1, 2])),
        store.append(founding(2, Kind::Direct, Protection::Open, &[2, 1])),
    );
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    refused!(one.and(other), StoreError::Exists("direct"));
    assert_eq!(store.views(account_id(1), None).await.unwrap().len(), 1);
}

/// What was appended is what is given back and what is read, by page and by client id.
pub async fn entries_are_numbered_and_given_back(store: Backend) {
    people(&*store, 1).await;
    let id = group(&*store, 1, &[1]).await;
    uploaded(&*store, 7, 1).await;
    uploaded(&*store, 8, 1).await;
    let mut append = message(id, 1, 200);
    append.entries[0].envelope.refers_to = 1;
    append.entries[0].envelope.blobs = vec![hash(8), hash(7)];
    let appended = store.append(append.clone()).await.unwrap();
    let row = &appended.rows[0];
    assert_eq!(row.seq, 2);
    assert_eq!(row.envelope, append.entries[0].envelope);
    assert_eq!(row.body.as_deref(), Some(b"body 2".as_slice()));
    assert_eq!(row.leaf, b"leaf 2");
    assert!(!appended.repeated && appended.accounts.is_empty());

    let read = store.read(id, Range::After(0), 10).await.unwrap();
    assert_eq!(read[1], *row);
    assert_eq!(read[0].envelope.sender, Sender::Server);
    assert_eq!(store.find(device_id(1), client_id(200)).await.unwrap().as_ref(), Some(row));
    assert_eq!(store.find(device_id(1), client_id(201)).await.unwrap(), None);
    assert_eq!(store.find(device_id(2), client_id(200)).await.unwrap(), None);
    let conversation = store.conversation(id).await.unwrap().unwrap();
    assert_eq!((conversation.last_seq, conversation.last_time, conversation.rules_version), (2, Some(at(200)), 1));
}

/// Pages go forth from a number and back from one, oldest first.
pub async fn rows_come_in_pages(store: Backend) {
    people(&*store, 1).await;
    let id = group(&*store, 1, &[1]).await;
    for n in 2..=10 {
        store.append(message(id, 1, n)).await.unwrap();
    }
    let page = async |range, limit| {
        let rows = store.read(id, range, limit).await.unwrap();
        rows.into_iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    assert_eq!(page(Range::After(0), 3).await, [1, 2, 3]);
    assert_eq!(page(Range::After(3), 3).await, [4, 5, 6]);
    assert_eq!(page(Range::After(10), 3).await, []);
    assert_eq!(page(Range::Before(11), 3).await, [8, 9, 10]);
    assert_eq!(page(Range::Before(u64::MAX), 2).await, [9, 10]);
    assert_eq!(page(Range::Before(3), 5).await, [1, 2]);
    assert_eq!(page(Range::Before(1), 5).await, []);
    assert_eq!(store.read(conversation_id(9), Range::After(0), 5).await.unwrap(), []);
}

/// Fifty who append at once to two conversations: every entry has its number, none is missing, in each caller's order.
pub async fn many_appending_leave_no_gap(store: Backend) {
    people(&*store, 1).await;
    group(&*store, 1, &[1]).await;
    group(&*store, 2, &[1]).await;
    let writers: Vec<_> = (1..=50u32)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let id = conversation_id(if n % 2 == 0 { 1 } else { 2 });
                let mut given = Vec::new();
                for i in 0..10 {
                    given.extend(numbers(&store.append(message(id, n as u8, 1000 * n + i)).await.unwrap()));
                }
                assert!(given.is_sorted(), "{given:?}");
                (id, given)
            })
        })
        .collect();
    let mut given = [Vec::new(), Vec::new()];
    for writer in writers {
        let (id, numbers) = writer.await.unwrap();
        given[usize::from(id == conversation_id(1))].extend(numbers);
    }
    for (place, n) in [(1, 1), (0, 2)] {
        given[place].sort_unstable();
        assert_eq!(given[place], (2..=251).collect::<Vec<u64>>());
        assert_eq!(all(&*store, n).await, (1..=251).collect::<Vec<u64>>());
        assert_eq!(store.conversation(conversation_id(n)).await.unwrap().unwrap().last_seq, 251);
    }
}

/// The same client id again gives the rows of the first time and changes nothing, even where it would be refused by now.
pub async fn repetition_gives_the_first_rows(store: Backend) {
    people(&*store, 2).await;
    let id = group(&*store, 1, &[1, 2]).await;
    let first = store.append(message(id, 1, 300)).await.unwrap();
    store.append(message(id, 1, 301)).await.unwrap();
    let mut again = message(id, 1, 300);
    again.entries[0].envelope.time = at(999);
    let expected = Appended { repeated: true, ..first };
    assert_eq!(store.append(again.clone()).await.unwrap(), expected);
    store.append(change(id, 1, 302, vec![Change::Remove(account_id(2))])).await.unwrap();
    assert_eq!(store.append(again.clone()).await.unwrap(), expected);
    again.conversation = conversation_id(9);
    assert_eq!(store.append(again).await.unwrap(), expected);
    assert_eq!(all(&*store, 1).await, [1, 2, 3, 4]);
    assert_eq!(store.conversation(id).await.unwrap().unwrap().last_time, Some(at(302)));
}

/// Many who append the same client id at once get the same row, and one of them made it.
pub async fn repetition_at_once_appends_once(store: Backend) {
    people(&*store, 1).await;
    let id = group(&*store, 1, &[1]).await;
    let tries: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.append(message(id, 1, 300)).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    for one in tries {
        let appended = one.await.unwrap();
        assert_eq!(numbers(&appended), [2]);
        made += u8::from(!appended.repeated);
    }
    assert_eq!(made, 1);
    assert_eq!(all(&*store, 1).await, [1, 2]);
    assert_eq!(store.conversation(id).await.unwrap().unwrap().last_seq, 2);
    assert_eq!(numbers(&store.append(message(id, 1, 301)).await.unwrap()), [3]);
}

/// A founding whose device entry is known gives all its rows of the first time, under the first id.
pub async fn a_founding_is_repeated_whole(store: Backend) {
    people(&*store, 2).await;
    let with_device = |n| {
        let mut append = founding(n, Kind::Group, Protection::Open, &[1, 2]);
        append.entries.push(entry(conversation_id(n), Sender::Device(account_id(1), device_id(1)), 400));
        append
    };
    let first = store.append(with_device(1)).await.unwrap();
    let again = store.append(with_device(2)).await.unwrap();
    assert!(again.repeated);
    assert_eq!(again.rows, first.rows);
    assert_eq!(again.accounts, []);
    assert_eq!(store.conversation(conversation_id(2)).await.unwrap(), None);
    assert_eq!(store.read_account(account_id(1), 0, 10).await.unwrap().1, 1);
}

/// Client ids are a device's own.
pub async fn a_client_id_of_another_device_is_another(store: Backend) {
    people(&*store, 2).await;
    let id = group(&*store, 1, &[1, 2]).await;
    assert_eq!(numbers(&store.append(message(id, 1, 300)).await.unwrap()), [2]);
    let other = store.append(message(id, 2, 300)).await.unwrap();
    assert_eq!((numbers(&other), other.repeated), (vec![3], false));
}

/// A client id used again for something of another shape gives its own entry, not those around it.
pub async fn repetition_shows_nothing_of_others(store: Backend) {
    people(&*store, 2).await;
    let id = group(&*store, 1, &[1, 2]).await;
    store.append(message(id, 2, 500)).await.unwrap();
    store.append(message(id, 1, 300)).await.unwrap();
    store.append(message(id, 2, 501)).await.unwrap();
    let mut founding = founding(2, Kind::Group, Protection::Open, &[1]);
    founding.entries.push(entry(conversation_id(2), Sender::Device(account_id(1), device_id(1)), 300));
    let again = store.append(founding).await.unwrap();
    assert_eq!((numbers(&again), again.repeated), (vec![3], true));

    let mut two = message(id, 1, 300);
    two.entries.push(entry(id, Sender::Device(account_id(1), device_id(1)), 301));
    let again = store.append(two).await.unwrap();
    assert_eq!((numbers(&again), again.repeated), (vec![3], true), "the entry after is another device's");
}

/// Decided on older rules: refused, nothing is appended.
pub async fn stale_rules_are_refused(store: Backend) {
    people(&*store, 3).await;
    let id = group(&*store, 1, &[1, 2]).await;
    store.append(change(id, 1, 10, vec![Change::Add(account_id(3), MemberRole::Member)])).await.unwrap();
    assert_eq!(store.conversation(id).await.unwrap().unwrap().rules_version, 2);
    refused!(store.append(message(id, 1, 11)).await, StoreError::Stale);
    refused!(store.append(change(id, 1, 12, vec![Change::Remove(account_id(3))])).await, StoreError::Stale);
    refused!(store.append(Append { rules_version: 3, ..message(id, 1, 13) }).await, StoreError::Stale);
    assert_eq!(all(&*store, 1).await, [1, 2]);
    store.append(Append { rules_version: 2, ..message(id, 1, 11) }).await.unwrap();
}

/// Many appends and one change of rules committed together: those numbered after the change were decided after it.
pub async fn rules_changed_in_the_same_batch_are_refused(store: Backend) {
    people(&*store, 3).await;
    let id = group(&*store, 1, &[1, 2]).await;
    let tries: Vec<_> = (0..60u32)
        .map(|n| {
            let store = Arc::clone(&store);
            let append = if n == 30 {
                change(id, 1, 100 + n, vec![Change::Add(account_id(3), MemberRole::Member)])
            } else {
                message(id, 1, 100 + n)
            };
            tokio::spawn(async move { (n == 30, store.append(append).await) })
        })
        .collect();
    let (mut changed, mut given) = (None, Vec::new());
    for one in tries {
        match one.await.unwrap() {
            (true, result) => changed = Some(result.unwrap().rows[0].seq),
            (false, Ok(appended)) => given.extend(numbers(&appended)),
            (false, result) => refused!(result, StoreError::Stale),
        }
    }
    let changed = changed.unwrap();
    assert!(given.iter().all(|seq| *seq < changed), "{given:?} after the change {changed}");
    assert_eq!(all(&*store, 1).await, (1..=changed).collect::<Vec<_>>());
    let (conversation, member) = store.membership(id, account_id(3)).await.unwrap().unwrap();
    assert_eq!((conversation.rules_version, conversation.members, conversation.last_seq), (2, 3, changed));
    assert_eq!(member.from_seq, changed);
}

/// There must be a conversation.
pub async fn an_unknown_conversation_is_refused(store: Backend) {
    people(&*store, 1).await;
    refused!(store.append(message(conversation_id(1), 1, 1)).await, StoreError::Missing("conversation"));
    let change = change(conversation_id(1), 1, 2, vec![Change::Add(account_id(1), MemberRole::Member)]);
    refused!(store.append(change).await, StoreError::Missing("conversation"));
    assert_eq!(all(&*store, 1).await, []);
}

/// What fails at its last step leaves nothing of its first ones, and those beside it stand.
pub async fn a_refused_append_leaves_nothing(store: Backend) {
    people(&*store, 2).await;
    let id = group(&*store, 1, &[1]).await;
    let twice = vec![Change::Add(account_id(2), MemberRole::Member), Change::Remove(account_id(9))];
    let unknown = vec![Change::Add(account_id(9), MemberRole::Member)];
    let role = vec![Change::Role(account_id(2), MemberRole::Owner)];
    let mut blob = message(id, 1, 13);
    blob.entries[0].envelope.blobs = vec![hash(1)];
    let (a, b, c, d, beside) = tokio::join!(
        store.append(change(id, 1, 10, twice)),
        store.append(change(id, 1, 11, unknown)),
        store.append(change(id, 1, 12, role)),
        store.append(blob),
        store.append(message(id, 1, 14)),
    );
    refused!(a, StoreError::Missing("membership"));
    refused!(b, StoreError::Missing("account"));
    refused!(c, StoreError::Missing("membership"));
    refused!(d, StoreError::Missing("blob"));
    assert_eq!(numbers(&beside.unwrap()), [2]);
    assert_eq!(all(&*store, 1).await, [1, 2]);
    let conversation = store.conversation(id).await.unwrap().unwrap();
    assert_eq!((conversation.rules_version, conversation.members, conversation.last_seq), (1, 1, 2));
    assert_eq!(store.membership(id, account_id(2)).await.unwrap(), None);
    assert_eq!(store.read_account(account_id(2), 0, 10).await.unwrap(), (vec![], 0));
}

/// A new member of a group reads from the entry that tells of it; of a channel or direct, from the first.
pub async fn members_read_from_where_their_kind_says(store: Backend) {
    people(&*store, 2).await;
    for (n, kind, from) in [(1, Kind::Group, 3), (2, Kind::Channel, 1)] {
        store.append(founding(n, kind, Protection::Open, &[1])).await.unwrap();
        let id = conversation_id(n);
        store.append(message(id, 1, 100 + u32::from(n))).await.unwrap();
        let mut add = change(id, 1, 200 + u32::from(n), vec![Change::Add(account_id(2), MemberRole::Reader)]);
        add.entries.push(entry(id, Sender::Server, 210 + u32::from(n)));
        assert_eq!(numbers(&store.append(add).await.unwrap()), [3, 4]);
        let member = store.membership(id, account_id(2)).await.unwrap().unwrap().1;
        assert_eq!((member.role, member.from_seq), (MemberRole::Reader, from));
    }
    store.append(founding(3, Kind::Direct, Protection::Open, &[1, 2])).await.unwrap();
    assert_eq!(store.membership(conversation_id(3), account_id(2)).await.unwrap().unwrap().1.from_seq, 1);
}

/// Members are added, get another role, go, and come back with a new beginning.
pub async fn members_come_go_and_change(store: Backend) {
    people(&*store, 3).await;
    let id = group(&*store, 1, &[1, 2]).await;
    let role = change(id, 1, 10, vec![Change::Role(account_id(2), MemberRole::Moderator)]);
    assert_eq!(store.append(role).await.unwrap().accounts, [(account_id(2), 2)]);
    let membership = async |n| store.membership(id, account_id(n)).await.unwrap().map(|(_, m)| m);
    assert_eq!(membership(2).await.unwrap().role, MemberRole::Moderator);
    assert_eq!(membership(2).await.unwrap().from_seq, 1);

    let swap = vec![Change::Remove(account_id(2)), Change::Add(account_id(3), MemberRole::Member)];
    let appended = store.append(change(id, 2, 11, swap)).await.unwrap();
    assert_eq!(appended.accounts, [(account_id(2), 3), (account_id(3), 1)]);
    assert_eq!(membership(2).await, None);
    let conversation = store.conversation(id).await.unwrap().unwrap();
    assert_eq!((conversation.rules_version, conversation.members), (3, 2));
    assert!(store.views(account_id(2), None).await.unwrap().is_empty());

    store.append(change(id, 3, 12, vec![Change::Add(account_id(2), MemberRole::Member)])).await.unwrap();
    let back = membership(2).await.unwrap();
    assert_eq!((back.role, back.from_seq, back.since), (MemberRole::Member, 4, at(12)));
    let (rows, last) = store.read_account(account_id(2), 1, 10).await.unwrap();
    let changes: Vec<_> = rows.into_iter().map(|row| row.change).collect();
    let member = |live| AccountChange::Membership(id, live);
    assert_eq!((changes, last), (vec![member(true), member(false), member(true)], 4));
}

/// Erasing takes the body; number, envelope and leaf stay.
pub async fn erasing_keeps_the_leaf(store: Backend) {
    people(&*store, 1).await;
    let id = group(&*store, 1, &[1]).await;
    let before = store.append(message(id, 1, 10)).await.unwrap().rows.remove(0);
    let mut erasure = message(id, 1, 11);
    erasure.entries[0].envelope.refers_to = 2;
    erasure.erase = Some(2);
    assert_eq!(numbers(&store.append(erasure.clone()).await.unwrap()), [3]);
    let rows = store.read(id, Range::After(1), 10).await.unwrap();
    assert_eq!(rows[0], crate::store::JournalRow { body: None, ..before });
    assert!(rows[1].body.is_some());
    assert!(store.append(erasure).await.unwrap().repeated);
    let again = Append { erase: Some(2), ..message(id, 1, 12) };
    assert_eq!(numbers(&store.append(again).await.unwrap()), [4]);
}

/// An entry that is not there, or not there yet, cannot be erased.
pub async fn only_earlier_entries_are_erased(store: Backend) {
    people(&*store, 1).await;
    let id = group(&*store, 1, &[1]).await;
    for seq in [0, 2, 3, u64::MAX] {
        refused!(store.append(Append { erase: Some(seq), ..message(id, 1, 10) }).await, StoreError::Missing("entry"));
    }
    assert_eq!(all(&*store, 1).await, [1]);
}

/// The newest entry with details is remembered; others do not move it.
pub async fn details_are_remembered(store: Backend) {
    people(&*store, 1).await;
    let id = group(&*store, 1, &[1]).await;
    let details = async || store.conversation(id).await.unwrap().unwrap().details_seq;
    assert_eq!(details().await, 0);
    let mut titled = message(id, 1, 10);
    titled.entries[0].details = true;
    store.append(titled).await.unwrap();
    let (one, other) = tokio::join!(store.append(message(id, 1, 11)), store.append(message(id, 1, 12)));
    one.and(other).unwrap();
    assert_eq!(details().await, 2);
    let mut titled = message(id, 1, 13);
    titled.entries[0].details = true;
    store.append(titled).await.unwrap();
    assert_eq!(details().await, 5);
}

/// An account's own journal is numbered without gap and read in pages.
pub async fn changes_are_noted_for_accounts(store: Backend) {
    people(&*store, 2).await;
    let changes = [
        AccountChange::Settings,
        AccountChange::Membership(conversation_id(1), true),
        AccountChange::Read(conversation_id(1), 77),
        AccountChange::Membership(conversation_id(1), false),
    ];
    for (n, change) in (1..).zip(changes) {
        assert_eq!(store.note(account_id(1), change, at(n)).await.unwrap(), n as u64);
    }
    assert_eq!(store.note(account_id(2), AccountChange::Settings, at(9)).await.unwrap(), 1);
    let row = |n: i64| AccountRow { seq: n as u64, time: at(n), change: changes[n as usize - 1] };
    assert_eq!(store.read_account(account_id(1), 0, 3).await.unwrap(), (vec![row(1), row(2), row(3)], 4));
    assert_eq!(store.read_account(account_id(1), 3, 3).await.unwrap(), (vec![row(4)], 4));
    assert_eq!(store.read_account(account_id(1), 4, 3).await.unwrap(), (vec![], 4));
    refused!(store.note(account_id(9), AccountChange::Settings, at(0)).await, StoreError::Missing("account"));
    let noting: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.note(account_id(1), AccountChange::Settings, at(0)).await.unwrap() })
        })
        .collect();
    let mut given = Vec::new();
    for one in noting {
        given.push(one.await.unwrap());
    }
    given.sort_unstable();
    assert_eq!(given, (5..=24).collect::<Vec<u64>>());
}

/// A blob is visible through an entry that the account may read in that conversation and that is not erased.
pub async fn blobs_are_visible_to_those_who_may_read(store: Backend) {
    people(&*store, 3).await;
    let id = group(&*store, 1, &[1, 2]).await;
    let other = group(&*store, 2, &[2]).await;
    let picture = uploaded(&*store, 1, 1).await;
    let mut append = message(id, 1, 10);
    let envelope: &mut Envelope = &mut append.entries[0].envelope;
    envelope.blobs = vec![picture, picture];
    store.append(append).await.unwrap();
    let visible = async |id, n| store.blob_visible(id, account_id(n), picture).await.unwrap();
    assert!(visible(id, 1).await && visible(id, 2).await);
    assert!(!visible(id, 3).await && !visible(other, 2).await);
    assert!(!store.blob_visible(id, account_id(1), hash(9)).await.unwrap());

    store.append(change(id, 1, 11, vec![Change::Add(account_id(3), MemberRole::Member)])).await.unwrap();
    assert!(!visible(id, 3).await, "the entry is from before");
    store.append(change(id, 2, 12, vec![Change::Remove(account_id(2))])).await.unwrap();
    assert!(!visible(id, 2).await);
    assert!(store.unused_blobs(at(1000), 10).await.unwrap().is_empty());
    store.append(Append { rules_version: 3, erase: Some(2), ..message(id, 1, 13) }).await.unwrap();
    assert!(!visible(id, 1).await);
    assert_eq!(store.unused_blobs(at(1000), 10).await.unwrap().len(), 1);
    let owner = Account { role: Role::Owner, ..account(4, "Owner") };
    super::keep(&*store, &owner).await;
    assert!(!visible(id, 4).await);
}
