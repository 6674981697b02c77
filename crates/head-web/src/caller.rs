//! Who asks: from a cookie or an `Authorization: Bearer` header to an actor, and proof that a page of ours asked.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use rempart_app::App;
use rempart_app::Ctx;
use rempart_base::{RequestId, Timestamp};
use rempart_domain::Actor;
use rempart_domain::actor::SignedIn;
use rempart_domain::refusal::Reason;

use crate::problem::ProblemAnswer;
use crate::{Head, Peer};

/// Name of the session's cookie. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
const COOKIE: &str = "__Host-rempart";
/// Header that a page of another site cannot add without being asked first, which it never is.
const OURS: &str = "x-rempart";
/// How long an open line believes what it knows of its session; revocation closes it at once anyway.
const BELIEVED: Duration = Duration::from_secs(5);

/// Somebody signed in, or a program with a token.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    who: Arc<Mutex<(Instant, SignedIn)>>,
    origin: IpAddr,
    request: Option<RequestId>,
}

impl Caller {
    fn new(who: SignedIn, origin: IpAddr, request: Option<RequestId>) -> Self {
        Self { who: Arc::new(Mutex::new((Instant::now(), who))), origin, request }
    }

    fn who(&self) -> SignedIn {
        self.who.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// The context of a command that comes in now.
    pub(crate) fn ctx(&self, app: &App) -> Ctx {
        app.ctx(Actor::Account(self.who()), Some(self.origin), self.request)
    }

    /// Looks again, now and then, whether the session still holds: for lines that stay open.
    ///
    /// # Errors
    /// `not_signed_in`.
    pub(crate) async fn check(&self, app: &App) -> Result<Self, ProblemAnswer> {
        let (at, who) = self.who.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if at.elapsed() < BELIEVED {
            return Ok(self.clone());
        }
        let fresh = app.recheck(&self.ctx(app), &who).await?;
        *self.who.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), fresh);
        Ok(self.clone())
    }
}

/// The cookie that keeps a session until `ends`.
pub(crate) fn cookie(secret: &str, ends: Timestamp, now: Timestamp) -> Option<HeaderValue> {
    let seconds = ends.since(now).max(0) / 1_000;
    let text = format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The cookie that ends it.
pub(crate) const NO_COOKIE: HeaderValue =
    HeaderValue::from_static("__Host-rempart=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");

fn presented(headers: &HeaderMap) -> Option<(&str, bool)> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    if let Some(token) = bearer.and_then(|v| v.strip_prefix("Bearer ")) {
        return Some((token.trim(), true));
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = cookies.flat_map(|v| v.split(';')).filter_map(|p| p.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, secret)| (secret, false))
}

/// The origin of a browser's request is this server's own: what it says in `Origin` is what it asked in `Host`.
fn same_origin(headers: &HeaderMap, host: Option<&str>) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|o| o.strip_prefix("https://"));
    let host = host.or_else(|| headers.get(header::HOST).and_then(|h| h.to_str().ok()));
    origin.is_some() && origin == host
}

/// Refuses what a page of another site could have sent with this person's cookie.
///
/// # Errors
/// `cross_site`.
pub(crate) fn from_our_pages(parts: &Parts) -> Result<(), ProblemAnswer> {
    let safe = parts.method == Method::GET || parts.method == Method::HEAD;
    let host = parts.uri.authority().map(axum::http::uri::Authority::as_str);
    let ours = safe || parts.headers.contains_key(OURS);
    if ours && same_origin(&parts.headers, host) { Ok(()) } else { Err(Reason::CrossSite.into()) }
}

impl FromRequestParts<Head> for Caller {
    type Rejection = ProblemAnswer;

    async fn from_request_parts(parts: &mut Parts, head: &Head) -> Result<Self, ProblemAnswer> {
        let peer = origin(parts);
        let Some((secret, program)) = presented(&parts.headers) else {
            return Err(Reason::NotSignedIn.into());
        };
        if !program {
            from_our_pages(parts)?;
        }
        let request = parts.extensions.get::<RequestId>().copied();
        let ctx = head.app.ctx(Actor::Anonymous, Some(peer), request);
        let found = head.app.authenticate(&ctx, secret).await?;
        if let Some(secret) = found.new_secret
            && let Some(turned) = parts.extensions.get::<Turned>()
        {
            *turned.0.lock().unwrap_or_else(PoisonError::into_inner) = cookie(secret.expose(), found.ends, ctx.now);
        }
        Ok(Self::new(found.who, peer, request))
    }
}

/// The address that a request came from.
pub(crate) fn origin(parts: &Parts) -> IpAddr {
    parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0)
}

/// Where a turned cookie waits for the answer that carries it.
#[derive(Clone, Debug, Default)]
struct Turned(Arc<Mutex<Option<HeaderValue>>>);

/// Puts a turned cookie into the answer.
pub(crate) async fn turn_cookies(
    mut request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    let turned = Turned::default();
    request.extensions_mut().insert(turned.clone());
    let mut response = next.run(request).await;
    if let Some(cookie) = turned.0.lock().unwrap_or_else(PoisonError::into_inner).take()
        && !response.headers().contains_key(header::SET_COOKIE)
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Who opens a feed, and the turned cookie for the answer. Browsers send `Origin` with every WebSocket, and it must be ours.
///
/// # Errors
/// `not_signed_in`, `cross_site`.
pub(crate) async fn feed_caller(
    head: &Head,
    peer: Peer,
    headers: &HeaderMap,
) -> Result<(Caller, Option<HeaderValue>), ProblemAnswer> {
    let Some((secret, program)) = presented(headers) else { return Err(Reason::NotSignedIn.into()) };
    let ours = program || (headers.contains_key(header::ORIGIN) && same_origin(headers, None));
    if !ours {
        return Err(Reason::CrossSite.into());
    }
    let ctx = head.app.ctx(Actor::Anonymous, Some(peer.0), None);
    let found = head.app.authenticate(&ctx, secret).await?;
    let turned = found.new_secret.and_then(|secret| cookie(secret.expose(), found.ends, ctx.now));
    Ok((Caller::new(found.who, peer.0, None), turned))
}
