//! One group, followed.

use std::collections::{BTreeMap, BTreeSet};

use openmls::framing::ContentType;
use openmls::group::ProposalStore;
use openmls::prelude::{
    BasicCredential, ExternalProposal, GroupContext, GroupId, LeafNodeIndex, MlsMessageBodyIn, MlsMessageIn,
    ProcessedMessageContent, ProtocolMessage, PublicGroup, RatchetTreeIn, SenderExtensionIndex, SignatureScheme,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_libcrux_crypto::CryptoProvider;
use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{
    Class, Confirmation, EpochRef, EpochState, Finality, GroupName, Outcome, Rank, Refusal, Roster, Situation,
    Statement, Verdict, check, finality, may_write,
};
use serde::{Deserialize, Serialize};
use tls_codec::Deserialize as _;

use crate::describe::{archive_policy, class, describe, epoch_ref, waiting_removals};
use crate::error::DeliveryError;
use crate::identity::{Directory, Leaves};
use crate::store::{Map, PublicStore};
use crate::{MAX_HANDSHAKE, Suite};

/// The identity of the server as external sender.
pub const SERVER_IDENTITY: &[u8] = b"rempart server 1";

/// What the conversation says, asked for each message.
#[derive(Clone, Copy)]
pub struct Conversation<'a> {
    /// Identity keys.
    pub directory: &'a dyn Directory,
    /// Members and their ranks.
    pub entitled: &'a BTreeMap<AccountId, Rank>,
    /// Whether enough officers signed an archive policy.
    pub certified: &'a dyn Fn(&[u8]) -> bool,
}

/// A commit, applied.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The new epoch's number.
    pub epoch: u64,
    /// And its name.
    pub epoch_ref: EpochRef,
    /// Members from now on.
    pub roster: Roster,
    /// What became final, beside the commit.
    pub outcomes: Vec<Outcome>,
}

/// A proposal of the server, to be delivered like a member's message.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// A PublicMessage.
    pub message: Vec<u8>,
}

/// A provisional epoch or the last final one, to come back to.
#[derive(Clone, Debug)]
struct Past {
    state: Map,
    began: Timestamp,
    since: u64,
}

/// Keys and values of a group's public state.
type Pairs = Vec<(serde_bytes::ByteBuf, serde_bytes::ByteBuf)>;

#[derive(Serialize, Deserialize)]
struct Kept {
    group: [u8; 16],
    state: Pairs,
    #[serde(with = "serde_bytes")]
    finality: Vec<u8>,
    past: Vec<KeptPast>,
    began: i64,
}

#[derive(Serialize, Deserialize)]
struct KeptPast {
    epoch: [u8; 32],
    state: Pairs,
    began: i64,
    since: u64,
}

fn pairs(map: &Map) -> Pairs {
    map.iter().map(|(k, v)| (k.clone().into(), v.to_vec().into())).collect()
}

fn map(pairs: Pairs) -> Map {
    pairs.into_iter().map(|(k, v)| (k.into_vec(), v.into_vec().into())).collect()
}

/// A group's public state, its provisional chain and the way back.
pub struct Follower {
    group: PublicGroup,
    store: PublicStore,
    crypto: CryptoProvider,
    leaves: Leaves,
    finality: Finality,
    /// By epoch: the last final one and the provisional ones before the head.
    past: BTreeMap<EpochRef, Past>,
    began: Timestamp,
    /// The entry that began the epoch; 0 until it has its number.
    since: u64,
}

impl Follower {
    /// Takes up a new group from its creator's GroupInfo with ratchet tree: epoch 0, one leaf, the creator's.
    ///
    /// # Errors
    /// A group that is not made as required, or whose creator is not who it says.
    pub fn start(
        group_info: &[u8],
        creator: DeviceId,
        server_key: &[u8; 32],
        conversation: &Conversation<'_>,
        now: Timestamp,
    ) -> Result<Self, DeliveryError> {
        let MlsMessageBodyIn::GroupInfo(info) = parse(group_info)?.extract() else {
            return Err(DeliveryError::Malformed("a GroupInfo is expected"));
        };
        let tree = info.extensions().ratchet_tree().ok_or(DeliveryError::Group("no ratchet tree"))?;
        let tree: RatchetTreeIn = tree.ratchet_tree().clone();
        let (crypto, store) = (provider()?, PublicStore::default());
        let (group, _) = PublicGroup::from_external(&crypto, &store, tree, info, ProposalStore::new())
            .map_err(|e| DeliveryError::Mls(e.to_string()))?;
        let leaves = Leaves::of(&group)?;
        leaves.verify(conversation.directory, now)?;
        if group.group_context().epoch().as_u64() != 0 || leaves.roster().len() != 1 {
            return Err(DeliveryError::Group("a new group has one leaf, in epoch 0"));
        }
        let seat = leaves.roster().seat(creator).ok_or(DeliveryError::NotTheSender)?;
        if !conversation.entitled.contains_key(&seat.account) {
            return Err(Refusal::NotEntitled.into());
        }
        check_context(group.group_context(), server_key)?;
        if let Some(policy) = archive_policy(group.group_context().extensions())
            && !(conversation.certified)(policy)
        {
            return Err(Refusal::ArchiveUncertified.into());
        }
        let finality = Finality::new(epoch_ref(group.group_context())?);
        Ok(Self { group, store, crypto, leaves, finality, past: BTreeMap::new(), began: now, since: 0 })
    }

    /// The group's name.
    ///
    /// # Errors
    /// Never for a group that was started here.
    pub fn name(&self) -> Result<GroupName, DeliveryError> {
        let id = self.group.group_id().as_slice().try_into().map_err(|_| DeliveryError::State)?;
        Ok(GroupName(id))
    }

    /// The epoch's number.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.group.group_context().epoch().as_u64()
    }

    /// The head of the chain and the last final epoch.
    #[must_use]
    pub const fn finality(&self) -> &Finality {
        &self.finality
    }

    /// Members at the head.
    #[must_use]
    pub const fn leaves(&self) -> &Leaves {
        &self.leaves
    }

    /// Sealed or recorded.
    #[must_use]
    pub fn class(&self) -> Class {
        class(self.group.group_context().extensions())
    }

    /// The entry that began the epoch; 0 until it has its number.
    #[must_use]
    pub const fn since(&self) -> u64 {
        self.since
    }

    /// The entry that began the last final epoch.
    #[must_use]
    pub fn final_since(&self) -> u64 {
        self.past.get(&self.finality.last()).map_or(self.since, |past| past.since)
    }

    /// Whether the bytes are framed as content of this group's newest epoch: a PrivateMessage (RFC 9420 §6.3). What is in it, the
    /// server cannot know.
    ///
    /// # Errors
    /// [`DeliveryError::Malformed`], [`DeliveryError::Stale`].
    pub fn framed(&self, bytes: &[u8]) -> Result<(), DeliveryError> {
        let MlsMessageBodyIn::PrivateMessage(message) = parse(bytes)?.extract() else {
            return Err(DeliveryError::Malformed("content is a PrivateMessage"));
        };
        let message = ProtocolMessage::from(message);
        if message.content_type() != ContentType::Application {
            return Err(DeliveryError::Malformed("content is an application message"));
        }
        self.placed(&message)
    }

    /// Judges and applies a commit that `from` sent: the first in its epoch wins.
    ///
    /// # Errors
    /// [`DeliveryError::Stale`] when another was first; otherwise why it is refused. Nothing changes then.
    pub fn commit(
        &mut self,
        bytes: &[u8],
        from: DeviceId,
        conversation: &Conversation<'_>,
        now: Timestamp,
    ) -> Result<Applied, DeliveryError> {
        let message = self.public(bytes, ContentType::Commit)?;
        let processed =
            self.group.process_message(&self.crypto, message).map_err(|e| DeliveryError::Mls(e.to_string()))?;
        let sender = processed.sender().clone();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(DeliveryError::Malformed("a commit is expected"));
        };
        let context = self.group.group_context().extensions();
        let described =
            describe(&staged, &sender, (&self.leaves, context), conversation.directory, conversation.certified, now)?;
        if described.committer.is_some_and(|device| device != from) {
            return Err(DeliveryError::NotTheSender);
        }
        let pending = self.waiting()?;
        let situation = Situation {
            class: self.class(),
            epoch: self.epoch(),
            roster: self.leaves.roster(),
            entitled: conversation.entitled,
            pending: &pending,
        };
        let expected = check(&situation, &described.commit())?;
        let seat = self.leaves.roster().seat(from).ok_or(Refusal::NotAMember)?;
        let before = Past { state: self.store.copy(), began: self.began, since: self.since };
        let old = self.finality.head();
        let merged = self.group.merge_commit(&self.store, *staged).map_err(|e| DeliveryError::Mls(e.to_string()));
        let leaves = merged.and_then(|()| Ok(Leaves::of(&self.group)?));
        let next = epoch_ref(self.group.group_context());
        let (leaves, next) = match (leaves, next) {
            (Ok(leaves), Ok(next)) if *leaves.roster() == expected => (leaves, next),
            (leaves, next) => {
                self.restore(before)?;
                leaves?;
                next?;
                return Err(DeliveryError::Mls("the tree is not what the proposals say".to_owned()));
            }
        };
        let roster_before = std::mem::replace(&mut self.leaves, leaves);
        self.past.insert(old, before);
        (self.began, self.since) = (now, 0);
        let outcomes = self.finality.applied(next, (from, seat.account), roster_before.roster(), self.leaves.roster());
        self.forget_past();
        Ok(Applied { epoch: self.epoch(), epoch_ref: next, roster: expected, outcomes })
    }

    /// Proposes the removal of a lost, stale or departed device, signed by the server.
    ///
    /// # Errors
    /// [`Refusal::DeviceAbsent`] when it has no leaf.
    pub fn propose_removal(&mut self, device: DeviceId, server: &SignatureKeyPair) -> Result<Proposal, DeliveryError> {
        let index = self.leaves.index(device).ok_or(Refusal::DeviceAbsent)?;
        let made = ExternalProposal::new_remove::<openmls_libcrux_crypto::Provider>(
            LeafNodeIndex::new(index),
            self.group.group_id().clone(),
            self.group.group_context().epoch(),
            server,
            SenderExtensionIndex::new(0),
        )
        .map_err(|e| DeliveryError::Mls(e.to_string()))?;
        let message = made.to_bytes().map_err(|_| DeliveryError::Malformed("proposal"))?;
        let read = self.public(&message, ContentType::Proposal)?;
        let processed =
            self.group.process_message(&self.crypto, read).map_err(|e| DeliveryError::Mls(e.to_string()))?;
        let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else {
            return Err(DeliveryError::Malformed("a proposal is expected"));
        };
        self.group.add_proposal(&self.store, *queued).map_err(|_| DeliveryError::State)?;
        Ok(Proposal { message })
    }

    /// Whether content that `from` wrote in `epoch` is taken now, as the next entry of a journal whose last is `last`. Gives whether
    /// it confirms the epoch: then [`Self::confirm`] goes with it.
    ///
    /// # Errors
    /// [`DeliveryError::Stale`] in another epoch than the head; otherwise why the epoch has ended.
    pub fn content(
        &self,
        from: DeviceId,
        epoch: EpochRef,
        last: u64,
        archive_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, DeliveryError> {
        self.leaves.roster().seat(from).ok_or(Refusal::NotAMember)?;
        if epoch != self.finality.head() {
            return Err(DeliveryError::Stale { current: self.epoch() });
        }
        let removal_pending = !self.waiting()?.is_empty();
        let entries = u32::try_from(last.saturating_sub(self.since)).unwrap_or(u32::MAX);
        may_write(&EpochState { began: self.began, entries, removal_pending, archive_until }, now)?;
        Ok(self.finality.would_settle(Confirmation { device: from, epoch }))
    }

    /// A device wrote in the newest epoch: it stands there.
    pub fn confirm(&mut self, from: DeviceId) -> Vec<Outcome> {
        let outcomes = self.finality.confirmed(Confirmation { device: from, epoch: self.finality.head() });
        self.forget_past();
        outcomes
    }

    /// Hears a device's signed word on an epoch.
    ///
    /// # Errors
    /// A statement that is not one, of another group, or not signed by a leaf of the group.
    pub fn statement(&mut self, bytes: &[u8], now: Timestamp) -> Result<Vec<Outcome>, DeliveryError> {
        let statement = Statement::decode(bytes)?;
        if statement.group != self.name()? {
            return Err(DeliveryError::Malformed("a statement on another group"));
        }
        let key = match self.leaves.key(statement.device) {
            Some(key) => key,
            None => self.past_key(statement.device)?.ok_or(Refusal::NotAMember)?,
        };
        statement.verify(&key)?;
        let outcomes = match statement.verdict {
            Verdict::Merged => {
                self.finality.confirmed(Confirmation { device: statement.device, epoch: statement.epoch })
            }
            Verdict::Refused => self.finality.refused(statement.device, statement.epoch, now),
        };
        self.forget_past();
        Ok(outcomes)
    }

    /// Drops a chain whose refusal has waited long enough; the group is then at the last final epoch.
    ///
    /// # Errors
    /// [`DeliveryError::State`] when the way back is lost: the group needs re-adding.
    pub fn tick(&mut self, now: Timestamp) -> Result<Vec<Outcome>, DeliveryError> {
        if self.finality.due().is_none_or(|due| now < due) {
            return Ok(Vec::new());
        }
        let last = self.finality.last();
        if let Some(past) = self.past.get(&last).cloned() {
            self.restore(past)?;
        } else if self.finality.head() != last {
            return Err(DeliveryError::State);
        }
        let outcomes = self.finality.tick(now);
        self.past.clear();
        Ok(outcomes)
    }

    /// The bytes to keep, in the transaction that journals what changed: a few kilobytes a member, and as much for each
    /// provisional epoch.
    ///
    /// # Errors
    /// [`DeliveryError::State`] when they cannot be written.
    pub fn keep(&self) -> Result<Vec<u8>, DeliveryError> {
        let past = |epoch: &EpochRef, past: &Past| KeptPast {
            epoch: epoch.0,
            state: pairs(&past.state),
            began: past.began.millis(),
            since: past.since,
        };
        let kept = Kept {
            group: self.name()?.0,
            state: pairs(&self.store.copy()),
            finality: self.finality.encode(),
            past: self.past.iter().map(|(epoch, p)| past(epoch, p)).collect(),
            began: self.began.millis(),
        };
        let mut out = Vec::new();
        ciborium::into_writer(&kept, &mut out).map_err(|_| DeliveryError::State)?;
        Ok(out)
    }

    /// Takes up a group that was kept, whose epoch began with the entry `since`: the journal gave that number after the rest was kept.
    ///
    /// # Errors
    /// [`DeliveryError::State`] when the bytes are not what [`Self::keep`] wrote.
    pub fn open(bytes: &[u8], since: u64) -> Result<Self, DeliveryError> {
        let kept: Kept = ciborium::from_reader(bytes).map_err(|_| DeliveryError::State)?;
        let store = PublicStore::new(map(kept.state));
        let id = GroupId::from_slice(&kept.group);
        let group = PublicGroup::load(&store, &id).map_err(|_| DeliveryError::State)?.ok_or(DeliveryError::State)?;
        let leaves = Leaves::of(&group)?;
        let finality = Finality::decode(&kept.finality).ok_or(DeliveryError::State)?;
        let past = |p: KeptPast| {
            let began = Timestamp::from_millis(p.began);
            (EpochRef(p.epoch), Past { state: map(p.state), began, since: p.since })
        };
        let past = kept.past.into_iter().map(past).collect();
        let began = Timestamp::from_millis(kept.began);
        Ok(Self { group, store, crypto: provider()?, leaves, finality, past, began, since })
    }

    fn public(&self, bytes: &[u8], kind: ContentType) -> Result<ProtocolMessage, DeliveryError> {
        let message = match parse(bytes)?.extract() {
            MlsMessageBodyIn::PublicMessage(message) => ProtocolMessage::from(message),
            _ => return Err(DeliveryError::Malformed("handshakes are PublicMessages")),
        };
        if message.content_type() != kind {
            return Err(DeliveryError::Malformed("another kind of handshake is expected"));
        }
        self.placed(&message)?;
        Ok(message)
    }

    fn placed(&self, message: &ProtocolMessage) -> Result<(), DeliveryError> {
        if message.group_id() != self.group.group_id() {
            return Err(DeliveryError::Malformed("a message of another group"));
        }
        if message.epoch() != self.group.group_context().epoch() {
            return Err(DeliveryError::Stale { current: self.epoch() });
        }
        Ok(())
    }

    /// Devices whose removal the server has proposed and no commit has applied.
    ///
    /// # Errors
    /// [`DeliveryError::State`] when the kept proposals cannot be read.
    pub fn waiting(&self) -> Result<BTreeSet<DeviceId>, DeliveryError> {
        let queued = self.group.queued_proposals(&self.store).map_err(|_| DeliveryError::State)?;
        Ok(waiting_removals(queued.iter().map(|(_, q)| q), &self.leaves))
    }

    /// The key of a device that a provisional commit removed.
    fn past_key(&self, device: DeviceId) -> Result<Option<[u8; 32]>, DeliveryError> {
        for past in self.past.values() {
            if let Some(key) = Leaves::of(&self.load(&PublicStore::new(past.state.clone()))?)?.key(device) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    fn load(&self, store: &PublicStore) -> Result<PublicGroup, DeliveryError> {
        let id: &GroupId = self.group.group_id();
        PublicGroup::load(store, id).map_err(|_| DeliveryError::State)?.ok_or(DeliveryError::State)
    }

    fn restore(&mut self, past: Past) -> Result<(), DeliveryError> {
        self.store.replace(past.state);
        self.group = self.load(&self.store)?;
        self.leaves = Leaves::of(&self.group)?;
        (self.began, self.since) = (past.began, past.since);
        Ok(())
    }

    /// Keeps what a drop could need: the last final epoch and provisional ones before the head.
    fn forget_past(&mut self) {
        let head = self.finality.head();
        let mut keep: BTreeSet<EpochRef> = self.finality.provisional().collect();
        keep.insert(self.finality.last());
        keep.remove(&head);
        self.past.retain(|epoch, _| keep.contains(epoch));
    }
}

/// The epoch that a handshake leaves or speaks in, as it says itself.
///
/// # Errors
/// [`DeliveryError::Malformed`] for what is no PublicMessage.
pub fn epoch_of(bytes: &[u8]) -> Result<u64, DeliveryError> {
    match parse(bytes)?.extract() {
        MlsMessageBodyIn::PublicMessage(message) => Ok(ProtocolMessage::from(message).epoch().as_u64()),
        _ => Err(DeliveryError::Malformed("handshakes are PublicMessages")),
    }
}

/// How long a refused chain waits.
pub const PATIENCE: i64 = finality::PATIENCE;

fn provider() -> Result<CryptoProvider, DeliveryError> {
    CryptoProvider::new().map_err(|e| DeliveryError::Mls(e.to_string()))
}

fn parse(bytes: &[u8]) -> Result<MlsMessageIn, DeliveryError> {
    if bytes.len() > MAX_HANDSHAKE {
        return Err(DeliveryError::TooLarge);
    }
    MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| DeliveryError::Malformed("not an MLS message"))
}

/// A group is made with a suite of ours, a 16-byte name and the server as its only external sender.
///
/// # Errors
/// [`DeliveryError::Group`] says what is missing.
pub fn check_context(context: &GroupContext, server_key: &[u8; 32]) -> Result<(), DeliveryError> {
    if Suite::of(context.ciphersuite()).is_none() {
        return Err(DeliveryError::Group("a cipher suite that is not used here"));
    }
    if context.group_id().as_slice().len() != 16 {
        return Err(DeliveryError::Group("a group's name has 16 bytes"));
    }
    let senders = context.extensions().external_senders().map(Vec::as_slice).unwrap_or_default();
    let expected = openmls::prelude::ExternalSender::new(
        server_key.as_slice().into(),
        BasicCredential::new(SERVER_IDENTITY.to_vec()).into(),
    );
    match senders {
        [only] if *only == expected => Ok(()),
        _ => Err(DeliveryError::Group("the server must be the one external sender")),
    }
}

/// The server's key as external sender, from its 32-byte Ed25519 seed and public key.
#[must_use]
pub fn server_signer(seed: &[u8; 32], public: &[u8; 32]) -> SignatureKeyPair {
    SignatureKeyPair::from_raw(SignatureScheme::ED25519, seed.to_vec(), public.to_vec())
}
