//! People with keys: an identity key, a device in the key log, key packages.

use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::DeviceClaim;
use rempart_key_log::{Cause, Entry, Follower, RevokedBy, Taken};
use rempart_mls_client::{AccountKey, Client, MemoryStore, Suite};
use rempart_testkit::client::session::Person;
use rempart_testkit::client::{Failure, Feed};
use rempart_wire::B64;
use rempart_wire::feed::Frame;
use rempart_wire::journal::AccountChange;
use rempart_wire::keys::{KeyLogPage, KeyLogSize, KeyPackageCount};
use serde_json::json;
use zeroize::Zeroizing;

use crate::house::SOON;

/// The clock of this machine, which is the server's too.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "key packages live by the machine's clock, the server's too")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap())
}

/// The identity key of an account, as its keyring holds it.
pub(crate) fn identity(seed: u8) -> AccountKey {
    AccountKey::from_seed(&Zeroizing::new([seed; 32]))
}

/// The entry that gives an account its identity key `seed`; a rotation is signed by `former` too.
pub(crate) fn identity_entry(account: AccountId, cause: Cause, serial: u32, seed: u8, former: Option<u8>) -> Vec<u8> {
    let key = identity(seed);
    let message = Entry::identity_to_sign(account, &cause, serial, &key.public());
    let cause = former.map_or(cause, |f| Cause::Rotated { former: identity(f).sign(&message) });
    Entry::Identity { account, cause, serial, key: key.public(), signature: key.sign(&message) }.encode()
}

pub(crate) fn first_identity(account: AccountId, seed: u8) -> Vec<u8> {
    identity_entry(account, Cause::First, 0, seed, None)
}

/// A device made here, with its entry.
pub(crate) fn device(account: AccountId, device: DeviceId, seed: u8) -> (Client<MemoryStore>, Vec<u8>) {
    let claim = DeviceClaim::member(account, device, now());
    let client = Client::enrol(MemoryStore::default(), claim, |bytes| identity(seed).sign(bytes)).unwrap();
    let entry = Entry::Device { credential: client.device().credential().clone(), leaf_key: client.device().key() };
    (client, entry.encode())
}

/// The entry by which an account revokes a device.
pub(crate) fn revocation(account: AccountId, device: DeviceId, seed: u8) -> Vec<u8> {
    let signature = identity(seed).sign(&Entry::revocation_to_sign(account, device));
    Entry::Revoked { account, device, by: RevokedBy::Account { signature } }.encode()
}

fn bytes(all: &[Vec<u8>]) -> Vec<B64> {
    all.iter().cloned().map(B64).collect()
}

pub(crate) async fn publish(by: &Person, entries: &[Vec<u8>]) -> Result<u64, Failure> {
    let size: KeyLogSize = by.client.ask("keys.publish", &json!({ "entries": bytes(entries) })).await?;
    Ok(size.size)
}

/// A person's device of the key log.
pub(crate) struct Keyed {
    /// Which.
    pub(crate) device: DeviceId,
    /// Its keys.
    pub(crate) mls: Client<MemoryStore>,
}

/// Enters the device of a person's session, and the account's identity key `seed` with the first.
pub(crate) async fn enrol(person: &Person, seed: u8, first: bool) -> Keyed {
    let (account, id) = (person.account.0, person.device.0);
    let (mls, entry) = device(account, id, seed);
    let entries = if first { vec![first_identity(account, seed), entry] } else { vec![entry] };
    publish(person, &entries).await.unwrap();
    Keyed { device: id, mls }
}

/// Puts so many one-time packages and one of last resort in store.
pub(crate) async fn stock(person: &Person, keyed: &mut Keyed, one_time: usize) -> u32 {
    let mut made = keyed.mls.key_packages(Suite::Hybrid, one_time, true, now()).unwrap();
    let last_resort = made.pop().map(B64);
    let put = json!({ "one_time": bytes(&made), "last_resort": last_resort });
    person.client.ask::<KeyPackageCount>("keys.packages.put", &put).await.unwrap().one_time
}

/// Follows the key log at a person's to its end; gives what was taken last.
pub(crate) async fn follow(person: &Person, follower: &mut Option<Follower>, limit: u32) -> Taken {
    loop {
        let after = follower.as_ref().map_or(0, Follower::next);
        let asked = json!({ "after": after, "limit": limit });
        let page: KeyLogPage = person.client.ask("keys.log", &asked).await.unwrap();
        let head = page.checkpoint.expect("a head over what is there");
        let follower = follower.get_or_insert_with(|| {
            let origin = head.key.split('+').next().unwrap();
            Follower::new(origin, &head.key).unwrap()
        });
        let leaves: Vec<_> = page.leaves.into_iter().map(|leaf| leaf.0).collect();
        let taken = follower.take(&leaves, &head.note, &head.key).unwrap();
        if matches!(taken, Taken::Current(_)) {
            return taken;
        }
    }
}

/// Waits on a feed until the account's own journal says that its keys changed.
pub(crate) async fn keys_changed(feed: &Feed) {
    let changed = |frame| match frame {
        Frame::Account { entry } => matches!(entry.change, AccountChange::Keys).then_some(()),
        _ => None,
    };
    feed.find(SOON, changed).await.unwrap();
}
