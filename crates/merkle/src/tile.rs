//! Tiles (C2SP tlog-tiles): the tree cut into pieces of at most 256 hashes, each written once when full.
//!
//! A tile at level *l* holds the roots of subtrees of 256^*l* leaves. Levels here are tiles' levels, each eight levels
//! of the tree.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::proof::{HashSource, Node, Span};
use crate::tree::{Frontier, FrontierError, Hash, fold_roots};

/// Hashes of a full tile.
pub const FULL: u16 = 256;
/// Longest path that can name a tile or a bundle, in bytes.
pub const MAX_PATH: usize = 64;
/// Levels of tiles that 2⁶⁴ leaves can fill.
const LEVELS: u32 = 8;

/// Why a tile cannot be named, read or used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TileError {
    /// Not a path of tlog-tiles, or not in its only spelling.
    #[error("not the path of a tile")]
    Path,
    /// A tile needed is absent.
    #[error("tile {0} of the log is missing")]
    Missing(Tile),
    /// A tile whose bytes are not its width in hashes.
    #[error("tile {0} of the log has a wrong length")]
    Length(Tile),
    /// The hashes in the partial tiles do not make the frontier.
    #[error("the last tiles of the log do not fit its stored frontier")]
    Disagree,
    /// A node beyond the tree's size.
    #[error("the log has fewer entries than asked for")]
    OutOfRange,
    /// The tree cannot grow.
    #[error(transparent)]
    Frontier(#[from] FrontierError),
}

/// Where a tile is, and how wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// 0 to 63; 0 holds leaf hashes.
    pub level: u8,
    /// Place among the tiles of that level.
    pub index: u64,
    /// Hashes in it: 1 to 255 when partial, 256 when full.
    pub width: u16,
}

/// What a path under the log's prefix names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TilePath {
    /// `tile/<L>/<N>[.p/<W>]`: hashes.
    Hashes(Tile),
    /// `tile/entries/<N>[.p/<W>]`: the leaves themselves; the tile is the one of level 0 that has their hashes.
    Entries(Tile),
}

impl fmt::Display for Tile {
    /// The path under the log's prefix, such as `tile/0/x001/x234/067` or `tile/1/000.p/17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        self.fmt_index(f)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hashes(tile) => tile.fmt(f),
            Self::Entries(tile) => {
                f.write_str("tile/entries/")?;
                tile.fmt_index(f)
            }
        }
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    /// Takes only the one spelling that tlog-tiles gives: what it accepts, `Display` writes back the same.
    fn from_str(path: &str) -> Result<Self, TileError> {
        if path.len() > MAX_PATH {
            return Err(TileError::Path);
        }
        let (level, rest) = path.strip_prefix("tile/").and_then(|p| p.split_once('/')).ok_or(TileError::Path)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok().filter(|w| (1..u64::from(FULL)).contains(w))),
            None => (rest, Some(u64::from(FULL))),
        };
        let width = width.and_then(|w| u16::try_from(w).ok()).ok_or(TileError::Path)?;
        let mut n: u64 = 0;
        for group in index.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            let value = digits.parse().ok().filter(|_| digits.len() == 3).ok_or(TileError::Path)?;
            n = n.checked_mul(1000).and_then(|n| n.checked_add(value)).ok_or(TileError::Path)?;
        }
        let parsed = if level == "entries" {
            Self::Entries(Tile { level: 0, index: n, width })
        } else {
            let level = level.parse().ok().filter(|level| *level <= 63).ok_or(TileError::Path)?;
            Self::Hashes(Tile { level, index: n, width })
        };
        // The reading above is lax (signs, zeros in front); this is what makes it strict.
        if parsed.to_string() == path { Ok(parsed) } else { Err(TileError::Path) }
    }
}

impl Tile {
    /// The tile of `level` at `index` in a tree of `size` leaves, as wide as it then is; `None` when it is empty.
    #[must_use]
    pub fn at(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(u32::from(level) * 8).unwrap_or(0);
        let before = index.checked_mul(u64::from(FULL))?;
        let width = hashes.checked_sub(before)?.min(u64::from(FULL));
        let width = u16::try_from(width).ok().filter(|w| *w > 0)?;
        Some(Self { level, index, width })
    }

    /// Bytes of the tile: 32 a hash.
    #[must_use]
    pub fn len(self) -> usize {
        usize::from(self.width) * 32
    }

    /// Never: a tile has at least one hash.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.width == 0
    }

    /// Whether it is full and will never change.
    #[must_use]
    pub const fn is_full(self) -> bool {
        self.width == FULL
    }

    fn fmt_index(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups = 1;
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups += 1;
            rest /= 1000;
        }
        for group in (1..groups).rev() {
            write!(f, "x{:03}/", self.index / 1000u64.pow(group) % 1000)?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// The rightmost tile of each level in a tree of `size` leaves that is not full: what [`TileWriter::resume`] reads.
#[must_use]
pub fn partial_tiles(size: u64) -> Vec<Tile> {
    (0..LEVELS)
        .filter_map(|level| {
            let hashes = size >> (level * 8);
            let width = u16::try_from(hashes % u64::from(FULL)).ok().filter(|w| *w > 0)?;
            Some(Tile { level: u8::try_from(level).ok()?, index: hashes / u64::from(FULL), width })
        })
        .collect()
}

/// The tiles that hold the hashes of `spans` in a tree of `size` leaves, each once, for a store that fetches before it
/// answers.
///
/// # Errors
/// When a span goes beyond the tree.
pub fn tiles_for(spans: &[Span], size: u64) -> Result<Vec<Tile>, TileError> {
    let mut tiles = BTreeMap::new();
    for node in spans.iter().flat_map(|span| span.nodes()) {
        let place = place(node, size)?;
        tiles.insert((place.tile.level, place.tile.index), place.tile);
    }
    Ok(tiles.into_values().collect())
}

/// Where the hashes that make a node are: a tile, and a run within it.
struct Place {
    tile: Tile,
    from: usize,
    count: usize,
}

fn place(node: Node, size: u64) -> Result<Place, TileError> {
    let level = node.level / 8;
    let height = u32::from(node.level % 8);
    let first = node.index.checked_mul(1 << height).ok_or(TileError::OutOfRange)?;
    let from = usize::from(u8::try_from(first % u64::from(FULL)).unwrap_or(0));
    let count = 1usize << height;
    let tile = Tile::at(level, first / u64::from(FULL), size).ok_or(TileError::OutOfRange)?;
    if from + count > usize::from(tile.width) {
        return Err(TileError::OutOfRange);
    }
    Ok(Place { tile, from, count })
}

/// Reads hashes out of tiles: a [`HashSource`] for the tree of `size` leaves.
///
/// `read` is asked for tiles as wide as that tree has them; it may answer with a wider one, since a tile only grows.
/// It is asked again for each hash: give one that remembers.
pub struct TileReader<F> {
    size: u64,
    read: F,
}

impl<B: AsRef<[u8]>, F: Fn(Tile) -> Option<B>> TileReader<F> {
    /// A reader of the tree of `size` leaves.
    pub const fn new(size: u64, read: F) -> Self {
        Self { size, read }
    }
}

impl<B: AsRef<[u8]>, F: Fn(Tile) -> Option<B>> HashSource for TileReader<F> {
    type Error = TileError;

    fn hash(&self, node: Node) -> Result<Hash, TileError> {
        let place = place(node, self.size)?;
        let bytes = (self.read)(place.tile).ok_or(TileError::Missing(place.tile))?;
        let hashes = hashes(place.tile, bytes.as_ref())?;
        let run = hashes.get(place.from..place.from + place.count).ok_or(TileError::Length(place.tile))?;
        subtree_root(run).ok_or(TileError::Length(place.tile))
    }
}

/// The hashes of a tile, from bytes that may be those of a later, wider one.
fn hashes(tile: Tile, bytes: &[u8]) -> Result<&[Hash], TileError> {
    let (hashes, odd) = bytes.as_chunks::<32>();
    let fits = odd.is_empty() && hashes.len() <= usize::from(FULL);
    hashes.get(..usize::from(tile.width)).filter(|_| fits).ok_or(TileError::Length(tile))
}

/// The root over a power of two of hashes; `None` of none.
fn subtree_root(hashes: &[Hash]) -> Option<Hash> {
    let mut frontier = Frontier::new();
    for hash in hashes {
        frontier.append(*hash).ok()?;
    }
    fold_roots(frontier.roots().iter().copied())
}

/// A tile to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenTile {
    /// Which.
    pub tile: Tile,
    /// Its bytes: [`Tile::len`] of them.
    pub bytes: Vec<u8>,
}

/// Grows a log: takes leaf hashes, gives the tiles that changed, and keeps the frontier.
#[derive(Clone, Debug, Default)]
pub struct TileWriter {
    frontier: Frontier,
    /// The hashes of the partial tile of each level.
    partial: Vec<Vec<Hash>>,
}

impl TileWriter {
    /// Begins an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with a log: `read` gives each of [`partial_tiles`]. What they say must be what `frontier` says, so a
    /// log damaged in storage is not built upon.
    ///
    /// # Errors
    /// When a tile is missing, has a wrong length or does not fit the frontier.
    pub fn resume<B: AsRef<[u8]>>(frontier: Frontier, read: impl Fn(Tile) -> Option<B>) -> Result<Self, TileError> {
        let mut partial = vec![Vec::new(); usize::try_from(LEVELS).unwrap_or(0)];
        for tile in partial_tiles(frontier.size()) {
            let bytes = read(tile).ok_or(TileError::Missing(tile))?;
            if let Some(level) = partial.get_mut(usize::from(tile.level)) {
                level.extend_from_slice(hashes(tile, bytes.as_ref())?);
            }
        }
        let mut roots = Vec::with_capacity(frontier.roots().len());
        for level in partial.iter().rev() {
            let mut within = Frontier::new();
            for hash in level {
                within.append(*hash)?;
            }
            roots.extend_from_slice(within.roots());
        }
        if roots == frontier.roots() { Ok(Self { frontier, partial }) } else { Err(TileError::Disagree) }
    }

    /// The tree as it now is.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Appends leaf hashes in order and returns the tiles to store: those that became full, then the partial ones that
    /// changed, no tile twice.
    ///
    /// # Errors
    /// When the log is full; then the writer has taken part of the leaves and must be dropped.
    pub fn append(&mut self, leaves: &[Hash]) -> Result<Vec<WrittenTile>, TileError> {
        let mut written = Vec::new();
        let mut touched = 0;
        for leaf in leaves {
            self.frontier.append(*leaf)?;
            let mut hash = *leaf;
            for level in 0.. {
                touched = touched.max(level + 1);
                if self.partial.len() <= level {
                    self.partial.resize(level + 1, Vec::new());
                }
                let Some(hashes) = self.partial.get_mut(level) else { break };
                hashes.push(hash);
                if hashes.len() < usize::from(FULL) {
                    break;
                }
                written.extend(self.tile(level, true));
                let Some(full) = self.partial.get_mut(level).map(std::mem::take) else { break };
                let Some(root) = subtree_root(&full) else { break };
                hash = root;
            }
        }
        written.extend((0..touched).filter_map(|level| self.tile(level, false)));
        Ok(written)
    }

    /// The rightmost tile of a level as it now is, or `None` when it is empty.
    fn tile(&self, level: usize, full: bool) -> Option<WrittenTile> {
        let hashes = self.partial.get(level).filter(|hashes| !hashes.is_empty())?;
        let level = u8::try_from(level).ok()?;
        let count = self.frontier.size() >> (u32::from(level) * 8);
        let index = if full { (count - 1) / u64::from(FULL) } else { count / u64::from(FULL) };
        let width = u16::try_from(hashes.len()).ok()?;
        Some(WrittenTile { tile: Tile { level, index, width }, bytes: hashes.as_flattened().to_vec() })
    }
}
