//! What an operator may set, from defaults, one file, the environment and flags, each value knowing where it came from.
//!
//! Reading order: [`settings`] (the table: one line a setting), [`file`](mod@file) (TOML with positions), [`layers`] (which
//! value wins), [`reference`] (the page of documentation and the answer of `config show`). The environment is read here
//! alone.

pub mod file;
pub mod layers;
pub mod reference;
pub mod settings;
pub mod value;

use std::collections::BTreeMap;
use std::path::PathBuf;

use thiserror::Error;

pub use layers::{Loaded, Origin, load};
pub use settings::{Config, SETTINGS, Setting};

/// The prefix of the environment's names.
pub const PREFIX: &str = "REMPART_";
/// Where the file is looked for when none is named, first found wins.
pub const PLACES: [&str; 2] = ["rempart.toml", "/etc/rempart/rempart.toml"];

/// What is wrong with the configuration, in words that say where and what to do.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The named file cannot be read.
    #[error("cannot read the configuration file {path}: {cause}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path}:{line}: this is not TOML: {what}")]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What the reader found.
        what: String,
    },
    /// A key that does not exist.
    #[error("{at}: there is no setting {key:?}{}", meant(.nearest))]
    Unknown {
        /// File and line, or the variable.
        at: String,
        /// What was written.
        key: String,
        /// The nearest that exists.
        nearest: Option<String>,
    },
    /// A value that cannot be.
    #[error("{at}: {key} = {value:?}: {what}")]
    Value {
        /// File and line, variable, or flag.
        at: String,
        /// The setting.
        key: &'static str,
        /// What was written; hidden for secrets.
        value: String,
        /// What is expected.
        what: String,
    },
    /// Values that do not go together.
    #[error("{0}")]
    Together(String),
}

fn meant(name: &Option<String>) -> String {
    name.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default()
}

/// What the process was given, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment(pub BTreeMap<String, String>);

impl Environment {
    /// The environment of this process; what is not text is left out.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// One variable; an empty one counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// Where systemd put the credentials of this service, where it did.
    #[must_use]
    pub fn credentials(&self) -> Option<PathBuf> {
        self.get("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }
}
