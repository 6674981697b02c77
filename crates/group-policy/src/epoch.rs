//! When an epoch ends: content is refused and the sender's client commits first.

use rempart_base::Timestamp;
use rempart_base::time::DAY;

use crate::MAX_ENTRIES;
use crate::refusal::Refusal;

/// An epoch, as the journal knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochState {
    /// When the server applied the commit that began it.
    pub began: Timestamp,
    /// Content entries so far.
    pub entries: u32,
    /// A Remove waits for a commit.
    pub removal_pending: bool,
    /// The end of the archive key; `None` in sealed groups.
    pub archive_until: Option<Timestamp>,
}

/// Whether content may be written now.
///
/// # Errors
/// Why not; every one but [`Refusal::ArchiveExpired`] is cured by a commit with an update path.
pub fn may_write(epoch: &EpochState, now: Timestamp) -> Result<(), Refusal> {
    if epoch.removal_pending {
        return Err(Refusal::EpochRemoval);
    }
    if epoch.archive_until.is_some_and(|until| now > until) {
        return Err(Refusal::ArchiveExpired);
    }
    if now.millis().div_euclid(DAY) > epoch.began.millis().div_euclid(DAY) {
        return Err(Refusal::EpochDay);
    }
    if epoch.entries >= MAX_ENTRIES {
        return Err(Refusal::EpochFull);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(20_000 * DAY + DAY / 2);

    fn fresh() -> EpochState {
        EpochState { began: NOON, entries: 0, removal_pending: false, archive_until: None }
    }

    #[test]
    fn each_end() {
        let midnight = Timestamp::from_millis(20_001 * DAY);
        let cases: &[(EpochState, Timestamp, Result<(), Refusal>)] = &[
            (fresh(), NOON, Ok(())),
            (fresh(), midnight.plus_millis(-1), Ok(())),
            (fresh(), midnight, Err(Refusal::EpochDay)),
            // A clock that went back a little does not end an epoch.
            (EpochState { began: midnight, ..fresh() }, midnight.plus_millis(-5), Ok(())),
            (EpochState { entries: 499, ..fresh() }, NOON, Ok(())),
            (EpochState { entries: 500, ..fresh() }, NOON, Err(Refusal::EpochFull)),
            (EpochState { removal_pending: true, ..fresh() }, NOON, Err(Refusal::EpochRemoval)),
            (EpochState { archive_until: Some(NOON), ..fresh() }, NOON, Ok(())),
            (EpochState { archive_until: Some(NOON.plus_millis(-1)), ..fresh() }, NOON, Err(Refusal::ArchiveExpired)),
        ];
        for (i, (epoch, now, expected)) in cases.iter().enumerate() {
            assert_eq!(may_write(epoch, *now), *expected, "case {i}");
        }
    }
}
