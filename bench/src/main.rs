//! Load generator and measurements, against the real server over TLS and WebSocket, as clients speak to it.
//!
//! `rempart-bench` alone runs everything; each subcommand runs one measurement. Figures are for the machine they ran on:
//! quote CPU time and ratios of one run. The server is started by the program itself, in folders of its own.
//!
//! Reading order: [`house`] (a server and its people), [`writers`] (the load), [`process`] (what the kernel counted), then
//! the measurements: [`messages`], [`idle`], [`start`], [`timeline`].

mod house;
mod idle;
mod messages;
mod process;
mod start;
mod timeline;
mod writers;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures a Rempart server", version)]
struct Cli {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    place: Place,
}

/// Which server is measured.
#[derive(Args, Clone)]
pub(crate) struct Place {
    /// The server's binary; otherwise the `rempart` beside this program.
    #[arg(long, global = true)]
    binary: Option<std::path::PathBuf>,
    /// Two nodes on PostgreSQL, NATS and S3 instead of one on embedded parts.
    #[arg(long, global = true)]
    cluster: bool,
}

#[derive(Subcommand, Clone)]
enum What {
    /// Acknowledged and delivered messages a second, their CPU time and their delays.
    Messages(messages::Options),
    /// Memory of an idle signed-in session.
    Idle(idle::Options),
    /// Time from the start of the process to its first answer.
    Start(start::Options),
    /// A journal of many messages: CPU time of a message as it grows, and the delay of a page.
    Timeline(timeline::Options),
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    process::machine()?;
    match cli.what {
        Some(What::Messages(options)) => messages::run(&cli.place, &options).await,
        Some(What::Idle(options)) => idle::run(&cli.place, &options).await,
        Some(What::Start(options)) => start::run(&cli.place, &options).await,
        Some(What::Timeline(options)) => timeline::run(&cli.place, &options).await,
        None => everything(&cli.place).await,
    }
}

async fn everything(place: &Place) -> Result<()> {
    let embedded = Place { cluster: false, ..place.clone() };
    let cluster = Place { cluster: true, ..place.clone() };
    let messages = messages::Options::default();
    start::run(&embedded, &start::Options::default()).await?;
    idle::run(&embedded, &idle::Options::default()).await?;
    messages::run(&embedded, &messages::Options { window: 1, ..messages.clone() }).await?;
    messages::run(&embedded, &messages).await?;
    messages::run(&cluster, &messages::Options { window: 1, ..messages.clone() }).await?;
    messages::run(&cluster, &messages).await?;
    messages::run(&cluster, &messages::Options { writers: 400, ..messages }).await?;
    timeline::run(&embedded, &timeline::Options::default()).await
}
