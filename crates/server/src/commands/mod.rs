//! The commands of the command line, a file each.

pub mod account;
pub mod archive;
pub mod config;
pub mod secrets;

use std::process::ExitCode;

use anyhow::Result;
use tokio::runtime::Runtime;

use crate::cli::{Command, ConfigCommand, Read};
use crate::config::{Environment, load, reference};
use crate::operator::reach::Reach;
use crate::words::Language;
use crate::{doctor, logging, serve};

/// Runs one.
///
/// # Errors
/// What a person must read: said once, on standard error.
pub fn run(read: Read) -> Result<ExitCode> {
    let environment = Environment::of_process();
    let language = Language::of(&environment);
    match &read.cli.command {
        Command::Version => {
            println!("rempart {}", env!("CARGO_PKG_VERSION"));
            return Ok(ExitCode::SUCCESS);
        }
        Command::Config(ConfigCommand::Reference) => {
            print!("{}", reference::page());
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    // Whatever this process makes is for its own user: keys, data, sockets, sealed copies.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let loaded = load(read.cli.config.as_deref(), &environment, &read.flags);
    if let Command::Doctor = read.cli.command {
        return Runtime::new()?.block_on(doctor::run(loaded, &environment, language));
    }
    if let Command::Config(ConfigCommand::Rollback) = read.cli.command {
        return config::rollback(&read, &environment, language);
    }
    let loaded = loaded.map_err(|error| anyhow::anyhow!(error.say(language)))?;
    let config = loaded.config.clone();
    logging::start(config.log_format, config.log_level);
    match read.cli.command {
        Command::Config(ConfigCommand::Show) => print!("{}", reference::show(&loaded, language)),
        Command::Config(ConfigCommand::Check) => config::check(&loaded, language),
        Command::Config(ConfigCommand::Diff) => return config::diff(&loaded, &read, &environment, language),
        Command::Secrets(command) => return secrets::run(command, &config, &environment),
        Command::Serve => {
            let runtime = Runtime::new()?;
            let outcome = runtime.block_on(serve::serve(&loaded, &environment));
            // A second signal does not wait for what is still going on.
            runtime.shutdown_background();
            return outcome;
        }
        Command::Account(command) => {
            return Runtime::new()?.block_on(async {
                let mut reach = Reach::open(&config, &environment).await?;
                account::run(command, &mut reach, language).await
            });
        }
        Command::Archive(_) => {
            return Runtime::new()?.block_on(async {
                let mut reach = Reach::open(&config, &environment).await?;
                archive::verify(&mut reach).await
            });
        }
        Command::Doctor | Command::Version | Command::Config(ConfigCommand::Reference | ConfigCommand::Rollback) => {}
    }
    Ok(ExitCode::SUCCESS)
}
