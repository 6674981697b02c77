//! The bus over a real NATS server.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rempart_base::{Chain, ConversationId, NodeId};
use rempart_cluster::NatsBus;
use rempart_ports::Bus;
use rempart_ports::bus::{MAX_SIGNAL, QUEUE, Ring, Topic};
use rempart_testkit::services::Nats;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

fn conversation(n: u8) -> Topic {
    Topic::Conversation(ConversationId::from_bytes([n; 16]))
}

#[expect(clippy::expect_used, reason = "a test fails by panicking")]
async fn next(rings: &mut Receiver<Ring>) -> Ring {
    timeout(SOON, rings.recv()).await.expect("a ring in time").expect("the queue is open")
}

#[expect(clippy::expect_used, reason = "a test fails by panicking")]
/// Rings until it is heard: what still waits may crowd out a signal, as a doorbell may.
async fn heard_again(bus: &NatsBus, topic: Topic, rings: &mut Receiver<Ring>) {
    let heard = async {
        loop {
            bus.publish(topic, Bytes::from_static(b"after"));
            let mut soon = std::pin::pin!(tokio::time::sleep(Duration::from_millis(100)));
            loop {
                tokio::select! {
                    ring = rings.recv() => {
                        if ring == Some(Ring::Signal(topic, Bytes::from_static(b"after"))) {
                            return;
                        }
                    }
                    () = &mut soon => break,
                }
            }
        }
    };
    timeout(SOON, heard).await.expect("signals are heard again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_watched_on_one_node_is_heard_from_another_at_once() {
    let server = Nats::start().unwrap();
    let (here, there) =
        (NatsBus::connect(&server.url()).await.unwrap(), NatsBus::connect(&server.url()).await.unwrap());
    let subscription = here.subscribe().await.unwrap();
    let mut rings = subscription.take_rings().unwrap();
    assert!(subscription.take_rings().is_none());
    // Each time on a new topic: `watch` alone must be enough for the very next signal of another connection.
    for n in 0..=255u8 {
        subscription.watch(conversation(n)).await.unwrap();
        there.publish(conversation(n), Bytes::copy_from_slice(&[n]));
        assert_eq!(next(&mut rings).await, Ring::Signal(conversation(n), Bytes::copy_from_slice(&[n])));
    }
    subscription.unwatch(conversation(7)).await;
    subscription.watch(Topic::All).await.unwrap();
    subscription.watch(Topic::Node(NodeId::from_bytes([7; 16]))).await.unwrap();
    there.publish(conversation(7), Bytes::from_static(b"unheard"));
    there.publish(Topic::All, Bytes::from(vec![1; MAX_SIGNAL + 1]));
    there.publish(Topic::All, Bytes::from(vec![1; MAX_SIGNAL]));
    assert_eq!(next(&mut rings).await, Ring::Signal(Topic::All, Bytes::from(vec![1; MAX_SIGNAL])));
    here.publish(Topic::Node(NodeId::from_bytes([7; 16])), Bytes::new());
    assert_eq!(next(&mut rings).await, Ring::Signal(Topic::Node(NodeId::from_bytes([7; 16])), Bytes::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_went_away_and_came_back_is_a_gap_on_every_node() {
    let mut server = Nats::start().unwrap();
    let nodes = [NatsBus::connect(&server.url()).await.unwrap(), NatsBus::connect(&server.url()).await.unwrap()];
    let mut queues = Vec::new();
    for node in &nodes {
        let subscription = node.subscribe().await.unwrap();
        subscription.watch(Topic::All).await.unwrap();
        queues.push((Arc::clone(&subscription), subscription.take_rings().unwrap()));
    }
    nodes[0].check().await.unwrap();
    server.stop();
    assert!(nodes[0].check().await.unwrap_err().to_string().contains("reach the bus"));
    for _ in 0..3 * QUEUE {
        nodes[0].publish(Topic::All, Bytes::from_static(b"while it is away"));
    }
    assert!(queues[0].0.watch(conversation(1)).await.unwrap_err().to_string().contains("reach the bus"));
    server.resume().unwrap();
    for (subscription, rings) in &mut queues {
        while next(rings).await != Ring::Gap {}
        nodes[0].check().await.unwrap();
        subscription.watch(conversation(2)).await.unwrap();
    }
    // Both connections are back by now.
    for (_, rings) in &mut queues {
        heard_again(&nodes[0], conversation(2), rings).await;
    }
}

#[tokio::test]
async fn refusals_say_what_to_do_and_never_the_password() {
    let server = Nats::start_with_login("rempart", "s3cr3t/+").unwrap();
    let address = |login: &str| server.url().replace("//", &format!("//{login}"));
    NatsBus::connect(&address("rempart:s3cr3t%2F+@")).await.map(drop).unwrap();

    let check = async |address: String, expected: &str| {
        let error = NatsBus::connect(&address).await.err().expect("refused");
        let told = format!("{} {error:?}", Chain(&error));
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("wr0ng") && !told.contains("s3cr3t"), "{told}");
    };
    check(address("rempart:wr0ng@"), "authorization violation").await;
    check(server.url(), "authorization violation").await;
    check("nats://rempart:wr0ng@192.0.2.1".into(), "write tls://").await;
    check("http://rempart:wr0ng@127.0.0.1".into(), "write nats://host:4222").await;
    check("nats://rempart:wr0ng@127.0.0.1?cert=x".into(), "unknown option").await;
    check("tls://rempart:wr0ng@127.0.0.1?ca=/nonexistent".into(), "/nonexistent").await;
    check("nats://127.0.0.1:9".into(), "NATS at 127.0.0.1:9 cannot be reached").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_required_to_name_the_server_by_a_trusted_chain() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let server =
        Nats::start_with_tls("rempart", "s3cr3t", &signed.cert.pem(), &signed.signing_key.serialize_pem()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, pem: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    };
    let (trusted, other) = (file("ca.pem", signed.cert.pem()), file("other.pem", stranger.cert.pem()));
    let address = |login: &str, ca: &str| format!("{}?ca={ca}", server.url().replace("//", &format!("//{login}")));

    let (here, there) = (
        NatsBus::connect(&address("rempart:s3cr3t@", &trusted)).await.unwrap(),
        NatsBus::connect(&address("rempart:s3cr3t@", &trusted)).await.unwrap(),
    );
    let subscription = here.subscribe().await.unwrap();
    let mut rings = subscription.take_rings().unwrap();
    subscription.watch(conversation(1)).await.unwrap();
    there.publish(conversation(1), Bytes::from_static(b"over TLS"));
    assert_eq!(next(&mut rings).await, Ring::Signal(conversation(1), Bytes::from_static(b"over TLS")));

    for (address, expected) in [
        (address("rempart:s3cr3t@", &other), "invalid peer certificate"),
        (address("rempart:s3cr3t@", &trusted).replace("localhost", "127.0.0.1"), "not valid for name"),
        (address("rempart:wr0ng@", &trusted), "authorization violation"),
        // Without TLS: the server asks for it, and its answer is not believed either.
        (address("", &other).replace("tls://", "nats://"), "cannot be reached"),
    ] {
        let error = NatsBus::connect(&address).await.err().expect("refused");
        let told = format!("{} {error:?}", Chain(&error));
        assert!(told.contains(expected), "{expected}: {told}");
        assert!(!told.contains("s3cr3t") && !told.contains("wr0ng"), "{told}");
    }
}

#[expect(clippy::unwrap_used, reason = "a case without its server fails")]
async fn make() -> (Arc<dyn Bus>, Nats) {
    let server = Nats::start().unwrap();
    let bus = NatsBus::connect(&server.url()).await.unwrap();
    (Arc::new(bus), server)
}

rempart_ports::bus_contract!(crate::make);
