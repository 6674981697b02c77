//! The log of an export, proved: the signed head, and hashes that lead up to it. A tile counts only when its own hash stands
//! in the tile above it, and the topmost ones make the root that the log's key and the witnesses signed.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};
use rempart_export::Trust;
use rempart_export::layout;
use rempart_export::lines;
use rempart_merkle::checkpoint::Checkpoint;
use rempart_merkle::cosignature::{WitnessKey, witnessed};
use rempart_merkle::note::{Note, VerifierKey};
use rempart_merkle::proof::{HashSource, Node, Span, consistency_spans, inclusion_spans, prove, verify_consistency};
use rempart_merkle::tile::{FULL, Tile, partial_tiles};
use rempart_merkle::tree::{Frontier, Hash, node_hash};

use crate::export::Export;
use crate::{machine, say};

/// A head is called old after this many seconds.
const OLD: u64 = 24 * 3600;

/// A head whose signatures hold.
#[derive(Clone, Debug)]
pub struct Head {
    /// The note, as it was signed.
    pub note: String,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// When witnesses signed it, seconds since 1970, newest first.
    pub witnessed: Vec<u64>,
}

impl Head {
    /// Checks signatures: the log's, and enough witnesses'.
    ///
    /// # Errors
    /// When they are not there or wrong.
    pub fn verify(bytes: &[u8], log: &VerifierKey, witnesses: &[WitnessKey], needed: u8) -> Result<Self> {
        let checkpoint = Checkpoint::open(bytes, log, log.name()).with_context(|| {
            say!("the head of the log is not signed as it must be", "la tête du journal n'est pas signée comme il faut")
        })?;
        let note = Note::parse(bytes)?;
        let times =
            witnessed(&note, witnesses).with_context(|| say!("a witness's signature", "la signature d'un témoin"))?;
        let (given, of) = (times.len(), witnesses.len());
        ensure!(
            given >= usize::from(needed),
            say!(
                "the head of the log is signed by {given} of {of} witnesses, {needed} are needed: the server may be showing a log of its own making",
                "la tête du journal est signée par {given} témoins sur {of}, il en faut {needed} : le serveur montre peut-être un journal fabriqué"
            )
        );
        Ok(Self { note: String::from_utf8(bytes.to_vec())?, checkpoint, witnessed: times })
    }

    /// A word about a head that witnesses signed long ago.
    #[must_use]
    pub fn warning(&self, needed: u8) -> Option<String> {
        let last = usize::from(needed).checked_sub(1).and_then(|place| self.witnessed.get(place))?;
        let hours = (machine::now_ms() / 1000).saturating_sub(*last) / 3600;
        (hours * 3600 >= OLD).then(|| {
            say!(
                "the witnesses signed this head {hours} hours ago: a newer one should exist",
                "les témoins ont signé cette tête il y a {hours} heures : il devrait y en avoir une plus récente"
            )
        })
    }
}

/// The log of an export under a verified head.
pub struct Log<'a> {
    export: &'a Export,
    /// The head.
    pub head: Head,
    proved: RefCell<HashMap<Tile, Vec<Hash>>>,
    /// Nodes between the tiles' rows, computed once: neighbours' proofs share nearly all of theirs.
    nodes: RefCell<HashMap<(u8, u64), Hash>>,
}

impl<'a> Log<'a> {
    /// Verifies the head and the tiles that make its root.
    ///
    /// # Errors
    /// When a signature or a tile does not hold.
    pub fn open(export: &'a Export, trust: &Trust) -> Result<Self> {
        Self::open_with(export, &trust.log, &trust.witnesses, trust.witnesses_needed)
    }

    /// As [`open`](Self::open), with the keys themselves.
    ///
    /// # Errors
    /// The same.
    pub fn open_with(export: &'a Export, log: &VerifierKey, witnesses: &[WitnessKey], needed: u8) -> Result<Self> {
        let bytes = export.bytes(layout::CHECKPOINT)?.with_context(|| {
            say!("the export has no signed head of the log", "l'export n'a pas de tête de journal signée")
        })?;
        let head = Head::verify(&bytes, log, witnesses, needed)?;
        let log = Self { export, head, proved: RefCell::default(), nodes: RefCell::default() };
        log.prove_root()?;
        Ok(log)
    }

    /// Entries under the head.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.head.checkpoint.size
    }

    fn prove_root(&self) -> Result<()> {
        let mut bytes = self.size().to_be_bytes().to_vec();
        let mut tiles = partial_tiles(self.size());
        tiles.sort_by_key(|tile| std::cmp::Reverse(tile.level));
        for tile in tiles {
            let hashes = self.read(tile)?;
            let mut frontier = Frontier::new();
            for hash in &hashes {
                frontier.append(*hash)?;
            }
            bytes.extend(frontier.roots().as_flattened());
            self.proved.borrow_mut().insert(tile, hashes);
        }
        ensure!(
            Frontier::parse(&bytes)?.root() == self.head.checkpoint.root,
            say!(
                "the log's hashes do not make the root that was signed",
                "les empreintes du journal ne donnent pas la racine signée"
            )
        );
        Ok(())
    }

    fn read(&self, tile: Tile) -> Result<Vec<Hash>> {
        let bytes = self.export.bytes(&layout::tile(tile))?.with_context(|| {
            say!("{tile} of the log is missing from the export", "{tile} du journal manque à l'export")
        })?;
        let (hashes, odd) = bytes.as_chunks::<32>();
        if !odd.is_empty() || hashes.len() != usize::from(tile.width) {
            bail!(say!("{tile} of the log has a wrong length", "{tile} du journal a une mauvaise longueur"));
        }
        Ok(hashes.to_vec())
    }

    /// The hashes of a tile, once they are proved.
    fn tile(&self, tile: Tile) -> Result<Vec<Hash>> {
        if let Some(hashes) = self.proved.borrow().get(&tile) {
            return Ok(hashes.clone());
        }
        let hashes = self.read(tile)?;
        let mut frontier = Frontier::new();
        for hash in &hashes {
            frontier.append(*hash)?;
        }
        let full = u64::from(FULL);
        let parent = Tile::at(tile.level + 1, tile.index / full, self.size())
            .with_context(|| say!("{tile} is beyond the log", "{tile} est au-delà du journal"))?;
        let above = self.tile(parent)?;
        let place = usize::try_from(tile.index % full)?;
        ensure!(
            above.get(place) == Some(&frontier.root()),
            say!("{tile} of the log was altered", "{tile} du journal a été modifiée")
        );
        self.proved.borrow_mut().insert(tile, hashes.clone());
        Ok(hashes)
    }

    /// The proved hash of the entry at a position; `None` beyond the head.
    ///
    /// # Errors
    /// When the tiles that prove it are missing or altered.
    pub fn leaf(&self, position: u64) -> Result<Option<Hash>> {
        self.slot(0, position)
    }

    /// The proved hash in a row of tiles; `None` where the log has none.
    fn slot(&self, level: u8, index: u64) -> Result<Option<Hash>> {
        let full = u64::from(FULL);
        let Some(tile) = Tile::at(level, index / full, self.size()) else { return Ok(None) };
        if !self.proved.borrow().contains_key(&tile) {
            self.tile(tile)?;
        }
        let place = usize::try_from(index % full)?;
        Ok(self.proved.borrow().get(&tile).and_then(|hashes| hashes.get(place).copied()))
    }

    /// The inclusion proof of a position, for people without the tiles.
    ///
    /// # Errors
    /// When a tile is missing.
    pub fn inclusion(&self, position: u64) -> Result<Vec<Hash>> {
        self.prove(&inclusion_spans(position, self.size())?)
    }

    fn prove(&self, spans: &[Span]) -> Result<Vec<Hash>> {
        prove(spans, self)
    }

    /// Whether this log goes on from an older head.
    ///
    /// # Errors
    /// When it does not: then one log was shown to some and another to others.
    pub fn follows(&self, older: &Checkpoint) -> Result<()> {
        let (old, new) = (older.size, self.size());
        let split = || {
            say!(
                "this log ({new} entries) does not go on from the one seen before ({old} entries): two different logs were shown. Keep both heads as evidence",
                "ce journal ({new} entrées) ne prolonge pas celui vu auparavant ({old} entrées) : deux journaux différents ont été montrés. Gardez les deux têtes comme preuve"
            )
        };
        ensure!(older.origin == self.head.checkpoint.origin, split());
        ensure!(
            old <= new,
            say!(
                "this log has {new} entries, the one seen before had {old}: take a newer export",
                "ce journal a {new} entrées, celui vu auparavant en avait {old} : prenez un export plus récent"
            )
        );
        let proof = self.prove(&consistency_spans(old, new)?)?;
        verify_consistency(old, &older.root, new, &self.head.checkpoint.root, &proof).ok().with_context(split)
    }

    /// Goes through all leaves of the log, each proved, if the export has them.
    ///
    /// # Errors
    /// When a bundle is missing, or a leaf is not the one logged.
    pub fn leaves(&self, mut each: impl FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
        let full = u64::from(FULL);
        for index in 0..self.size().div_ceil(full) {
            let Some(tile) = Tile::at(0, index, self.size()) else { break };
            let name = layout::bundle(tile);
            let bytes = self
                .export
                .bytes(&name)?
                .with_context(|| say!("{name} is missing from the export", "{name} manque à l'export"))?;
            let leaves = lines::bundle(&bytes)?;
            ensure!(
                leaves.len() == usize::from(tile.width),
                say!("{name} has a wrong number of leaves", "{name} a un mauvais nombre de feuilles")
            );
            for (position, leaf) in (index * full..).zip(leaves) {
                ensure!(
                    self.leaf(position)? == Some(rempart_merkle::leaf::leaf_hash(leaf)),
                    say!(
                        "position {position}: the leaf is not the one logged",
                        "position {position} : la feuille n'est pas celle du journal"
                    )
                );
                each(position, leaf)?;
            }
        }
        Ok(())
    }
}

impl HashSource for Log<'_> {
    type Error = anyhow::Error;

    fn hash(&self, node: Node) -> Result<Hash> {
        if node.level.is_multiple_of(8) {
            return self.slot(node.level / 8, node.index)?.context("a node beyond the log");
        }
        let key = (node.level, node.index);
        if let Some(hash) = self.nodes.borrow().get(&key) {
            return Ok(*hash);
        }
        let child = |side: u64| {
            let index = node.index.checked_mul(2).and_then(|index| index.checked_add(side));
            self.hash(Node { level: node.level - 1, index: index.context("a node beyond the log")? })
        };
        let hash = node_hash(&child(0)?, &child(1)?);
        self.nodes.borrow_mut().insert(key, hash);
        Ok(hash)
    }
}
