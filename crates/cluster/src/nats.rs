//! The doorbell over core NATS: subjects `rempart.conv.<id>`, `rempart.acct.<id>`, `rempart.node.<id>`, `rempart.all`.
//!
//! What is published while a connection is down is lost, on this node or for another. Whoever comes back therefore rings
//! `rempart.gap`, which every subscription of every node hears as [`Ring::Gap`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use rempart_ports::bus::{Bus, BusError, MAX_SIGNAL, QUEUE, Ring, Subscription, Topic};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::ConnectError;
use crate::address::Address;
use crate::tls;

const SERVER: &str = "NATS";
const EXPECTED: &str = "write nats://host:4222, or tls://user:password@host:4222 (percent-encode user and password)";
/// Heard by every subscription: some signals may have been lost.
const GAP: &str = "rempart.gap";
/// For the first connection, and for each later attempt.
const CONNECT: Duration = Duration::from_secs(5);
/// How long to wait for the server to confirm, in all and for one attempt.
const CONFIRM: Duration = Duration::from_secs(5);
/// How long [`Bus::check`] waits for one.
const CHECK: Duration = Duration::from_secs(2);
const ECHO: Duration = Duration::from_secs(1);
/// Signals that may wait for the connection, either way. More than [`QUEUE`], so that a burst is told by the subscriber's own
/// queue, whose gap stands exactly where signals are missing.
const WAITING: usize = 4 * QUEUE;
/// Between attempts to come back.
const RECONNECT: Duration = Duration::from_millis(500);

fn subject(topic: Topic) -> String {
    match topic {
        Topic::Conversation(id) => format!("rempart.conv.{id}"),
        Topic::Account(id) => format!("rempart.acct.{id}"),
        Topic::Node(id) => format!("rempart.node.{id}"),
        Topic::All => "rempart.all".to_owned(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds these locks can stop half way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bus of a node: one connection for all its subscriptions.
pub struct NatsBus {
    outgoing: mpsc::Sender<(Topic, Bytes)>,
    shared: Arc<Shared>,
    tasks: Vec<AbortHandle>,
}

struct Shared {
    client: Client,
    /// Signals could not be sent: everybody must be told.
    overflowed: Notify,
    echoes: Echoes,
}

/// Messages that the server sends back to this connection. It handles a connection's commands in order, so an echo proves that
/// all commands before it are in force; the client's own flush only proves that they were written to the socket.
struct Echoes {
    inbox: String,
    waiting: Mutex<(u64, HashMap<u64, oneshot::Sender<()>>)>,
}

impl NatsBus {
    /// Connects to a server, and learns the others of its cluster from it.
    ///
    /// Address: `nats://host[:port]`, or `tls://…` for TLS; `user:password@` or `token@` before the host;
    /// `?ca=FILE` names a PEM file trusted in place of the system's certificates. A password without TLS is accepted only for a
    /// server on this machine. Later losses of the connection are mended by itself, and told as [`Ring::Gap`].
    ///
    /// # Errors
    /// When the address is not usable, the certificates cannot be read, or the server does not answer or refuses.
    pub async fn connect(address: &str) -> Result<Self, ConnectError> {
        let address = Address::parse(SERVER, address, &["nats", "tls"], "ca", EXPECTED)?;
        address.finish()?;
        if address.url.host_str().is_none_or(str::is_empty) {
            return Err(address.unusable(EXPECTED));
        }
        let encrypted = address.url.scheme() == "tls";
        if !encrypted && !address.user.is_empty() && !address.is_local() {
            return Err(address.unusable("a password must not travel without TLS: write tls:// in place of nats://"));
        }
        let (returned, returns) = mpsc::channel(1);
        let connected_before = AtomicBool::new(false);
        let mut options = ConnectOptions::new()
            .name("rempart")
            .connection_timeout(CONNECT)
            .reconnect_delay_callback(|attempt| if attempt <= 1 { Duration::ZERO } else { RECONNECT })
            .subscription_capacity(WAITING)
            .event_callback(move |event| {
                let lost = match event {
                    Event::Connected => connected_before.swap(true, Ordering::Relaxed),
                    Event::SlowConsumer(_) => true,
                    Event::Closed => {
                        tracing::error!(
                            "NATS refuses this node: it is not ready any more. Mend its login, then restart the node"
                        );
                        false
                    }
                    _ => false,
                };
                if lost {
                    // One that already waits stands for this one too.
                    let _ = returned.try_send(());
                }
                async {}
            });
        if encrypted {
            options = options.require_tls(true).tls_client_config(tls::config(SERVER, address.ca.as_deref())?);
        }
        options = match &address.password {
            Some(password) => options.user_and_password(address.user.clone(), password.expose().clone()),
            None if !address.user.is_empty() => options.token(address.user.clone()),
            None => options,
        };
        let client = options.connect(address.url.as_str()).await.map_err(|error| address.unreachable(error))?;
        let inbox = client.new_inbox();
        let echoed = client.subscribe(inbox.clone()).await.map_err(|error| address.unreachable(error))?;

        let echoes = Echoes { inbox, waiting: Mutex::default() };
        let shared = Arc::new(Shared { client, overflowed: Notify::new(), echoes });
        let (outgoing, queue) = mpsc::channel(WAITING);
        let tasks = vec![
            tokio::spawn(hear_echoes(Arc::clone(&shared), echoed)).abort_handle(),
            tokio::spawn(send(Arc::clone(&shared), queue)).abort_handle(),
        ];
        let mut bus = Self { outgoing, shared, tasks };
        bus.shared.confirm().await.map_err(|error| address.unreachable(error))?;
        bus.tasks.push(tokio::spawn(tell_gaps(Arc::clone(&bus.shared), returns)).abort_handle());
        Ok(bus)
    }
}

impl Drop for NatsBus {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Shared {
    /// Returns once the server has handled every command given before.
    async fn confirm(&self) -> Result<(), BusError> {
        let attempts = async {
            loop {
                let (sender, receiver) = oneshot::channel();
                let number = {
                    let mut waiting = lock(&self.echoes.waiting);
                    waiting.0 += 1;
                    let number = waiting.0;
                    waiting.1.insert(number, sender);
                    number
                };
                let payload = Bytes::copy_from_slice(&number.to_be_bytes());
                let echo = async {
                    self.client.publish(self.echoes.inbox.clone(), payload).await.is_ok()
                        && self.client.flush().await.is_ok()
                        && receiver.await.is_ok()
                };
                // An echo sent just before the connection broke never comes: ask again.
                let heard = timeout(ECHO, echo).await;
                lock(&self.echoes.waiting).1.remove(&number);
                if heard == Ok(true) {
                    return;
                }
                if heard == Ok(false) {
                    tokio::time::sleep(RECONNECT).await;
                }
            }
        };
        timeout(CONFIRM, attempts).await.map_err(|elapsed| BusError::Unreachable(elapsed.into()))
    }
}

async fn hear_echoes(shared: Arc<Shared>, mut echoed: Subscriber) {
    while let Some(message) = echoed.next().await {
        let Ok(number) = <[u8; 8]>::try_from(message.payload.as_ref()) else { continue };
        if let Some(waiting) = lock(&shared.echoes.waiting).1.remove(&u64::from_be_bytes(number)) {
            let _ = waiting.send(());
        }
    }
}

/// Sends what was published, so that publishing itself never waits. Nothing is kept while the connection is down: the gap that
/// its return rings says more than old signals.
async fn send(shared: Arc<Shared>, mut queue: mpsc::Receiver<(Topic, Bytes)>) {
    while let Some((topic, signal)) = queue.recv().await {
        if shared.client.connection_state() != State::Connected {
            continue;
        }
        if shared.client.publish(subject(topic), signal).await.is_err() {
            return;
        }
    }
}

/// After each return of the connection and each loss: once subscriptions are in force again, tells everybody.
async fn tell_gaps(shared: Arc<Shared>, mut returns: mpsc::Receiver<()>) {
    loop {
        tokio::select! {
            returned = returns.recv() => if returned.is_none() { return },
            () = shared.overflowed.notified() => {}
        }
        while shared.confirm().await.is_err() {}
        if shared.client.publish(GAP, Bytes::new()).await.is_err() {
            return;
        }
        tracing::info!("the bus may have lost signals; every node looks again");
    }
}

#[async_trait]
impl Bus for NatsBus {
    fn publish(&self, topic: Topic, signal: Bytes) {
        if signal.len() > MAX_SIGNAL {
            tracing::error!(bytes = signal.len(), "a signal is too large for the bus and was dropped");
            return;
        }
        if self.outgoing.try_send((topic, signal)).is_err() {
            self.shared.overflowed.notify_one();
        }
    }

    async fn subscribe(&self) -> Result<Arc<dyn Subscription>, BusError> {
        let (rings, receiver) = mpsc::channel(QUEUE);
        let queue = Arc::new(Queue { rings, lossy: Mutex::new(false), lost: Notify::new() });
        let told = self.shared.client.subscribe(GAP).await.map_err(|error| BusError::Unreachable(error.into()))?;
        let gaps = tokio::spawn(Arc::clone(&queue).ring_gaps(told)).abort_handle();
        let subscription = NatsSubscription {
            shared: Arc::clone(&self.shared),
            queue,
            gaps,
            receiver: Mutex::new(Some(receiver)),
            topics: Mutex::default(),
        };
        self.shared.confirm().await?;
        Ok(Arc::new(subscription))
    }

    async fn check(&self) -> Result<(), BusError> {
        match timeout(CHECK, self.shared.confirm()).await {
            Ok(confirmed) => confirmed,
            Err(elapsed) => Err(BusError::Unreachable(elapsed.into())),
        }
    }
}

/// The queue of a subscription. After a signal that found it full nothing is let in before the gap that tells so.
struct Queue {
    rings: mpsc::Sender<Ring>,
    lossy: Mutex<bool>,
    lost: Notify,
}

impl Queue {
    fn signal(&self, topic: Topic, signal: Bytes) {
        let mut lossy = lock(&self.lossy);
        if !*lossy && self.rings.try_send(Ring::Signal(topic, signal)).is_err() {
            *lossy = true;
            self.lost.notify_one();
        }
    }

    /// Rings [`Ring::Gap`] whenever signals may have been lost; waits for room, so that a full queue does not lose this too.
    async fn ring_gaps(self: Arc<Self>, mut told: Subscriber) {
        loop {
            tokio::select! {
                () = self.lost.notified() => {}
                message = told.next() => if message.is_none() { return },
            }
            let Ok(room) = self.rings.reserve().await else { return };
            let mut lossy = lock(&self.lossy);
            room.send(Ring::Gap);
            *lossy = false;
        }
    }
}

struct NatsSubscription {
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    gaps: AbortHandle,
    receiver: Mutex<Option<mpsc::Receiver<Ring>>>,
    topics: Mutex<HashMap<Topic, AbortHandle>>,
}

#[async_trait]
impl Subscription for NatsSubscription {
    async fn watch(&self, topic: Topic) -> Result<(), BusError> {
        let known = lock(&self.topics).contains_key(&topic);
        if !known {
            let heard = self.shared.client.subscribe(subject(topic)).await;
            let mut heard = heard.map_err(|error| BusError::Unreachable(error.into()))?;
            let queue = Arc::clone(&self.queue);
            let forward = tokio::spawn(async move {
                while let Some(message) = heard.next().await {
                    queue.signal(topic, message.payload);
                }
            });
            // Another call for the same topic may have come first; one of the two is enough.
            if let Some(former) = lock(&self.topics).insert(topic, forward.abort_handle()) {
                former.abort();
            }
        }
        let confirmed = self.shared.confirm().await;
        if confirmed.is_err() && !known {
            self.unwatch(topic).await;
        }
        confirmed
    }

    async fn unwatch(&self, topic: Topic) {
        if let Some(forward) = lock(&self.topics).remove(&topic) {
            forward.abort();
        }
    }

    fn take_rings(&self) -> Option<mpsc::Receiver<Ring>> {
        lock(&self.receiver).take()
    }
}

impl Drop for NatsSubscription {
    fn drop(&mut self) {
        self.gaps.abort();
        lock(&self.topics).values().for_each(AbortHandle::abort);
    }
}
