//! Background tasks: idempotent, without arguments, in bounded batches; each leaves a report of what it last did.
//!
//! Reports reach the store only when they say something new, so that an idle server writes nothing.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rempart_base::time::DAY;
use rempart_base::{Chain, Timestamp};
use rempart_ports::store::Report;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::App;
use crate::error::{Failure, Fault, Outcome};

/// How often the sequencer looks for entries without position.
const SEQUENCE: Duration = Duration::from_millis(250);
/// How often delivered marks are written.
const MARKS: Duration = Duration::from_secs(1);
/// How often a node tells again who is here.
const ANNOUNCE: Duration = Duration::from_secs(30);
/// How often presence that ended is looked for: others see it within two seconds.
const FADE: Duration = Duration::from_secs(1);
/// How often groups are looked at: a refused chain waits a minute, a lost device is proposed for removal at once.
const GROUPS: Duration = Duration::from_secs(2);
/// How often every leaf is looked at, for what a crash left undone.
const SWEEP: Duration = Duration::from_secs(30);
/// How often the house is tidied.
const TIDY: Duration = Duration::from_secs(600);
/// Failure counts older than this are forgotten.
const THROTTLE_AGE: i64 = DAY;

/// Runs all tasks until `stop` says so; then each ends after its present round. Start before any head listens.
///
/// # Errors
/// When presence cannot be loaded at the start.
pub async fn run(app: Arc<App>, stop: watch::Receiver<bool>) -> Outcome<()> {
    app.load_presence().await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(dispatching(Arc::clone(&app), stop.clone()));
    tasks.spawn(every("log", SEQUENCE, Arc::clone(&app), stop.clone(), |app, _| async move {
        let mut all = 0;
        loop {
            match app.sequence().await? {
                0 => return Ok(all),
                some => all += some,
            }
        }
    }));
    tasks.spawn(every("marks", MARKS, Arc::clone(&app), stop.clone(), |app, now| async move {
        let marks = app.feed.take_delivered();
        if !marks.is_empty() {
            app.raise_marks(&marks, now).await?;
        }
        Ok(0)
    }));
    tasks.spawn(every("presence", ANNOUNCE, Arc::clone(&app), stop.clone(), |app, _| async move {
        app.announce_all();
        Ok(0)
    }));
    tasks.spawn(every("fade", FADE, Arc::clone(&app), stop.clone(), |app, _| async move {
        app.fade_presence();
        Ok(0)
    }));
    tasks.spawn(every("groups", GROUPS, Arc::clone(&app), stop.clone(), |app, now| async move {
        app.mind_groups(now).await
    }));
    tasks.spawn(every("leaves", SWEEP, Arc::clone(&app), stop.clone(), |app, now| async move {
        app.sweep_groups(now).await
    }));
    tasks.spawn(every("tidy", TIDY, Arc::clone(&app), stop.clone(), |app, now| async move {
        let idle = now.plus_millis(-app.settings.session_idle_ms);
        let sessions = app.store.close_idle_sessions(idle).await?;
        let throttles = app.store.clear_throttles(&[String::new()], Some(now.plus_millis(-THROTTLE_AGE))).await?;
        Ok(sessions
            + throttles
            + app.tidy_files(now).await?
            + app.store.delete_ended_keys(now).await?
            + app.tidy_welcomes(now).await?)
    }));
    while tasks.join_next().await.is_some() {}
    Ok(())
}

async fn dispatching(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return,
            ended = Arc::clone(&app).dispatch() => {
                if let Err(error) = ended {
                    warn!(error = %Chain(&error), "the bus ended; trying again in a second");
                }
                tokio::select! {
                    () = stopped(&mut stop) => return,
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            }
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same as one that says stop.
    let _gone = stop.wait_for(|s| *s).await;
}

async fn every<F, R>(name: &'static str, period: Duration, app: Arc<App>, mut stop: watch::Receiver<bool>, round: F)
where
    F: Fn(Arc<App>, Timestamp) -> R,
    R: Future<Output = Outcome<u64>>,
{
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reported: HashMap<&'static str, Report> = HashMap::new();
    loop {
        tokio::select! {
            () = stopped(&mut stop) => return,
            _ = ticks.tick() => {}
        }
        let now = app.now();
        let (changed, error) = match round(Arc::clone(&app), now).await {
            Ok(changed) => (changed, None),
            Err(failure) => {
                warn!(task = name, error = %Chain(&failure), "a background task failed; it will run again");
                (0, Some(words(&failure).to_owned()))
            }
        };
        let report = Report { task: name.to_owned(), time: now, changed, error };
        let news = reported
            .get(name)
            .is_none_or(|last| last.error != report.error || (changed > 0 && now.since(last.time) > 60_000));
        if news {
            if let Err(error) = app.store.put_report(&report).await {
                warn!(task = name, error = %Chain(&error), "a task's report could not be kept");
            }
            reported.insert(name, report);
        }
    }
}

/// What administrators are told of a failure; the whole chain is in the log.
const fn words(failure: &Failure) -> &'static str {
    match failure {
        Failure::Refused(_) => "refused",
        Failure::Fault(Fault::Store(_)) => "the store failed",
        Failure::Fault(Fault::Blobs(_)) => "the file storage failed",
        Failure::Fault(Fault::Bus(_)) => "the bus failed",
        Failure::Fault(Fault::Crypto(_)) => "a key or stored data is wrong",
        Failure::Fault(Fault::Ended(_)) => "a computation ended early",
    }
}
