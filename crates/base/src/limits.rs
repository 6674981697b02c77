//! Limits that more than one layer must agree on. Bytes unless the name says otherwise.

/// Content of one journal entry, before sealing.
pub const CONTENT: usize = 64 * 1024;
/// What sealing adds to a content at most: framing, signature and tag of an MLS PrivateMessage (RFC 9420 §6.3).
pub const SEAL_OVERHEAD: usize = 1024;
/// People of one sealed conversation.
pub const SEALED_MEMBERS: usize = 500;
/// A group's handshake message; an add of many people in the post-quantum suite is large.
pub const HANDSHAKE: usize = 4 * 1024 * 1024;
/// Display name, title, department, conversation title: characters.
pub const NAME_CHARS: usize = 100;
/// The part of an address before `@`: characters.
pub const LOCAL_CHARS: usize = 64;
/// Domain name: characters (RFC 1035 §2.3.4).
pub const DOMAIN_CHARS: usize = 253;
/// A password: characters. Long enough for any sentence, short enough that hashing it is no attack.
pub const PASSWORD_CHARS: usize = 256;
/// Presence text: characters.
pub const PRESENCE_CHARS: usize = 120;
/// Members of one conversation.
pub const MEMBERS: usize = 5_000;
/// Entries of one page of a journal.
pub const PAGE: u32 = 200;
/// Rows of one page of people or other lists.
pub const LIST_PAGE: u32 = 200;
/// One uploaded file, unless configured lower.
pub const BLOB: u64 = 2 * 1024 * 1024 * 1024;
/// One part of an upload.
pub const UPLOAD_PART: usize = 4 * 1024 * 1024;
/// Blobs named by one entry.
pub const BLOBS_PER_ENTRY: usize = 20;
/// A JSON request or WebSocket message.
pub const REQUEST: usize = 256 * 1024;
/// A commit with its Welcome, in JSON by HTTP: two handshake messages in base64.
pub const COMMIT_REQUEST: usize = 2 * HANDSHAKE.div_ceil(3) * 4 + 4096;
/// Key packages or a keyring, in JSON by HTTP: 100 packages of the post-quantum suite in base64.
pub const KEYS_REQUEST: usize = 1024 * 1024;
/// A person's simultaneously signed-in devices.
pub const DEVICES: usize = 20;
/// API tokens of one account.
pub const API_TOKENS: usize = 50;
