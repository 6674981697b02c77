//! Plain values as they cross the border: identifiers as text, bytes as bytes, times as milliseconds since 1970 UTC.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use rempart_base::{AccountId, DeviceId, Timestamp};
use rempart_group_policy::{EpochRef, GroupName, Kind, Rank, Roster, Seat, Verdict};
use rempart_mls_client::{ArchiveSecrets, Changes, Joined, Leaves, Outgoing, Received, Suite, Trust};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};

use crate::refused::Refused;

/// What the device believes about others, for one operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Beliefs {
    /// Identity keys of accounts, from the key log.
    pub directory: Vec<IdentityKey>,
    /// Members of the conversation.
    pub entitled: Vec<Entitled>,
    /// Archive policies, encoded, that enough pinned officers signed.
    pub certified: Vec<ByteBuf>,
    /// The server's Ed25519 key as external sender.
    pub server_key: ByteArray<32>,
    /// Now.
    pub now: f64,
}

/// An account's identity key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityKey {
    /// The account.
    pub account: String,
    /// Ed25519.
    pub key: ByteArray<32>,
}

/// A member of the conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entitled {
    /// The account.
    pub account: String,
    /// Its rank there.
    pub rank: RankName,
}

/// A rank, by name.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankName {
    /// [`Rank::Reader`].
    Reader,
    /// [`Rank::Member`].
    Member,
    /// [`Rank::Moderator`].
    Moderator,
    /// [`Rank::Owner`].
    Owner,
}

/// [`Beliefs`], read.
pub struct Believed {
    directory: BTreeMap<AccountId, [u8; 32]>,
    entitled: BTreeMap<AccountId, Rank>,
    certified: BTreeSet<Vec<u8>>,
    server_key: [u8; 32],
    now: Timestamp,
}

impl Beliefs {
    /// Reads them.
    ///
    /// # Errors
    /// What is not an identifier or a time, and an account that is named twice.
    pub fn read(self) -> Result<Believed, Refused> {
        let mut directory = BTreeMap::new();
        for IdentityKey { account, key } in self.directory {
            if directory.insert(id(&account)?, key.into_array()).is_some() {
                return Err(Refused::value("an account with two identity keys"));
            }
        }
        let mut entitled = BTreeMap::new();
        for Entitled { account, rank } in self.entitled {
            let rank = match rank {
                RankName::Reader => Rank::Reader,
                RankName::Member => Rank::Member,
                RankName::Moderator => Rank::Moderator,
                RankName::Owner => Rank::Owner,
            };
            if entitled.insert(id(&account)?, rank).is_some() {
                return Err(Refused::value("an account with two ranks"));
            }
        }
        let certified = self.certified.into_iter().map(ByteBuf::into_vec).collect();
        let now = time(self.now)?;
        Ok(Believed { directory, entitled, certified, server_key: self.server_key.into_array(), now })
    }
}

impl Believed {
    /// Lends them as the client wants them.
    pub fn with<T>(&self, f: impl FnOnce(&Trust<'_>) -> T) -> T {
        let certified = |policy: &[u8]| self.certified.contains(policy);
        f(&Trust {
            directory: &self.directory,
            entitled: &self.entitled,
            certified: &certified,
            server_key: &self.server_key,
            now: self.now,
        })
    }
}

/// Who a new device is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enrolment {
    /// The account.
    pub account: String,
    /// The device.
    pub device: String,
    /// Whether for a day only.
    pub guest: bool,
    /// Now: the credential holds from here on.
    pub now: f64,
}

/// What a commit does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangesIn {
    /// Key packages of devices to add.
    pub add: Vec<ByteBuf>,
    /// Devices to remove.
    pub remove: Vec<String>,
    /// The next archive policy, encoded.
    pub archive: Option<ByteBuf>,
}

impl ChangesIn {
    /// Reads them.
    ///
    /// # Errors
    /// What is not a device's identifier.
    pub fn read(self) -> Result<Changes, Refused> {
        Ok(Changes {
            add: self.add.into_iter().map(ByteBuf::into_vec).collect(),
            remove: self.remove.iter().map(|device| id(device)).collect::<Result<_, _>>()?,
            archive: self.archive.map(ByteBuf::into_vec),
        })
    }
}

/// Whose installation this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The account.
    pub account: String,
    /// The device.
    pub device: String,
    /// Whether for a day only.
    pub guest: bool,
    /// The device's Ed25519 key, in every leaf of it.
    #[serde(with = "serde_bytes")]
    pub device_key: Vec<u8>,
    /// The credential, as in every leaf.
    #[serde(with = "serde_bytes")]
    pub credential: Vec<u8>,
    /// The account's Ed25519 identity key; absent when this installation does not hold it.
    pub account_key: Option<ByteBuf>,
}

/// A device in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeatOut {
    /// The device.
    pub device: String,
    /// Whose.
    pub account: String,
    /// Whether for a day only.
    pub guest: bool,
}

/// A device in a group, and its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeafOut {
    /// Who.
    #[serde(flatten)]
    pub seat: SeatOut,
    /// The leaf's Ed25519 key.
    pub key: ByteBuf,
}

/// The capsule's secrets of an epoch.
#[derive(Clone, Serialize)]
pub struct ArchiveOut {
    /// K_n.
    pub key: ByteBuf,
    /// s_n.
    pub seed: ByteBuf,
}

/// An epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EpochOut {
    /// Its number.
    pub epoch: u64,
    /// Its name.
    pub epoch_ref: ByteBuf,
    /// Whether this device is still a member.
    pub member: bool,
}

/// A commit to send.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutgoingOut {
    /// A PublicMessage.
    pub commit: ByteBuf,
    /// For the added devices.
    pub welcome: Option<ByteBuf>,
    /// The epoch that it would begin.
    pub epoch_ref: ByteBuf,
    /// Members from then on.
    pub roster: Vec<SeatOut>,
}

/// A message, processed.
#[derive(Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ReceivedOut {
    /// Content of a sealed conversation.
    Content {
        /// The device whose leaf signed it.
        from: String,
        /// As the sender gave it.
        content: ByteBuf,
    },
    /// This device's own message.
    Own,
    /// A proposal that the next commit applies.
    Proposal,
    /// A commit; the group is in its epoch.
    Commit {
        /// Who made it; absent when it is this device's own and was waiting.
        from: Option<String>,
        /// The new epoch.
        epoch_ref: ByteBuf,
        /// Members from now on.
        roster: Vec<SeatOut>,
        /// This device was removed.
        removed: bool,
    },
}

/// What became of one of several messages.
#[derive(Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenedOut {
    /// Taken: this is what it held.
    Ok(ReceivedOut),
    /// The code of the refusal; nothing changed by it.
    Refused(&'static str),
}

/// A group, joined.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinedOut {
    /// Its name.
    pub group: ByteBuf,
    /// Who added this device.
    pub by: String,
    /// The epoch.
    pub epoch_ref: ByteBuf,
    /// The members.
    pub roster: Vec<SeatOut>,
}

fn seat((device, seat): (DeviceId, Seat)) -> SeatOut {
    SeatOut {
        device: device.to_string(),
        account: seat.account.to_string(),
        guest: match seat.kind {
            Kind::Member => false,
            Kind::Guest => true,
        },
    }
}

fn roster(roster: &Roster) -> Vec<SeatOut> {
    roster.iter().map(seat).collect()
}

/// The leaves of a group, by device.
#[must_use]
pub fn leaves(leaves: &Leaves) -> Vec<LeafOut> {
    let all = leaves.roster().iter();
    all.filter_map(|at| Some(LeafOut { seat: seat(at), key: bytes(leaves.key(at.0)?) })).collect()
}

impl From<ArchiveSecrets> for ArchiveOut {
    fn from(secrets: ArchiveSecrets) -> Self {
        Self { key: bytes(*secrets.key), seed: bytes(*secrets.seed) }
    }
}

impl From<Outgoing> for OutgoingOut {
    fn from(outgoing: Outgoing) -> Self {
        Self {
            commit: bytes(outgoing.commit),
            welcome: outgoing.welcome.map(bytes),
            epoch_ref: bytes(outgoing.epoch_ref.0),
            roster: roster(&outgoing.roster),
        }
    }
}

impl From<Received> for ReceivedOut {
    fn from(received: Received) -> Self {
        match received {
            Received::Content { from, content } => Self::Content { from: from.to_string(), content: bytes(content) },
            Received::Own => Self::Own,
            Received::Proposal => Self::Proposal,
            Received::Commit { from, epoch_ref, roster: members, removed, .. } => Self::Commit {
                from: from.map(|device| device.to_string()),
                epoch_ref: bytes(epoch_ref.0),
                roster: roster(&members),
                removed,
            },
        }
    }
}

impl From<Joined> for JoinedOut {
    fn from(joined: Joined) -> Self {
        Self {
            group: bytes(joined.group.0),
            by: joined.by.to_string(),
            epoch_ref: bytes(joined.epoch_ref.0),
            roster: roster(&joined.roster),
        }
    }
}

/// Bytes, on their way out.
pub(crate) fn bytes(bytes: impl Into<Vec<u8>>) -> ByteBuf {
    ByteBuf::from(bytes.into())
}

/// An identifier of its type.
pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, Refused> {
    text.parse().map_err(|_| Refused::value("an identifier"))
}

/// A time: whole milliseconds between 1970 and the year 10000.
pub(crate) fn time(ms: f64) -> Result<Timestamp, Refused> {
    const END: f64 = 253_402_300_800_000.0;
    if !(0.0..END).contains(&ms) {
        return Err(Refused::value("a time"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the range checked above")]
    Ok(Timestamp::from_millis(ms as i64))
}

/// A group's name.
pub(crate) fn group(name: &[u8]) -> Result<GroupName, Refused> {
    name.try_into().map(GroupName).map_err(|_| Refused::value("the name of a group has 16 bytes"))
}

/// An epoch's name.
pub(crate) fn epoch(reference: &[u8]) -> Result<EpochRef, Refused> {
    reference.try_into().map(EpochRef).map_err(|_| Refused::value("the name of an epoch has 32 bytes"))
}

/// A suite, by name.
pub(crate) fn suite(name: &str) -> Result<Suite, Refused> {
    match name {
        "hybrid" => Ok(Suite::Hybrid),
        "classical" => Ok(Suite::Classical),
        _ => Err(Refused::value("a suite is hybrid or classical")),
    }
}

/// A verdict, by name.
pub(crate) fn verdict(name: &str) -> Result<Verdict, Refused> {
    match name {
        "merged" => Ok(Verdict::Merged),
        "refused" => Ok(Verdict::Refused),
        _ => Err(Refused::value("a verdict is merged or refused")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "0190b3c4-5d6e-7f80-8123-456789abcdef";

    fn beliefs() -> Beliefs {
        Beliefs {
            directory: vec![IdentityKey { account: ACCOUNT.to_owned(), key: ByteArray::new([1; 32]) }],
            entitled: vec![Entitled { account: ACCOUNT.to_owned(), rank: RankName::Owner }],
            certified: vec![bytes(*b"policy")],
            server_key: ByteArray::new([2; 32]),
            now: 1_800_000_000_000.0,
        }
    }

    #[test]
    fn beliefs_are_lent_as_they_are() {
        let account: AccountId = ACCOUNT.parse().unwrap();
        beliefs().read().unwrap().with(|trust| {
            assert_eq!(trust.directory.identity_key(account), Some([1; 32]));
            assert_eq!(trust.directory.identity_key(AccountId::from_bytes([0; 16])), None);
            assert_eq!(trust.entitled.get(&account), Some(&Rank::Owner));
            assert!((trust.certified)(b"policy"));
            assert!(!(trust.certified)(b"polic"));
            assert_eq!(trust.server_key, &[2; 32]);
            assert_eq!(trust.now, Timestamp::from_millis(1_800_000_000_000));
        });
    }

    #[test]
    fn beliefs_that_contradict_themselves_are_refused() {
        let mut twice = beliefs();
        twice.directory.push(IdentityKey { account: ACCOUNT.to_owned(), key: ByteArray::new([3; 32]) });
        assert!(twice.read().err().unwrap().message.ends_with("an account with two identity keys"));
        let mut twice = beliefs();
        twice.entitled.push(Entitled { account: ACCOUNT.to_owned(), rank: RankName::Reader });
        assert!(twice.read().err().unwrap().message.ends_with("an account with two ranks"));
        let mut upper = beliefs();
        upper.directory[0].account = ACCOUNT.to_uppercase();
        assert_eq!(upper.read().err().unwrap().code, Refused::VALUE);
        for now in [f64::NAN, f64::INFINITY, -1.0, 1e18] {
            assert_eq!(Beliefs { now, ..beliefs() }.read().err().unwrap().code, Refused::VALUE, "{now}");
        }
    }

    #[test]
    fn lengths_and_names_are_checked() {
        assert!(group(&[0; 16]).is_ok() && group(&[0; 15]).is_err() && group(&[0; 17]).is_err());
        assert!(epoch(&[0; 32]).is_ok() && epoch(&[0; 31]).is_err());
        assert_eq!(suite("hybrid"), Ok(Suite::Hybrid));
        assert!(suite("Hybrid").is_err());
        assert_eq!(verdict("refused"), Ok(Verdict::Refused));
        assert!(verdict("").is_err());
        let changes = ChangesIn { remove: vec!["x".to_owned()], ..ChangesIn::default() };
        assert!(changes.read().is_err());
    }
}
