//! Random operations keep all members in agreement.

use proptest::prelude::*;
use rempart_base::DeviceId;
use rempart_group_policy::Rank;
use rempart_mls_client::{Changes, ClientError, Suite};

use crate::world::{World, account, device};

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn members_agree_whatever_happens(steps in proptest::collection::vec((0u8..6, any::<u8>(), 1u8..4, 0u8..4), 1..18)) {
        let ranks = [(1, Rank::Owner), (2, Rank::Moderator), (3, Rank::Member)];
        let mut world = World::new(Suite::Classical, Some(crate::world::POLICY), &ranks);
        for (what, who, a, n) in steps {
            let here: Vec<DeviceId> = world.seats.keys().copied().collect();
            let by = here[usize::from(who) % here.len()];
            world.read(by);
            if !world.seats.contains_key(&by) {
                continue;
            }
            let done: Result<(), ClientError> = match what {
                0 | 1 => {
                    let present = world.follower.leaves().roster().seat(device(a, n)).is_some();
                    if present { Ok(()) } else { world.add(by, a, n) }
                }
                2 => world.commit(by, &Changes { remove: vec![device(a, n)], ..Changes::default() }).map(|_| ()),
                3 => world.commit(by, &Changes::default()).map(|_| ()),
                4 => {
                    let lost = device(a, n);
                    let roster = world.follower.leaves().roster();
                    if lost != by && roster.seat(lost).is_some() && roster.devices_of(account(a)) > 1 {
                        world.lose(lost);
                        world.commit(by, &Changes::default()).map(|_| ())
                    } else {
                        Ok(())
                    }
                }
                _ => {
                    world.say(by, b"something");
                    Ok(())
                }
            };
            // Policy may refuse; nothing else may.
            if let Err(error) = done {
                let policy = matches!(&error, ClientError::Refused(_)) || matches!(&error, ClientError::Mls(m) if m.contains("remove"));
                prop_assert!(policy, "{}", error);
            }
        }
        world.agree();
    }
}
