//! A malicious member, a malicious server, a thief: who notices.

use rempart_base::time::MINUTE;
use rempart_group_policy::{DeviceClaim, Outcome, Rank, Refusal, Verdict};
use rempart_mls_client::{Changes, Client, ClientError, MemoryStore, Received, Suite};
use rempart_mls_delivery::{DeliveryError, IdentityError};

use crate::garbage::Insider;
use crate::world::{GROUP, POLICY, World, account_key, device, enrol};

#[test]
fn a_replay_is_refused_by_the_receiver() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    let sealed = world.client(device(1, 0)).seal(GROUP, b"once").unwrap();
    let reader = world.seats.get_mut(&device(2, 0)).unwrap();
    let trust = world.known.trust();
    assert!(matches!(reader.client.receive(GROUP, &sealed, &trust), Ok(Received::Content { .. })));
    assert!(matches!(reader.client.receive(GROUP, &sealed, &trust), Err(ClientError::Mls(_))));
    // The sender knows its own.
    let sender = world.seats.get_mut(&device(1, 0)).unwrap();
    assert!(matches!(sender.client.receive(GROUP, &sealed, &world.known.trust()), Ok(Received::Own)));
}

#[test]
fn reordered_and_replayed_commits_are_refused_by_server_and_members() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    world.commit(device(1, 0), &Changes::default()).unwrap();
    world.commit(device(1, 0), &Changes::default()).unwrap();
    let reader = world.seats.get_mut(&device(2, 0)).unwrap();
    let (first, second) = (reader.inbox.pop_front().unwrap(), reader.inbox.pop_front().unwrap());
    let trust = world.known.trust();
    assert!(matches!(reader.client.receive(GROUP, &second, &trust), Err(ClientError::WrongEpoch { .. })));
    assert!(reader.client.receive(GROUP, &first, &trust).is_ok());
    assert!(matches!(reader.client.receive(GROUP, &first, &trust), Err(ClientError::WrongEpoch { .. })));
    assert!(reader.client.receive(GROUP, &second, &trust).is_ok());
    assert!(matches!(world.offer(device(1, 0), &first), Err(DeliveryError::Stale { .. })));
    world.agree();
}

#[test]
fn every_altered_byte_of_a_commit_is_noticed() {
    let mut world = World::two_by_two(Suite::Classical, None);
    let seat = world.seats.get_mut(&device(1, 0)).unwrap();
    let made = seat.client.commit(GROUP, &Changes::default(), &world.known.trust()).unwrap();
    for i in (0..made.commit.len()).step_by(7) {
        let mut altered = made.commit.clone();
        altered[i] ^= 1;
        let reader = world.seats.get_mut(&device(2, 0)).unwrap();
        assert!(reader.client.receive(GROUP, &altered, &world.known.trust()).is_err(), "byte {i}");
    }
    // In another's name.
    assert!(matches!(world.offer(device(2, 0), &made.commit), Err(DeliveryError::NotTheSender)));
    // And none of it hurt.
    world.offer(device(1, 0), &made.commit).unwrap();
    world.client(device(1, 0)).confirm(GROUP).unwrap();
    world.agree();
}

#[test]
fn a_ghost_device_is_refused_by_the_committer_the_server_and_the_joiner() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    // A device of account 2 that account 2 did not sign.
    let claim = DeviceClaim::member(crate::world::account(2), device(2, 9), world.known.now);
    let mut ghost = Client::enrol(MemoryStore::default(), claim, |c| account_key(9).sign(c)).unwrap();
    let add = vec![world.package(&mut ghost)];
    let seat = world.seats.get_mut(&device(1, 0)).unwrap();
    let refused = seat.client.commit(GROUP, &Changes { add, ..Changes::default() }, &world.known.trust());
    assert!(matches!(refused, Err(ClientError::Identity(IdentityError::Credential(_)))));
    // An insider whose own client believes in it: the server does not.
    let add = vec![world.package(&mut ghost)];
    let mut credulous = world.known.directory.clone();
    credulous.insert(crate::world::account(2), account_key(9).public());
    let trust = rempart_mls_client::Trust { directory: &credulous, ..world.known.trust() };
    let seat = world.seats.get_mut(&device(1, 0)).unwrap();
    let made = seat.client.commit(GROUP, &Changes { add, ..Changes::default() }, &trust).unwrap();
    let offered = world.offer(device(1, 0), &made.commit);
    assert!(matches!(offered, Err(DeliveryError::Identity(IdentityError::Credential(_)))));
    // Nor do members, should the server be in it.
    let reader = world.seats.get_mut(&device(2, 0)).unwrap();
    let got = reader.client.receive(GROUP, &made.commit, &world.known.trust());
    assert!(matches!(got, Err(ClientError::Identity(IdentityError::Credential(_)))));
    // Nor would an honest joiner enter a group with a leaf that is not who it says.
    let welcome = made.welcome.unwrap();
    assert!(matches!(ghost.join(&welcome, &world.known.trust()), Err(ClientError::Identity(_))));
    world.client(device(1, 0)).withdraw(GROUP).unwrap();
    world.agree();
}

#[test]
fn an_archive_key_that_officers_did_not_sign_is_refused_by_all() {
    let mut world = World::two_by_two(Suite::Hybrid, Some(POLICY));
    let rogue = || Changes { archive: Some(b"the server's own".to_vec()), ..Changes::default() };
    let seat = world.seats.get_mut(&device(1, 0)).unwrap();
    let refused = seat.client.commit(GROUP, &rogue(), &world.known.trust());
    assert!(matches!(refused, Err(ClientError::Refused(Refusal::ArchiveUncertified))));
    let trust = rempart_mls_client::Trust { certified: &|_| true, ..world.known.trust() };
    let seat = world.seats.get_mut(&device(1, 0)).unwrap();
    let made = seat.client.commit(GROUP, &rogue(), &trust).unwrap();
    let reader = world.seats.get_mut(&device(2, 0)).unwrap();
    let got = reader.client.receive(GROUP, &made.commit, &world.known.trust());
    assert!(matches!(got, Err(ClientError::Refused(Refusal::ArchiveUncertified))));
    let offered = world.offer(device(1, 0), &made.commit);
    assert!(matches!(offered, Err(DeliveryError::Refused(Refusal::ArchiveUncertified))));
    // A sealed group does not become recorded.
    let mut sealed = World::two_by_two(Suite::Hybrid, None);
    let seat = sealed.seats.get_mut(&device(1, 0)).unwrap();
    let change = Changes { archive: Some(POLICY.to_vec()), ..Changes::default() };
    let refused = seat.client.commit(GROUP, &change, &sealed.known.trust());
    assert!(matches!(refused, Err(ClientError::Refused(Refusal::ClassChanged))), "{:?}", refused.err());
}

/// The insider's commit is signed and its tags are right, but one member's copy of the path secret is garbage.
#[test]
fn a_garbage_path_is_noticed_by_its_victim_and_dropped() {
    let mut world = World::new(Suite::Hybrid, None, &[(1, Rank::Owner), (2, Rank::Member)]);
    let mut insider = Insider::join(&mut world, device(1, 0), 1, 1);
    world.add(device(1, 0), 2, 0).unwrap();
    insider.follow(&world.last_commit);
    let last = world.follower.finality().last();
    assert_eq!(last, world.follower.finality().head());
    // The server cannot know, and a spared device follows.
    let commit = insider.garbage(device(2, 0));
    let applied = world.offer(device(1, 1), &commit).unwrap();
    let spared = world.seats.get_mut(&device(1, 0)).unwrap();
    assert!(matches!(spared.client.receive(GROUP, &commit, &world.known.trust()), Ok(Received::Commit { .. })));
    let victim = world.seats.get_mut(&device(2, 0)).unwrap();
    let commit = victim.inbox.pop_front().unwrap();
    let error = victim.client.receive(GROUP, &commit, &world.known.trust()).err().unwrap();
    assert!(matches!(error, ClientError::Mls(_)), "{error}");
    // It says so, nobody of another account merges, and the chain is dropped.
    let refusal = victim.client.statement(Verdict::Refused, GROUP, applied.epoch_ref).encode();
    world.follower.statement(&refusal, world.known.now).unwrap();
    let outcomes = world.follower.tick(world.known.now.plus_millis(MINUTE)).unwrap();
    assert_eq!(outcomes, [Outcome::Dropped { to: last, epochs: vec![applied.epoch_ref] }]);
    // The spared device goes back, the victim is where it was, and life goes on.
    world.client(device(1, 0)).go_back(GROUP, last).unwrap();
    world.seats.get_mut(&device(1, 0)).unwrap().inbox.clear();
    let epoch = world.client(device(2, 0)).epoch(GROUP).unwrap();
    assert_eq!(epoch.1, last);
    world.commit(device(2, 0), &Changes { remove: vec![device(1, 1)], ..Changes::default() }).err().unwrap();
    world.commit(device(1, 0), &Changes { remove: vec![device(1, 1)], ..Changes::default() }).unwrap();
    world.agree();
}

#[test]
fn a_group_that_is_not_made_as_required_is_not_followed() {
    let world = World::new(Suite::Classical, None, &[(1, Rank::Owner), (2, Rank::Member)]);
    let known = &world.known;
    let mut maker = enrol(MemoryStore::default(), 1, 1, known.now);
    let other_server = [7; 32];
    let trust = rempart_mls_client::Trust { server_key: &other_server, ..known.trust() };
    let info = maker.create(rempart_group_policy::GroupName([1; 16]), Suite::Classical, None, &trust).unwrap();
    let start = |info: &[u8], by| {
        rempart_mls_delivery::Follower::start(info, by, &known.server_public, &known.conversation(), known.now).err()
    };
    assert!(matches!(start(&info, device(1, 1)), Some(DeliveryError::Group(_))));
    let good = rempart_group_policy::GroupName([2; 16]);
    let info = maker.create(good, Suite::Classical, None, &known.trust()).unwrap();
    assert!(matches!(start(&info, device(2, 0)), Some(DeliveryError::NotTheSender)));
    assert!(start(&info, device(1, 1)).is_none());
    assert!(matches!(start(b"nonsense", device(1, 1)), Some(DeliveryError::Malformed(_))));
    let mut stranger = enrol(MemoryStore::default(), 8, 0, known.now);
    let info = stranger.create(good, Suite::Classical, None, &known.trust()).unwrap();
    assert!(matches!(start(&info, device(8, 0)), Some(DeliveryError::Identity(IdentityError::UnknownAccount))));
}
