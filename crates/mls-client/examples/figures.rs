//! What a group costs, natively: `cargo run --release --example figures`. Milliseconds of wall clock, one thread.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measuring program")]

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{DeviceClaim, GroupName, Rank};
use rempart_mls_client::{AccountKey, Changes, Client, MemoryStore, Received, Suite, Trust};
use rempart_mls_delivery::{Conversation, Follower};

const GROUP: GroupName = GroupName([1; 16]);

fn ids(i: u16) -> (AccountId, DeviceId) {
    let mut id = [0xAA; 16];
    id[..2].copy_from_slice(&i.to_be_bytes());
    (AccountId::from_bytes(id), DeviceId::from_bytes(id))
}

fn main() {
    let sizes: Vec<u16> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    for suite in Suite::ALL {
        for size in if sizes.is_empty() { vec![10, 100, 500] } else { sizes.clone() } {
            measure(suite, size);
        }
    }
}

fn measure(suite: Suite, size: u16) {
    #[expect(clippy::disallowed_methods, reason = "OpenMLS compares lifetimes with the system's clock")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap());
    let (key, _) = AccountKey::generate().unwrap();
    let directory: BTreeMap<_, _> = (0..=size).map(|i| (ids(i).0, key.public())).collect();
    let entitled: BTreeMap<_, _> = (0..=size).map(|i| (ids(i).0, Rank::Owner)).collect();
    let certified = |_: &[u8]| true;
    let server_key = key.public();
    let trust =
        Trust { directory: &directory, entitled: &entitled, certified: &certified, server_key: &server_key, now };
    let conversation = Conversation { directory: &directory, entitled: &entitled, certified: &certified };
    let enrol = |i: u16| {
        let (account, device) = ids(i);
        Client::enrol(MemoryStore::default(), DeviceClaim::member(account, device, now), |c| key.sign(c)).unwrap()
    };
    let package = |c: &mut Client<MemoryStore>| c.key_packages(suite, 1, false, now).unwrap().remove(0);
    let ms = |from: Instant| from.elapsed().as_secs_f64() * 1e3;

    let mut owner = enrol(0);
    let info = owner.create(GROUP, suite, None, &trust).unwrap();
    let mut server = Follower::start(&info, ids(0).1, &server_key, &conversation, now).unwrap();
    // All but the last at once.
    let mut reader = enrol(1);
    let mut add = vec![package(&mut reader)];
    add.extend((2..size - 1).map(|i| package(&mut enrol(i))));
    let made = owner.commit(GROUP, &Changes { add, ..Changes::default() }, &trust).unwrap();
    server.commit(&made.commit, ids(0).1, &conversation, now).unwrap();
    owner.confirm(GROUP).unwrap();
    let at = Instant::now();
    reader.join(&made.welcome.unwrap(), &trust).unwrap();
    let join = ms(at);
    let mut one = |changes: Changes| {
        let at = Instant::now();
        let made = owner.commit(GROUP, &changes, &trust).unwrap();
        let commit = ms(at);
        let at = Instant::now();
        server.commit(&made.commit, ids(0).1, &conversation, now).unwrap();
        let served = ms(at);
        let at = Instant::now();
        owner.confirm(GROUP).unwrap();
        let merged = ms(at);
        let at = Instant::now();
        reader.receive(GROUP, &made.commit, &trust).unwrap();
        format!(
            "commit {commit:.1} + merge {merged:.1}, server {served:.1}, receive {:.1} ms, {} kB",
            ms(at),
            made.commit.len() / 1000
        )
    };
    let add = vec![package(&mut enrol(size))];
    let added = one(Changes { add, ..Changes::default() });
    let removed = one(Changes { remove: vec![ids(size).1], ..Changes::default() });
    let (n, content) = (200, vec![b'x'; 300]);
    let at = Instant::now();
    let sealed: Vec<_> = (0..n).map(|_| owner.seal(GROUP, &content).unwrap()).collect();
    let seal = ms(at) * 1e3 / f64::from(n);
    let at = Instant::now();
    for message in &sealed {
        assert!(matches!(reader.receive(GROUP, message, &trust).unwrap(), Received::Content { .. }));
    }
    let open = ms(at) * 1e3 / f64::from(n);
    println!("{suite:?} {size} members: join {join:.1} ms");
    println!("  add one: {added}");
    println!("  remove one: {removed}");
    println!("  300-byte message: seal {seal:.0} µs, open {open:.0} µs");
}
