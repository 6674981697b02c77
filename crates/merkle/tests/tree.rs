//! The tree and its proofs against RFC 9162's definitions written out plainly, and against published vectors.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers may fail the test")]

use proptest::prelude::*;
use rempart_merkle::leaf::leaf_hash;
use rempart_merkle::proof::{
    HashSource, MAX_PROOF, Node, Span, consistency_spans, inclusion_spans, prove, root, verify_consistency,
    verify_inclusion,
};
use rempart_merkle::tree::{Frontier, FrontierError, Hash, empty_root, node_hash};
use serde_json::Value;

/// `MTH` of RFC 9162 §2.1.1, over leaf hashes.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len()));
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// `PATH` of §2.1.3.1.
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = half(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) = if m < k { (path(m, left), mth(right)) } else { (path(m - k, right), mth(left)) };
    proof.push(sibling);
    proof
}

/// `SUBPROOF` of §2.1.4.1.
fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = half(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut proof, sibling) =
        if m <= k { (subproof(m, left, whole), mth(right)) } else { (subproof(m - k, right, false), mth(left)) };
    proof.push(sibling);
    proof
}

fn half(n: usize) -> usize {
    n.next_power_of_two() / 2
}

struct Leaves<'a>(&'a [Hash]);

impl HashSource for Leaves<'_> {
    type Error = std::convert::Infallible;
    fn hash(&self, node: Node) -> Result<Hash, Self::Error> {
        let start = usize::try_from(node.index << node.level).unwrap();
        Ok(mth(&self.0[start..start + (1 << node.level)]))
    }
}

fn leaves(n: usize) -> Vec<Hash> {
    (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn frontier(leaves: &[Hash]) -> Frontier {
    let mut frontier = Frontier::new();
    for (i, leaf) in leaves.iter().enumerate() {
        assert_eq!(frontier.append(*leaf), Ok(i as u64));
    }
    frontier
}

fn hash(value: &Value) -> Hash {
    let text = value.as_str().unwrap();
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

#[test]
fn published_vectors() {
    let file: Value = serde_json::from_str(include_str!("../vectors/tree.json")).unwrap();
    let leaves: Vec<Hash> = file["leaves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leaf| {
            let text = leaf.as_str().unwrap();
            let bytes: Vec<u8> =
                (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect();
            leaf_hash(&bytes)
        })
        .collect();
    let roots = hashes(&file["roots"]);
    assert_eq!((leaves.len(), roots.len()), (8, 9));
    for (n, expected) in roots.iter().enumerate() {
        assert_eq!(frontier(&leaves[..n]).root(), *expected, "{n}");
    }
    for case in file["inclusion"].as_array().unwrap() {
        let (position, size) = (case["position"].as_u64().unwrap(), case["size"].as_u64().unwrap());
        let proof = prove(&inclusion_spans(position, size).unwrap(), &Leaves(&leaves)).unwrap();
        assert_eq!(proof, hashes(&case["proof"]));
        verify_inclusion(&leaves[position as usize], position, size, &proof, &roots[size as usize]).unwrap();
    }
    for case in file["consistency"].as_array().unwrap() {
        let (first, second) = (case["first"].as_u64().unwrap(), case["second"].as_u64().unwrap());
        let proof = prove(&consistency_spans(first, second).unwrap(), &Leaves(&leaves)).unwrap();
        assert_eq!(proof, hashes(&case["proof"]));
        verify_consistency(first, &roots[first as usize], second, &roots[second as usize], &proof).unwrap();
    }
}

#[test]
fn all_small_trees_prove_as_the_rfc_says() {
    let all = leaves(70);
    for size in 0..=all.len() {
        let tree = &all[..size];
        let head = mth(tree);
        assert_eq!(frontier(tree).root(), head);
        assert_eq!(root(size as u64, &Leaves(tree)).unwrap(), head);
        for m in 0..size {
            let proof = prove(&inclusion_spans(m as u64, size as u64).unwrap(), &Leaves(tree)).unwrap();
            assert_eq!(proof, path(m, tree));
            verify_inclusion(&tree[m], m as u64, size as u64, &proof, &head).unwrap();
            assert!(
                verify_inclusion(&tree[m], (m as u64 + 1) % size as u64, size as u64, &proof, &head).is_err()
                    || size == 1
            );
            assert!(verify_inclusion(&[0; 32], m as u64, size as u64, &proof, &head).is_err());
        }
        for first in 0..=size {
            let proof = prove(&consistency_spans(first as u64, size as u64).unwrap(), &Leaves(tree)).unwrap();
            if first > 0 {
                assert_eq!(proof, subproof(first, tree, true));
            }
            let old = mth(&tree[..first]);
            verify_consistency(first as u64, &old, size as u64, &head, &proof).unwrap();
            assert!(verify_consistency(first as u64, &[0; 32], size as u64, &head, &proof).is_err());
            if first > 0 || size == 0 {
                assert!(verify_consistency(first as u64, &old, size as u64, &[0; 32], &proof).is_err());
            }
        }
    }
    assert!(inclusion_spans(3, 3).is_err());
    assert!(consistency_spans(4, 3).is_err());
    assert!(verify_inclusion(&all[0], 3, 3, &[], &all[0]).is_err());
    assert!(verify_inclusion(&all[0], 0, 0, &[], &empty_root()).is_err());
    assert!(verify_consistency(4, &all[0], 3, &all[0], &[]).is_err());
}

#[test]
fn a_head_is_no_proof_of_itself() {
    let all = leaves(8);
    let (four, eight) = (mth(&all[..4]), mth(&all));
    // A root passed off as a leaf, and a tree passed off as a greater one.
    assert!(verify_inclusion(&eight, 0, 8, &[], &eight).is_err());
    assert!(verify_inclusion(&four, 0, 8, &[mth(&all[4..])], &eight).is_err());
    assert!(verify_consistency(4, &four, 8, &four, &[]).is_err());
    // Hashes where none belong.
    assert!(verify_consistency(0, &empty_root(), 8, &eight, &[eight]).is_err());
    assert!(verify_consistency(8, &eight, 8, &eight, &[eight]).is_err());
    assert!(verify_consistency(3, &mth(&all[..3]), 8, &eight, &[]).is_err());
}

#[test]
fn a_span_that_is_no_proof_s_is_cut_at_complete_subtrees() {
    let node = |level, index| Node { level, index };
    assert_eq!(Span { start: 1, end: 8 }.nodes(), [node(0, 1), node(1, 1), node(2, 1)]);
    assert_eq!(Span { start: 0, end: 7 }.nodes(), [node(2, 0), node(1, 2), node(0, 6)]);
    assert_eq!(Span { start: 5, end: 5 }.nodes(), []);
}

#[test]
fn greatest_trees_do_not_overflow() {
    for position in [0, 1, u64::MAX / 2, u64::MAX - 2, u64::MAX - 1] {
        let spans = inclusion_spans(position, u64::MAX).unwrap();
        assert!(spans.len() <= 64);
        let nodes: Vec<Node> = spans.iter().flat_map(|span| span.nodes()).collect();
        assert!(nodes.iter().all(|node| node.level < 64));
        assert!(verify_inclusion(&[1; 32], position, u64::MAX, &[[0; 32]; MAX_PROOF], &[0; 32]).is_err());
    }
    for first in [1, u64::MAX / 2 + 1, u64::MAX - 1] {
        assert!(consistency_spans(first, u64::MAX).unwrap().len() <= MAX_PROOF);
        assert!(verify_consistency(first, &[1; 32], u64::MAX, &[2; 32], &[[0; 32]; MAX_PROOF]).is_err());
    }
    let mut stored = u64::MAX.to_be_bytes().to_vec();
    stored.extend_from_slice(&[7; 64 * 32]);
    assert_eq!(Frontier::parse(&stored).unwrap().append([0; 32]), Err(FrontierError::Full));
}

#[test]
fn a_damaged_frontier_is_refused() {
    let stored = frontier(&leaves(11)).to_bytes();
    assert_eq!(stored.len(), 8 + 3 * 32);
    for cut in 0..stored.len() {
        assert_eq!(Frontier::parse(&stored[..cut]), Err(FrontierError::Damaged));
    }
    let mut size = stored;
    size[7] = 8;
    assert_eq!(Frontier::parse(&size), Err(FrontierError::Damaged));
}

proptest! {
    #[test]
    fn frontier_goes_on_from_its_bytes(n in 0usize..600, more in 0usize..40) {
        let all = leaves(n + more);
        let mut stored = Frontier::parse(&frontier(&all[..n]).to_bytes()).unwrap();
        for leaf in &all[n..] {
            stored.append(*leaf).unwrap();
        }
        prop_assert_eq!(stored.root(), mth(&all));
        prop_assert_eq!(stored, frontier(&all));
    }

    #[test]
    fn a_changed_proof_proves_nothing(n in 2usize..300, at: prop::sample::Index, hash: prop::sample::Index, bit in 0usize..256) {
        let all = leaves(n);
        let head = mth(&all);
        let m = at.index(n);
        let good = path(m, &all);
        let mut bad = good.clone();
        let i = hash.index(bad.len());
        bad[i][bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_inclusion(&all[m], m as u64, n as u64, &bad, &head).is_err());
        prop_assert!(verify_inclusion(&all[m], m as u64, n as u64, &good[1..], &head).is_err());
        let mut long = good;
        long.push([3; 32]);
        prop_assert!(verify_inclusion(&all[m], m as u64, n as u64, &long, &head).is_err());

        let first = 1 + at.index(n - 1);
        let good = subproof(first, &all, true);
        let old = mth(&all[..first]);
        let mut bad = good.clone();
        let i = hash.index(bad.len());
        bad[i][bit / 8] ^= 1 << (bit % 8);
        prop_assert!(verify_consistency(first as u64, &old, n as u64, &head, &bad).is_err());
        prop_assert!(verify_consistency(first as u64, &old, n as u64, &head, &good[1..]).is_err());
        let mut long = good;
        long.push([3; 32]);
        prop_assert!(verify_consistency(first as u64, &old, n as u64, &head, &long).is_err());
    }
}
