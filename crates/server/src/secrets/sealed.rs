//! A copy of the keys for another node, sealed to a passphrase: Argon2id (RFC 9106) makes the key, AES-256-GCM seals.
//!
//! One JSON object; everything but the sealed part is authenticated with it.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use rempart_ports::Entropy;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Secret, SecretsError};

/// Fewest characters of a passphrase.
pub const PASSPHRASE_CHARS: usize = 12;
/// Largest sealed copy that is read, in bytes.
pub const LARGEST: usize = 64 * 1024;
/// Memory in KiB, passes and lanes of Argon2id: RFC 9106 §4, second recommendation.
const COST: (u32, u32, u32) = (64 * 1024, 3, 4);

/// What is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The keys: purpose, id and secret, the last two in hexadecimal.
    pub keys: Vec<(String, String, Zeroizing<String>)>,
    /// Other files of the folder by name.
    pub files: Vec<(String, Zeroizing<String>)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    rempart: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    nonce: String,
    sealed: String,
}

const KIND: &str = "sealed secrets 1";
const DAMAGED: SecretsError =
    SecretsError::Sealed("this is not a sealed copy of Rempart's keys, or it was cut; export it again");
const CRYPTO: SecretsError = SecretsError::Sealed("the keys could not be sealed");

impl Sealed {
    fn associated(&self) -> String {
        format!("{KIND} {} {} {} {} {}", self.memory_kib, self.passes, self.lanes, self.salt, self.nonce)
    }

    fn key(&self, passphrase: &str, salt: &[u8]) -> Result<LessSafeKey, SecretsError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| DAMAGED)?;
        let mut key = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
            .map_err(|_| CRYPTO)?;
        UnboundKey::new(&AES_256_GCM, key.as_ref()).map(LessSafeKey::new).map_err(|_| CRYPTO)
    }
}

/// Seals.
///
/// # Errors
/// When the passphrase is too short.
pub fn seal(contents: &Contents, passphrase: &str, entropy: &dyn Entropy) -> Result<String, SecretsError> {
    if passphrase.chars().count() < PASSPHRASE_CHARS {
        return Err(SecretsError::Sealed("the passphrase needs at least 12 characters"));
    }
    let (mut salt, mut nonce) = ([0u8; 16], [0u8; 12]);
    entropy.fill(&mut salt);
    entropy.fill(&mut nonce);
    let (memory_kib, passes, lanes) = COST;
    let mut sealed = Sealed {
        rempart: KIND.into(),
        memory_kib,
        passes,
        lanes,
        salt: STANDARD.encode(salt),
        nonce: STANDARD.encode(nonce),
        sealed: String::new(),
    };
    let mut bytes = Zeroizing::new(serde_json::to_vec(contents).map_err(|_| CRYPTO)?);
    let tag = sealed
        .key(passphrase, &salt)?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(sealed.associated().as_bytes()),
            &mut bytes,
        )
        .map_err(|_| CRYPTO)?;
    bytes.extend_from_slice(tag.as_ref());
    sealed.sealed = STANDARD.encode(bytes.as_slice());
    let mut text = serde_json::to_string_pretty(&sealed).map_err(|_| CRYPTO)?;
    text.push('\n');
    Ok(text)
}

/// Opens.
///
/// # Errors
/// When the text is not a sealed copy, asks for more work than ours, or the passphrase is another.
pub fn open(text: &str, passphrase: &str) -> Result<Contents, SecretsError> {
    if text.len() > LARGEST {
        return Err(DAMAGED);
    }
    let sealed: Sealed = serde_json::from_str(text).map_err(|_| DAMAGED)?;
    // What asks for more work than we ever do would only exhaust this machine.
    if sealed.rempart != KIND || sealed.memory_kib > COST.0 * 4 || sealed.passes > 10 || sealed.lanes > 16 {
        return Err(DAMAGED);
    }
    let salt = STANDARD.decode(&sealed.salt).map_err(|_| DAMAGED)?;
    let nonce: [u8; 12] = STANDARD.decode(&sealed.nonce).ok().and_then(|n| n.try_into().ok()).ok_or(DAMAGED)?;
    let mut bytes = Zeroizing::new(STANDARD.decode(&sealed.sealed).map_err(|_| DAMAGED)?);
    let plain = sealed
        .key(passphrase, &salt)?
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(sealed.associated().as_bytes()), &mut bytes)
        .map_err(|_| SecretsError::Sealed("the passphrase is wrong, or the sealed copy was altered"))?;
    serde_json::from_slice(plain).map_err(|_| DAMAGED)
}

impl Contents {
    /// The keys of these purposes, as files of this place.
    ///
    /// # Errors
    /// When one is missing or not a key.
    pub fn secrets(&self, purposes: &[&'static str], place: &super::Place) -> Result<Vec<Secret>, SecretsError> {
        purposes
            .iter()
            .map(|purpose| {
                let (_, id, bytes) = self.keys.iter().find(|(name, ..)| name == purpose).ok_or(DAMAGED)?;
                let bytes = Zeroizing::new(HEXLOWER.decode(bytes.as_bytes()).map_err(|_| DAMAGED)?);
                Ok(Secret {
                    purpose,
                    id: HEXLOWER.decode(id.as_bytes()).ok().and_then(|id| id.try_into().ok()).ok_or(DAMAGED)?,
                    bytes: Zeroizing::new(bytes.as_slice().try_into().map_err(|_| DAMAGED)?),
                    path: place.file(purpose),
                })
            })
            .collect()
    }

    /// From keys and files.
    #[must_use]
    pub fn of(secrets: &[Secret], files: Vec<(String, Zeroizing<String>)>) -> Self {
        let key = |s: &Secret| {
            (s.purpose.to_owned(), HEXLOWER.encode(&s.id), Zeroizing::new(HEXLOWER.encode(s.bytes.as_ref())))
        };
        Self { keys: secrets.iter().map(key).collect(), files }
    }
}
