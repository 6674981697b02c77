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
}

impl Refusal {
    /// A refusal that concerns a field.
    #[must_use]
    pub const fn field(reason: Reason, field: &'static str) -> Self {
        Self { reason, field: Some(field), retry_after_ms: None }
    }

    /// A refusal that ends by waiting.
    #[must_use]
    pub const fn wait(reason: Reason, ms: i64) -> Self {
        Self { reason, field: None, retry_after_ms: Some(ms) }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { reason, field: None, retry_after_ms: None }
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
