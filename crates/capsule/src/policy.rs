//! The archive policy: what the members of a group agree on about its archive. It stands in the MLS GroupContext, so
//! that all of them see the same one, and its hash `ctx` enters every key of the epoch.
//!
//! ```text
//! struct {
//!     uint8  suite = 1;
//!     opaque key_id[32];
//!     opaque ristretto_key[32];
//!     opaque xwing_key[1216];
//!     uint16 year;  uint8 quarter;           /* 1..4, UTC */
//!     uint16 retention_class;  uint16 retention_months;
//!     uint8  needed;  uint8 officers;        /* k of n open it */
//!     uint8  witnesses;                      /* how many must sign a head */
//!     opaque log_key[32];                    /* Ed25519 */
//!     opaque notice_hash[32];                /* SHA-256 of the notice's text */
//! } Policy;
//! ```

use ed25519_dalek::VerifyingKey;

use crate::codec::{FormatError, Reader, SUITE};
use crate::derive::sha256;
use crate::keys::ArchiveKeys;

/// Bytes of a policy.
pub const POLICY: usize = 1 + 32 + 32 + 1216 + 3 + 4 + 2 + 1 + 32 + 32;
/// Longest retention, in months.
pub const MAX_RETENTION_MONTHS: u16 = 1200;

/// A quarter of a year, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    year: u16,
    quarter: u8,
}

impl Period {
    /// A quarter (1 to 4) of a year (2000 to 9999).
    ///
    /// # Errors
    /// When either is outside.
    pub fn new(year: u16, quarter: u8) -> Result<Self, FormatError> {
        if (2000..=9999).contains(&year) && (1..=4).contains(&quarter) {
            Ok(Self { year, quarter })
        } else {
            Err(FormatError::Limit("the archive key's period"))
        }
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The quarter, 1 to 4.
    #[must_use]
    pub const fn quarter(self) -> u8 {
        self.quarter
    }

    pub(crate) fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.year.to_be_bytes());
        out.push(self.quarter);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        Self::new(reader.u16()?, reader.u8()?)
    }
}

/// How long, and under which of the organisation's classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    class: u16,
    months: u16,
}

impl Retention {
    /// A class of the organisation's own numbering, kept for 1 to [`MAX_RETENTION_MONTHS`] months.
    ///
    /// # Errors
    /// When the months are outside.
    pub fn new(class: u16, months: u16) -> Result<Self, FormatError> {
        if (1..=MAX_RETENTION_MONTHS).contains(&months) {
            Ok(Self { class, months })
        } else {
            Err(FormatError::Limit("the retention"))
        }
    }

    /// The class.
    #[must_use]
    pub const fn class(self) -> u16 {
        self.class
    }

    /// Months after the end of the quarter.
    #[must_use]
    pub const fn months(self) -> u16 {
        self.months
    }

    pub(crate) fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.class.to_be_bytes());
        out.extend_from_slice(&self.months.to_be_bytes());
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        Self::new(reader.u16()?, reader.u16()?)
    }
}

/// How many of how many officers open the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    needed: u8,
    officers: u8,
}

impl Threshold {
    /// At least 2 of at least 3; or 1 of 1, which [`alone`](Self::alone) tells apart.
    ///
    /// # Errors
    /// When it is neither.
    pub fn new(needed: u8, officers: u8) -> Result<Self, FormatError> {
        let shared = officers >= 3 && needed >= 2 && needed <= officers;
        if shared || (needed, officers) == (1, 1) {
            Ok(Self { needed, officers })
        } else {
            Err(FormatError::Limit("the number of officers (at least 2 of at least 3, or 1 of 1)"))
        }
    }

    /// How many open it.
    #[must_use]
    pub const fn needed(self) -> u8 {
        self.needed
    }

    /// How many hold a share.
    #[must_use]
    pub const fn officers(self) -> u8 {
        self.officers
    }

    /// One officer alone can read the archive: to be shown as a danger wherever the policy is shown.
    #[must_use]
    pub const fn alone(self) -> bool {
        self.needed == 1
    }

    pub(crate) fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.needed, self.officers]);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, FormatError> {
        Self::new(reader.u8()?, reader.u8()?)
    }
}

/// The archive policy of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Both public keys.
    pub keys: ArchiveKeys,
    /// The quarter that the keys are for.
    pub period: Period,
    /// How long what is archived stays readable.
    pub retention: Retention,
    /// How many officers open it.
    pub threshold: Threshold,
    /// How many witnesses must have signed a head of the log.
    pub witnesses: u8,
    /// The Ed25519 key of the log.
    pub log_key: [u8; 32],
    /// SHA-256 of the notice that people were shown.
    pub notice_hash: [u8; 32],
}

impl Policy {
    /// The policy's [`POLICY`] bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(POLICY);
        out.push(SUITE);
        self.keys.put(&mut out);
        self.period.put(&mut out);
        self.retention.put(&mut out);
        self.threshold.put(&mut out);
        out.push(self.witnesses);
        out.extend_from_slice(&self.log_key);
        out.extend_from_slice(&self.notice_hash);
        out
    }

    /// Reads a policy; the bytes must be one and nothing more.
    ///
    /// # Errors
    /// When they are not, or a key in it is not usable.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader::suite(bytes)?;
        let policy = Self {
            keys: ArchiveKeys::read(&mut reader)?,
            period: Period::read(&mut reader)?,
            retention: Retention::read(&mut reader)?,
            threshold: Threshold::read(&mut reader)?,
            witnesses: reader.u8()?,
            log_key: reader.take()?,
            notice_hash: reader.take()?,
        };
        reader.end()?;
        VerifyingKey::from_bytes(&policy.log_key).map_err(|_| FormatError::SignatureKey("the log's key"))?;
        Ok(policy)
    }

    /// `ctx = SHA-256(policy)`: the context of both MLS exporters and of every capsule.
    #[must_use]
    pub fn ctx(&self) -> [u8; 32] {
        sha256(&[&self.encode()])
    }
}
