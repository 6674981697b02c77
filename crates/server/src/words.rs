//! The language of what a person reads at the terminal: French or English, by locale.

use crate::config::Environment;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, also for every other locale.
    English,
    /// French.
    French,
}

impl Language {
    /// By `LC_ALL`, `LC_MESSAGES`, `LANG`: the first that is set holds (POSIX, Base Definitions §8.2).
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| environment.get(name)).unwrap_or("");
        if locale == "fr" || locale.starts_with("fr_") || locale.starts_with("fr.") {
            Self::French
        } else {
            Self::English
        }
    }

    /// One of two texts.
    #[must_use]
    pub const fn say<'a>(self, english: &'a str, french: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::French => french,
        }
    }
}
