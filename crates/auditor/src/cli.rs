//! The command line. No argument is a secret: passphrases are typed, or read from a file descriptor.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use rempart_capsule::locked::Cost;

use crate::terminal::Passphrases;
use crate::{canary, ceremony, machine, open, release, request, verify};

/// The exit code of a command that did its work and found something that is not as it must be.
const FINDINGS: u8 = 3;

/// Archive ceremony, openings and proofs, on a machine without network.
#[derive(Debug, Parser)]
#[command(name = "rempart-auditor", version)]
pub struct Cli {
    /// File descriptor from which passphrases are read, one a line, in the order in which they would be asked for
    #[arg(long, global = true, value_name = "NUMBER")]
    passphrase_fd: Option<u32>,
    /// Lock new files with the least work allowed (19 MiB, 2 passes) instead of 256 MiB and 3 passes. For tests
    #[arg(long, global = true, hide = true)]
    light_locks: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the officers' archive keys: a locked file for each officer, the public part for the server
    Ceremony(ceremony::Ceremony),
    /// Write the request to open some days of a conversation
    Request(request::Ask),
    /// Answer a request as an officer
    Release(release::Give),
    /// Open what enough officers released, and write the report
    Open(open::Open),
    /// Verify an export, or the report of an opening: order, completeness, signatures
    Verify(verify::Verify),
    /// Prove each quarter that the archive can still be opened
    #[command(subcommand)]
    Canary(canary::Command),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(&cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rempart-auditor: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: &Cli) -> Result<ExitCode> {
    // Opened before `harden`: a process that cannot be dumped cannot open its own descriptors by path either.
    let mut passphrases = Passphrases::from(cli.passphrase_fd)?;
    machine::harden()?;
    let cost = if cli.light_locks { Cost::FLOOR } else { Cost::STANDARD };
    let clean = match &cli.command {
        Command::Ceremony(command) => ceremony::run(command, &mut passphrases, cost).map(|()| true),
        Command::Request(command) => request::run(command, &mut passphrases, cost).map(|()| true),
        Command::Release(command) => release::run(command, &mut passphrases).map(|()| true),
        Command::Open(command) => open::run(command, &mut passphrases),
        Command::Verify(command) => verify::run(command),
        Command::Canary(command) => canary::run(command, &mut passphrases),
    }?;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(FINDINGS) })
}
