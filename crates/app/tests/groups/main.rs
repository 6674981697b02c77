//! Groups on a real store, in simulated time: what waits a minute, a day, a month.

#[cfg(test)]
mod device;
#[cfg(test)]
mod time;
#[cfg(test)]
#[expect(dead_code, reason = "shared with the tests of identity, which use all of it")]
#[path = "../identity/world.rs"]
mod world;
