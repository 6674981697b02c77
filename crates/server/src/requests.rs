//! What is kept of each request: method, matched route, status, time, request id. Never its path, query, body or sender.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};
use rempart_base::RequestId;
use rempart_ports::{Clock, Entropy};
use tracing::Instrument as _;

use crate::metrics::Metrics;

/// What the layer needs.
#[derive(Clone)]
pub struct Observer {
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// For request ids.
    pub clock: Arc<dyn Clock>,
    /// For request ids.
    pub entropy: Arc<dyn Entropy>,
}

/// The router, observed.
pub fn observed(router: Router, observer: Observer) -> Router {
    router.layer(from_fn_with_state(observer, observe))
}

async fn observe(State(observer): State<Observer>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let id = RequestId::from_bytes(observer.entropy.uuid_v7(observer.clock.now()));
    request.extensions_mut().insert(id);
    // What is logged on the way, an incident above all, carries the id that the answer tells.
    let mut response = next.run(request).instrument(tracing::info_span!("request", %id)).await;
    let took = began.elapsed();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().entry("x-request-id").or_insert(value);
    }
    let route = matched.as_ref().map_or("(page)", MatchedPath::as_str);
    let status = response.status();
    observer.metrics.request(method, route, status.as_u16(), took);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let status_number = status.as_u16();
    if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
        tracing::warn!(target: "rempart::request", %id, method, route, status = status_number, ms, "request");
    } else if route.starts_with("/api/") {
        tracing::info!(target: "rempart::request", %id, method, route, status = status_number, ms, "request");
    } else {
        tracing::debug!(target: "rempart::request", %id, method, route, status = status_number, ms, "request");
    }
    response
}

/// The method by name; whatever a client invents is one name, so that it cannot grow the metrics.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
