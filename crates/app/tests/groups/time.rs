//! What takes its time.

use std::sync::Arc;
use std::time::Duration;

use rempart_app::tasks;
use rempart_base::time::{DAY, SECOND};
use rempart_content::{Content, Group, decode};
use rempart_domain::journal::EntryKind;
use rempart_domain::role::Role;
use rempart_group_policy::Verdict;
use rempart_mls_client::{Changes, Suite};
use tokio::sync::watch;

use crate::device::{Pair, client_id};
use crate::world::code;

/// What the server said of the group, in order.
async fn words(pair: &mut Pair) -> Vec<Group> {
    let entries = pair.iris.entries(pair.here).await;
    let said = entries.iter().filter(|entry| entry.envelope.kind == EntryKind::Group);
    said.map(|entry| match decode(entry.content.as_ref().unwrap()).unwrap() {
        Content::Group(group) => group,
        other => panic!("{other:?}"),
    })
    .collect()
}

/// Tasks run for a while; the clock stands still meanwhile.
async fn tasks_run(pair: &Pair, seconds: u64) {
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(tasks::run(Arc::clone(&pair.world.app), stopped));
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_commit_is_dropped_after_a_minute_and_not_before() {
    let mut pair = Pair::new().await;
    let (group, here) = (pair.group(), pair.here);
    let settled = pair.iris.mls.epoch(group).unwrap().1;
    let (_, doubtful) = pair.commit(Changes::default()).await;
    pair.iris.say(group, here).await.unwrap();
    // Yann's library cannot process it, and he says so.
    pair.yann.state(group, here, Verdict::Refused, doubtful).await;
    pair.world.pass(59 * SECOND);
    tasks_run(&pair, 3).await;
    assert!(!words(&mut pair).await.iter().any(|said| matches!(said, Group::Dropped { .. })));
    pair.world.pass(2 * SECOND);
    tasks_run(&pair, 3).await;
    let told = words(&mut pair).await;
    let Some(Group::Dropped { to, epochs }) = told.last() else { panic!("{told:?}") };
    assert_eq!(to.0, settled.0);
    assert_eq!(epochs.iter().map(|e| e.0).collect::<Vec<_>>(), [doubtful.0]);
    // Back in the last final epoch life goes on; in the dropped one nothing is taken.
    assert_eq!(code(pair.iris.say(group, here).await), "epoch_stale");
    pair.iris.mls.go_back(group, settled).unwrap();
    pair.iris.say(group, here).await.unwrap();
    let (_, next) = pair.commit(Changes::default()).await;
    assert_ne!(next, doubtful);
    let view = pair.world.app.group(pair.iris.now(), here).await.unwrap();
    assert_eq!(view.group.unwrap().epoch_ref, next.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_in_the_minute_saves_the_commit() {
    let mut pair = Pair::new().await;
    let (group, here) = (pair.group(), pair.here);
    let (commit, doubtful) = pair.commit(Changes::default()).await;
    pair.yann.state(group, here, Verdict::Refused, doubtful).await;
    pair.world.pass(30 * SECOND);
    pair.yann.mls.receive(group, &commit, &pair.known.trust()).unwrap();
    pair.yann.say(group, here).await.unwrap();
    pair.world.pass(60 * SECOND);
    tasks_run(&pair, 3).await;
    let told = words(&mut pair).await;
    assert!(told.iter().any(|said| matches!(said, Group::Final { epochs } if epochs.last().unwrap().0 == doubtful.0)));
    assert!(told.iter().any(|said| matches!(said, Group::Alarm { epoch, .. } if epoch.0 == doubtful.0)));
    assert!(!told.iter().any(|said| matches!(said, Group::Dropped { .. })));
    pair.iris.say(group, here).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_epoch_ends_with_the_day_and_after_500_entries() {
    let mut pair = Pair::new().await;
    let (group, here) = (pair.group(), pair.here);
    let mut written = 0;
    let refused = loop {
        match pair.iris.say(group, here).await {
            Ok(_) => written += 1,
            Err(refused) => break code::<()>(Err(refused)),
        }
    };
    // The entries of the journal count from the epoch's first on: one told that the epoch is final.
    assert_eq!((refused, written), ("epoch_full", 499));
    pair.commit(Changes::default()).await;
    pair.iris.say(group, here).await.unwrap();
    pair.world.pass(DAY);
    assert_eq!(code(pair.iris.say(group, here).await), "epoch_day");
    pair.commit(Changes::default()).await;
    pair.iris.say(group, here).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_welcome_waits_for_thirty_days() {
    let mut pair = Pair::new().await;
    let app = Arc::clone(&pair.world.app);
    let waiting = app.welcomes(pair.yann.now()).await.unwrap();
    assert_eq!(waiting.len(), 1);
    pair.world.pass(30 * DAY - SECOND);
    tasks_run(&pair, 1).await;
    assert_eq!(app.welcomes(pair.yann.now()).await.unwrap(), waiting);
    // Nobody else is given it, and nobody else takes it away.
    assert_eq!(app.welcomes(pair.iris.now()).await.unwrap(), []);
    let seq = waiting.first().unwrap().seq;
    app.take_welcome(pair.iris.now(), pair.here, seq).await.unwrap();
    assert_eq!(app.welcomes(pair.yann.now()).await.unwrap(), waiting);
    pair.world.pass(2 * SECOND);
    tasks_run(&pair, 1).await;
    assert_eq!(app.welcomes(pair.yann.now()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_without_anybody_who_could_commit_is_made_anew() {
    let mut pair = Pair::started().await;
    let (here, app) = (pair.here, Arc::clone(&pair.world.app));
    let other = rempart_group_policy::GroupName([9; 16]);
    let info = |pair: &mut Pair| pair.yann.mls.create(other, Suite::Classical, None, &pair.known.trust()).unwrap();
    let offered = info(&mut pair);
    let refused = app.start_group(pair.yann.now(), here, client_id(), offered.clone().into()).await;
    assert_eq!(code(refused), "group_started");
    // Only Iris's device is in it, and her account is closed.
    let iris = pair.iris.account;
    app.disable_account(&pair.world.operator(), iris).await.unwrap();
    let started = app.start_group(pair.yann.now(), here, client_id(), offered.into()).await.unwrap();
    assert_eq!(started.group.unwrap().group, other.0);
    assert_eq!(started.leaves.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_a_crash_left_unproposed_is_proposed() {
    let mut pair = Pair::new().await;
    let (group, here, app) = (pair.group(), pair.here, Arc::clone(&pair.world.app));
    // The account is closed in the store, and the process ended before it proposed anything.
    pair.world.store.update_standing(pair.yann.account, Role::Member, false).await.unwrap();
    pair.iris.say(group, here).await.unwrap();
    tasks_run(&pair, 2).await;
    assert_eq!(code(pair.iris.say(group, here).await), "epoch_removal");
    let view = app.group(pair.iris.now(), here).await.unwrap();
    let leaving: Vec<_> = view.leaves.iter().filter(|leaf| leaf.leaving).map(|leaf| leaf.account).collect();
    assert_eq!(leaving, [pair.yann.account]);
    let proposals = pair.iris.entries(here).await;
    let proposals: Vec<_> = proposals.iter().filter(|e| e.envelope.kind == EntryKind::Proposal).collect();
    let [proposal] = proposals.as_slice() else { panic!("one proposal, once: {}", proposals.len()) };
    assert_eq!(proposal.envelope.epoch, view.group.map(|named| named.epoch_ref));
    pair.iris.mls.receive(group, proposal.content.as_ref().unwrap(), &pair.known.trust()).unwrap();
    pair.commit(Changes::default()).await;
    pair.iris.say(group, here).await.unwrap();
}
