//! What is in journal entries: the types of content, their bytes, their limits, and the fold that makes a conversation
//! out of them.
//!
//! A content is UTF-8 JSON, `{"v":1,"type":"…",…}`, kept as the sender's exact bytes. Everything here is a pure
//! function, so that the server and a client give one answer. This crate must never know a store, a protocol, a clock
//! or how an entry travelled; it draws nothing (Markdown is rendered by the client).
//!
//! Reading order: [`types`] (what a content can be), [`decode()`] (bytes to content, with limits), [`encode`] (content
//! to bytes), [`fold`] (entries to a conversation), [`view`] (what it looks like). The rules of the fold are in
//! `golden/README.md` and in the cases beside it, which the TypeScript fold is held to as well.

pub mod decode;
pub mod encode;
pub mod fold;
pub mod limits;
pub mod types;
pub mod view;

mod roles;

pub use decode::{ContentError, decode};
pub use fold::{Change, Entry, EntryKind, Fold};
pub use types::{Content, Details, Epoch, File, Group, Membership, Message, Reaction, Revision, Role, Thumbnail};
pub use view::View;
