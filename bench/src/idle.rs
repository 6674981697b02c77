//! Memory of an idle session: TLS, WebSocket, mailbox and cursors, after hello.

use anyhow::{Context as _, Result};
use clap::Args;
use rempart_testkit::client::line::Line;

use crate::Place;
use crate::house::{House, direct};
use crate::process;

/// People whose sessions these are, in turn.
const PEOPLE: usize = 20;

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Sessions.
    #[arg(long, default_value_t = 2_000)]
    sessions: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { sessions: 2_000 }
    }
}

pub(crate) async fn run(place: &Place, options: &Options) -> Result<()> {
    let house = House::new(place).await?;
    let people = house.people(PEOPLE).await?;
    for pair in people.chunks_exact(2) {
        if let [one, other] = pair {
            direct(one, other).await?;
        }
    }
    let pid = house.pids().first().copied().context("a server")?;
    let mut lines = Vec::with_capacity(options.sessions);
    // What the first sessions bring for all is not counted.
    let mut before = 0.0;
    for n in 0..options.sessions + PEOPLE {
        let person = people.get(n % PEOPLE).context("a person")?;
        let mut line = Line::open(&person.client).await.map_err(|e| anyhow::anyhow!("open a line: {e:?}"))?;
        line.hello().await?;
        lines.push(line);
        if n + 1 == PEOPLE {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            before = process::memory(pid)?;
        }
    }
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let grown = process::memory(pid)? - before;
    println!(
        "idle: {} sessions over TLS and WebSocket, {:.1} kB each; the server has {:.1} MB",
        options.sessions,
        grown / 1e3 / options.sessions as f64,
        process::memory(pid)? / 1e6,
    );
    Ok(())
}
