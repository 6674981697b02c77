//! What a group commit may do: the same rules in the server and in every client, so that neither has to trust the other.
//!
//! Pure functions over small descriptions; an MLS library is translated into them by `mls-delivery` and `mls-client`. This crate
//! must never know MLS messages, a store, a clock or a secret: it verifies signatures and makes none.
//!
//! Reading order: [`roster`], [`commit`], [`refusal`], [`epoch`], [`credential`], [`statement`], [`finality`].

pub mod commit;
pub mod credential;
pub mod epoch;
pub mod finality;
pub mod refusal;
pub mod roster;
pub mod statement;

pub use commit::{ArchiveChange, Change, Commit, Origin, Proposed, Situation, check, may_propose};
pub use credential::{BadCredential, DeviceClaim, DeviceCredential, Kind};
pub use epoch::{EpochState, may_write};
pub use finality::{Confirmation, Finality, Outcome};
pub use refusal::Refusal;
pub use roster::{Rank, Roster, Seat};
pub use statement::{BadStatement, Statement, Verdict};

/// Leaves of one account in a group.
pub const MAX_DEVICES: usize = 5;
/// Accounts in a group.
pub const MAX_PEOPLE: usize = 500;
/// Entries written in one epoch; the next needs a commit first.
pub const MAX_ENTRIES: u32 = 500;
/// How long a guest's credential holds, in milliseconds.
pub const GUEST_LIFE: i64 = rempart_base::time::DAY;
/// The archive policy in the GroupContext: an extension of the private-use range (RFC 9420, 17.3).
pub const ARCHIVE_EXTENSION: u16 = 0xF2A0;

/// Whether a group is archived. Fixed when the group is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// End to end, not archived.
    Sealed,
    /// End to end, and sealed to the officers' archive key.
    Recorded,
}

/// The name of an MLS group: 16 bytes made by the creator. A conversation may have several groups one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(pub [u8; 16]);

/// SHA-256 of the TLS-encoded GroupContext: what server, members and joiners call an epoch, the same on every branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochRef(pub [u8; 32]);
