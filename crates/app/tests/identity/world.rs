//! A server without heads: SQLite, an in-process bus, a clock that the test turns.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use data_encoding::BASE32_NOPAD;
use rempart_app::identity::setup::{DeviceInfo, NewAccount, Opened, Setup};
use rempart_app::identity::sign_in::SignInAnswer;
use rempart_app::{App, Ctx, Failure, Keys, Outcome, Outside, Settings};
use rempart_base::{AccountId, RequestId, Secret, Timestamp};
use rempart_domain::account::Language;
use rempart_domain::actor::Actor;
use rempart_domain::role::Role;
use rempart_embedded::{FileBlobs, InProcessBus, SystemEntropy};
use rempart_ports::store::AuditRow;
use rempart_ports::{Clock, Store};
use tempfile::TempDir;
use totp_rs::{Algorithm, Builder};

/// The owner's password: 80 bits and more.
pub(crate) const OWNER_PASSWORD: &str = "la marée monte sous le vieux phare";
/// A member's password.
pub(crate) const PASSWORD: &str = "trois mouettes grises dorment";
/// Where people are, unless the test says otherwise.
pub(crate) const HOME: &str = "192.0.2.10";

struct Turned(AtomicI64);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct World {
    pub(crate) app: Arc<App>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: TempDir,
    clock: Arc<Turned>,
    outside: Outside,
}

fn keys() -> Keys {
    Keys::new(|purpose| [purpose.name().len() as u8; 32]).unwrap()
}

impl World {
    /// Not set up yet.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(rempart_embedded::sqlite::open(&directory.path().join("store.db")).unwrap());
        let clock = Arc::new(Turned(AtomicI64::new(1_795_349_598_000)));
        let outside = Outside {
            store: Arc::clone(&store),
            bus: Arc::new(InProcessBus::default()),
            blobs: Arc::new(FileBlobs::open(&directory.path().join("blobs")).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(SystemEntropy),
        };
        Self { app: App::new(outside.clone(), keys(), Settings::default()), store, directory, clock, outside }
    }

    /// Another node on the same store and bus.
    pub(crate) fn node(&self) -> Arc<App> {
        App::new(self.outside.clone(), keys(), Settings::default())
    }

    /// Set up, with an owner who has a second factor. Gives the owner's context and authenticator.
    pub(crate) async fn ready() -> (Self, Ctx, Authenticator) {
        let world = Self::new();
        let opened = world.set_up().await.unwrap();
        let ctx = world.ctx_of(&opened).await;
        let authenticator = world.enrol(&ctx).await.0;
        let ctx = world.ctx_of(&opened).await;
        (world, ctx, authenticator)
    }

    pub(crate) async fn set_up(&self) -> Outcome<Opened> {
        let token = self.app.setup_link(&self.anonymous(HOME)).await?.unwrap().into_inner();
        self.app.set_up(&self.anonymous(HOME), setup(token)).await
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn ctx(&self, actor: Actor, origin: Option<IpAddr>) -> Ctx {
        Ctx { actor, origin, now: self.now(), request: RequestId::from_bytes([0; 16]) }
    }

    pub(crate) fn anonymous(&self, origin: &str) -> Ctx {
        self.ctx(Actor::Anonymous, Some(origin.parse().unwrap()))
    }

    pub(crate) fn operator(&self) -> Ctx {
        self.ctx(Actor::Operator, None)
    }

    /// The context of whoever presents a secret, now.
    pub(crate) async fn present(&self, secret: &str) -> Outcome<Ctx> {
        let found = self.app.authenticate(&self.anonymous(HOME), secret).await?;
        Ok(self.ctx(Actor::Account(found.who), Some(HOME.parse().unwrap())))
    }

    pub(crate) async fn ctx_of(&self, opened: &Opened) -> Ctx {
        self.present(opened.secret.expose()).await.unwrap()
    }

    /// Sets a second factor up; gives the application and the recovery codes.
    pub(crate) async fn enrol(&self, ctx: &Ctx) -> (Authenticator, Vec<String>) {
        let offer = self.app.totp_begin(ctx).await.unwrap();
        let authenticator = Authenticator(BASE32_NOPAD.decode(offer.secret.expose().as_bytes()).unwrap());
        let codes = self.app.totp_confirm(ctx, &authenticator.code(self.now())).await.unwrap();
        // A code works once: the next one is of another step.
        self.pass(30_000);
        (authenticator, codes.into_iter().map(Secret::into_inner).collect())
    }

    pub(crate) async fn sign_in_from(&self, origin: &str, address: &str, password: &str) -> Outcome<SignInAnswer> {
        self.app.sign_in(&self.anonymous(origin), address, password, device()).await
    }

    /// Signs in without a second factor.
    pub(crate) async fn enter(&self, address: &str, password: &str) -> Outcome<Opened> {
        match self.sign_in_from(HOME, address, password).await? {
            SignInAnswer::Opened(opened) => Ok(opened),
            SignInAnswer::SecondFactor { .. } => panic!("a second factor was asked"),
        }
    }

    /// The ticket of a sign-in that asks a second factor.
    pub(crate) async fn ticket(&self, origin: &str, address: &str, password: &str) -> Outcome<String> {
        match self.sign_in_from(origin, address, password).await? {
            SignInAnswer::SecondFactor { ticket } => Ok(ticket),
            SignInAnswer::Opened(_) => panic!("no second factor was asked"),
        }
    }

    /// Adds somebody with [`PASSWORD`] and signs them in once, so that nothing is left for them to do.
    pub(crate) async fn add(&self, local: &str, role: Role) -> (AccountId, Ctx) {
        let operator = self.operator();
        let invitation =
            rempart_app::identity::invitations::NewInvitation { role, local: None, display_name: None, hours: 1 };
        let (_, secret) = self.app.create_invitation(&operator, invitation).await.unwrap();
        let password = if role.needs_factor() { OWNER_PASSWORD } else { PASSWORD };
        let new = account(local, &format!("Prénom {}", local.replace(['.', '-'], " ")), password);
        let opened = self.app.accept_invitation(&self.anonymous(HOME), secret.expose(), new, device()).await.unwrap();
        let ctx = self.ctx_of(&opened).await;
        if role.needs_factor() {
            self.enrol(&ctx).await;
        }
        (opened.account, self.ctx_of(&opened).await)
    }

    /// Entries of the administration journal for an action, newest first.
    pub(crate) async fn audited(&self, action: &str) -> Vec<AuditRow> {
        let rows = self.app.list_audit(&self.operator(), None, 200).await.unwrap();
        rows.into_iter().filter(|row| row.entry.action == action).collect()
    }
}

/// An authenticator application.
pub(crate) struct Authenticator(Vec<u8>);

impl Authenticator {
    pub(crate) fn code(&self, now: Timestamp) -> String {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(30)
            .with_secret(self.0.clone())
            .build()
            .unwrap();
        totp.generate(u64::try_from(now.millis() / 1000).unwrap()).to_string()
    }
}

pub(crate) fn device() -> DeviceInfo {
    DeviceInfo { device: None, name: "Firefox sur Windows".into() }
}

pub(crate) fn account(local: &str, display_name: &str, password: &str) -> NewAccount {
    NewAccount {
        local: local.into(),
        display_name: display_name.into(),
        password: Secret::new(password.into()),
        language: Language::French,
    }
}

pub(crate) fn setup(token: String) -> Setup {
    Setup {
        token,
        organisation: "Clinique Kerbrat".into(),
        domain: "kerbrat.example".into(),
        host: "rempart.kerbrat.example".into(),
        owner: account("eloise.dupont", "Éloïse Dupont", OWNER_PASSWORD),
        device: device(),
    }
}

/// The code of a refusal, and the field it names.
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Outcome<T>) -> (&'static str, &'static str) {
    match outcome {
        Err(Failure::Refused(refusal)) => (refusal.reason.code(), refusal.field.unwrap_or("")),
        other => panic!("not refused: {other:?}"),
    }
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Outcome<T>) -> &'static str {
    refused(outcome).0
}
