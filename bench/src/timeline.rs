//! A server that holds many messages: what one more costs, and how long a page takes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use rempart_wire::journal::JournalPage;
use serde_json::json;
use tokio::task::JoinSet;

use crate::Place;
use crate::house::{House, direct};
use crate::process;
use crate::writers::{Load, Writer};

/// Pages read.
const PAGES: u64 = 500;
/// Entries of a page.
const PAGE: u32 = 50;
/// Conversations that the messages fall into; the last holds as many as each other one.
const PAIRS: usize = 50;

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Messages in all.
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { messages: 1_000_000 }
    }
}

pub(crate) async fn run(place: &Place, options: &Options) -> Result<()> {
    let house = House::new(place).await?;
    let pids = house.pids();
    let mut people = house.people(PAIRS * 2).await?.into_iter();
    let mut pairs = Vec::new();
    while let (Some(one), Some(other)) = (people.next(), people.next()) {
        let conversation = direct(&one, &other).await?;
        pairs.push((conversation, one, other));
    }
    let mut written = 0;
    let mut run = 0;
    for goal in [1_000, 10_000, 100_000, 1_000_000, options.messages] {
        let goal = goal.min(options.messages);
        if goal <= written {
            continue;
        }
        let each = (goal - written).div_ceil(PAIRS * 2);
        run += 1;
        let load = Load::new(PAIRS * 2, each);
        let time = Duration::from_secs(1_800);
        let mut running = JoinSet::new();
        for (n, (conversation, one, other)) in pairs.iter().enumerate() {
            for (side, person) in [one, other].into_iter().enumerate() {
                let (number, person) = (n * 2 + side, Arc::clone(person));
                let writer = Writer { number, person, conversation: *conversation, window: 4, time, keep: false };
                running.spawn(writer.run(Arc::clone(&load), run));
            }
        }
        tokio::select! {
            _ = load.open.wait() => {}
            Some(ended) = running.join_next() => drop(ended.context("a writer")??),
        }
        let before = process::cpus(&pids)?;
        while let Some(ended) = running.join_next().await {
            ended.context("a writer")??;
        }
        let count = load.acknowledged.load(Ordering::Relaxed);
        written += usize::try_from(count)?;
        let spent = process::cpus(&pids)? - before;
        println!(
            "timeline: up to {written} messages: {:.0} CPU-µs of the server a message",
            spent * 1e6 / count as f64
        );
    }
    let (conversation, reader, _) = pairs.first().context("a pair")?;
    let last = written as u64 / PAIRS as u64;
    let mut took = Vec::new();
    for n in 0..PAGES {
        // Places all over the journal, none near the one before.
        let before = 1 + (n * 7_919 * u64::from(PAGE)) % last.max(2);
        let asked = json!({ "conversation": conversation, "before": before + u64::from(PAGE), "limit": PAGE });
        let began = Instant::now();
        let page: JournalPage =
            reader.client.ask("journal.read", &asked).await.map_err(|e| anyhow::anyhow!("read a page: {e}"))?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(!page.entries.is_empty(), "an empty page");
    }
    took.sort_by(f64::total_cmp);
    println!(
        "timeline: a page of {PAGE} over HTTPS with {written} messages kept: p50 {:.1} ms, p99 {:.1} ms",
        process::quantile(&took, 0.5),
        process::quantile(&took, 0.99),
    );
    Ok(())
}
