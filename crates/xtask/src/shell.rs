//! The repository's root, running programs, and writing or comparing generated files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// The repository's root: two above this crate.
pub(crate) fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.ancestors().nth(2).context("the crate is not in crates/xtask")?.to_path_buf())
}

/// Runs a program to its end; its output goes where ours goes.
///
/// # Errors
/// When it cannot start (with the Debian package to install, where known) or ends badly.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start `{name}`{}", package_hint(&name)))?;
    ensure!(status.success(), "`{name}` ended with {status}");
    Ok(())
}

fn package_hint(program: &str) -> &'static str {
    match program {
        "npm" | "node" => ": install the Debian packages nodejs and npm (Node.js 20 or newer)",
        "cc" | "c++" => ": install the Debian package build-essential",
        _ => "",
    }
}

/// Writes `text` to `path` under the root, or, with `check`, compares it with what is there.
///
/// # Errors
/// When it cannot be written, or differs.
pub(crate) fn settle(root: &Path, path: &str, bytes: &[u8], check: bool) -> Result<()> {
    let full = root.join(path);
    let same = std::fs::read(&full).is_ok_and(|old| old == bytes);
    if same {
        return Ok(());
    }
    if check {
        bail!("{path} is not what its sources make; run `cargo xtask gen` and `cargo xtask passwords`, then commit it");
    }
    if let Some(parent) = full.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&full, bytes).with_context(|| format!("cannot write {path}"))?;
    println!("wrote {path}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_fails_on_a_difference_and_writes_nothing() {
        let directory = std::env::temp_dir().join(format!("xtask-settle-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        settle(&directory, "a/b.txt", b"one", false).unwrap();
        settle(&directory, "a/b.txt", b"one", true).unwrap();
        let error = settle(&directory, "a/b.txt", b"two", true).unwrap_err();
        assert!(error.to_string().contains("a/b.txt is not what its sources make"), "{error}");
        assert_eq!(std::fs::read(directory.join("a/b.txt")).unwrap(), b"one");
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
