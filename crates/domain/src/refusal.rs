//! Refusals: a rule said no. Not a fault; safe to show; each with a stable code.

use thiserror::Error;

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident $code:literal $words:literal,)+) => {
        /// Why a rule said no. Codes are stable; heads map each to their protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
        pub enum Reason {
            $(#[doc = $words] #[error($words)] $variant,)+
        }

        impl Reason {
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The reason of a code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }

            /// Every reason there is, for catalogues and tables.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
        }
    };
}

refusals! {
    NotSignedIn "not_signed_in" "Sign in first.",
    SignInFailed "sign_in_failed" "Address or password is not right.",
    FactorFailed "factor_failed" "This code is not right. Codes change every 30 seconds; a recovery code works once.",
    TicketExpired "ticket_expired" "This sign-in took too long. Start again.",
    Slowed "slowed" "Too many tries. Wait, then try again.",
    Locked "locked" "Sign-in from here is locked for this account after ten failures. Use a reset link, or wait.",
    AccountDisabled "account_disabled" "This account is closed. Ask an administrator.",
    FactorRequired "factor_required" "This role needs a second factor: set one up first.",
    PasswordChangeRequired "password_change_required" "Choose a new password first.",
    NotAllowed "not_allowed" "Your role does not allow this.",
    ScopeMissing "scope_missing" "This token does not carry the scope that this needs.",
    NotReady "not_ready" "This server is not set up yet. Open the setup link that it printed.",
    AlreadySetUp "already_set_up" "This server is set up already.",
    LinkInvalid "link_invalid" "This link is not valid any more: it was used, taken back, or it expired. Ask for a new one.",
    AddressInvalid "address_invalid" "An address begins with a letter or digit and holds letters, digits, dots, dashes and underscores only.",
    AddressTaken "address_taken" "This address is taken.",
    AddressLookAlike "address_look_alike" "This address looks like one that exists. Choose one that cannot be confused with it.",
    NameInvalid "name_invalid" "A name has 1 to 100 characters, without control characters or mixed alphabets.",
    DomainInvalid "domain_invalid" "This is not a domain name, such as `kerbrat.example`.",
    HostInvalid "host_invalid" "This is not a host name, such as `rempart.kerbrat.example` or `localhost:8443`.",
    TextTooLong "text_too_long" "This text is too long.",
    PasswordShort "password_short" "This password is too easy to guess: make it longer, a sentence is best.",
    PasswordLong "password_long" "A password has at most 256 characters.",
    PasswordCommon "password_common" "This password is on the list of common and stolen passwords.",
    PasswordPersonal "password_personal" "A password must not be made of your name, your address or the organisation's name.",
    PasswordRepeated "password_repeated" "This password is one that you used lately.",
    PasswordWrong "password_wrong" "The present password is not right.",
    FactorNotOffered "factor_not_offered" "Ask for a new secret first.",
    FactorNotSet "factor_not_set" "There is no second factor on this account.",
    AccountUnknown "account_unknown" "There is no such account.",
    LastOwner "last_owner" "Somebody must stay owner: name another owner first.",
    InvitationUnknown "invitation_unknown" "There is no such invitation.",
    DurationInvalid "duration_invalid" "This duration is out of range.",
    TooManyDevices "too_many_devices" "Too many devices are signed in. End one of your sessions first.",
    TooManyTokens "too_many_tokens" "There are too many tokens. End one first.",
    TokenUnknown "token_unknown" "There is no such token.",
    SessionUnknown "session_unknown" "There is no such session.",
    ScopesEmpty "scopes_empty" "A token needs at least one scope.",
    ConversationUnknown "conversation_unknown" "There is no such conversation, or you are not a member.",
    NotAMember "not_a_member" "This person is not a member of the conversation.",
    ReadOnly "read_only" "You may read here, not write.",
    MembersInvalid "members_invalid" "A direct conversation is with exactly one other open account.",
    TooManyAtOnce "too_many_at_once" "At most 200 people at once: add the others after.",
    TooManyMembers "too_many_members" "A conversation has at most 5,000 members.",
    DirectFixed "direct_fixed" "The members of a direct conversation do not change.",
    DetailsRequired "details_required" "A group or channel needs a title.",
    ProtectionUnavailable "protection_unavailable" "This protection is not available here yet.",
    Conflict "conflict" "The conversation changed meanwhile. Try again.",
    ContentEmpty "content_empty" "There is nothing in this message.",
    ContentTooLarge "content_too_large" "A message has at most 64 KiB.",
    ContentInvalid "content_invalid" "This content cannot be read: it is not UTF-8 JSON with `v` and `type`, or a field is out of its limits.",
    RefersToUnknown "refers_to_unknown" "The entry that this refers to does not exist.",
    EntryUnknown "entry_unknown" "There is no such entry.",
    TooManyBlobs "too_many_blobs" "A message carries at most 20 files.",
    BlobUnknown "blob_unknown" "This file is not here, or you have no access to it.",
    FileTooLarge "file_too_large" "This file is larger than this server takes.",
    FileEmpty "file_empty" "This file is empty.",
    UploadUnknown "upload_unknown" "This upload is not known any more. Begin again.",
    UploadOffset "upload_offset" "This part does not begin where the upload stands.",
    UploadMismatch "upload_mismatch" "What was received is not the file that was announced. Send it again.",
    QuotaReached "quota_reached" "Too many uploads are open. Finish or give up one first.",
    PresenceInvalid "presence_invalid" "Offline cannot be chosen, and the end must be in the future.",
    LimitInvalid "limit_invalid" "A page has 1 to 200 rows.",
    PositionInvalid "position_invalid" "Give either `after` or `before`.",
    TooManyRequests "too_many_requests" "Too many requests. Wait a moment.",
    NotLogged "not_logged" "This entry is not in the log yet. Try again in a second.",
    RequestInvalid "request_invalid" "This request cannot be read.",
    RequestTooLarge "request_too_large" "This request is too large.",
    CommandUnknown "command_unknown" "There is no command of this name.",
    CrossSite "cross_site" "This request did not come from this server's pages.",
    HelloFirst "hello_first" "Say hello first.",
    // What group-policy refuses, word for word.
    GroupNotAMember "group_not_a_member" "This device is not in the group. Ask a member to add it.",
    GroupLeft "group_left" "This account has left the conversation.",
    GroupBeingRemoved "group_being_removed" "This device is being removed from the group; another device must commit.",
    GroupExternalCommit "group_external_commit" "Nobody joins by themselves: a member must add the device.",
    GroupPathMissing "group_path_missing" "A commit must renew the committer's keys.",
    GroupIdentityChanged "group_identity_changed" "A device may renew its keys, not become another device.",
    GroupGuestCommit "group_guest_commit" "A guest may renew keys and apply what the server proposed, nothing else.",
    GroupMayNotAdd "group_may_not_add" "Only a moderator or an owner adds people.",
    GroupNotEntitled "group_not_entitled" "This account is not a member of the conversation.",
    GroupDevicePresent "group_device_present" "This device is in the group already.",
    GroupDeviceAbsent "group_device_absent" "This device is not in the group.",
    GroupTooManyDevices "group_too_many_devices" "An account has at most 5 devices in a group. Remove one first.",
    GroupTooManyPeople "group_too_many_people" "A sealed group has at most 500 people.",
    GroupMayNotRemove "group_may_not_remove" "Only a moderator or an owner removes other people's devices.",
    GroupRemovalLeftOut "group_removal_left_out" "A removal is waiting: the commit must apply it.",
    GroupServerProposal "group_server_proposal" "The server may propose removals and certified archive policies, nothing else.",
    GroupMayNotChange "group_may_not_change" "Only an owner changes the settings of a group.",
    GroupContextChanged "group_context_changed" "This setting of a group is fixed when it is made.",
    GroupClassChanged "group_class_changed" "A conversation does not change its protection. Continue in a new one.",
    GroupArchiveUncertified "group_archive_uncertified" "The officers have not signed this archive key.",
    GroupReInit "group_reinit" "This move to a new group is not permitted.",
    GroupPsk "group_psk" "Groups do not use outside keys.",
    GroupUnsupported "group_unsupported" "This kind of change is not supported.",
    EpochDay "epoch_day" "A new day has begun: renew the keys, then send again.",
    EpochFull "epoch_full" "This key has been used enough: renew the keys, then send again.",
    EpochRemoval "epoch_removal" "A device is waiting to be removed: apply the removal, then send again.",
    ArchiveExpired "archive_expired" "The archive key has expired: the officers must publish the next one.",
    // What else is refused in groups.
    GroupNone "group_none" "Only a sealed conversation has a group.",
    GroupAbsent "group_absent" "This conversation has no group yet: start one.",
    GroupStarted "group_started" "This conversation's group was started already: ask to be added.",
    GroupStale "group_stale" "Another commit came first: read the journal, apply it, then commit again.",
    GroupMessageInvalid "group_message_invalid" "This is not the group message that belongs here.",
    GroupNotTheSender "group_not_the_sender" "This is signed by another device than the one that sends it.",
    GroupIdentity "group_identity" "A device in this message was not signed by its account, or is not in the key log.",
    GroupWelcome "group_welcome" "A commit that adds devices comes with their Welcome, and no other does.",
    EpochStale "epoch_stale" "The keys were renewed meanwhile: read the journal, then seal and send again.",
    EpochInvalid "epoch_invalid" "An epoch, 32 bytes, is named in sealed conversations and only there.",
    DeviceNotEnrolled "device_not_enrolled" "This device has no keys yet. Set up its keys first.",
    DevicesMissing "devices_missing" "Somebody here has no device with keys yet. They must set up their keys first.",
    // What is refused of keys.
    KeysInvalid "keys_invalid" "This is not an entry of the key log.",
    KeysForeign "keys_foreign" "Enter keys of your own account only, and of the device that you use.",
    KeysRefused "keys_refused" "The key log does not take this entry: read the log, then make the entry anew.",
    KeyedDevicesFull "keyed_devices_full" "Your account has five devices with keys. Revoke one first.",
    DeviceRevoked "device_revoked" "This device was revoked. Sign out, then sign in again as a new device.",
    IdentityResetForbidden "identity_reset_forbidden" "An administrator must allow a new identity key first.",
    PackageInvalid "package_invalid" "This is not a key package of this device that can be used now.",
    TooManyPackages "too_many_packages" "A device keeps at most 200 key packages.",
    KeyringInvalid "keyring_invalid" "A sealed keyring has 1 byte to 256 KiB.",
    KeyringConflict "keyring_conflict" "Another device wrote the keyring first: read it, join the two, then write again.",
    DeviceLinkUnknown "device_link_unknown" "This device does not ask any more, or shows another code. Ask again there.",
    DetailsSealed "details_sealed" "The title of a sealed conversation is sealed too: send it once the group stands.",
}

/// A refusal: the reason, and what helps the person act on it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The field at fault, as the API names it.
    pub field: Option<&'static str>,
    /// Milliseconds to wait, where waiting helps.
    pub retry_after_ms: Option<i64>,
    /// More about this case: the ids of those concerned, separated by spaces.
    pub about: Option<String>,
}

impl Refusal {
    /// A refusal that concerns a field.
    #[must_use]
    pub const fn field(reason: Reason, field: &'static str) -> Self {
        Self { reason, field: Some(field), retry_after_ms: None, about: None }
    }

    /// A refusal that ends by waiting.
    #[must_use]
    pub const fn wait(reason: Reason, ms: i64) -> Self {
        Self { reason, field: None, retry_after_ms: Some(ms), about: None }
    }
}

impl Refusal {
    /// A refusal that names those whom a field's fault concerns.
    #[must_use]
    pub fn about<T: std::fmt::Display>(reason: Reason, field: &'static str, whom: &[T]) -> Self {
        let about: Vec<String> = whom.iter().map(ToString::to_string).collect();
        Self { about: Some(about.join(" ")), ..Self::field(reason, field) }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, field: None, retry_after_ms: None, about: None }
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn codes_are_unique_and_words_end_in_a_full_stop() {
        let mut codes: Vec<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        codes.sort_unstable();
        codes.windows(2).for_each(|w| assert_ne!(w[0], w[1]));
        Reason::ALL.iter().for_each(|r| assert!(r.to_string().ends_with('.'), "{r:?}"));
    }
}
