//! Every rule of Rempart: functions from state, command and `now` to effects or a [`Refusal`].
//!
//! Pure and synchronous. This crate must never know I/O, a clock, randomness, serde, a protocol or a store.
//! Reading order: [`refusal`], [`role`] (who may do what), [`account`] with [`password`], [`lockout`] and [`session`],
//! then [`conversation`], [`journal`] and [`presence`].

pub mod account;
pub mod actor;
pub mod conversation;
pub mod invitation;
pub mod journal;
pub mod lockout;
pub mod organisation;
pub mod password;
pub mod presence;
pub mod refusal;
pub mod role;
pub mod session;
pub mod text;

pub use actor::Actor;
pub use refusal::Refusal;
