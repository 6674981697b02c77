//! The MLS working group's test vectors against OpenMLS with our provider: `conformance FOLDER BASELINE`.
//!
//! The folder holds `<name>.json.gz` of the interoperation repository (mlswg/mls-implementations, test-vectors). The baseline says
//! how many cases of each file passed so far; fewer fails, more asks to be written down. What OpenMLS keeps to itself is not
//! tested here: docs/protocols/mls.md lists it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test program")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use serde_json::Value;

mod vectors;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(folder), Some(baseline)) = (args.next(), args.next()) else {
        eprintln!("usage: conformance FOLDER BASELINE");
        return ExitCode::FAILURE;
    };
    match run(Path::new(&folder), Path::new(&baseline)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("conformance: {words}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path, baseline: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(baseline).map_err(|e| format!("{}: {e}", baseline.display()))?;
    let expected: BTreeMap<&str, usize> = text
        .lines()
        .filter(|l| !l.starts_with('#') && !l.is_empty())
        .filter_map(|l| l.split_once(' '))
        .filter_map(|(name, n)| Some((name, n.trim().parse().ok()?)))
        .collect();
    let mut wrong = Vec::new();
    for (name, test) in vectors::FILES {
        let vectors::Outcome { passed, words } =
            vectors::run(name, *test, &read(&folder.join(format!("{name}.json.gz")))?);
        println!("{words}");
        let before = expected.get(name).copied().unwrap_or_default();
        if passed < before {
            wrong.push(format!("{name} passed {before} before"));
        } else if passed > before {
            wrong.push(format!("{name} passes {passed}, more than {before}: write it into {}", baseline.display()));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

fn read(path: &Path) -> Result<Vec<Value>, String> {
    let out = Command::new("gzip").arg("-dc").arg(path).output().map_err(|e| format!("gzip: {e}"))?;
    if !out.status.success() {
        return Err(format!(
            "{} cannot be read: name the vectors' folder in REMPART_MLS_VECTORS ({})",
            path.display(),
            String::from_utf8_lossy(&out.stderr).trim()
        ));
    }
    serde_json::from_slice(&out.stdout).map_err(|e| format!("{}: {e}", path.display()))
}
