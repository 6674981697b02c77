//! The schema, as numbered steps that are applied in order, each in one transaction with its row in `schema_version`.

use rempart_base::Timestamp;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::value::Value;

/// Where the steps already applied are noted; run before anything else, with types as in [`Dialect::text`].
pub const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_version (
    n {INT} PRIMARY KEY,
    sha256 {BLOB} NOT NULL,
    at {INT} NOT NULL
) {STRICT};";

/// Gives number and hash of the steps applied, in order.
pub const APPLIED: &str = "SELECT n, sha256 FROM schema_version ORDER BY n";

/// Notes a step: [`Step::note`] gives its values.
pub const NOTE: &str = "INSERT INTO schema_version (n, sha256, at) VALUES ($1, $2, $3)";

/// Steps in order; a published one never changes.
const STEPS: &[&str] = &[
    include_str!("schema/0001_first.sql"),
    include_str!("schema/0002_keys.sql"),
    include_str!("schema/0003_groups.sql"),
];

/// An engine, as far as the schema differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite: strict types, tables ordered by their keys.
    Sqlite,
    /// PostgreSQL: text compared by bytes.
    Postgres,
}

impl Dialect {
    /// A text with this engine's words in place of the braces.
    #[must_use]
    pub fn text(self, text: &str) -> String {
        let words: [(&str, &str); 6] = match self {
            Self::Sqlite => [
                ("{INT}", "INTEGER"),
                ("{TEXT}", "TEXT"),
                ("{BLOB}", "BLOB"),
                ("{EMPTY}", "x''"),
                ("{STRICT}", "STRICT"),
                ("{WITHOUT_ROWID}", "STRICT, WITHOUT ROWID"),
            ],
            Self::Postgres => [
                ("{INT}", "BIGINT"),
                ("{TEXT}", "TEXT COLLATE \"C\""),
                ("{BLOB}", "BYTEA"),
                ("{EMPTY}", "''"),
                ("{STRICT}", ""),
                ("{WITHOUT_ROWID}", ""),
            ],
        };
        words.iter().fold(text.to_owned(), |text, (brace, word)| text.replace(brace, word))
    }
}

/// Why the schema cannot be brought up to date.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SchemaError {
    /// The store is of a newer program.
    #[error(
        "the store has schema {found}, this program knows {known}: start the newer program, or restore a backup made before"
    )]
    Newer {
        /// The step found.
        found: i64,
        /// The last step known.
        known: usize,
    },
    /// A step was applied with another text.
    #[error(
        "schema {0} in the store is not the one of this program: the store was made by a build that was never published"
    )]
    Changed(i64),
    /// Steps are missing in between.
    #[error("schema {0} is not noted in the store though a later one is: the store is damaged, restore a backup")]
    Gap(i64),
}

/// A step to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number, from 1.
    pub n: i64,
    /// Statements in the engine's words.
    pub sql: String,
    /// SHA-256 of the step's text.
    pub sha256: [u8; 32],
}

impl Step {
    /// Values of [`NOTE`].
    #[must_use]
    pub fn note(&self, now: Timestamp) -> [Value; 3] {
        [self.n.into(), self.sha256.into(), now.into()]
    }
}

/// What remains to be applied, given number and hash of what was.
///
/// # Errors
/// When what was applied is not what this program knows.
pub fn remaining(dialect: Dialect, applied: &[(i64, Vec<u8>)]) -> Result<Vec<Step>, SchemaError> {
    let steps = || (1..).zip(STEPS).map(|(n, text)| (n, text, <[u8; 32]>::from(Sha256::digest(text))));
    let mut known = steps();
    for (number, (n, sha256)) in (1..).zip(applied) {
        match known.next() {
            None => return Err(SchemaError::Newer { found: *n, known: STEPS.len() }),
            Some(_) if *n != number => return Err(SchemaError::Gap(number)),
            Some((_, _, expected)) if expected != sha256.as_slice() => return Err(SchemaError::Changed(*n)),
            Some(_) => {}
        }
    }
    Ok(known.map(|(n, text, sha256)| Step { n, sql: dialect.text(text), sha256 }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(steps: &[Step]) -> Vec<(i64, Vec<u8>)> {
        steps.iter().map(|s| (s.n, s.sha256.to_vec())).collect()
    }

    #[test]
    fn a_new_store_gets_everything_and_a_present_one_nothing() {
        let all = remaining(Dialect::Sqlite, &[]).unwrap();
        assert_eq!(all.len(), STEPS.len());
        assert_eq!(remaining(Dialect::Sqlite, &applied(&all)).unwrap(), []);
    }

    #[test]
    fn no_brace_is_left() {
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            for step in remaining(dialect, &[]).unwrap() {
                assert!(!step.sql.lines().any(|l| !l.starts_with("--") && l.contains(['{', '}'])), "{}", step.sql);
            }
        }
    }

    #[test]
    fn what_this_program_does_not_know_is_refused() {
        let mut noted = applied(&remaining(Dialect::Postgres, &[]).unwrap());
        noted.push((STEPS.len() as i64 + 1, vec![0; 32]));
        let newer = remaining(Dialect::Postgres, &noted).unwrap_err();
        assert_eq!(newer, SchemaError::Newer { found: STEPS.len() as i64 + 1, known: STEPS.len() });
        assert!(newer.to_string().contains("start the newer program"));

        noted.truncate(1);
        noted[0].1[0] ^= 1;
        assert_eq!(remaining(Dialect::Postgres, &noted), Err(SchemaError::Changed(1)));
        noted[0].0 = 2;
        assert_eq!(remaining(Dialect::Postgres, &noted), Err(SchemaError::Gap(1)));
    }
}
