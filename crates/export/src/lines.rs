//! The lines of `journal/…`, `openings.jsonl` and `keys/leaves.jsonl`: one JSON object each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rempart_merkle::leaf::{Leaf, content_hash, leaf_hash};
use rempart_merkle::tree::Hash;
use serde::{Deserialize, Serialize};

use crate::FormatError;

/// Longest line, in bytes: a commit of 4 MiB in base64, and what stands beside it.
pub const LONGEST: usize = 6 << 20;

/// An entry of the log, with what its leaf commits to as far as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its position in the log, from 0.
    pub position: u64,
    /// The leaf.
    pub leaf: Leaf,
    /// The leaf's bytes as logged.
    pub leaf_bytes: Vec<u8>,
    /// Salt and content's exact bytes; `None` where the body was erased or is not part of the export.
    pub body: Option<([u8; 32], Vec<u8>)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    position: u64,
    leaf: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

impl Line {
    /// A line of this leaf.
    ///
    /// # Errors
    /// When the leaf breaks a limit.
    pub fn new(position: u64, leaf: Leaf, body: Option<([u8; 32], Vec<u8>)>) -> Result<Self, FormatError> {
        Ok(Self { position, leaf_bytes: leaf.encode()?, leaf, body })
    }

    /// The line's text, without line end.
    ///
    /// # Errors
    /// Never for values of these types.
    pub fn encode(&self) -> Result<String, FormatError> {
        let raw = Raw {
            position: self.position,
            leaf: STANDARD.encode(&self.leaf_bytes),
            salt: self.body.as_ref().map(|(salt, _)| STANDARD.encode(salt)),
            content: self.body.as_ref().map(|(_, content)| STANDARD.encode(content)),
        };
        serde_json::to_string(&raw).map_err(|error| FormatError::Json(error.to_string()))
    }

    /// Reads a line. Says nothing about whether leaf, body and log fit together.
    ///
    /// # Errors
    /// When it is not in the format.
    pub fn decode(text: &[u8]) -> Result<Self, FormatError> {
        if text.len() > LONGEST {
            return Err(FormatError::TooLong);
        }
        let raw: Raw = serde_json::from_slice(text).map_err(|error| FormatError::Json(error.to_string()))?;
        let leaf_bytes = STANDARD.decode(&raw.leaf).map_err(|_| FormatError::Field("a leaf"))?;
        let body = match (raw.salt, raw.content) {
            (None, None) => None,
            (Some(salt), Some(content)) => {
                let salt = STANDARD.decode(salt).ok().and_then(|salt| salt.try_into().ok());
                let content = STANDARD.decode(content).map_err(|_| FormatError::Field("a content"))?;
                Some((salt.ok_or(FormatError::Field("a salt"))?, content))
            }
            _ => return Err(FormatError::Field("salt and content: both or none")),
        };
        Ok(Self { position: raw.position, leaf: Leaf::decode(&leaf_bytes)?, leaf_bytes, body })
    }

    /// The leaf's hash in the log.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.leaf_bytes)
    }

    /// Whether the body, if given, is the one that the leaf commits to.
    #[must_use]
    pub fn body_fits(&self) -> bool {
        self.body.as_ref().is_none_or(|(salt, content)| {
            content_hash(salt, content) == self.leaf.content_hash
                && u32::try_from(content.len()) == Ok(self.leaf.content_len)
        })
    }
}

/// A leaf of the key log, as logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLine {
    /// The leaf's bytes.
    pub leaf: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    leaf: String,
}

impl KeyLine {
    /// The line's text, without line end.
    ///
    /// # Errors
    /// Never for values of these types.
    pub fn encode(&self) -> Result<String, FormatError> {
        serde_json::to_string(&RawKey { leaf: STANDARD.encode(&self.leaf) })
            .map_err(|error| FormatError::Json(error.to_string()))
    }

    /// Reads a line.
    ///
    /// # Errors
    /// When it is not in the format.
    pub fn decode(text: &[u8]) -> Result<Self, FormatError> {
        if text.len() > LONGEST {
            return Err(FormatError::TooLong);
        }
        let raw: RawKey = serde_json::from_slice(text).map_err(|error| FormatError::Json(error.to_string()))?;
        Ok(Self { leaf: STANDARD.decode(raw.leaf).map_err(|_| FormatError::Field("a leaf"))? })
    }
}

/// The leaves of a bundle (C2SP tlog-tiles): each preceded by its length in two bytes, big-endian.
///
/// # Errors
/// When the bytes do not end with the last leaf.
pub fn bundle(bytes: &[u8]) -> Result<Vec<&[u8]>, FormatError> {
    let mut leaves = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (len, tail) = rest.split_first_chunk().ok_or(FormatError::Field("a bundle of leaves"))?;
        let (leaf, tail) = tail
            .split_at_checked(usize::from(u16::from_be_bytes(*len)))
            .ok_or(FormatError::Field("a bundle of leaves"))?;
        leaves.push(leaf);
        rest = tail;
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use rempart_base::{ConversationId, DeviceId};
    use rempart_merkle::Sender;

    use super::*;

    fn line() -> Line {
        let (salt, content) = ([3; 32], b"bytes".to_vec());
        let leaf = Leaf {
            kind: 1,
            conversation: ConversationId::from_bytes([1; 16]),
            seq: 7,
            server_time_ms: 1_800_000_000_000,
            sender: Sender::Device(DeviceId::from_bytes([2; 16])),
            epoch_ref: vec![4; 32],
            refers_to: 0,
            content_len: 5,
            content_hash: content_hash(&salt, &content),
        };
        Line::new(40, leaf, Some((salt, content))).unwrap()
    }

    #[test]
    fn lines_are_read_back() {
        let line = line();
        assert_eq!(Line::decode(line.encode().unwrap().as_bytes()), Ok(line.clone()));
        assert!(line.body_fits());
        let bare = Line { body: None, ..line.clone() };
        assert_eq!(Line::decode(bare.encode().unwrap().as_bytes()), Ok(bare));
        let other = Line { body: Some(([3; 32], b"other".to_vec())), ..line };
        assert!(!other.body_fits());
    }

    #[test]
    fn what_is_half_there_or_unknown_is_refused() {
        let text = line().encode().unwrap();
        let half = text.replace("\"salt\"", "\"pepper\"");
        assert!(matches!(Line::decode(half.as_bytes()), Err(FormatError::Json(_))));
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value.as_object_mut().unwrap().remove("salt");
        assert_eq!(
            Line::decode(value.to_string().as_bytes()),
            Err(FormatError::Field("salt and content: both or none"))
        );
        assert_eq!(Line::decode(&vec![b' '; LONGEST + 1]), Err(FormatError::TooLong));
    }

    #[test]
    fn bundles_end_with_their_last_leaf() {
        assert_eq!(bundle(&[0, 1, 9, 0, 0, 0, 2, 8, 7]), Ok(vec![&[9][..], &[], &[8, 7]]));
        assert!(bundle(&[0, 3, 9]).is_err());
        assert!(bundle(&[0]).is_err());
    }
}
