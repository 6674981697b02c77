//! Cosignatures of witnesses (C2SP tlog-cosignature v1): a third party's word that it saw this head, and that it follows
//! every head that it saw before.
//!
//! A line of signature whose bytes are `timestamp u64 (seconds since 1970) ‖ Ed25519 signature[64]`, over
//! `"cosignature/v1\ntime <timestamp>\n" ‖ the note's text`; the key's id is made with the algorithm byte 0x04.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::note::{MAX_NAME, Note, NoteError};

const ALGORITHM: u8 = 0x04;

/// What a witness signs for this text at this second.
#[must_use]
pub fn message(text: &str, timestamp: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {timestamp}\n{text}").into_bytes()
}

/// A witness's name and Ed25519 key. As text: `name+id+base64(0x04 ‖ key)`, the id in eight hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key_id: u32,
    key: VerifyingKey,
}

impl WitnessKey {
    /// A key by its 32 bytes.
    ///
    /// # Errors
    /// When the name breaks its rules, or the bytes are no point or a weak one.
    pub fn new(name: &str, key: &[u8; 32]) -> Result<Self, NoteError> {
        if !(1..=MAX_NAME).contains(&name.len()) || name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ') {
            return Err(NoteError::Name);
        }
        let key = VerifyingKey::from_bytes(key).map_err(|_| NoteError::Key)?;
        if key.is_weak() {
            return Err(NoteError::Key);
        }
        let hash =
            Sha256::new().chain_update(name).chain_update([b'\n', ALGORITHM]).chain_update(key.as_bytes()).finalize();
        let key_id = hash.first_chunk().map_or(0, |id| u32::from_be_bytes(*id));
        Ok(Self { name: name.to_owned(), key_id, key })
    }

    /// The witness's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// First four bytes of `SHA-256(name ‖ 0x0A ‖ 0x04 ‖ key)`.
    #[must_use]
    pub const fn key_id(&self) -> u32 {
        self.key_id
    }

    /// When this witness signed the note, in seconds since 1970; `None` if it did not. The newest counts.
    ///
    /// # Errors
    /// When a signature said to be its own is wrong.
    pub fn verify(&self, note: &Note) -> Result<Option<u64>, NoteError> {
        let mut newest = None;
        for line in note.signatures().iter().filter(|s| s.name == self.name && s.key_id == self.key_id) {
            let (timestamp, signature) = line.signature.split_first_chunk().ok_or(NoteError::Signature)?;
            let timestamp = u64::from_be_bytes(*timestamp);
            let signature = Signature::from_slice(signature).map_err(|_| NoteError::Signature)?;
            self.key.verify_strict(&message(note.text(), timestamp), &signature).map_err(|_| NoteError::Signature)?;
            newest = newest.max(Some(timestamp));
        }
        Ok(newest)
    }
}

/// The moments at which different witnesses of a list signed a note, newest first. A key twice in the list counts once.
///
/// # Errors
/// When a signature said to be a witness's is wrong.
pub fn witnessed(note: &Note, witnesses: &[WitnessKey]) -> Result<Vec<u64>, NoteError> {
    let mut seen = BTreeSet::new();
    let mut times = Vec::new();
    for witness in witnesses {
        if seen.insert(*witness.key.as_bytes()) {
            times.extend(witness.verify(note)?);
        }
    }
    times.sort_unstable_by(|a, b| b.cmp(a));
    Ok(times)
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ALGORITHM];
        bytes.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, self.key_id, STANDARD.encode(bytes))
    }
}

impl FromStr for WitnessKey {
    type Err = NoteError;

    /// Reads the text form; an id that is not the key's own is refused.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key);
        };
        let key = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
        let Some((&ALGORITHM, key)) = key.split_first() else {
            return Err(NoteError::Key);
        };
        let key = Self::new(name, key.try_into().map_err(|_| NoteError::Key)?)?;
        if id == format!("{:08x}", key.key_id) { Ok(key) } else { Err(NoteError::Key) }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::note::LogKey;

    fn note() -> Note {
        let log = LogKey::from_seed("host/messages", &[1; 32]).unwrap();
        let head = Checkpoint { origin: "host/messages".into(), size: 3, root: [7; 32], extensions: Vec::new() };
        Note::parse(head.sign(&log).unwrap().as_bytes()).unwrap()
    }

    fn cosigned(seed: u8, name: &str, time: u64, note: &Note) -> Note {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let witness = WitnessKey::new(name, key.verifying_key().as_bytes()).unwrap();
        let mut bytes = witness.key_id().to_be_bytes().to_vec();
        bytes.extend(time.to_be_bytes());
        bytes.extend(key.sign(&message(note.text(), time)).to_bytes());
        Note::parse(format!("{note}— {name} {}\n", STANDARD.encode(bytes)).as_bytes()).unwrap()
    }

    fn witness(seed: u8, name: &str) -> WitnessKey {
        WitnessKey::new(name, SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes()).unwrap()
    }

    #[test]
    fn different_witnesses_count_and_one_twice_does_not() {
        let signed = cosigned(3, "b.example", 200, &cosigned(2, "a.example", 100, &note()));
        let (a, b, c) = (witness(2, "a.example"), witness(3, "b.example"), witness(4, "c.example"));
        assert_eq!(witnessed(&signed, &[a.clone(), b.clone(), c]), Ok(vec![200, 100]));
        assert_eq!(witnessed(&signed, &[a.clone(), a.clone()]), Ok(vec![100]));
        assert_eq!(witnessed(&note(), &[a, b]), Ok(vec![]));
    }

    #[test]
    fn a_wrong_signature_is_refused_not_skipped() {
        let signed = cosigned(2, "a.example", 100, &note());
        let line = signed.signatures().last().unwrap().clone();
        let mut bytes = line.key_id.to_be_bytes().to_vec();
        bytes.extend(&line.signature);
        bytes[11] ^= 1; // the timestamp
        let altered = Note::parse(format!("{}— a.example {}\n", note(), STANDARD.encode(bytes)).as_bytes()).unwrap();
        assert_eq!(witnessed(&altered, &[witness(2, "a.example")]), Err(NoteError::Signature));
    }

    #[test]
    fn the_text_form_is_read_back_and_a_log_key_is_no_witness() {
        let key = witness(2, "a.example");
        assert_eq!(key.to_string().parse(), Ok(key));
        let log = LogKey::from_seed("a.example", &[2; 32]).unwrap();
        assert_eq!(log.verifier().to_string().parse::<WitnessKey>(), Err(NoteError::Key));
    }
}
