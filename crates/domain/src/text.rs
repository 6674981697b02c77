//! Names and short texts, as people may give them.

use rempart_base::limits;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_security::MixedScript as _;

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

/// A name of a person, an organisation or a thing: 1 to 100 characters in one writing system, in NFC.
///
/// # Errors
/// `name_invalid` and `text_too_long` name the field.
pub fn name(text: &str, field: &'static str) -> Result<String, Refusal> {
    let text = short(&text.nfc().collect::<String>(), limits::NAME_CHARS, field)?;
    let readable = text.chars().any(char::is_alphanumeric) && !text.chars().any(hidden);
    // Unicode TS 39 §5.1: a name that mixes scripts can pose as another; a word in each script may stand side by side.
    let honest = text.split_whitespace().all(|word| word.is_single_script());
    if readable && honest { Ok(text) } else { Err(Refusal::field(Reason::NameInvalid, field)) }
}

/// Characters that show nothing or turn the direction of what follows.
const fn hidden(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A text as it is compared and sorted: lower-case, without accents, ligatures taken apart.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            'ß' => out.push_str("ss"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' => out.push('d'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["Éloïse L'Hôtellier", "Jean-Pierre Dupont", "X Æ", "東京 太郎", "Мария", "Dr. Ngọc 2", "e\u{301}"]
        {
            assert!(name(good, "display_name").is_ok(), "{good}");
        }
        for bad in ["", "  ", "...", "a\u{7}b", "Pаul", "Paul\u{202e}nimda", "ad\u{200b}min", "\u{ad}"] {
            assert_eq!(name(bad, "display_name"), Err(Refusal::field(Reason::NameInvalid, "display_name")), "{bad:?}");
        }
        assert_eq!(name(&"a".repeat(101), "name").unwrap_err().reason, Reason::TextTooLong);
        assert_eq!(name("e\u{301}", "name").unwrap(), "é");
    }

    #[test]
    fn folded() {
        for (text, expected) in [("Éloïse", "eloise"), ("Cœur", "coeur"), ("STRAßE", "strasse"), ("Łódź", "lodz")]
        {
            assert_eq!(fold(text), expected);
        }
    }
}
