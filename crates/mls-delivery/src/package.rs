//! Key packages (RFC 9420, 10): what the server reads of one before it keeps it for others to claim.

use openmls::prelude::{KeyPackageIn, KeyPackageVerifyError, ProtocolVersion};
use openmls_libcrux_crypto::CryptoProvider;
use rempart_base::Timestamp;
use rempart_base::time::SECOND;
use thiserror::Error;
use tls_codec::Deserialize as _;

use crate::error::IdentityError;
use crate::identity::{Leaf, leaf};
use crate::{SLACK, Suite};

/// Longest key package, in bytes; one of the post-quantum suite has less than 4,000.
pub const MAX_PACKAGE: usize = 16 * 1024;

/// A key package that nobody should be given.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PackageError {
    /// Over [`MAX_PACKAGE`], or not the TLS encoding of a key package.
    #[error("not an MLS key package of at most 16 KiB")]
    Malformed,
    /// Its signatures or keys do not hold.
    #[error("MLS refuses the key package: {0}")]
    Mls(String),
    /// A cipher suite that is not used here.
    #[error("the key package is of a cipher suite that is not used here")]
    Suite,
    /// Over, not begun, or longer than MLS allows.
    #[error("the key package's lifetime is over, has not begun or is too long")]
    Lifetime,
    /// Its leaf is not a device of ours.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// A key package whose own signatures hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Who it says it is; compare with the key log.
    pub leaf: Leaf,
    /// Its suite.
    pub suite: Suite,
    /// It may not be used after this.
    pub not_after: Timestamp,
    /// Whether it is one of last resort: it may serve more than once.
    pub last_resort: bool,
}

/// Reads a key package and verifies its signatures, suite and lifetime at `now`.
///
/// # Errors
/// What does not hold.
pub fn package(bytes: &[u8], now: Timestamp) -> Result<Package, PackageError> {
    if bytes.len() > MAX_PACKAGE {
        return Err(PackageError::Malformed);
    }
    let read = KeyPackageIn::tls_deserialize_exact(bytes).map_err(|_| PackageError::Malformed)?;
    let crypto = CryptoProvider::new().map_err(|e| PackageError::Mls(e.to_string()))?;
    let package = read.validate(&crypto, ProtocolVersion::Mls10).map_err(|error| match error {
        KeyPackageVerifyError::LifetimeError(_) | KeyPackageVerifyError::MissingLifetime => PackageError::Lifetime,
        other => PackageError::Mls(other.to_string()),
    })?;
    let suite = Suite::of(package.ciphersuite()).ok_or(PackageError::Suite)?;
    let lifetime = package.life_time();
    // A device whose clock is a little ahead is not refused; one that ends within the tolerance serves nobody.
    let at = u64::try_from(now.plus_millis(SLACK).millis() / SECOND).map_err(|_| PackageError::Lifetime)?;
    let within = (lifetime.not_before()..lifetime.not_after()).contains(&at);
    if !within || !lifetime.has_acceptable_range() {
        return Err(PackageError::Lifetime);
    }
    let end = i64::try_from(lifetime.not_after()).unwrap_or(i64::MAX).saturating_mul(SECOND);
    let node = package.leaf_node();
    Ok(Package {
        leaf: leaf(node.credential(), node.signature_key().as_slice())?,
        suite,
        not_after: Timestamp::from_millis(end),
        last_resort: package.last_resort(),
    })
}
