//! The file: TOML, flattened to dotted keys that remember their line.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// One key of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Dotted key.
    pub key: String,
    /// The value as text; nothing when it is of a kind that no setting has.
    pub text: Option<String>,
    /// Line from 1.
    pub line: usize,
}

/// Reads a file's text.
///
/// # Errors
/// [`ConfigError::Syntax`] with the line.
pub fn entries(path: &Path, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        what: error.message().to_owned(),
    })?;
    let mut out = Vec::new();
    flatten(text, "", table.get_ref(), &mut out);
    out.sort_by_key(|entry| entry.line);
    Ok(out)
}

fn flatten(text: &str, prefix: &str, table: &DeTable<'_>, out: &mut Vec<Entry>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) if !inner.is_empty() => flatten(text, &name, inner, out),
            _ => out.push(Entry { text: scalar(value), line: line_of(text, key.span().start), key: name }),
        }
    }
}

fn scalar(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().replace('_', "")),
        DeValue::Boolean(yes) => Some(yes.to_string()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}
