//! What is wrong with a configuration, in words that say where and what to do.

use std::path::PathBuf;

use thiserror::Error;

use super::value::Expected;
use crate::words::Language;

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
        what: Expected,
    },
    /// Values that do not go together.
    #[error("{0}")]
    Together(Expected),
}

fn meant(name: &Option<String>) -> String {
    name.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default()
}

impl ConfigError {
    /// In the person's language.
    #[must_use]
    pub fn say(&self, language: Language) -> String {
        if language == Language::English {
            return self.to_string();
        }
        match self {
            Self::Unreadable { path, cause } => {
                format!("le fichier de configuration {} ne se lit pas : {cause}", path.display())
            }
            Self::Syntax { path, line, what } => format!("{}:{line} : ce n'est pas du TOML : {what}", path.display()),
            Self::Unknown { at, key, nearest } => {
                let meant = nearest.as_ref().map(|n| format!(" ; vouliez-vous dire {n:?} ?")).unwrap_or_default();
                format!("{at} : il n'y a pas de réglage {key:?}{meant}")
            }
            Self::Value { at, key, value, what } => format!("{at} : {key} = {value:?} : {}", what.say(language)),
            Self::Together(what) => what.say(language).to_owned(),
        }
    }
}
