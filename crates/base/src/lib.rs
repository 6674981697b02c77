//! Typed ids, time, redaction and limits: what every other crate may say.
//!
//! This crate must never know a protocol, a store or a clock. Reading order: [`id`], [`time`], [`redact`], [`limits`].

pub mod id;
pub mod limits;
pub mod redact;
pub mod time;

pub use id::{
    AccountId, ApiTokenId, BlobHash, ClientId, ConversationId, DeviceId, InvitationId, NodeId, RequestId, SessionId,
    UploadId,
};
pub use redact::{Chain, Secret};
pub use time::Timestamp;
