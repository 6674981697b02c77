//! The public state of one group as OpenMLS keeps it: a map that can be copied cheaply and written whole.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use openmls_traits::public_storage::PublicStorageProvider;
use openmls_traits::storage::{CURRENT_VERSION, traits};
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Everything of a group. A copy shares the values.
pub(crate) type Map = BTreeMap<Vec<u8>, Arc<[u8]>>;

/// A value that cannot be encoded or read.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    #[error("a value of the group's state cannot be encoded")]
    Encode,
    #[error("a value of the group's state cannot be read")]
    Decode,
}

const TREE: u8 = 1;
const INTERIM: u8 = 2;
const CONTEXT: u8 = 3;
const CONFIRMATION: u8 = 4;
const QUEUE: u8 = 5;
const PROPOSAL: u8 = 6;

#[derive(Debug, Default)]
pub(crate) struct PublicStore(Mutex<Map>);

impl PublicStore {
    pub(crate) const fn new(map: Map) -> Self {
        Self(Mutex::new(map))
    }

    pub(crate) fn copy(&self) -> Map {
        self.with(|map| map.clone())
    }

    pub(crate) fn replace(&self, with: Map) {
        self.with(|map| *map = with);
    }

    fn with<T>(&self, f: impl FnOnce(&mut Map) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put<V: serde::Serialize + ?Sized>(&self, key: Vec<u8>, value: &V) -> Result<(), StoreError> {
        let bytes = encode(value)?;
        self.with(|map| map.insert(key, bytes.into()));
        Ok(())
    }

    fn get<V: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<V>, StoreError> {
        let found = self.with(|map| map.get(key).cloned());
        found.map(|bytes| ciborium::from_reader(&*bytes).map_err(|_| StoreError::Decode)).transpose()
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.with(|map| map.remove(key));
        Ok(())
    }

    fn queue(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        Ok(self.get(&[QUEUE])?.unwrap_or_default())
    }
}

fn encode<V: serde::Serialize + ?Sized>(value: &V) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).map_err(|_| StoreError::Encode)?;
    Ok(out)
}

fn proposal_key(reference: &[u8]) -> Vec<u8> {
    [&[PROPOSAL], reference].concat()
}

type Done = Result<(), StoreError>;

impl PublicStorageProvider<CURRENT_VERSION> for PublicStore {
    type PublicError = StoreError;

    fn write_tree<G: traits::GroupId<CURRENT_VERSION>, T: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        _: &G,
        tree: &T,
    ) -> Done {
        self.put(vec![TREE], tree)
    }

    fn write_interim_transcript_hash<
        G: traits::GroupId<CURRENT_VERSION>,
        H: traits::InterimTranscriptHash<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
        hash: &H,
    ) -> Done {
        self.put(vec![INTERIM], hash)
    }

    fn write_context<G: traits::GroupId<CURRENT_VERSION>, C: traits::GroupContext<CURRENT_VERSION>>(
        &self,
        _: &G,
        context: &C,
    ) -> Done {
        self.put(vec![CONTEXT], context)
    }

    fn write_confirmation_tag<G: traits::GroupId<CURRENT_VERSION>, T: traits::ConfirmationTag<CURRENT_VERSION>>(
        &self,
        _: &G,
        tag: &T,
    ) -> Done {
        self.put(vec![CONFIRMATION], tag)
    }

    fn queue_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        Q: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
        reference: &R,
        proposal: &Q,
    ) -> Done {
        let reference = encode(reference)?;
        let mut queue = self.queue()?;
        self.put(proposal_key(&reference), proposal)?;
        if !queue.contains(&reference) {
            queue.push(reference);
        }
        self.put(vec![QUEUE], &queue)
    }

    fn queued_proposals<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        Q: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
    ) -> Result<Vec<(R, Q)>, StoreError> {
        let mut found = Vec::new();
        for reference in self.queue()? {
            let proposal = self.get(&proposal_key(&reference))?.ok_or(StoreError::Decode)?;
            found.push((ciborium::from_reader(&*reference).map_err(|_| StoreError::Decode)?, proposal));
        }
        Ok(found)
    }

    fn tree<G: traits::GroupId<CURRENT_VERSION>, T: traits::TreeSync<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Result<Option<T>, StoreError> {
        self.get(&[TREE])
    }

    fn group_context<G: traits::GroupId<CURRENT_VERSION>, C: traits::GroupContext<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Result<Option<C>, StoreError> {
        self.get(&[CONTEXT])
    }

    fn interim_transcript_hash<
        G: traits::GroupId<CURRENT_VERSION>,
        H: traits::InterimTranscriptHash<CURRENT_VERSION>,
    >(
        &self,
        _: &G,
    ) -> Result<Option<H>, StoreError> {
        self.get(&[INTERIM])
    }

    fn confirmation_tag<G: traits::GroupId<CURRENT_VERSION>, T: traits::ConfirmationTag<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Result<Option<T>, StoreError> {
        self.get(&[CONFIRMATION])
    }

    fn delete_tree<G: traits::GroupId<CURRENT_VERSION>>(&self, _: &G) -> Done {
        self.delete(&[TREE])
    }

    fn delete_confirmation_tag<G: traits::GroupId<CURRENT_VERSION>>(&self, _: &G) -> Done {
        self.delete(&[CONFIRMATION])
    }

    fn delete_context<G: traits::GroupId<CURRENT_VERSION>>(&self, _: &G) -> Done {
        self.delete(&[CONTEXT])
    }

    fn delete_interim_transcript_hash<G: traits::GroupId<CURRENT_VERSION>>(&self, _: &G) -> Done {
        self.delete(&[INTERIM])
    }

    fn remove_proposal<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
        reference: &R,
    ) -> Done {
        let reference = encode(reference)?;
        let mut queue = self.queue()?;
        queue.retain(|r| *r != reference);
        self.delete(&proposal_key(&reference))?;
        self.put(vec![QUEUE], &queue)
    }

    fn clear_proposal_queue<G: traits::GroupId<CURRENT_VERSION>, R: traits::ProposalRef<CURRENT_VERSION>>(
        &self,
        _: &G,
    ) -> Done {
        for reference in self.queue()? {
            self.delete(&proposal_key(&reference))?;
        }
        self.delete(&[QUEUE])
    }
}
