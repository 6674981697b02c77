use proptest::prelude::*;

use super::*;
use crate::credential::Kind;
use crate::roster::Seat;

const T: Timestamp = Timestamp::from_millis(1_000_000);

fn account(a: u8) -> AccountId {
    AccountId::from_bytes([a; 16])
}

fn device(a: u8, n: u8) -> DeviceId {
    let mut id = [a; 16];
    id[15] = n;
    DeviceId::from_bytes(id)
}

fn roster(of: &[(u8, u8)]) -> Roster {
    let leaf = |&(a, n): &(u8, u8)| (device(a, n), Seat { account: account(a), kind: Kind::Member });
    Roster::new(of.iter().map(leaf)).unwrap()
}

fn epoch(n: u8) -> EpochRef {
    EpochRef([n; 32])
}

fn two_accounts() -> Roster {
    roster(&[(1, 0), (1, 1), (2, 0), (2, 1)])
}

fn by(a: u8, n: u8, e: u8) -> Confirmation {
    Confirmation { device: device(a, n), epoch: epoch(e) }
}

#[test]
fn one_account_is_final_at_once() {
    let mut f = Finality::new(epoch(0));
    let alone = roster(&[(1, 0), (1, 1)]);
    // Adding the first other person too: that person was not a member before.
    let outcomes = f.applied(epoch(1), (device(1, 0), account(1)), &alone, &two_accounts());
    assert_eq!(outcomes, [Outcome::Final(vec![epoch(1)])]);
    assert_eq!(f.head(), epoch(1));
}

#[test]
fn another_account_makes_it_final() {
    let mut f = Finality::new(epoch(0));
    let r = two_accounts();
    assert!(f.applied(epoch(1), (device(1, 0), account(1)), &r, &r).is_empty());
    assert!(f.confirmed(by(1, 1, 1)).is_empty(), "an own device does not");
    assert!(f.confirmed(by(9, 0, 1)).is_empty(), "nor a stranger");
    assert!(f.confirmed(by(2, 0, 7)).is_empty(), "nor another epoch");
    assert_eq!(f.confirmed(by(2, 0, 1)), [Outcome::Final(vec![epoch(1)])]);
    assert!(f.confirmed(by(2, 1, 1)).is_empty(), "once");
}

#[test]
fn a_newcomer_confirms_nothing_it_was_added_by() {
    let mut f = Finality::new(epoch(0));
    let (before, after) = (two_accounts(), roster(&[(1, 0), (1, 1), (2, 0), (2, 1), (3, 0)]));
    f.applied(epoch(1), (device(1, 0), account(1)), &before, &after);
    assert!(f.confirmed(by(3, 0, 1)).is_empty());
    // But in the next link it is a member before.
    assert!(f.applied(epoch(2), (device(1, 0), account(1)), &after, &after).is_empty());
    assert_eq!(f.confirmed(by(3, 0, 2)), [Outcome::Final(vec![epoch(1), epoch(2)])]);
}

#[test]
fn a_commit_on_top_confirms_what_it_stands_on() {
    let mut f = Finality::new(epoch(0));
    let r = two_accounts();
    f.applied(epoch(1), (device(1, 0), account(1)), &r, &r);
    let outcomes = f.applied(epoch(2), (device(2, 0), account(2)), &r, &r);
    assert_eq!(outcomes, [Outcome::Final(vec![epoch(1)])]);
    assert_eq!(f.provisional().collect::<Vec<_>>(), [epoch(2)]);
    assert_eq!(f.confirmed(by(1, 1, 2)), [Outcome::Final(vec![epoch(2)])]);
}

#[test]
fn standing_in_a_later_epoch_confirms_the_earlier_ones_of_others_only() {
    let mut f = Finality::new(epoch(0));
    let r = two_accounts();
    f.applied(epoch(1), (device(1, 0), account(1)), &r, &r);
    f.applied(epoch(2), (device(1, 1), account(1)), &r, &r);
    f.applied(epoch(3), (device(1, 1), account(1)), &r, &r);
    assert_eq!(f.confirmed(by(2, 0, 2)), [Outcome::Final(vec![epoch(1), epoch(2)])]);
    assert_eq!(f.last(), epoch(2));
    assert_eq!(f.head(), epoch(3));
}

#[test]
fn a_refusal_drops_the_chain_after_a_minute() {
    let mut f = Finality::new(epoch(0));
    let r = two_accounts();
    f.applied(epoch(1), (device(1, 0), account(1)), &r, &r);
    f.applied(epoch(2), (device(1, 0), account(1)), &r, &r);
    assert!(f.refused(device(2, 0), epoch(2), T).is_empty());
    assert!(f.refused(device(2, 0), epoch(2), T.plus_millis(59_000)).is_empty(), "saying it again does not delay");
    assert_eq!(f.due(), Some(T.plus_millis(PATIENCE)));
    assert!(f.tick(T.plus_millis(PATIENCE - 1)).is_empty());
    let dropped = Outcome::Dropped { to: epoch(0), epochs: vec![epoch(1), epoch(2)] };
    assert_eq!(f.tick(T.plus_millis(PATIENCE)), [dropped]);
    assert_eq!((f.head(), f.due()), (epoch(0), None));
}

#[test]
fn false_refusals_raise_an_alarm_and_change_nothing() {
    let r = two_accounts();
    // By a leaf that the commit removes.
    let mut f = Finality::new(epoch(0));
    f.applied(epoch(1), (device(1, 0), account(1)), &r, &roster(&[(1, 0), (1, 1), (2, 0)]));
    let alarm = |a, n| Outcome::FalseRefusal { by: device(a, n), epoch: epoch(1) };
    assert_eq!(f.refused(device(2, 1), epoch(1), T), [alarm(2, 1)]);
    assert_eq!(f.due(), None);
    // Contradicted by a merge in time.
    assert!(f.refused(device(2, 0), epoch(1), T).is_empty());
    assert!(f.refused(device(9, 0), epoch(1), T).is_empty(), "a stranger is not heard");
    let mut g = Finality::new(epoch(0));
    g.applied(epoch(1), (device(1, 0), account(1)), &r, &r);
    g.refused(device(2, 1), epoch(1), T);
    assert_eq!(g.confirmed(by(2, 0, 1)), [Outcome::Final(vec![epoch(1)]), alarm(2, 1)]);
    assert!(g.tick(T.plus_millis(10 * PATIENCE)).is_empty());
    // After the end.
    assert_eq!(g.refused(device(2, 1), epoch(1), T), [alarm(2, 1)]);
}

proptest! {
    /// Whatever happens: what is final stays final, and the head is the last final epoch or provisional.
    #[test]
    fn nothing_final_rolls_back(steps in proptest::collection::vec((0u8..4, 1u8..4, 0u8..2, 0u8..40, 0i64..90_000), 1..60)) {
        let r = roster(&[(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]);
        let mut f = Finality::new(epoch(0));
        let (mut now, mut next, mut settled) = (T, 1u8, vec![epoch(0)]);
        for (what, a, n, e, wait) in steps {
            now = now.plus_millis(wait);
            let target = epoch(e.min(next));
            let outcomes = match what {
                0 => { let made = epoch(next); next += 1; f.applied(made, (device(a, n), account(a)), &r, &r) }
                1 => f.confirmed(Confirmation { device: device(a, n), epoch: target }),
                2 => f.refused(device(a, n), target, now),
                _ => f.tick(now),
            };
            for outcome in outcomes {
                match outcome {
                    Outcome::Final(epochs) => settled.extend(epochs),
                    Outcome::Dropped { to, epochs } => {
                        prop_assert_eq!(Some(&to), settled.last());
                        prop_assert!(epochs.iter().all(|e| !settled.contains(e)));
                    }
                    Outcome::FalseRefusal { .. } => {}
                }
            }
            prop_assert_eq!(settled.last(), Some(&f.last()));
            let kept = f.encode();
            prop_assert_eq!(Finality::decode(&kept), Some(f.clone()));
            prop_assert_eq!(Finality::decode(&kept[1..]), None);
            prop_assert_eq!(Finality::decode(&kept[..kept.len() - 1]), None);
        }
    }
}
