//! What the application needs from the outside, as traits with one contract suite each.
//!
//! [`store`] keeps the truth, [`bus`] is a doorbell between sessions and nodes, [`blobs`] keeps bytes by name, [`env`] is
//! time and randomness. This crate must never know SQL, a wire format or which adapter is in use. The suites are in
//! [`contract`] (feature `contract`): every adapter runs the same cases; a missing backend fails.

pub mod blobs;
pub mod bus;
#[cfg(feature = "contract")]
pub mod contract;
pub mod env;
pub mod store;

pub use blobs::Blobs;
pub use bus::Bus;
pub use env::{Clock, Entropy};
pub use store::{Store, StoreError};
