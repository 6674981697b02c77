//! Time from the start of the process until it is ready.

use anyhow::Result;
use clap::Args;
use rempart_testkit::server::Server;

use crate::Place;
use crate::house::options as server_options;
use crate::process;

#[derive(Args, Clone)]
pub(crate) struct Options {
    /// Starts after the first.
    #[arg(long, default_value_t = 10)]
    times: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { times: 10 }
    }
}

pub(crate) async fn run(place: &Place, options: &Options) -> Result<()> {
    let mut server = Server::start(server_options(place)?).await?;
    let first = server.took().as_secs_f64() * 1e3;
    let mut took = Vec::new();
    for _ in 0..options.times {
        server.stop().await?;
        server.resume().await?;
        took.push(server.took().as_secs_f64() * 1e3);
    }
    took.sort_by(f64::total_cmp);
    println!(
        "start: the first, with keys, schema and certificate, {first:.0} ms; then p50 {:.0} ms, longest {:.0} ms of {}",
        process::quantile(&took, 0.5),
        process::quantile(&took, 1.0),
        options.times,
    );
    Ok(())
}
