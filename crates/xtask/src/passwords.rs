//! `cargo xtask passwords`: crates/app/data/passwords.bin, the offline list of common and breached passwords.
//!
//! Words come from the MIT-licensed npm packages `@zxcvbn-ts/language-common` and `@zxcvbn-ts/language-fr` (breached
//! passwords, French words, names, Wikipedia's words, diceware): NFKC, lower case, also without accents and spaces, at
//! least 4 characters. The file is a set of truncated hashes, so it holds no readable word. `rempart_app::PasswordList`
//! reads it; a browser can do the same in a page of code.
//!
//! Format, all numbers big-endian:
//!
//! | bytes | meaning |
//! |---|---|
//! | 0–3 | magic `RPWL` |
//! | 4 | version: 1 |
//! | 5 | group bits G: 10 |
//! | 6 | value bits V: 24 |
//! | 7 | Rice parameter R: 17 |
//! | 8–11 | number of values, in all groups |
//! | 12 … | 2^G + 1 numbers of 4 bytes: where each group begins, counted from the end of this table; the last is where the last group ends |
//! | then | the groups |
//!
//! A word's hash is SHA-256 of its UTF-8 bytes. Its first G bits name the group, the next V bits are its value. A group is
//! its values in ascending order without duplicates, each written as a difference: the first as it is, every other minus
//! the one before minus 1. A difference d is `d >> R` one-bits, a zero-bit, then the low R bits of d; most significant bit
//! first. A group is filled up to a whole byte with one-bits: a run of ones that meets the end of the group is the end.
//! With N values a word that is not in the list is taken for one with probability N / 2^(G+V): below 10^-5 here.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::{shell, web};

const FILE: &str = "crates/app/data/passwords.bin";
const GROUP_BITS: u8 = 10;
const VALUE_BITS: u8 = 24;
const RICE: u8 = 17;
const LEAST_LENGTH: usize = 4;
const LARGEST_FILE: usize = 400_000;

/// Prints every word of every dictionary of the packages, one a line.
const PRINT_WORDS: &str = r"
import * as common from '@zxcvbn-ts/language-common';
import * as french from '@zxcvbn-ts/language-fr';
const lines = [];
for (const language of [common, french])
  for (const words of Object.values(language.dictionary)) lines.push(...words);
process.stdout.write(lines.join('\n'));
";

/// Makes the list, or compares it.
///
/// # Errors
/// When the packages are missing, the list is too large or, with `check`, differs.
pub(crate) fn run(check: bool) -> Result<()> {
    let root = shell::root()?;
    let web = root.join("web");
    web::install(&web)?;
    let output = Command::new("node")
        .args(["--input-type=module", "-e", PRINT_WORDS])
        .current_dir(&web)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start `node`: install the Debian packages nodejs and npm (Node.js 20 or newer)")?;
    ensure!(output.status.success(), "node could not read the dictionaries: {}", output.status);
    let words = prepare(std::str::from_utf8(&output.stdout)?.lines());
    ensure!(words.len() > 100_000, "only {} words: are the dictionaries whole?", words.len());
    let file = encode(words.iter().map(String::as_str))?;
    ensure!(file.len() < LARGEST_FILE, "{} bytes are too many", file.len());
    shell::settle(&root, FILE, &file, check)
}

/// Every spelling that is put in the list.
fn prepare<'a>(words: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for word in words {
        let word: String = word.nfkc().collect::<String>().to_lowercase();
        let bare: String = word.nfd().filter(|c| !is_combining_mark(*c)).collect();
        let joined: String = bare.chars().filter(|c| !c.is_whitespace()).collect();
        all.extend([word, bare, joined].into_iter().filter(|w| w.chars().count() >= LEAST_LENGTH));
    }
    all
}

fn encode<'a>(words: impl Iterator<Item = &'a str>) -> Result<Vec<u8>> {
    let mut groups = vec![BTreeSet::new(); 1 << GROUP_BITS];
    for word in words {
        let digest = Sha256::digest(word.as_bytes());
        let Some((first, _)) = digest.split_first_chunk::<8>() else { bail!("SHA-256 gave too little") };
        let bits = u64::from_be_bytes(*first);
        let group = usize::try_from(bits >> (64 - u32::from(GROUP_BITS)))?;
        let value = (bits << GROUP_BITS) >> (64 - u32::from(VALUE_BITS));
        groups.get_mut(group).context("a group beyond the last")?.insert(value);
    }
    let mut table = Vec::new();
    let mut data = Vec::new();
    for group in &groups {
        table.extend(u32::try_from(data.len())?.to_be_bytes());
        data.extend(encode_group(group));
    }
    table.extend(u32::try_from(data.len())?.to_be_bytes());
    let count: usize = groups.iter().map(BTreeSet::len).sum();
    let mut file = b"RPWL\x01".to_vec();
    file.extend([GROUP_BITS, VALUE_BITS, RICE]);
    file.extend(u32::try_from(count)?.to_be_bytes());
    file.extend(table);
    file.extend(data);
    Ok(file)
}

fn encode_group(values: &BTreeSet<u64>) -> Vec<u8> {
    let mut bits = Bits::default();
    let mut least = 0;
    for value in values {
        let difference = value - least;
        for _ in 0..difference >> RICE {
            bits.push(true);
        }
        bits.push(false);
        for place in (0..RICE).rev() {
            bits.push(difference >> place & 1 == 1);
        }
        least = value + 1;
    }
    bits.finish()
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    current: u8,
    filled: u8,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        self.current = self.current << 1 | u8::from(bit);
        self.filled += 1;
        if self.filled == 8 {
            self.bytes.push(self.current);
            (self.current, self.filled) = (0, 0);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        while self.filled != 0 {
            self.push(true);
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reader's test in `rempart_app` has the same bytes.
    #[test]
    fn a_group_is_written_as_documented() {
        let values = BTreeSet::from([0, 5, 5 + 1 + (3 << 17) + 2]);
        // 0 | 17 zeros; 0 | 4; 111 0 | 2; ones to the end.
        let mut bits = ["0", &"0".repeat(17), "0", "00000000000000100", "1110", "00000000000000010"].concat();
        while bits.len() % 8 != 0 {
            bits.push('1');
        }
        let expected: Vec<u8> =
            bits.as_bytes().chunks(8).map(|b| b.iter().fold(0, |a, c| a << 1 | (c - b'0'))).collect();
        assert_eq!(encode_group(&values), expected);
        assert_eq!(expected, [0x00, 0x00, 0x00, 0x00, 0x4E, 0x00, 0x01, 0x7F]);
    }

    #[test]
    fn words_are_put_in_as_people_type_them() {
        let words = prepare(["Éléphant", "abc", "Marie Curie", "ﬁnale"].into_iter());
        let expected = ["elephant", "finale", "marie curie", "mariecurie", "éléphant"];
        assert_eq!(words.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_header_says_what_follows() {
        let file = encode(["azerty", "azerty", "soleil"].into_iter()).unwrap();
        assert_eq!(&file[..12], b"RPWL\x01\x0A\x18\x11\x00\x00\x00\x02");
        let end = u32::from_be_bytes(file[12 + 4 * 1024..][..4].try_into().unwrap());
        assert_eq!(file.len(), 12 + 4 * 1025 + end as usize);
        assert!(end >= 2 * 3, "two groups, each with a value of 18 bits or more");
    }
}
