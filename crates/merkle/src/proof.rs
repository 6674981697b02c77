//! Inclusion and consistency proofs (RFC 9162 §2.1.3 and §2.1.4): making them from any store of hashes, and checking.

use thiserror::Error;

use crate::tree::{Hash, empty_root, fold_roots, node_hash};

/// Longest possible proof, in hashes: a consistency proof in a tree of 2⁶⁴ − 1 leaves.
pub const MAX_PROOF: usize = 65;

/// A proof that does not prove.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the proof does not fit the log's head")]
pub struct BadProof;

/// A proof asked of a tree too small for it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the log has fewer entries than the proof asks for")]
pub struct OutOfRange;

/// Leaves `start..end` of a tree, as a proof needs them joined into one hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First leaf.
    pub start: u64,
    /// The leaf after the last.
    pub end: u64,
}

/// The root of a complete subtree: leaves `index << level .. (index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Height above the leaves, 0 to 63.
    pub level: u8,
    /// Place among the nodes of that height.
    pub index: u64,
}

/// Where the hashes of complete subtrees come from.
pub trait HashSource {
    /// Why a hash cannot be had.
    type Error;
    /// The root of the complete subtree `node`.
    ///
    /// # Errors
    /// When it cannot be had.
    fn hash(&self, node: Node) -> Result<Hash, Self::Error>;
}

impl Span {
    const fn len(self) -> u64 {
        self.end - self.start
    }

    /// The complete subtrees that make up the span, left to right. Their roots, joined from the right, are its hash.
    #[must_use]
    pub fn nodes(self) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut start = self.start;
        while start < self.end {
            // A span of a proof begins at a multiple of its greatest power of two, so taking the greatest that fits
            // the length keeps to RFC 9162's split; the alignment bound makes any other span safe too.
            let fits = (self.end - start).ilog2();
            let level = fits.min(start.trailing_zeros());
            nodes.push(Node { level: u8::try_from(level).unwrap_or(63), index: start >> level });
            start += 1 << level;
        }
        nodes
    }

    fn hash<S: HashSource>(self, source: &S) -> Result<Option<Hash>, S::Error> {
        let roots = self.nodes().into_iter().map(|node| source.hash(node)).collect::<Result<Vec<_>, _>>()?;
        Ok(fold_roots(roots.into_iter()))
    }
}

/// The spans whose hashes, in order, are the inclusion proof of leaf `position` in the tree of `size` leaves.
/// For stores that must fetch before they answer: see [`crate::tile::tiles_for`].
///
/// # Errors
/// When the tree has no such leaf.
pub fn inclusion_spans(position: u64, size: u64) -> Result<Vec<Span>, OutOfRange> {
    if position >= size {
        return Err(OutOfRange);
    }
    let mut spans = Vec::new();
    let mut at = Span { start: 0, end: size };
    while at.len() > 1 {
        let middle = at.start + split(at.len());
        if position < middle {
            spans.push(Span { start: middle, end: at.end });
            at.end = middle;
        } else {
            spans.push(Span { start: at.start, end: middle });
            at.start = middle;
        }
    }
    spans.reverse();
    Ok(spans)
}

/// The spans whose hashes, in order, are the consistency proof from `first` leaves to `second`. None when `first` is 0
/// or equals `second`.
///
/// # Errors
/// When `first` is greater than `second`.
pub fn consistency_spans(first: u64, second: u64) -> Result<Vec<Span>, OutOfRange> {
    if first > second {
        return Err(OutOfRange);
    }
    let mut spans = Vec::new();
    if first == 0 || first == second {
        return Ok(spans);
    }
    let mut at = Span { start: 0, end: second };
    while first < at.end {
        let middle = at.start + split(at.len());
        if first <= middle {
            spans.push(Span { start: middle, end: at.end });
            at.end = middle;
        } else {
            spans.push(Span { start: at.start, end: middle });
            at.start = middle;
        }
    }
    // The old tree itself is what the verifier already has, unless it is only a part of it that remained.
    if at.start != 0 {
        spans.push(at);
    }
    spans.reverse();
    Ok(spans)
}

/// The hashes of spans, in order: a proof.
///
/// # Errors
/// When the source fails.
pub fn prove<S: HashSource>(spans: &[Span], source: &S) -> Result<Vec<Hash>, S::Error> {
    let mut proof = Vec::with_capacity(spans.len());
    for span in spans {
        proof.extend(span.hash(source)?);
    }
    Ok(proof)
}

/// The root of the tree of `size` leaves.
///
/// # Errors
/// When the source fails.
pub fn root<S: HashSource>(size: u64, source: &S) -> Result<Hash, S::Error> {
    Ok(Span { start: 0, end: size }.hash(source)?.unwrap_or_else(empty_root))
}

/// Checks that `leaf` is at `position` in the tree of `size` leaves with `root` (RFC 9162 §2.1.3.2).
///
/// # Errors
/// When the proof does not show it.
pub fn verify_inclusion(leaf: &Hash, position: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), BadProof> {
    if position >= size {
        return Err(BadProof);
    }
    let mut walk = Walk { node: position, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match walk.up()? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    if walk.last == 0 && hash == *root { Ok(()) } else { Err(BadProof) }
}

/// Checks that the tree of `second` leaves with `second_root` begins with the one of `first` leaves with `first_root`
/// (RFC 9162 §2.1.4.2).
///
/// # Errors
/// When the proof does not show it.
pub fn verify_consistency(
    first: u64,
    first_root: &Hash,
    second: u64,
    second_root: &Hash,
    proof: &[Hash],
) -> Result<(), BadProof> {
    if first > second {
        return Err(BadProof);
    }
    if first == 0 || first == second {
        let expected = if first == 0 { empty_root() } else { *second_root };
        let same_empty = second != 0 || *second_root == empty_root();
        return if proof.is_empty() && *first_root == expected && same_empty { Ok(()) } else { Err(BadProof) };
    }
    // A complete old tree is a node of the new one, so its root is where the proof starts and is left out of it.
    let (start, rest) =
        if first.is_power_of_two() { (first_root, proof) } else { proof.split_first().ok_or(BadProof)? };
    let skip = (first - 1).trailing_ones();
    let mut walk = Walk { node: (first - 1) >> skip, last: (second - 1) >> skip };
    let (mut old, mut new) = (*start, *start);
    for sibling in rest {
        match walk.up()? {
            Side::Left => {
                old = node_hash(sibling, &old);
                new = node_hash(sibling, &new);
            }
            Side::Right => new = node_hash(&new, sibling),
        }
    }
    if walk.last == 0 && old == *first_root && new == *second_root { Ok(()) } else { Err(BadProof) }
}

/// The greatest power of two less than `len`, for `len` ≥ 2.
const fn split(len: u64) -> u64 {
    1 << (len - 1).ilog2()
}

/// On which side of the node a proof's next hash stands.
enum Side {
    Left,
    Right,
}

/// The way from a node to the root: `fn` and `sn` of RFC 9162.
struct Walk {
    node: u64,
    last: u64,
}

impl Walk {
    fn up(&mut self) -> Result<Side, BadProof> {
        if self.last == 0 {
            return Err(BadProof);
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            if self.node & 1 == 0 {
                // A last node without a sibling rises unchanged until it is a right child.
                let lone = self.node.trailing_zeros().min(63);
                self.node >>= lone;
                self.last >>= lone;
            }
            Side::Left
        } else {
            Side::Right
        };
        self.node >>= 1;
        self.last >>= 1;
        Ok(side)
    }
}
