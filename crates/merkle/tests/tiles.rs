//! Tiles: names, growing a log, and proofs read out of tiles, beside another implementation.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers may fail the test")]

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use rempart_merkle::leaf::leaf_hash;
use rempart_merkle::proof::{
    HashSource, Node, consistency_spans, inclusion_spans, prove, root, verify_consistency, verify_inclusion,
};
use rempart_merkle::tile::{FULL, Tile, TileError, TilePath, TileReader, TileWriter, partial_tiles, tiles_for};
use rempart_merkle::tree::{Frontier, Hash};

fn leaves(n: u64) -> Vec<Hash> {
    (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

/// A store of tiles that, as tlog-tiles allows, keeps only the widest of each.
#[derive(Default)]
struct Store(HashMap<(u8, u64), Vec<u8>>);

impl Store {
    fn write(&mut self, writer: &mut TileWriter, leaves: &[Hash]) -> Vec<Tile> {
        let written = writer.append(leaves).unwrap();
        let tiles = written.iter().map(|w| w.tile).collect();
        for one in written {
            assert_eq!(one.bytes.len(), one.tile.len());
            let place = self.0.entry((one.tile.level, one.tile.index)).or_default();
            assert!(one.bytes.starts_with(place), "a tile only grows");
            *place = one.bytes;
        }
        tiles
    }

    fn read(&self, tile: Tile) -> Option<&Vec<u8>> {
        self.0.get(&(tile.level, tile.index)).filter(|bytes| bytes.len() >= tile.len())
    }
}

fn grown(n: u64) -> (Store, Frontier) {
    let (mut store, mut writer) = (Store::default(), TileWriter::new());
    store.write(&mut writer, &leaves(n));
    (store, writer.frontier().clone())
}

/// Answers from hashes that the other implementation stored, by its own numbering.
struct Theirs(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Theirs {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|i| self.0[usize::try_from(*i).unwrap()]).collect())
    }
}

fn theirs(leaves: &[Hash]) -> Theirs {
    let mut stored = Theirs(Vec::new());
    for (n, leaf) in leaves.iter().enumerate() {
        let new = tlog_tiles::stored_hashes_for_record_hash(n as u64, tlog_tiles::Hash(*leaf), &stored).unwrap();
        stored.0.extend(new);
    }
    stored
}

#[test]
fn names_of_the_specification() {
    let full = |level, index| Tile { level, index, width: FULL };
    for (tile, path) in [
        (full(0, 1_234_067), "tile/0/x001/x234/067"),
        (full(63, 0), "tile/63/000"),
        (full(1, 999), "tile/1/999"),
        (full(1, 1000), "tile/1/x001/000"),
        (Tile { level: 2, index: 0, width: 1 }, "tile/2/000.p/1"),
        (Tile { level: 0, index: 273, width: 112 }, "tile/0/273.p/112"),
        (full(0, u64::MAX), "tile/0/x018/x446/x744/x073/x709/x551/615"),
    ] {
        assert_eq!(tile.to_string(), path);
        assert_eq!(path.parse(), Ok(TilePath::Hashes(tile)));
        let entries = Tile { level: 0, ..tile };
        let path = path.replacen(&format!("tile/{}/", tile.level), "tile/entries/", 1);
        assert_eq!(TilePath::Entries(entries).to_string(), path);
        assert_eq!(path.parse(), Ok(TilePath::Entries(entries)));
    }
    for bad in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/x/000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/000/",
        "tile/0/+01",
        "tile/0/ 01",
        "tile/0/x-01/000",
        "tile/entries",
        "tile/data/000",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/é00",
        "checkpoint",
    ] {
        assert_eq!(bad.parse::<TilePath>(), Err(TileError::Path), "{bad:?}");
    }
    assert_eq!(
        "tile/0/".to_owned().chars().chain("x001/".repeat(99_999).chars()).collect::<String>().parse::<TilePath>(),
        Err(TileError::Path)
    );
}

#[test]
fn the_example_of_the_specification() {
    // tlog-tiles, "Partial Tiles": a tree of 70 000 leaves.
    let (store, frontier) = grown(70_000);
    let count = |level| store.0.iter().filter(|((l, _), bytes)| *l == level && bytes.len() == 8192).count();
    assert_eq!((count(0), count(1), count(2)), (273, 1, 0));
    let partial = partial_tiles(70_000);
    let expected = [(0, 273, 112), (1, 1, 17), (2, 0, 1)];
    assert_eq!(partial, expected.map(|(level, index, width)| Tile { level, index, width }));
    assert_eq!(store.0.len(), 273 + 1 + 3);
    for tile in partial {
        assert_eq!(store.read(tile).unwrap().len(), tile.len());
    }
    assert_eq!(root(70_000, &TileReader::new(70_000, |t| store.read(t))), Ok(frontier.root()));
    // "a tree of size 256": a full tile and a partial one of width 1 above.
    assert_eq!(partial_tiles(256), [Tile { level: 1, index: 0, width: 1 }]);
}

#[test]
fn beside_another_implementation() {
    let all = leaves(1500);
    let stored = theirs(&all);
    let (mut store, mut writer) = (Store::default(), TileWriter::new());
    let mut size = 0;
    for step in [1, 254, 1, 1, 255, 256, 300, 432] {
        let tiles = store.write(&mut writer, &all[size..size + step]);
        let wanted = tlog_tiles::Tile::new_tiles(8, size as u64, (size + step) as u64);
        let names = |l, i, w| (l, i, w);
        let ours: BTreeMap<_, ()> = tiles.iter().map(|t| (names(t.level, t.index, u32::from(t.width)), ())).collect();
        let theirs: BTreeMap<_, ()> =
            wanted.iter().map(|t| (names(t.level(), t.level_index(), t.width()), ())).collect();
        assert_eq!(ours, theirs, "{size} + {step}");
        assert_eq!(ours.len(), tiles.len(), "no tile twice");
        for tile in &wanted {
            let ours =
                Tile { level: tile.level(), index: tile.level_index(), width: u16::try_from(tile.width()).unwrap() };
            assert_eq!(store.read(ours).unwrap()[..ours.len()], tile.read_data(&stored).unwrap());
            // Their names carry the height, as the older form did.
            assert_eq!(tile.path().replacen("tile/8/", "tile/", 1), ours.to_string());
        }
        size += step;
        let head = tlog_tiles::tree_hash(size as u64, &stored).unwrap();
        assert_eq!(writer.frontier().root(), head.0);

        let reader = TileReader::new(size as u64, |t| store.read(t));
        for position in (0..size as u64).step_by(37) {
            let ours = prove(&inclusion_spans(position, size as u64).unwrap(), &reader).unwrap();
            let theirs = tlog_tiles::prove_record(size as u64, position, &stored).unwrap();
            assert_eq!(ours, theirs.iter().map(|h| h.0).collect::<Vec<_>>());
        }
        for first in (1..size as u64).step_by(41) {
            let ours = prove(&consistency_spans(first, size as u64).unwrap(), &reader).unwrap();
            let theirs = tlog_tiles::prove_tree(size as u64, first, &stored).unwrap();
            assert_eq!(ours, theirs.iter().map(|h| h.0).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_damaged_store_is_refused() {
    let (store, frontier) = grown(70_000);
    assert!(TileWriter::resume(frontier.clone(), |t| store.read(t)).is_ok());
    let last = Tile { level: 0, index: 273, width: 112 };
    let resume =
        |read: &dyn Fn(Tile) -> Option<Vec<u8>>| TileWriter::resume(frontier.clone(), read).map(|_| ()).unwrap_err();
    assert_eq!(resume(&|t| store.read(t).filter(|_| t != last).cloned()), TileError::Missing(last));
    for (change, error) in [(0usize, TileError::Disagree), (1, TileError::Length(last)), (2, TileError::Length(last))] {
        let damaged = |t: Tile| {
            let mut bytes = store.read(t).cloned()?;
            match change {
                _ if t != last => {}
                0 => bytes[32 * 50] ^= 1,
                1 => bytes.truncate(bytes.len() - 32),
                _ => bytes.push(0),
            }
            Some(bytes)
        };
        assert_eq!(resume(&damaged), error);
    }
    let other = grown(69_999).1;
    assert!(
        TileWriter::resume(other, |t| grown(70_000).0.read(t).cloned()).is_ok(),
        "a wider tile serves a smaller tree"
    );

    let reader = TileReader::new(70_000, |_| None::<Vec<u8>>);
    assert_eq!(root(70_000, &reader), Err(TileError::Missing(Tile { level: 2, index: 0, width: 1 })));
    let reader = TileReader::new(70_000, |t| store.read(t));
    for node in [
        Node { level: 0, index: 70_000 },
        Node { level: 16, index: 1 },
        Node { level: 63, index: 1 },
        Node { level: 7, index: u64::MAX },
    ] {
        assert_eq!(reader.hash(node), Err(TileError::OutOfRange), "{node:?}");
    }
    assert_eq!(TileError::Missing(last).to_string(), "tile tile/0/273.p/112 of the log is missing");
}

#[test]
fn greatest_tiles_do_not_overflow() {
    assert_eq!(partial_tiles(u64::MAX).len(), 8);
    assert_eq!(Tile::at(7, 0, u64::MAX), Some(Tile { level: 7, index: 0, width: 255 }));
    assert_eq!(Tile::at(8, 0, u64::MAX), None);
    assert_eq!(Tile::at(63, u64::MAX, u64::MAX), None);
    let spans = inclusion_spans(12_345, u64::MAX).unwrap();
    assert!(tiles_for(&spans, u64::MAX).unwrap().len() <= 64);
    assert_eq!(tiles_for(&spans, 20_000), Err(TileError::OutOfRange));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_steps_and_restarts_make_the_same_tiles(steps in prop::collection::vec((0u64..400, any::<bool>()), 1..8)) {
        let total = steps.iter().map(|(n, _)| n).sum();
        let all = leaves(total);
        let (mut store, mut writer) = (Store::default(), TileWriter::new());
        let mut at = 0;
        for (step, restart) in steps {
            if restart {
                let frontier = Frontier::parse(&writer.frontier().to_bytes()).unwrap();
                writer = TileWriter::resume(frontier, |t| store.read(t)).unwrap();
            }
            let end = at + usize::try_from(step).unwrap();
            store.write(&mut writer, &all[at..end]);
            at = end;
        }
        let (once, frontier) = grown(total);
        prop_assert_eq!(&store.0, &once.0);
        prop_assert_eq!(writer.frontier(), &frontier);
    }

    #[test]
    fn proofs_need_the_tiles_named_and_no_other(size in 1u64..70_000, a: prop::sample::Index, b: prop::sample::Index) {
        let (store, frontier) = grown(size);
        let position = a.index(usize::try_from(size).unwrap()) as u64;
        let first = 1 + b.index(usize::try_from(size).unwrap()) as u64;
        for spans in [inclusion_spans(position, size).unwrap(), consistency_spans(first, size).unwrap()] {
            let named = tiles_for(&spans, size).unwrap();
            let fetched: HashMap<Tile, &Vec<u8>> = named.iter().map(|t| (*t, store.read(*t).unwrap())).collect();
            let asked = Cell::new(0);
            let reader = TileReader::new(size, |t| { asked.set(asked.get() + 1); fetched.get(&t) });
            let proof = prove(&spans, &reader).unwrap();
            prop_assert!(asked.get() >= named.len());
            if spans == inclusion_spans(position, size).unwrap() {
                let leaf = leaf_hash(&position.to_be_bytes());
                prop_assert!(verify_inclusion(&leaf, position, size, &proof, &frontier.root()).is_ok());
            } else {
                let old = root(first, &TileReader::new(first, |t| store.read(t))).unwrap();
                prop_assert!(verify_consistency(first, &old, size, &frontier.root(), &proof).is_ok());
            }
        }
    }

    #[test]
    fn any_name_read_is_written_back(path in "(tile/)?([0-9]{1,2}|entries)/(x[0-9]{3}/){0,2}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<TilePath>() {
            prop_assert_eq!(tile.to_string(), path);
        }
    }
}
