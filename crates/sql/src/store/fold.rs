//! Folding for search and order: lower-case, without accents.

use rempart_domain::account::Account;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Lower-case without accents: `Élodie Œuvrard` → `elodie oeuvrard`.
pub(super) fn fold(text: &str) -> String {
    let plain = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let mut out = String::with_capacity(text.len());
    for c in plain {
        match c {
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            'ß' => out.push_str("ss"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' => out.push('d'),
            '’' => out.push('\''),
            '\0' => {}
            c => out.push(c),
        }
    }
    out
}

/// By what an account is ordered.
pub(super) fn sort(display_name: &str) -> String {
    fold(display_name)
}

/// What search looks at. A line feed, which no field holds, keeps words from matching across fields.
pub(super) fn searched(local: &str, display_name: &str, title: &str, department: &str) -> String {
    [display_name, local, title, department].map(fold).join("\n")
}

/// What search looks at in an account.
pub(super) fn searched_account(account: &Account) -> String {
    searched(&account.local, &account.display_name, &account.title, &account.department)
}

/// The most words that a search can ask for; of more, the longest count.
pub(super) const WORDS: usize = 6;

/// A search as patterns for `LIKE … ESCAPE '!'`; `%` where there are fewer words.
pub(super) fn patterns(query: &str) -> [String; WORDS] {
    let folded = fold(query);
    let mut words: Vec<&str> = folded.split_whitespace().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut words = words.into_iter();
    std::array::from_fn(|_| {
        let mut pattern = String::from("%");
        if let Some(word) = words.next() {
            for c in word.chars() {
                if matches!(c, '%' | '_' | '!') {
                    pattern.push('!');
                }
                pattern.push(c);
            }
            pattern.push('%');
        }
        pattern
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_what_french_names_hold() {
        for (name, folded) in [
            ("Élodie Œuvrard", "elodie oeuvrard"),
            ("ANAÏS LE GOFF", "anais le goff"),
            ("Garçon-Müller", "garcon-muller"),
            ("Loïc L’Hermitte", "loic l'hermitte"),
            ("E\u{301}ric", "eric"),
        ] {
            assert_eq!(fold(name), folded);
        }
    }

    #[test]
    fn patterns_ask_for_each_word_and_nothing_is_a_wildcard() {
        let patterns = patterns(" Été 50%_! ");
        assert_eq!(patterns[0], "%50!%!_!!%");
        assert_eq!(patterns[1], "%ete%");
        assert!(patterns[2..].iter().all(|p| p == "%"));
    }
}
