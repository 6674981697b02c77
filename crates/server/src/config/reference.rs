//! The page of documentation, made from the table, and the answer of `config show`.

use std::fmt::Write as _;

use super::{Loaded, SETTINGS};

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
         `rempart config check` only says whether all is well.\n",
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
pub fn show(loaded: &Loaded) -> String {
    let width = SETTINGS.iter().map(|s| s.key.len()).max().unwrap_or(0);
    let mut out = match &loaded.file {
        Some(path) => format!("# file: {}\n", path.display()),
        None => "# file: none\n".to_owned(),
    };
    for setting in SETTINGS {
        let Some((text, origin)) = loaded.values.get(setting.key) else { continue };
        let shown = if setting.secret { without_password(text) } else { text.clone() };
        let value = if shown.is_empty() { "(none)".to_owned() } else { format!("{shown:?}") };
        let _ = writeln!(out, "{:width$} = {value}  # {origin}", setting.key);
    }
    out
}

/// An address without what stands between `://` and `@`, and without its query, where keys may be.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let rest = rest.rsplit_once('@').map_or_else(|| rest.to_owned(), |(_, host)| format!("[hidden]@{host}"));
    let rest = rest.split_once('?').map_or_else(|| rest.clone(), |(address, _)| format!("{address}?[hidden]"));
    format!("{scheme}://{rest}")
}
