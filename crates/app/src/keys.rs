//! The server's keys. They come from files beside the data directory, one a purpose, and never reach a store.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use crate::error::Fault;

/// What a key is for; also the name of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Mixed into password hashes, outside of the database.
    Pepper,
    /// Wraps the data keys of bodies, files and second-factor secrets.
    AtRest,
    /// Signs the archive log.
    Log,
    /// Authenticates short-lived tickets, recovery codes and blob names.
    Tickets,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pepper, Self::AtRest, Self::Log, Self::Tickets];

    /// The name, as in the file and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::AtRest => "at-rest",
            Self::Log => "log",
            Self::Tickets => "tickets",
        }
    }
}

/// The server's keys: 32 random bytes a purpose.
pub struct Keys {
    pub(crate) pepper: [u8; 32],
    pub(crate) at_rest: [u8; 32],
    pub(crate) log: Ed25519KeyPair,
    pub(crate) log_seed: zeroize::Zeroizing<[u8; 32]>,
    pub(crate) tickets: hmac::Key,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys { .. }")
    }
}

impl Keys {
    /// From 32 bytes a purpose.
    ///
    /// # Errors
    /// A fault when the log key's seed is refused.
    pub fn new(secret: impl Fn(Purpose) -> [u8; 32]) -> Result<Self, Fault> {
        Ok(Self {
            pepper: secret(Purpose::Pepper),
            at_rest: secret(Purpose::AtRest),
            log: Ed25519KeyPair::from_seed_unchecked(&secret(Purpose::Log))
                .map_err(|_| Fault::Crypto("make the log key"))?,
            log_seed: zeroize::Zeroizing::new(secret(Purpose::Log)),
            tickets: hmac::Key::new(hmac::HMAC_SHA256, &secret(Purpose::Tickets)),
        })
    }

    /// What a key makes of a fixed text: kept in the store, so that a node with other files refuses to start.
    #[must_use]
    pub fn check_value(purpose: Purpose, secret: &[u8; 32]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::sign(&key, format!("rempart key check 1 {}", purpose.name()).as_bytes()).as_ref().to_vec()
    }

    /// The public half of the log key, 32 bytes.
    #[must_use]
    pub fn log_public(&self) -> [u8; 32] {
        let mut out = [0u8; 32];
        out.copy_from_slice(self.log.public_key().as_ref());
        out
    }
}
