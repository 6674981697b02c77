//! What is SQLite's own: opening, the lock, the schema, closing, and a writer that survives what goes wrong in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rempart_base::{Chain, ClientId, ConversationId, Timestamp};
use rempart_domain::conversation::{Conversation, Kind, Protection};
use rempart_domain::journal::{EntryKind, Envelope, Sender};
use rempart_embedded::{SqliteStore, sqlite};
use rempart_ports::store::{
    Accounts as _, Append, Appended, Conversations as _, Finish, Finished, Founded, Journal as _, NewEntry, Range,
    TransparencyLog as _,
};
use rempart_ports::{Store as _, StoreError};
use rempart_sql::schema::{Dialect, NOTE, VERSIONS, remaining};
use rusqlite::Connection;

const ID: ConversationId = ConversationId::from_bytes([1; 16]);

/// Seals as told, or panics where there is nothing to seal.
struct Seal(Option<&'static [u8]>);

impl Finish for Seal {
    #[expect(clippy::expect_used, reason = "the panic is what is tested")]
    fn finish(&self, _: u64) -> Finished {
        Finished { body: self.0.expect("nothing to seal").to_vec(), leaf: vec![1] }
    }
}

fn one(founded: bool, body: Option<&'static [u8]>) -> Append {
    let time = Timestamp::from_millis(5);
    let conversation = Conversation {
        id: ID,
        kind: Kind::Group,
        protection: Protection::Open,
        rules_version: 1,
        last_seq: 0,
        last_time: None,
        members: 0,
        wrapped_key: vec![1],
        details_seq: 0,
        created: time,
    };
    let envelope = Envelope {
        conversation: ID,
        kind: EntryKind::Membership,
        sender: Sender::Server,
        client_id: ClientId::from_bytes([2; 16]),
        time,
        refers_to: 0,
        blobs: Vec::new(),
        epoch: None,
    };
    Append {
        conversation: ID,
        rules_version: 1,
        founded: founded.then_some(Founded { conversation, pair: None }),
        entries: vec![NewEntry { envelope, finish: Arc::new(Seal(body)), details: false }],
        changes: Vec::new(),
        erase: None,
        group: None,
    }
}

async fn append(store: &SqliteStore, founded: bool, body: Option<&'static [u8]>) -> Result<Appended, StoreError> {
    store.append(one(founded, body)).await
}

fn told(path: &Path) -> String {
    match sqlite::open(path) {
        Ok(_) => "opened".into(),
        Err(error) => Chain(&error).to_string(),
    }
}

#[tokio::test]
async fn a_second_process_is_told_and_the_lock_ends_with_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rempart.db");
    let first = sqlite::open(&path).unwrap();
    assert!(told(&path).ends_with("is in use by another process: only one server may use a data directory"));
    first.close().await;
    sqlite::open(&path).unwrap().close().await;
}

#[tokio::test]
async fn everything_is_private_and_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data").join("rempart.db");
    let store = sqlite::open(&path).unwrap();
    append(&store, true, Some(b"body")).await.unwrap();
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
    assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert!(store.size().await.unwrap().unwrap() > 0);
    store.close().await;
    store.close().await;
    let closed = store.conversation(ID).await.unwrap_err();
    assert_eq!(Chain(&closed).to_string(), "use the store: it is closed");
    assert!(append(&store, false, Some(b"late")).await.is_err());

    let again = sqlite::open(&path).unwrap();
    let rows = again.read(ID, Range::After(0), 10).await.unwrap();
    assert_eq!(rows.first().unwrap().body.as_deref(), Some(b"body".as_slice()));
    again.close().await;
}

#[tokio::test]
async fn a_store_dropped_without_closing_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rempart.db");
    let store = sqlite::open(&path).unwrap();
    append(&store, true, Some(b"body")).await.unwrap();
    drop(store);
    let again = loop {
        match sqlite::open(&path) {
            Ok(store) => break store,
            Err(sqlite::OpenError::InUse(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(again.count_rows(ID).await.unwrap(), 1);
    again.close().await;
}

#[tokio::test]
async fn a_newer_a_changed_and_a_foreign_file_are_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rempart.db");
    sqlite::open(&path).unwrap().close().await;
    let schema = |path: &Path| -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let mut statement = connection.prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let first = schema(&path);
    assert!(first.iter().filter(|sql| sql.starts_with("CREATE TABLE")).all(|sql| sql.contains("STRICT")));
    sqlite::open(&path).unwrap().close().await;
    assert_eq!(schema(&path), first, "opening again changes nothing");

    let change = |sql: &str| {
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    change("INSERT INTO schema_version (n, sha256, at) VALUES (99, x'00', 0)");
    assert!(told(&path).contains("start the newer program"), "{}", told(&path));
    change("DELETE FROM schema_version WHERE n = 99; UPDATE schema_version SET sha256 = x'00'");
    assert!(told(&path).contains("is not the one of this program"), "{}", told(&path));

    let foreign = directory.path().join("foreign.db");
    std::fs::write(&foreign, "this is no database at all ".repeat(200)).unwrap();
    assert!(told(&foreign).starts_with("cannot open the database: file is not a database"), "{}", told(&foreign));
}

/// A store as each earlier version left it, with something in it, becomes what a new one is, and keeps it.
#[tokio::test]
async fn a_store_of_every_earlier_version_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let schema = |path: &Path| -> Vec<(String, String)> {
        let connection = Connection::open(path).unwrap();
        let text = "SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name";
        let mut statement = connection.prepare(text).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let fresh = directory.path().join("fresh.db");
    sqlite::open(&fresh).unwrap().close().await;
    let steps = remaining(Dialect::Sqlite, &[]).unwrap();
    assert!(steps.len() > 1);
    for version in 1..steps.len() {
        let path = directory.path().join(format!("version{version}.db"));
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&Dialect::Sqlite.text(VERSIONS)).unwrap();
        for step in &steps[..version] {
            old.execute_batch(&step.sql).unwrap();
            old.execute(NOTE, (step.n, step.sha256, 0)).unwrap();
        }
        old.execute_batch(
            "INSERT INTO account VALUES (x'a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0', 'iris', 'iris', 'Iris', '', '', 'fr', 'member',
                1, 0, NULL, 'iris', 'iris', 0);
             INSERT INTO conversation (id, kind, protection, rules_version, last_seq, logged_seq, members, wrapped_key,
                details_seq, created)
                VALUES (x'01010101010101010101010101010101', 'group', 'open', 1, 1, 0, 0, x'00', 0, 5);
             INSERT INTO entry (conversation, seq, kind, client_id, written, refers_to, blobs, body, leaf)
                VALUES (x'01010101010101010101010101010101', 1, 2, x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 5, 0, x'', x'b0', x'1e')",
        )
        .unwrap();
        drop(old);
        let store = sqlite::open(&path).unwrap();
        assert_eq!(schema(&path), schema(&fresh), "version {version}");
        let account = store.account_by_local("iris").await.unwrap().unwrap();
        assert_eq!(account.display_name, "Iris");
        let rows = store.read(ID, Range::After(0), 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| (row.seq, row.leaf.clone())).collect::<Vec<_>>(), [(1, vec![0x1e])]);
        assert_eq!(append(&store, false, Some(b"second")).await.unwrap().rows.first().unwrap().seq, 2);
        store.close().await;
    }
}

#[tokio::test]
async fn a_panic_fails_its_batch_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let store = sqlite::open(&directory.path().join("rempart.db")).unwrap();
    append(&store, true, Some(b"first")).await.unwrap();
    let error = append(&store, false, None).await.unwrap_err();
    assert_eq!(Chain(&error).to_string(), "write: the writer gave no answer");
    let appended = append(&store, false, Some(b"second")).await.unwrap();
    assert_eq!(appended.rows.first().unwrap().seq, 2);
    assert_eq!(store.integrity().await.unwrap(), Vec::<String>::new());
    store.close().await;
}

#[tokio::test]
async fn an_erased_body_is_in_no_file() {
    const WORDS: &[u8] = b"sealed words that somebody wants gone";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rempart.db");
    let store = sqlite::open(&path).unwrap();
    append(&store, true, Some(WORDS)).await.unwrap();
    let holds = || std::fs::read(&path).unwrap().windows(WORDS.len()).any(|window| window == WORDS);
    store.close().await;
    assert!(holds());
    let store = sqlite::open(&path).unwrap();
    store.append(Append { erase: Some(1), ..one(false, Some(b"erased")) }).await.unwrap();
    store.close().await;
    assert!(!holds());
}
