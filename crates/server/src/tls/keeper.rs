//! Keeps the served certificate good: renews it, follows the public host, reads the operator's files again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rempart_base::Chain;
use rempart_ports::{Clock, Entropy};
use rustls::sign::CertifiedKey;
use tokio::sync::watch;

use super::acme::Acme;
use super::local::{Authority, names};
use super::look::Look;
use super::{Served, TlsError, own};
use crate::config::Config;
use crate::config::value::host_name;

/// How often it looks whether a certificate ends soon.
const ROUND: Duration = Duration::from_secs(3600);

/// From whom the certificate comes.
enum Source {
    Local,
    Own { certificate: PathBuf, key: PathBuf },
    Acme(Acme),
}

/// Keeps the certificate.
pub struct Keeper {
    source: Source,
    authority: Option<Authority>,
    machine: Option<String>,
    configured: Option<String>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Keeper {
    /// Opens what the configuration asks for.
    ///
    /// # Errors
    /// When a file cannot be read or made.
    pub fn open(config: &Config, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, TlsError> {
        let source = match (&config.tls_certificate, &config.tls_key, &config.tls_acme_directory) {
            (Some(certificate), Some(key), _) => Source::Own { certificate: certificate.clone(), key: key.clone() },
            (.., Some(directory)) => Source::Acme(Acme {
                directory: directory.clone(),
                root: config.tls_acme_root.clone(),
                contact: config.tls_acme_contact.clone(),
                secrets: config.secrets_dir.clone(),
                data: config.data_dir.clone(),
            }),
            _ => Source::Local,
        };
        let authority = match source {
            Source::Own { .. } => None,
            _ => Some(Authority::open(&config.secrets_dir, &config.data_dir, clock.now(), entropy.as_ref())?),
        };
        let machine = rustix::system::uname().nodename().to_str().ok().map(str::to_owned);
        let configured = config.web_host.as_ref().map(|host| host.name().to_owned());
        Ok(Self { source, authority, machine, configured, clock, entropy })
    }

    /// The authority of this installation, where it is in use.
    #[must_use]
    pub const fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// The certificate to begin with.
    ///
    /// # Errors
    /// When the operator's files cannot be used, or none can be made.
    pub fn first(&self, host: Option<&str>) -> Result<Arc<CertifiedKey>, TlsError> {
        let now = self.clock.now();
        match &self.source {
            Source::Own { certificate, key } => own::load(certificate, key, now),
            Source::Acme(acme) => match self.public(host).and_then(|host| acme.kept(&host, now)) {
                Some(kept) => Ok(kept),
                None => self.local(host),
            },
            Source::Local => self.local(host),
        }
    }

    fn public(&self, host: Option<&str>) -> Option<String> {
        host.map(|h| host_name(h).to_owned()).or_else(|| self.configured.clone())
    }

    fn local(&self, host: Option<&str>) -> Result<Arc<CertifiedKey>, TlsError> {
        let Some(authority) = &self.authority else {
            return Err(TlsError::Own("there is no local authority beside your own certificate".into()));
        };
        let hosts: Vec<&str> = host.map(host_name).into_iter().chain(self.configured.as_deref()).collect();
        let names = names(self.machine.as_deref(), &hosts);
        let (certificate, why) = authority.certificate(&names, self.clock.now(), self.entropy.as_ref())?;
        if let Some(why) = why {
            tracing::info!(reason = ?why, "new server certificate from the local authority");
        }
        Ok(certificate)
    }

    /// Runs until `stop`: on every change of the host, every hour and on every `reload`.
    pub async fn run(
        self,
        served: Arc<Served>,
        mut host: watch::Receiver<Option<String>>,
        mut reload: watch::Receiver<u64>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut round = tokio::time::interval(ROUND);
        loop {
            let current = host.borrow_and_update().clone();
            match self.next(current.as_deref(), &served).await {
                Ok(next) if Look::at(first(&next)) != Look::at(first(&served.current())) => {
                    tracing::info!("the server certificate was changed");
                    served.swap(next);
                }
                Ok(_) => {}
                Err(error) => tracing::error!(error = %Chain(&error), "the former server certificate stays"),
            }
            tokio::select! {
                _ = round.tick() => {}
                changed = host.changed() => if changed.is_err() { return },
                changed = reload.changed() => if changed.is_err() { return },
                _ = crate::stop::told(&mut stop) => return,
            }
        }
    }

    async fn next(&self, host: Option<&str>, served: &Served) -> Result<Arc<CertifiedKey>, TlsError> {
        if let (Source::Acme(acme), Some(public)) = (&self.source, self.public(host)) {
            return match acme.kept(&public, self.clock.now()) {
                Some(kept) => Ok(kept),
                None => acme.order(&public, served).await,
            };
        }
        self.first(host)
    }
}

fn first(key: &CertifiedKey) -> &[u8] {
    key.cert.first().map_or(&[], |der| der.as_ref())
}
