//! A server in memory: people, conversations, epochs, a log that is signed and written as an export. It can be honest, and
//! every attack of these tests is something that it does differently.

#![expect(clippy::indexing_slicing, reason = "a test's helpers may fail the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use rempart_base::{AccountId, BlobHash, ConversationId, DeviceId, Timestamp};
use rempart_capsule::capsule::Target;
use rempart_capsule::keys::FileKey;
use rempart_capsule::{Capsule, Entry, EpochKey, FileCipher, Header, Policy, Request, Seed, SentCapsule};
use rempart_export::layout::{self, Journal, Manifest, Person};
use rempart_export::{KeyLine, Line};
use rempart_group_policy::credential::{DeviceClaim, DeviceCredential};
use rempart_key_log::{Cause, Entry as KeyEntry, Leaf as KeyLeaf};
use rempart_merkle::cosignature::{WitnessKey, message};
use rempart_merkle::leaf::{
    KIND_CAPSULE, KIND_COMMIT, KIND_CONTENT, KIND_MEMBERSHIP, KIND_OPENING, content_hash, leaf_hash,
};
use rempart_merkle::tile::{FULL, Tile, TileWriter};
use rempart_merkle::{Checkpoint, Leaf, LogKey, Sender};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::{Run, ceremony, file, files, passphrase, run};

/// 2026-10-05, a day of 2026Q4, counted from 1970.
pub(crate) const MONDAY: u32 = 20_731;
const DAY: u64 = 86_400_000;

pub(crate) fn sha(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

#[derive(Clone)]
pub(crate) struct Member {
    pub account: AccountId,
    pub device: DeviceId,
    pub key: SigningKey,
    certificate: [u8; 32],
    leaf: u32,
}

#[derive(Clone, Copy)]
pub(crate) struct Conversation {
    pub id: ConversationId,
    pub group: [u8; 16],
}

#[derive(Clone)]
pub(crate) struct Epoch {
    pub conversation: Conversation,
    pub reference: [u8; 32],
    pub number: u64,
    pub day: u32,
    pub key: EpochKey,
    pub seed: Seed,
}

/// An entry of the log.
#[derive(Clone)]
pub(crate) struct Logged {
    pub line: Line,
}

pub(crate) struct World {
    pub dir: TempDir,
    pub log: LogKey,
    pub policy: Policy,
    pub people: Vec<Member>,
    pub entries: Vec<Logged>,
    key_leaves: Vec<Vec<u8>>,
    seqs: BTreeMap<ConversationId, u64>,
    blobs: Vec<(BlobHash, Vec<u8>)>,
    clock: u64,
    counter: u64,
    pub whole_log: bool,
    pub witnesses: Vec<SigningKey>,
}

pub(crate) fn witness(number: u8) -> (WitnessKey, SigningKey) {
    let key = SigningKey::from_bytes(&[200 + number; 32]);
    (WitnessKey::new(&format!("witness-{number}.example"), key.verifying_key().as_bytes()).unwrap(), key)
}

impl World {
    /// Five officers, three needed; two people.
    pub(crate) fn new() -> Self {
        Self::with_ceremony(&[])
    }

    pub(crate) fn with_ceremony(more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let all = [&["--retention", "1:60", "--period", "2026Q4"], more].concat();
        ceremony::five(dir.path(), &all).succeeds();
        let policy = ceremony::trust(dir.path()).archives[0].policy.clone();
        let mut world = Self {
            dir,
            log: ceremony::log(),
            policy,
            people: Vec::new(),
            entries: Vec::new(),
            key_leaves: Vec::new(),
            seqs: BTreeMap::new(),
            blobs: Vec::new(),
            clock: 0,
            counter: 0,
            whole_log: false,
            witnesses: Vec::new(),
        };
        for number in 1..=2 {
            world.enrol(number);
        }
        world
    }

    fn enrol(&mut self, number: u8) {
        let (account, device) = (AccountId::from_bytes([number; 16]), DeviceId::from_bytes([number + 100; 16]));
        let identity = SigningKey::from_bytes(&[number + 10; 32]);
        let key = SigningKey::from_bytes(&[number + 20; 32]);
        let time = Timestamp::from_millis(i64::try_from(u64::from(MONDAY - 10) * DAY).unwrap());
        let public = identity.verifying_key().to_bytes();
        let signature = identity.sign(&KeyEntry::identity_to_sign(account, &Cause::First, 0, &public)).to_bytes();
        let entry = KeyEntry::Identity { account, cause: Cause::First, serial: 0, key: public, signature };
        self.key_leaves.push(KeyLeaf { time, entry }.encode());
        let claim = DeviceClaim::member(account, device, time);
        let leaf_key = key.verifying_key().to_bytes();
        let credential = DeviceCredential { signature: identity.sign(&claim.to_sign(&leaf_key)).to_bytes(), claim };
        let certificate = sha(&[&credential.encode()]);
        self.key_leaves.push(KeyLeaf { time, entry: KeyEntry::Device { credential, leaf_key } }.encode());
        self.people.push(Member { account, device, key, certificate, leaf: u32::from(number) });
    }

    pub(crate) fn conversation(&mut self, number: u8) -> Conversation {
        let id = ConversationId::from_bytes([number; 16]);
        let conversation = Conversation { id, group: [number; 16] };
        let added: Vec<String> = self
            .people
            .iter()
            .map(|person| format!("{{\"account\":\"{}\",\"role\":\"member\"}}", person.account))
            .collect();
        let content =
            format!("{{\"v\":1,\"type\":\"membership\",\"added\":[{}],\"removed\":[],\"roles\":[]}}", added.join(","));
        self.append(id, KIND_MEMBERSHIP, Sender::Task("conversations".into()), &[], 0, content.as_bytes(), MONDAY - 1);
        conversation
    }

    /// An entry of the log, at noon and some of a day.
    #[expect(clippy::too_many_arguments, reason = "the fields of a leaf")]
    pub(crate) fn append(
        &mut self,
        conversation: ConversationId,
        kind: u8,
        sender: Sender,
        epoch_ref: &[u8],
        refers_to: u64,
        content: &[u8],
        day: u32,
    ) -> u64 {
        self.clock += 1;
        let seq = self.seqs.entry(conversation).or_insert(0);
        *seq += 1;
        let salt = sha(&[b"salt", &self.clock.to_be_bytes()]);
        let leaf = Leaf {
            kind,
            conversation,
            seq: *seq,
            server_time_ms: u64::from(day) * DAY + DAY / 2 + self.clock,
            sender,
            epoch_ref: epoch_ref.to_vec(),
            refers_to,
            content_len: content.len().try_into().unwrap(),
            content_hash: content_hash(&salt, content),
        };
        let position = self.entries.len().try_into().unwrap();
        let line = Line::new(position, leaf, Some((salt, content.to_vec()))).unwrap();
        self.entries.push(Logged { line });
        *seq
    }

    /// Begins an epoch, with a commit and the right capsule.
    pub(crate) fn epoch(&mut self, conversation: Conversation, number: u64, day: u32) -> Epoch {
        let epoch = self.silent_epoch(conversation, number, day);
        self.capsule(&epoch, 0, &epoch.key.clone(), &epoch.seed.clone(), day);
        epoch
    }

    /// Begins an epoch whose capsule is still to come.
    pub(crate) fn silent_epoch(&mut self, conversation: Conversation, number: u64, day: u32) -> Epoch {
        let reference = sha(&[b"epoch", &conversation.group, &number.to_be_bytes()]);
        let wide: Vec<u8> = (0..4_u8).flat_map(|part| sha(&[b"seed", &reference, &[part]])).collect();
        let epoch = Epoch {
            conversation,
            reference,
            number,
            day,
            key: EpochKey::from_bytes(sha(&[b"key", &reference])),
            seed: Seed::from_bytes(wide.try_into().unwrap()),
        };
        let device = Sender::Device(self.people[0].device);
        self.append(conversation.id, KIND_COMMIT, device, &reference, 0, b"a commit", day);
        epoch
    }

    /// Logs a capsule of this key for an epoch, sent by a person.
    pub(crate) fn capsule(&mut self, epoch: &Epoch, person: usize, key: &EpochKey, seed: &Seed, day: u32) {
        let target = Target::new(&self.policy);
        let place = target.place(&epoch.conversation.group, epoch.reference).unwrap();
        let capsule = Capsule::make(&place, seed, key).unwrap();
        self.send(epoch, person, &capsule, day);
    }

    /// Logs any capsule as this epoch's.
    pub(crate) fn send(&mut self, epoch: &Epoch, person: usize, capsule: &Capsule, day: u32) {
        let commit = sha(&[b"a commit"]);
        let unsigned =
            SentCapsule::prepare(&epoch.conversation.group, epoch.number, epoch.reference, commit, capsule).unwrap();
        let signature = self.people[person].key.sign(&unsigned.signature_input()).to_bytes();
        let bytes = unsigned.sign(signature).encode().unwrap();
        let device = Sender::Device(self.people[person].device);
        self.append(epoch.conversation.id, KIND_CAPSULE, device, &epoch.reference, 0, &bytes, day);
    }

    /// The right capsule of an epoch.
    pub(crate) fn right_capsule(&self, epoch: &Epoch) -> Capsule {
        let target = Target::new(&self.policy);
        let place = target.place(&epoch.conversation.group, epoch.reference).unwrap();
        Capsule::make(&place, &epoch.seed, &epoch.key).unwrap()
    }

    /// A recorded message. Files are sealed and become blobs.
    pub(crate) fn say(&mut self, epoch: &Epoch, person: usize, text: &str, attached: &[(&str, &[u8])]) -> u64 {
        let mut list = Vec::new();
        let mut blobs = Vec::new();
        for (name, bytes) in attached {
            let key = FileKey::from_bytes(sha(&[b"file", name.as_bytes()]));
            let cipher = FileCipher::new(&key);
            let sealed = [cipher.header().to_vec(), cipher.seal_chunk(0, true, bytes).unwrap()].concat();
            let hash = BlobHash::from_bytes(sha(&[&sealed]));
            list.push(serde_json::json!({
                "blob": hash.to_string(), "name": name, "size": bytes.len(), "media_type": "text/plain",
                "key": STANDARD.encode(key.as_bytes()),
            }));
            blobs.push(*hash.as_bytes());
            self.blobs.push((hash, sealed));
        }
        let content = serde_json::json!({ "v": 1, "type": "message", "text": text, "files": list }).to_string();
        let entry = self.seal(epoch, person, content.as_bytes(), blobs);
        let device = Sender::Device(self.people[person].device);
        self.append(epoch.conversation.id, KIND_CONTENT, device, &epoch.reference, 0, &entry.encode(), epoch.day)
    }

    pub(crate) fn seal(&mut self, epoch: &Epoch, person: usize, content: &[u8], blobs: Vec<[u8; 32]>) -> Entry {
        self.counter += 1;
        let member = &self.people[person];
        let header = Header {
            group: epoch.conversation.group.to_vec(),
            epoch_ref: epoch.reference,
            leaf: member.leaf,
            certificate: member.certificate,
            counter: self.counter,
            client_id: sha(&[b"client", &self.counter.to_be_bytes()])[..16].try_into().unwrap(),
            salt: sha(&[b"entry", &self.counter.to_be_bytes()]),
            refers_to: 0,
            blobs,
        };
        let unsigned = Entry::seal(header, &epoch.key, content).unwrap();
        let signature = member.key.sign(&unsigned.signature_input()).to_bytes();
        unsigned.sign(signature)
    }

    /// Logs a request, as the server does when it is given the file.
    pub(crate) fn log_request(&mut self, path: &Path) -> Request {
        let text = std::fs::read_to_string(path).unwrap();
        let body: String = text.lines().skip(1).collect();
        let bytes = STANDARD.decode(body).unwrap();
        let openings = ConversationId::from_bytes([255; 16]);
        self.append(openings, KIND_OPENING, Sender::Task("openings".into()), &[], 0, &bytes, MONDAY + 9);
        Request::decode(&bytes).unwrap()
    }

    /// Writes the export of these conversations under a head signed by log and witnesses.
    pub(crate) fn export(&self, name: &str, conversations: &[Conversation]) -> PathBuf {
        let lines: Vec<Line> = self.entries.iter().map(|entry| entry.line.clone()).collect();
        self.export_as(name, conversations, &lines)
    }

    /// The same, with other lines than those in the log: what is in the log stays as it is.
    pub(crate) fn export_as(&self, name: &str, conversations: &[Conversation], lines: &[Line]) -> PathBuf {
        let root = self.dir.path().join(name);
        let put = |name: &str, bytes: &[u8]| {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        let hashes: Vec<[u8; 32]> = self.entries.iter().map(|entry| leaf_hash(&entry.line.leaf_bytes)).collect();
        let mut writer = TileWriter::new();
        for tile in writer.append(&hashes).unwrap() {
            put(&layout::tile(tile.tile), &tile.bytes);
        }
        put(layout::CHECKPOINT, self.head(writer.frontier().size(), writer.frontier().root()).as_bytes());
        if self.whole_log {
            for (index, bundle) in self.entries.chunks(usize::from(FULL)).enumerate() {
                let tile = Tile::at(0, index.try_into().unwrap(), hashes.len().try_into().unwrap()).unwrap();
                let mut bytes = Vec::new();
                for entry in bundle {
                    bytes.extend(u16::try_from(entry.line.leaf_bytes.len()).unwrap().to_be_bytes());
                    bytes.extend(&entry.line.leaf_bytes);
                }
                put(&layout::bundle(tile), &bytes);
            }
        }
        let opening = |line: &&Line| line.leaf.kind == KIND_OPENING;
        for conversation in conversations {
            let of_it = lines.iter().filter(|line| line.leaf.conversation == conversation.id);
            put(&layout::journal(conversation.id), text(of_it).as_bytes());
        }
        put(layout::OPENINGS, text(lines.iter().filter(opening)).as_bytes());
        put(&layout::policy(&self.policy.ctx()), &self.policy.encode());
        for (hash, bytes) in &self.blobs {
            put(&layout::blob(*hash), bytes);
        }
        let mut keys = rempart_key_log::KeyLog::new();
        keys.follow(&self.key_leaves).unwrap();
        let key_log = LogKey::from_seed("rempart.example/keys", &[41; 32]).unwrap();
        let head = Checkpoint {
            origin: "rempart.example/keys".into(),
            size: self.key_leaves.len().try_into().unwrap(),
            root: keys.root(),
            extensions: Vec::new(),
        };
        put(layout::KEYS_CHECKPOINT, head.sign(&key_log).unwrap().as_bytes());
        let leaves: String =
            self.key_leaves.iter().map(|leaf| KeyLine { leaf: leaf.clone() }.encode().unwrap() + "\n").collect();
        put(layout::KEYS_LEAVES, leaves.as_bytes());
        let manifest = Manifest {
            rempart: layout::KIND.into(),
            origin: "rempart.example/messages".into(),
            made_at_ms: u64::from(MONDAY + 10) * DAY,
            log_size: hashes.len().try_into().unwrap(),
            whole_log: self.whole_log,
            journals: conversations
                .iter()
                .map(|c| Journal {
                    conversation: c.id.to_string(),
                    entries: self.seqs.get(&c.id).copied().unwrap_or(0),
                })
                .collect(),
            openings: lines.iter().filter(opening).count().try_into().unwrap(),
            people: vec![Person {
                account: self.people[0].account.to_string(),
                address: "alice@rempart.example".into(),
                name: "Alice <b>Martin</b>".into(),
            }],
        };
        put(layout::MANIFEST, manifest.encode().unwrap().as_bytes());
        root
    }

    /// The signed head, with this world's witnesses' cosignatures.
    pub(crate) fn head(&self, size: u64, root: [u8; 32]) -> String {
        let head = Checkpoint { origin: self.log.verifier().name().into(), size, root, extensions: Vec::new() };
        let mut note = head.sign(&self.log).unwrap();
        let text = head.text().unwrap();
        for (key, number) in self.witnesses.iter().zip(1_u8..) {
            let time = u64::from(MONDAY + 10) * 86_400;
            let mut bytes = witness(number).0.key_id().to_be_bytes().to_vec();
            bytes.extend(time.to_be_bytes());
            bytes.extend(key.sign(&message(&text, time)).to_bytes());
            note.push_str(&format!("— witness-{number}.example {}\n", STANDARD.encode(bytes)));
        }
        note
    }

    pub(crate) fn file(&self, name: &str) -> String {
        file(self.dir.path(), name)
    }

    pub(crate) fn officer(&self, number: u8) -> String {
        let found = files(&self.dir.path().join("keys"), &format!("officer-{number}-"));
        found[0].to_str().unwrap().to_owned()
    }

    /// Runs `request` for days of a conversation.
    pub(crate) fn request(&self, export: &Path, conversation: Conversation, from: &str, to: &str, name: &str) -> Run {
        let (id, out, key) =
            (conversation.id.to_string(), self.file(&format!("{name}.request")), self.file(&format!("{name}.key")));
        run(
            &[
                "request",
                "--export",
                export.to_str().unwrap(),
                "--public",
                &self.file("keys/public.json"),
                "--conversation",
                &id,
                "--from",
                from,
                "--to",
                to,
                "--case",
                "2026/114",
                "--requester",
                "Direction juridique",
                "--basis",
                "ordonnance du 3 novembre 2026",
                "--out",
                &out,
                "--key",
                &key,
            ],
            "la clé de la demande\n",
        )
    }

    /// Runs `release` for an officer.
    pub(crate) fn release(&self, export: &Path, officer: u8, name: &str) -> Run {
        self.release_with(export, officer, name, &[])
    }

    pub(crate) fn release_with(&self, export: &Path, officer: u8, name: &str, more: &[&str]) -> Run {
        let (path, out) = (self.officer(officer), self.file(&format!("{name}.release-{officer}")));
        let mut args =
            vec!["release", "--export", export.to_str().unwrap(), "--officer", &path, "--out", &out, "--yes"];
        args.extend(more);
        run(&args, &(passphrase(officer) + "\n"))
    }

    /// Runs `open` with releases of these officers.
    pub(crate) fn open(&self, export: &Path, officers: &[u8], name: &str, report: &str) -> Run {
        let (public, request, key, out) = (
            self.file("keys/public.json"),
            self.file(&format!("{name}.request")),
            self.file(&format!("{name}.key")),
            self.file(report),
        );
        let releases: Vec<String> =
            officers.iter().map(|officer| self.file(&format!("{name}.release-{officer}"))).collect();
        let mut args = vec![
            "open",
            "--export",
            export.to_str().unwrap(),
            "--public",
            &public,
            "--request",
            &request,
            "--key",
            &key,
            "--out",
            &out,
        ];
        for release in &releases {
            args.extend(["--release", release]);
        }
        run(&args, "la clé de la demande\n")
    }

    /// All text that a report's folder has.
    pub(crate) fn everything(&self, report: &str) -> String {
        fn walk(path: &Path, out: &mut String) {
            for entry in std::fs::read_dir(path).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, out);
                } else {
                    out.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
                }
            }
        }
        let mut out = String::new();
        let root = self.dir.path().join(report);
        if root.exists() {
            walk(&root, &mut out);
        }
        out
    }
}

fn text<'a>(lines: impl Iterator<Item = &'a Line>) -> String {
    lines.map(|line| line.encode().unwrap() + "\n").collect()
}
