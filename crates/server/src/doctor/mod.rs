//! `rempart doctor`: looks at everything, one line each, and what to do about it.

mod checks;
mod installation;

use std::process::ExitCode;

use anyhow::Result;

use crate::config::consequences::consequences;
use crate::config::{ConfigError, Environment, Loaded};
use crate::words::Language;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Well.
    Ok,
    /// It works, but somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it stands.
    pub state: State,
    /// What, in the person's language.
    pub what: String,
}

impl Line {
    fn ok(what: impl Into<String>) -> Self {
        Self { state: State::Ok, what: what.into() }
    }

    fn warn(what: impl Into<String>) -> Self {
        Self { state: State::Warn, what: what.into() }
    }

    fn fail(what: impl Into<String>) -> Self {
        Self { state: State::Fail, what: what.into() }
    }
}

/// Looks at everything and prints it; fails when something does.
///
/// # Errors
/// Only when nothing can be printed.
pub async fn run(
    loaded: Result<Loaded, ConfigError>,
    environment: &Environment,
    language: Language,
) -> Result<ExitCode> {
    let mut failed = false;
    let mut print = |lines: Vec<Line>| {
        for line in lines {
            let mark = match line.state {
                State::Ok => "OK  ",
                State::Warn => "WARN",
                State::Fail => "FAIL",
            };
            failed |= line.state == State::Fail;
            println!("{mark}  {}", line.what);
        }
    };
    match loaded {
        Err(error) => print(vec![Line::fail(format!(
            "{} {}",
            language.say("configuration:", "configuration :"),
            error.say(language)
        ))]),
        Ok(loaded) => {
            let config = &loaded.config;
            print(vec![checks::configuration(&loaded, language)]);
            print(consequences(&loaded, language).into_iter().map(Line::warn).collect());
            let (lines, host, runs) = installation::look(config, environment, language).await;
            print(vec![checks::port(config, runs, language)]);
            print(checks::certificate(config, host.as_deref(), language));
            print(vec![checks::disk(config, language), checks::clock(language).await]);
            print(checks::keys(config, environment, language));
            print(lines);
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
