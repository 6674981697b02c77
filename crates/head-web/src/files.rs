//! Uploads and downloads: bytes over HTTP, resumable, by range (RFC 9110 §14).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::stream;
use rempart_app::files::OpenBlob;
use rempart_base::{BlobHash, ConversationId, UploadId, limits};
use rempart_domain::Refusal;
use rempart_domain::refusal::Reason;
use rempart_wire::Empty;
use rempart_wire::file::{BeginUpload, Upload};
use serde::Deserialize;

use crate::Head;
use crate::caller::Caller;
use crate::entrance::body;
use crate::problem::{ProblemAnswer, detailed};
use crate::to_wire;

/// Types that a page may show; everything else is only downloaded.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "audio/ogg",
    "audio/mpeg",
    "video/webm",
    "video/mp4",
];
/// Header that says where a part begins.
const OFFSET: &str = "upload-offset";

pub(crate) fn routes() -> Router<Head> {
    let parts = Router::new()
        .route("/uploads/{upload}", get(state).patch(part).delete(cancel))
        .layer(DefaultBodyLimit::max(limits::UPLOAD_PART + 1));
    Router::new()
        .route("/uploads", post(begin))
        .merge(parts)
        .route("/conversations/{conversation}/blobs/{blob}", get(blob))
}

async fn begin(
    State(head): State<Head>,
    caller: Caller,
    asked: Result<Json<BeginUpload>, JsonRejection>,
) -> Result<Json<Upload>, ProblemAnswer> {
    let asked = body(asked)?;
    let sha256 = match asked.sha256 {
        None => None,
        Some(bytes) => {
            let hash: [u8; 32] = bytes.0.try_into().map_err(|_| Refusal::field(Reason::RequestInvalid, "sha256"))?;
            Some(hash)
        }
    };
    let ctx = caller.ctx(&head.app);
    let upload = head.app.begin_upload(&ctx, asked.conversation.0, asked.size, sha256).await?;
    Ok(Json(to_wire::upload(upload)))
}

fn upload_id(text: &str) -> Result<UploadId, ProblemAnswer> {
    text.parse().map_err(|_| Reason::UploadUnknown.into())
}

async fn state(
    State(head): State<Head>,
    caller: Caller,
    Path(upload): Path<String>,
) -> Result<Json<Upload>, ProblemAnswer> {
    let upload = head.app.upload(&caller.ctx(&head.app), upload_id(&upload)?).await?;
    Ok(Json(to_wire::upload(upload)))
}

async fn part(
    State(head): State<Head>,
    caller: Caller,
    Path(upload): Path<String>,
    headers: HeaderMap,
    part: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<Upload>, ProblemAnswer> {
    let id = upload_id(&upload)?;
    let offset = headers.get(OFFSET).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let offset = offset.ok_or(Refusal::field(Reason::RequestInvalid, "Upload-Offset"))?;
    let part = part.map_err(|_| Reason::RequestTooLarge)?;
    let ctx = caller.ctx(&head.app);
    match head.app.upload_part(&ctx, id, offset, part).await {
        Ok(upload) => Ok(Json(to_wire::upload(upload))),
        Err(rempart_app::Failure::Refused(refusal)) if refusal.reason == Reason::UploadOffset => {
            let (upload, _) = head.app.upload(&ctx, id).await?;
            Err(detailed(refusal, Some(format!("Go on at {}.", upload.offset))))
        }
        Err(other) => Err(other.into()),
    }
}

async fn cancel(
    State(head): State<Head>,
    caller: Caller,
    Path(upload): Path<String>,
) -> Result<Json<Empty>, ProblemAnswer> {
    head.app.cancel_upload(&caller.ctx(&head.app), upload_id(&upload)?).await?;
    Ok(Json(Empty {}))
}

#[derive(Debug, Deserialize)]
struct Download {
    name: Option<String>,
}

async fn blob(
    State(head): State<Head>,
    caller: Caller,
    Path((conversation, blob)): Path<(String, String)>,
    Query(download): Query<Download>,
    headers: HeaderMap,
) -> Result<Response, ProblemAnswer> {
    let conversation: ConversationId = conversation.parse().map_err(|_| Reason::ConversationUnknown)?;
    let hash: BlobHash = blob.parse().map_err(|_| Reason::BlobUnknown)?;
    let blob = head.app.open_blob(&caller.ctx(&head.app), conversation, hash).await?;
    let size = blob.size();
    let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let (status, start, end) = match asked.map(|text| range(text, size)) {
        None | Some(Asked::Ignored) => (StatusCode::OK, 0, size),
        Some(Asked::Part(start, end)) => (StatusCode::PARTIAL_CONTENT, start, end),
        Some(Asked::Outside) => {
            let whole = format!("bytes */{size}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, whole)]).into_response());
        }
    };
    let shown = SHOWN.iter().find(|t| **t == blob.media_type()).copied();
    let mut answer = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, shown.unwrap_or("application/octet-stream"))
        .header(header::CONTENT_LENGTH, end - start)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "private, max-age=31536000, immutable")
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox")
        .header(header::CONTENT_DISPOSITION, disposition(shown.is_some(), download.name.as_deref()));
    if status == StatusCode::PARTIAL_CONTENT {
        answer = answer.header(header::CONTENT_RANGE, format!("bytes {start}-{}/{size}", end - 1));
    }
    Ok(answer
        .body(body_of(Arc::new(blob), start, end))
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
}

fn body_of(blob: Arc<OpenBlob>, start: u64, end: u64) -> Body {
    let pieces = stream::unfold(start, move |at| {
        let blob = Arc::clone(&blob);
        async move {
            if at >= end {
                return None;
            }
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            match blob.read(at).await {
                Ok(piece) if piece.is_empty() => None,
                Ok(piece) => {
                    let piece = piece.slice(..piece.len().min(left));
                    let next = at + u64::try_from(piece.len()).unwrap_or(left as u64);
                    Some((Ok::<_, std::io::Error>(piece), next))
                }
                Err(failure) => {
                    crate::problem::problem(failure);
                    Some((Err(std::io::Error::other("the file could not be read")), end))
                }
            }
        }
    });
    Body::from_stream(pieces)
}

/// RFC 6266 with RFC 8187: an ASCII name for old clients, the real one in UTF-8.
fn disposition(shown: bool, name: Option<&str>) -> HeaderValue {
    let kind = if shown { "inline" } else { "attachment" };
    let text = match name.filter(|n| !n.is_empty() && n.len() <= 1_020) {
        None => kind.to_owned(),
        Some(name) => {
            let plain: String =
                name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_. ()".contains(c) { c } else { '_' }).collect();
            let encoded: String = name
                .bytes()
                .map(|b| match b {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(b).to_string(),
                    other => format!("%{other:02X}"),
                })
                .collect();
            format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
        }
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Part(u64, u64),
    Outside,
    Ignored,
}

/// One byte range; several, or another unit, are ignored, as RFC 9110 §14.2 allows.
fn range(text: &str, size: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|r| r.split_once('-')) else {
        return Asked::Ignored;
    };
    let number = |t: &str| t.trim().parse::<u64>();
    match (first.trim(), last.trim()) {
        ("", last) => match number(last) {
            Ok(0) => Asked::Outside,
            Ok(length) => Asked::Part(size.saturating_sub(length), size),
            Err(_) => Asked::Ignored,
        },
        (first, "") => match number(first) {
            Ok(first) if first < size => Asked::Part(first, size),
            Ok(_) => Asked::Outside,
            Err(_) => Asked::Ignored,
        },
        (first, last) => match (number(first), number(last)) {
            (Ok(first), Ok(last)) if first > last => Asked::Ignored,
            (Ok(first), Ok(last)) if first < size => Asked::Part(first, (last.saturating_add(1)).min(size)),
            (Ok(_), Ok(_)) => Asked::Outside,
            (Err(_), _) | (_, Err(_)) => Asked::Ignored,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let check = |text, expected| assert_eq!(range(text, 10), expected, "{text}");
        check("bytes=0-3", Asked::Part(0, 4));
        check("bytes=4-", Asked::Part(4, 10));
        check("bytes=-3", Asked::Part(7, 10));
        check("bytes=-30", Asked::Part(0, 10));
        check("bytes=8-99", Asked::Part(8, 10));
        check("bytes=10-", Asked::Outside);
        check("bytes=-0", Asked::Outside);
        check("bytes=5-2", Asked::Ignored);
        check("bytes=0-1,3-4", Asked::Ignored);
        check("lines=1-2", Asked::Ignored);
        check("bytes=18446744073709551615-18446744073709551615", Asked::Outside);
    }

    #[test]
    fn names_cannot_break_the_header() {
        let value = disposition(false, Some("relevé \"x\"\r\nSet-Cookie: a.pdf"));
        let text = value.to_str().unwrap();
        assert!(
            !text.contains('\r') && text.starts_with("attachment; filename=\"relev_ _x___Set-Cookie_ a.pdf\""),
            "{text}"
        );
    }
}
