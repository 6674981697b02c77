//! From the application's words to the API's.

use rempart_app::archive::Proof;
use rempart_app::conversations::{Channel, ConversationView, View};
use rempart_app::feed::{AccountChange, AccountRow};
use rempart_app::files::{BlobRecord, UploadRecord};
use rempart_app::messages::{Entry, MemberMark, Receipt};
use rempart_domain::account::Language;
use rempart_domain::conversation::{Kind, MemberRole, Membership, Protection};
use rempart_domain::journal::{EntryKind, Sender};
use rempart_domain::presence::{Availability, Presence};
use rempart_domain::role::{Role, Scope};
use rempart_wire::{B64, Id, Time, account, conversation, feed, file, journal, session};

pub(crate) const fn role(role: Role) -> account::Role {
    match role {
        Role::Owner => account::Role::Owner,
        Role::Admin => account::Role::Admin,
        Role::Officer => account::Role::Officer,
        Role::Auditor => account::Role::Auditor,
        Role::Member => account::Role::Member,
        Role::Guest => account::Role::Guest,
    }
}

pub(crate) const fn scope(scope: Scope) -> account::Scope {
    match scope {
        Scope::Read => account::Scope::Read,
        Scope::Post => account::Scope::Post,
        Scope::Admin => account::Scope::Admin,
    }
}

pub(crate) const fn language(language: Language) -> session::Language {
    match language {
        Language::French => session::Language::Fr,
        Language::English => session::Language::En,
    }
}

pub(crate) fn presence(presence: Presence) -> account::Presence {
    account::Presence {
        availability: match presence.availability {
            Availability::Available => account::Availability::Available,
            Availability::Busy => account::Availability::Busy,
            Availability::Away => account::Availability::Away,
            Availability::Dnd => account::Availability::Dnd,
            Availability::Offline => account::Availability::Offline,
        },
        text: presence.text,
        until: presence.until.map(Time),
    }
}

pub(crate) const fn kind(kind: Kind) -> conversation::Kind {
    match kind {
        Kind::Direct => conversation::Kind::Direct,
        Kind::Group => conversation::Kind::Group,
        Kind::Channel => conversation::Kind::Channel,
    }
}

pub(crate) const fn protection(protection: Protection) -> conversation::Protection {
    match protection {
        Protection::Sealed => conversation::Protection::Sealed,
        Protection::Recorded => conversation::Protection::Recorded,
        Protection::Open => conversation::Protection::Open,
    }
}

pub(crate) const fn member_role(role: MemberRole) -> conversation::MemberRole {
    match role {
        MemberRole::Owner => conversation::MemberRole::Owner,
        MemberRole::Moderator => conversation::MemberRole::Moderator,
        MemberRole::Member => conversation::MemberRole::Member,
        MemberRole::Reader => conversation::MemberRole::Reader,
    }
}

pub(crate) fn view(view: View) -> conversation::Conversation {
    let View { of: ConversationView { conversation: state, membership, read, with }, details } = view;
    conversation::Conversation {
        conversation: Id(state.id),
        kind: kind(state.kind),
        protection: protection(state.protection),
        last_seq: state.last_seq,
        last_time: state.last_time.map(Time),
        role: member_role(membership.role),
        from_seq: membership.from_seq,
        read_seq: read,
        muted: membership.muted,
        pinned: membership.pinned,
        members: state.members,
        with: with.map(Id),
        details: details.map(|d| B64(d.to_vec())),
        created: Time(state.created),
    }
}

pub(crate) fn member(member: Membership) -> conversation::Member {
    conversation::Member { account: Id(member.account), role: member_role(member.role), since: Time(member.since) }
}

pub(crate) fn channel(channel: Channel) -> conversation::Channel {
    conversation::Channel {
        conversation: Id(channel.conversation.id),
        protection: protection(channel.conversation.protection),
        members: channel.conversation.members,
        details: channel.details.map(|d| B64(d.to_vec())),
        joined: channel.joined,
    }
}

pub(crate) fn entry(entry: &Entry) -> journal::Entry {
    let (account, device) = match entry.envelope.sender {
        Sender::Device(account, device) => (Some(Id(account)), Some(Id(device))),
        Sender::Server => (None, None),
    };
    journal::Entry {
        seq: entry.seq,
        kind: match entry.envelope.kind {
            EntryKind::Content => journal::EntryKind::Content,
            EntryKind::Membership => journal::EntryKind::Membership,
            EntryKind::Erasure => journal::EntryKind::Erasure,
            EntryKind::Commit => journal::EntryKind::Commit,
            EntryKind::Proposal => journal::EntryKind::Proposal,
            EntryKind::Group => journal::EntryKind::Group,
        },
        account,
        device,
        client_id: Id(entry.envelope.client_id),
        time: Time(entry.envelope.time),
        refers_to: Some(entry.envelope.refers_to).filter(|s| *s != 0),
        content: entry.content.as_ref().map(|c| B64(c.to_vec())),
        epoch: entry.envelope.epoch.map(|e| B64(e.to_vec())),
        blobs: entry.envelope.blobs.iter().copied().map(Id).collect(),
        leaf: B64(entry.leaf.clone()),
        salt: entry.salt.map(|s| B64(s.to_vec())),
    }
}

pub(crate) fn receipt(receipt: &Receipt) -> journal::Receipt {
    journal::Receipt {
        seq: receipt.entry.seq,
        time: Time(receipt.entry.envelope.time),
        leaf: B64(receipt.entry.leaf.clone()),
        salt: B64(receipt.entry.salt.map_or(Vec::new(), |s| s.to_vec())),
        promise: B64(receipt.promise.to_vec()),
    }
}

pub(crate) fn account_entry(row: AccountRow) -> journal::AccountEntry {
    journal::AccountEntry {
        seq: row.seq,
        time: Time(row.time),
        change: match row.change {
            AccountChange::Membership(conversation, member) => {
                journal::AccountChange::Membership { conversation: Id(conversation), member }
            }
            AccountChange::Read(conversation, seq) => {
                journal::AccountChange::Read { conversation: Id(conversation), read: seq }
            }
            AccountChange::Settings => journal::AccountChange::Settings,
            AccountChange::Welcome(conversation) => journal::AccountChange::Welcome { conversation: Id(conversation) },
            AccountChange::Keys => journal::AccountChange::Keys,
        },
    }
}

pub(crate) const fn mark(mark: MemberMark) -> journal::Mark {
    journal::Mark { account: Id(mark.account), delivered: mark.delivered, read: mark.read }
}

pub(crate) fn proof(proof: Proof, key: String) -> journal::InclusionProof {
    journal::InclusionProof {
        position: proof.position,
        size: proof.size,
        hashes: proof.hashes.into_iter().map(|h| B64(h.to_vec())).collect(),
        checkpoint: journal::Checkpoint { note: proof.checkpoint, key },
    }
}

pub(crate) fn person_presence(account: rempart_base::AccountId, of: Presence) -> feed::PersonPresence {
    feed::PersonPresence { account: Id(account), presence: presence(of) }
}

pub(crate) fn upload((upload, blob): (UploadRecord, Option<BlobRecord>)) -> file::Upload {
    file::Upload {
        upload: Id(upload.id),
        offset: upload.offset,
        size: upload.size,
        blob: upload.blob.map(Id),
        media_type: blob.map(|b| b.media_type),
    }
}
