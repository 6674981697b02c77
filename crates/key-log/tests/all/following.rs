use rempart_key_log::{Entry, FollowError, Follower, KeyLog, News, Refused, Taken};
use rempart_merkle::{Checkpoint, LogKey};

use crate::world::{account, added, device, first, leaf, revoked, rotated};

const ORIGIN: &str = "rempart.kerbrat.example/keys";

struct Server {
    key: LogKey,
    leaves: Vec<Vec<u8>>,
}

impl Server {
    fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let key = LogKey::from_seed(ORIGIN, &[5; 32]).unwrap();
        Self { key, leaves: entries.into_iter().map(leaf).collect() }
    }

    fn key(&self) -> String {
        self.key.verifier().to_string()
    }

    /// The head over the first `size` leaves.
    fn note(&self, size: usize) -> String {
        let mut log = KeyLog::new();
        log.follow(&self.leaves[..size]).unwrap();
        let head = Checkpoint { origin: ORIGIN.to_owned(), size: log.size(), root: log.root(), extensions: Vec::new() };
        head.sign(&self.key).unwrap()
    }

    fn give(&self, to: &mut Follower, until: usize, head: usize) -> Result<Taken, FollowError> {
        let from = usize::try_from(to.next()).unwrap();
        to.take(&self.leaves[from..until], &self.note(head), &self.key())
    }
}

fn entries() -> Vec<Entry> {
    vec![first(1, 10), added(1, 2, 20, 10), first(2, 12), added(2, 3, 21, 12), revoked(1, 2, 10)]
}

#[test]
fn pages_are_believed_once_they_match_the_head() {
    let server = Server::new(entries());
    let mut follower = Follower::new(ORIGIN, &server.key()).unwrap();
    assert_eq!(server.give(&mut follower, 2, 4), Ok(Taken::More(2)));
    assert_eq!((follower.log().size(), follower.next()), (0, 2), "nothing is believed yet");
    let Taken::Current(changes) = server.give(&mut follower, 4, 4).unwrap() else { unreachable!("all was given") };
    assert_eq!(changes.len(), 4);
    assert_eq!(changes[3].news, News::Added { account: account(2), device: device(3) });
    assert_eq!(changes[3].position, 3);
    assert_eq!(server.give(&mut follower, 4, 4), Ok(Taken::Current(vec![])), "nothing new");

    let mut again = Follower::open(&follower.keep()).unwrap();
    assert_eq!(again.log(), follower.log());
    let Taken::Current(changes) = server.give(&mut again, 5, 5).unwrap() else { unreachable!("all was given") };
    assert_eq!(changes.len(), 1);
    assert_eq!(again.log().size(), 5);
    assert!(Follower::open(&follower.keep()[1..]).is_err());
}

#[test]
fn a_log_that_lost_or_changed_entries_is_found_out_across_restarts() {
    let server = Server::new(entries());
    let mut follower = Follower::new(ORIGIN, &server.key()).unwrap();
    server.give(&mut follower, 4, 4).unwrap();
    let mut follower = Follower::open(&follower.keep()).unwrap();
    let kept = follower.keep();
    let nothing: [Vec<u8>; 0] = [];
    assert_eq!(follower.take(&nothing, &server.note(3), &server.key()), Err(FollowError::Shrunk));
    // The same server with another past.
    let mut other = entries();
    other[3] = added(2, 4, 22, 12);
    let other = Server::new(other);
    assert_eq!(follower.take(&nothing, &other.note(4), &server.key()), Err(FollowError::Fork));
    assert_eq!(other.give(&mut follower, 5, 5), Err(FollowError::Fork));
    assert_eq!(server.give(&mut follower, 5, 4), Err(FollowError::Order));
    assert_eq!(follower.keep(), kept, "nothing of it was believed");
    server.give(&mut follower, 5, 5).unwrap();
}

#[test]
fn an_entry_that_does_not_hold_is_named() {
    let good = Server::new(entries());
    let mut follower = Follower::new(ORIGIN, &good.key()).unwrap();
    // A device that the server made up, under a head that it signed.
    let lie = leaf(added(1, 9, 23, 12));
    let mut leaves = good.leaves[..2].to_vec();
    leaves.push(lie);
    let refused = follower.take(&leaves, &good.note(3), &good.key()).unwrap_err();
    assert!(matches!(refused, FollowError::Refused(Refused { position: 2, .. })), "{refused:?}");
    assert_eq!(follower.next(), 0);
}

#[test]
fn heads_and_keys_of_others_are_refused() {
    let server = Server::new(entries());
    assert_eq!(Follower::new("elsewhere.example/keys", &server.key()).err(), Some(FollowError::Key));
    assert_eq!(Follower::new(ORIGIN, "not a key").err(), Some(FollowError::Key));
    let mut follower = Follower::new(ORIGIN, &server.key()).unwrap();
    let stranger = LogKey::from_seed(ORIGIN, &[6; 32]).unwrap();
    let other_key = follower.take(&server.leaves, &server.note(5), &stranger.verifier().to_string());
    assert_eq!(other_key, Err(FollowError::OtherKey));
    let mut head =
        Checkpoint::parse(server.note(5).split("\n\n").next().map(|t| format!("{t}\n")).unwrap().as_str()).unwrap();
    let forged = head.sign(&stranger).unwrap();
    assert!(matches!(follower.take(&server.leaves, &forged, &server.key()), Err(FollowError::Head(_))));
    head.origin = "rempart.kerbrat.example/messages".to_owned();
    let other_log = head.sign(&server.key).unwrap();
    assert!(matches!(follower.take(&server.leaves, &other_log, &server.key()), Err(FollowError::Head(_))));
    assert_eq!(follower.log().size(), 0);
}

#[test]
fn a_rotation_between_two_visits_is_told() {
    let mut all = entries();
    all.push(rotated(1, 1, 11, 10));
    let server = Server::new(all);
    let mut follower = Follower::new(ORIGIN, &server.key()).unwrap();
    server.give(&mut follower, 5, 5).unwrap();
    let Taken::Current(changes) = server.give(&mut follower, 6, 6).unwrap() else { unreachable!("all was given") };
    assert_eq!(changes[0].news, News::Identity { account: account(1), serial: 1, reset: false });
}
