//! A device's groups: making them, changing them, writing in them.

use std::collections::BTreeMap;

use openmls::group::{MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY};
use openmls::prelude::{
    BasicCredential, Capabilities, Credential, CredentialType, Extension, ExtensionType, Extensions, ExternalSender,
    GroupContext, GroupId, KeyPackage, KeyPackageIn, LeafNodeIndex, Lifetime, OpenMlsProvider, ProtocolVersion,
    RequiredCapabilitiesExtension, Sender, SenderRatchetConfiguration, StagedCommit, UnknownExtension,
};
use openmls_libcrux_crypto::CryptoProvider;
use rempart_base::time::{DAY, HOUR, SECOND};
use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{
    ARCHIVE_EXTENSION, DeviceClaim, EpochRef, GroupName, Rank, Refusal, Roster, Situation, Statement, Verdict, check,
};
use rempart_mls_delivery::describe::{archive_policy, class, describe, epoch_ref, waiting_removals};
use rempart_mls_delivery::follower::SERVER_IDENTITY;
use rempart_mls_delivery::{Directory, Leaves, Suite, leaf};
use tls_codec::{Deserialize as _, Serialize as _};

use crate::archive::{ArchiveSecrets, secrets};
use crate::device::Device;
use crate::error::{ClientError, mls};
use crate::state::{Part, State, StateStore, own_at};

/// How long a key package may be used, in milliseconds. RFC 9420 lets no default be longer than OpenMLS's 84 days.
pub const KEY_PACKAGE_LIFE: i64 = 84 * DAY;

/// What OpenMLS asks for: primitives, randomness and the state.
pub(crate) struct Provider {
    pub(crate) crypto: CryptoProvider,
    pub(crate) state: State,
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = CryptoProvider;
    type RandProvider = CryptoProvider;
    type StorageProvider = State;

    fn storage(&self) -> &State {
        &self.state
    }

    fn crypto(&self) -> &CryptoProvider {
        &self.crypto
    }

    fn rand(&self) -> &CryptoProvider {
        &self.crypto
    }
}

/// What the device believes about others, asked for each operation.
#[derive(Clone, Copy)]
pub struct Trust<'a> {
    /// Identity keys, from the key log.
    pub directory: &'a dyn Directory,
    /// Members of the conversation and their ranks.
    pub entitled: &'a BTreeMap<AccountId, Rank>,
    /// Whether enough pinned officers signed an archive policy.
    pub certified: &'a dyn Fn(&[u8]) -> bool,
    /// The server's Ed25519 key as external sender.
    pub server_key: &'a [u8; 32],
    /// Now.
    pub now: Timestamp,
}

/// What a commit does, beside renewing the committer's keys and applying what waits.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Key packages of devices to add, as fetched.
    pub add: Vec<Vec<u8>>,
    /// Devices to remove.
    pub remove: Vec<DeviceId>,
    /// The next archive policy, encoded.
    pub archive: Option<Vec<u8>>,
}

/// A commit to send. It waits until [`Client::confirm`] or [`Client::withdraw`].
pub struct Outgoing {
    /// A PublicMessage.
    pub commit: Vec<u8>,
    /// For the added devices, all of them the same.
    pub welcome: Option<Vec<u8>>,
    /// The epoch that it would begin.
    pub epoch_ref: EpochRef,
    /// The capsule's secrets of that epoch, in recorded groups.
    pub archive: Option<ArchiveSecrets>,
    /// Members from then on.
    pub roster: Roster,
}

/// A device with its groups and its store.
pub struct Client<S> {
    pub(crate) provider: Provider,
    store: S,
    device: Device,
    pub(crate) groups: BTreeMap<GroupName, MlsGroup>,
    loaded: bool,
}

impl<S: StateStore> Client<S> {
    /// Makes this installation a device; `certify` is given what the account's identity key must sign.
    ///
    /// # Errors
    /// No randomness, or the store did not keep it.
    pub fn enrol(store: S, claim: DeviceClaim, certify: impl FnOnce(&[u8]) -> [u8; 64]) -> Result<Self, ClientError> {
        let provider = Provider { crypto: CryptoProvider::new().map_err(mls)?, state: State::default() };
        let device = Device::new(&provider.crypto, claim, certify)?;
        provider.state.put_raw(device_at()?, device.keep()?);
        let mut client = Self { provider, store, device, groups: BTreeMap::new(), loaded: true };
        client.keep()?;
        Ok(client)
    }

    /// Takes up a device that was enrolled before.
    ///
    /// # Errors
    /// [`ClientError::NotEnrolled`] when the store is empty.
    pub fn open(store: S) -> Result<Self, ClientError> {
        let provider = Provider { crypto: CryptoProvider::new().map_err(mls)?, state: State::default() };
        provider.state.load(store.load()?);
        let kept = provider.state.get_raw(&device_at()?).ok_or(ClientError::NotEnrolled)?;
        let device = Device::read(&kept)?;
        Ok(Self { provider, store, device, groups: BTreeMap::new(), loaded: true })
    }

    /// Drops memory and reads everything again.
    ///
    /// # Errors
    /// The store cannot be read; nothing works until it can.
    pub fn reload(&mut self) -> Result<(), ClientError> {
        self.loaded = false;
        self.groups.clear();
        self.provider.state.load(self.store.load()?);
        self.loaded = true;
        Ok(())
    }

    /// The device.
    pub const fn device(&self) -> &Device {
        &self.device
    }

    /// The store, for its owner.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// Makes key packages: `one_time` that serve once, or one of last resort that serves until replaced.
    ///
    /// # Errors
    /// The store did not keep their private parts.
    pub fn key_packages(
        &mut self,
        suite: Suite,
        one_time: usize,
        last_resort: bool,
        now: Timestamp,
    ) -> Result<Vec<Vec<u8>>, ClientError> {
        let lifetime = lifetime(now);
        self.run(|provider, device| {
            let mut made = Vec::with_capacity(one_time + usize::from(last_resort));
            for i in 0..one_time + usize::from(last_resort) {
                let mut builder =
                    KeyPackage::builder().leaf_node_capabilities(capabilities()).key_package_lifetime(lifetime);
                if i == one_time {
                    builder = builder.mark_as_last_resort();
                }
                let bundle = builder.build(suite.mls(), provider, device.signer(), device.with_key()).map_err(mls)?;
                made.push(bundle.key_package().tls_serialize_detached().map_err(mls)?);
            }
            Ok(made)
        })
    }

    /// Makes a group with this device alone in it; recorded when `archive` is the encoded archive policy. Returns the GroupInfo
    /// with ratchet tree that the server starts following from; nobody else may have it, since it names the external key.
    ///
    /// # Errors
    /// [`Refusal::ArchiveUncertified`], or the name is taken.
    pub fn create(
        &mut self,
        name: GroupName,
        suite: Suite,
        archive: Option<&[u8]>,
        trust: &Trust<'_>,
    ) -> Result<Vec<u8>, ClientError> {
        if archive.is_some_and(|policy| !(trust.certified)(policy)) {
            return Err(Refusal::ArchiveUncertified.into());
        }
        let context = context(archive, trust.server_key)?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(suite.mls())
            .capabilities(capabilities())
            .lifetime(lifetime(trust.now))
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(ratchets())
            .with_group_context_extensions(context)
            .build();
        let (group, info) = self.run(|provider, device| {
            let id = GroupId::from_slice(&name.0);
            let group =
                MlsGroup::new_with_group_id(provider, device.signer(), &config, id, device.with_key()).map_err(mls)?;
            let info = group.export_group_info(&provider.crypto, device.signer(), true).map_err(mls)?;
            Ok((group, info.to_bytes().map_err(mls)?))
        })?;
        self.groups.insert(name, group);
        Ok(info)
    }

    /// Makes a commit. It always renews this device's keys and applies the removals that wait.
    ///
    /// # Errors
    /// What policy says of it, or [`ClientError::CommitPending`].
    pub fn commit(&mut self, name: GroupName, changes: &Changes, trust: &Trust<'_>) -> Result<Outgoing, ClientError> {
        self.with_group(name, |provider, device, group| {
            if group.pending_commit().is_some() {
                return Err(ClientError::CommitPending);
            }
            let before = Leaves::new(group.members())?;
            let mut packages = Vec::with_capacity(changes.add.len());
            for bytes in &changes.add {
                packages.push(key_package(provider, bytes, trust)?);
            }
            let mut gone = Vec::with_capacity(changes.remove.len());
            for device in &changes.remove {
                gone.push(LeafNodeIndex::new(before.index(*device).ok_or(Refusal::DeviceAbsent)?));
            }
            let context = match &changes.archive {
                Some(policy) => Some(context(Some(policy), trust.server_key)?),
                None => None,
            };
            let mut builder = group
                .commit_builder()
                .consume_proposal_store(true)
                .force_self_update(true)
                .propose_adds(packages)
                .propose_removals(gone);
            if let Some(context) = context {
                builder = builder.propose_group_context_extensions(context).map_err(mls)?;
            }
            let bundle = builder
                .load_psks(&provider.state)
                .map_err(mls)?
                .build(&provider.crypto, &provider.crypto, device.signer(), |_| true)
                .map_err(mls)?
                .stage_commit(provider)
                .map_err(mls)?;
            let (commit, welcome, _) = bundle.into_messages();
            let staged = group.pending_commit().ok_or(ClientError::NoCommitPending)?;
            let roster = judge(group, &before, staged, &Sender::Member(group.own_leaf_index()), trust)?;
            Ok(Outgoing {
                commit: commit.to_bytes().map_err(mls)?,
                welcome: welcome.map(|w| w.to_bytes().map_err(mls)).transpose()?,
                epoch_ref: epoch_ref(staged.group_context())?,
                archive: staged_secrets(provider, staged)?,
                roster,
            })
        })
    }

    /// The server took the commit: enters its epoch, and keeps a way back to the one before.
    ///
    /// # Errors
    /// [`ClientError::NoCommitPending`].
    pub fn confirm(&mut self, name: GroupName) -> Result<EpochRef, ClientError> {
        self.with_group(name, |provider, _, group| {
            if group.pending_commit().is_none() {
                return Err(ClientError::NoCommitPending);
            }
            snapshot(provider, group)?;
            group.merge_pending_commit(provider).map_err(mls)?;
            Ok(epoch_ref(group.public_group().group_context())?)
        })
    }

    /// Another commit was first, or this one was refused: forgets it. Receive the other, then commit again.
    ///
    /// # Errors
    /// [`ClientError::NoCommitPending`].
    pub fn withdraw(&mut self, name: GroupName) -> Result<(), ClientError> {
        self.with_group(name, |provider, _, group| {
            if group.pending_commit().is_none() {
                return Err(ClientError::NoCommitPending);
            }
            group.clear_pending_commit(&provider.state).map_err(mls)
        })
    }

    /// Seals content of a sealed conversation: a PrivateMessage, the bytes as they are.
    ///
    /// # Errors
    /// [`ClientError::CommitPending`] while a commit waits.
    pub fn seal(&mut self, name: GroupName, content: &[u8]) -> Result<Vec<u8>, ClientError> {
        self.with_group(name, |provider, device, group| {
            if group.pending_commit().is_some() {
                return Err(ClientError::CommitPending);
            }
            let sealed = group.create_message(provider, device.signer(), content).map_err(mls)?;
            sealed.to_bytes().map_err(mls)
        })
    }

    /// The capsule's secrets of the epoch; `None` in a sealed group.
    ///
    /// # Errors
    /// No such group.
    pub fn archive_secrets(&mut self, name: GroupName) -> Result<Option<ArchiveSecrets>, ClientError> {
        self.with_group(name, |provider, _, group| {
            let Some(policy) = archive_policy(group.extensions()) else { return Ok(None) };
            secrets(&provider.crypto, policy, |c, label, ctx, n| group.export_secret(c, label, ctx, n)).map(Some)
        })
    }

    /// A secret of the epoch for another use (RFC 9420, 8.5), meetings for one. Labels of the archive are refused.
    ///
    /// # Errors
    /// No such group, or a label of the archive.
    pub fn export(
        &mut self,
        name: GroupName,
        label: &str,
        context: &[u8],
        len: usize,
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, ClientError> {
        if label.starts_with("rempart archive") {
            return Err(ClientError::Malformed("a label of the archive"));
        }
        self.with_group(name, |provider, _, group| {
            group.export_secret(&provider.crypto, label, context, len).map(zeroize::Zeroizing::new).map_err(mls)
        })
    }

    /// The epoch: its number and name.
    ///
    /// # Errors
    /// No such group.
    pub fn epoch(&mut self, name: GroupName) -> Result<(u64, EpochRef), ClientError> {
        self.with_group(name, |_, _, group| {
            Ok((group.epoch().as_u64(), epoch_ref(group.public_group().group_context())?))
        })
    }

    /// The members.
    ///
    /// # Errors
    /// No such group.
    pub fn leaves(&mut self, name: GroupName) -> Result<Leaves, ClientError> {
        self.with_group(name, |_, _, group| Ok(Leaves::new(group.members())?))
    }

    /// Whether this device is still a member.
    ///
    /// # Errors
    /// No such group.
    pub fn is_member(&mut self, name: GroupName) -> Result<bool, ClientError> {
        self.with_group(name, |_, _, group| Ok(group.is_active()))
    }

    /// A signed word on an epoch of a group.
    #[must_use]
    pub fn statement(&self, verdict: Verdict, name: GroupName, epoch: EpochRef) -> Statement {
        self.device.state(verdict, name, epoch)
    }

    /// The server's log says that epoch number `epoch` is final: what leads back before it is forgotten.
    ///
    /// # Errors
    /// The store did not keep it.
    pub fn settled(&mut self, name: GroupName, epoch: u64) -> Result<(), ClientError> {
        self.run(|provider, _| {
            let id = GroupId::from_slice(&name.0);
            for kept in provider.state.snapshots(&id)? {
                if kept.first_chunk::<8>().is_some_and(|n| u64::from_be_bytes(*n) < epoch) {
                    provider.state.drop_snapshot(&id, &kept)?;
                }
            }
            Ok(())
        })
    }

    /// The server's log says that the chain after `to` is dropped: goes back there. What was written since must be sealed again.
    ///
    /// # Errors
    /// [`ClientError::NoSnapshot`]: this device needs to be added again.
    pub fn go_back(&mut self, name: GroupName, to: EpochRef) -> Result<(), ClientError> {
        self.groups.remove(&name);
        self.run(|provider, _| {
            let id = GroupId::from_slice(&name.0);
            let all = provider.state.snapshots(&id)?;
            let found = all.iter().find(|kept| kept.get(8..) == Some(&to.0)).ok_or(ClientError::NoSnapshot)?;
            if !provider.state.restore(&id, found)? {
                return Err(ClientError::NoSnapshot);
            }
            for kept in &all {
                provider.state.drop_snapshot(&id, kept)?;
            }
            // One's own commit that began the dropped chain was waiting when the way back was kept.
            let mut group = MlsGroup::load(&provider.state, &id)?.ok_or(ClientError::NoGroup)?;
            if group.pending_commit().is_some() {
                group.clear_pending_commit(&provider.state).map_err(mls)?;
            }
            Ok(())
        })
    }

    /// Forgets a group and every secret of it.
    ///
    /// # Errors
    /// The store did not do it.
    pub fn forget(&mut self, name: GroupName) -> Result<(), ClientError> {
        self.groups.remove(&name);
        self.run(|provider, _| Ok(provider.state.forget(&GroupId::from_slice(&name.0))?))
    }

    /// One operation on the state: kept whole or undone whole.
    pub(crate) fn run<T>(
        &mut self,
        f: impl FnOnce(&Provider, &Device) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        if !self.loaded {
            return Err(ClientError::Unloaded);
        }
        match f(&self.provider, &self.device) {
            Ok(out) => {
                self.keep()?;
                Ok(out)
            }
            Err(error) => {
                self.provider.state.undo();
                Err(error)
            }
        }
    }

    /// One operation on a group: on any failure the group in memory is dropped.
    pub(crate) fn with_group<T>(
        &mut self,
        name: GroupName,
        f: impl FnOnce(&Provider, &Device, &mut MlsGroup) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let cached = self.groups.remove(&name);
        let (out, group) = self.run(|provider, device| {
            let mut group = match cached {
                Some(group) => group,
                None => MlsGroup::load(&provider.state, &GroupId::from_slice(&name.0))?.ok_or(ClientError::NoGroup)?,
            };
            Ok((f(provider, device, &mut group)?, group))
        })?;
        self.groups.insert(name, group);
        Ok(out)
    }

    fn keep(&mut self) -> Result<(), ClientError> {
        let batch = self.provider.state.batch();
        if !batch.is_empty()
            && let Err(failure) = self.store.commit(&batch)
        {
            // Whether it was kept, the store alone knows. A store that cannot be read leaves the client unloaded.
            let _unloaded = self.reload();
            return Err(failure.into());
        }
        self.provider.state.settle();
        Ok(())
    }
}

/// Judges a staged commit as the server does.
pub(crate) fn judge(
    group: &MlsGroup,
    before: &Leaves,
    staged: &StagedCommit,
    sender: &Sender,
    trust: &Trust<'_>,
) -> Result<Roster, ClientError> {
    let context = group.extensions();
    let described = describe(staged, sender, (before, context), trust.directory, trust.certified, trust.now)?;
    let pending = waiting_removals(group.pending_proposals(), before);
    let situation = Situation {
        class: class(context),
        epoch: group.epoch().as_u64(),
        roster: before.roster(),
        entitled: trust.entitled,
        pending: &pending,
    };
    Ok(check(&situation, &described.commit())?)
}

/// The capsule's secrets of a staged commit's epoch.
pub(crate) fn staged_secrets(
    provider: &Provider,
    staged: &StagedCommit,
) -> Result<Option<ArchiveSecrets>, ClientError> {
    let Some(policy) = archive_policy(staged.group_context().extensions()) else { return Ok(None) };
    if staged.self_removed() {
        return Ok(None);
    }
    secrets(&provider.crypto, policy, |c, label, ctx, n| staged.export_secret(c, label, ctx, n)).map(Some)
}

/// Keeps the way back to the epoch that is being left.
pub(crate) fn snapshot(provider: &Provider, group: &MlsGroup) -> Result<(), ClientError> {
    let reference = epoch_ref(group.public_group().group_context())?;
    let mut name = [0; 40];
    let (number, rest) = name.split_at_mut(8);
    number.copy_from_slice(&group.epoch().as_u64().to_be_bytes());
    rest.copy_from_slice(&reference.0);
    Ok(provider.state.snapshot(group.group_id(), &name)?)
}

/// How groups are joined.
pub(crate) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(ratchets())
        .build()
}

/// The journal orders everything, so that a message is at most a few generations early.
fn ratchets() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(8, 1_000)
}

fn device_at() -> Result<Vec<u8>, ClientError> {
    Ok(own_at(Part::Device, &())?)
}

fn lifetime(now: Timestamp) -> Lifetime {
    let at = |ms: i64| u64::try_from(now.plus_millis(ms).millis() / SECOND).unwrap_or_default();
    Lifetime::init(at(-HOUR), at(KEY_PACKAGE_LIFE))
}

fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&Suite::ALL.map(Suite::mls)),
        Some(&[ExtensionType::LastResort, ExtensionType::Unknown(ARCHIVE_EXTENSION)]),
        None,
        Some(&[CredentialType::Basic]),
    )
}

/// The GroupContext's extensions: what members must understand, the server as external sender, the archive policy.
fn context(archive: Option<&[u8]>, server_key: &[u8; 32]) -> Result<Extensions<GroupContext>, ClientError> {
    let server: Credential = BasicCredential::new(SERVER_IDENTITY.to_vec()).into();
    let mut required = Vec::new();
    let mut all = vec![Extension::ExternalSenders(vec![ExternalSender::new(server_key.as_slice().into(), server)])];
    if let Some(policy) = archive {
        required.push(ExtensionType::Unknown(ARCHIVE_EXTENSION));
        all.push(Extension::Unknown(ARCHIVE_EXTENSION, UnknownExtension(policy.to_vec())));
    }
    let required = RequiredCapabilitiesExtension::new(&required, &[], &[CredentialType::Basic]);
    all.push(Extension::RequiredCapabilities(required));
    Extensions::from_vec(all).map_err(mls)
}

fn key_package(provider: &Provider, bytes: &[u8], trust: &Trust<'_>) -> Result<KeyPackage, ClientError> {
    let read = KeyPackageIn::tls_deserialize_exact(bytes).map_err(|_| ClientError::Malformed("not a key package"))?;
    let package = read.validate(&provider.crypto, ProtocolVersion::Mls10).map_err(mls)?;
    let node = package.leaf_node();
    leaf(node.credential(), node.signature_key().as_slice())?.verify(trust.directory, trust.now)?;
    Ok(package)
}
