//! A certificate from an ACME authority (RFC 8555), proved by tls-alpn-01 (RFC 8737) on the web port itself, so that no
//! second port must be open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rempart_base::time::DAY;
use rempart_base::{Chain, Timestamp};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::local::RENEW_DAYS;
use super::look::Look;
use super::{Served, TlsError, certified, provider};
use crate::secrets::{private, replace};

/// An authority and where its gifts are kept.
#[derive(Clone, Debug)]
pub struct Acme {
    /// Its directory's address.
    pub directory: String,
    /// Its root certificate, where it is not a public one.
    pub root: Option<PathBuf>,
    /// Whom it may write to.
    pub contact: Option<String>,
    /// The folder of keys.
    pub secrets: PathBuf,
    /// The data directory.
    pub data: PathBuf,
}

impl Acme {
    /// The kept certificate, while it serves this host and does not end soon.
    #[must_use]
    pub fn kept(&self, host: &str, now: Timestamp) -> Option<Arc<CertifiedKey>> {
        let file = self.key_file();
        private(&file).ok()?;
        let key = PrivateKeyDer::from_pem_file(&file).ok()?;
        let chain: Vec<_> = CertificateDer::pem_file_iter(self.file()).ok()?.collect::<Result<_, _>>().ok()?;
        let look = Look::at(chain.first()?)?;
        let left = look.until.since(now);
        // Authorities give shorter and shorter certificates: a third of the time is kept in hand.
        let hand = (look.until.since(look.from) / 3).min(RENEW_DAYS * DAY);
        (look.covers(host) && left > hand).then(|| certified(chain, key).ok())?
    }

    fn file(&self) -> PathBuf {
        self.data.join("acme.crt")
    }

    fn key_file(&self) -> PathBuf {
        self.secrets.join("acme-tls.key")
    }

    /// Asks for a certificate for this host; answers the challenge through `served`.
    ///
    /// # Errors
    /// What the authority said, or why it cannot be reached.
    pub async fn order(&self, host: &str, served: &Served) -> Result<Arc<CertifiedKey>, TlsError> {
        let answer = self.ordered(host, served).await;
        served.challenge(None);
        answer
    }

    async fn ordered(&self, host: &str, served: &Served) -> Result<Arc<CertifiedKey>, TlsError> {
        let account = self.account().await?;
        let identifiers = [Identifier::Dns(host.to_owned())];
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await.map_err(|e| said("order", &e))?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(|e| said("read the authorization", &e))?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            let mut challenge = authorization
                .challenge(ChallengeType::TlsAlpn01)
                .ok_or_else(|| TlsError::Acme("the ACME authority does not offer tls-alpn-01".into()))?;
            served.challenge(Some(answer(host, challenge.key_authorization().digest().as_ref())?));
            challenge.set_ready().await.map_err(|e| said("answer the challenge", &e))?;
        }
        let status = order.poll_ready(&RetryPolicy::default()).await.map_err(|e| said("wait for the check", &e))?;
        if status != OrderStatus::Ready {
            return Err(TlsError::Acme(format!(
                "the ACME authority did not accept {host}: it must reach this server at {host}:443"
            )));
        }
        let key = Zeroizing::new(order.finalize().await.map_err(|e| said("finish the order", &e))?);
        let chain =
            order.poll_certificate(&RetryPolicy::default()).await.map_err(|e| said("fetch the certificate", &e))?;
        let unreadable = |_| TlsError::Acme("the ACME authority gave a certificate that is not readable".into());
        let ready = certified(
            CertificateDer::pem_slice_iter(chain.as_bytes()).collect::<Result<_, _>>().map_err(unreadable)?,
            PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(unreadable)?,
        )?;
        replace(&self.key_file(), key.as_bytes(), 0o600)?;
        replace(&self.file(), chain.as_bytes(), 0o644)?;
        Ok(ready)
    }

    async fn account(&self) -> Result<Account, TlsError> {
        let builder = || match &self.root {
            Some(root) => Account::builder_with_root(root),
            None => Account::builder(),
        };
        let file = self.secrets.join("acme-account.json");
        if let Some(credentials) = credentials(&file, &self.directory) {
            let builder = builder().map_err(|e| said("begin", &e))?;
            return builder.from_credentials(credentials).await.map_err(|e| said("sign in", &e));
        }
        let contact = self.contact.as_ref().map(|mail| format!("mailto:{mail}"));
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder()
            .map_err(|e| said("begin", &e))?
            .create(&new, self.directory.clone(), None)
            .await
            .map_err(|e| said("make an account", &e))?;
        let kept = serde_json::json!({ "directory": self.directory, "credentials": credentials });
        replace(&file, Zeroizing::new(kept.to_string()).as_bytes(), 0o600)?;
        Ok(account)
    }
}

/// The kept account, when it is of this authority.
fn credentials(file: &Path, directory: &str) -> Option<AccountCredentials> {
    private(file).ok()?;
    let text = Zeroizing::new(std::fs::read_to_string(file).ok()?);
    let mut kept: serde_json::Value = serde_json::from_str(&text).ok()?;
    if kept.get("directory")?.as_str()? != directory {
        return None;
    }
    serde_json::from_value(kept.get_mut("credentials")?.take()).ok()
}

/// The self-signed certificate that answers a challenge (RFC 8737 §3).
fn answer(host: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, TlsError> {
    if digest.len() != 32 {
        return Err(TlsError::Acme("the challenge's digest has a wrong length".into()));
    }
    let mut params = CertificateParams::new(vec![host.to_owned()])?;
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|e| TlsError::Acme(e.to_owned()))?;
    // Not `certified`: that reads the certificate as a client would and refuses its critical extension, which only an
    // authority knows. Key and certificate are of one making.
    let key = provider().key_provider.load_private_key(key)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], key)))
}

fn said(action: &str, error: &instant_acme::Error) -> TlsError {
    TlsError::Acme(format!("could not {action} with the ACME authority: {}", Chain(error)))
}
