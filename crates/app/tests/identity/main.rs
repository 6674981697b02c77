//! Identity on a real store in a directory of its own, in simulated time.

mod accounts;
mod first_run;
mod guarding;
mod links;
mod sessions;
#[cfg(test)]
mod world;
