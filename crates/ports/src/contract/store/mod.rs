//! Cases of [`Store`], a file a noun.

pub mod accounts;
pub mod conversations;
pub mod files;
pub mod groups;
pub mod journal;
pub mod keys;
pub mod log;
pub mod operations;
pub mod organisation;
pub mod sessions;

use std::sync::Arc;

use rempart_base::{AccountId, BlobHash, ClientId, ConversationId, DeviceId, Timestamp, UploadId};
use rempart_domain::account::{Account, Credentials, Language};
use rempart_domain::conversation::{Change, Conversation, Kind, MemberRole, Protection};
use rempart_domain::journal::{EntryKind, Envelope, Sender};
use rempart_domain::role::Role;

use crate::store::{Append, Appended, BlobRecord, Finish, Finished, Founded, NewEntry, Store, UploadRecord};

type Backend = Arc<dyn Store>;

/// A moment, in milliseconds after the first.
const fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms)
}

const fn id(kind: u8, n: u8) -> [u8; 16] {
    let mut id = [kind; 16];
    id[15] = n;
    id
}

const fn account_id(n: u8) -> AccountId {
    AccountId::from_bytes(id(0xa0, n))
}

const fn device_id(n: u8) -> DeviceId {
    DeviceId::from_bytes(id(0xd0, n))
}

const fn conversation_id(n: u8) -> ConversationId {
    ConversationId::from_bytes(id(0xc0, n))
}

const fn client_id(n: u32) -> ClientId {
    let mut id = id(0xe0, 0);
    let [a, b, c, d] = n.to_be_bytes();
    (id[12], id[13], id[14], id[15]) = (a, b, c, d);
    ClientId::from_bytes(id)
}

const fn hash(n: u8) -> BlobHash {
    BlobHash::from_bytes([n; 32])
}

fn account(n: u8, display_name: &str) -> Account {
    Account {
        id: account_id(n),
        local: format!("person{n}"),
        display_name: display_name.into(),
        title: String::new(),
        department: String::new(),
        language: Language::French,
        role: Role::Member,
        active: true,
        created: at(n.into()),
        seen: None,
    }
}

fn credentials(password: &str) -> Credentials {
    Credentials {
        password: password.into(),
        password_changed: at(0),
        former: vec!["former one".into(), "former two".into()],
        must_change: false,
        totp: None,
        totp_offered: Some(vec![0, 1, 255]),
        totp_step: 0,
        recovery: vec![vec![1; 32], vec![2; 32]],
    }
}

/// Keeps an account as it is given.
async fn keep(store: &dyn Store, account: &Account) {
    store.create_account(account, &account.local, &credentials("verifier")).await.unwrap();
}

/// Keeps accounts `1` to `count`.
async fn people(store: &dyn Store, count: u8) {
    for n in 1..=count {
        keep(store, &account(n, &format!("Person {n}"))).await;
    }
}

/// Makes of a number what can be told from any other's.
struct Plain;

impl Finish for Plain {
    fn finish(&self, seq: u64) -> Finished {
        Finished { body: format!("body {seq}").into(), leaf: format!("leaf {seq}").into() }
    }
}

/// An entry; the time is the number of the client id.
fn entry(conversation: ConversationId, sender: Sender, client: u32) -> NewEntry {
    let kind = if sender == Sender::Server { EntryKind::Membership } else { EntryKind::Content };
    let envelope = Envelope {
        conversation,
        kind,
        sender,
        client_id: client_id(client),
        time: at(client.into()),
        refers_to: 0,
        blobs: Vec::new(),
        epoch: None,
    };
    NewEntry { envelope, finish: Arc::new(Plain), details: false }
}

/// What account `n` writes on its device `n`, decided on the first rules.
fn message(conversation: ConversationId, n: u8, client: u32) -> Append {
    Append {
        conversation,
        rules_version: 1,
        founded: None,
        entries: vec![entry(conversation, Sender::Device(account_id(n), device_id(n)), client)],
        changes: Vec::new(),
        erase: None,
        group: None,
    }
}

/// A change of members with the entry that tells of it.
fn change(conversation: ConversationId, rules_version: i64, client: u32, changes: Vec<Change>) -> Append {
    let entries = vec![entry(conversation, Sender::Server, client)];
    Append { conversation, rules_version, founded: None, entries, changes, erase: None, group: None }
}

/// A conversation with its members, the first of them the founder; accounts `1` and `2` are the pair of a direct one.
fn founding(n: u8, kind: Kind, protection: Protection, members: &[u8]) -> Append {
    let conversation = conversation_id(n);
    let founded = Conversation {
        id: conversation,
        kind,
        protection,
        rules_version: 1,
        last_seq: 0,
        last_time: None,
        members: 0,
        wrapped_key: vec![n, 0, 255],
        details_seq: 0,
        created: at(n.into()),
    };
    let pair = match (kind, members) {
        (Kind::Direct, [one, other]) => Some((account_id(*one), account_id(*other))),
        _ => None,
    };
    let role = |place| if place == 0 { MemberRole::Owner } else { MemberRole::Member };
    let add = |(place, member): (usize, &u8)| Change::Add(account_id(*member), role(place));
    Append {
        conversation,
        rules_version: 0,
        founded: Some(Founded { conversation: founded, pair }),
        entries: vec![entry(conversation, Sender::Server, n.into())],
        changes: members.iter().enumerate().map(add).collect(),
        erase: None,
        group: None,
    }
}

/// Keeps a group of accounts `members` and gives its id. It has one entry.
async fn group(store: &dyn Store, n: u8, members: &[u8]) -> ConversationId {
    store.append(founding(n, Kind::Group, Protection::Open, members)).await.unwrap();
    conversation_id(n)
}

fn numbers(appended: &Appended) -> Vec<u64> {
    appended.rows.iter().map(|row| row.seq).collect()
}

fn upload(n: u8, account: u8) -> UploadRecord {
    UploadRecord {
        id: UploadId::from_bytes(id(0xb0, n)),
        account: account_id(account),
        conversation: conversation_id(1),
        size: 30,
        offset: 0,
        sha256: None,
        wrapped_key: vec![n; 3],
        parts: Vec::new(),
        created: at(n.into()),
        blob: None,
    }
}

fn blob(n: u8) -> BlobRecord {
    BlobRecord {
        hash: hash(n),
        size: 30,
        media_type: "image/png".into(),
        wrapped_key: vec![n, 0],
        name: [n; 32],
        created: at(n.into()),
    }
}

/// Keeps blob `n`, uploaded by an account.
async fn uploaded(store: &dyn Store, n: u8, account: u8) -> BlobHash {
    let upload = upload(n, account);
    store.put_upload(&upload).await.unwrap();
    store.finish_upload(upload.id, &blob(n)).await.unwrap();
    hash(n)
}

/// Asserts which error a result is.
macro_rules! refused {
    ($result:expr, $pattern:pat) => {
        match $result {
            Err($pattern) => {}
            Err(other) => panic!("another error: {other:?}"),
            Ok(done) => panic!("not refused: {done:?}"),
        }
    };
}
use refused;
