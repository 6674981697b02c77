//! The doorbell. It may lose and it may repeat; it carries no content. The journal is the truth.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use rempart_base::{AccountId, ConversationId, NodeId};
use thiserror::Error;
use tokio::sync::mpsc;

/// Largest signal in bytes; greater ones are refused.
pub const MAX_SIGNAL: usize = 4 * 1024;
/// Signals that may wait for one subscriber; when full, signals are dropped and one [`Ring::Gap`] is given instead.
pub const QUEUE: usize = 4 * 1024;

/// Where a signal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// Whoever watches this conversation.
    Conversation(ConversationId),
    /// Whoever serves this account.
    Account(AccountId),
    /// Every node.
    All,
    /// One node.
    Node(NodeId),
}

/// What a subscriber gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ring {
    /// A signal, as published.
    Signal(Topic, Bytes),
    /// Some signals may have been lost: look at the truth again.
    Gap,
}

/// What goes wrong on the bus. Publishing never fails for its caller: the bus is only a hint.
#[derive(Debug, Error)]
pub enum BusError {
    /// The bus cannot be reached.
    #[error("reach the bus")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The signal is larger than [`MAX_SIGNAL`].
    #[error("the signal is too large")]
    TooLarge,
}

/// The doorbell between sessions and nodes.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Rings. At most once, never blocks; what cannot be delivered is dropped. Own subscribers hear it too.
    fn publish(&self, topic: Topic, signal: Bytes);

    /// Opens one stream of rings; a node has one and dispatches by itself. Nothing is heard before [`Bus::watch`].
    async fn subscribe(&self) -> Result<Arc<dyn Subscription>, BusError>;

    /// Whether it can ring now, for readiness; answers within 2 s.
    ///
    /// # Errors
    /// When it is away, or refuses this node.
    async fn check(&self) -> Result<(), BusError>;
}

/// One stream of rings and the topics it hears.
#[async_trait]
pub trait Subscription: Send + Sync {
    /// Hears a topic from now on. Returns once it is in force: what is published after is heard.
    async fn watch(&self, topic: Topic) -> Result<(), BusError>;

    /// Hears a topic no longer.
    async fn unwatch(&self, topic: Topic);

    /// The queue, once: the second call gives `None`.
    fn take_rings(&self) -> Option<mpsc::Receiver<Ring>>;
}
