//! The key log `<host>/keys`: which identity key an account has, which devices it signed, which are gone.
//!
//! Clients make the entries and sign them; the server gives each its time and place, and signs the head. Server and clients fold
//! the same leaves with the same code, so that a client finds out when the server adds what does not hold. Pure functions: no
//! clock, no I/O, no randomness, no secret; it compiles for browsers. It must never know a store, MLS messages or what officers
//! certify: their entries are opaque bytes here, verified by who knows the archive.
//!
//! Reading order: [`entry`] (what is logged), [`log`] (what follows from it), [`follow`] (a client's copy, checked against the
//! server's signed heads), [`compare`] (numbers that two people compare), [`state`] (keeping it).
//!
//! # How a client uses it
//!
//! 1. Keep a [`Follower`]: [`Follower::new`] with the origin `<host>/keys` and the verifier key that the first answer of
//!    `keys.log` brings (that first contact is trusted), later [`Follower::open`] of the bytes of [`Follower::keep`].
//! 2. Ask `keys.log` with `after` = [`Follower::next`] and give leaves and note of each page to [`Follower::take`] until it says
//!    [`Taken::Current`]; only then has anything changed, and the changes are there to warn of: an identity that is new where
//!    another was, a device of one's own that one did not add. Keep the bytes before acting on them.
//! 3. Any [`FollowError`] but [`FollowError::Order`] means that the server shows what it must not: stop, and tell the person.
//! 4. [`KeyLog::identity`] gives the key that signs an account's devices, [`KeyLog::live`] the devices to add to a group.
//! 5. To make entries: [`Entry::identity_to_sign`], [`Entry::revocation_to_sign`] and `DeviceClaim::to_sign` of `group-policy`
//!    give the bytes to sign; [`Entry::encode`] gives what `keys.publish` takes.

mod codec;
pub mod compare;
pub mod entry;
pub mod follow;
pub mod log;
pub mod state;

pub use compare::{check_code, code, fingerprint, safety_number};
pub use entry::{BadEntry, Cause, Entry, Leaf, RevokedBy};
pub use follow::{FollowError, Follower, Taken};
pub use log::{Change, DeviceKeys, Ended, Fault, IdentityKey, KeyLog, News, Refused};
pub use state::Damaged;

/// Most live devices of an account.
pub const MAX_LIVE: usize = rempart_group_policy::MAX_DEVICES;
/// Longest entry of officers or of an archive certificate, in bytes.
pub const MAX_OPAQUE: usize = 64 * 1024;
/// Longest leaf, in bytes.
pub const MAX_LEAF: usize = 1 + 8 + 1 + 1 + 1 + 4 + MAX_OPAQUE;
/// Tolerated difference between a device's clock and the log's, in milliseconds.
pub const SLACK: i64 = 5 * rempart_base::time::MINUTE;
