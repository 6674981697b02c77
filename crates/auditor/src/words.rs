//! The language of what a person reads: French or English, by locale. One for the whole process, settled before anything
//! is said.

use std::sync::OnceLock;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English, also for every other locale.
    English,
    /// French.
    French,
}

static LANGUAGE: OnceLock<Language> = OnceLock::new();

impl Language {
    /// The process's: by `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that is set and not empty (POSIX, Base Definitions §8.2).
    #[must_use]
    pub fn now() -> Self {
        *LANGUAGE.get_or_init(|| {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| {
                let value = std::env::var_os(name)?;
                (!value.is_empty()).then(|| value.to_string_lossy().into_owned())
            });
            Self::of(locale.as_deref().unwrap_or(""))
        })
    }

    fn of(locale: &str) -> Self {
        if locale == "fr" || locale.starts_with("fr_") || locale.starts_with("fr.") {
            Self::French
        } else {
            Self::English
        }
    }

    /// The code of HTML's `lang`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }
}

/// One of two texts, English then French, with arguments captured as in `format!`.
#[macro_export]
macro_rules! say {
    ($english:literal, $french:literal $(,)?) => {
        match $crate::words::Language::now() {
            $crate::words::Language::English => format!($english),
            $crate::words::Language::French => format!($french),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_is_french_and_all_else_english() {
        for locale in ["fr", "fr_FR.UTF-8", "fr.UTF-8"] {
            assert_eq!(Language::of(locale), Language::French, "{locale}");
        }
        for locale in ["", "C", "frr", "en_GB.UTF-8"] {
            assert_eq!(Language::of(locale), Language::English, "{locale}");
        }
    }
}
