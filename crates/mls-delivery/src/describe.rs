//! An OpenMLS commit, as `group-policy` judges it. Server and clients describe with this one function.

use std::collections::BTreeSet;

use openmls::prelude::{
    Extension, Extensions, GroupContext, LeafNode, Proposal as MlsProposal, QueuedProposal, Sender, StagedCommit,
};
use rempart_base::{DeviceId, Timestamp};
use rempart_group_policy::{ARCHIVE_EXTENSION, ArchiveChange, Change, Class, Commit, EpochRef, Origin, Proposed};
use sha2::{Digest as _, Sha256};
use tls_codec::Serialize as _;

use crate::error::{DeliveryError, IdentityError};
use crate::identity::{Directory, Leaves, leaf};

/// What policy needs of a commit.
#[derive(Clone, Debug)]
pub struct Described {
    /// The sending device, `None` from outside.
    pub committer: Option<DeviceId>,
    /// It has an update path.
    pub path: bool,
    /// The leaf in the path has the credential and signature key of the leaf before.
    pub path_identity_kept: bool,
    /// What it applies.
    pub proposals: Vec<Proposed>,
}

impl Described {
    /// As policy takes it.
    #[must_use]
    pub fn commit(&self) -> Commit<'_> {
        Commit {
            committer: self.committer,
            path: self.path,
            path_identity_kept: self.path_identity_kept,
            proposals: &self.proposals,
        }
    }
}

/// Describes a commit and verifies every leaf that it brings in.
///
/// `certified` says whether enough officers signed an archive policy, given as encoded in the GroupContext.
///
/// # Errors
/// A leaf that is not who it says.
pub fn describe(
    staged: &StagedCommit,
    sender: &Sender,
    before: (&Leaves, &Extensions<GroupContext>),
    directory: &dyn Directory,
    certified: &dyn Fn(&[u8]) -> bool,
    now: Timestamp,
) -> Result<Described, IdentityError> {
    let (leaves, context) = before;
    let index = match sender {
        Sender::Member(index) => Some(index.u32()),
        Sender::External(_) | Sender::NewMemberProposal | Sender::NewMemberCommit => None,
    };
    let path = staged.update_path_leaf_node();
    let path_identity_kept = path.is_none_or(|node| index.is_some_and(|i| same(leaves, i, node)));
    let mut proposals = Vec::new();
    for queued in staged.queued_proposals() {
        proposals.push(proposed(queued, leaves, context, directory, certified, now)?);
    }
    let committer = index.and_then(|i| leaves.device(i));
    Ok(Described { committer, path: path.is_some(), path_identity_kept, proposals })
}

/// Describes one proposal.
///
/// # Errors
/// An added leaf that is not who it says.
pub fn proposed(
    queued: &QueuedProposal,
    leaves: &Leaves,
    context: &Extensions<GroupContext>,
    directory: &dyn Directory,
    certified: &dyn Fn(&[u8]) -> bool,
    now: Timestamp,
) -> Result<Proposed, IdentityError> {
    let (origin, index) = match queued.sender() {
        Sender::Member(index) => match leaves.device(index.u32()) {
            Some(device) => (Origin::Device(device), Some(index.u32())),
            None => (Origin::Outsider, None),
        },
        Sender::External(_) => (Origin::Server, None),
        Sender::NewMemberProposal | Sender::NewMemberCommit => (Origin::Outsider, None),
    };
    let change = match queued.proposal() {
        MlsProposal::Add(add) => {
            let node = add.key_package().leaf_node();
            let added = leaf(node.credential(), node.signature_key().as_slice())?;
            added.verify(directory, now)?;
            let (device, seat) = added.seat();
            Change::Add { device, seat }
        }
        MlsProposal::Remove(remove) => Change::Remove(leaves.device(remove.removed().u32())),
        MlsProposal::Update(update) => {
            Change::Update { identity_kept: index.is_some_and(|i| same(leaves, i, update.leaf_node())) }
        }
        MlsProposal::ExternalInit(_) => Change::ExternalInit,
        MlsProposal::GroupContextExtensions(new) => context_change(context, new.extensions(), certified),
        // OpenMLS 0.9 shows neither what a ReInit asks for nor what a pre-shared key is: both stay refused.
        MlsProposal::ReInit(_) => Change::ReInit { allowed: false },
        MlsProposal::PreSharedKey(_) => Change::Psk { reinit: false },
        MlsProposal::SelfRemove | MlsProposal::Custom(_) => Change::Other,
    };
    Ok(Proposed { origin, change })
}

fn same(leaves: &Leaves, index: u32, node: &LeafNode) -> bool {
    let now = leaf(node.credential(), node.signature_key().as_slice()).ok();
    now.is_some() && now.as_ref() == leaves.at(index)
}

fn context_change(
    old: &Extensions<GroupContext>,
    new: &Extensions<GroupContext>,
    certified: &dyn Fn(&[u8]) -> bool,
) -> Change {
    let archive = match (archive_policy(old), archive_policy(new)) {
        (None, None) => ArchiveChange::Kept,
        (Some(a), Some(b)) if a == b => ArchiveChange::Kept,
        (Some(_), Some(b)) => ArchiveChange::Replaced { certified: certified(b) },
        (None, Some(_)) => ArchiveChange::Added,
        (Some(_), None) => ArchiveChange::Dropped,
    };
    let rest = |of: &Extensions<GroupContext>| -> Vec<Extension> {
        of.iter().filter(|e| !matches!(e, Extension::Unknown(ARCHIVE_EXTENSION, _))).cloned().collect()
    };
    let (old, new) = (rest(old), rest(new));
    let rest_kept = old.len() == new.len() && old.iter().all(|e| new.contains(e));
    Change::Context { archive, rest_kept }
}

/// The archive policy of a group as encoded in its GroupContext; `None` in a sealed group.
#[must_use]
pub fn archive_policy(context: &Extensions<GroupContext>) -> Option<&[u8]> {
    context.unknown(ARCHIVE_EXTENSION).map(|e| e.0.as_slice())
}

/// The class of a group: recorded when its GroupContext has an archive policy.
#[must_use]
pub fn class(context: &Extensions<GroupContext>) -> Class {
    if archive_policy(context).is_some() { Class::Recorded } else { Class::Sealed }
}

/// SHA-256 of the TLS-encoded GroupContext.
///
/// # Errors
/// A context that has no encoding.
pub fn epoch_ref(context: &GroupContext) -> Result<EpochRef, DeliveryError> {
    let bytes = context.tls_serialize_detached().map_err(|_| DeliveryError::Malformed("GroupContext"))?;
    Ok(EpochRef(Sha256::digest(bytes).into()))
}

/// Devices whose Remove the server has proposed and no commit has applied.
pub fn waiting_removals<'a>(queued: impl Iterator<Item = &'a QueuedProposal>, leaves: &Leaves) -> BTreeSet<DeviceId> {
    queued
        .filter(|q| matches!(q.sender(), Sender::External(_)))
        .filter_map(|q| match q.proposal() {
            MlsProposal::Remove(remove) => leaves.device(remove.removed().u32()),
            _ => None,
        })
        .collect()
}
