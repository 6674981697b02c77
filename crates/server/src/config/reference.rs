//! The page of documentation, made from the table, and the answer of `config show`.

use std::fmt::Write as _;

use super::{Loaded, SETTINGS, Setting};
use crate::words::Language;

/// The page `docs/reference/config.md`.
#[must_use]
pub fn page() -> String {
    let mut out = String::from(
        "<!-- Made by `rempart config reference`; do not edit. -->\n# Configuration\n\n\
         Nothing must be set. What is set is read from four places; the later wins:\n\n\
         1. the default;\n\
         2. one TOML file: `--config FILE`, else `$REMPART_CONFIG`, else `./rempart.toml`, else `/etc/rempart/rempart.toml`;\n\
         3. the environment: `REMPART_` and the key in capitals, `.` as `_`;\n\
         4. a flag: `--` and the key, `.` and `_` as `-`. What may carry a password has no flag, since every program of\n   \
         the machine can read a command line.\n\n\
         A key that does not exist is an error, with the nearest that does. A path in the file is relative to the file's\n\
         folder, elsewhere to the working folder. `rempart config show` prints every value and where it came from;\n\
         `rempart config check` says whether all is well and what your values mean for the people.\n\n\
         The server keeps the last ten files that it started with, beside its keys. `rempart config diff` says what\n\
         differs now from the last start; `rempart config rollback` puts the one before back in place.\n",
    );
    let mut section = None;
    for setting in SETTINGS {
        let this = setting.key.split_once('.').map_or("", |(section, _)| section);
        if section != Some(this) {
            section = Some(this);
            let title = if this.is_empty() { "Folders".to_owned() } else { format!("[{this}]") };
            let _ = write!(out, "\n## {title}\n");
        }
        let default = if setting.default.is_empty() { "none".to_owned() } else { format!("`{}`", setting.default) };
        let flag = setting.flag().map_or_else(|| "no flag".to_owned(), |flag| format!("`--{flag}`"));
        let _ = write!(
            out,
            "\n### `{}`\n\n{}\n\nValue: {}. Default: {default}. Also `{}`, {flag}.\n",
            setting.key,
            setting.what.trim(),
            setting.kind,
            setting.variable()
        );
    }
    out
}

/// Every value and where it came from; what may carry a password is hidden.
#[must_use]
pub fn show(loaded: &Loaded, language: Language) -> String {
    let width = SETTINGS.iter().map(|s| s.key.len()).max().unwrap_or(0);
    let mut out = match &loaded.file {
        Some(path) => format!("# {} {}\n", language.say("file:", "fichier :"), path.display()),
        None => language.say("# file: none\n", "# fichier : aucun\n").to_owned(),
    };
    for setting in SETTINGS {
        let Some((text, origin)) = loaded.values.get(setting.key) else { continue };
        let _ =
            writeln!(out, "{:width$} = {}  # {}", setting.key, shown(setting, text, language), origin.say(language));
    }
    out
}

/// A value as it may be shown.
pub(super) fn shown(setting: &Setting, text: &str, language: Language) -> String {
    let shown = if setting.secret { without_password(text) } else { text.to_owned() };
    if shown.is_empty() { language.say("(none)", "(aucun)").to_owned() } else { format!("{shown:?}") }
}

/// An address without what stands between `://` and `@`, and without its query, where keys may be.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let rest = rest.rsplit_once('@').map_or_else(|| rest.to_owned(), |(_, host)| format!("[hidden]@{host}"));
    let rest = rest.split_once('?').map_or_else(|| rest.clone(), |(address, _)| format!("{address}?[hidden]"));
    format!("{scheme}://{rest}")
}
