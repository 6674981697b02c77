//! Names and short texts, as people may give them.

use crate::refusal::{Reason, Refusal};

/// A short text: trimmed, at most `max` characters, no control characters. May be empty.
///
/// # Errors
/// `text_too_long` names the field; `name_invalid` where control characters stand in it.
pub fn short(text: &str, max: usize, field: &'static str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().count() > max {
        return Err(Refusal::field(Reason::TextTooLong, field));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::field(Reason::NameInvalid, field));
    }
    Ok(text.to_owned())
}
