//! What was acknowledged is there: once, in order, provably, however often the server is killed.
//!
//! Twenty clients write into shared conversations, a few entries at a time, and listen. The server is killed with SIGKILL
//! at moments drawn by chance, also while it starts. Each client comes back, sends what was not acknowledged with the same
//! ids, and reads what it missed. `REMPART_KILLS` says how many kills (10).

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rempart_base::ConversationId;
use rempart_testkit::client::catcher::check_entry;
use rempart_testkit::client::session::Person;
use rempart_testkit::client::{Catcher, Client, Failure, Feed, Target};
use rempart_testkit::server::{Cluster, Server};
use rempart_wire::feed::Frame;
use rempart_wire::journal::{Entry, Receipt};
use serde_json::{Value, json};

use crate::archive::settled;
use crate::house::{House, Where, create, options, owner, post, text};

/// Clients that write.
const WRITERS: usize = 20;
/// Conversations that they share.
const SHARED: usize = 4;
/// Entries that a client has under way at once.
const AT_ONCE: usize = 3;
/// How long a client looks for a server that answers.
const PATIENCE: Duration = Duration::from_secs(60);

fn kills() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "the one knob of these tests")]
    let wanted = std::env::var("REMPART_KILLS");
    wanted.map_or(10, |kills| kills.parse().unwrap())
}

/// A number below `end`, by chance.
fn chance(end: u64) -> u64 {
    RandomState::new().build_hasher().finish() % end
}

/// An entry that was acknowledged.
struct Acknowledged {
    conversation: Where,
    content: Vec<u8>,
    receipt: Receipt,
}

/// What all clients share.
struct Load {
    conversations: Vec<Where>,
    stop: AtomicBool,
    acknowledged: AtomicU64,
    retried: AtomicU64,
}

/// A client that writes, listens and comes back.
struct Writer {
    number: usize,
    client: Client,
    /// Where a server may be.
    targets: Vec<Target>,
    at: usize,
    catcher: Catcher,
    acknowledged: Vec<Acknowledged>,
    written: usize,
}

impl Writer {
    /// Opens a feed at whichever server answers, and reads what was missed.
    async fn open(&mut self, load: &Load) -> Feed {
        let began = Instant::now();
        loop {
            let attempt = async {
                let feed = Feed::open(&self.client).await?;
                for conversation in &load.conversations {
                    let known = feed.welcome.conversations.iter().find(|c| c.conversation == *conversation);
                    let last = known.expect("a conversation that one belongs to").last_seq;
                    self.catcher.catch_up_on(&feed, conversation.0, last).await?;
                }
                Ok::<_, Failure>(feed)
            };
            match attempt.await {
                Ok(feed) => return feed,
                // Only a line that breaks is a reason to try again; a refusal of one who is signed in is a loss.
                Err(Failure::Refused(problem)) if problem.incident.is_none() && problem.status != 503 => {
                    panic!("writer {}: {problem:?}", self.number)
                }
                Err(failure) => {
                    let message = failure.to_string();
                    assert!(!message.contains(" came where "), "writer {}: {message}", self.number);
                    assert!(began.elapsed() < PATIENCE, "writer {}: no server answers: {message}", self.number);
                    self.at = (self.at + 1) % self.targets.len();
                    self.client.go_to(self.targets[self.at].clone()).await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Takes live entries that have come.
    async fn listen(&mut self, feed: &Feed) {
        for frame in feed.drain().await {
            if let Frame::Entry { conversation, entry } = frame {
                self.catcher.take(conversation.0, entry).unwrap();
            }
        }
    }

    async fn run(mut self, load: Arc<Load>) -> Self {
        let mut feed = self.open(&load).await;
        while !load.stop.load(Ordering::Relaxed) {
            let mut batch: Vec<(Where, Vec<u8>, Value)> = (0..AT_ONCE)
                .map(|_| {
                    self.written += 1;
                    let conversation = load.conversations[(self.number + self.written) % load.conversations.len()];
                    let content = text(&format!("writer {} entry {}", self.number, self.written));
                    (conversation, content.clone(), post(conversation, &content))
                })
                .collect();
            while !batch.is_empty() {
                let asked = batch.iter().map(|(_, _, params)| feed.ask::<Receipt>("messages.post", params));
                let outcomes = futures_util::future::join_all(asked).await;
                let mut left = Vec::new();
                for ((conversation, content, params), outcome) in batch.into_iter().zip(outcomes) {
                    match outcome {
                        Ok(receipt) => {
                            load.acknowledged.fetch_add(1, Ordering::Relaxed);
                            self.acknowledged.push(Acknowledged { conversation, content, receipt });
                        }
                        Err(Failure::Refused(problem)) if problem.incident.is_none() && problem.status != 503 => {
                            panic!("writer {}: {problem:?}", self.number)
                        }
                        Err(_) => left.push((conversation, content, params)),
                    }
                }
                batch = left;
                self.listen(&feed).await;
                if !batch.is_empty() {
                    load.retried.fetch_add(u64::try_from(batch.len()).unwrap(), Ordering::Relaxed);
                    drop(feed);
                    feed = self.open(&load).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // What others wrote last comes too.
        feed = self.open(&load).await;
        drop(feed);
        self
    }
}

async fn people(owner: &Person) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..WRITERS {
        people.push(owner.invite("member", &format!("writer{n}"), &format!("Écrivain {n}")).await.unwrap());
    }
    people
}

async fn begin(owner: &Person, targets: &[Target]) -> (Arc<Load>, Vec<Writer>) {
    let people = people(owner).await;
    let others: Vec<&Person> = people.iter().collect();
    let mut conversations = Vec::new();
    for n in 0..SHARED {
        conversations.push(create(owner, "group", &format!("Partagé {n}"), &others).await);
    }
    let load = Load {
        conversations,
        stop: AtomicBool::new(false),
        acknowledged: AtomicU64::new(0),
        retried: AtomicU64::new(0),
    };
    let mut writers = Vec::new();
    for (number, person) in people.into_iter().enumerate() {
        let at = number % targets.len();
        person.client.go_to(targets[at].clone()).await;
        let mut catcher = Catcher::default();
        load.conversations.iter().for_each(|c| catcher.begin(c.0, 0));
        writers.push(Writer {
            number,
            client: person.client,
            targets: targets.to_vec(),
            at,
            catcher,
            acknowledged: Vec::new(),
            written: 0,
        });
    }
    // Members of a group read from where they came in: the first entry, which brought all of them.
    (Arc::new(load), writers)
}

/// Kills, waits, starts again; gives how long each start took.
async fn kill(server: &mut Server) -> Duration {
    server.kill().await.unwrap();
    tokio::time::sleep(Duration::from_millis(chance(50))).await;
    if chance(4) == 0 {
        // Also while it starts: before it is ready, or just as it is.
        drop(tokio::time::timeout(Duration::from_millis(chance(400)), server.resume()).await);
        server.kill_if_running().await.unwrap();
    }
    server.resume().await.unwrap();
    server.took()
}

/// Every acknowledged entry is in the journal, once, at the number told, and every client saw the same journal.
async fn check(owner: &Person, load: &Load, writers: Vec<Writer>) -> usize {
    let mut whole = Catcher::default();
    let feed = Feed::open(&owner.client).await.unwrap();
    for conversation in &load.conversations {
        whole.begin(conversation.0, 0);
        let last = feed.welcome.conversations.iter().find(|c| c.conversation == *conversation).unwrap().last_seq;
        whole.catch_up_on(&feed, conversation.0, last).await.unwrap();
    }
    let entries = |conversation: ConversationId| -> &[Entry] { &whole.journal(conversation).unwrap().entries };
    let mut times: HashMap<_, u32> = HashMap::new();
    for conversation in &load.conversations {
        for entry in entries(conversation.0) {
            check_entry(conversation.0, entry).unwrap();
            *times.entry((entry.device, entry.client_id)).or_default() += 1;
        }
    }
    assert!(times.values().all(|times| *times == 1), "an entry stands twice");
    let mut total = 0;
    for writer in writers {
        let mut last: HashMap<Where, (usize, u64)> = HashMap::new();
        for (n, acknowledged) in writer.acknowledged.iter().enumerate() {
            let Acknowledged { conversation, content, receipt } = acknowledged;
            let index = usize::try_from(receipt.seq).unwrap() - 1;
            let entry = entries(conversation.0).get(index).expect("an acknowledged entry is there");
            assert_eq!(entry.seq, receipt.seq);
            assert_eq!(&entry.content.as_ref().unwrap().0, content, "writer {} entry {n}", writer.number);
            assert_eq!((&entry.leaf, entry.time), (&receipt.leaf, receipt.time));
            // What was sent after an acknowledgement stands after what it acknowledged.
            let (batch, highest) = last.get(conversation).copied().unwrap_or_default();
            assert!(batch == n / AT_ONCE || receipt.seq > highest, "writer {}: order", writer.number);
            last.insert(*conversation, (n / AT_ONCE, receipt.seq.max(highest)));
            total += 1;
        }
        for conversation in &load.conversations {
            let seen = &writer.catcher.journal(conversation.0).unwrap().entries;
            let there = entries(conversation.0);
            assert!(!seen.is_empty() && seen.len() <= there.len());
            assert!(
                seen.iter().zip(there).all(|(a, b)| a.seq == b.seq && a.leaf == b.leaf),
                "another journal was seen"
            );
        }
    }
    total
}

fn report(what: &str, kills: u32, load: &Load, began: Instant, starts: &[Duration], verified: &str) {
    let longest = starts.iter().max().copied().unwrap_or_default();
    let figures = json!({
        "test": what, "kills": kills, "seconds": began.elapsed().as_secs(),
        "acknowledged": load.acknowledged.load(Ordering::Relaxed), "sent_again": load.retried.load(Ordering::Relaxed),
        "longest_start_ms": u64::try_from(longest.as_millis()).unwrap(), "verify": verified.trim(),
    });
    println!("{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_killed_while_twenty_write() {
    let mut house = House::new().await;
    let (load, writers) = begin(&house.owner, &[house.server.target().unwrap()]).await;
    let began = Instant::now();
    let running: Vec<_> = writers.into_iter().map(|writer| tokio::spawn(writer.run(Arc::clone(&load)))).collect();
    let mut starts = Vec::new();
    for _ in 0..kills() {
        tokio::time::sleep(Duration::from_millis(50 + chance(450))).await;
        starts.push(kill(&mut house.server).await);
        // A broken writer ends the test now, not after the last kill.
        assert!(running.iter().all(|task| !task.is_finished()), "a writer gave up");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    load.stop.store(true, Ordering::Relaxed);
    let mut writers = Vec::new();
    for task in running {
        writers.push(task.await.unwrap());
    }
    let total = check(&house.owner, &load, writers).await;
    assert!(total > 100, "{total} entries are too few to mean anything");
    settled(&house.server).await;
    house.server.stop().await.unwrap();
    let (well, said) = house.server.verify().await.unwrap();
    assert!(well, "{said}");
    report("embedded", kills(), &load, began, &starts, &said);
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_nodes_killed_while_twenty_write() {
    let mut cluster = Cluster::start(options(), 2).await.unwrap();
    let owner = owner(&cluster).await;
    let targets: Vec<Target> = cluster.nodes.iter().map(|node| node.target().unwrap()).collect();
    let (load, writers) = begin(&owner, &targets).await;
    let began = Instant::now();
    let running: Vec<_> = writers.into_iter().map(|writer| tokio::spawn(writer.run(Arc::clone(&load)))).collect();
    let mut starts = Vec::new();
    for _ in 0..kills() {
        tokio::time::sleep(Duration::from_millis(100 + chance(700))).await;
        let node = usize::try_from(chance(2)).unwrap();
        starts.push(kill(&mut cluster.nodes[node]).await);
        assert!(running.iter().all(|task| !task.is_finished()), "a writer gave up");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    load.stop.store(true, Ordering::Relaxed);
    let mut writers = Vec::new();
    for task in running {
        writers.push(task.await.unwrap());
    }
    let total = check(&owner, &load, writers).await;
    assert!(total > 100, "{total} entries are too few to mean anything");
    settled(&cluster.nodes[1]).await;
    for node in &mut cluster.nodes {
        node.stop().await.unwrap();
    }
    let (well, said) = cluster.nodes[0].verify().await.unwrap();
    assert!(well, "{said}");
    report("cluster", kills(), &load, began, &starts, &said);
}
