//! The archive log over HTTP, as C2SP tlog-tiles names it: `/api/v1/log/checkpoint` and `/api/v1/log/tile/…`.
//! Tiles hold hashes only, so any signed-in account may read them; what the leaves say is not served here.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use rempart_domain::refusal::Reason;

use crate::Head;
use crate::caller::Caller;
use crate::problem::ProblemAnswer;

pub(crate) fn routes() -> Router<Head> {
    Router::new().route("/log/checkpoint", get(checkpoint)).route("/log/tile/{*path}", get(tile))
}

async fn checkpoint(State(head): State<Head>, caller: Caller) -> Result<Response, ProblemAnswer> {
    let (note, _) = head.app.checkpoint(&caller.ctx(&head.app)).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

async fn tile(State(head): State<Head>, caller: Caller, Path(path): Path<String>) -> Result<Response, ProblemAnswer> {
    let hashes = head.app.log_tile(&caller.ctx(&head.app), &format!("tile/{path}")).await?;
    let hashes = hashes.ok_or(Reason::NotLogged)?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], hashes).into_response())
}
