//! A server with one group, and people with devices.

use std::collections::{BTreeMap, VecDeque};

use ed25519_dalek::SigningKey;
use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{DeviceClaim, GroupName, Rank, Refusal, Verdict};
use rempart_mls_client::{
    AccountKey, ArchiveSecrets, Changes, Client, ClientError, MemoryStore, Received, StateStore, Suite, Trust,
};
use rempart_mls_delivery::follower::server_signer;
use rempart_mls_delivery::{Applied, Conversation, DeliveryError, Follower};
use zeroize::Zeroizing;

pub(crate) const GROUP: GroupName = GroupName([0x47; 16]);
/// Stands for an encoded policy; `CERTIFIED` is what officers signed.
pub(crate) const POLICY: &[u8] = b"policy 1";
pub(crate) const NEXT_POLICY: &[u8] = b"policy 2";

pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "OpenMLS compares lifetimes with the system's clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap())
}

pub(crate) fn account(a: u8) -> AccountId {
    AccountId::from_bytes([a; 16])
}

pub(crate) fn device(a: u8, n: u8) -> DeviceId {
    let mut id = [a; 16];
    id[15] = n;
    DeviceId::from_bytes(id)
}

pub(crate) fn account_key(a: u8) -> AccountKey {
    AccountKey::from_seed(&Zeroizing::new([a; 32]))
}

fn certified(policy: &[u8]) -> bool {
    policy == POLICY || policy == NEXT_POLICY
}

/// What everybody knows.
pub(crate) struct Known {
    pub(crate) directory: BTreeMap<AccountId, [u8; 32]>,
    pub(crate) entitled: BTreeMap<AccountId, Rank>,
    pub(crate) server: SigningKey,
    pub(crate) server_public: [u8; 32],
    pub(crate) now: Timestamp,
}

impl Known {
    pub(crate) fn new(ranks: &[(u8, Rank)]) -> Self {
        let server = SigningKey::from_bytes(&[0x5E; 32]);
        Self {
            directory: ranks.iter().map(|(a, _)| (account(*a), account_key(*a).public())).collect(),
            entitled: ranks.iter().map(|(a, rank)| (account(*a), *rank)).collect(),
            server_public: server.verifying_key().to_bytes(),
            server,
            now: now(),
        }
    }

    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust {
            directory: &self.directory,
            entitled: &self.entitled,
            certified: &certified,
            server_key: &self.server_public,
            now: self.now,
        }
    }

    pub(crate) fn conversation(&self) -> Conversation<'_> {
        Conversation { directory: &self.directory, entitled: &self.entitled, certified: &certified }
    }
}

pub(crate) fn enrol<S: StateStore>(store: S, a: u8, n: u8, now: Timestamp) -> Client<S> {
    Client::enrol(store, DeviceClaim::member(account(a), device(a, n), now), |claim| account_key(a).sign(claim))
        .unwrap()
}

/// A device and what it has not read yet.
pub(crate) struct Seat {
    pub(crate) client: Client<MemoryStore>,
    pub(crate) inbox: VecDeque<Vec<u8>>,
    pub(crate) read: Vec<Vec<u8>>,
    pub(crate) secrets: Option<ArchiveSecrets>,
}

/// A group on a server.
pub(crate) struct World {
    pub(crate) known: Known,
    pub(crate) follower: Follower,
    pub(crate) seats: BTreeMap<DeviceId, Seat>,
    pub(crate) suite: Suite,
    /// The newest that the server took.
    pub(crate) last_commit: Vec<u8>,
}

impl World {
    /// The first of `ranks` makes the group with its device 0.
    pub(crate) fn new(suite: Suite, archive: Option<&[u8]>, ranks: &[(u8, Rank)]) -> Self {
        let known = Known::new(ranks);
        let creator = ranks[0].0;
        let mut client = enrol(MemoryStore::default(), creator, 0, known.now);
        let info = client.create(GROUP, suite, archive, &known.trust()).unwrap();
        let follower =
            Follower::start(&info, device(creator, 0), &known.server_public, &known.conversation(), known.now).unwrap();
        let seat = Seat { client, inbox: VecDeque::new(), read: Vec::new(), secrets: None };
        Self { known, follower, seats: BTreeMap::from([(device(creator, 0), seat)]), suite, last_commit: Vec::new() }
    }

    /// Two accounts with two devices each, everybody up to date.
    pub(crate) fn two_by_two(suite: Suite, archive: Option<&[u8]>) -> Self {
        let mut world = Self::new(suite, archive, &[(1, Rank::Owner), (2, Rank::Member), (3, Rank::Member)]);
        world.add(device(1, 0), 1, 1).unwrap();
        world.add(device(1, 0), 2, 0).unwrap();
        world.add(device(2, 0), 2, 1).unwrap();
        world.catch_up();
        world
    }

    pub(crate) fn client(&mut self, of: DeviceId) -> &mut Client<MemoryStore> {
        &mut self.seats.get_mut(&of).unwrap().client
    }

    /// The server is given a commit; others get it when it is taken.
    pub(crate) fn offer(&mut self, from: DeviceId, commit: &[u8]) -> Result<Applied, DeliveryError> {
        // The server starts again before each commit: what it keeps is all it needs.
        self.restart();
        let applied = self.follower.commit(commit, from, &self.known.conversation(), self.known.now)?;
        self.last_commit = commit.to_vec();
        for (device, seat) in &mut self.seats {
            if *device != from {
                seat.inbox.push_back(commit.to_vec());
            }
        }
        Ok(applied)
    }

    /// The server is started again from what it kept.
    pub(crate) fn restart(&mut self) {
        let kept = self.follower.keep().unwrap();
        self.follower = Follower::open(&kept, self.follower.since()).unwrap();
        assert_eq!(self.follower.keep().unwrap(), kept);
        assert!(Follower::open(&kept[..kept.len() - 1], 0).is_err());
    }

    /// Makes, offers and confirms a commit.
    pub(crate) fn commit(&mut self, from: DeviceId, changes: &Changes) -> Result<Option<Vec<u8>>, ClientError> {
        self.read(from);
        let seat = self.seats.get_mut(&from).unwrap();
        let outgoing = seat.client.commit(GROUP, changes, &self.known.trust())?;
        let applied = self.offer(from, &outgoing.commit).map_err(ClientError::from)?;
        assert_eq!(applied.epoch_ref, outgoing.epoch_ref);
        assert_eq!(applied.roster, outgoing.roster);
        let seat = self.seats.get_mut(&from).unwrap();
        assert_eq!(seat.client.confirm(GROUP).unwrap(), outgoing.epoch_ref);
        seat.secrets = outgoing.archive;
        Ok(outgoing.welcome)
    }

    pub(crate) fn package(&mut self, client: &mut Client<MemoryStore>) -> Vec<u8> {
        client.key_packages(self.suite, 1, false, self.known.now).unwrap().remove(0)
    }

    /// Adds device `n` of account `a`.
    pub(crate) fn add(&mut self, by: DeviceId, a: u8, n: u8) -> Result<(), ClientError> {
        let mut client = enrol(MemoryStore::default(), a, n, self.known.now);
        let add = vec![self.package(&mut client)];
        let welcome = self.commit(by, &Changes { add, ..Changes::default() })?.unwrap();
        let joined = client.join(&welcome, &self.known.trust())?;
        assert_eq!(joined.group, GROUP);
        assert_eq!(joined.by, by);
        assert_eq!(joined.epoch_ref, self.follower.finality().head());
        let seat = Seat { client, inbox: VecDeque::new(), read: Vec::new(), secrets: joined.archive };
        self.seats.insert(device(a, n), seat);
        Ok(())
    }

    /// Reads a device's inbox and says that commits were merged. A removed device leaves.
    pub(crate) fn read(&mut self, of: DeviceId) {
        let Some(seat) = self.seats.get_mut(&of) else { return };
        while let Some(message) = seat.inbox.pop_front() {
            match seat.client.receive(GROUP, &message, &self.known.trust()).unwrap() {
                Received::Content { content, .. } => seat.read.push(content),
                Received::Commit { epoch_ref, archive, removed, .. } => {
                    seat.secrets = archive;
                    if removed {
                        self.seats.remove(&of);
                        return;
                    }
                    let said = seat.client.statement(Verdict::Merged, GROUP, epoch_ref).encode();
                    // One that a later commit removed is not heard any more.
                    let heard = self.follower.statement(&said, self.known.now);
                    assert!(matches!(heard, Ok(_) | Err(DeliveryError::Refused(Refusal::NotAMember))));
                }
                Received::Own | Received::Proposal => {}
            }
        }
    }

    pub(crate) fn catch_up(&mut self) {
        let all: Vec<DeviceId> = self.seats.keys().copied().collect();
        for device in all {
            self.read(device);
        }
    }

    /// Sends content; the server lets it through.
    pub(crate) fn say(&mut self, from: DeviceId, content: &[u8]) {
        let sealed = self.client(from).seal(GROUP, content).unwrap();
        let (_, epoch) = self.client(from).epoch(GROUP).unwrap();
        self.follower.framed(&sealed).unwrap();
        if self.follower.content(from, epoch, 0, None, self.known.now).unwrap() {
            assert!(!self.follower.confirm(from).is_empty());
        }
        for (device, seat) in &mut self.seats {
            if *device != from {
                seat.inbox.push_back(sealed.clone());
            }
        }
    }

    /// The server proposes to remove a device.
    pub(crate) fn lose(&mut self, lost: DeviceId) {
        let key = server_signer(&self.known.server.to_bytes(), &self.known.server_public);
        let proposal = self.follower.propose_removal(lost, &key).unwrap().message;
        for seat in self.seats.values_mut() {
            seat.inbox.push_back(proposal.clone());
        }
    }

    /// Everybody has read everything and is in the server's epoch, with the same members and the same secrets.
    pub(crate) fn agree(&mut self) {
        self.catch_up();
        let head = self.follower.finality().head();
        let roster = self.follower.leaves().roster().clone();
        assert_eq!(self.seats.len(), roster.len());
        let mut exported = None;
        for (device, seat) in &mut self.seats {
            assert_eq!(seat.client.epoch(GROUP).unwrap().1, head, "{device}");
            assert_eq!(seat.client.leaves(GROUP).unwrap().roster(), &roster, "{device}");
            let secret = seat.client.export(GROUP, "test", b"", 32).unwrap();
            assert_eq!(exported.get_or_insert_with(|| secret.clone()), &secret, "{device}");
        }
    }
}
