//! Chores of the workspace: `cargo xtask <chore>`. Each is one file and may be run alone; `make test` runs the checks.
//!
//! This crate must never be linked into the product. Reading order: [`arrows`] (the architecture, checked), [`openapi`]
//! and [`generate`] (the API's generated files), [`wasm`], [`web`], [`passwords`], [`notices`], [`fuzz`].

mod arrows;
mod fuzz;
mod generate;
mod notices;
mod openapi;
mod passwords;
mod shell;
mod wasm;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Chores of the workspace")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Checks that crates depend only on what ARCHITECTURE.md lets them, and licences.
    Arrows,
    /// Writes the OpenAPI document and the TypeScript types from the API's Rust types.
    Gen {
        /// Writes nothing; fails when the committed files differ.
        #[arg(long)]
        check: bool,
    },
    /// Builds the worker's WebAssembly into web/sdk/src/mls/wasm, if its sources changed.
    Wasm,
    /// Runs the MLS working group's test vectors in WebAssembly.
    Conformance {
        /// The folder with the vectors (*.json.gz).
        vectors: std::path::PathBuf,
    },
    /// Builds the web client into web/dist, if its sources changed; the WebAssembly first.
    Web,
    /// Installs the npm packages of the lock file of a directory (web by default), if they changed.
    Npm {
        /// The directory, from the repository's root.
        #[arg(default_value = "web")]
        directory: String,
    },
    /// Writes the third-party notices that the binary and the page ship.
    Notices,
    /// Makes the list of common passwords.
    Passwords {
        /// Writes nothing; fails when the committed file differs.
        #[arg(long)]
        check: bool,
    },
    /// Builds every fuzz target and runs it from its committed corpus.
    Fuzz {
        /// Seconds a target.
        #[arg(long, default_value_t = 10)]
        seconds: u32,
        /// Only this target.
        #[arg(long)]
        target: Option<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> anyhow::Result<()> {
    match chore {
        Chore::Arrows => arrows::run(),
        Chore::Gen { check } => generate::run(check),
        Chore::Wasm => wasm::run(),
        Chore::Conformance { vectors } => wasm::conformance(&vectors),
        Chore::Web => web::run(),
        Chore::Npm { directory } => web::install(&shell::root()?.join(directory)),
        Chore::Notices => notices::run(),
        Chore::Passwords { check } => passwords::run(check),
        Chore::Fuzz { seconds, target } => fuzz::run(seconds, target.as_deref()),
    }
}
