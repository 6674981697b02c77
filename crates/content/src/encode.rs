//! Content to bytes, for what the server and programs write. What a person's client wrote is never written anew.

use serde_json::{Map, Value, json};

use crate::decode::{ContentError, decode};
use crate::limits;
use crate::types::{Details, Epoch, File, Group, Membership, Message, Role};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rempart_base::AccountId;

/// A message's bytes.
///
/// # Errors
/// When it breaks a limit.
pub fn message(message: &Message) -> Result<Vec<u8>, ContentError> {
    let mut fields = Map::new();
    fields.insert("text".into(), message.text.as_str().into());
    if !message.mentions.is_empty() {
        fields.insert("mentions".into(), ids(&message.mentions));
    }
    if !message.files.is_empty() {
        fields.insert("files".into(), message.files.iter().map(file).collect());
    }
    checked("message", fields)
}

/// A message that is text alone.
///
/// # Errors
/// When the text is blank or over its limit.
pub fn text(text: &str) -> Result<Vec<u8>, ContentError> {
    message(&Message { text: text.to_owned(), ..Message::default() })
}

/// A conversation's details' bytes.
///
/// # Errors
/// When they break a limit.
pub fn details(details: &Details) -> Result<Vec<u8>, ContentError> {
    let mut fields = Map::new();
    fields.insert("title".into(), details.title.as_str().into());
    if let Some(topic) = &details.topic {
        fields.insert("topic".into(), topic.as_str().into());
    }
    if let Some(avatar) = details.avatar {
        fields.insert("avatar".into(), avatar.to_string().into());
    }
    checked("details", fields)
}

/// The bytes of one membership or several: a change of more than [`limits::MEMBERSHIP_CHANGES`] people takes as many
/// contents as it needs, to be appended in this order. None when nothing changes.
#[must_use]
pub fn membership(change: &Membership) -> Vec<Vec<u8>> {
    let by = change.by.map_or(Value::Null, |account| account.to_string().into());
    let content = |added: &[(AccountId, Role)], removed: &[AccountId], roles: &[(AccountId, Role)]| {
        let content = json!({
            "v": 1, "type": "membership", "by": by, "added": rows(added), "removed": ids(removed), "roles": rows(roles),
        });
        content.to_string().into_bytes()
    };
    let most = limits::MEMBERSHIP_CHANGES;
    match change.added.len() + change.removed.len() + change.roles.len() {
        0 => Vec::new(),
        all if all <= most => vec![content(&change.added, &change.removed, &change.roles)],
        // A list at a time, in the order in which one membership applies them.
        _ => (change.removed.chunks(most).map(|part| content(&[], part, &[])))
            .chain(change.added.chunks(most).map(|part| content(part, &[], &[])))
            .chain(change.roles.chunks(most).map(|part| content(&[], &[], part)))
            .collect(),
    }
}

/// The bytes of what the server says of a group.
#[must_use]
pub fn group(group: &Group) -> Vec<u8> {
    let name = |epoch: &Epoch| URL_SAFE_NO_PAD.encode(epoch.0);
    let names = |epochs: &[Epoch]| epochs.iter().map(name).collect::<Vec<_>>();
    let content = match group {
        Group::Started { by, device, group, epoch } => json!({
            "v": 1, "type": "group", "what": "started", "by": by.to_string(), "device": device.to_string(),
            "group": URL_SAFE_NO_PAD.encode(group), "epoch": name(epoch),
        }),
        Group::Final { epochs } => json!({ "v": 1, "type": "group", "what": "final", "epochs": names(epochs) }),
        Group::Dropped { to, epochs } => {
            json!({ "v": 1, "type": "group", "what": "dropped", "to": name(to), "epochs": names(epochs) })
        }
        Group::Alarm { device, epoch } => {
            json!({ "v": 1, "type": "group", "what": "alarm", "device": device.to_string(), "epoch": name(epoch) })
        }
    };
    content.to_string().into_bytes()
}

/// Writes a content and holds it to what readers will hold it to.
fn checked(kind: &str, mut fields: Map<String, Value>) -> Result<Vec<u8>, ContentError> {
    fields.insert("v".into(), 1.into());
    fields.insert("type".into(), kind.into());
    let bytes = Value::Object(fields).to_string().into_bytes();
    decode(&bytes)?;
    Ok(bytes)
}

fn ids(accounts: &[AccountId]) -> Value {
    accounts.iter().map(ToString::to_string).collect()
}

fn rows(members: &[(AccountId, Role)]) -> Value {
    members.iter().map(|(account, role)| json!({ "account": account.to_string(), "role": role.as_str() })).collect()
}

/// A file as it stands in a message; absent what it has not.
fn file(file: &File) -> Value {
    let mut fields = Map::new();
    fields.insert("blob".into(), file.blob.to_string().into());
    fields.insert("name".into(), file.name.as_str().into());
    fields.insert("size".into(), file.size.into());
    fields.insert("media_type".into(), file.media_type.as_str().into());
    for (name, pixels) in [("width", file.width), ("height", file.height)] {
        if let Some(pixels) = pixels {
            fields.insert(name.into(), pixels.into());
        }
    }
    if let Some(small) = file.thumbnail {
        let small = json!({ "blob": small.blob.to_string(), "width": small.width, "height": small.height });
        fields.insert("thumbnail".into(), small);
    }
    Value::Object(fields)
}
