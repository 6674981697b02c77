//! `/metrics`, `/healthz` and `/readyz` on an address of their own, without TLS, for the machine's own watchers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hyper::StatusCode;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::metrics::{Metrics, Observed};
use crate::stop;
use crate::wiring::Node;

/// Watchers at once.
const WATCHERS: usize = 16;

/// Opens the port.
///
/// # Errors
/// When it is taken or not allowed.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    crate::listen::bind(address)
}

/// Serves until `stop`.
pub async fn serve(tcp: TcpListener, node: Arc<Node>, metrics: Arc<Metrics>, mut stop: watch::Receiver<bool>) {
    let router = Router::new()
        .route("/metrics", get(text))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .with_state((node, metrics));
    let permits = Arc::new(Semaphore::new(WATCHERS));
    loop {
        let accepted = tokio::select! {
            () = stop::told(&mut stop) => return,
            accepted = tcp.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else { continue };
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(std::time::Duration::from_secs(10))
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a watcher's connection ended early");
            }
            drop(permit);
        });
    }
}

async fn ready(State((node, _)): State<(Arc<Node>, Arc<Metrics>)>) -> Response {
    match node.app.check().await {
        Ok(()) => "ready\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
    }
}

async fn text(State((node, metrics)): State<(Arc<Node>, Arc<Metrics>)>) -> Response {
    metrics.observe(&observed(&node).await);
    match metrics.text() {
        Ok(text) => {
            ([("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn observed(node: &Node) -> Observed {
    let store = &node.outside.store;
    let now = node.app.now();
    let seconds = |ms: i64| f64::from(u32::try_from(ms.max(0) / 1_000).unwrap_or(u32::MAX));
    Observed {
        feeds: u64::try_from(node.app.open_feeds()).unwrap_or(u64::MAX),
        log_entries: store.log_state().await.map(|state| state.size).unwrap_or_default(),
        store_bytes: store.size().await.ok().flatten(),
        tasks: store
            .reports()
            .await
            .unwrap_or_default()
            .into_iter()
            .map(|report| (report.task, report.error.is_none(), seconds(now.since(report.time))))
            .collect(),
    }
}
