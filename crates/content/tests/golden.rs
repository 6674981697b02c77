//! The golden set: every case whole, twice over, and cut at every place. See `golden/README.md`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a case that cannot be read must fail the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rempart_base::{AccountId, Timestamp};
use rempart_content::{Content, Entry, EntryKind, File, Fold, Role, View, decode};
use serde_json::{Map, Value, json};

struct Owned {
    seq: u64,
    kind: EntryKind,
    account: Option<AccountId>,
    time: i64,
    refers_to: Option<u64>,
    content: Option<Vec<u8>>,
}

impl Owned {
    fn read(value: &Value) -> Self {
        let content = match (&value["content"], &value["bytes"]) {
            (_, Value::String(bytes)) => Some(URL_SAFE_NO_PAD.decode(bytes).unwrap()),
            (Value::Null, _) => None,
            (Value::String(text), _) => Some(text.clone().into_bytes()),
            (object, _) => Some(object.to_string().into_bytes()),
        };
        Self {
            seq: value["seq"].as_u64().unwrap(),
            kind: match value["kind"].as_str().unwrap() {
                "content" => EntryKind::Content,
                "membership" => EntryKind::Membership,
                "erasure" => EntryKind::Erasure,
                other => panic!("kind {other}"),
            },
            account: value["account"].as_str().map(|a| a.parse().unwrap()),
            time: value["time"].as_i64().unwrap(),
            refers_to: value["refers_to"].as_u64(),
            content,
        }
    }

    fn entry(&self) -> Entry<'_> {
        Entry {
            seq: self.seq,
            kind: self.kind,
            account: self.account,
            time: Timestamp::from_millis(self.time),
            refers_to: self.refers_to,
            content: self.content.as_deref(),
        }
    }
}

fn members(value: &Value) -> BTreeMap<AccountId, Role> {
    let rows = value.as_object().unwrap();
    rows.iter().map(|(a, r)| (a.parse().unwrap(), Role::from_word(r.as_str().unwrap()).unwrap())).collect()
}

fn file(file: &File) -> Value {
    json!({
        "blob": file.blob.to_string(), "name": file.name, "size": file.size, "media_type": file.media_type,
        "width": file.width, "height": file.height,
        "thumbnail": file.thumbnail.map(|t| json!({ "blob": t.blob.to_string(), "width": t.width, "height": t.height })),
    })
}

fn json_of(view: &View) -> Value {
    let id = |account: &AccountId| account.to_string();
    let messages: Vec<Value> = view
        .messages
        .iter()
        .map(|row| {
            let reactions: Map<String, Value> =
                row.reactions.iter().map(|(key, by)| (key.clone(), by.iter().map(id).collect())).collect();
            json!({
                "seq": row.seq, "account": row.account.as_ref().map(id), "time": row.time.millis(), "text": row.text,
                "mentions": row.mentions.iter().map(id).collect::<Vec<_>>(),
                "files": row.files.iter().map(file).collect::<Vec<_>>(),
                "reply_to": row.reply_to, "revised": row.revised.map(Timestamp::millis),
                "redacted": row.redacted.map(|r| json!({ "by": id(&r.by), "time": r.time.millis() })),
                "erased": row.erased, "unsupported": row.unsupported, "reactions": reactions,
            })
        })
        .collect();
    json!({
        "details": view.details.as_ref().map(|d| json!({
            "title": d.title, "topic": d.topic, "avatar": d.avatar.map(|a| a.to_string()),
        })),
        "members": view.members.iter().map(|(a, r)| (id(a), r.as_str().into())).collect::<Map<_, Value>>(),
        "messages": messages,
    })
}

#[test]
fn every_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut cases = 0;
    for path in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        cases += 1;
        let case: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let entries: Vec<Owned> = case["entries"].as_array().unwrap().iter().map(Owned::read).collect();
        let seed = members(&case["seed"]);
        let told = |how: &str, view: &View| {
            assert_eq!(json_of(view), case["view"], "{} ({how}): {}", path.display(), case["name"]);
        };

        let mut whole = Fold::new(seed.clone());
        for entry in &entries {
            whole.apply(&entry.entry());
        }
        told("whole", &whole.view());
        for entry in &entries {
            whole.apply(&entry.entry());
        }
        told("applied again", &whole.view());

        for cut in 0..=entries.len() {
            let (older, newer) = entries.split_at(cut);
            let mut before = Fold::new(seed.clone());
            for entry in older {
                before.apply(&entry.entry());
            }
            let mut fold = Fold::new(before.members().clone());
            for entry in newer {
                fold.apply(&entry.entry());
            }
            fold.prepend(seed.clone(), older.iter().map(Owned::entry));
            told(&format!("cut before entry {cut}"), &fold.view());
        }
    }
    assert!(cases >= 25, "only {cases} cases found");
}

#[test]
fn every_type_stands_in_the_set() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut seen = [false; 8];
    for path in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        let Ok(case) = serde_json::from_slice::<Value>(&fs::read(&path).unwrap()) else { continue };
        for entry in case["entries"].as_array().unwrap().iter().map(Owned::read) {
            let Some(Ok(content)) = entry.content.as_deref().map(decode) else { continue };
            seen[match content {
                Content::Message(_) => 0,
                Content::Revision(_) => 1,
                Content::Redaction => 2,
                Content::Reaction(_) => 3,
                Content::Details(_) => 4,
                Content::Membership(_) => 5,
                Content::Unsupported => 6,
                Content::Group(_) => 7,
            }] = true;
        }
    }
    assert_eq!(seen, [true; 8]);
}
