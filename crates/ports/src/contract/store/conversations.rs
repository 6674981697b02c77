//! Conversations as their members see them.

use rempart_domain::conversation::{Change, Kind, MemberRole, Protection};

use super::{Backend, account_id, at, change, conversation_id, founding, group, message, people, refused};
use crate::store::{AccountChange, AccountRow, Marks, MemberMark, Store, StoreError};

async fn seen(store: &dyn Store, n: u8) -> Vec<rempart_base::ConversationId> {
    store.views(account_id(n), None).await.unwrap().into_iter().map(|view| view.conversation.id).collect()
}

/// A member sees the conversations it is in, newest entry first, the other of a direct, and its own place.
pub async fn are_seen_by_their_members(store: Backend) {
    people(&*store, 3).await;
    group(&*store, 1, &[1, 2]).await;
    store.append(founding(2, Kind::Direct, Protection::Open, &[3, 1])).await.unwrap();
    group(&*store, 3, &[2, 3]).await;
    assert_eq!(seen(&*store, 1).await, [conversation_id(2), conversation_id(1)]);
    store.append(message(conversation_id(1), 2, 50)).await.unwrap();
    assert_eq!(seen(&*store, 1).await, [conversation_id(1), conversation_id(2)]);

    let one = async |n, conversation| store.views(account_id(n), Some(conversation_id(conversation))).await.unwrap();
    let view = one(1, 2).await.remove(0);
    assert_eq!(view.with, Some(account_id(3)));
    assert_eq!(view.membership.account, account_id(1));
    assert_eq!(view.conversation.kind, Kind::Direct);
    assert_eq!(view.conversation.wrapped_key, [2, 0, 255]);
    assert_eq!(one(3, 2).await[0].with, Some(account_id(1)));
    assert_eq!(one(1, 1).await[0].with, None);
    assert_eq!(one(1, 1).await[0].read, 0);
    assert!(one(1, 3).await.is_empty());
    assert_eq!(store.membership(conversation_id(3), account_id(1)).await.unwrap(), None);
    assert_eq!(store.conversation(conversation_id(9)).await.unwrap(), None);
}

/// Channels are listed newest first with whether one is in.
pub async fn channels_are_listed(store: Backend) {
    people(&*store, 2).await;
    group(&*store, 1, &[1]).await;
    store.append(founding(2, Kind::Channel, Protection::Open, &[1])).await.unwrap();
    store.append(founding(3, Kind::Channel, Protection::Open, &[1, 2])).await.unwrap();
    let listed = async |n| {
        let channels = store.channels(account_id(n)).await.unwrap();
        channels.into_iter().map(|(c, member)| (c.id, member)).collect::<Vec<_>>()
    };
    assert_eq!(listed(2).await, [(conversation_id(3), true), (conversation_id(2), false)]);
    assert_eq!(listed(9).await, [(conversation_id(3), false), (conversation_id(2), false)]);
}

/// Contacts are all who share a conversation, each once, not oneself.
pub async fn contacts_share_a_conversation(store: Backend) {
    people(&*store, 5).await;
    group(&*store, 1, &[1, 2, 3]).await;
    group(&*store, 2, &[3, 1]).await;
    group(&*store, 3, &[4, 2]).await;
    let contacts = async |n| {
        let mut contacts = store.contacts(account_id(n)).await.unwrap();
        contacts.sort_unstable();
        contacts
    };
    assert_eq!(contacts(1).await, [2, 3].map(account_id));
    assert_eq!(contacts(2).await, [1, 3, 4].map(account_id));
    assert_eq!(contacts(5).await, []);
}

/// Silencing and pinning is one's own, noted for one's devices, and forgotten when one comes back.
pub async fn are_muted_and_pinned(store: Backend) {
    people(&*store, 2).await;
    let id = group(&*store, 1, &[1, 2]).await;
    assert_eq!(store.set_muted_pinned(id, account_id(1), true, false, at(70)).await.unwrap(), 2);
    assert_eq!(store.set_muted_pinned(id, account_id(1), true, true, at(71)).await.unwrap(), 3);
    let place = async |n| {
        let member = store.membership(id, account_id(n)).await.unwrap().unwrap().1;
        (member.muted, member.pinned)
    };
    assert_eq!(place(1).await, (true, true));
    assert_eq!(place(2).await, (false, false));
    let note = AccountRow { seq: 3, time: at(71), change: AccountChange::Membership(id, true) };
    assert_eq!(store.read_account(account_id(1), 2, 9).await.unwrap(), (vec![note], 3));
    refused!(store.set_muted_pinned(id, account_id(9), true, true, at(0)).await, StoreError::Missing("membership"));
    assert_eq!(store.conversation(id).await.unwrap().unwrap().rules_version, 1);
}

/// Marks rise and never fall; what rose is given; a read mark that rose is noted.
pub async fn marks_only_rise(store: Backend) {
    people(&*store, 2).await;
    let id = group(&*store, 1, &[1, 2]).await;
    let other = group(&*store, 2, &[1]).await;
    let mark = |conversation, n, delivered, read| Marks {
        conversation,
        mark: MemberMark { account: account_id(n), delivered, read },
    };
    let raise = async |marks: &[Marks]| {
        let mut raised = store.raise_marks(marks, at(80)).await.unwrap();
        raised.sort_by_key(|m| (m.conversation, m.mark.account));
        raised
    };
    assert_eq!(store.marks(id).await.unwrap(), []);
    assert_eq!(raise(&[]).await, []);
    assert_eq!(raise(&[mark(id, 1, 5, 3), mark(id, 9, 1, 1)]).await, [mark(id, 1, 5, 3)]);
    assert_eq!(raise(&[mark(id, 1, 4, 3)]).await, []);
    assert_eq!(raise(&[mark(id, 1, 6, 0)]).await, [mark(id, 1, 6, 3)]);
    assert_eq!(raise(&[mark(id, 1, 2, 4)]).await, [mark(id, 1, 6, 4)]);
    let several = [mark(other, 1, 0, 1), mark(id, 2, 7, 0), mark(id, 1, 6, 4)];
    assert_eq!(raise(&several).await, [mark(id, 2, 7, 0), mark(other, 1, 0, 1)]);

    let mut marks = store.marks(id).await.unwrap();
    marks.sort_by_key(|m| m.account);
    assert_eq!(marks, [mark(id, 1, 6, 4).mark, mark(id, 2, 7, 0).mark]);
    assert_eq!(store.views(account_id(1), Some(id)).await.unwrap()[0].read, 4);
    let (rows, _) = store.read_account(account_id(1), 2, 9).await.unwrap();
    let noted: Vec<_> = rows.into_iter().map(|row| (row.seq, row.change)).collect();
    let read = AccountChange::Read;
    assert_eq!(noted, [(3, read(id, 3)), (4, read(id, 4)), (5, read(other, 1))]);
    assert_eq!(store.read_account(account_id(2), 0, 9).await.unwrap().1, 1);
}

/// Members are in the order they joined.
pub async fn members_come_in_order(store: Backend) {
    people(&*store, 4).await;
    let id = group(&*store, 1, &[3]).await;
    for (version, n) in [(1, 4), (2, 1), (3, 2)] {
        let add = vec![Change::Add(account_id(n), MemberRole::Member)];
        store.append(change(id, version, 100 + version as u32, add)).await.unwrap();
    }
    let members: Vec<_> = store.members(id).await.unwrap().into_iter().map(|m| (m.account, m.role)).collect();
    let member = |n| (account_id(n), MemberRole::Member);
    assert_eq!(members, [(account_id(3), MemberRole::Owner), member(4), member(1), member(2)]);
    assert_eq!(store.members(conversation_id(9)).await.unwrap(), []);
}
