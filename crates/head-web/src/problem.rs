//! How refusals and faults look: `application/problem+json` (RFC 9457).

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rempart_app::Failure;
use rempart_base::Chain;
use rempart_domain::Refusal;
use rempart_domain::refusal::Reason;
use rempart_wire::Problem;
use tracing::{debug, error};

/// A problem as an HTTP answer.
#[derive(Debug)]
pub(crate) struct ProblemAnswer(pub(crate) Box<Problem>);

impl ProblemAnswer {
    /// Whether it says that there is no session, or none any more; a store that does not answer says nothing of it.
    pub(crate) fn signed_out(&self) -> bool {
        self.0.code == Reason::NotSignedIn.code()
    }
}

impl IntoResponse for ProblemAnswer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let wait = self.0.retry_after_ms.map(|ms| ms.div_ceil(1000));
        let mut response = (status, axum::Json(self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = wait {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Failure> for ProblemAnswer {
    fn from(failure: Failure) -> Self {
        problem(failure)
    }
}

impl From<Refusal> for ProblemAnswer {
    fn from(refusal: Refusal) -> Self {
        refused(refusal)
    }
}

impl From<Reason> for ProblemAnswer {
    fn from(reason: Reason) -> Self {
        refused(reason.into())
    }
}

/// A failure: refusals as they are, faults logged once and shown as an incident.
pub(crate) fn problem(failure: Failure) -> ProblemAnswer {
    match failure {
        Failure::Refused(refusal) => refused(refusal),
        Failure::Fault(fault) => {
            // Not a secret: only unlike the others in the log.
            let incident = format!("{:012x}", RandomState::new().build_hasher().finish() >> 16);
            error!(incident, error = %Chain(&fault), "a request failed");
            ProblemAnswer(Box::new(Problem {
                kind: "urn:rempart:problem:fault".to_owned(),
                code: "fault".to_owned(),
                status: 500,
                title: "Something broke on the server. What you sent was not done; try again, or quote the incident code to whoever runs the server.".to_owned(),
                detail: None,
                field: None,
                retry_after_ms: None,
                incident: Some(incident),
            }))
        }
    }
}

/// A refusal.
pub(crate) fn refused(refusal: Refusal) -> ProblemAnswer {
    let about = refusal.about.clone();
    detailed(refusal, about)
}

/// A refusal with more words about this case.
pub(crate) fn detailed(refusal: Refusal, detail: Option<String>) -> ProblemAnswer {
    let code = refusal.reason.code();
    debug!(code, "refused");
    ProblemAnswer(Box::new(Problem {
        kind: format!("urn:rempart:problem:{code}"),
        code: code.to_owned(),
        status: status(refusal.reason).as_u16(),
        title: refusal.reason.to_string(),
        detail,
        field: refusal.field.map(str::to_owned),
        retry_after_ms: refusal.retry_after_ms.and_then(|ms| u64::try_from(ms).ok()),
        incident: None,
    }))
}

const fn status(reason: Reason) -> StatusCode {
    use Reason as R;
    match reason {
        R::NotSignedIn | R::SignInFailed | R::FactorFailed | R::TicketExpired => StatusCode::UNAUTHORIZED,
        R::NotAllowed
        | R::ScopeMissing
        | R::FactorRequired
        | R::PasswordChangeRequired
        | R::AccountDisabled
        | R::ReadOnly
        | R::CrossSite
        | R::DirectFixed
        | R::LastOwner
        | R::PasswordWrong
        | R::GroupNotAMember
        | R::GroupLeft
        | R::GroupBeingRemoved
        | R::GroupExternalCommit
        | R::GroupGuestCommit
        | R::GroupMayNotAdd
        | R::GroupNotEntitled
        | R::GroupMayNotRemove
        | R::GroupMayNotChange
        | R::GroupNotTheSender
        | R::DeviceNotEnrolled
        | R::KeysForeign
        | R::DeviceRevoked
        | R::IdentityResetForbidden => StatusCode::FORBIDDEN,
        R::Slowed | R::Locked | R::TooManyRequests | R::QuotaReached => StatusCode::TOO_MANY_REQUESTS,
        R::AccountUnknown
        | R::InvitationUnknown
        | R::TokenUnknown
        | R::SessionUnknown
        | R::ConversationUnknown
        | R::NotAMember
        | R::EntryUnknown
        | R::BlobUnknown
        | R::UploadUnknown
        | R::CommandUnknown
        | R::NotLogged
        | R::DeviceLinkUnknown
        | R::GroupAbsent
        | R::GroupNone => StatusCode::NOT_FOUND,
        R::LinkInvalid => StatusCode::GONE,
        R::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        R::AlreadySetUp
        | R::AddressTaken
        | R::AddressLookAlike
        | R::Conflict
        | R::UploadOffset
        | R::GroupDevicePresent
        | R::GroupRemovalLeftOut
        | R::EpochDay
        | R::EpochFull
        | R::EpochRemoval
        | R::ArchiveExpired
        | R::GroupStarted
        | R::GroupStale
        | R::KeysRefused
        | R::KeyringConflict
        | R::EpochStale => StatusCode::CONFLICT,
        R::ContentTooLarge | R::RequestTooLarge | R::FileTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        R::AddressInvalid
        | R::NameInvalid
        | R::DomainInvalid
        | R::HostInvalid
        | R::TextTooLong
        | R::PasswordShort
        | R::PasswordLong
        | R::PasswordCommon
        | R::PasswordPersonal
        | R::PasswordRepeated
        | R::FactorNotOffered
        | R::FactorNotSet
        | R::DurationInvalid
        | R::TooManyDevices
        | R::TooManyTokens
        | R::ScopesEmpty
        | R::MembersInvalid
        | R::TooManyAtOnce
        | R::TooManyMembers
        | R::DetailsRequired
        | R::ProtectionUnavailable
        | R::ContentEmpty
        | R::ContentInvalid
        | R::RefersToUnknown
        | R::TooManyBlobs
        | R::FileEmpty
        | R::UploadMismatch
        | R::PresenceInvalid
        | R::LimitInvalid
        | R::PositionInvalid
        | R::HelloFirst
        | R::GroupPathMissing
        | R::GroupIdentityChanged
        | R::GroupDeviceAbsent
        | R::GroupTooManyDevices
        | R::GroupTooManyPeople
        | R::GroupServerProposal
        | R::GroupContextChanged
        | R::GroupClassChanged
        | R::GroupArchiveUncertified
        | R::GroupReInit
        | R::GroupPsk
        | R::GroupUnsupported
        | R::GroupMessageInvalid
        | R::GroupIdentity
        | R::GroupWelcome
        | R::EpochInvalid
        | R::DevicesMissing
        | R::KeysInvalid
        | R::KeyedDevicesFull
        | R::PackageInvalid
        | R::TooManyPackages
        | R::KeyringInvalid
        | R::DetailsSealed => StatusCode::UNPROCESSABLE_ENTITY,
        R::RequestInvalid => StatusCode::BAD_REQUEST,
    }
}
