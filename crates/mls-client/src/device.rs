//! The account's identity key and a device's own keys.

use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::{BasicCredential, CredentialWithKey, OpenMlsRand as _, SignatureScheme};
use openmls_basic_credential::SignatureKeyPair;
use openmls_libcrux_crypto::CryptoProvider;
use openmls_traits::signatures::Signer;
use rempart_group_policy::{DeviceClaim, DeviceCredential, EpochRef, GroupName, Statement, Verdict};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{ClientError, mls};

/// An account's identity key. It lives in the account's keyring, not in a device's state.
pub struct AccountKey(SigningKey);

impl AccountKey {
    /// From the 32-byte seed that the keyring holds.
    #[must_use]
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// A new one.
    ///
    /// # Errors
    /// No randomness.
    pub fn generate() -> Result<(Self, Zeroizing<[u8; 32]>), ClientError> {
        let rand = CryptoProvider::new().map_err(mls)?;
        let seed = Zeroizing::new(rand.random_array::<32>().map_err(mls)?);
        Ok((Self::from_seed(&seed), seed))
    }

    /// The public key, as the key log has it.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs [`DeviceClaim::to_sign`] of a device whose key the person has compared.
    #[must_use]
    pub fn sign(&self, claim: &[u8]) -> [u8; 64] {
        self.0.sign(claim).to_bytes()
    }
}

/// What is kept of a device.
#[derive(Serialize, Deserialize)]
struct Kept {
    seed: Zeroizing<[u8; 32]>,
    credential: Vec<u8>,
}

/// A device: its credential and signature key.
pub struct Device {
    credential: DeviceCredential,
    signing: SigningKey,
    pair: SignatureKeyPair,
}

impl Device {
    /// A new device; `certify` is given what the account's identity key must sign.
    ///
    /// # Errors
    /// No randomness.
    pub(crate) fn new(
        rand: &CryptoProvider,
        claim: DeviceClaim,
        certify: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Result<Self, ClientError> {
        let signing = SigningKey::from_bytes(&Zeroizing::new(rand.random_array::<32>().map_err(mls)?));
        let signature = certify(&claim.to_sign(signing.verifying_key().as_bytes()));
        Ok(Self::with(signing, DeviceCredential { claim, signature }))
    }

    fn with(signing: SigningKey, credential: DeviceCredential) -> Self {
        let pair = SignatureKeyPair::from_raw(
            SignatureScheme::ED25519,
            signing.to_bytes().to_vec(),
            signing.verifying_key().to_bytes().to_vec(),
        );
        Self { credential, signing, pair }
    }

    /// The credential.
    #[must_use]
    pub const fn credential(&self) -> &DeviceCredential {
        &self.credential
    }

    /// The public signature key, as in every leaf of this device.
    #[must_use]
    pub fn key(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// A signed word on an epoch.
    #[must_use]
    pub fn state(&self, verdict: Verdict, group: GroupName, epoch: EpochRef) -> Statement {
        let device = self.credential.claim.device;
        let signature = self.sign(&Statement::to_sign(verdict, group, epoch, device));
        Statement { verdict, group, epoch, device, signature }
    }

    /// Signs with the leaf's key: capsules and recorded content, whose labels their engine sets.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.signing.sign(bytes).to_bytes()
    }

    pub(crate) fn keep(&self) -> Result<Zeroizing<Vec<u8>>, ClientError> {
        let kept = Kept { seed: Zeroizing::new(self.signing.to_bytes()), credential: self.credential.encode() };
        Ok(crate::state::encode(&kept)?)
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ClientError> {
        let kept: Kept = crate::state::decode(bytes)?;
        let credential = DeviceCredential::decode(&kept.credential).map_err(|_| crate::state::StateError::Decode)?;
        Ok(Self::with(SigningKey::from_bytes(&kept.seed), credential))
    }

    pub(crate) const fn signer(&self) -> &(impl Signer + use<>) {
        &self.pair
    }

    pub(crate) fn with_key(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.credential.encode()).into(),
            signature_key: self.key().as_slice().into(),
        }
    }
}
