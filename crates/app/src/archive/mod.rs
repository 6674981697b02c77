//! The archive log: giving entries their positions, proving them, verifying everything.
//!
//! The order within the log comes from one sequencer, the holder of the lease `log`, within a second of the commit.

mod verify;

use std::collections::HashMap;

use rempart_base::ConversationId;
use rempart_base::time::SECOND;
use rempart_domain::actor::Ctx;
use rempart_domain::refusal::Reason;
use rempart_domain::role::Scope;
use rempart_merkle::checkpoint::Checkpoint;
use rempart_merkle::note::LogKey;
use rempart_merkle::proof;
use rempart_merkle::tile::{self, TileReader, TileWriter, partial_tiles, tiles_for};
use rempart_merkle::tree::{Frontier, Hash};
use rempart_ports::store::{LogBatch, LogState, Run, StoreError, Tile};

pub use verify::{Finding, Progress, Summary};

use crate::App;
use crate::error::{Fault, Outcome};

/// Entries that one round gives positions to, at most.
const ROUND: u64 = 4_096;
/// Leaves read at a time.
const READ: u32 = 1_024;
/// The sequencer's lease is renewed each round and ends after this long without.
const LEASE: i64 = 5 * SECOND;

/// Proof that an entry is in the log.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Position in the log.
    pub position: u64,
    /// Size of the checkpoint's tree.
    pub size: u64,
    /// Hashes from the leaf up.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl App {
    /// The log's signing key under its origin, `<host>/messages`.
    pub(crate) async fn log_key(&self) -> Outcome<LogKey> {
        let organisation = self.store.organisation().await?.ok_or(Reason::NotReady)?;
        let origin = format!("{}/messages", organisation.host);
        LogKey::from_seed(&origin, &self.keys.log_seed).map_err(|_| Fault::Crypto("name the log key").into())
    }

    /// Gives positions to entries that have none: one round. Gives how many; call again while there are any.
    ///
    /// # Errors
    /// Faults of the store; a log that does not fit its own tiles.
    pub async fn sequence(&self) -> Outcome<u64> {
        if self.store.organisation().await?.is_none() {
            return Ok(0);
        }
        let now = self.now();
        if self.store.take_lease("log", self.node, now, now.plus_millis(LEASE)).await?.is_none() {
            return Ok(0);
        }
        let waiting = self.store.unlogged(256).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let state = self.store.log_state().await?;
        let mut position = state.size;
        let mut runs = Vec::new();
        let mut leaves: Vec<Hash> = Vec::new();
        'conversations: for unlogged in waiting {
            let mut logged = unlogged.logged;
            while logged < unlogged.last {
                let entries = self.store.leaves(unlogged.conversation, logged, READ).await?;
                let Some(first) = entries.first().map(|e| e.seq) else { break };
                let count = u64::try_from(entries.len()).unwrap_or(0);
                if first != logged + 1 {
                    return Err(Fault::Store(StoreError::Corrupt("the numbering of a journal")).into());
                }
                leaves.extend(entries.iter().map(|e| rempart_merkle::leaf::leaf_hash(&e.leaf)));
                runs.push(Run { position, conversation: unlogged.conversation, first_seq: first, count });
                position += count;
                logged += count;
                if position - state.size >= ROUND {
                    break 'conversations;
                }
            }
        }
        let mut writer = self.resume(&state).await?;
        let written = writer.append(&leaves).map_err(|_| Fault::Crypto("extend the log"))?;
        let checkpoint = self.sign_checkpoint(writer.frontier()).await?;
        let batch = LogBatch {
            expected_size: state.size,
            state: LogState { size: position, frontier: writer.frontier().to_bytes(), checkpoint },
            runs,
            tiles: written
                .into_iter()
                .map(|t| Tile { level: t.tile.level, index: t.tile.index, hashes: t.bytes })
                .collect(),
            now,
        };
        match self.store.write_log(&batch).await {
            Ok(()) => Ok(position - state.size),
            // Another node was faster: its round counts.
            Err(StoreError::Stale) => Ok(0),
            Err(other) => Err(other.into()),
        }
    }

    async fn sign_checkpoint(&self, frontier: &Frontier) -> Outcome<String> {
        let key = self.log_key().await?;
        let checkpoint = Checkpoint {
            origin: key.verifier().name().to_owned(),
            size: frontier.size(),
            root: frontier.root(),
            extensions: Vec::new(),
        };
        checkpoint.sign(&key).map_err(|_| Fault::Crypto("sign a checkpoint").into())
    }

    async fn resume(&self, state: &LogState) -> Outcome<TileWriter> {
        if state.size == 0 {
            return Ok(TileWriter::new());
        }
        let frontier = Frontier::parse(&state.frontier).map_err(|_| Fault::Crypto("read the log's frontier"))?;
        let tiles = self.tiles(&partial_tiles(frontier.size())).await?;
        TileWriter::resume(frontier, |t| tiles.get(&(t.level, t.index)))
            .map_err(|_| Fault::Crypto("go on with a log whose tiles do not fit").into())
    }

    async fn tiles(&self, wanted: &[tile::Tile]) -> Outcome<HashMap<(u8, u64), Vec<u8>>> {
        let mut tiles = HashMap::new();
        for tile in wanted {
            if let Some(found) = self.store.tile(tile.level, tile.index).await? {
                // A tile in the store may have grown since this size: its beginning is the smaller one.
                let mut hashes = found.hashes;
                hashes.truncate(tile.len());
                tiles.insert((tile.level, tile.index), hashes);
            }
        }
        Ok(tiles)
    }

    /// The newest signed head of the log and the key that verifies it, both as C2SP writes them.
    ///
    /// # Errors
    /// `not_logged` before the first.
    pub async fn checkpoint(&self, ctx: &Ctx) -> Outcome<(String, String)> {
        ctx.ready(Scope::Read)?;
        let state = self.store.log_state().await?;
        if state.size == 0 {
            return Err(Reason::NotLogged.into());
        }
        Ok((state.checkpoint, self.log_key().await?.verifier().to_string()))
    }

    /// A tile of hashes by its C2SP path, such as `tile/0/x001/234` or `tile/1/000.p/7`; absent when the log does not
    /// have it yet.
    ///
    /// # Errors
    /// `entry_unknown` for what is no path of a tile.
    pub async fn log_tile(&self, ctx: &Ctx, path: &str) -> Outcome<Option<Vec<u8>>> {
        ctx.ready(Scope::Read)?;
        let tile = match path.parse() {
            Ok(tile::TilePath::Hashes(tile)) => tile,
            Ok(tile::TilePath::Entries(_)) | Err(_) => return Err(Reason::EntryUnknown.into()),
        };
        let mut tiles = self.tiles(&[tile]).await?;
        Ok(tiles.remove(&(tile.level, tile.index)).filter(|hashes| hashes.len() == tile.len()))
    }

    /// Proves that an entry is in the log, to a member of its conversation.
    ///
    /// # Errors
    /// `conversation_unknown`, `entry_unknown`, `not_logged`.
    pub async fn prove(&self, ctx: &Ctx, conversation: ConversationId, seq: u64) -> Outcome<Proof> {
        let who = ctx.ready(Scope::Read)?;
        let place = self.place(conversation, who.account, true).await?;
        if seq < place.member.from_seq.max(1) || seq > place.conversation.last_seq {
            return Err(Reason::EntryUnknown.into());
        }
        let state = self.store.log_state().await?;
        let position = self.store.position(conversation, seq).await?.filter(|p| *p < state.size);
        let position = position.ok_or(Reason::NotLogged)?;
        let spans = proof::inclusion_spans(position, state.size).map_err(|_| Fault::Crypto("prove an entry"))?;
        let wanted = tiles_for(&spans, state.size).map_err(|_| Fault::Crypto("prove an entry"))?;
        let tiles = self.tiles(&wanted).await?;
        let reader = TileReader::new(state.size, |t: tile::Tile| tiles.get(&(t.level, t.index)));
        let hashes = proof::prove(&spans, &reader).map_err(|_| Fault::Crypto("prove an entry"))?;
        Ok(Proof { position, size: state.size, hashes, checkpoint: state.checkpoint })
    }
}
