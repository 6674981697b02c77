//! The command line. Every setting is also a flag; the flags come from the table of settings.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::config::SETTINGS;

/// Rempart: secure communications on your own server.
#[derive(Debug, Parser)]
#[command(name = "rempart", version, max_term_width = 100, propagate_version = false)]
pub struct Cli {
    /// Configuration file [default: ./rempart.toml, else /etc/rempart/rempart.toml, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server until it is told to stop (SIGTERM or Ctrl-C); SIGHUP reads your own certificate again
    Serve,
    /// Make, list, disable or reset accounts, while the server runs or not
    #[command(subcommand)]
    Account(Account),
    /// Check configuration, ports, certificate, disk, clock, keys and data; one line each, and what to do
    Doctor,
    /// Show or check the configuration, see what changed, go back
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check the archive
    #[command(subcommand)]
    Archive(Archive),
    /// Carry the server's keys to another node or to a safe, sealed to a passphrase
    #[command(subcommand)]
    Secrets(Secrets),
    /// Print the version
    Version,
}

/// Accounts.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Make one account, or many from CSV on standard input
    ///
    /// Without a password a link is printed with which the person chooses one; it works once and expires.
    Add(Add),
    /// List accounts
    List(List),
    /// Disable an account: its sessions end and it cannot sign in; what it wrote stays
    Disable {
        /// The name before the @
        local: String,
    },
    /// Let a disabled account sign in again
    Enable {
        /// The name before the @
        local: String,
    },
    /// Print a link with which a person chooses a new password; it works once and expires
    Reset {
        /// The name before the @
        local: String,
        /// Also forget the second factor and the recovery codes
        #[arg(long)]
        second_factor: bool,
    },
}

/// One account, or many.
#[derive(Args, Debug)]
pub struct Add {
    /// The name before the @
    #[arg(required_unless_present = "csv")]
    pub local: Option<String>,
    /// The name that others see
    #[arg(long, value_name = "NAME", required_unless_present = "csv")]
    pub name: Option<String>,
    /// Title within the organisation
    #[arg(long, default_value = "")]
    pub title: String,
    /// Department within the organisation
    #[arg(long, default_value = "")]
    pub department: String,
    /// Role within the organisation
    #[arg(long, default_value = "member")]
    pub role: Role,
    /// Ask for a password (on the terminal, else the first line of standard input) instead of printing a link
    #[arg(long)]
    pub password: bool,
    /// Read accounts from CSV on standard input, a line each: local,display_name,title,department,role[,password]
    #[arg(long, conflicts_with_all = ["local", "name", "title", "department", "role", "password"])]
    pub csv: bool,
}

/// Which accounts.
#[derive(Args, Debug)]
pub struct List {
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Roles within the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything, also other owners.
    Owner,
    /// People and settings.
    Admin,
    /// Holds a share of the archive key.
    Officer,
    /// Reads the audit trail and proves the archive.
    Auditor,
    /// Talks.
    Member,
    /// Talks where invited.
    Guest,
}

impl Role {
    /// The name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Officer => "officer",
            Self::Auditor => "auditor",
            Self::Member => "member",
            Self::Guest => "guest",
        }
    }
}

/// Configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every value and where it came from
    Show,
    /// Say whether the configuration is good, and what its values mean for the people
    Check,
    /// Say what differs from the configuration that the server last started with
    Diff,
    /// Put back the file that the server started with before this one
    Rollback,
    /// Print the reference page
    #[command(hide = true)]
    Reference,
}

/// The archive.
#[derive(Debug, Subcommand)]
pub enum Archive {
    /// Recompute every proof from the stored entries; names each altered, missing or added one
    Verify,
}

/// Keys.
#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Write the keys, sealed to a passphrase that is asked for
    Export {
        /// Write to this file instead of standard output
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Bring sealed keys into an empty folder of keys; the passphrase is asked for
    Import {
        /// The sealed file
        from: PathBuf,
    },
}

/// A command line, read.
#[derive(Debug)]
pub struct Read {
    /// What to do.
    pub cli: Cli,
    /// Settings given as flags.
    pub flags: Vec<(&'static str, String)>,
}

/// The commands with a flag for each setting.
#[must_use]
pub fn commands() -> clap::Command {
    Cli::command().args(SETTINGS.iter().filter_map(|setting| {
        let flag = setting.flag()?;
        let help = setting.what.trim().split_once(". ").map_or(setting.what.trim(), |(first, _)| first);
        Some(
            Arg::new(setting.key)
                .long(flag)
                .value_name("VALUE")
                .global(true)
                .hide_short_help(true)
                .help(help.trim_end_matches('.').to_owned())
                .help_heading("Settings"),
        )
    }))
}

/// Reads a command line.
///
/// # Errors
/// What clap says: help, version, or what is wrong.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Read, clap::Error> {
    let matches = commands().try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let flags = SETTINGS
        .iter()
        .filter(|s| s.flag().is_some())
        .filter_map(|s| Some((s.key, deepest(&matches, s.key)?)))
        .collect();
    Ok(Read { cli, flags })
}

/// A global flag's value, wherever on the line it stood.
fn deepest(matches: &ArgMatches, key: &str) -> Option<String> {
    let below = matches.subcommand().and_then(|(_, sub)| deepest(sub, key));
    below.or_else(|| matches.try_get_one::<String>(key).ok().flatten().cloned())
}
