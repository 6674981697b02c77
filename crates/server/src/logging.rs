//! The log: on standard error, for people or as JSON. No line carries what a person wrote, a name or an address.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::value::{LogFormat, LogLevel};

/// Starts it; a second call changes nothing.
pub fn start(format: LogFormat, level: LogLevel) {
    // Libraries speak of peers and queries at their lower levels: only what they warn of is kept.
    let targets = Targets::new().with_default(tracing::Level::WARN).with_target("rempart", level.0);
    let registry = tracing_subscriber::registry().with(targets);
    let done = match format {
        LogFormat::Text => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(std::io::stderr().is_terminal()),
            )
            .try_init(),
        LogFormat::Json => {
            registry.with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr)).try_init()
        }
    };
    if done.is_err() {
        tracing::debug!("the log was started before");
    }
}
