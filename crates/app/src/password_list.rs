//! The offline list of common and breached passwords: read here, made by `cargo xtask passwords`, whose source documents
//! the format. It is a set of truncated hashes: what it holds is always found, what it does not hold is found with a
//! probability below 10^-5. No network is asked.

use aws_lc_rs::digest::{SHA256, digest};
use unicode_normalization::UnicodeNormalization as _;

const MAGIC: &[u8; 5] = b"RPWL\x01";

/// The list in this binary.
const EMBEDDED: &[u8] = include_bytes!("../data/passwords.bin");

/// A list of passwords that nobody should use.
#[derive(Clone, Copy, Debug)]
pub struct PasswordList<'a> {
    group_bits: u32,
    value_bits: u32,
    rice: u32,
    count: u32,
    table: &'a [u8],
    groups: &'a [u8],
}

/// Why bytes are not a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordListError {
    /// They begin with something else, or a later version.
    #[error("not a password list of version 1")]
    Header,
    /// They end too early, or the table of groups contradicts itself.
    #[error("the password list is damaged")]
    Damaged,
}

impl PasswordList<'static> {
    /// The list in this binary.
    ///
    /// # Errors
    /// Never in a build whose tests pass: the file is checked by them.
    pub fn embedded() -> Result<Self, PasswordListError> {
        Self::parse(EMBEDDED)
    }
}

impl<'a> PasswordList<'a> {
    /// Reads a list; nothing is copied.
    ///
    /// # Errors
    /// [`PasswordListError`] when the bytes are not a whole list.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, PasswordListError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(PasswordListError::Header)?;
        let ([group_bits, value_bits, rice, c0, c1, c2, c3], rest) =
            rest.split_first_chunk::<7>().ok_or(PasswordListError::Damaged)?;
        let (group_bits, value_bits, rice) = (u32::from(*group_bits), u32::from(*value_bits), u32::from(*rice));
        if group_bits > 16 || value_bits == 0 || group_bits + value_bits > 64 || rice >= value_bits {
            return Err(PasswordListError::Damaged);
        }
        let table_length = ((1_usize << group_bits) + 1) * 4;
        let (table, groups) = rest.split_at_checked(table_length).ok_or(PasswordListError::Damaged)?;
        let list =
            Self { group_bits, value_bits, rice, count: u32::from_be_bytes([*c0, *c1, *c2, *c3]), table, groups };
        let whole = (0..1_usize << group_bits).all(|group| list.group(group).is_some())
            && list.bound(1 << group_bits) == Some(groups.len());
        if whole { Ok(list) } else { Err(PasswordListError::Damaged) }
    }

    /// How many words the list holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether the word is in the list, whatever its case and Unicode form (it is compared as NFKC in lower case).
    #[must_use]
    pub fn contains(&self, word: &str) -> bool {
        let word = word.nfkc().collect::<String>().to_lowercase();
        let hash = digest(&SHA256, word.as_bytes());
        let Some((first, _)) = hash.as_ref().split_first_chunk::<8>() else { return false };
        let bits = u64::from_be_bytes(*first);
        let group = bits.checked_shr(64 - self.group_bits).unwrap_or(0);
        let value = (bits << self.group_bits) >> (64 - self.value_bits);
        usize::try_from(group)
            .ok()
            .and_then(|group| self.group(group))
            .is_some_and(|bytes| Values::new(bytes, self.rice).take_while(|v| *v <= value).any(|v| v == value))
    }

    fn bound(&self, group: usize) -> Option<usize> {
        let bytes = self.table.get(group * 4..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_be_bytes(*bytes)).ok()
    }

    fn group(&self, group: usize) -> Option<&'a [u8]> {
        self.groups.get(self.bound(group)?..self.bound(group + 1)?)
    }
}

/// The values of a group, ascending.
struct Values<'a> {
    bytes: &'a [u8],
    /// The next bit, counted from the group's first.
    bit: usize,
    rice: u32,
    /// The least value that can come next.
    least: u64,
}

impl<'a> Values<'a> {
    const fn new(bytes: &'a [u8], rice: u32) -> Self {
        Self { bytes, bit: 0, rice, least: 0 }
    }

    fn next_bit(&mut self) -> Option<u64> {
        let byte = self.bytes.get(self.bit / 8)?;
        let bit = byte >> (7 - self.bit % 8) & 1;
        self.bit += 1;
        Some(u64::from(bit))
    }
}

impl Iterator for Values<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let mut difference = 0;
        // A run of ones that meets the end of the group is the end.
        while self.next_bit()? == 1 {
            difference += 1;
        }
        for _ in 0..self.rice {
            difference = difference << 1 | self.next_bit()?;
        }
        let value = self.least.checked_add(difference)?;
        self.least = value.checked_add(1)?;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_people_choose() {
        let list = PasswordList::embedded().unwrap();
        assert!(list.len() > 100_000);
        for word in [
            "password",
            "PassWord",
            "123456",
            "azerty",
            "qwerty123",
            "iloveyou",
            "soleil",
            "bonjour",
            "marseille",
            "février",
            "fevrier",
            "FÉVRIER",
            "fe\u{301}vrier",
            "nicolas",
            "dupont",
            "motdepasse",
            "doudou",
        ] {
            assert!(list.contains(word), "{word}");
        }
    }

    #[test]
    fn holds_little_else() {
        let list = PasswordList::embedded().unwrap();
        let found = (0..50_000).filter(|n| list.contains(&format!("no such word {n}"))).count();
        assert!(found <= 5, "{found} of 50,000 words that are not in the list: more than 10^-4");
        assert!(!list.contains(""));
    }

    #[test]
    fn every_value_can_be_read() {
        let list = PasswordList::embedded().unwrap();
        let read: usize =
            (0..1 << list.group_bits).map(|g| Values::new(list.group(g).unwrap(), list.rice).count()).sum();
        assert_eq!(read, list.len());
    }

    /// The writer's test in `xtask` has the same bytes.
    #[test]
    fn a_group_is_read_as_documented() {
        let bytes = [0x00, 0x00, 0x00, 0x00, 0x4E, 0x00, 0x01, 0x7F];
        assert_eq!(Values::new(&bytes, 17).collect::<Vec<_>>(), [0, 5, 5 + 1 + (3 << 17) + 2]);
        assert_eq!(Values::new(&[], 17).count(), 0);
        assert_eq!(Values::new(&[0xFF; 3], 17).count(), 0, "ones up to the end");
        assert_eq!(Values::new(&[0x00], 17).count(), 0, "cut within a value");
    }

    #[test]
    fn refuses_what_is_not_a_list() {
        assert_eq!(PasswordList::parse(b"").unwrap_err(), PasswordListError::Header);
        assert_eq!(PasswordList::parse(b"RPWL\x02").unwrap_err(), PasswordListError::Header);
        assert_eq!(PasswordList::parse(b"RPWL\x01").unwrap_err(), PasswordListError::Damaged);
        assert_eq!(PasswordList::parse(&EMBEDDED[..EMBEDDED.len() - 1]).unwrap_err(), PasswordListError::Damaged);
        let mut crossed = EMBEDDED.to_vec();
        crossed[12..16].copy_from_slice(&[0xFF; 4]);
        assert_eq!(PasswordList::parse(&crossed).unwrap_err(), PasswordListError::Damaged);
        let mut wide = EMBEDDED.to_vec();
        wide[5] = 60;
        assert_eq!(PasswordList::parse(&wide).unwrap_err().to_string(), "the password list is damaged");
    }
}
