//! Why a commit or an entry is refused. Codes are stable: clients act on them.

use thiserror::Error;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $words:literal;)+) => {
        /// A rule that does not hold. The text may be shown.
        #[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
        pub enum Refusal {$(
            $(#[$doc])*
            #[error($words)]
            $name,
        )+}

        impl Refusal {
            /// Every refusal, for documentation and tests.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

refusals! {
    /// The committer has no leaf.
    NotAMember = "group_not_a_member", "This device is not in the group. Ask a member to add it.";
    /// The committer's account has left the conversation.
    Left = "group_left", "This account has left the conversation.";
    /// The committer's device is being removed.
    BeingRemoved = "group_being_removed", "This device is being removed from the group; another device must commit.";
    /// A commit from outside.
    ExternalCommit = "group_external_commit", "Nobody joins by themselves: a member must add the device.";
    /// A commit without an update path.
    PathMissing = "group_path_missing", "A commit must renew the committer's keys.";
    /// An update that changes who the leaf is.
    IdentityChanged = "group_identity_changed", "A device may renew its keys, not become another device.";
    /// A guest's commit with proposals of its own.
    GuestCommit = "group_guest_commit", "A guest may renew keys and apply what the server proposed, nothing else.";
    /// Adding a person below the rank of moderator.
    MayNotAdd = "group_may_not_add", "Only a moderator or an owner adds people.";
    /// The added account is not in the conversation.
    NotEntitled = "group_not_entitled", "This account is not a member of the conversation.";
    /// The device has a leaf already.
    DevicePresent = "group_device_present", "This device is in the group already.";
    /// No such leaf.
    DeviceAbsent = "group_device_absent", "This device is not in the group.";
    /// A sixth leaf of an account.
    TooManyDevices = "group_too_many_devices", "An account has at most 5 devices in a group. Remove one first.";
    /// The 501st account.
    TooManyPeople = "group_too_many_people", "A sealed group has at most 500 people.";
    /// Removing another's device without the rank.
    MayNotRemove = "group_may_not_remove", "Only a moderator or an owner removes other people's devices.";
    /// A Remove of the server is not in the commit.
    RemovalLeftOut = "group_removal_left_out", "A removal is waiting: the commit must apply it.";
    /// The server proposed what it may not.
    ServerProposal = "group_server_proposal", "The server may propose removals and certified archive policies, nothing else.";
    /// Changing the group's context without the rank.
    MayNotChange = "group_may_not_change", "Only an owner changes the settings of a group.";
    /// The context changes beyond the archive policy.
    ContextChanged = "group_context_changed", "This setting of a group is fixed when it is made.";
    /// Sealed to recorded or back.
    ClassChanged = "group_class_changed", "A conversation does not change its protection. Continue in a new one.";
    /// An archive key that the officers did not sign.
    ArchiveUncertified = "group_archive_uncertified", "The officers have not signed this archive key.";
    /// A move to another group that policy forbids.
    ReInit = "group_reinit", "This move to a new group is not permitted.";
    /// A pre-shared key.
    Psk = "group_psk", "Groups do not use outside keys.";
    /// A proposal of an unknown kind.
    Unsupported = "group_unsupported", "This kind of change is not supported.";
    /// Content in an epoch of an earlier UTC day.
    EpochDay = "epoch_day", "A new day has begun: renew the keys, then send again.";
    /// Content after 500 entries.
    EpochFull = "epoch_full", "This key has been used enough: renew the keys, then send again.";
    /// Content while a Remove waits.
    EpochRemoval = "epoch_removal", "A device is waiting to be removed: apply the removal, then send again.";
    /// Content under an archive key past its end.
    ArchiveExpired = "archive_expired", "The archive key has expired: the officers must publish the next one.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_words_end_in_a_stop() {
        let codes: BTreeSet<_> = Refusal::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert!(refusal.to_string().ends_with('.'), "{}", refusal.code());
        }
    }
}
