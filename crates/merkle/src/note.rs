//! Signed notes (C2SP signed-note) with Ed25519 signatures, type 0x01.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Longest note, in bytes: 64 signatures of the longest kind would not fill it.
pub const MAX_NOTE: usize = 512 * 1024;
/// Most signatures of one note; signed-note asks for at least 16.
pub const MAX_SIGNATURES: usize = 64;
/// Longest key name, in bytes.
pub const MAX_NAME: usize = 512;

const ED25519: u8 = 0x01;

/// Why a note, a key or a signature is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum NoteError {
    /// Over [`MAX_NOTE`] or [`MAX_SIGNATURES`].
    #[error("the signed note is too long")]
    TooLong,
    /// Not the format of signed-note.
    #[error("not a signed note")]
    Malformed,
    /// The text breaks the rules: not ended by a newline, or with control characters.
    #[error("the text of a note must be lines of text, the last one ended")]
    Text,
    /// A name that is empty, too long, or has a space or a plus sign.
    #[error("the name of a log key must be one word without plus sign")]
    Name,
    /// Not a verifier key with an Ed25519 public key.
    #[error("not the verifier key of a log")]
    Key,
    /// No signature by the key asked for.
    #[error("the note is not signed by the log's key")]
    Unsigned,
    /// A signature that claims to be by the key and is not.
    #[error("the signature of the log is wrong")]
    Signature,
}

/// A line of signature as it stands, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub key_id: u32,
    /// What follows the id: 64 bytes for Ed25519.
    pub signature: Vec<u8>,
}

/// A text and the signatures that came with it, none of them verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note to sign.
    ///
    /// # Errors
    /// When the text is too long, does not end in a newline or has control characters.
    pub fn new(text: String) -> Result<Self, NoteError> {
        if text.len() > MAX_NOTE {
            return Err(NoteError::TooLong);
        }
        if !text.ends_with('\n') || has_controls(&text) {
            return Err(NoteError::Text);
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note with at least one signature. Verifies none: see [`VerifierKey::verify`].
    ///
    /// # Errors
    /// When it is over a limit or not in the format.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::TooLong);
        }
        let all = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed)?;
        if has_controls(all) {
            return Err(NoteError::Malformed);
        }
        let gap = all.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, rest) = all.split_at_checked(gap + 1).ok_or(NoteError::Malformed)?;
        let lines = rest.strip_prefix('\n').and_then(|r| r.strip_suffix('\n')).ok_or(NoteError::Malformed)?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::TooLong);
            }
            signatures.push(parse_signature(line).ok_or(NoteError::Malformed)?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The signed text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in order.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature made elsewhere with `key` over [`Self::text`].
    ///
    /// # Errors
    /// When the note would have too many, or this one is wrong.
    pub fn add(&mut self, key: &VerifierKey, signature: [u8; 64]) -> Result<(), NoteError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooLong);
        }
        key.verify_bytes(self.text.as_bytes(), &signature)?;
        self.signatures.push(NoteSignature {
            name: key.name.clone(),
            key_id: key.key_id,
            signature: signature.to_vec(),
        });
        Ok(())
    }
}

impl fmt::Display for Note {
    /// The note as it is sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let mut bytes = line.key_id.to_be_bytes().to_vec();
            bytes.extend_from_slice(&line.signature);
            writeln!(f, "— {} {}", line.name, STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

/// A name and an Ed25519 public key. As text: `name+id+base64(0x01 ‖ key)`, the id in eight hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_id: u32,
    key: VerifyingKey,
}

impl VerifierKey {
    /// A key by its 32 bytes (RFC 8032 §5.1.2).
    ///
    /// # Errors
    /// When the name breaks its rules, or the bytes are no point or one of the few weak ones.
    pub fn new(name: &str, key: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Name);
        }
        let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::Key)?;
        if key.is_weak() {
            return Err(NoteError::Key);
        }
        Ok(Self { name: name.to_owned(), key_id: key_id(name, key.as_bytes()), key })
    }

    /// The key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First four bytes of `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key)`.
    #[must_use]
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The public key's 32 bytes.
    #[must_use]
    pub fn key_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Checks that this key signed the note. Signatures by other keys count for nothing.
    ///
    /// # Errors
    /// When it did not, or a signature said to be its own is wrong.
    pub fn verify(&self, note: &Note) -> Result<(), NoteError> {
        let mut signed = false;
        for line in note.signatures.iter().filter(|s| s.name == self.name && s.key_id == self.key_id) {
            self.verify_bytes(note.text.as_bytes(), &line.signature)?;
            signed = true;
        }
        if signed { Ok(()) } else { Err(NoteError::Unsigned) }
    }

    /// Checks a bare signature over a message.
    pub(crate) fn verify_bytes(&self, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
        let signature = Signature::from_slice(signature).map_err(|_| NoteError::Signature)?;
        self.key.verify_strict(message, &signature).map_err(|_| NoteError::Signature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, self.key_id, STANDARD.encode(bytes))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    /// Reads the text form; an id that is not the key's own is refused.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&ED25519, key)) = key.split_first() else {
            return Err(NoteError::Key);
        };
        let key = Self::new(name, key.try_into().map_err(|_| NoteError::Key)?)?;
        if id == format!("{:08x}", key.key_id) { Ok(key) } else { Err(NoteError::Key) }
    }
}

/// The log's own key, which signs checkpoints and promises.
#[derive(Clone)]
pub struct LogKey {
    verifier: VerifierKey,
    key: SigningKey,
}

impl LogKey {
    /// From the name and the 32-byte seed (RFC 8032 §5.1.5).
    ///
    /// # Errors
    /// When the name breaks its rules.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let key = SigningKey::from_bytes(seed);
        Ok(Self { verifier: VerifierKey::new(name, key.verifying_key().as_bytes())?, key })
    }

    /// What others verify with.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs bytes. Callers keep the purposes apart: a note's text is lines, a promise begins with its own words.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Adds this key's signature to a note.
    ///
    /// # Errors
    /// When the note has too many signatures.
    pub fn sign_note(&self, note: &mut Note) -> Result<(), NoteError> {
        let signature = self.sign(note.text.as_bytes());
        note.add(&self.verifier, signature)
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.verifier)
    }
}

fn key_id(name: &str, key: &[u8; 32]) -> u32 {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key).finalize();
    hash.first_chunk().map_or(0, |id| u32::from_be_bytes(*id))
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}

/// ASCII control characters other than the newline.
fn has_controls(text: &str) -> bool {
    text.bytes().any(|b| b < b' ' && b != b'\n')
}

fn parse_signature(line: &str) -> Option<NoteSignature> {
    let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(signature).ok()?;
    let (key_id, signature) = bytes.split_first_chunk()?;
    if !is_name(name) || signature.is_empty() {
        return None;
    }
    Some(NoteSignature { name: name.to_owned(), key_id: u32::from_be_bytes(*key_id), signature: signature.to_vec() })
}
