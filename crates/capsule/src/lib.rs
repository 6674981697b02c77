//! Sealing to an archive that nobody can read alone: archive policy and its certificate, epoch capsules, the officers'
//! threshold key, recorded content, files, and the opening of one conversation.
//!
//! Everything here is a pure function of its arguments: no clock, no thread, no file, no network, and randomness comes
//! in as bytes or as a generator, so that client, auditor's tool and browser run the same code. No value of this crate
//! outlives a call with a secret in it unless the caller holds it; those types are erased on drop and print nothing.
//! This crate must never know MLS, a store, an account or a protocol: it is handed what the MLS exporter gave.
//!
//! Every format carries the suite, 1: ristretto255 (RFC 9496) and X-Wing (draft-connolly-cfrg-xwing-kem-06) side by
//! side, HKDF-SHA-256 (RFC 5869), AES-256-GCM (NIST SP 800-38D), Ed25519 (RFC 8032). Formats are written in the
//! presentation language of TLS (RFC 8446 §3), all numbers big-endian, and each value has one spelling.
//!
//! Reading order: [`keys`] (what is sealed to), [`policy`] and [`officers`] (who may name it), [`capsule`] and
//! [`proof`] (one epoch's key, sealed), [`sent`] (how it is delivered), [`threshold`] and [`partial`] (how officers open it), [`opening`] (how their
//! answers travel), [`canary`] (that they still can), [`locked`] (how secrets rest in files), [`content`] and [`mod@file`] (what the epoch's key protects).

pub mod canary;
pub mod capsule;
pub mod codec;
pub mod content;
pub mod file;
pub mod keys;
pub mod locked;
pub mod officers;
pub mod opening;
pub mod partial;
pub mod policy;
pub mod proof;
pub mod sent;
pub mod threshold;

mod derive;
mod shamir;

pub use canary::{Canary, CanaryAnswer};
pub use capsule::{Capsule, Checked, Place, Target};
pub use codec::{FormatError, SUITE};
pub use content::{Entry, Header};
pub use file::FileCipher;
pub use keys::{ArchiveKeys, EpochKey, FileKey, InnerSecret, OuterKey, Seed};
pub use officers::{Certificate, Grant, OfficerKey, OfficerSet, SetChange, Standing};
pub use opening::{Release, Request, SealedRelease};
pub use partial::Partial;
pub use policy::{Period, Policy, Retention, Threshold};
pub use sent::SentCapsule;
pub use threshold::{OfficerShare, OuterShare, Record};
