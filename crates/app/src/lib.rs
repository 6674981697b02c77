//! Use cases, the feed and background tasks: `fn(ctx, command)`, each loading what a rule needs, asking `domain`, and acting.
//!
//! This crate must never know a protocol (no status code, no stanza), which adapter is in use, or how a row looks.
//! Reading order: [`error`], [`keys`] and [`seal`], [`identity`], [`conversations`] and [`messages`] (the one path of every
//! message), [`devices`] (keys of accounts and devices), [`groups`] (of sealed conversations), [`feed`], [`presence`], [`files`],
//! [`archive`], then [`tasks`].

use std::sync::Arc;

use rempart_base::{NodeId, RequestId, Timestamp};
use rempart_ports::{Blobs, Bus, Clock, Entropy, Store};

pub mod archive;
pub mod conversations;
pub mod devices;
pub mod error;
pub mod feed;
pub mod files;
pub mod groups;
pub mod identity;
pub mod keys;
pub mod messages;
pub mod password_list;
pub mod presence;
pub mod seal;
pub mod tasks;

pub use error::{Failure, Fault, Outcome};
pub use keys::Keys;
pub use rempart_domain::actor::Ctx;

/// What the outside gives the application.
#[derive(Clone)]
pub struct Outside {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// The doorbell.
    pub bus: Arc<dyn Bus>,
    /// Bytes by name.
    pub blobs: Arc<dyn Blobs>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Largest file in bytes.
    pub max_file: u64,
    /// Sessions not seen for this long end, in milliseconds.
    pub session_idle_ms: i64,
    /// Privileged passwords older than this must change, in milliseconds; absent: never.
    pub privileged_password_age_ms: Option<i64>,
    /// Requests that one source may make without signing in, a minute.
    pub anonymous_per_minute: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_file: 512 * 1024 * 1024,
            session_idle_ms: 30 * rempart_base::time::DAY,
            privileged_password_age_ms: None,
            anonymous_per_minute: 60,
        }
    }
}

/// The application: one value, shared by all heads of a node.
pub struct App {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keys: Keys,
    pub(crate) settings: Settings,
    pub(crate) node: NodeId,
    pub(crate) identity: identity::State,
    pub(crate) journals: messages::Journals,
    pub(crate) devices: devices::Known,
    pub(crate) groups: groups::Groups,
    pub(crate) feed: Arc<feed::Hub>,
    pub(crate) presence: presence::Board,
}

impl App {
    /// Puts the application together; nothing runs yet.
    #[must_use]
    pub fn new(outside: Outside, keys: Keys, settings: Settings) -> Arc<Self> {
        let node = NodeId::from_bytes(outside.entropy.uuid_v7(outside.clock.now()));
        Arc::new(Self {
            store: outside.store,
            bus: outside.bus,
            blobs: outside.blobs,
            clock: outside.clock,
            entropy: outside.entropy,
            keys,
            settings,
            node,
            identity: identity::State::default(),
            journals: messages::Journals::default(),
            devices: devices::Known::default(),
            groups: groups::Groups::default(),
            feed: Arc::new(feed::Hub::default()),
            presence: presence::Board::default(),
        })
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// This process among the nodes.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// What the operator set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether store, bus and blobs answer, for readiness.
    ///
    /// # Errors
    /// The first that does not.
    pub async fn check(&self) -> Outcome<()> {
        self.store.check().await?;
        self.bus.check().await?;
        Ok(self.blobs.check().await?)
    }

    /// The context of what is asked now; without a request's own id it gets one.
    #[must_use]
    pub fn ctx(
        &self,
        actor: rempart_domain::Actor,
        origin: Option<std::net::IpAddr>,
        request: Option<RequestId>,
    ) -> Ctx {
        let request = request.unwrap_or_else(|| self.new_id(RequestId::from_bytes));
        Ctx { actor, origin, now: self.clock.now(), request }
    }

    /// A page of one's own account's journal, oldest first, and its last number.
    ///
    /// # Errors
    /// `not_signed_in` and duties; `limit_invalid`.
    pub async fn read_account_journal(
        &self,
        ctx: &Ctx,
        after: u64,
        limit: u32,
    ) -> Outcome<(Vec<feed::AccountRow>, u64)> {
        let who = ctx.ready(rempart_domain::role::Scope::Read)?;
        messages::page(limit)?;
        Ok(self.store.read_account(who.account, after, limit).await?)
    }

    /// A new identifier of any kind.
    pub(crate) fn new_id<T>(&self, make: impl Fn([u8; 16]) -> T) -> T {
        make(self.entropy.uuid_v7(self.clock.now()))
    }
}
