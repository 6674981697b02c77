//! Requests over HTTP/1.1 and what came back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{self, HeaderMap};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use rempart_wire::{Command, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Failure, Target};

/// Name of the session's cookie.
pub const COOKIE: &str = "__Host-rempart";

/// Somebody's browser, or a program with a token: one cookie, one connection at a time.
#[derive(Debug)]
pub struct Client {
    target: Mutex<Target>,
    cookie: Mutex<Option<String>>,
    bearer: Option<String>,
    connection: tokio::sync::Mutex<Option<Kept>>,
}

/// A connection that may be used again, and since when it was not used.
type Kept = (SendRequest<Full<Bytes>>, Instant);

/// A connection that rests longer is not used again: the server may be closing it at this very moment.
const REST: Duration = Duration::from_secs(10);

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("{} is not JSON: {:?}", self.status, self.text()))
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's text; empty when absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// The body as `T` when the answer is a success.
    ///
    /// # Errors
    /// The problem, or that the body is neither.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        if self.status.is_success() {
            return serde_json::from_slice(&self.body)
                .with_context(|| format!("not the answer expected: {:?}", self.text()))
                .map_err(Failure::Broken);
        }
        let problem: Problem = serde_json::from_slice(&self.body)
            .with_context(|| format!("{} is not a problem: {:?}", self.status, self.text()))?;
        if problem.status != self.status.as_u16() || self.header("content-type") != "application/problem+json" {
            return Err(Failure::Broken(anyhow::anyhow!("a problem with another status or type: {problem:?}")));
        }
        Err(problem.into())
    }
}

impl Client {
    /// A browser that was never here.
    #[must_use]
    pub fn new(target: &Target) -> Self {
        Self {
            target: Mutex::new(target.clone()),
            cookie: Mutex::new(None),
            bearer: None,
            connection: tokio::sync::Mutex::new(None),
        }
    }

    /// A program with an API token.
    #[must_use]
    pub fn with_token(target: &Target, secret: &str) -> Self {
        Self { bearer: Some(secret.to_owned()), ..Self::new(target) }
    }

    /// A browser with a session's cookie.
    #[must_use]
    pub fn with_cookie(target: &Target, secret: &str) -> Self {
        Self { cookie: Mutex::new(Some(secret.to_owned())), ..Self::new(target) }
    }

    /// Where it asks.
    #[must_use]
    pub fn target(&self) -> Target {
        self.target.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks elsewhere from now on: another node, or the server after a restart.
    pub async fn go_to(&self, target: Target) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target;
        *self.connection.lock().await = None;
    }

    /// The session's secret, once signed in.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The headers that say who asks.
    #[must_use]
    pub fn identity(&self) -> Vec<(&'static str, String)> {
        let cookie = self.cookie().map(|secret| ("cookie", format!("{COOKIE}={secret}")));
        let bearer = self.bearer.as_ref().map(|secret| ("authorization", format!("Bearer {secret}")));
        cookie.into_iter().chain(bearer).collect()
    }

    /// Sends a request as a page of the server's own does; `headers` are put in place of what would be sent, an empty value
    /// takes a header away.
    ///
    /// # Errors
    /// When the line breaks.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes> + Send,
    ) -> Result<Reply> {
        let target = self.target();
        let mut all: Vec<(String, String)> = vec![
            ("host".into(), target.host()),
            ("origin".into(), format!("https://{}", target.host())),
            ("x-rempart".into(), "1".into()),
            ("content-type".into(), "application/json".into()),
        ];
        all.extend(self.identity().into_iter().map(|(name, value)| (name.to_owned(), value)));
        for (name, value) in headers {
            all.retain(|(n, _)| n != name);
            if !value.is_empty() {
                all.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in all {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body.into()))?;
        let reply = self.raw(request).await?;
        for value in reply.headers.get_all(header::SET_COOKIE) {
            self.keep(value.to_str()?)?;
        }
        Ok(reply)
    }

    fn keep(&self, cookie: &str) -> Result<()> {
        let (secret, rest) = cookie
            .strip_prefix(COOKIE)
            .and_then(|c| c.strip_prefix('='))
            .and_then(|c| c.split_once(';'))
            .with_context(|| format!("another cookie: {cookie}"))?;
        for word in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age="] {
            anyhow::ensure!(rest.contains(word), "the cookie lacks {word}");
        }
        let secret = (!secret.is_empty()).then(|| secret.to_owned());
        *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = secret;
        Ok(())
    }

    /// Sends exactly this request on a kept connection, on a new one where there is none.
    ///
    /// # Errors
    /// When the line breaks.
    pub async fn raw(&self, request: Request<Full<Bytes>>) -> Result<Reply> {
        let mut kept = self.connection.lock().await;
        // Taken out while in use: when this is given up or fails, the connection goes with it.
        let usable = match kept.take() {
            Some((mut sender, since)) if since.elapsed() < REST => sender.ready().await.is_ok().then_some(sender),
            _ => None,
        };
        let mut sender = match usable {
            Some(sender) => sender,
            None => {
                let stream = TokioIo::new(self.target().connect().await?);
                let (sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
                // Ends with the sender; an error shows at the request that it breaks.
                tokio::spawn(async move { drop(connection.await) });
                sender
            }
        };
        let answer = sender.send_request(request).await.context("send a request")?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.context("read an answer")?.to_bytes();
        *kept = Some((sender, Instant::now()));
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }

    /// `GET`.
    ///
    /// # Errors
    /// When the line breaks.
    pub async fn get(&self, path: &str) -> Result<Reply> {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// The problem, or that the line broke.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let body = serde_json::to_vec(body).map_err(anyhow::Error::from)?;
        self.send(Method::POST, path, &[], body).await?.read()
    }

    /// A command over HTTP.
    ///
    /// # Errors
    /// The problem, or that the line broke.
    pub async fn command(&self, op: &str, params: Value) -> Result<Value, Failure> {
        self.ask(op, &params).await
    }

    /// A command over HTTP, typed.
    ///
    /// # Errors
    /// The problem, or that the line broke.
    pub async fn ask<T: DeserializeOwned>(&self, op: &str, params: &impl Serialize) -> Result<T, Failure> {
        self.post(&format!("/api/v1/commands/{op}"), params).await
    }
}

/// Every command there is, by name.
pub fn commands() -> impl Iterator<Item = &'static str> {
    Command::SPECS.iter().map(|spec| spec.op)
}
