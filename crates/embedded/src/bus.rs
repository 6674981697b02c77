//! The doorbell inside one process.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use rempart_ports::bus::{Bus, BusError, MAX_SIGNAL, QUEUE, Ring, Subscription, Topic};
use tokio::sync::mpsc;

/// Rings whoever watches, within this process.
#[derive(Clone, Debug, Default)]
pub struct InProcessBus {
    listeners: Arc<Listeners>,
}

/// Who watches which topic.
type Listeners = RwLock<HashMap<Topic, Vec<Arc<Line>>>>;

/// The sending side of one subscription.
#[derive(Debug)]
struct Line {
    /// Holds one more than [`QUEUE`]: the last place is for the gap.
    rings: mpsc::Sender<Ring>,
    /// Whether a gap is in the queue that nothing was put after.
    gap: Mutex<bool>,
}

impl Line {
    fn ring(&self, ring: Ring) {
        let mut gap = lock(&self.gap);
        let ring = match (self.rings.capacity(), *gap) {
            (0, _) | (1, true) => return,
            (1, false) => Ring::Gap,
            _ => ring,
        };
        *gap = ring == Ring::Gap;
        // It fails only where nobody listens any more.
        let _unheard = self.rings.try_send(ring);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Bus for InProcessBus {
    fn publish(&self, topic: Topic, signal: Bytes) {
        if signal.len() > MAX_SIGNAL {
            tracing::error!(size = signal.len(), "a signal too large for the bus was dropped");
            return;
        }
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        for line in listeners.get(&topic).into_iter().flatten() {
            line.ring(Ring::Signal(topic, signal.clone()));
        }
    }

    async fn subscribe(&self) -> Result<Arc<dyn Subscription>, BusError> {
        let (rings, queue) = mpsc::channel(QUEUE + 1);
        Ok(Arc::new(InProcessSubscription {
            listeners: Arc::clone(&self.listeners),
            line: Arc::new(Line { rings, gap: Mutex::new(false) }),
            watched: Mutex::new(HashSet::new()),
            queue: Mutex::new(Some(queue)),
        }))
    }

    async fn check(&self) -> Result<(), BusError> {
        Ok(())
    }
}

struct InProcessSubscription {
    listeners: Arc<Listeners>,
    line: Arc<Line>,
    watched: Mutex<HashSet<Topic>>,
    queue: Mutex<Option<mpsc::Receiver<Ring>>>,
}

impl InProcessSubscription {
    fn leave(&self, topic: Topic) {
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = listeners.get_mut(&topic) {
            lines.retain(|line| !Arc::ptr_eq(line, &self.line));
            if lines.is_empty() {
                listeners.remove(&topic);
            }
        }
    }
}

#[async_trait]
impl Subscription for InProcessSubscription {
    async fn watch(&self, topic: Topic) -> Result<(), BusError> {
        if lock(&self.watched).insert(topic) {
            let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
            listeners.entry(topic).or_default().push(Arc::clone(&self.line));
        }
        Ok(())
    }

    async fn unwatch(&self, topic: Topic) {
        if lock(&self.watched).remove(&topic) {
            self.leave(topic);
        }
    }

    fn take_rings(&self) -> Option<mpsc::Receiver<Ring>> {
        lock(&self.queue).take()
    }
}

impl Drop for InProcessSubscription {
    fn drop(&mut self) {
        let watched = std::mem::take(&mut *lock(&self.watched));
        watched.into_iter().for_each(|topic| self.leave(topic));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_subscription_that_ends_leaves_nothing_behind() {
        let bus = InProcessBus::default();
        let subscription = bus.subscribe().await.unwrap();
        subscription.watch(Topic::All).await.unwrap();
        subscription.watch(Topic::All).await.unwrap();
        assert_eq!(bus.listeners.read().unwrap()[&Topic::All].len(), 1);
        drop(subscription);
        assert!(bus.listeners.read().unwrap().is_empty());
    }
}
