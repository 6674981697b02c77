//! What PostgreSQL does beyond the store's contract: several nodes, losing the server, TLS, addresses, the schema.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rempart_base::{AccountId, Chain, ClientId, ConversationId, DeviceId, Timestamp};
use rempart_cluster::{PgStore, postgres};
use rempart_domain::conversation::{Conversation, Kind, Protection};
use rempart_domain::journal::{EntryKind, Envelope, Sender};
use rempart_ports::store::{
    Append, Conversations as _, Finish, Finished, Founded, Journal as _, JournalRow, NewEntry, Range,
};
use rempart_ports::{Store as _, StoreError};
use rempart_sql::schema::{Dialect, VERSIONS, remaining};
use rempart_testkit::services::{Postgres, PostgresOptions};
use tokio::task::JoinSet;

const DEVICE: u8 = 9;

fn room(n: u8) -> ConversationId {
    ConversationId::from_bytes([n; 16])
}

struct Plain(u32);

impl Finish for Plain {
    fn finish(&self, seq: u64) -> Finished {
        let body = format!("body {} at {seq}", self.0).into_bytes();
        Finished { leaf: [b"leaf of ".as_slice(), &body].concat(), body }
    }
}

fn entry(conversation: ConversationId, client: u32) -> NewEntry {
    let mut client_id = [7; 16];
    client_id[..4].copy_from_slice(&client.to_be_bytes());
    let sender = Sender::Device(AccountId::from_bytes([DEVICE; 16]), DeviceId::from_bytes([DEVICE; 16]));
    let envelope = Envelope {
        conversation,
        kind: EntryKind::Content,
        sender,
        client_id: ClientId::from_bytes(client_id),
        time: Timestamp::from_millis(1_000 + i64::from(client)),
        refers_to: 0,
        blobs: Vec::new(),
        epoch: None,
    };
    NewEntry { envelope, finish: Arc::new(Plain(client)), details: false }
}

fn message(n: u8, client: u32) -> Append {
    Append {
        conversation: room(n),
        rules_version: 1,
        founded: None,
        entries: vec![entry(room(n), client)],
        changes: Vec::new(),
        erase: None,
        group: None,
    }
}

fn founding(n: u8) -> Append {
    let conversation = Conversation {
        id: room(n),
        kind: Kind::Group,
        protection: Protection::Open,
        rules_version: 1,
        last_seq: 0,
        last_time: None,
        members: 0,
        wrapped_key: vec![1, 2, 3],
        details_seq: 0,
        created: Timestamp::from_millis(1_000),
    };
    Append { founded: Some(Founded { conversation, pair: None }), ..message(n, 99_000_000 + u32::from(n)) }
}

#[expect(clippy::unwrap_used, reason = "a case without its server fails")]
async fn connected(server: &Postgres) -> (PgStore, String) {
    let url = server.database().unwrap();
    (postgres::connect(&url).await.unwrap(), url)
}

#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
async fn rows(store: &PgStore, n: u8) -> Vec<JournalRow> {
    store.read(room(n), Range::After(0), 100_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_append_at_once_number_without_gap_and_repeat_once() {
    let server = Postgres::start().unwrap();
    let (first, url) = connected(&server).await;
    let nodes = [first, postgres::connect(&url).await.unwrap(), postgres::connect(&url).await.unwrap()];
    for n in 1..=4 {
        nodes[0].append(founding(n)).await.unwrap();
    }
    // Each message goes to two nodes at once, and a third of them to another conversation there: only one of the two counts.
    let mut tasks = JoinSet::new();
    for client in 0..600u32 {
        let place = 1 + (client % 4) as u8;
        let other = if client % 3 == 0 { 1 + ((client + 1) % 4) as u8 } else { place };
        for (node, n) in [(client as usize % 3, place), ((client as usize + 1) % 3, other)] {
            let node = nodes[node].clone();
            tasks.spawn(async move { (client, node.append(message(n, client)).await.unwrap()) });
        }
    }
    let (mut first_time, mut repeated) = (HashSet::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (client, appended) = done.unwrap();
        assert_eq!(appended.rows.len(), 1);
        if appended.repeated {
            repeated += 1;
        } else {
            assert!(first_time.insert(client), "{client} was appended twice");
        }
        let row = &appended.rows[0];
        assert_eq!(row.body, Some(format!("body {client} at {}", row.seq).into_bytes()));
    }
    assert_eq!((first_time.len(), repeated), (600, 600));
    let mut total = 0;
    for n in 1..=4 {
        let rows = rows(&nodes[1], n).await;
        assert!(rows.iter().map(|row| row.seq).eq(1..=rows.len() as u64), "no gap in {n}");
        let conversation = nodes[2].conversation(room(n)).await.unwrap().unwrap();
        assert_eq!(conversation.last_seq, rows.len() as u64);
        total += rows.len();
    }
    assert_eq!(total, 604);
    assert_eq!(nodes[0].integrity().await.unwrap(), [""; 0]);
    assert!(nodes[0].size().await.unwrap().unwrap() > 1_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_acknowledged_and_retries_append_once() {
    let mut server = Postgres::start().unwrap();
    let (store, _) = connected(&server).await;
    store.append(founding(1)).await.unwrap();
    // Each sender goes on until it is refused, so the kill always comes in between.
    let count = Arc::new(AtomicU32::new(0));
    let mut senders = JoinSet::new();
    for sender in 0..50u32 {
        let (store, count) = (store.clone(), Arc::clone(&count));
        senders.spawn(async move {
            let mut acknowledged = Vec::new();
            for client in sender * 100_000.. {
                match store.append(message(1, client)).await {
                    Ok(appended) => acknowledged.push((client, appended.rows[0].seq)),
                    Err(StoreError::Backend { .. }) => return (acknowledged, client),
                    Err(other) => panic!("{client}: {other:?}"),
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            unreachable!("it is killed before");
        });
    }
    while count.load(Ordering::Relaxed) < 500 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    server.kill();
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    while let Some(done) = senders.join_next().await {
        let (kept, last) = done.unwrap();
        acknowledged.extend(kept);
        refused.push(last);
    }
    assert!(matches!(store.check().await, Err(StoreError::Backend { .. })));

    server.resume().unwrap();
    let began = std::time::Instant::now();
    while store.check().await.is_err() || store.append(message(1, 9_000_000)).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the store comes back by itself");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let kept = rows(&store, 1).await;
    for (client, seq) in &acknowledged {
        let row = &kept[*seq as usize - 1];
        assert_eq!(row.body, Some(format!("body {client} at {seq}").into_bytes()), "acknowledged and not kept");
    }
    for client in refused {
        store.append(message(1, client)).await.unwrap();
    }
    let kept = rows(&store, 1).await;
    assert_eq!(kept.len(), 2 + acknowledged.len() + 50);
    assert!(kept.iter().map(|row| row.seq).eq(1..=kept.len() as u64));

    store.close().await;
    assert!(matches!(store.append(message(1, 9_000_001)).await, Err(StoreError::Backend { .. })));
    assert!(store.check().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_refused_by_the_server_fails_nobody_else() {
    let server = Postgres::start().unwrap();
    let (store, url) = connected(&server).await;
    store.append(founding(1)).await.unwrap();
    let database = url.rsplit('/').next().unwrap();
    server.sql(database, "ALTER TABLE entry ADD CHECK (written <> 1007)").unwrap();
    let mut tasks = JoinSet::new();
    for client in 0..50 {
        let store = store.clone();
        tasks.spawn(async move { (client, store.append(message(1, client)).await) });
    }
    while let Some(done) = tasks.join_next().await {
        match done.unwrap() {
            (7, Err(error @ StoreError::Backend { .. })) => {
                let told = Chain(&error).to_string();
                assert!(told.contains("SQLSTATE 23514") && !told.contains("body 7"), "{told}");
            }
            (client, appended) => assert!(appended.is_ok() && client != 7, "{client}: {appended:?}"),
        }
    }
    assert!(rows(&store, 1).await.iter().map(|row| row.seq).eq(1..=50));
}

/// A store as each earlier version left it, with something in it, becomes what a new one is, and keeps it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_every_earlier_version_is_brought_up_to_date() {
    let server = Postgres::start().unwrap();
    let (_store, fresh) = connected(&server).await;
    // The order of columns is that of the steps; a dump names a database nowhere but in its own commands.
    let lines = |url: &str| {
        let text = server.schema(url).unwrap();
        text.lines().filter(|l| !l.starts_with('\\')).map(str::to_owned).collect::<Vec<_>>()
    };
    let steps = remaining(Dialect::Postgres, &[]).unwrap();
    assert!(steps.len() > 1);
    for version in 1..steps.len() {
        let url = server.database().unwrap();
        let database = url.rsplit('/').next().unwrap();
        let run = |sql: &str| server.sql(database, sql).unwrap();
        run(&Dialect::Postgres.text(VERSIONS));
        for step in &steps[..version] {
            run(&step.sql);
            let hash: String = step.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
            run(&format!("INSERT INTO schema_version VALUES ({}, '\\x{hash}', 0)", step.n));
        }
        run(
            "INSERT INTO conversation (id, kind, protection, rules_version, last_seq, logged_seq, members, wrapped_key,
                details_seq, created)
                VALUES ('\\x01010101010101010101010101010101', 'group', 'open', 1, 1, 0, 0, '\\x00', 0, 5)",
        );
        run("INSERT INTO entry (conversation, seq, kind, client_id, written, refers_to, blobs, body, leaf)
                VALUES ('\\x01010101010101010101010101010101', 1, 2, '\\x0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 5, 0, '', '\\xb0',
                '\\x1e')");
        let store = postgres::connect(&url).await.unwrap();
        assert_eq!(lines(&url), lines(&fresh), "version {version}");
        let kept = rows(&store, 1).await;
        assert_eq!(kept.iter().map(|row| (row.seq, row.leaf.clone())).collect::<Vec<_>>(), [(1, vec![0x1e])]);
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_make_one_schema_and_a_newer_one_is_refused() {
    let server = Postgres::start().unwrap();
    let url = server.database().unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..5 {
        let url = url.clone();
        tasks.spawn(async move { postgres::connect(&url).await.map(drop) });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    let made_together = server.schema(&url).unwrap();
    assert!(made_together.contains("CREATE TABLE public.entry"));
    let (_store, fresh) = connected(&server).await;
    let strip = |text: String| text.lines().filter(|l| !l.starts_with('\\')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(strip(made_together), strip(server.schema(&fresh).unwrap()));

    let database = url.rsplit('/').next().unwrap();
    server.sql(database, "INSERT INTO schema_version VALUES (999, '', 0)").unwrap();
    let error = postgres::connect(&url).await.expect_err("refused").to_string();
    assert!(error.contains("start the newer program") || error.contains("not noted"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_found() {
    let server = Postgres::start().unwrap();
    let (store, url) = connected(&server).await;
    store.append(founding(1)).await.unwrap();
    let database = url.rsplit('/').next().unwrap();
    server.sql(database, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'session_seen'::regclass").unwrap();
    assert_eq!(store.integrity().await.unwrap(), ["index session_seen: not valid"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_required_to_name_the_server_by_a_trusted_chain() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Some((signed.cert.pem(), signed.signing_key.serialize_pem()));
    let server = Postgres::start_with(PostgresOptions { tls, ..PostgresOptions::default() }).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, signed.cert.pem()).unwrap();
    let other = folder.path().join("other.pem");
    let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&other, stranger.cert.pem()).unwrap();

    let address = |host: &str, file: &std::path::Path| {
        let url = server.url().replace("127.0.0.1", host);
        format!("{url}?sslmode=require&sslrootcert={}", file.display())
    };
    let store = postgres::connect(&address("localhost", &trusted)).await.unwrap();
    store.check().await.unwrap();
    let encrypted =
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'rempart'";
    assert_eq!(server.sql("postgres", encrypted).unwrap(), "t\n");

    let told = async |address: String| {
        let error = postgres::connect(&address).await.expect_err("refused");
        Chain(&error).to_string()
    };
    let unknown = told(address("localhost", &other)).await;
    assert!(unknown.contains("UnknownIssuer") || unknown.contains("invalid peer certificate"), "{unknown}");
    let misnamed = told(address("127.0.0.1", &trusted)).await;
    assert!(misnamed.contains("not valid for name"), "{misnamed}");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    assert!(told(address("localhost", &empty)).await.contains("name a PEM file"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_say_what_to_do_and_never_the_password() {
    let server = Postgres::start().unwrap();
    postgres::connect(&server.socket_url()).await.unwrap().check().await.unwrap();
    let with = |query: &str| format!("{}?{query}", server.url().replace("rempart@", "rempart:wr0ng@"));
    let check = async |address: String, expected: &str| {
        let error = postgres::connect(&address).await.expect_err("refused");
        let told = format!("{} {error:?}", Chain(&error));
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("wr0ng"), "{told}");
    };
    check(with("sslmode=prefer"), "require (always verified) or disable").await;
    check(with("sslmode=require"), "cannot be reached").await;
    check(with("slmode=require"), "unknown").await;
    check(with("sslrootcert=/nonexistent&sslmode=require"), "/nonexistent").await;
    check("mysql://rempart:wr0ng@host/db".into(), "write postgresql://").await;
    check("host=db password=wr0ng".into(), "write postgresql://").await;
    check("postgresql://rempart:wr0ng@127.0.0.1:9/db".into(), "PostgreSQL at 127.0.0.1:9 cannot be reached").await;
    check("postgresql:///db?user=rempart&password=wr0ng&host=/run&sslmode=require".into(), "socket").await;
    check(server.url().replace("/postgres", "/absent"), "does not exist").await;
    // A server elsewhere gets no password in the clear unless that is written out.
    check("postgresql://rempart:wr0ng@192.0.2.1/db?sslrootcert=/nonexistent".into(), "/nonexistent").await;
}
