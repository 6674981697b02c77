//! Finality as bytes, for whoever keeps it: the last epoch, the links, the doubts; counts as u32, big-endian.

use std::collections::BTreeSet;

use rempart_base::{DeviceId, Timestamp};

use super::{Doubt, Finality, Link};
use crate::EpochRef;

const VERSION: u8 = 1;

impl Finality {
    /// The bytes to keep.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.last.0);
        count(&mut out, self.chain.len());
        for link in &self.chain {
            out.extend_from_slice(&link.epoch.0);
            for devices in [&link.others, &link.stayed, &link.removed] {
                count(&mut out, devices.len());
                devices.iter().for_each(|d| out.extend_from_slice(d.as_bytes()));
            }
        }
        count(&mut out, self.doubts.len());
        for doubt in &self.doubts {
            out.extend_from_slice(doubt.by.as_bytes());
            out.extend_from_slice(&doubt.epoch.0);
            out.extend_from_slice(&doubt.since.millis().to_be_bytes());
        }
        out
    }

    /// Reads what [`Self::encode`] wrote; `None` for anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [VERSION] = take::<1>(&mut rest)? else { return None };
        let mut finality = Self::new(EpochRef(take(&mut rest)?));
        for _ in 0..u32::from_be_bytes(take(&mut rest)?) {
            let epoch = EpochRef(take(&mut rest)?);
            let (others, stayed, removed) = (devices(&mut rest)?, devices(&mut rest)?, devices(&mut rest)?);
            finality.chain.push(Link { epoch, others, stayed, removed });
        }
        for _ in 0..u32::from_be_bytes(take(&mut rest)?) {
            let (by, epoch) = (DeviceId::from_bytes(take(&mut rest)?), EpochRef(take(&mut rest)?));
            let since = Timestamp::from_millis(i64::from_be_bytes(take(&mut rest)?));
            finality.doubts.push(Doubt { by, epoch, since });
        }
        rest.is_empty().then_some(finality)
    }
}

fn count(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes());
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn devices(rest: &mut &[u8]) -> Option<BTreeSet<DeviceId>> {
    (0..u32::from_be_bytes(take(rest)?)).map(|_| take(rest).map(DeviceId::from_bytes)).collect()
}
