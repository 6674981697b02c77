//! What a capsule costs on this machine: `cargo run --release -p rempart-capsule --example cost`.
#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to say")]

use std::hint::black_box;
use std::time::Instant;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use rempart_capsule::capsule::CAPSULE;
use rempart_capsule::partial::{PARTIAL, combine};
use rempart_capsule::threshold::deal;
use rempart_capsule::{
    Capsule, Entry, EpochKey, Header, OuterShare, Partial, Period, Policy, Retention, Seed, Target, Threshold,
};

fn measure<T>(what: &str, mut run: impl FnMut() -> T) {
    let rounds = 200_u32;
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(run());
    }
    println!("{what:34} {:8.1} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
}

fn main() {
    let threshold = Threshold::new(3, 5).unwrap();
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let (record, shares) = deal(threshold, &mut rng);
    let policy = Policy {
        keys: record.keys(),
        period: Period::new(2026, 4).unwrap(),
        retention: Retention::new(1, 60).unwrap(),
        threshold,
        witnesses: 2,
        log_key: record.hash(),
        notice_hash: [4; 32],
    };
    let target = Target::new(&policy);
    let place = target.place(b"a group of some size", [7; 32]).unwrap();
    let (seed, key) = (Seed::from_bytes([9; 128]), EpochKey::from_bytes([8; 32]));
    let capsule = Capsule::make(&place, &seed, &key).unwrap();
    let bytes = capsule.encode();
    let checked = capsule.verify(&place).unwrap();
    let partials: Vec<Partial> = shares.iter().map(|share| share.partial(&checked, &[1; 32]).unwrap()).collect();
    let outer: Vec<OuterShare> = shares.iter().map(|share| share.outer().clone()).collect();
    let (inner, outer_key) = (combine(&checked, &record, &partials).unwrap(), record.rebuild_outer(&outer).unwrap());

    println!("capsule {CAPSULE} bytes, partial {PARTIAL} bytes; 3 of 5 officers");
    measure("policy to target", || Target::new(&policy));
    measure("make a capsule", || Capsule::make(&place, &seed, &key).unwrap());
    measure("read and verify a capsule", || Capsule::decode(&bytes).unwrap().verify(&place).is_ok());
    measure("an officer's partial", || shares.first().map(|share| share.partial(&checked, &[1; 32])));
    measure("verify a partial", || partials.first().map(|partial| partial.verify(&checked, &record)));
    measure("verify and combine 5 partials", || combine(&checked, &record, &partials));
    measure("rebuild the X-Wing key", || record.rebuild_outer(&outer));
    measure("open with both secrets", || checked.open(&inner, &outer_key));
    measure("deal 3 of 5", || deal(threshold, &mut rng));

    let header = Header {
        group: b"a group of some size".to_vec(),
        epoch_ref: [7; 32],
        leaf: 1,
        certificate: [2; 32],
        counter: 1,
        client_id: [3; 16],
        salt: [4; 32],
        refers_to: 0,
        blobs: Vec::new(),
    };
    let content = [b'a'; 400];
    let entry = Entry::seal(header.clone(), &key, &content).unwrap().sign([0; 64]);
    println!("entry of 400 bytes of content: {} bytes", entry.encode().len());
    measure("seal an entry (without signing)", || Entry::seal(header.clone(), &key, &content));
    measure("open an entry", || entry.open(&key));
}
