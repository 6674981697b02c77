//! Presence: what a person chose, what their devices show, and what others see of it.

use rempart_base::{Timestamp, limits};

use crate::refusal::{Reason, Refusal};
use crate::role::named;
use crate::text;

/// Availability as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Availability {
    /// Signed in and at hand.
    Available,
    /// Signed in, occupied.
    Busy,
    /// Signed in, not at hand.
    Away,
    /// Does not want to be disturbed.
    Dnd,
    /// Not signed in anywhere.
    Offline,
}

named!(Availability Available "available", Busy "busy", Away "away", Dnd "dnd", Offline "offline");

/// What a person chose to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The choice; absent: automatic.
    pub availability: Option<Availability>,
    /// Words, may be empty.
    pub text: String,
    /// When the choice ends by itself.
    pub until: Option<Timestamp>,
}

/// What others see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Availability.
    pub availability: Availability,
    /// Words, may be empty.
    pub text: String,
    /// Until when the choice holds.
    pub until: Option<Timestamp>,
}

impl Presence {
    /// Nobody there, nothing said.
    pub const OFFLINE: Self = Self { availability: Availability::Offline, text: String::new(), until: None };
}

/// Checks a choice.
///
/// # Errors
/// `presence_invalid` for offline or an end that is past; `text_too_long`.
pub fn choose(choice: Choice, now: Timestamp) -> Result<Choice, Refusal> {
    if choice.availability == Some(Availability::Offline) {
        return Err(Refusal::field(Reason::PresenceInvalid, "availability"));
    }
    if choice.until.is_some_and(|until| until <= now) {
        return Err(Refusal::field(Reason::PresenceInvalid, "until"));
    }
    Ok(Choice { text: text::short(&choice.text, limits::PRESENCE_CHARS, "text")?, ..choice })
}

/// What others see of a choice, given whether any device is connected and whether the person is at one.
#[must_use]
pub fn seen(choice: &Choice, connected: bool, active: bool, now: Timestamp) -> Presence {
    let holds = choice.until.is_none_or(|until| until > now);
    let (text, until) = if holds { (choice.text.clone(), choice.until) } else { (String::new(), None) };
    let availability = match (connected, choice.availability.filter(|_| holds)) {
        (false, _) => Availability::Offline,
        (true, Some(chosen)) => chosen,
        (true, None) if active => Availability::Available,
        (true, None) => Availability::Away,
    };
    Presence { availability, text, until }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn what_others_see() {
        let chose = |availability, until: Option<i64>| Choice {
            availability,
            text: "au bloc".into(),
            until: until.map(Timestamp::from_millis),
        };
        let check = |choice: &Choice, connected, active, expected, words: &str| {
            let seen = seen(choice, connected, active, NOW);
            assert_eq!((seen.availability, seen.text.as_str()), (expected, words));
        };
        check(&chose(None, None), true, true, Availability::Available, "au bloc");
        check(&chose(None, None), true, false, Availability::Away, "au bloc");
        check(&chose(Some(Availability::Busy), None), true, false, Availability::Busy, "au bloc");
        check(&chose(Some(Availability::Busy), Some(999_999)), true, true, Availability::Available, "");
        check(&chose(Some(Availability::Dnd), Some(1_000_001)), true, true, Availability::Dnd, "au bloc");
        check(&chose(Some(Availability::Dnd), None), false, false, Availability::Offline, "au bloc");
    }

    #[test]
    fn refused_choices() {
        let choice = |availability, until| Choice { availability, text: String::new(), until };
        assert_eq!(choose(choice(Some(Availability::Offline), None), NOW).unwrap_err().field, Some("availability"));
        assert_eq!(choose(choice(None, Some(NOW)), NOW).unwrap_err().field, Some("until"));
        let long = Choice { text: "x".repeat(121), ..Choice::default() };
        assert_eq!(choose(long, NOW).unwrap_err().reason, Reason::TextTooLong);
    }
}
