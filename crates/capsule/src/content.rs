//! A recorded entry: one that is delivered and archived in the same bytes, has one reading, and shows who wrote it.
//!
//! ```text
//! struct {
//!     uint8  suite = 1;
//!     opaque group<1..255>;
//!     opaque epoch_ref[32];
//!     uint32 leaf;                  /* the sender's leaf in the group */
//!     opaque certificate[32];       /* id of the sender's device certificate */
//!     uint64 counter;               /* the device's own, in this epoch */
//!     opaque client_id[16];
//!     opaque salt[32];
//!     uint64 refers_to;             /* the entry this one is about; 0 = none */
//!     opaque blobs<0..20>[32];      /* count in one byte */
//! } Header;
//! struct { Header header;  opaque com[32];  opaque ct[…];  opaque sig[64]; } Entry;
//! ```
//!
//! `(com ‖ key) = HKDF-SHA-256(K_n, salt, "rempart content 1" ‖ header, 64)`; `ct` = AES-256-GCM under `key`, zero nonce, no
//! associated data, its tag last; `sig` = Ed25519 of the leaf's key over `"rempart content 1" ‖ header ‖ com ‖ SHA-256(ct)`.
//!
//! AES-GCM alone does not commit to its key: one ciphertext can be made that opens to two texts under two keys. Here `com`
//! fixes the key: a second `K_n` with the same `com` is a collision of HMAC-SHA-256. `com` is compared before anything is opened.

use ed25519_dalek::{Signature, VerifyingKey};
use rempart_base::limits::{BLOBS_PER_ENTRY, CONTENT};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::codec::{FormatError, Reader, SUITE, put_opaque8};
use crate::derive::{TAG, hkdf, open, seal};
use crate::keys::EpochKey;

const LABEL: &[u8] = b"rempart content 1";
/// The key is used once, so that the nonce need not vary.
const NONCE: [u8; 12] = [0; 12];

/// Why a recorded entry cannot be made or is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ContentError {
    /// The bytes are wrong.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Over the limit.
    #[error("the content is longer than 65536 bytes")]
    TooLong,
    /// Not signed by this key.
    #[error("the entry's signature is not by this device")]
    Signature,
    /// The commitment is for another key: another epoch's, or a forged entry.
    #[error("the entry was not sealed with this epoch's key")]
    OtherKey,
    /// The commitment fits and yet it does not open: the sender wrote bytes that nobody can read.
    #[error("the entry is damaged: its sender sealed it wrongly")]
    Damaged,
}

/// What stands in clear before a recorded entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The MLS group id, 1 to 255 bytes.
    pub group: Vec<u8>,
    /// SHA-256 of the epoch's GroupContext.
    pub epoch_ref: [u8; 32],
    /// The sender's leaf.
    pub leaf: u32,
    /// The id of the sender's device certificate.
    pub certificate: [u8; 32],
    /// The device's own count of entries.
    pub counter: u64,
    /// The sender's id of the entry.
    pub client_id: [u8; 16],
    /// 32 random bytes, **fresh for every sealing**: they make the key that is used once with a fixed nonce.
    pub salt: [u8; 32],
    /// The entry this one is about; 0 = none.
    pub refers_to: u64,
    /// Names of the blobs that it uses, at most 20.
    pub blobs: Vec<[u8; 32]>,
}

impl Header {
    /// The header's bytes.
    ///
    /// # Errors
    /// When the group id or the list of blobs breaks its limit.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let count = match u8::try_from(self.blobs.len()) {
            Ok(count) if self.blobs.len() <= BLOBS_PER_ENTRY => count,
            _ => return Err(FormatError::Limit("the number of blobs")),
        };
        let mut out = vec![SUITE];
        put_opaque8(&mut out, &self.group, "the group id")?;
        out.extend_from_slice(&self.epoch_ref);
        out.extend_from_slice(&self.leaf.to_be_bytes());
        out.extend_from_slice(&self.certificate);
        out.extend_from_slice(&self.counter.to_be_bytes());
        out.extend_from_slice(&self.client_id);
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.refers_to.to_be_bytes());
        out.push(count);
        out.extend(self.blobs.iter().flatten());
        Ok(out)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        Ok(Self {
            group: reader.opaque8("the group id")?.to_vec(),
            epoch_ref: reader.take()?,
            leaf: reader.u32()?,
            certificate: reader.take()?,
            counter: reader.u64()?,
            client_id: reader.take()?,
            salt: reader.take()?,
            refers_to: reader.u64()?,
            blobs: match reader.u8()? {
                count if usize::from(count) <= BLOBS_PER_ENTRY => {
                    (0..count).map(|_| reader.take()).collect::<Result<_, _>>()?
                }
                _ => return Err(FormatError::Limit("the number of blobs")),
            },
        })
    }
}

/// A sealed entry that its sender has still to sign.
#[derive(Clone, Debug)]
pub struct Unsigned {
    header: Header,
    encoded: Vec<u8>,
    com: [u8; 32],
    ct: Vec<u8>,
}

impl Unsigned {
    /// What the leaf's key signs.
    #[must_use]
    pub fn signature_input(&self) -> Vec<u8> {
        signature_input(&self.encoded, &self.com, &self.ct)
    }

    /// With the signature, the entry.
    #[must_use]
    pub fn sign(self, signature: [u8; 64]) -> Entry {
        Entry { header: self.header, encoded: self.encoded, com: self.com, ct: self.ct, signature }
    }
}

/// A recorded entry. Reading it verifies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    header: Header,
    encoded: Vec<u8>,
    com: [u8; 32],
    ct: Vec<u8>,
    signature: [u8; 64],
}

impl Entry {
    /// Seals content, at most 64 KiB, under the epoch's key.
    ///
    /// # Errors
    /// When the content or the header breaks a limit.
    pub fn seal(header: Header, key: &EpochKey, content: &[u8]) -> Result<Unsigned, ContentError> {
        if content.len() > CONTENT {
            return Err(ContentError::TooLong);
        }
        let encoded = header.encode()?;
        let (com, key) = commit(key, &header.salt, &encoded);
        let ct = seal(&key, &NONCE, content).ok_or(ContentError::TooLong)?;
        Ok(Unsigned { header, encoded, com, ct })
    }

    /// What stands in clear.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of the content.
    #[must_use]
    pub fn content_len(&self) -> usize {
        self.ct.len().saturating_sub(TAG)
    }

    /// The entry's bytes: those that are delivered, and whose hash is in the log.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [self.encoded.as_slice(), &self.com, &self.ct, &self.signature].concat()
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// When the bytes are not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let header = Header::read(&mut reader)?;
        let encoded =
            bytes.split_at_checked(bytes.len() - reader.remaining()).ok_or(FormatError::Truncated)?.0.to_vec();
        let com = reader.take()?;
        let len = reader.remaining().checked_sub(64).ok_or(FormatError::Truncated)?;
        if len < TAG {
            return Err(FormatError::Truncated);
        }
        if len > CONTENT + TAG {
            return Err(FormatError::Limit("the content"));
        }
        let ct = reader.bytes(len)?.to_vec();
        Ok(Self { header, encoded, com, ct, signature: reader.take()? })
    }

    /// Whether the device with this Ed25519 key wrote it. Needs no secret: server and auditor ask too.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(&self, leaf_key: &[u8; 32]) -> Result<(), ContentError> {
        let key = VerifyingKey::from_bytes(leaf_key).map_err(|_| ContentError::Signature)?;
        let message = signature_input(&self.encoded, &self.com, &self.ct);
        key.verify_strict(&message, &Signature::from_bytes(&self.signature)).map_err(|_| ContentError::Signature)
    }

    /// Whether this is the epoch's key: how an auditor tells which of two capsules is right, without opening anything.
    #[must_use]
    pub fn fits(&self, key: &EpochKey) -> bool {
        commit(key, &self.header.salt, &self.encoded).0.ct_eq(&self.com).into()
    }

    /// The content.
    ///
    /// # Errors
    /// When the key is another epoch's, or the sender sealed it wrongly.
    pub fn open(&self, key: &EpochKey) -> Result<Zeroizing<Vec<u8>>, ContentError> {
        let (com, key) = commit(key, &self.header.salt, &self.encoded);
        if !bool::from(com.ct_eq(&self.com)) {
            return Err(ContentError::OtherKey);
        }
        open(&key, &NONCE, &self.ct).ok_or(ContentError::Damaged)
    }
}

fn commit(key: &EpochKey, salt: &[u8; 32], header: &[u8]) -> ([u8; 32], Zeroizing<[u8; 32]>) {
    let both = hkdf::<64>(key.as_bytes(), salt, &[LABEL, header]);
    let mut com = [0; 32];
    let mut one_time = Zeroizing::new([0; 32]);
    for (to, from) in com.iter_mut().chain(one_time.iter_mut()).zip(both.iter()) {
        *to = *from;
    }
    (com, one_time)
}

fn signature_input(header: &[u8], com: &[u8; 32], ct: &[u8]) -> Vec<u8> {
    [LABEL, header, com, Sha256::digest(ct).as_slice()].concat()
}
