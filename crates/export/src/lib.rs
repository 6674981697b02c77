//! What the server and the auditor's tool hand each other: the export of an archive, and the public part of a ceremony.
//!
//! Both sides read and write these formats with this code. It is an engine: bytes in, values out, no file is opened here.
//! Nothing of an export is believed because it stands there: whoever reads one proves every entry against the log's signed
//! head, and this crate only says what the bytes are. It must never know a store, a server or how an entry is opened.
//!
//! Reading order: [`layout`] (which files there are), [`lines`] (the entries), [`public`] (archive keys and who vouches).
//! The formats are described in `docs/protocols/export.md`.

pub mod layout;
pub mod lines;
pub mod public;

pub use layout::Manifest;
pub use lines::{KeyLine, Line};
pub use public::{Archive, Public, Trust};

use thiserror::Error;

/// Why something is not in these formats.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// Not JSON, or not with these fields.
    #[error("not in the format: {0}")]
    Json(String),
    /// Another format or a later version.
    #[error("this is not “{0}”")]
    Kind(&'static str),
    /// A field whose text is not what it must be.
    #[error("{0} is not written as it must be")]
    Field(&'static str),
    /// A line over [`lines::LONGEST`].
    #[error("the line is longer than any entry")]
    TooLong,
    /// A leaf that is none.
    #[error(transparent)]
    Leaf(#[from] rempart_merkle::leaf::LeafError),
    /// Names an archive key that its officers do not vouch for.
    #[error("the archive key of {period}, class {class}: {why}")]
    Archive {
        /// Its quarter.
        period: String,
        /// Its class.
        class: u16,
        /// Why.
        why: String,
    },
}
