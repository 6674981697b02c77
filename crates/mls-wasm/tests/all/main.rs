//! An installation as the worker drives it: every operation's batch is written into a map, which is all that survives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod account;
mod key_log;
mod writing;

use std::collections::BTreeMap;

use rempart_mls_wasm::aside::Entries;
use rempart_mls_wasm::values::{Beliefs, ChangesIn, Enrolment, Entitled, IdentityKey, RankName};
use rempart_mls_wasm::{Installation, Refused};
use serde_bytes::{ByteArray, ByteBuf};

pub(crate) const GROUP: [u8; 16] = [0x47; 16];

pub(crate) fn now() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "OpenMLS compares lifetimes with the system's clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_millis() as f64
}

pub(crate) fn id(n: u8) -> String {
    format!("0190b3c4-5d6e-7f80-8123-4567890000{n:02x}")
}

pub(crate) fn as_whom(account: u8, device: u8) -> Enrolment {
    Enrolment { account: id(account), device: id(device), guest: false, now: now() }
}

/// A worker: the installation and its database.
pub(crate) struct Worker {
    pub(crate) inner: Installation,
    pub(crate) database: Entries,
}

impl Worker {
    pub(crate) fn enrol(account: u8, device: u8, seed: Option<&[u8]>) -> Self {
        let inner = Installation::enrol(&as_whom(account, device), seed).unwrap();
        let mut worker = Self { inner, database: Entries::new() };
        assert!(worker.write(), "an enrolment is kept");
        worker
    }

    /// Writes what waits; false when nothing did.
    pub(crate) fn write(&mut self) -> bool {
        let Some(batch) = self.inner.take_batch() else { return false };
        for (key, value) in batch {
            match value {
                Some(value) => self.database.insert(key, value),
                None => self.database.remove(&key),
            };
        }
        self.inner.written().unwrap();
        true
    }

    /// The tab was closed: all that is left is the database.
    pub(crate) fn again(&mut self) {
        self.inner = Installation::open(self.database.clone()).unwrap();
    }

    pub(crate) fn package(&mut self) -> ByteBuf {
        let package = self.inner.key_packages("hybrid", 1, false, now()).unwrap().remove(0);
        assert!(self.write());
        package
    }

    pub(crate) fn seed(&self) -> Vec<u8> {
        self.database[b"a".as_slice()].to_vec()
    }
}

/// What everybody believes of these accounts; the first is the owner.
pub(crate) fn beliefs(of: &[&Worker]) -> Beliefs {
    let keys: BTreeMap<String, ByteBuf> =
        of.iter().map(|w| (w.inner.identity().account, w.inner.identity().account_key.unwrap())).collect();
    let key = |bytes: &ByteBuf| ByteArray::<32>::new(bytes.as_slice().try_into().unwrap());
    let rank = |i| if i == 0 { RankName::Owner } else { RankName::Member };
    Beliefs {
        directory: keys.iter().map(|(a, k)| IdentityKey { account: a.clone(), key: key(k) }).collect(),
        entitled: keys.keys().enumerate().map(|(i, a)| Entitled { account: a.clone(), rank: rank(i) }).collect(),
        certified: vec![ByteBuf::from(*b"policy")],
        server_key: ByteArray::new([0x5E; 32]),
        now: now(),
    }
}

pub(crate) fn adding(package: ByteBuf) -> ChangesIn {
    ChangesIn { add: vec![package], ..ChangesIn::default() }
}

pub(crate) fn code<T>(out: Result<T, Refused>) -> &'static str {
    out.err().expect("a refusal").code
}
