//! What groups do when everybody is honest.

use rempart_base::time::DAY;
use rempart_group_policy::{Outcome, Rank, Refusal};
use rempart_mls_client::{Changes, ClientError, MemoryStore, Suite};
use rempart_mls_delivery::{DeliveryError, Follower};

use crate::world::{GROUP, NEXT_POLICY, POLICY, World, device, enrol};

#[test]
fn two_accounts_with_two_devices_talk() {
    for suite in Suite::ALL {
        let mut world = World::two_by_two(suite, None);
        world.say(device(1, 0), b"bonjour");
        world.say(device(2, 1), b"hello");
        world.catch_up();
        let read = |world: &World, d| world.seats[&d].read.clone();
        assert_eq!(read(&world, device(1, 1)), [b"bonjour".to_vec(), b"hello".to_vec()]);
        assert_eq!(read(&world, device(2, 0)), [b"bonjour".to_vec(), b"hello".to_vec()]);
        assert_eq!(read(&world, device(1, 0)), [b"hello".to_vec()]);
        world.commit(device(2, 0), &Changes::default()).unwrap();
        world.agree();
        world.say(device(2, 0), b"after an update");
        world.catch_up();
        assert_eq!(read(&world, device(1, 1)).len(), 3);
    }
}

#[test]
fn a_removed_device_reads_no_more() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    world.commit(device(1, 0), &Changes { remove: vec![device(2, 1)], ..Changes::default() }).unwrap();
    let mut gone = world.seats.remove(&device(2, 1)).unwrap();
    let commit = gone.inbox.pop_front().unwrap();
    let received = gone.client.receive(GROUP, &commit, &world.known.trust()).unwrap();
    assert!(matches!(received, rempart_mls_client::Received::Commit { removed: true, archive: None, .. }));
    assert!(!gone.client.is_member(GROUP).unwrap());
    world.agree();
    let sealed = world.client(device(1, 0)).seal(GROUP, b"without you").unwrap();
    assert!(gone.client.receive(GROUP, &sealed, &world.known.trust()).is_err());
    assert!(gone.client.export(GROUP, "test", b"", 32).is_err());
}

#[test]
fn committer_receiver_and_joiner_export_the_same_for_the_capsule() {
    let mut world = World::two_by_two(Suite::Hybrid, Some(POLICY));
    world.add(device(1, 0), 3, 0).unwrap();
    world.catch_up();
    let joiner = world.seats[&device(3, 0)].secrets.as_ref().map(|s| (*s.key, *s.seed)).unwrap();
    for (device, seat) in &mut world.seats {
        let secrets = seat.secrets.take().unwrap();
        assert_eq!((*secrets.key, *secrets.seed), joiner, "{device}");
        // And as anybody in the epoch exports them later.
        let later = seat.client.archive_secrets(GROUP).unwrap().unwrap();
        assert_eq!((*later.key, *later.seed), joiner, "{device}");
        assert!(seat.client.export(GROUP, "rempart archive 1 key", b"", 32).is_err(), "not by the side door");
    }
    // The next archive key: another policy, other secrets.
    let archive = Some(NEXT_POLICY.to_vec());
    world.commit(device(1, 0), &Changes { archive, ..Changes::default() }).unwrap();
    world.agree();
    let next = world.client(device(3, 0)).archive_secrets(GROUP).unwrap().unwrap();
    assert_ne!(*next.key, joiner.0);
    // A sealed group has none.
    let mut sealed = World::two_by_two(Suite::Hybrid, None);
    assert!(sealed.client(device(1, 0)).archive_secrets(GROUP).unwrap().is_none());
}

#[test]
fn one_commit_per_epoch_and_the_other_rebases() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    let first = world.seats.get_mut(&device(1, 0)).unwrap();
    let one = first.client.commit(GROUP, &Changes::default(), &world.known.trust()).unwrap();
    let second = world.seats.get_mut(&device(2, 0)).unwrap();
    let two = second.client.commit(GROUP, &Changes::default(), &world.known.trust()).unwrap();
    assert!(matches!(
        second.client.commit(GROUP, &Changes::default(), &world.known.trust()),
        Err(ClientError::CommitPending)
    ));
    assert!(matches!(second.client.seal(GROUP, b"x"), Err(ClientError::CommitPending)));
    world.offer(device(1, 0), &one.commit).unwrap();
    let current = world.follower.epoch();
    let late = world.offer(device(2, 0), &two.commit).unwrap_err();
    assert!(matches!(late, DeliveryError::Stale { current: c } if c == current));
    world.client(device(1, 0)).confirm(GROUP).unwrap();
    world.client(device(2, 0)).withdraw(GROUP).unwrap();
    world.commit(device(2, 0), &Changes::default()).unwrap();
    world.agree();
}

#[test]
fn a_commit_whose_answer_was_lost_comes_back_as_own() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    let seat = world.seats.get_mut(&device(1, 0)).unwrap();
    let made = seat.client.commit(GROUP, &Changes::default(), &world.known.trust()).unwrap();
    world.offer(device(1, 0), &made.commit).unwrap();
    // No answer reached the device; it finds its commit in the journal.
    world.seats.get_mut(&device(1, 0)).unwrap().inbox.push_back(made.commit);
    world.agree();
}

#[test]
fn a_waiting_removal_stops_content_and_goes_with_the_next_commit() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    let epoch = world.follower.finality().head();
    world.lose(device(2, 1));
    let now = world.known.now;
    let refused = world.follower.content(device(1, 0), epoch, 0, None, now).unwrap_err();
    assert!(matches!(refused, DeliveryError::Refused(Refusal::EpochRemoval)));
    // A commit by one who has not seen the proposal leaves it out: refused.
    let seat = world.seats.get_mut(&device(2, 0)).unwrap();
    let blind = seat.client.commit(GROUP, &Changes::default(), &world.known.trust()).unwrap();
    let left_out = world.offer(device(2, 0), &blind.commit).unwrap_err();
    assert!(matches!(left_out, DeliveryError::Refused(Refusal::RemovalLeftOut)));
    world.client(device(2, 0)).withdraw(GROUP).unwrap();
    // Anybody who has seen it removes the device.
    world.commit(device(2, 0), &Changes::default()).unwrap();
    assert_eq!(world.follower.leaves().roster().seat(device(2, 1)), None);
    world.agree();
    world.say(device(1, 0), b"again");
}

#[test]
fn an_epoch_ends_with_the_day_and_after_500_entries() {
    let mut world = World::two_by_two(Suite::Classical, None);
    let epoch = world.follower.finality().head();
    let (now, tomorrow) = (world.known.now, world.known.now.plus_millis(DAY));
    let over = world.follower.content(device(1, 0), epoch, 0, None, tomorrow).unwrap_err();
    assert!(matches!(over, DeliveryError::Refused(Refusal::EpochDay)));
    // The epoch began with entry 7 of the journal, and every entry after it counts.
    world.follower = Follower::open(&world.follower.keep().unwrap(), 7).unwrap();
    world.follower.content(device(1, 0), epoch, 506, None, now).unwrap();
    let full = world.follower.content(device(1, 0), epoch, 507, None, now).unwrap_err();
    assert!(matches!(full, DeliveryError::Refused(Refusal::EpochFull)));
    world.commit(device(2, 0), &Changes::default()).unwrap();
    let stale = world.follower.content(device(1, 0), epoch, 508, None, now).unwrap_err();
    assert!(matches!(stale, DeliveryError::Stale { .. }));
    let epoch = world.follower.finality().head();
    world.follower = Follower::open(&world.follower.keep().unwrap(), 508).unwrap();
    world.follower.content(device(2, 0), epoch, 508, None, now).unwrap();
}

#[test]
fn limits_and_rights_hold_at_the_committer_already() {
    let mut world = World::two_by_two(Suite::Classical, None);
    for n in 2..5 {
        world.add(device(2, 0), 2, n).unwrap();
    }
    let sixth = world.add(device(2, 0), 2, 5).unwrap_err();
    assert!(matches!(sixth, ClientError::Refused(Refusal::TooManyDevices)), "{sixth}");
    let person = world.add(device(2, 0), 3, 0).unwrap_err();
    assert!(matches!(person, ClientError::Refused(Refusal::MayNotAdd)), "{person}");
    // What was refused changed nothing: the device goes on.
    world.commit(device(2, 0), &Changes::default()).unwrap();
    world.agree();
}

#[test]
fn a_package_of_last_resort_serves_twice_a_one_time_package_once() {
    let mut world = World::new(Suite::Hybrid, None, &[(1, Rank::Owner), (2, Rank::Member)]);
    for last_resort in [true, false] {
        let mut client = enrol(MemoryStore::default(), 2, u8::from(last_resort), world.known.now);
        let one_time = usize::from(!last_resort);
        let package = client.key_packages(Suite::Hybrid, one_time, last_resort, world.known.now).unwrap().remove(0);
        let add = || Changes { add: vec![package.clone()], ..Changes::default() };
        let welcome = world.commit(device(1, 0), &add()).unwrap().unwrap();
        client.join(&welcome, &world.known.trust()).unwrap();
        client.forget(GROUP).unwrap();
        let remove = vec![device(2, u8::from(last_resort))];
        world.commit(device(1, 0), &Changes { remove, ..Changes::default() }).unwrap();
        let again = world.commit(device(1, 0), &add()).unwrap().unwrap();
        assert_eq!(client.join(&again, &world.known.trust()).is_ok(), last_resort);
        let remove = vec![device(2, u8::from(last_resort))];
        world.commit(device(1, 0), &Changes { remove, ..Changes::default() }).unwrap();
    }
}

#[test]
fn a_group_of_one_account_is_final_at_once() {
    let mut world = World::new(Suite::Classical, None, &[(1, Rank::Owner), (2, Rank::Member)]);
    world.add(device(1, 0), 1, 1).unwrap();
    world.add(device(1, 0), 2, 0).unwrap();
    assert_eq!(world.follower.finality().last(), world.follower.finality().head());
    let seat = world.seats.get_mut(&device(1, 0)).unwrap();
    let made = seat.client.commit(GROUP, &Changes::default(), &world.known.trust()).unwrap();
    let applied = world.offer(device(1, 0), &made.commit).unwrap();
    assert!(applied.outcomes.is_empty(), "now another account has a word: {:?}", applied.outcomes);
    let (epoch, now) = (applied.epoch_ref, world.known.now);
    assert!(!world.follower.content(device(1, 1), epoch, 0, None, now).unwrap(), "the committer's account has no word");
    assert!(world.follower.content(device(2, 0), epoch, 0, None, now).unwrap());
    assert_eq!(world.follower.confirm(device(2, 0)), [Outcome::Final(vec![epoch])]);
}
