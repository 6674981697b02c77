//! The API as types: commands, answers, feed frames and problems. JSON, additive within `/api/v1`.
//!
//! Each command is carried alike by `POST /api/v1/commands/<op>` (body: the parameters) and by the WebSocket
//! `/api/v1/feed` (text frames `{"id", "op", "params"}`). Unknown fields are refused from clients and ignored by them.
//! OpenAPI and TypeScript are generated from here (`cargo xtask gen`). This crate must never know a rule or a store.
//!
//! Reading order: [`scalar`], [`command`] (the table of commands), then a module a noun, [`feed`], [`problem`].

pub mod account;
pub mod admin;
pub mod command;
pub mod conversation;
pub mod feed;
pub mod file;
pub mod group;
pub mod journal;
pub mod keys;
pub mod problem;
pub mod scalar;
pub mod session;

pub use command::{Command, CommandSpec, Empty};
pub use problem::Problem;
pub use scalar::{B64, Id, Time};
