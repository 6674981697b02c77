//! `cargo xtask fuzz`: every target of fuzz/ for a bounded time, on stable Rust: libFuzzer with the compiler's own
//! coverage pass, no nightly and no cargo-fuzz.
//!
//! Each target starts from its committed corpus and from what earlier runs found on this machine. The target `canary` must
//! crash, which shows that coverage leads the fuzzer and that a crash is noticed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail, ensure};

use crate::shell;

const CANARY: &str = "canary";

const RUSTFLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg",
    "fuzzing",
];

/// Where a target reads and writes.
struct Places {
    binary: PathBuf,
    /// What runs on this machine found; not committed.
    found: PathBuf,
    committed: PathBuf,
    artifacts: PathBuf,
}

/// Builds the targets and runs one or all.
///
/// # Errors
/// When one crashes, the canary does not, or a target shows no coverage.
pub(crate) fn run(seconds: u32, only: Option<&str>) -> Result<()> {
    let fuzz = shell::root()?.join("fuzz");
    let target = fuzz.join("target");
    let host = host()?;
    shell::run(
        Command::new(env!("CARGO"))
            .args(["build", "--release", "--locked", "--quiet", "--target", &host])
            .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\u{1f}"))
            .env("CARGO_TARGET_DIR", &target)
            .current_dir(&fuzz),
    )?;
    let mut names = targets(&fuzz)?;
    if let Some(only) = only {
        ensure!(names.iter().any(|name| name == only), "fuzz/targets has no {only}.rs");
        names.retain(|name| name == only);
    }
    for name in names {
        let places = Places {
            binary: target.join(&host).join("release").join(&name),
            found: target.join("found").join(&name),
            committed: fuzz.join("corpus").join(&name),
            artifacts: target.join("artifacts").join(&name),
        };
        if name == CANARY {
            canary(&places)?;
        } else {
            one(&name, &places, seconds)?;
        }
    }
    Ok(())
}

/// The host's triple: with an explicit target the flags are not put on build scripts and macros.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot start rustc")?;
    let text = String::from_utf8(output.stdout)?;
    text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).context("rustc -vV names no host")
}

fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(fuzz.join("targets"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    ensure!(names.iter().any(|n| n == CANARY), "fuzz/targets has no {CANARY}.rs");
    Ok(names)
}

fn fuzz(places: &Places, seconds: u32) -> Result<Output> {
    for directory in [&places.found, &places.artifacts, &places.committed] {
        std::fs::create_dir_all(directory)?;
    }
    let mut artifacts = places.artifacts.clone().into_os_string();
    artifacts.push("/");
    let mut prefix = std::ffi::OsString::from("-artifact_prefix=");
    prefix.push(artifacts);
    Command::new(&places.binary)
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=5", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1"])
        .arg(prefix)
        .args([&places.found, &places.committed])
        .output()
        .with_context(|| format!("cannot start {}", places.binary.display()))
}

fn one(name: &str, places: &Places, seconds: u32) -> Result<()> {
    let output = fuzz(places, seconds)?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let tail: Vec<&str> = log.lines().rev().take(40).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("{name} crashed; the input is in {}\n{}", places.artifacts.display(), tail.join("\n"));
    }
    let (coverage, runs) = (last_number(&log, "cov: "), last_number(&log, "stat::number_of_executed_units: "));
    let (Some(coverage), Some(runs)) = (coverage, runs) else {
        bail!("{name} shows no coverage: was it built without the coverage pass?\n{log}");
    };
    ensure!(coverage > 20, "{name} reaches only {coverage} edges: does it call what it tests?");
    println!("fuzz {name}: no crash in {seconds} s, {runs} runs, {coverage} edges");
    Ok(())
}

fn canary(places: &Places) -> Result<()> {
    // From nothing, or the crash would be found without coverage.
    if places.found.exists() {
        std::fs::remove_dir_all(&places.found)?;
    }
    let output = fuzz(places, 60)?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !output.status.success() && log.contains("the canary was found"),
        "the canary lives: the fuzzer is blind, so no other result counts\n{log}"
    );
    println!("fuzz {CANARY}: found, as it must be");
    Ok(())
}

/// The number after the last occurrence of `label`.
fn last_number(log: &str, label: &str) -> Option<u64> {
    let (_, after) = log.rsplit_once(label)?;
    after.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_libfuzzer_says() {
        let log =
            "#2 INITED cov: 7 ft: 8\n#99 NEW    cov: 1204 ft: 3999 corp: 10\nstat::number_of_executed_units: 99\n";
        assert_eq!(last_number(log, "cov: "), Some(1204));
        assert_eq!(last_number(log, "stat::number_of_executed_units: "), Some(99));
        assert_eq!(last_number("INFO: -max_len is not provided", "cov: "), None);
    }

    #[test]
    fn every_target_is_a_binary_of_the_workspace() {
        let fuzz = shell::root().unwrap().join("fuzz");
        let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        for name in targets(&fuzz).unwrap() {
            assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name}");
        }
    }
}
