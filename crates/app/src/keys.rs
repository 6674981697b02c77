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
    /// Signs the heads of the key log.
    KeyLog,
    /// Signs the server's proposals in groups, as their external sender.
    Delivery,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Pepper, Self::AtRest, Self::Log, Self::Tickets, Self::KeyLog, Self::Delivery];

    /// Whether installations exist that were made before there was such a key: they make it when they first start with it.
    #[must_use]
    pub const fn came_later(self) -> bool {
        matches!(self, Self::KeyLog | Self::Delivery)
    }

    /// The name, as in the file and in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::AtRest => "at-rest",
            Self::Log => "log",
            Self::Tickets => "tickets",
            Self::KeyLog => "key-log",
            Self::Delivery => "delivery",
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
    pub(crate) key_log_seed: zeroize::Zeroizing<[u8; 32]>,
    delivery_seed: zeroize::Zeroizing<[u8; 32]>,
    delivery_public: [u8; 32],
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
    /// A fault when a signing key's seed is refused.
    pub fn new(secret: impl Fn(Purpose) -> [u8; 32]) -> Result<Self, Fault> {
        let delivery_seed = zeroize::Zeroizing::new(secret(Purpose::Delivery));
        let delivery = Ed25519KeyPair::from_seed_unchecked(delivery_seed.as_ref())
            .map_err(|_| Fault::Crypto("make the key of groups"))?;
        Ok(Self {
            pepper: secret(Purpose::Pepper),
            at_rest: secret(Purpose::AtRest),
            log: Ed25519KeyPair::from_seed_unchecked(&secret(Purpose::Log))
                .map_err(|_| Fault::Crypto("make the log key"))?,
            log_seed: zeroize::Zeroizing::new(secret(Purpose::Log)),
            tickets: hmac::Key::new(hmac::HMAC_SHA256, &secret(Purpose::Tickets)),
            key_log_seed: zeroize::Zeroizing::new(secret(Purpose::KeyLog)),
            delivery_seed,
            delivery_public: public(&delivery),
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
        public(&self.log)
    }

    /// The public half of the key with which the server is the external sender of groups, 32 bytes.
    #[must_use]
    pub const fn delivery_public(&self) -> [u8; 32] {
        self.delivery_public
    }

    /// The seed of that key (RFC 8032 §5.1.5): for `mls_delivery`'s signer alone.
    #[must_use]
    pub fn delivery_seed(&self) -> &[u8; 32] {
        &self.delivery_seed
    }
}

fn public(pair: &Ed25519KeyPair) -> [u8; 32] {
    let mut out = [0u8; 32];
    out.copy_from_slice(pair.public_key().as_ref());
    out
}
