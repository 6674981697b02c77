//! Bytes to content, with every limit checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rempart_base::{AccountId, BlobHash, DeviceId};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::limits;
use crate::types::{Content, Details, Epoch, File, Group, Membership, Message, Reaction, Revision, Role, Thumbnail};

/// Why bytes are no valid content.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ContentError {
    /// Over [`limits::CONTENT`].
    #[error("the content is longer than 64 KiB")]
    TooLong,
    /// Not JSON in UTF-8, nested too deep, or not an object with a version and a type.
    #[error("the content is not an object in JSON with v and type")]
    Unreadable,
    /// A known type whose field is missing, of a wrong kind or beyond its limit.
    #[error("{field} of the {kind} is missing, of a wrong kind or beyond its limit")]
    Invalid {
        /// The content's type.
        kind: &'static str,
        /// The field.
        field: &'static str,
    },
}

impl ContentError {
    /// Whether a reader is shown that something was here: what cannot be read at all, and a message that is not valid.
    #[must_use]
    pub fn is_shown(self) -> bool {
        match self {
            Self::TooLong | Self::Unreadable => true,
            Self::Invalid { kind, .. } => kind == "message",
        }
    }
}

/// Reads a content. Never fails on an unknown type or version: that is [`Content::Unsupported`].
///
/// # Errors
/// When the bytes cannot be read, or a known type breaks a limit.
pub fn decode(bytes: &[u8]) -> Result<Content, ContentError> {
    if bytes.len() > limits::CONTENT {
        return Err(ContentError::TooLong);
    }
    if nested_too_deep(bytes) {
        return Err(ContentError::Unreadable);
    }
    // Through a map rather than a derived reader, so that a key twice and `1.0` are taken as JavaScript takes them.
    let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
        return Err(ContentError::Unreadable);
    };
    let version = fields.get("v").and_then(Value::as_f64).ok_or(ContentError::Unreadable)?;
    #[expect(clippy::float_cmp, reason = "the version is exactly one, however it is written")]
    if version != 1.0 {
        return Ok(Content::Unsupported);
    }
    let kind = fields.get("type").and_then(Value::as_str).ok_or(ContentError::Unreadable)?;
    match kind {
        "message" => Fields { kind: "message", map: &fields }.message(),
        "revision" => Fields { kind: "revision", map: &fields }.revision(),
        "redaction" => Ok(Content::Redaction),
        "reaction" => Fields { kind: "reaction", map: &fields }.reaction(),
        "details" => Fields { kind: "details", map: &fields }.details(),
        "membership" => Fields { kind: "membership", map: &fields }.membership(),
        "group" => Fields { kind: "group", map: &fields }.group(),
        _ => Ok(Content::Unsupported),
    }
}

/// Counts brackets outside strings, so that both implementations stop at the same depth.
fn nested_too_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > limits::DEPTH {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The fields of an object within a content of type `kind`.
#[derive(Clone, Copy)]
struct Fields<'a> {
    kind: &'static str,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn message(self) -> Result<Content, ContentError> {
        let files = self.list("files", limits::FILES, |value| self.within(value, "files")?.file())?;
        let text = self.text(usize::from(files.is_empty()))?;
        Ok(Content::Message(Message { text, mentions: self.mentions()?, files }))
    }

    fn revision(self) -> Result<Content, ContentError> {
        // Whether an empty text is allowed depends on the message revised, so the fold decides that.
        Ok(Content::Revision(Revision { text: self.text(0)?, mentions: self.mentions()? }))
    }

    fn reaction(self) -> Result<Content, ContentError> {
        let reaction = self.string("reaction", 1, limits::REACTION_CHARS)?;
        let on = self.get("on").and_then(Value::as_bool).ok_or(self.invalid("on"))?;
        Ok(Content::Reaction(Reaction { reaction, on }))
    }

    fn details(self) -> Result<Content, ContentError> {
        Ok(Content::Details(Details {
            title: self.string("title", 0, limits::TITLE_CHARS)?,
            topic: self.optional("topic", |f| self.string(f, 0, limits::TOPIC_CHARS))?,
            avatar: self.optional("avatar", |f| self.blob(f))?,
        }))
    }

    fn membership(self) -> Result<Content, ContentError> {
        let roles = |field| {
            self.list(field, usize::MAX, |value| {
                let row = self.within(value, field)?;
                let role = row.get("role").and_then(Value::as_str).and_then(Role::from_word);
                let account = row.map.get("account").and_then(account);
                account.zip(role).ok_or(self.invalid(field))
            })
        };
        Ok(Content::Membership(Membership {
            by: self.optional("by", |f| self.get(f).and_then(account).ok_or(self.invalid(f)))?,
            added: roles("added")?,
            removed: self.accounts("removed", usize::MAX)?,
            roles: roles("roles")?,
        }))
    }

    fn group(self) -> Result<Content, ContentError> {
        let what = self.get("what").and_then(Value::as_str).ok_or(self.invalid("what"))?;
        Ok(Content::Group(match what {
            "started" => Group::Started {
                by: self.get("by").and_then(account).ok_or(self.invalid("by"))?,
                device: self.device()?,
                group: self.get("group").and_then(bytes::<16>).ok_or(self.invalid("group"))?,
                epoch: self.epoch("epoch")?,
            },
            "final" => Group::Final { epochs: self.epochs()? },
            "dropped" => Group::Dropped { to: self.epoch("to")?, epochs: self.epochs()? },
            "alarm" => Group::Alarm { device: self.device()?, epoch: self.epoch("epoch")? },
            _ => return Ok(Content::Unsupported),
        }))
    }

    fn device(self) -> Result<DeviceId, ContentError> {
        let text = self.get("device").and_then(Value::as_str);
        text.and_then(|text| text.parse().ok()).ok_or(self.invalid("device"))
    }

    fn epoch(self, field: &'static str) -> Result<Epoch, ContentError> {
        self.get(field).and_then(bytes::<32>).map(Epoch).ok_or(self.invalid(field))
    }

    fn epochs(self) -> Result<Vec<Epoch>, ContentError> {
        self.list("epochs", usize::MAX, |value| bytes::<32>(value).map(Epoch).ok_or(self.invalid("epochs")))
    }

    fn file(self) -> Result<File, ContentError> {
        let name = self.string("name", 1, limits::FILE_NAME_CHARS)?;
        if name.contains(|c: char| c == '/' || c == '\\' || c.is_control()) {
            return Err(self.invalid("name"));
        }
        Ok(File {
            blob: self.blob("blob")?,
            name,
            size: self.integer("size")?,
            media_type: self.string("media_type", 0, limits::MEDIA_TYPE_CHARS)?,
            width: self.optional("width", |f| self.pixels(f))?,
            height: self.optional("height", |f| self.pixels(f))?,
            thumbnail: self.optional("thumbnail", |f| {
                let fields = self.within(self.get(f).unwrap_or(&Value::Null), "thumbnail")?;
                Ok(Thumbnail {
                    blob: fields.blob("blob")?,
                    width: fields.pixels("width")?,
                    height: fields.pixels("height")?,
                })
            })?,
        })
    }

    fn get(self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    const fn invalid(self, field: &'static str) -> ContentError {
        ContentError::Invalid { kind: self.kind, field }
    }

    /// The fields of an object that `field` holds.
    fn within(self, value: &'a Value, field: &'static str) -> Result<Self, ContentError> {
        let map = value.as_object().ok_or(self.invalid(field))?;
        Ok(Self { kind: self.kind, map })
    }

    fn optional<T>(
        self,
        field: &'static str,
        read: impl FnOnce(&'static str) -> Result<T, ContentError>,
    ) -> Result<Option<T>, ContentError> {
        if self.get(field).is_some() { read(field).map(Some) } else { Ok(None) }
    }

    fn list<T>(
        self,
        field: &'static str,
        most: usize,
        read: impl Fn(&'a Value) -> Result<T, ContentError>,
    ) -> Result<Vec<T>, ContentError> {
        match self.get(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) if values.len() <= most => values.iter().map(read).collect(),
            Some(_) => Err(self.invalid(field)),
        }
    }

    /// `text`, of `least` characters or more without the blanks at its ends, as written.
    fn text(self, least: usize) -> Result<String, ContentError> {
        let text = self.get("text").and_then(Value::as_str).ok_or(self.invalid("text"))?;
        if !(least..=limits::TEXT_CHARS).contains(&text.trim().chars().count()) {
            return Err(self.invalid("text"));
        }
        Ok(text.to_owned())
    }

    fn string(self, field: &'static str, least: usize, most: usize) -> Result<String, ContentError> {
        let text = self.get(field).and_then(Value::as_str).ok_or(self.invalid(field))?;
        if (least..=most).contains(&text.chars().count()) { Ok(text.to_owned()) } else { Err(self.invalid(field)) }
    }

    fn integer(self, field: &'static str) -> Result<u64, ContentError> {
        self.get(field).and_then(integer).ok_or(self.invalid(field))
    }

    fn pixels(self, field: &'static str) -> Result<u32, ContentError> {
        let pixels = self.integer(field)?;
        let bounded = u32::try_from(pixels).ok().filter(|_| (1..=limits::PIXELS).contains(&pixels));
        bounded.ok_or(self.invalid(field))
    }

    fn blob(self, field: &'static str) -> Result<BlobHash, ContentError> {
        self.get(field).and_then(Value::as_str).and_then(|text| text.parse().ok()).ok_or(self.invalid(field))
    }

    fn mentions(self) -> Result<Vec<AccountId>, ContentError> {
        self.accounts("mentions", limits::MENTIONS)
    }

    fn accounts(self, field: &'static str, most: usize) -> Result<Vec<AccountId>, ContentError> {
        self.list(field, most, |value| account(value).ok_or(self.invalid(field)))
    }
}

fn bytes<const N: usize>(value: &Value) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(value.as_str()?).ok()?.try_into().ok()
}

fn account(value: &Value) -> Option<AccountId> {
    value.as_str()?.parse().ok()
}

/// A whole number of at most [`limits::INTEGER`], with or without a point.
fn integer(value: &Value) -> Option<u64> {
    let number = match value.as_u64() {
        Some(whole) => whole,
        None => {
            let float = value.as_f64().filter(|f| f.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(f))?;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and in range, just checked"
            )]
            let whole = float as u64;
            whole
        }
    };
    Some(number).filter(|n| *n <= limits::INTEGER)
}
