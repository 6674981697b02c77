//! What the archive capsule of an epoch is made of (RFC 9420, 8.5 exporters).

use openmls_libcrux_crypto::CryptoProvider;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::error::{ClientError, mls};

/// Exporter label of K_n.
pub const KEY_LABEL: &str = "rempart archive 1 key";
/// Exporter label of s_n.
pub const SEED_LABEL: &str = "rempart archive 1 seed";

/// K_n and s_n of one epoch. Committer, receivers and joiners compute the same.
pub struct ArchiveSecrets {
    /// K_n: opens the epoch's content.
    pub key: Zeroizing<[u8; 32]>,
    /// s_n: the capsule's randomness. Whoever has it has K_n: make the capsule, compare it, drop this.
    pub seed: Zeroizing<[u8; 128]>,
}

/// Exports both from `export`, with the policy as encoded in the GroupContext.
pub(crate) fn secrets<E: std::fmt::Display>(
    crypto: &CryptoProvider,
    policy: &[u8],
    export: impl Fn(&CryptoProvider, &str, &[u8], usize) -> Result<Vec<u8>, E>,
) -> Result<ArchiveSecrets, ClientError> {
    let ctx: [u8; 32] = Sha256::digest(policy).into();
    let mut out = ArchiveSecrets { key: Zeroizing::new([0; 32]), seed: Zeroizing::new([0; 128]) };
    let key = Zeroizing::new(export(crypto, KEY_LABEL, &ctx, 32).map_err(mls)?);
    let seed = Zeroizing::new(export(crypto, SEED_LABEL, &ctx, 128).map_err(mls)?);
    *out.key = key.as_slice().try_into().map_err(|_| ClientError::Malformed("exporter length"))?;
    *out.seed = seed.as_slice().try_into().map_err(|_| ClientError::Malformed("exporter length"))?;
    Ok(out)
}
