//! The device's state: a map in memory, what changed since the last batch, and the store behind it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use openmls::prelude::GroupId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use zeroize::Zeroizing;

/// Values are secrets.
pub type Value = Zeroizing<Vec<u8>>;

/// One transaction: every change of one operation. `None` deletes.
pub type Batch = BTreeMap<Vec<u8>, Option<Value>>;

/// Why the store did not do it. The text may be shown.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct StoreFailure(pub String);

/// Where a device's state is kept, encrypted by whoever implements this.
pub trait StateStore {
    /// Everything kept.
    ///
    /// # Errors
    /// Nothing could be read.
    fn load(&self) -> Result<BTreeMap<Vec<u8>, Value>, StoreFailure>;

    /// Applies a batch whole or not at all, durably.
    ///
    /// # Errors
    /// It may or may not have been applied: the client reads everything again.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreFailure>;
}

/// A store that forgets with the process: tests, and a worker that writes batches elsewhere.
#[derive(Default)]
pub struct MemoryStore(BTreeMap<Vec<u8>, Value>);

impl StateStore for MemoryStore {
    fn load(&self) -> Result<BTreeMap<Vec<u8>, Value>, StoreFailure> {
        Ok(self.0.clone())
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreFailure> {
        for (key, value) in batch {
            match value {
                Some(value) => self.0.insert(key.clone(), value.clone()),
                None => self.0.remove(key),
            };
        }
        Ok(())
    }
}

/// A value that cannot be encoded or read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum StateError {
    /// Cannot be encoded.
    #[error("a value of the device's state cannot be encoded")]
    Encode,
    /// Cannot be read: written by a newer version, or damaged.
    #[error("a value of the device's state cannot be read")]
    Decode,
    /// A queued proposal without its body.
    #[error("a value of the device's state is missing")]
    Missing,
}

/// What a value is. Numbers are kept on disk: never reuse one.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Part {
    Config = 1,
    Tree = 2,
    Interim = 3,
    Context = 4,
    Confirmation = 5,
    State = 6,
    Messages = 7,
    Resumption = 8,
    OwnIndex = 9,
    Secrets = 10,
    OwnLeaves = 11,
    Queue = 12,
    Proposal = 13,
    EpochKeys = 14,
    Signature = 32,
    Encryption = 33,
    KeyPackage = 34,
    Psk = 35,
    Device = 36,
}

/// Keys begin with what they belong to: the device, a group, a group's snapshot.
const OWN: u8 = b'd';
const GROUP: u8 = b'g';
const SNAPSHOT: u8 = b's';

pub(crate) fn encode<V: Serialize + ?Sized>(value: &V) -> Result<Value, StateError> {
    let mut out = Zeroizing::new(Vec::new());
    ciborium::into_writer(value, &mut *out).map_err(|_| StateError::Encode)?;
    Ok(out)
}

pub(crate) fn decode<V: DeserializeOwned>(bytes: &[u8]) -> Result<V, StateError> {
    ciborium::from_reader(bytes).map_err(|_| StateError::Decode)
}

pub(crate) fn own_at<K: Serialize>(part: Part, key: &K) -> Result<Vec<u8>, StateError> {
    Ok([&[OWN, part as u8], encode(key)?.as_slice()].concat())
}

pub(crate) fn group_at<G: Serialize, K: Serialize>(part: Part, group: &G, key: &K) -> Result<Vec<u8>, StateError> {
    Ok([group_prefix(part, group)?.as_slice(), encode(key)?.as_slice()].concat())
}

pub(crate) fn group_prefix<G: Serialize>(part: Part, group: &G) -> Result<Vec<u8>, StateError> {
    let mut prefix = whole_group(GROUP, group)?;
    prefix.push(part as u8);
    Ok(prefix)
}

fn whole_group<G: Serialize>(of: u8, group: &G) -> Result<Vec<u8>, StateError> {
    let id = encode(group)?;
    let len = u32::try_from(id.len()).map_err(|_| StateError::Encode)?;
    Ok([&[of], len.to_be_bytes().as_slice(), &id].concat())
}

#[derive(Default)]
struct Inner {
    map: BTreeMap<Vec<u8>, Value>,
    /// What each changed key held before.
    undo: BTreeMap<Vec<u8>, Option<Value>>,
}

impl Inner {
    fn set(&mut self, key: Vec<u8>, value: Option<Value>) {
        let before = match value {
            Some(value) => self.map.insert(key.clone(), value),
            None => self.map.remove(&key),
        };
        self.undo.entry(key).or_insert(before);
    }

    fn under(&self, prefix: &[u8]) -> Vec<(Vec<u8>, Value)> {
        let from = self.map.range(prefix.to_vec()..);
        from.take_while(|(key, _)| key.starts_with(prefix)).map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

/// The map in memory. OpenMLS writes to it through a shared reference.
#[derive(Default)]
pub(crate) struct State(Mutex<Inner>);

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn load(&self, map: BTreeMap<Vec<u8>, Value>) {
        *self.inner() = Inner { map, undo: BTreeMap::new() };
    }

    /// What changed since [`Self::settle`].
    pub(crate) fn batch(&self) -> Batch {
        let inner = self.inner();
        let changed = inner.undo.iter().filter(|(key, before)| inner.map.get(*key) != before.as_ref());
        changed.map(|(key, _)| (key.clone(), inner.map.get(key).cloned())).collect()
    }

    /// The batch is kept.
    pub(crate) fn settle(&self) {
        self.inner().undo.clear();
    }

    /// The operation failed.
    pub(crate) fn undo(&self) {
        let mut inner = self.inner();
        for (key, before) in std::mem::take(&mut inner.undo) {
            match before {
                Some(value) => inner.map.insert(key, value),
                None => inner.map.remove(&key),
            };
        }
    }

    pub(crate) fn put<V: Serialize + ?Sized>(&self, key: Vec<u8>, value: &V) -> Result<(), StateError> {
        let value = encode(value)?;
        self.put_raw(key, value);
        Ok(())
    }

    pub(crate) fn put_raw(&self, key: Vec<u8>, value: Value) {
        self.inner().set(key, Some(value));
    }

    pub(crate) fn get_raw(&self, key: &[u8]) -> Option<Value> {
        self.inner().map.get(key).cloned()
    }

    pub(crate) fn get<V: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<V>, StateError> {
        self.get_raw(key).map(|bytes| decode(&bytes)).transpose()
    }

    pub(crate) fn delete(&self, key: Vec<u8>) -> Result<(), StateError> {
        self.inner().set(key, None);
        Ok(())
    }

    pub(crate) fn delete_all(&self, prefix: &[u8]) -> Result<(), StateError> {
        let mut inner = self.inner();
        for (key, _) in inner.under(prefix) {
            inner.set(key, None);
        }
        Ok(())
    }

    pub(crate) fn append<V: Serialize>(&self, key: Vec<u8>, value: &V) -> Result<(), StateError> {
        let mut list: Vec<Value> = self.get(&key)?.unwrap_or_default();
        list.push(encode(value)?);
        self.put(key, &list)
    }

    pub(crate) fn list<V: DeserializeOwned>(&self, key: &[u8]) -> Result<Vec<V>, StateError> {
        let list: Vec<Value> = self.get(key)?.unwrap_or_default();
        list.iter().map(|bytes| decode(bytes)).collect()
    }

    pub(crate) fn drop_from<V: Serialize>(&self, key: Vec<u8>, value: &V) -> Result<(), StateError> {
        let gone = encode(value)?;
        let mut list: Vec<Value> = self.get(&key)?.unwrap_or_default();
        list.retain(|bytes| *bytes != gone);
        self.put(key, &list)
    }

    /// Keeps a copy of a group as it stands, under a name.
    pub(crate) fn snapshot(&self, group: &GroupId, name: &[u8; 40]) -> Result<(), StateError> {
        let (live, copy) = (whole_group(GROUP, group)?, snapshot_at(group, name)?);
        let mut inner = self.inner();
        for (key, value) in inner.under(&live) {
            let rest = key.get(live.len()..).unwrap_or_default();
            inner.set([copy.as_slice(), rest].concat(), Some(value));
        }
        Ok(())
    }

    /// Puts a group back as it stood; false when there is no such snapshot. The snapshot stays.
    pub(crate) fn restore(&self, group: &GroupId, name: &[u8; 40]) -> Result<bool, StateError> {
        let (live, copy) = (whole_group(GROUP, group)?, snapshot_at(group, name)?);
        let mut inner = self.inner();
        let kept = inner.under(&copy);
        if kept.is_empty() {
            return Ok(false);
        }
        for (key, _) in inner.under(&live) {
            inner.set(key, None);
        }
        for (key, value) in kept {
            let rest = key.get(copy.len()..).unwrap_or_default();
            inner.set([live.as_slice(), rest].concat(), Some(value));
        }
        Ok(true)
    }

    /// The names of a group's snapshots.
    pub(crate) fn snapshots(&self, group: &GroupId) -> Result<Vec<[u8; 40]>, StateError> {
        let all = whole_group(SNAPSHOT, group)?;
        let mut names: Vec<[u8; 40]> = Vec::new();
        for (key, _) in self.inner().under(&all) {
            let name = key.get(all.len()..).and_then(|rest| rest.first_chunk::<40>()).ok_or(StateError::Decode)?;
            if names.last() != Some(name) {
                names.push(*name);
            }
        }
        Ok(names)
    }

    pub(crate) fn drop_snapshot(&self, group: &GroupId, name: &[u8; 40]) -> Result<(), StateError> {
        self.delete_all(&snapshot_at(group, name)?)
    }

    /// Everything of a group, snapshots too.
    pub(crate) fn forget(&self, group: &GroupId) -> Result<(), StateError> {
        self.delete_all(&whole_group(GROUP, group)?)?;
        self.delete_all(&whole_group(SNAPSHOT, group)?)
    }
}

fn snapshot_at(group: &GroupId, name: &[u8; 40]) -> Result<Vec<u8>, StateError> {
    Ok([whole_group(SNAPSHOT, group)?.as_slice(), name].concat())
}
