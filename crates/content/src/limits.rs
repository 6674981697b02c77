//! Limits of contents. Characters are Unicode scalar values.

/// One content: bytes.
pub const CONTENT: usize = rempart_base::limits::CONTENT;
/// Arrays and objects within each other.
pub const DEPTH: usize = 32;
/// A message's text without blanks at its ends: characters.
pub const TEXT_CHARS: usize = 16_384;
/// People mentioned in a message.
pub const MENTIONS: usize = 100;
/// Files of a message.
pub const FILES: usize = 10;
/// A file's name: characters.
pub const FILE_NAME_CHARS: usize = 255;
/// A file's media type: characters.
pub const MEDIA_TYPE_CHARS: usize = 255;
/// Width or height of a picture: pixels.
pub const PIXELS: u64 = 1_000_000;
/// A whole number: 2⁵³ − 1, the greatest that every JSON reader keeps exactly.
pub const INTEGER: u64 = (1 << 53) - 1;
/// A reaction: characters.
pub const REACTION_CHARS: usize = 32;
/// A conversation's title: characters.
pub const TITLE_CHARS: usize = rempart_base::limits::NAME_CHARS;
/// A conversation's topic: characters.
pub const TOPIC_CHARS: usize = 500;
/// Changes in one membership content as the server writes it, so that it stays within [`CONTENT`].
pub const MEMBERSHIP_CHANGES: usize = 500;
