//! The commands of the command line, a file each.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Command, ConfigCommand, Read};
use crate::config::{Environment, load, reference};

/// Runs one.
///
/// # Errors
/// What a person must read: said once, on standard error.
pub fn run(read: Read) -> Result<ExitCode> {
    let environment = Environment::of_process();
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
    let loaded = load(read.cli.config.as_deref(), &environment, &read.flags)?;
    match read.cli.command {
        Command::Config(ConfigCommand::Show) => print!("{}", reference::show(&loaded)),
        Command::Config(ConfigCommand::Check) => println!("The configuration is good."),
        _ => anyhow::bail!("not in this build"),
    }
    Ok(ExitCode::SUCCESS)
}
