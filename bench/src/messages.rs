//! Acknowledged and delivered messages a second: from a client's socket to the commit on disk to the other's socket.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tokio::task::JoinSet;

use crate::Place;
use crate::house::{House, direct};
use crate::process;
use crate::writers::{Delays, Load, Writer};

/// Messages that one writer can send within the time, at most.
const MOST: usize = 20_000;

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// People who write, in pairs.
    #[arg(long, default_value_t = 100)]
    pub(crate) writers: usize,
    /// Seconds of load.
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Messages that each has under way at once.
    #[arg(long, default_value_t = 4)]
    pub(crate) window: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { writers: 100, seconds: 10, window: 4 }
    }
}

pub(crate) async fn run(place: &Place, options: &Options) -> Result<()> {
    let house = House::new(place).await?;
    let measured = measure(&house, place, options).await;
    measured.map_err(|error| error.context(house.log()))
}

async fn measure(house: &House, place: &Place, options: &Options) -> Result<()> {
    let mut people = house.people(options.writers & !1).await?.into_iter();
    let mut pairs = Vec::new();
    while let (Some(one), Some(other)) = (people.next(), people.next()) {
        let conversation = direct(&one, &other).await?;
        pairs.push((conversation, one, other));
    }
    let load = Load::new(pairs.len() * 2, MOST);
    let time = Duration::from_secs(options.seconds);
    let mut running = JoinSet::new();
    let mut number = 0;
    for (conversation, one, other) in pairs {
        for person in [one, other] {
            let writer = Writer { number, person, conversation, window: options.window, time, keep: true };
            running.spawn(writer.run(std::sync::Arc::clone(&load), 1));
            number += 1;
        }
    }
    let (pids, own) = (house.pids(), std::process::id());
    // A writer that could not open its line would be waited for without end.
    tokio::select! {
        _ = load.open.wait() => {}
        Some(ended) = running.join_next() => drop(ended.context("a writer")??),
    }
    let (server_before, own_before) = (process::cpus(&pids)?, process::cpu(own)?);
    let began = Instant::now();
    tokio::time::sleep(time).await;
    let through = load.acknowledged.load(Ordering::Relaxed).min(load.delivered.load(Ordering::Relaxed));
    let (server, generator) = (process::cpus(&pids)? - server_before, process::cpu(own)? - own_before);
    let seconds = began.elapsed().as_secs_f64();
    let mut delays = Delays::default();
    while let Some(ended) = running.join_next().await {
        let of_one = ended.context("a writer")??;
        delays.acknowledged.extend(of_one.acknowledged);
        delays.delivered.extend(of_one.delivered);
    }
    let (all, delivered) = (load.acknowledged.load(Ordering::Relaxed), load.delivered.load(Ordering::Relaxed));
    delays.acknowledged.sort_by(f64::total_cmp);
    delays.delivered.sort_by(f64::total_cmp);
    let count = through as f64;
    println!(
        "messages, {}, {} writers, {} under way each: {:.0}/s; CPU-µs a message: server {:.0}, generator {:.0}; \
         ms acknowledged p50 {:.1} p99 {:.1}, delivered p50 {:.1} p99 {:.1}; {delivered} of {all} delivered, in order; \
         {} told to wait and sent again",
        if place.cluster { "two nodes" } else { "embedded" },
        options.writers,
        options.window,
        count / seconds,
        server * 1e6 / count,
        generator * 1e6 / count,
        process::quantile(&delays.acknowledged, 0.50),
        process::quantile(&delays.acknowledged, 0.99),
        process::quantile(&delays.delivered, 0.50),
        process::quantile(&delays.delivered, 0.99),
        load.refused.load(Ordering::Relaxed),
    );
    ensure!(all == delivered, "{} of {all} were not delivered within 10 s of the last", all - delivered);
    Ok(())
}
