//! Identifiers, a type each: UUIDv7 in 16 bytes, lower-case hyphenated in text. They are made by a port, never here.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

/// A text that is not an identifier.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not a valid identifier")]
pub struct BadId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Takes the 16 bytes as they stand.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes, as stored.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = BadId;
            fn try_from(bytes: &[u8]) -> Result<Self, BadId> {
                bytes.try_into().map(Self).map_err(|_| BadId)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Uuid::from_bytes(self.0).hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            /// Only the lower-case hyphenated form: one id has one spelling.
            fn from_str(text: &str) -> Result<Self, BadId> {
                let id = Uuid::try_parse(text).map_err(|_| BadId)?;
                let ours = Self(*id.as_bytes());
                if text.len() == 36 && !text.bytes().any(|b| b.is_ascii_uppercase()) { Ok(ours) } else { Err(BadId) }
            }
        }
    )+};
}

ids! {
    /// An identity that can sign in.
    AccountId,
    /// One client installation.
    DeviceId,
    /// One authenticated connection, or a browser profile's cookie.
    SessionId,
    /// An ordered journal with members.
    ConversationId,
    /// What a client calls an entry before the server has numbered it; makes retries idempotent per device.
    ClientId,
    /// An invitation to make an account.
    InvitationId,
    /// A scoped token of a program.
    ApiTokenId,
    /// A resumable upload in progress.
    UploadId,
    /// A running server process.
    NodeId,
    /// One request, for the log.
    RequestId,
}

/// The SHA-256 of a blob's bytes as stored by clients; 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobHash([u8; 32]);

impl BlobHash {
    /// Takes the 32 bytes as they stand.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, as stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<&[u8]> for BlobHash {
    type Error = BadId;
    fn try_from(bytes: &[u8]) -> Result<Self, BadId> {
        bytes.try_into().map(Self).map_err(|_| BadId)
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for BlobHash {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let nibble = |b: u8| match b {
            b'0'..=b'9' => Ok(b - b'0'),
            b'a'..=b'f' => Ok(b - b'a' + 10),
            _ => Err(BadId),
        };
        if text.len() != 64 {
            return Err(BadId);
        }
        let mut out = [0u8; 32];
        for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            if let [high, low] = pair {
                *byte = nibble(*high)? << 4 | nibble(*low)?;
            }
        }
        Ok(Self(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        let text = "0190b3c4-5d6e-7f80-8123-456789abcdef";
        let id: AccountId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!("0190B3C4-5D6E-7F80-8123-456789ABCDEF".parse::<AccountId>(), Err(BadId));
        assert_eq!("0190b3c45d6e7f808123456789abcdef".parse::<AccountId>(), Err(BadId));
        assert_eq!("".parse::<AccountId>(), Err(BadId));
    }

    #[test]
    fn blob_hash_round_trip() {
        let text = "00ff10a0".repeat(8);
        assert_eq!(text.parse::<BlobHash>().unwrap().to_string(), text);
        assert_eq!(text.to_uppercase().parse::<BlobHash>(), Err(BadId));
        assert_eq!("é".repeat(32).parse::<BlobHash>(), Err(BadId));
    }
}
