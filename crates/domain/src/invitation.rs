//! Invitations: how people who are not here yet come in.

use rempart_base::time::{DAY, HOUR};
use rempart_base::{AccountId, InvitationId, Timestamp};

use crate::refusal::{Reason, Refusal};
use crate::role::Role;

/// The longest an invitation holds, in hours.
pub const MAX_HOURS: u32 = 720;
/// How long a past invitation is still listed, in milliseconds.
pub const LISTED: i64 = 30 * DAY;

/// An invitation; its link is good once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// SHA-256 of the secret in the link.
    pub secret: [u8; 32],
    /// The role offered.
    pub role: Role,
    /// The address proposed: the part before `@`.
    pub local: Option<String>,
    /// The name proposed.
    pub display_name: Option<String>,
    /// Who invites; absent: the operator, by command line.
    pub inviter: Option<AccountId>,
    /// When made.
    pub created: Timestamp,
    /// Until when it holds.
    pub expires: Timestamp,
}

/// Until when an invitation of so many hours holds.
///
/// # Errors
/// `duration_invalid` outside of 1 to 720 hours.
pub fn expires(hours: u32, now: Timestamp) -> Result<Timestamp, Refusal> {
    if (1..=MAX_HOURS).contains(&hours) {
        Ok(now.plus_millis(i64::from(hours) * HOUR))
    } else {
        Err(Refusal::field(Reason::DurationInvalid, "hours"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_holds_an_hour_to_thirty_days() {
        let now = Timestamp::from_millis(5);
        assert_eq!(expires(1, now), Ok(Timestamp::from_millis(5 + HOUR)));
        assert_eq!(expires(720, now), Ok(Timestamp::from_millis(5 + 30 * DAY)));
        for hours in [0, 721, u32::MAX] {
            assert_eq!(expires(hours, now), Err(Refusal::field(Reason::DurationInvalid, "hours")));
        }
    }
}
