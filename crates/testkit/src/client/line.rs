//! A bare WebSocket to `/api/v1/feed`: any text, any bytes, and nothing in between.

use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

use super::{Client, Target};

/// The socket below.
pub type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// Why a line did not open.
#[derive(Debug)]
pub enum NotOpened {
    /// The server answered otherwise than with the protocol's change: status and body.
    Answered(u16, Vec<u8>),
    /// Nobody answered, or not in HTTP.
    Broken(anyhow::Error),
}

impl std::fmt::Display for NotOpened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answered(status, body) => write!(f, "{status}: {}", String::from_utf8_lossy(body)),
            Self::Broken(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for NotOpened {}

/// What came over a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// A text frame.
    Text(String),
    /// The end, with the code when one was given.
    Closed(Option<u16>),
}

/// A bare WebSocket.
#[derive(Debug)]
pub struct Line {
    socket: Socket,
}

impl Line {
    /// Opens a line with these headers beside those of the protocol; an empty value leaves a header out.
    ///
    /// # Errors
    /// What was answered instead.
    pub async fn open_with(target: &Target, headers: &[(&str, &str)]) -> Result<Self, NotOpened> {
        let broken = NotOpened::Broken;
        let stream = target.connect().await.map_err(broken)?;
        let address = format!("wss://{}/api/v1/feed", target.host());
        let mut request = address.into_client_request().map_err(|e| broken(e.into()))?;
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|e| broken(e.into()))?;
            let value = HeaderValue::from_str(value).map_err(|e| broken(e.into()))?;
            request.headers_mut().append(name, value);
        }
        let config = WebSocketConfig::default().read_buffer_size(8 * 1024).write_buffer_size(0);
        match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tungstenite::Error::Http(answer)) => {
                let status = answer.status().as_u16();
                Err(NotOpened::Answered(status, answer.into_body().unwrap_or_default()))
            }
            Err(error) => Err(broken(error.into())),
        }
    }

    /// Opens a line as the client's pages do.
    ///
    /// # Errors
    /// What was answered instead.
    pub async fn open(client: &Client) -> Result<Self, NotOpened> {
        let target = client.target();
        let origin = format!("https://{}", target.host());
        let identity = client.identity();
        let mut headers: Vec<(&str, &str)> = identity.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.push(("origin", &origin));
        Self::open_with(&target, &headers).await
    }

    /// Sends a text frame.
    ///
    /// # Errors
    /// When the line is broken.
    pub async fn send(&mut self, text: impl Into<String>) -> Result<()> {
        self.socket.send(Message::text(text.into())).await.context("send a frame")
    }

    /// Sends a binary frame.
    ///
    /// # Errors
    /// When the line is broken.
    pub async fn send_bytes(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.socket.send(Message::Binary(Bytes::from(bytes))).await.context("send a frame")
    }

    /// The next text frame, or the end. Pings are answered on the way.
    pub async fn next(&mut self) -> Came {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Came::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => return Came::Closed(frame.map(|f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Came::Closed(None),
            }
        }
    }

    /// The next text frame as JSON.
    ///
    /// # Errors
    /// When the line ended, or the text is not JSON.
    pub async fn next_json(&mut self) -> Result<Value> {
        match self.next().await {
            Came::Text(text) => serde_json::from_str(&text).context("a frame is JSON"),
            Came::Closed(code) => anyhow::bail!("the line was closed with {code:?}"),
        }
    }

    /// Sends a command and gives the next frame, which on a quiet line is its answer.
    ///
    /// # Errors
    /// When the line is broken.
    pub async fn ask(&mut self, id: &str, op: &str, params: Value) -> Result<Value> {
        self.send(json!({ "id": id, "op": op, "params": params }).to_string()).await?;
        self.next_json().await
    }

    /// Says hello and gives the answer.
    ///
    /// # Errors
    /// When the line is broken.
    pub async fn hello(&mut self) -> Result<Value> {
        self.ask("hello", "hello", json!({ "account_seq": 0 })).await
    }

    /// The socket below.
    pub fn into_inner(self) -> Socket {
        self.socket
    }
}
