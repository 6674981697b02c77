//! Counters for Prometheus, in its text format. No label ever carries what a person wrote, who they are or where from.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// What tells requests apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabel {
    task: String,
}

/// All counters of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    connections: Gauge,
    accepted: Counter,
    handshakes_failed: Counter,
    requests: Family<RequestLabels, Counter>,
    times: Family<RouteLabel, Histogram>,
    log_entries: Gauge,
    feeds: Gauge,
    store_bytes: Gauge,
    task_runs: Family<TaskLabel, Gauge>,
    task_age: Family<TaskLabel, Gauge<f64, AtomicU64>>,
}

/// What is read from the store when it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Entries in the archive log.
    pub log_entries: u64,
    /// Feeds that are open.
    pub feeds: u64,
    /// Bytes of the store, where known.
    pub store_bytes: Option<u64>,
    /// Each task: name, whether its last run went well, seconds since.
    pub tasks: Vec<(String, bool, f64)>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("rempart");
        let metrics = Self {
            connections: Gauge::default(),
            accepted: Counter::default(),
            handshakes_failed: Counter::default(),
            requests: Family::default(),
            times: Family::new_with_constructor(|| {
                Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
            }),
            log_entries: Gauge::default(),
            feeds: Gauge::default(),
            store_bytes: Gauge::default(),
            task_runs: Family::default(),
            task_age: Family::default(),
            registry: Registry::default(),
        };
        registry.register("connections", "Connections that are open now", metrics.connections.clone());
        registry.register("connections_accepted", "Connections that were accepted", metrics.accepted.clone());
        registry.register(
            "handshakes_failed",
            "Connections that did not come to speak TLS",
            metrics.handshakes_failed.clone(),
        );
        registry.register("requests", "Requests by method, route and status", metrics.requests.clone());
        registry.register_with_unit(
            "request_time",
            "Time from a request's head to its answer's head, by route",
            Unit::Seconds,
            metrics.times.clone(),
        );
        registry.register("log_entries", "Entries in the archive log", metrics.log_entries.clone());
        registry.register("feeds", "Feeds that are open now", metrics.feeds.clone());
        registry.register_with_unit("store", "Size of the store on disk", Unit::Bytes, metrics.store_bytes.clone());
        registry.register("task_ok", "Whether a task's last run went well", metrics.task_runs.clone());
        registry.register_with_unit(
            "task_age",
            "Time since a task's last run",
            Unit::Seconds,
            metrics.task_age.clone(),
        );
        Self { registry, ..metrics }
    }

    /// A connection came.
    pub fn connection_opened(&self) {
        self.accepted.inc();
        self.connections.inc();
    }

    /// A connection went.
    pub fn connection_closed(&self) {
        self.connections.dec();
    }

    /// A connection never came to speak TLS.
    pub fn handshake_failed(&self) {
        self.handshakes_failed.inc();
    }

    /// A request was answered.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels { method: method.to_owned(), route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.times.get_or_create(&RouteLabel { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// Takes what was read from the store.
    pub fn observe(&self, observed: &Observed) {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        self.log_entries.set(number(observed.log_entries));
        self.feeds.set(number(observed.feeds));
        if let Some(bytes) = observed.store_bytes {
            self.store_bytes.set(number(bytes));
        }
        for (task, well, age) in &observed.tasks {
            let label = TaskLabel { task: task.clone() };
            self.task_runs.get_or_create(&label).set(i64::from(*well));
            self.task_age.get_or_create(&label).set(*age);
        }
    }

    /// The text for Prometheus.
    ///
    /// # Errors
    /// When a metric cannot be written: never with these.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        prometheus_client::encoding::text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}
