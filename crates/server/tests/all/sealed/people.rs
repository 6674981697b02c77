//! People whose devices have keys: what a client does, with `mls-client`, against the real server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{DeviceClaim, EpochRef, GroupName, Rank, Verdict};
use rempart_key_log::{Cause, Entry as KeyEntry};
use rempart_mls_client::{AccountKey, Changes, Client as Mls, MemoryStore, Outgoing, Received, Suite, Trust};
use rempart_testkit::client::session::Person;
use rempart_testkit::client::{Failure, client_id};
use rempart_wire::conversation::{Conversation, MemberRole, Members};
use rempart_wire::group::{CommitReceipt, GroupState, Welcomes};
use rempart_wire::journal::{Entry, EntryKind, JournalPage, Receipt};
use rempart_wire::keys::{ClaimedKeyPackages, KeyStatus};
use rempart_wire::{B64, Id};
use serde_json::{Value, json};

use crate::house::{Where, refusal, text, words};

pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "a device has a clock of its own")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap())
}

/// Identity keys that everybody has compared.
pub(crate) type Directory = Arc<Mutex<BTreeMap<AccountId, [u8; 32]>>>;

/// What a device believes for one operation.
pub(crate) struct Facts {
    pub(crate) directory: BTreeMap<AccountId, [u8; 32]>,
    pub(crate) entitled: BTreeMap<AccountId, Rank>,
    server_key: [u8; 32],
}

impl Facts {
    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust {
            directory: &self.directory,
            entitled: &self.entitled,
            certified: &|_| false,
            server_key: &self.server_key,
            now: now(),
        }
    }
}

/// A device with keys, signed in.
pub(crate) struct Device {
    pub(crate) person: Person,
    pub(crate) key: Arc<AccountKey>,
    pub(crate) mls: Mls<MemoryStore>,
    pub(crate) suite: Suite,
    directory: Directory,
    server_key: [u8; 32],
    /// How far each conversation was read.
    cursors: BTreeMap<Where, u64>,
    /// What was read, in order.
    pub(crate) read: Vec<String>,
    /// What the server said of groups.
    pub(crate) told: Vec<Value>,
}

/// Gives a person's device keys; with them the account, where `key` is new.
pub(crate) async fn enrol(person: Person, key: Option<Arc<AccountKey>>, directory: &Directory, suite: Suite) -> Device {
    let account = person.account.0;
    let mut entries = Vec::new();
    let key = key.unwrap_or_else(|| {
        let key = Arc::new(AccountKey::generate().unwrap().0);
        let signature = key.sign(&KeyEntry::identity_to_sign(account, &Cause::First, 0, &key.public()));
        entries.push(KeyEntry::Identity { account, cause: Cause::First, serial: 0, key: key.public(), signature });
        directory.lock().unwrap_or_else(PoisonError::into_inner).insert(account, key.public());
        key
    });
    let claim = DeviceClaim::member(account, person.device.0, now());
    let mut mls = Mls::enrol(MemoryStore::default(), claim, |claim| key.sign(claim)).unwrap();
    let credential = mls.device().credential().clone();
    entries.push(KeyEntry::Device { credential, leaf_key: mls.device().key() });
    let entries: Vec<B64> = entries.iter().map(|entry| B64(entry.encode())).collect();
    person.client.command("keys.publish", json!({ "entries": entries })).await.unwrap();
    let mut packages: Vec<B64> = mls.key_packages(suite, 3, true, now()).unwrap().into_iter().map(B64).collect();
    let last_resort = packages.pop();
    let put = json!({ "one_time": packages, "last_resort": last_resort });
    person.client.command("keys.packages.put", put).await.unwrap();
    let status: KeyStatus = person.client.ask("keys.status", &json!({})).await.unwrap();
    assert!(status.enrolled && status.last_resort);
    Device {
        server_key: status.external_sender.0.try_into().unwrap(),
        person,
        key,
        mls,
        suite,
        directory: Arc::clone(directory),
        cursors: BTreeMap::new(),
        read: Vec::new(),
        told: Vec::new(),
    }
}

pub(crate) fn name(here: Where) -> GroupName {
    GroupName(*here.0.as_bytes())
}

pub(crate) fn b64(epoch: EpochRef) -> B64 {
    B64(epoch.0.to_vec())
}

impl Device {
    pub(crate) fn id(&self) -> DeviceId {
        self.person.device.0
    }

    /// The same person's next device.
    pub(crate) async fn another(&mut self) -> Device {
        let person = self.person.again().await.unwrap();
        enrol(person, Some(Arc::clone(&self.key)), &self.directory, self.suite).await
    }

    pub(crate) async fn ask<T: serde::de::DeserializeOwned>(&self, op: &str, params: &Value) -> Result<T, Failure> {
        self.person.client.ask(op, params).await
    }

    pub(crate) async fn facts(&self, here: Where) -> Facts {
        let members: Members = self.ask("conversations.members", &json!({ "conversation": here })).await.unwrap();
        let rank = |role| match role {
            MemberRole::Owner => Rank::Owner,
            MemberRole::Moderator => Rank::Moderator,
            MemberRole::Member => Rank::Member,
            MemberRole::Reader => Rank::Reader,
        };
        let directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let entitled = members.members.into_iter().map(|m| (m.account.0, rank(m.role))).collect();
        Facts { directory, entitled, server_key: self.server_key }
    }

    /// Makes a sealed conversation and its group.
    pub(crate) async fn create(&mut self, kind: &str, members: &[&Device]) -> Where {
        let members: Vec<_> = members.iter().map(|d| d.person.account).collect();
        let asked = json!({ "client_id": client_id(), "kind": kind, "members": members, "protection": "sealed" });
        let made: Conversation = self.ask("conversations.create", &asked).await.unwrap();
        let here = made.conversation;
        self.start(here).await.unwrap();
        here
    }

    pub(crate) async fn start(&mut self, here: Where) -> Result<GroupState, Failure> {
        let facts = self.facts(here).await;
        let info = self.mls.create(name(here), self.suite, None, &facts.trust()).unwrap();
        self.cursors.insert(here, 0);
        self.ask("groups.start", &json!({ "conversation": here, "client_id": client_id(), "info": B64(info) })).await
    }

    pub(crate) async fn group(&self, here: Where) -> GroupState {
        self.ask("groups.get", &json!({ "conversation": here })).await.unwrap()
    }

    /// One key package of each device.
    pub(crate) async fn packages(&self, of: &[&Device]) -> Vec<Vec<u8>> {
        let devices: Vec<_> = of.iter().map(|d| d.person.device).collect();
        let claimed: ClaimedKeyPackages =
            self.ask("keys.packages.claim", &json!({ "devices": devices })).await.unwrap();
        assert_eq!(claimed.packages.len(), of.len());
        claimed.packages.into_iter().map(|p| p.package.0).collect()
    }

    /// Makes a commit and does not send it.
    pub(crate) async fn prepare(&mut self, here: Where, changes: &Changes) -> Outgoing {
        let facts = self.facts(here).await;
        self.mls.commit(name(here), changes, &facts.trust()).unwrap()
    }

    /// Sends a commit.
    pub(crate) async fn send(&mut self, here: Where, made: &Outgoing) -> Result<CommitReceipt, Failure> {
        let asked = json!({
            "conversation": here, "client_id": client_id(), "commit": B64(made.commit.clone()),
            "welcome": made.welcome.clone().map(B64),
        });
        match self.ask::<CommitReceipt>("groups.commit", &asked).await {
            Ok(receipt) => {
                assert_eq!(receipt.epoch_ref, b64(made.epoch_ref));
                self.mls.confirm(name(here)).unwrap();
                Ok(receipt)
            }
            Err(failure) => {
                self.mls.withdraw(name(here)).unwrap();
                Err(failure)
            }
        }
    }

    pub(crate) async fn commit(&mut self, here: Where, changes: Changes) -> Result<CommitReceipt, Failure> {
        let made = self.prepare(here, &changes).await;
        self.send(here, &made).await
    }

    /// Adds devices, who then join.
    pub(crate) async fn add(&mut self, here: Where, others: &mut [&mut Device]) {
        let of: Vec<&Device> = others.iter().map(|d| &**d).collect();
        let add = self.packages(&of).await;
        self.commit(here, Changes { add, ..Changes::default() }).await.unwrap();
        for device in others {
            device.join(here).await;
        }
    }

    /// Joins by the Welcome that waits.
    pub(crate) async fn join(&mut self, here: Where) {
        let waiting: Welcomes = self.ask("groups.welcomes", &json!({})).await.unwrap();
        let welcome = waiting.welcomes.into_iter().rfind(|w| w.conversation == here).expect("a welcome waits");
        let facts = self.facts(here).await;
        let joined = self.mls.join(&welcome.welcome.0, &facts.trust()).unwrap();
        assert_eq!(joined.group, name(here));
        self.cursors.insert(here, welcome.seq);
        let taken = json!({ "conversation": here, "seq": welcome.seq });
        self.person.client.command("groups.welcomed", taken).await.unwrap();
        self.state(here, Verdict::Merged, joined.epoch_ref).await.unwrap();
    }

    pub(crate) async fn state(&self, here: Where, verdict: Verdict, epoch: EpochRef) -> Result<Value, Failure> {
        let statement = B64(self.mls.statement(verdict, name(here), epoch).encode());
        self.person.client.command("groups.state", json!({ "conversation": here, "statement": statement })).await
    }

    pub(crate) async fn entries(&self, here: Where, after: u64) -> Vec<Entry> {
        let page = json!({ "conversation": here, "after": after, "limit": 200 });
        self.ask::<JournalPage>("journal.read", &page).await.unwrap().entries
    }

    /// Reads on in the journal; `until` stops before an entry.
    pub(crate) async fn sync(&mut self, here: Where) {
        for entry in self.entries(here, self.cursors[&here]).await {
            self.take(here, &entry).await;
        }
    }

    async fn take(&mut self, here: Where, entry: &Entry) {
        self.cursors.insert(here, entry.seq);
        let own = entry.device == Some(self.person.device);
        let Some(content) = entry.content.clone() else { return };
        match entry.kind {
            EntryKind::Group => self.word(here, &serde_json::from_slice(&content.0).unwrap()),
            EntryKind::Content | EntryKind::Commit | EntryKind::Proposal if !own => {
                let facts = self.facts(here).await;
                match self.mls.receive(name(here), &content.0, &facts.trust()).unwrap() {
                    Received::Content { content, .. } => {
                        let opened = Entry { content: Some(B64(content)), ..entry.clone() };
                        self.read.push(words(&opened));
                    }
                    Received::Commit { epoch_ref, removed: false, .. } => {
                        assert_eq!(entry.epoch, Some(b64(epoch_ref)), "the entry names the epoch that it began");
                        self.state(here, Verdict::Merged, epoch_ref).await.unwrap();
                    }
                    Received::Commit { removed: true, .. } | Received::Proposal | Received::Own => {}
                }
            }
            _ => {}
        }
    }

    fn word(&mut self, here: Where, said: &Value) {
        let epoch = |value: &Value| {
            let bytes: B64 = serde_json::from_value(value.clone()).unwrap();
            EpochRef(bytes.0.try_into().unwrap())
        };
        if said["what"] == "dropped" {
            let to = epoch(&said["to"]);
            if self.mls.epoch(name(here)).unwrap().1 != to {
                self.mls.go_back(name(here), to).unwrap();
            }
        }
        self.told.push(said.clone());
    }

    /// What to post to say something.
    pub(crate) fn seal(&mut self, here: Where, said: &str) -> Value {
        let (_, epoch) = self.mls.epoch(name(here)).unwrap();
        let content = B64(self.mls.seal(name(here), &text(said)).unwrap());
        json!({ "conversation": here, "client_id": client_id(), "content": content, "epoch": b64(epoch) })
    }

    pub(crate) async fn say(&mut self, here: Where, said: &str) -> Result<Receipt, Failure> {
        let post = self.seal(here, said);
        self.ask("messages.post", &post).await
    }

    /// Says something where the epoch has ended: told so by this code, commits and says it.
    pub(crate) async fn say_after_commit(&mut self, here: Where, said: &str, code: &str) -> Receipt {
        refusal(self.say(here, said).await, code);
        self.sync(here).await;
        self.commit(here, Changes::default()).await.unwrap();
        self.say(here, said).await.unwrap()
    }

    pub(crate) fn epoch(&mut self, here: Where) -> EpochRef {
        self.mls.epoch(name(here)).unwrap().1
    }
}

/// The accounts of devices, to name them.
pub(crate) fn accounts(of: &[&Device]) -> Vec<Id<AccountId>> {
    of.iter().map(|d| d.person.account).collect()
}
