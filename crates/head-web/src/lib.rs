//! The web head: HTTP API, WebSocket feed and the embedded web client.
//!
//! It translates: bytes to use cases of `app`, outcomes to JSON. This crate must never hold a rule, a lock on state or a
//! query. Reading order: [`problem`] (how refusals and faults look), [`caller`] (who asks), [`from_wire`] and [`to_wire`],
//! [`dispatch`] and [`identity`] (the table of commands), then the routes: [`entrance`], [`feed`], [`files`], [`log`], [`client`].

mod caller;
mod client;
mod dispatch;
mod entrance;
mod feed;
mod files;
mod from_wire;
mod groups;
mod identity;
mod keys;
mod limit;
mod log;
mod problem;
mod to_wire;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use rempart_app::App;
use rempart_base::limits;

/// The address that a connection came from: the listener puts it into every request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// What the web head is told by configuration.
#[derive(Clone, Debug, Default)]
pub struct WebSettings {
    /// A guess at the public host, for the setup page, with port where it is not 443.
    pub host: String,
    /// The local certificate authority in PEM, offered at `/ca.crt`; absent where the certificate is public.
    pub authority: Option<String>,
}

#[derive(Clone)]
struct Head {
    app: Arc<App>,
    settings: Arc<WebSettings>,
    limits: Arc<limit::Buckets>,
}

impl FromRef<Head> for Arc<App> {
    fn from_ref(head: &Head) -> Self {
        Arc::clone(&head.app)
    }
}

/// Everything that is served over HTTPS. Needs [`Peer`] in each request's extensions.
pub fn router(app: Arc<App>, settings: WebSettings) -> Router {
    let head = Head { limits: Arc::new(limit::Buckets::default()), app, settings: Arc::new(settings) };
    let api = Router::new()
        .merge(entrance::routes())
        .merge(files::routes())
        .merge(log::routes())
        .route("/commands/{op}", post(dispatch::over_http))
        .route("/commands/groups.commit", dispatch::large("groups.commit", limits::COMMIT_REQUEST))
        .route("/commands/keys.packages.put", dispatch::large("keys.packages.put", limits::KEYS_REQUEST))
        .route("/commands/keys.keyring.put", dispatch::large("keys.keyring.put", limits::KEYS_REQUEST))
        .route("/commands/keys.link.answer", dispatch::large("keys.link.answer", limits::KEYS_REQUEST))
        .route("/feed", get(feed::upgrade))
        .fallback(unknown)
        .layer(DefaultBodyLimit::max(limits::REQUEST))
        .layer(axum::middleware::from_fn(caller::turn_cookies));
    Router::new()
        .nest("/api/v1", api)
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/ca.crt", get(authority))
        .fallback(client::serve)
        .layer(axum::middleware::map_response(client::guard))
        .with_state(head)
}

async fn unknown() -> Response {
    problem::refused(rempart_domain::refusal::Reason::CommandUnknown.into()).into_response()
}

async fn alive() -> &'static str {
    "alive\n"
}

/// Ready where store and blobs answer.
async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.check().await {
        Ok(()) => "ready\n".into_response(),
        Err(failure) => {
            let problem = problem::problem(failure);
            (StatusCode::SERVICE_UNAVAILABLE, problem).into_response()
        }
    }
}

async fn authority(State(head): State<Head>) -> Response {
    match &head.settings.authority {
        Some(pem) => ([("content-type", "application/x-x509-ca-cert")], pem.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
