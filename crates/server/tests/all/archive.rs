//! The archive: whatever somebody with the database in hand alters, `archive verify` names it.

use std::path::Path;

use rempart_testkit::client::client_id;
use rempart_testkit::server::Server;
use rusqlite::{Connection, params};
use serde_json::json;

use crate::house::{House, Where, create, options, say};

/// Waits until all entries have their position; gives what was said.
pub(crate) async fn settled(server: &Server) -> String {
    for _ in 0..100 {
        let (well, said) = server.verify().await.unwrap();
        assert!(well, "{said}");
        if said.contains(", 0 waiting") {
            return said;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("entries wait for their position for more than 10 s");
}

fn database(data: &Path) -> Connection {
    Connection::open(data.join("rempart.db")).unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
}

/// A stopped server with twelve messages and one erased, and the conversation.
async fn written() -> (House, Where) {
    let mut house = House::new().await;
    let iris = house.member("iris", "Iris Le Goff").await;
    let here = create(&iris, "direct", "", &[&house.owner]).await;
    for n in 0..12 {
        say(&iris, here, &format!("message {n}")).await;
    }
    let erase = json!({ "conversation": here, "seq": 5, "client_id": client_id() });
    iris.client.command("messages.erase", erase).await.unwrap();
    let said = settled(&house.server).await;
    assert!(
        said.contains("14 entries in the log, 1 conversations") && said.contains("1 with an erased body"),
        "{said}"
    );
    house.server.stop().await.unwrap();
    (house, here)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_alter_the_store_is_named() {
    let (house, here) = written().await;
    let id = *here.0.as_bytes();
    // What is done to the database, and what must be said. Entry n of the only conversation has position n - 1.
    type Act = Box<dyn Fn(&Connection) -> rusqlite::Result<usize>>;
    let on_entry = |sql: &'static str| -> Act { Box::new(move |db: &Connection| db.execute(sql, params![id])) };
    let plain = |sql: &'static str| -> Act { Box::new(move |db: &Connection| db.execute(sql, [])) };
    let cases: Vec<(&str, Act, &[&str])> = vec![
        (
            "a body altered",
            on_entry(
                "UPDATE entry SET body = CAST(substr(body, 1, length(body) - 1) || \
                 CASE substr(body, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE conversation = ?1 AND seq = 7",
            ),
            &["position 6", "entry 7"],
        ),
        (
            "a body in the place of another",
            on_entry(
                "UPDATE entry SET body = (SELECT o.body FROM entry o WHERE o.conversation = ?1 AND o.seq = 8) \
                 WHERE conversation = ?1 AND seq = 7",
            ),
            &["position 6"],
        ),
        (
            "a body emptied",
            on_entry("UPDATE entry SET body = NULL WHERE conversation = ?1 AND seq = 9"),
            &["position 8"],
        ),
        ("a row deleted", on_entry("DELETE FROM entry WHERE conversation = ?1 AND seq = 10"), &["position 9"]),
        ("the last row deleted", on_entry("DELETE FROM entry WHERE conversation = ?1 AND seq = 14"), &["position 13"]),
        (
            "a row put in",
            on_entry(
                "INSERT INTO entry SELECT conversation, 15, kind, account, device, randomblob(16), written, refers_to, blobs, \
                 body, leaf, epoch FROM entry WHERE conversation = ?1 AND seq = 14",
            ),
            &["past its last number"],
        ),
        (
            "an epoch altered",
            on_entry("UPDATE entry SET epoch = randomblob(32) WHERE conversation = ?1 AND seq = 5"),
            &["position 4"],
        ),
        (
            "a leaf altered",
            on_entry(
                "UPDATE entry SET leaf = CAST(substr(leaf, 1, length(leaf) - 1) || \
                 CASE substr(leaf, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE conversation = ?1 AND seq = 3",
            ),
            &["position 2"],
        ),
        (
            "a sender altered",
            on_entry("UPDATE entry SET device = randomblob(16) WHERE conversation = ?1 AND seq = 4"),
            &["position 3"],
        ),
        (
            "a time altered",
            on_entry("UPDATE entry SET written = written - 1 WHERE conversation = ?1 AND seq = 6"),
            &["position 5"],
        ),
        ("a kind altered", on_entry("UPDATE entry SET kind = 3 WHERE conversation = ?1 AND seq = 6"), &["position 5"]),
        (
            "two rows exchanged",
            on_entry(
                "UPDATE entry SET seq = CASE seq WHEN 11 THEN -12 WHEN 12 THEN -11 END WHERE conversation = ?1 AND seq IN (11, 12)",
            ),
            &["position 10", "position 11"],
        ),
        (
            "the erasure's record deleted and the count corrected",
            Box::new(move |db| {
                db.execute("DELETE FROM entry WHERE conversation = ?1 AND seq = 14", params![id])?;
                db.execute("UPDATE conversation SET last_seq = 13, logged_seq = 13 WHERE id = ?1", params![id])?;
                db.execute("UPDATE log_run SET length = length - 1 WHERE first_seq + length = 15", [])?;
                db.execute("UPDATE log_state SET size = 13", [])
            }),
            &["checkpoint"],
        ),
        ("the log's state altered", plain("UPDATE log_state SET size = size - 1"), &["log"]),
        (
            "the checkpoint's signature altered",
            plain(
                "UPDATE log_state SET checkpoint = substr(checkpoint, 1, length(checkpoint) - 6) || 'AAAA=' || char(10)",
            ),
            &["checkpoint"],
        ),
        (
            "a tile altered",
            plain(
                "UPDATE tile SET hashes = CAST(CASE substr(hashes, 1, 1) WHEN x'00' THEN x'01' ELSE x'00' END || \
                 substr(hashes, 2) AS BLOB) WHERE level = 0 AND place = 0",
            ),
            &["position 0"],
        ),
        ("a conversation deleted", on_entry("DELETE FROM conversation WHERE id = ?1"), &["conversation"]),
        ("a run deleted", plain("DELETE FROM log_run WHERE position = 0"), &["position"]),
    ];
    let folder = house.server.data().parent().unwrap().join("cases");
    for (n, (what, act, said)) in cases.into_iter().enumerate() {
        let data = folder.join(n.to_string());
        copy(house.server.data(), &data);
        let db = database(&data);
        if what == "two rows exchanged" {
            assert_eq!(act(&db).unwrap(), 2);
            db.execute("UPDATE entry SET seq = -seq WHERE seq < 0", []).unwrap();
        } else {
            assert!(act(&db).unwrap() > 0, "{what}: nothing was altered");
        }
        drop(db);
        let server = Server::prepare(options(), data, house.server.secrets().to_owned());
        let (well, printed) = server.verify().await.unwrap();
        assert!(!well, "{what} is not noticed: {printed}");
        for word in said {
            assert!(printed.to_lowercase().contains(word), "{what}: {word:?} is not named: {printed}");
        }
    }
    // Nothing done: nothing found.
    let (well, printed) = house.server.verify().await.unwrap();
    assert!(well, "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_folders_is_the_server() {
    let (house, here) = written().await;
    let folder = house.server.data().parent().unwrap().join("copy");
    copy(house.server.data(), &folder.join("data"));
    copy(house.server.secrets(), &folder.join("secrets"));
    let mut again = Server::prepare(options(), folder.join("data"), folder.join("secrets"));
    again.resume().await.unwrap();
    house.owner.client.go_to(again.target().unwrap()).await;
    let asked = json!({ "conversation": here, "after": 0, "limit": 200 });
    let page = house.owner.client.command("journal.read", asked).await.unwrap();
    assert_eq!(page["entries"].as_array().unwrap().len(), 14);
    again.stop().await.unwrap();
    // Without its keys it does not start on that data, and says why.
    let mut keyless = Server::prepare(options(), folder.join("data"), folder.join("none"));
    assert!(keyless.resume().await.is_err());
    assert!(keyless.output().contains("key"), "{}", keyless.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_verified_while_people_write_is_well() {
    let house = House::new().await;
    let iris = house.member("iris", "Iris Le Goff").await;
    let here = create(&iris, "direct", "", &[&house.owner]).await;
    let writing = async {
        for n in 0..150 {
            say(&iris, here, &format!("message {n}")).await;
        }
    };
    let verifying = async {
        for _ in 0..6 {
            let (well, said) = house.server.verify().await.unwrap();
            assert!(well, "{said}");
        }
    };
    tokio::join!(writing, verifying);
}
