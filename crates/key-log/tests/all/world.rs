//! People with keys, and a log that they write to.

use ed25519_dalek::{Signer as _, SigningKey};
use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{DeviceClaim, DeviceCredential};
use rempart_key_log::{Cause, Change, Entry, Fault, KeyLog, Leaf, News, RevokedBy};

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) fn account(n: u8) -> AccountId {
    AccountId::from_bytes([n; 16])
}

pub(crate) fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}

pub(crate) fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

pub(crate) fn public(n: u8) -> [u8; 32] {
    key(n).verifying_key().to_bytes()
}

/// Account `who` gets key `seed`, with `former` to sign a rotation.
pub(crate) fn identity(who: u8, cause: Cause, serial: u32, seed: u8, former: Option<u8>) -> Entry {
    let message = Entry::identity_to_sign(account(who), &cause, serial, &public(seed));
    let cause = former.map_or(cause, |f| Cause::Rotated { former: key(f).sign(&message).to_bytes() });
    let signature = key(seed).sign(&message).to_bytes();
    Entry::Identity { account: account(who), cause, serial, key: public(seed), signature }
}

pub(crate) fn first(who: u8, seed: u8) -> Entry {
    identity(who, Cause::First, 0, seed, None)
}

pub(crate) fn rotated(who: u8, serial: u32, seed: u8, former: u8) -> Entry {
    identity(who, Cause::Rotated { former: [0; 64] }, serial, seed, Some(former))
}

pub(crate) fn signed(claim: DeviceClaim, leaf: u8, by: u8) -> Entry {
    let leaf_key = public(leaf);
    let signature = key(by).sign(&claim.to_sign(&leaf_key)).to_bytes();
    Entry::Device { credential: DeviceCredential { claim, signature }, leaf_key }
}

pub(crate) fn added(who: u8, which: u8, leaf: u8, by: u8) -> Entry {
    signed(DeviceClaim::member(account(who), device(which), NOW), leaf, by)
}

pub(crate) fn revoked(who: u8, which: u8, by: u8) -> Entry {
    let message = Entry::revocation_to_sign(account(who), device(which));
    let by = RevokedBy::Account { signature: key(by).sign(&message).to_bytes() };
    Entry::Revoked { account: account(who), device: device(which), by }
}

pub(crate) fn revoked_by_server(who: u8, which: u8) -> Entry {
    Entry::Revoked { account: account(who), device: device(which), by: RevokedBy::Server }
}

pub(crate) fn leaf(entry: Entry) -> Vec<u8> {
    leaf_at(NOW, entry)
}

pub(crate) fn leaf_at(time: Timestamp, entry: Entry) -> Vec<u8> {
    Leaf { time, entry }.encode()
}

/// What the log says to an entry.
pub(crate) fn tell(log: &mut KeyLog, entry: Entry) -> Result<Vec<News>, Fault> {
    let changes = log.follow(&[leaf(entry)]).map_err(|refused| refused.fault)?;
    Ok(changes.iter().map(|change: &Change| change.news).collect())
}

/// Writes entries that hold.
pub(crate) fn log_of(entries: impl IntoIterator<Item = Entry>) -> KeyLog {
    let mut log = KeyLog::new();
    entries.into_iter().for_each(|entry| drop(tell(&mut log, entry).unwrap()));
    log
}
