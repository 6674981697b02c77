//! What arrives: content, proposals, commits, welcomes.

use openmls::prelude::{
    ContentType, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider as _, ProcessedMessageContent, ProtocolMessage,
    Sender, StagedWelcome,
};
use rempart_base::DeviceId;
use rempart_group_policy::{EpochRef, GroupName, Refusal, Roster, Situation, may_propose};
use rempart_mls_delivery::describe::{archive_policy, class, epoch_ref, proposed, waiting_removals};
use rempart_mls_delivery::follower::check_context;
use rempart_mls_delivery::{Leaves, MAX_HANDSHAKE};
use tls_codec::Deserialize as _;

use crate::archive::{ArchiveSecrets, secrets};
use crate::client::{Client, Trust, join_config, judge, snapshot, staged_secrets};
use crate::error::{ClientError, mls};
use crate::state::StateStore;

/// A message, processed and kept.
pub enum Received {
    /// Content of a sealed conversation.
    Content {
        /// The device whose leaf signed it.
        from: DeviceId,
        /// The bytes as the sender gave them.
        content: Vec<u8>,
    },
    /// This device's own message, which it cannot open: it has the content already.
    Own,
    /// A proposal that the next commit applies.
    Proposal,
    /// A commit; the group is in its epoch, and the way back is kept.
    Commit {
        /// Who made it; `None` when it is this device's own and was waiting.
        from: Option<DeviceId>,
        /// The new epoch.
        epoch_ref: EpochRef,
        /// The capsule's secrets of the new epoch, in recorded groups.
        archive: Option<ArchiveSecrets>,
        /// Members from now on.
        roster: Roster,
        /// This device was removed: forget the group when the commit is final.
        removed: bool,
    },
}

/// A group, joined.
pub struct Joined {
    /// Its name.
    pub group: GroupName,
    /// Who added this device.
    pub by: DeviceId,
    /// The epoch.
    pub epoch_ref: EpochRef,
    /// The capsule's secrets of the epoch, in recorded groups.
    pub archive: Option<ArchiveSecrets>,
    /// The members.
    pub roster: Roster,
}

impl<S: StateStore> Client<S> {
    /// Processes the next message of a group, in the journal's order.
    ///
    /// # Errors
    /// [`ClientError::Mls`] for a commit that this device cannot follow (say so with a refusal), a replay or a forgery;
    /// [`ClientError::Refused`] for one that policy forbids. Nothing changed.
    pub fn receive(&mut self, name: GroupName, bytes: &[u8], trust: &Trust<'_>) -> Result<Received, ClientError> {
        let message = protocol(bytes)?;
        self.with_group(name, |provider, _, group| {
            if message.group_id() != group.group_id() {
                return Err(ClientError::Malformed("a message of another group"));
            }
            let (theirs, ours) = (message.epoch().as_u64(), group.epoch().as_u64());
            if theirs != ours {
                return Err(ClientError::WrongEpoch { message: theirs, group: ours });
            }
            let before = Leaves::new(group.members())?;
            let handshake = message.content_type() != ContentType::Application;
            let processed = group.process_message(provider, message).map_err(mls)?;
            let sender = processed.sender().clone();
            match processed.into_content() {
                ProcessedMessageContent::ApplicationMessage(content) if !handshake => {
                    let Sender::Member(index) = sender else {
                        return Err(ClientError::Malformed("content from outside"));
                    };
                    let from = before.device(index.u32()).ok_or(Refusal::NotAMember)?;
                    Ok(Received::Content { from, content: content.into_bytes() })
                }
                ProcessedMessageContent::ProposalMessage(queued) => {
                    let context = group.extensions();
                    let described = proposed(&queued, &before, context, trust.directory, trust.certified, trust.now)?;
                    let pending = waiting_removals(group.pending_proposals(), &before);
                    let situation = Situation {
                        class: class(context),
                        epoch: ours,
                        roster: before.roster(),
                        entitled: trust.entitled,
                        pending: &pending,
                    };
                    may_propose(&situation, &described)?;
                    group.store_pending_proposal(&provider.state, *queued).map_err(mls)?;
                    Ok(Received::Proposal)
                }
                ProcessedMessageContent::StagedCommitMessage(staged) => {
                    let roster = judge(group, &before, &staged, &sender, trust)?;
                    let from = match sender {
                        Sender::Member(index) => before.device(index.u32()),
                        _ => None,
                    };
                    let epoch_ref = epoch_ref(staged.group_context())?;
                    let archive = staged_secrets(provider, &staged)?;
                    let removed = staged.self_removed();
                    snapshot(provider, group)?;
                    group.merge_staged_commit(provider, *staged).map_err(mls)?;
                    Ok(Received::Commit { from, epoch_ref, archive, roster, removed })
                }
                ProcessedMessageContent::OwnPendingCommit => {
                    let staged = group.pending_commit().ok_or(ClientError::NoCommitPending)?;
                    let archive = staged_secrets(provider, staged)?;
                    snapshot(provider, group)?;
                    group.merge_pending_commit(provider).map_err(mls)?;
                    let epoch_ref = epoch_ref(group.public_group().group_context())?;
                    let roster = Leaves::new(group.members())?.roster().clone();
                    Ok(Received::Commit { from: None, epoch_ref, archive, roster, removed: false })
                }
                ProcessedMessageContent::OwnPrivateMessage => Ok(Received::Own),
                _ => Err(ClientError::Malformed("a kind of message that is not used here")),
            }
        })
    }

    /// Joins by a Welcome. Every leaf of the group is verified.
    ///
    /// # Errors
    /// A Welcome for another device or a spent key package, a group that is not made as required, a leaf that is not who it says.
    pub fn join(&mut self, welcome: &[u8], trust: &Trust<'_>) -> Result<Joined, ClientError> {
        let MlsMessageBodyIn::Welcome(welcome) = parse(welcome)?.extract() else {
            return Err(ClientError::Malformed("a Welcome is expected"));
        };
        let (group, joined) = self.run(|provider, _| {
            // A member that never committed keeps the lifetime of its key package for as long as it stays: only new ones expire.
            let staged = StagedWelcome::build_from_welcome(provider, &join_config(), welcome)
                .map_err(mls)?
                .skip_lifetime_validation()
                .build()
                .map_err(mls)?;
            let context = staged.group_context().clone();
            check_context(&context, trust.server_key)?;
            let name = GroupName(context.group_id().as_slice().try_into().map_err(|_| ClientError::NoGroup)?);
            let leaves = Leaves::new(staged.members())?;
            leaves.verify(trust.directory, trust.now)?;
            let by = leaves.at(staged.welcome_sender_index().u32()).ok_or(Refusal::NotAMember)?.seat();
            if !trust.entitled.contains_key(&by.1.account) {
                return Err(Refusal::Left.into());
            }
            let archive = match archive_policy(context.extensions()) {
                Some(policy) if !(trust.certified)(policy) => return Err(Refusal::ArchiveUncertified.into()),
                Some(policy) => {
                    let export = |c: &_, label: &str, ctx: &[u8], n| staged.export_secret(c, label, ctx, n);
                    Some(secrets(provider.crypto(), policy, export)?)
                }
                None => None,
            };
            let epoch_ref = epoch_ref(&context)?;
            let roster = leaves.roster().clone();
            let group = staged.into_group(provider).map_err(mls)?;
            Ok((group, Joined { group: name, by: by.0, epoch_ref, archive, roster }))
        })?;
        self.groups.insert(joined.group, group);
        Ok(joined)
    }
}

fn parse(bytes: &[u8]) -> Result<MlsMessageIn, ClientError> {
    if bytes.len() > MAX_HANDSHAKE {
        return Err(ClientError::Malformed("too large"));
    }
    MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| ClientError::Malformed("not an MLS message"))
}

fn protocol(bytes: &[u8]) -> Result<ProtocolMessage, ClientError> {
    match parse(bytes)?.extract() {
        MlsMessageBodyIn::PublicMessage(message) => Ok(message.into()),
        MlsMessageBodyIn::PrivateMessage(message) => Ok(message.into()),
        _ => Err(ClientError::Malformed("a group's message is expected")),
    }
}
