//! What an operator may set, from defaults, one file, the environment and flags, each value knowing where it came from.
//!
//! Reading order: [`settings`] (the table: one line a setting), [`file`](mod@file) (TOML with positions), [`layers`] (which
//! value wins), [`consequences`] (what a value means for the people), [`history`] (what the server started with before),
//! [`reference`] (the page of documentation and the answer of `config show`). The environment is read here alone.

pub mod consequences;
pub mod file;
pub mod history;
pub mod layers;
pub mod reference;
mod refusal;
pub mod settings;
pub mod value;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use layers::{Loaded, Origin, load, load_text, place};
pub use refusal::ConfigError;
pub use settings::{Config, SETTINGS, Setting};

/// The prefix of the environment's names.
pub const PREFIX: &str = "REMPART_";
/// Where the file is looked for when none is named, first found wins.
pub const PLACES: [&str; 2] = ["rempart.toml", "/etc/rempart/rempart.toml"];

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
