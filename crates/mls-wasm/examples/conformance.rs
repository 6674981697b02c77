//! The MLS working group's vectors in WebAssembly, where clock, randomness and word size are others: `cargo xtask conformance`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test program")]

use serde_json::Value;
use wasm_bindgen::prelude::wasm_bindgen;
// What the file below is written with.
use {openmls as _, openmls_libcrux_crypto as _, openmls_traits as _, tls_codec as _};

#[path = "../../mls-client/examples/conformance/vectors.rs"]
mod vectors;

/// The names of the files, one a line.
#[wasm_bindgen]
#[must_use]
pub fn names() -> String {
    vectors::FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("\n")
}

/// Runs a file's cases: how many passed, a line feed, and that in words.
#[wasm_bindgen]
#[must_use]
pub fn run(name: &str, cases: &str) -> String {
    let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
    let (name, test) = vectors::FILES.iter().find(|file| file.0 == name).unwrap();
    let vectors::Outcome { passed, words } = vectors::run(name, *test, &cases);
    format!("{passed}\n{words}")
}
