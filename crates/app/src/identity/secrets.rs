//! How secrets are made, kept and compared.
//!
//! Passwords: Argon2id with 19 MiB, two passes, one lane (RFC 9106; the second of OWASP's recommended parameters), with the
//! pepper as its secret input, so that neither a database nor a configuration alone gives anything to guess against.
//! Secrets that we draw ourselves have 256 bits and are kept as their SHA-256. Short codes are kept as HMACs.

use std::sync::{Arc, OnceLock};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rempart_base::{Secret, limits};
use rempart_domain::Refusal;
use rempart_domain::refusal::Reason;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::error::Fault;
use crate::password_list::PasswordList;
use crate::{App, Outcome};

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Passwords that may wait to be hashed, for each that is being hashed.
const WAITING_EACH: usize = 32;

/// The places where passwords are hashed: as many as there are cores, and a bounded queue before them.
pub(super) struct Hashing {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    list: OnceLock<Option<PasswordList<'static>>>,
    /// What an unknown account's password is compared to, so that it costs the same.
    nobody: tokio::sync::OnceCell<String>,
}

impl Default for Hashing {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            places: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(cores * (WAITING_EACH + 1))),
            list: OnceLock::new(),
            nobody: tokio::sync::OnceCell::new(),
        }
    }
}

/// SHA-256 of a secret that has 256 bits.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    let mut out = [0u8; 32];
    out.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    out
}

/// A password as it is hashed: one form of what can be typed in several (RFC 8265 §4.2 asks for a normal form too).
fn normal(password: &str) -> Zeroizing<String> {
    Zeroizing::new(password.nfkc().collect())
}

fn hasher(pepper: &[u8; 32]) -> Result<Argon2<'_>, Fault> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| Fault::Crypto("set up Argon2id"))?;
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params)
        .map_err(|_| Fault::Crypto("set up Argon2id"))
}

impl App {
    /// 32 random bytes as base64url: for cookies and links.
    pub(super) fn fresh_secret(&self) -> Secret<String> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        self.entropy.fill(bytes.as_mut());
        Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
    }

    /// HMAC of some parts under the ticket key, for one purpose; each part's length goes in, so that they cannot be moved.
    pub(super) fn mac(&self, purpose: &str, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.keys.tickets);
        for part in [&[purpose.as_bytes()], parts].concat() {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }

    /// Hashes a password.
    pub(super) async fn hash_password(&self, password: &str) -> Outcome<String> {
        let mut salt = [0u8; 16];
        self.entropy.fill(&mut salt);
        let password = normal(password);
        self.hashing(move |argon| {
            argon
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(|_| Fault::Crypto("hash a password"))
        })
        .await
    }

    /// The first of some verifiers that a password fits. None fits nothing and costs as much as one.
    pub(super) async fn verify_password(&self, password: &str, verifiers: Vec<String>) -> Outcome<Option<usize>> {
        let nobody = self.identity.hashing.nobody.get_or_try_init(|| self.hash_password("nobody's password")).await?;
        let verifiers = if verifiers.iter().all(String::is_empty) { vec![nobody.clone()] } else { verifiers };
        let decoy = verifiers.first() == Some(nobody);
        let password = normal(password);
        let found = self
            .hashing(move |argon| {
                Ok(verifiers.iter().position(|verifier| {
                    PasswordHash::new(verifier)
                        .is_ok_and(|hash| argon.verify_password(password.as_bytes(), &hash).is_ok())
                }))
            })
            .await?;
        Ok(found.filter(|_| !decoy))
    }

    /// Runs a computation of Argon2id off the asynchronous threads, on one of the places for it.
    async fn hashing<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Argon2<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Outcome<T> {
        const ENDED: Fault = Fault::Ended("hashing a password");
        let busy = Refusal::wait(Reason::TooManyRequests, 1_000);
        let queued = Arc::clone(&self.identity.hashing.queue).try_acquire_owned().map_err(|_| busy)?;
        let place = Arc::clone(&self.identity.hashing.places).acquire_owned().await.map_err(|_| ENDED)?;
        let pepper = Zeroizing::new(self.keys.pepper);
        let done = tokio::task::spawn_blocking(move || {
            let result = hasher(&pepper).and_then(|argon| job(&argon));
            // Held until the work is done, even where the one who asked went away.
            drop((place, queued));
            result
        });
        Ok(done.await.map_err(|_| ENDED)??)
    }

    /// Whether a word is in the list of common passwords.
    pub(super) fn is_common(&self, word: &str) -> Outcome<bool> {
        let list = self.identity.hashing.list.get_or_init(|| PasswordList::embedded().ok());
        list.map(|list| list.contains(word)).ok_or_else(|| Fault::Crypto("read the list of common passwords").into())
    }

    /// Judges a password against the list in this binary.
    pub(super) fn judge_password<'a>(
        &self,
        candidate: &str,
        min_bits: u32,
        context: impl IntoIterator<Item = &'a str>,
        is_former: bool,
    ) -> Outcome<rempart_domain::password::Verdict> {
        // The list is read once before, so that a damaged one is a fault and never a password taken.
        self.is_common("")?;
        let common = |word: &str| self.is_common(word).unwrap_or(true);
        Ok(rempart_domain::password::judge(candidate, min_bits, context, common, is_former))
    }
}

/// Whether a password is too long to be looked at.
pub(super) fn too_long(password: &str) -> bool {
    password.len() > limits::PASSWORD_CHARS * 4
}
