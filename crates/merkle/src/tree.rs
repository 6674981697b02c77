//! The Merkle tree of RFC 9162 §2.1 with SHA-256: node hashes, and the frontier that grows a tree leaf by leaf.

use sha2::{Digest, Sha256};
use thiserror::Error;

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// Why a frontier cannot be read or grown.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FrontierError {
    /// The number of bytes does not fit the size they begin with.
    #[error("the stored frontier of the log is damaged")]
    Damaged,
    /// 2⁶⁴ − 1 leaves.
    #[error("the log is full")]
    Full,
}

/// `SHA-256(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of the tree without leaves: `SHA-256("")`.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// What one must keep of a tree to append to it: the roots of its complete subtrees, greatest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One hash for each 1 bit of `size`, from the highest bit down.
    roots: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, greatest first; one for each 1 bit of [`Self::size`].
    #[must_use]
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Appends a leaf hash and returns its position, counted from 0. At most 64 hashes are computed, 1 on average.
    ///
    /// # Errors
    /// When the log is full; then nothing has changed.
    pub fn append(&mut self, leaf: Hash) -> Result<u64, FrontierError> {
        let position = self.size;
        let size = position.checked_add(1).ok_or(FrontierError::Full)?;
        let mut hash = leaf;
        for _ in 0..position.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size = size;
        Ok(position)
    }

    /// The tree's root (RFC 9162 §2.1.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_roots(self.roots.iter().copied()).unwrap_or_else(empty_root)
    }

    /// The size (u64, big-endian), then the roots: at most 8 + 64 × 32 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.roots.len() * 32);
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(self.roots.as_flattened());
        out
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the number of bytes does not fit the size.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, rest) = bytes.split_first_chunk().ok_or(FrontierError::Damaged)?;
        let size = u64::from_be_bytes(*size);
        let (roots, odd) = rest.as_chunks::<32>();
        if !odd.is_empty() || u32::try_from(roots.len()) != Ok(size.count_ones()) {
            return Err(FrontierError::Damaged);
        }
        Ok(Self { size, roots: roots.to_vec() })
    }
}

/// Joins the roots of adjacent complete subtrees of falling size into one; `None` of none.
pub(crate) fn fold_roots(roots: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    roots.rev().reduce(|right, left| node_hash(&left, &right))
}
