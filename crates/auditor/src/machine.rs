//! What this program takes from the machine: time, randomness, and that its memory is not written to disk.

use anyhow::{Context as _, Result};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use rand_core::Rng as _;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::say;

/// The system's generator, fit for keys. It ends the program rather than give bytes that are not random.
pub type Random = UnwrapErr<SysRng>;

/// The system's generator.
#[must_use]
pub const fn random() -> Random {
    UnwrapErr(SysRng)
}

/// Fresh random bytes.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    random().fill_bytes(&mut out);
    out
}

/// Milliseconds since 1970 UTC, by this machine's clock.
#[must_use]
pub fn now_ms() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// Keeps secrets of this process off the disk and from other processes: no core dump, no debugger.
///
/// # Errors
/// When the system refuses.
pub fn harden() -> Result<()> {
    let nothing = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, nothing)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .with_context(|| {
            say!(
                "the system does not let this program protect its memory",
                "le système ne laisse pas ce programme protéger sa mémoire"
            )
        })?;
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    Ok(())
}
