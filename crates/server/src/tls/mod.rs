//! The server's certificate: from whom, until when, and how it is changed while connections go on.
//!
//! Reading order: this file (the one that is served), [`local`] (a certificate authority of our own), [`own`] (files of the
//! operator), [`acme`] (a public authority), [`look`] (what a certificate says).

pub mod acme;
pub mod keeper;
pub mod local;
pub mod look;
pub mod own;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use thiserror::Error;

use crate::secrets::SecretsError;

/// The protocol name of tls-alpn-01 challenges (RFC 8737 §3).
const CHALLENGE: &[u8] = b"acme-tls/1";

/// What goes wrong with certificates.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] SecretsError),
    /// A file of the operator cannot be used.
    #[error("{0}")]
    Own(String),
    /// A certificate cannot be made.
    #[error("make a certificate")]
    Make(#[from] rcgen::Error),
    /// TLS refuses the certificate or the settings.
    #[error("use a certificate")]
    Rustls(#[from] rustls::Error),
    /// The ACME authority said no or cannot be reached.
    #[error("{0}")]
    Acme(String),
}

/// The one cryptographic provider, named wherever rustls is built: with none named, two linked ones would panic.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A chain and its key, checked to belong together.
///
/// # Errors
/// When the key is unusable or of another certificate.
pub fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, TlsError> {
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider())?))
}

/// What is served now; swapped without cutting anybody.
#[derive(Debug)]
pub struct Served {
    current: ArcSwap<CertifiedKey>,
    challenge: ArcSwapOption<CertifiedKey>,
}

impl Served {
    /// Serves this certificate from the start.
    #[must_use]
    pub fn new(first: Arc<CertifiedKey>) -> Arc<Self> {
        Arc::new(Self { current: ArcSwap::new(first), challenge: ArcSwapOption::empty() })
    }

    /// Serves another from the next handshake on.
    pub fn swap(&self, next: Arc<CertifiedKey>) {
        self.current.store(next);
    }

    /// The one that is served.
    #[must_use]
    pub fn current(&self) -> Arc<CertifiedKey> {
        self.current.load_full()
    }

    /// Answers an authority's challenge with this certificate; nothing: with none.
    pub fn challenge(&self, with: Option<Arc<CertifiedKey>>) {
        self.challenge.store(with);
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asks = hello.alpn().is_some_and(|mut names| names.any(|name| name == CHALLENGE));
        if asks { self.challenge.load_full() } else { Some(self.current()) }
    }
}

/// TLS 1.3 and 1.2, HTTP/2 and HTTP/1.1.
///
/// # Errors
/// When the provider lacks a protocol version: a broken build.
pub fn server_config(served: Arc<Served>) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(served);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), CHALLENGE.to_vec()];
    // Tickets keep no state here; two would only be bytes for browsers that use one.
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}
