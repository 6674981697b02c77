//! A device with keys, without a head between it and the application.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use rempart_app::conversations::NewConversation;
use rempart_app::groups::{Committed, PostCommit};
use rempart_app::messages::{Entry, Post, Range, Receipt};
use rempart_app::{App, Ctx, Outcome};
use rempart_base::{AccountId, ClientId, ConversationId, Timestamp};
use rempart_domain::actor::Actor;
use rempart_domain::conversation::{Kind, Protection};
use rempart_domain::role::Role;
use rempart_embedded::SystemEntropy;
use rempart_group_policy::{DeviceClaim, EpochRef, GroupName, Rank, Verdict};
use rempart_key_log::{Cause, Entry as KeyEntry};
use rempart_mls_client::{AccountKey, Changes, Client, MemoryStore, Suite, Trust};
use rempart_ports::Entropy as _;

use crate::world::World;

/// OpenMLS reads the machine's clock for the lifetimes of key packages, whatever the application's says.
fn machine_now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "OpenMLS compares lifetimes with the system's clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap())
}

pub(crate) fn client_id() -> ClientId {
    ClientId::from_bytes(SystemEntropy.uuid_v7(machine_now()))
}

/// A person with one device.
pub(crate) struct Device {
    app: Arc<App>,
    ctx: Ctx,
    pub(crate) account: AccountId,
    key: [u8; 32],
    pub(crate) mls: Client<MemoryStore>,
}

/// Two people in a direct conversation, and what they know of each other.
pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) iris: Device,
    pub(crate) yann: Device,
    pub(crate) here: ConversationId,
    pub(crate) known: Known,
}

/// What both know.
pub(crate) struct Known {
    directory: BTreeMap<AccountId, [u8; 32]>,
    entitled: BTreeMap<AccountId, Rank>,
    server_key: [u8; 32],
}

impl Known {
    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust {
            directory: &self.directory,
            entitled: &self.entitled,
            certified: &|_| false,
            server_key: &self.server_key,
            now: machine_now(),
        }
    }
}

async fn person(world: &World, local: &str) -> Device {
    let (account, ctx) = world.add(local, Role::Member).await;
    let Actor::Account(who) = &ctx.actor else { panic!("signed in") };
    let key = AccountKey::generate().unwrap().0;
    let mut claim = DeviceClaim::member(account, who.device, world.now());
    claim.not_before = Timestamp::from_millis(0);
    let mls = Client::enrol(MemoryStore::default(), claim, |claim| key.sign(claim)).unwrap();
    let cause = Cause::First;
    let signature = key.sign(&KeyEntry::identity_to_sign(account, &cause, 0, &key.public()));
    let identity = KeyEntry::Identity { account, cause, serial: 0, key: key.public(), signature };
    let device = KeyEntry::Device { credential: mls.device().credential().clone(), leaf_key: mls.device().key() };
    world.app.publish_keys(&ctx, &[identity.encode(), device.encode()]).await.unwrap();
    Device { app: Arc::clone(&world.app), ctx, account, key: key.public(), mls }
}

impl Device {
    pub(crate) fn now(&mut self) -> &Ctx {
        self.ctx.now = self.app.now();
        &self.ctx
    }

    pub(crate) async fn entries(&mut self, here: ConversationId) -> Vec<Arc<Entry>> {
        let app = Arc::clone(&self.app);
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let (page, last) = app.read_journal(self.now(), here, Range::After(after), 200).await.unwrap();
            after = page.last().map_or(after, |entry| entry.seq);
            all.extend(page);
            if after >= last {
                return all;
            }
        }
    }

    pub(crate) async fn say(&mut self, group: GroupName, here: ConversationId) -> Outcome<Receipt> {
        let (_, epoch) = self.mls.epoch(group).unwrap();
        let content = self.mls.seal(group, b"{}").unwrap().into();
        let (client_id, blobs) = (client_id(), Vec::new());
        let post = Post { conversation: here, client_id, content, refers_to: 0, blobs, epoch: Some(epoch.0) };
        let app = Arc::clone(&self.app);
        app.post(self.now(), post).await
    }

    pub(crate) async fn state(&mut self, group: GroupName, here: ConversationId, verdict: Verdict, epoch: EpochRef) {
        let said = Bytes::from(self.mls.statement(verdict, group, epoch).encode());
        let app = Arc::clone(&self.app);
        app.hear_statement(self.now(), here, said).await.unwrap();
    }

    pub(crate) async fn send(
        &mut self,
        here: ConversationId,
        commit: Vec<u8>,
        welcome: Option<Vec<u8>>,
    ) -> Outcome<Committed> {
        let post = PostCommit {
            conversation: here,
            client_id: client_id(),
            commit: commit.into(),
            welcome: welcome.map(Bytes::from),
        };
        let app = Arc::clone(&self.app);
        app.commit_group(self.now(), post).await
    }
}

impl Pair {
    /// Iris has made the group, and is alone in it.
    pub(crate) async fn started() -> Self {
        let (world, _, _) = World::ready().await;
        let mut iris = person(&world, "iris").await;
        let yann = person(&world, "yann").await;
        let new = NewConversation {
            client_id: client_id(),
            kind: Kind::Direct,
            protection: Some(Protection::Sealed),
            members: vec![yann.account],
            details: None,
        };
        let here = world.app.create_conversation(iris.now(), new).await.unwrap().of.conversation.id;
        let server_key = world.app.key_status(iris.now()).await.unwrap().external_sender;
        let known = Known {
            directory: BTreeMap::from([(iris.account, iris.key), (yann.account, yann.key)]),
            entitled: BTreeMap::from([(iris.account, Rank::Member), (yann.account, Rank::Member)]),
            server_key,
        };
        let mut pair = Self { world, iris, yann, here, known };
        let info = pair.iris.mls.create(pair.group(), Suite::Classical, None, &pair.known.trust()).unwrap();
        let app = Arc::clone(&pair.world.app);
        app.start_group(pair.iris.now(), here, client_id(), info.into()).await.unwrap();
        pair
    }

    /// Iris has added Yann, who joined and said so.
    pub(crate) async fn new() -> Self {
        let mut pair = Self::started().await;
        pair.join().await;
        pair
    }

    pub(crate) const fn group(&self) -> GroupName {
        GroupName(*self.here.as_bytes())
    }

    async fn join(&mut self) {
        let (group, here) = (self.group(), self.here);
        let app = Arc::clone(&self.world.app);
        let add = self.yann.mls.key_packages(Suite::Classical, 1, false, machine_now()).unwrap();
        self.commit(Changes { add, ..Changes::default() }).await;
        let waiting = app.welcomes(self.yann.now()).await.unwrap();
        let joined = self.yann.mls.join(&waiting.first().unwrap().body, &self.known.trust()).unwrap();
        self.yann.state(group, here, Verdict::Merged, joined.epoch_ref).await;
    }

    /// Iris commits; gives the commit and the epoch that it began.
    pub(crate) async fn commit(&mut self, changes: Changes) -> (Vec<u8>, EpochRef) {
        let group = self.group();
        let made = self.iris.mls.commit(group, &changes, &self.known.trust()).unwrap();
        self.iris.send(self.here, made.commit.clone(), made.welcome).await.unwrap();
        (made.commit, self.iris.mls.confirm(group).unwrap())
    }
}
