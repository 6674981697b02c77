//! Provisional chains, and the way back.

use rempart_base::time::MINUTE;
use rempart_group_policy::{Outcome, Verdict};
use rempart_mls_client::{Changes, ClientError, Suite};

use crate::world::{GROUP, World, device};

#[test]
fn a_refused_chain_is_dropped_and_everybody_goes_back() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    world.agree();
    let last = world.follower.finality().last();
    assert_eq!(last, world.follower.finality().head());
    let own = world.client(device(1, 0)).epoch(GROUP).unwrap();
    for device in [device(1, 0), device(1, 1), device(2, 0), device(2, 1)] {
        world.client(device).settled(GROUP, own.0).unwrap();
    }
    // Two commits of account 1, merged by its own other device only.
    world.commit(device(1, 0), &Changes::default()).unwrap();
    world.say(device(1, 0), b"in the first");
    world.commit(device(1, 0), &Changes::default()).unwrap();
    world.read(device(1, 1));
    assert_eq!(world.follower.finality().provisional().count(), 2);
    // Account 2 cannot follow.
    let head = world.follower.finality().head();
    let refusal = world.client(device(2, 0)).statement(Verdict::Refused, GROUP, head).encode();
    let now = world.known.now;
    assert!(world.follower.statement(&refusal, now).unwrap().is_empty());
    assert!(world.follower.tick(now.plus_millis(MINUTE - 1)).unwrap().is_empty());
    world.restart();
    let outcomes = world.follower.tick(now.plus_millis(MINUTE)).unwrap();
    assert!(matches!(&outcomes[..], [Outcome::Dropped { to, epochs }] if *to == last && epochs.len() == 2));
    assert_eq!(world.follower.epoch(), own.0);
    for device in [device(1, 0), device(1, 1)] {
        world.client(device).go_back(GROUP, last).unwrap();
        assert_eq!(world.client(device).epoch(GROUP).unwrap(), own);
        // There is one way back, and it was used.
        assert!(matches!(world.client(device).go_back(GROUP, last), Err(ClientError::NoSnapshot)));
    }
    for device in [device(2, 0), device(2, 1)] {
        world.seats.get_mut(&device).unwrap().inbox.clear();
    }
    world.agree();
    // Life goes on from there: what was said is said again.
    world.commit(device(2, 0), &Changes::default()).unwrap();
    world.agree();
    world.say(device(1, 0), b"in the first");
    world.catch_up();
    assert_eq!(world.seats[&device(2, 1)].read.last().unwrap(), b"in the first");
}

#[test]
fn what_is_final_has_no_way_back() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    world.commit(device(1, 0), &Changes::default()).unwrap();
    let before = world.follower.finality().last();
    world.catch_up();
    let (epoch, head) = world.client(device(1, 0)).epoch(GROUP).unwrap();
    assert_eq!(world.follower.finality().last(), head);
    world.client(device(1, 0)).settled(GROUP, epoch).unwrap();
    assert!(matches!(world.client(device(1, 0)).go_back(GROUP, before), Err(ClientError::NoSnapshot)));
    // And a refusal now is a false one.
    let refusal = world.client(device(2, 1)).statement(Verdict::Refused, GROUP, head).encode();
    let outcomes = world.follower.statement(&refusal, world.known.now).unwrap();
    assert_eq!(outcomes, [Outcome::FalseRefusal { by: device(2, 1), epoch: head }]);
    world.agree();
}

#[test]
fn a_removed_device_may_not_refuse_its_removal() {
    let mut world = World::two_by_two(Suite::Hybrid, None);
    world.commit(device(1, 0), &Changes { remove: vec![device(2, 1)], ..Changes::default() }).unwrap();
    let head = world.follower.finality().head();
    let refusal = world.client(device(2, 1)).statement(Verdict::Refused, GROUP, head).encode();
    let outcomes = world.follower.statement(&refusal, world.known.now).unwrap();
    assert_eq!(outcomes, [Outcome::FalseRefusal { by: device(2, 1), epoch: head }]);
    assert_eq!(world.follower.finality().due(), None);
    // In another's name it does not even count as a word.
    let mut forged = refusal;
    forged[50..66].copy_from_slice(device(2, 0).as_bytes());
    assert!(world.follower.statement(&forged, world.known.now).is_err());
}
