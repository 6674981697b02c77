//! What a password must be (IAM-1, IAM-2): long enough in CNIL bits, not common, not personal, not a former one.
//!
//! Bits are those of CNIL's recommendation on passwords (délibération 2022-100 of 21 July 2022): length × log2 of the
//! alphabet. It allows 50 bits where failures are throttled and 80 where they are not; this server throttles, so 50 is the
//! ordinary minimum, and 80 is asked of whoever administers.

use rempart_base::limits;

use crate::refusal::Reason;
use crate::role::Role;
use crate::text::fold;

/// Bits that an ordinary password must have.
pub const ORDINARY_BITS: u32 = 50;
/// Bits that the password of an owner or administrator must have.
pub const PRIVILEGED_BITS: u32 = 80;
/// How many former passwords are not taken again.
pub const FORMER: usize = 5;
/// Personal words shorter than this stand in too many sentences to be refused.
const PERSONAL_CHARS: usize = 4;

/// Bits that a password must have for a role.
#[must_use]
pub const fn min_bits(role: Role) -> u32 {
    if role.needs_factor() { PRIVILEGED_BITS } else { ORDINARY_BITS }
}

/// What is held against a password; every reason, so that nobody has to guess twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// CNIL bits.
    pub bits: u32,
    /// Why it is refused; empty: taken.
    pub refused: Vec<Reason>,
}

/// CNIL bits of a text: length × log2 of the alphabet that its characters come from, rounded down.
/// A part said several times, a run of one character and a sequence such as `abcd` or `1234` count once.
#[must_use]
pub fn bits(text: &str) -> u32 {
    let text: Vec<char> = text.chars().collect();
    let text = told_once(&text);
    let any = |test: fn(char) -> bool, size: u32| if text.iter().any(|c| test(*c)) { size } else { 0 };
    let alphabet = any(|c| c.is_ascii_lowercase(), 26)
        + any(|c| c.is_ascii_uppercase(), 26)
        + any(|c| c.is_ascii_digit(), 10)
        + any(|c| c == ' ' || c.is_ascii_punctuation(), 33)
        + any(|c| !c.is_ascii(), 40);
    if alphabet < 2 {
        return 0;
    }
    let length = u32::try_from(runs(text).min(limits::PASSWORD_CHARS)).unwrap_or(0);
    // At most 256 × log2(135): far within u32, and never negative.
    (f64::from(length) * f64::from(alphabet).log2()) as u32
}

/// The shortest beginning whose repetition makes the text.
fn told_once(text: &[char]) -> &[char] {
    (1..=text.len() / 2)
        .filter_map(|n| text.get(..n))
        .find(|unit| text.chunks(unit.len()).all(|chunk| unit.starts_with(chunk)))
        .unwrap_or(text)
}

/// Length of a text where characters that follow from the two before them are not counted.
fn runs(text: &[char]) -> usize {
    let step = |a: char, b: char| i64::from(u32::from(b)) - i64::from(u32::from(a));
    let follows = |w: &[char]| matches!(w, [a, b, c] if step(*a, *b) == step(*b, *c) && step(*a, *b).abs() <= 1);
    text.len() - text.windows(3).filter(|w| follows(w)).count()
}

/// Judges a password. `context` are words of the person and the organisation; `is_common` says whether a word is in the
/// list of common passwords; `is_former` whether it was one of this account's last ones.
#[must_use]
pub fn judge<'a>(
    candidate: &str,
    min_bits: u32,
    context: impl IntoIterator<Item = &'a str>,
    is_common: impl Fn(&str) -> bool,
    is_former: bool,
) -> Verdict {
    // Beyond the limit only the length is said: nothing else is worth the work.
    if candidate.chars().count() > limits::PASSWORD_CHARS {
        return Verdict { bits: 0, refused: vec![Reason::PasswordLong] };
    }
    let bits = bits(candidate);
    let mut refused = Vec::new();
    if bits < min_bits {
        refused.push(Reason::PasswordShort);
    }
    if common(candidate, min_bits, is_common) {
        refused.push(Reason::PasswordCommon);
    }
    if personal(candidate, min_bits, context) {
        refused.push(Reason::PasswordPersonal);
    }
    if is_former {
        refused.push(Reason::PasswordRepeated);
    }
    Verdict { bits, refused }
}

/// Whether a password is a common word, perhaps in disguise: other case, digits for letters, spaces left out, or something
/// before or after that would not be enough by itself.
fn common(candidate: &str, min_bits: u32, is_common: impl Fn(&str) -> bool) -> bool {
    let decorated = |c: char| !c.is_alphabetic();
    let known = |word: &str| {
        let spelt = word.to_lowercase();
        let joined: String = spelt.chars().filter(|c| c.is_alphanumeric()).collect();
        let forms = [spelt, joined].into_iter().flat_map(|w| [unleet(&w, 'i'), unleet(&w, 'l'), w]);
        forms.into_iter().any(|form| form.chars().count() >= 3 && (is_common(&form) || is_common(&fold(&form))))
    };
    let whole: Vec<char> = candidate.chars().collect();
    let unit: String = told_once(&whole).iter().collect();
    [candidate, &unit].into_iter().any(|text| {
        [text, text.trim_end_matches(decorated), text.trim_start_matches(decorated), text.trim_matches(decorated)]
            .into_iter()
            .any(|word| known(word) && bits(&text.replacen(word, "", 1)) < min_bits)
    })
}

/// A word with the letters that digits and symbols commonly stand for.
fn unleet(word: &str, one: char) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        other => other,
    };
    word.chars().map(letter).collect()
}

/// Whether a password is made of personal words: what is left without them would not be enough by itself.
fn personal<'a>(candidate: &str, min_bits: u32, context: impl IntoIterator<Item = &'a str>) -> bool {
    let mut words: Vec<String> = context
        .into_iter()
        .map(fold)
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>())
        .filter(|word| word.chars().count() >= PERSONAL_CHARS)
        .collect();
    // The longest first: `Dupontel` must not leave `el` behind because `Dupont` is a word too.
    words.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    let spelt = fold(candidate);
    [unleet(&spelt, 'i'), unleet(&spelt, 'l'), spelt].into_iter().any(|form| {
        let rest = words.iter().fold(form.clone(), |rest, word| rest.replace(word.as_str(), ""));
        rest != form && bits(&rest) < min_bits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: [&str; 8] = ["azerty", "password", "soleil", "motdepasse", "fevrier", "123456", "iloveyou", "abc"];

    fn check(candidate: &str, min: u32, expected: &[Reason]) {
        let context = ["Éloïse Dupont", "e.dupont", "Clinique Kerbrat", "kerbrat.example"];
        let verdict = judge(candidate, min, context, |word| LIST.contains(&word), false);
        assert_eq!(verdict.refused, expected, "{candidate}: {} bits", verdict.bits);
    }

    #[test]
    fn a_sentence_is_taken() {
        check("la marée monte sous le vieux phare", PRIVILEGED_BITS, &[]);
        check("trois vaches bleues dansent sans bruit demain", PRIVILEGED_BITS, &[]);
        check("correct horse battery staple", PRIVILEGED_BITS, &[]);
        check("vK7#pq2L", ORDINARY_BITS, &[]);
    }

    #[test]
    fn common_words_in_any_disguise() {
        use Reason::PasswordCommon as Common;
        for word in
            ["Azerty123!", "P@ssw0rd2026", "2026!Soleil!!", "m0t de p4sse !!", "FÉVRIER--2026", "iloveyou", "S0l3il_99"]
        {
            let refused = judge(word, 1, [], |w| LIST.contains(&w), false).refused;
            let strong = judge(word, ORDINARY_BITS, [], |w| LIST.contains(&w), false).refused;
            assert!(strong.contains(&Common), "{word}");
            assert!(!refused.contains(&Reason::PasswordShort), "{word}");
        }
        assert_eq!(judge("Azerty123!", ORDINARY_BITS, [], |w| LIST.contains(&w), false).refused, [Common]);
        check("soleilsoleilsoleil", ORDINARY_BITS, &[Reason::PasswordShort, Common]);
        check("soleil et 14 mouettes grises", ORDINARY_BITS, &[]);
    }

    #[test]
    fn too_easy() {
        check("", 1, &[Reason::PasswordShort]);
        check("vK7#pq2", ORDINARY_BITS, &[Reason::PasswordShort]);
        check("vK7#pq2L", PRIVILEGED_BITS, &[Reason::PasswordShort]);
        check(&"x".repeat(200), ORDINARY_BITS, &[Reason::PasswordShort]);
        check(&"xyzzy!".repeat(30), ORDINARY_BITS, &[Reason::PasswordShort]);
        check("defghijklmnopqrstuvwxyz", ORDINARY_BITS, &[Reason::PasswordShort]);
        check(&"é".repeat(257), ORDINARY_BITS, &[Reason::PasswordLong]);
        check(&format!("{}é", "phrase assez longue ".repeat(12)), ORDINARY_BITS, &[]);
    }

    #[test]
    fn personal_words() {
        for word in ["Dupont-kerbrat-2026", "Eloise.Dupont.56", "K3rbr4t!Clinique!7", "dupontdupontdupont9"] {
            let refused = judge(word, ORDINARY_BITS, ["Éloïse Dupont", "Clinique Kerbrat"], |_| false, false).refused;
            assert!(refused.contains(&Reason::PasswordPersonal), "{word}");
        }
        check("madame Dupont mange des huîtres le dimanche", PRIVILEGED_BITS, &[]);
    }

    #[test]
    fn every_reason_is_told_at_once() {
        let verdict = judge("Azerty1", ORDINARY_BITS, ["Azerty SARL"], |w| LIST.contains(&w), true);
        assert_eq!(
            verdict.refused,
            [Reason::PasswordShort, Reason::PasswordCommon, Reason::PasswordPersonal, Reason::PasswordRepeated]
        );
    }

    #[test]
    fn bits_are_those_of_the_recommendation() {
        // 13 characters of 26: 13 × 4.70; 12 of 26+26+10+33 = 95: 12 × 6.57; 16 digits: 16 × 3.32.
        assert_eq!(bits("mouettegriset"), 61);
        assert_eq!(bits("vK7#pq2LxR9!"), 78);
        assert_eq!(bits("7302958164920375"), 53);
        assert_eq!(bits("aaaaaaaa"), 4);
    }
}
