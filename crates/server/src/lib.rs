//! The binary `rempart`: command line, configuration, listeners, TLS, keys, shutdown.
//!
//! This crate must never hold a rule of the product: it puts the layers below together and gives them to the outside. Only
//! [`wiring`] knows which adapters are in use. Reading order: [`cli`], [`config`], [`secrets`], [`tls`], [`wiring`],
//! [`serve`], [`listen`], then the commands.

pub mod cli;
pub mod commands;
pub mod config;
pub mod doctor;
pub mod health;
pub mod listen;
pub mod logging;
pub mod metrics;
pub mod operator;
pub mod requests;
pub mod secrets;
pub mod serve;
pub mod stop;
pub mod terminal;
pub mod tls;
pub mod welcome;
pub mod wiring;
pub mod words;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs a command line.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let read = match cli::read(arguments) {
        Ok(read) => read,
        Err(error) => error.exit(),
    };
    match commands::run(read) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("rempart: {error:#}");
            ExitCode::FAILURE
        }
    }
}
