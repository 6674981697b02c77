//! The engine as its users see it: formats, attacks, thresholds, vectors.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test's helpers may fail the test")]

mod attacks;
mod canary;
mod content;
mod locked;
mod opening;
mod policy;
mod sent;
mod threshold;
mod vectors;

use ed25519_dalek::{Signer as _, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use rempart_capsule::threshold::deal;
use rempart_capsule::{EpochKey, OfficerSet, OfficerShare, Period, Policy, Record, Retention, Seed, Target, Threshold};

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// An archive with its policy, and its officers' shares.
struct Archive {
    policy: Policy,
    record: Record,
    shares: Vec<OfficerShare>,
    target: Target,
}

fn archive(needed: u8, officers: u8, seed: u8) -> Archive {
    let threshold = Threshold::new(needed, officers).unwrap();
    let (record, shares) = deal(threshold, &mut rng(seed));
    let policy = Policy {
        keys: record.keys(),
        period: Period::new(2026, 4).unwrap(),
        retention: Retention::new(1, 60).unwrap(),
        threshold,
        witnesses: 2,
        log_key: SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes(),
        notice_hash: [4; 32],
    };
    Archive { target: Target::new(&policy), policy, record, shares }
}

fn seed(byte: u8) -> Seed {
    let mut bytes = [0; 128];
    rng(byte).fill_bytes(&mut bytes);
    Seed::from_bytes(bytes)
}

fn key(byte: u8) -> EpochKey {
    EpochKey::from_bytes([byte; 32])
}

/// Five officers, three of whom must sign.
fn officers() -> (Vec<SigningKey>, OfficerSet) {
    let keys: Vec<SigningKey> = (10..15).map(|byte| SigningKey::from_bytes(&[byte; 32])).collect();
    let set = OfficerSet::new(3, [0; 32], keys.iter().map(|key| key.verifying_key().to_bytes()).collect()).unwrap();
    (keys, set)
}

fn sign(keys: &[SigningKey], who: &[u8], message: &[u8]) -> Vec<(u8, [u8; 64])> {
    who.iter().map(|officer| (*officer, keys[usize::from(*officer)].sign(message).to_bytes())).collect()
}
