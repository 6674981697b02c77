//! The types of content.

use rempart_base::{AccountId, BlobHash, DeviceId};

/// Role in a conversation, as membership contents write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Settings, members and roles.
    Owner,
    /// Members, and redacting what others wrote.
    Moderator,
    /// Reads and writes.
    Member,
    /// Reads.
    Reader,
}

impl Role {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Moderator => "moderator",
            Self::Member => "member",
            Self::Reader => "reader",
        }
    }

    /// The role of a word, if it is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Owner, Self::Moderator, Self::Member, Self::Reader].into_iter().find(|role| role.as_str() == word)
    }

    /// Whether one may set details and redact what others wrote.
    #[must_use]
    pub const fn moderates(self) -> bool {
        matches!(self, Self::Owner | Self::Moderator)
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A message; its entry may refer to the message answered.
    Message(Message),
    /// A new text for the message that its entry refers to.
    Revision(Revision),
    /// Takes back the message that its entry refers to.
    Redaction,
    /// A mark on the message that its entry refers to.
    Reaction(Reaction),
    /// The conversation's title, topic and avatar, replacing the former whole.
    Details(Details),
    /// A change of members, written by the server.
    Membership(Membership),
    /// What the server says of the conversation's group; written by the server.
    Group(Group),
    /// A type or version that this program does not know; shown as such.
    Unsupported,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Safe Markdown, as written.
    pub text: String,
    /// People to alert, in the order given.
    pub mentions: Vec<AccountId>,
    /// Files that come with it.
    pub files: Vec<File>,
}

/// A new text for a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Safe Markdown, as written.
    pub text: String,
    /// People mentioned, replacing the former.
    pub mentions: Vec<AccountId>,
}

/// A mark on a message, set or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// `seen`, `agreed`, `mine`, or anything, shown as typed.
    pub reaction: String,
    /// Set, or taken back.
    pub on: bool,
}

/// A conversation's face.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Its title.
    pub title: String,
    /// What it is about.
    pub topic: Option<String>,
    /// A picture.
    pub avatar: Option<BlobHash>,
}

/// A change of members: removals first, then additions, then roles of those who are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// Who did it; `None` when the server itself did.
    pub by: Option<AccountId>,
    /// Who joins, and as what.
    pub added: Vec<(AccountId, Role)>,
    /// Who leaves.
    pub removed: Vec<AccountId>,
    /// Who has another role.
    pub roles: Vec<(AccountId, Role)>,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its bytes.
    pub blob: BlobHash,
    /// Its name, without path.
    pub name: String,
    /// Bytes, as the sender says.
    pub size: u64,
    /// Media type, as the sender says.
    pub media_type: String,
    /// Pixels, for pictures and videos.
    pub width: Option<u32>,
    /// Pixels, for pictures and videos.
    pub height: Option<u32>,
    /// A small picture of it.
    pub thumbnail: Option<Thumbnail>,
}

/// A small picture, JPEG, WebP or PNG of at most 400 pixels each way, made by the sender's client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    /// Its bytes.
    pub blob: BlobHash,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// The name of an epoch: SHA-256 of its GroupContext. In JSON base64url without padding, as in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub [u8; 32]);

/// What the server says of the group of a sealed conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Group {
    /// A device made it. Where there was one before, this one takes its place.
    Started {
        /// Whose device.
        by: AccountId,
        /// The device alone in it.
        device: DeviceId,
        /// The group's name; in JSON base64url without padding.
        group: [u8; 16],
        /// Its first epoch.
        epoch: Epoch,
    },
    /// These epochs are final: nothing goes back before the last.
    Final {
        /// Oldest first.
        epochs: Vec<Epoch>,
    },
    /// These epochs are dropped, and what was written in them: its writers send it again.
    Dropped {
        /// The group is here again.
        to: Epoch,
        /// Oldest first.
        epochs: Vec<Epoch>,
    },
    /// A device refused an epoch that another account's device merged, or that removed it.
    Alarm {
        /// Who refused.
        device: DeviceId,
        /// Which epoch.
        epoch: Epoch,
    },
}
