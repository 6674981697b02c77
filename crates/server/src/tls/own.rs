//! The operator's own certificate, read from files, read again on SIGHUP.

use std::path::Path;
use std::sync::Arc;

use rempart_base::Timestamp;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::look::Look;
use super::{TlsError, certified};

/// Reads both files and checks that they can be served now.
///
/// # Errors
/// Which file is wrong, and what to do.
pub fn load(certificate: &Path, key: &Path, now: Timestamp) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|e| TlsError::Own(format!("cannot read tls.certificate {}: {e}", certificate.display())))?;
    let Some(first) = chain.first() else {
        return Err(TlsError::Own(format!("there is no certificate in tls.certificate {}", certificate.display())));
    };
    let look = Look::at(first).ok_or_else(|| {
        TlsError::Own(format!("the first certificate in tls.certificate {} is not readable", certificate.display()))
    })?;
    if look.until.since(now) <= 0 {
        return Err(TlsError::Own(format!(
            "the certificate in tls.certificate {} has ended: renew it, or remove tls.certificate and tls.key",
            certificate.display()
        )));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|e| TlsError::Own(format!("cannot read a private key from tls.key {}: {e}", key.display())))?;
    certified(chain, private).map_err(|e| {
        TlsError::Own(format!(
            "tls.key {} does not belong to the first certificate in tls.certificate {}: {}",
            key.display(),
            certificate.display(),
            rempart_base::Chain(&e)
        ))
    })
}
