//! A protocol client: HTTP and the feed over TLS, for tests and for the load generator.
//!
//! It trusts one authority only. Reading order: [`http`] (requests and the cookie), [`session`] (signing in), [`line`](mod@line)
//! (a bare WebSocket), [`feed`] (answers by id, live frames beside), [`catcher`] (what a client must see, checked).

pub mod catcher;
pub mod feed;
pub mod http;
pub mod line;
pub mod session;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rempart_base::ClientId;
use rempart_wire::{Id, Problem};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use catcher::Catcher;
pub use feed::Feed;
pub use http::{Client, Reply};
pub use line::Line;
pub use session::{Authenticator, Person};

/// Where a server is, by what name it is asked, and whom is believed.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its address.
    pub address: SocketAddr,
    /// The name in its certificate, without port.
    pub name: String,
    tls: Arc<ClientConfig>,
}

impl Target {
    /// A server whose certificate comes from the authority in `authority` (PEM).
    ///
    /// # Errors
    /// When the text holds no certificate.
    pub fn new(address: SocketAddr, name: &str, authority: &str) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            roots.add(certificate.context("read the authority")?).context("take the authority")?;
        }
        anyhow::ensure!(!roots.is_empty(), "the authority's file holds no certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { address, name: name.to_owned(), tls: Arc::new(tls) })
    }

    /// The same authority and name at another address: another node, or the server after a restart.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Name and port, as a browser writes them in `Host` and `Origin`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}:{}", self.name, self.address.port())
    }

    /// A TLS connection.
    ///
    /// # Errors
    /// When nobody answers, or its certificate is not by the authority.
    pub async fn connect(&self) -> Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await.context("connect")?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(self.name.clone())?;
        TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await.context("TLS handshake")
    }
}

/// Why a request did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// The server said no.
    Refused(Box<Problem>),
    /// The line broke, or what came was not the protocol.
    Broken(anyhow::Error),
}

impl Failure {
    /// The refusal's code; empty when the line broke.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(problem) => &problem.code,
            Self::Broken(_) => "",
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(problem) => {
                let detail = problem.detail.as_deref().unwrap_or("");
                write!(f, "refused: {} {detail}", problem.code)
            }
            Self::Broken(error) => write!(f, "broken: {error:#}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

/// A new client id, as the web client makes them: UUIDv7.
#[must_use]
pub fn client_id() -> Id<ClientId> {
    Id(ClientId::from_bytes(uuid::Uuid::now_v7().into_bytes()))
}
