//! The binary as people use it: run as a process, in folders of its own, with passphrases on standard input.
#![expect(clippy::unwrap_used, reason = "a test's helpers may fail the test")]

mod attacks;
mod canary;
mod ceremony;
mod opening;
mod world;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a run ended.
struct Run {
    ok: bool,
    out: String,
    err: String,
}

impl Run {
    #[track_caller]
    fn succeeds(self) -> Self {
        assert!(self.ok, "failed: {}\n{}", self.err, self.out);
        self
    }

    /// Fails, says this, and says nothing of a secret.
    #[track_caller]
    fn refuses(self, words: &str) -> Self {
        assert!(!self.ok, "succeeded: {}", self.out);
        assert!(self.err.contains(words), "said: {}", self.err);
        self
    }
}

fn run_in(locale: &str, args: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rempart-auditor"))
        .env_clear()
        .env("LC_ALL", locale)
        .arg("--light-locks")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses early closes its input; that is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        ok: output.status.success(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(args: &[&str], input: &str) -> Run {
    run_in("C", args, input)
}

fn passphrase(officer: u8) -> String {
    format!("phrase de passe {officer} é")
}

/// Passphrases of these officers, one a line.
fn phrases(officers: &[u8]) -> String {
    officers.iter().map(|officer| passphrase(*officer) + "\n").collect()
}

fn file(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

/// Files of a folder whose name begins so, sorted.
fn files(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix))
        .collect();
    found.sort();
    found
}
