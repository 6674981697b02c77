//! Cases of [`Bus`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rempart_base::{AccountId, ConversationId, NodeId};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use crate::bus::{Bus, MAX_SIGNAL, QUEUE, Ring, Subscription, Topic};

const ROOM: Topic = Topic::Conversation(ConversationId::from_bytes([1; 16]));
const OTHER: Topic = Topic::Conversation(ConversationId::from_bytes([2; 16]));

/// A signal of its own, for the end of a case: what comes before it has been heard.
const END: Topic = Topic::All;

async fn listener(bus: &dyn Bus, topics: &[Topic]) -> (Arc<dyn Subscription>, Receiver<Ring>) {
    let subscription = bus.subscribe().await.unwrap();
    for topic in topics {
        subscription.watch(*topic).await.unwrap();
    }
    let rings = subscription.take_rings().unwrap();
    (subscription, rings)
}

async fn next(rings: &mut Receiver<Ring>) -> Ring {
    timeout(Duration::from_secs(10), rings.recv()).await.expect("nothing was heard").expect("the queue ended")
}

fn signal(topic: Topic, words: &'static str) -> Ring {
    Ring::Signal(topic, Bytes::from_static(words.as_bytes()))
}

/// Rings `END` and gives what was heard before it, or soon after: signals of different topics keep no order.
async fn heard(bus: &dyn Bus, rings: &mut Receiver<Ring>) -> Vec<Ring> {
    bus.publish(END, Bytes::from_static(b"end"));
    let mut heard = Vec::new();
    loop {
        match next(rings).await {
            Ring::Signal(END, _) => break,
            ring => heard.push(ring),
        }
    }
    while let Ok(Some(ring)) = timeout(Duration::from_millis(200), rings.recv()).await {
        heard.push(ring);
    }
    heard
}

/// What is published after `watch` returned is heard, as it was published.
pub async fn what_is_watched_is_heard(bus: Arc<dyn Bus>) {
    let (_subscription, mut rings) = listener(&*bus, &[ROOM]).await;
    bus.publish(ROOM, Bytes::from_static(b"\0\xff ding"));
    assert_eq!(next(&mut rings).await, Ring::Signal(ROOM, Bytes::from_static(b"\0\xff ding")));
}

/// Nothing else is heard.
pub async fn what_is_not_watched_is_not_heard(bus: Arc<dyn Bus>) {
    let (_subscription, mut rings) = listener(&*bus, &[ROOM, END]).await;
    bus.publish(OTHER, Bytes::from_static(b"not for us"));
    bus.publish(ROOM, Bytes::from_static(b"for us"));
    assert_eq!(heard(&*bus, &mut rings).await, [signal(ROOM, "for us")]);
}

/// After `unwatch` the topic is heard no longer, others are.
pub async fn what_is_unwatched_is_heard_no_longer(bus: Arc<dyn Bus>) {
    let (subscription, mut rings) = listener(&*bus, &[ROOM, OTHER, END]).await;
    subscription.unwatch(ROOM).await;
    bus.publish(ROOM, Bytes::from_static(b"gone"));
    bus.publish(OTHER, Bytes::from_static(b"here"));
    assert_eq!(heard(&*bus, &mut rings).await, [signal(OTHER, "here")]);
    subscription.watch(ROOM).await.unwrap();
    bus.publish(ROOM, Bytes::from_static(b"back"));
    assert_eq!(heard(&*bus, &mut rings).await, [signal(ROOM, "back")]);
}

/// Two subscriptions of one topic both hear; one that ended does not disturb the other.
pub async fn every_subscription_hears(bus: Arc<dyn Bus>) {
    let (_first, mut one) = listener(&*bus, &[ROOM]).await;
    let (second, mut two) = listener(&*bus, &[ROOM]).await;
    bus.publish(ROOM, Bytes::from_static(b"both"));
    assert_eq!(next(&mut one).await, signal(ROOM, "both"));
    assert_eq!(next(&mut two).await, signal(ROOM, "both"));
    drop((second, two));
    bus.publish(ROOM, Bytes::from_static(b"one"));
    assert_eq!(next(&mut one).await, signal(ROOM, "one"));
}

/// The same bytes as conversation, account or node are three topics.
pub async fn every_topic_is_its_own(bus: Arc<dyn Bus>) {
    let id = [7; 16];
    let topics = [
        Topic::Conversation(ConversationId::from_bytes(id)),
        Topic::Account(AccountId::from_bytes(id)),
        Topic::Node(NodeId::from_bytes(id)),
        Topic::All,
    ];
    for topic in topics {
        let (_subscription, mut rings) = listener(&*bus, &[topic]).await;
        for published in topics {
            bus.publish(published, Bytes::from_static(b"ding"));
        }
        bus.publish(topic, Bytes::from_static(b"last"));
        assert_eq!(next(&mut rings).await, signal(topic, "ding"));
        assert_eq!(next(&mut rings).await, signal(topic, "last"));
    }
}

/// One publisher's signals are heard in its order.
pub async fn rings_come_in_order(bus: Arc<dyn Bus>) {
    let (_subscription, mut rings) = listener(&*bus, &[ROOM]).await;
    for n in 0..100u8 {
        bus.publish(ROOM, Bytes::from(vec![n]));
    }
    for n in 0..100u8 {
        assert_eq!(next(&mut rings).await, Ring::Signal(ROOM, Bytes::from(vec![n])));
    }
}

/// The queue is given once.
pub async fn the_queue_is_taken_once(bus: Arc<dyn Bus>) {
    let subscription = bus.subscribe().await.unwrap();
    assert!(subscription.take_rings().is_some());
    assert!(subscription.take_rings().is_none());
}

/// More than the queue holds, with nobody reading: what is heard ends with a gap, and after it signals are heard again.
pub async fn overflow_is_a_gap_never_silence(bus: Arc<dyn Bus>) {
    let (_subscription, mut rings) = listener(&*bus, &[ROOM]).await;
    let many = 2 * QUEUE as u64;
    for n in 0..many {
        bus.publish(ROOM, Bytes::from(n.to_be_bytes().to_vec()));
    }
    // A bus between machines delivers a moment later; a reader that begins before then may keep up.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut heard = 0u64;
    loop {
        match next(&mut rings).await {
            Ring::Gap => break,
            Ring::Signal(_, bytes) => {
                assert_eq!(bytes, heard.to_be_bytes().as_slice(), "a signal was lost before the gap told so");
                heard += 1;
            }
        }
    }
    assert!(heard < many);
    while timeout(Duration::from_millis(300), rings.recv()).await.is_ok() {}
    bus.publish(ROOM, Bytes::from_static(b"after"));
    while next(&mut rings).await != signal(ROOM, "after") {}
}

/// One byte more than the greatest is dropped, the greatest is not.
pub async fn a_signal_that_is_too_large_is_dropped(bus: Arc<dyn Bus>) {
    let (_subscription, mut rings) = listener(&*bus, &[ROOM, END]).await;
    bus.publish(ROOM, Bytes::from(vec![1; MAX_SIGNAL + 1]));
    bus.publish(ROOM, Bytes::from(vec![2; MAX_SIGNAL]));
    assert_eq!(heard(&*bus, &mut rings).await, [Ring::Signal(ROOM, Bytes::from(vec![2; MAX_SIGNAL]))]);
}
