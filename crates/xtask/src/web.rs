//! `cargo xtask web`: the npm packages and the web client's build. A second run does nothing: packages are compared with
//! the lock file, the build is keyed by a hash of its sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::{shell, wasm};

/// What is not a source of the client's build.
const NOT_SOURCES: &[&str] = &["node_modules", "dist", "coverage", ".vite"];

/// What others write into the build: see [`crate::notices`].
const NOT_BUILT: &[&str] = &["notices.txt"];

/// Builds the client if its sources, or what was built from them, changed.
///
/// # Errors
/// When npm or the build fails.
pub(crate) fn run() -> Result<()> {
    let root = shell::root()?;
    let web = root.join("web");
    let dist = web.join("dist");
    wasm::run()?;
    install(&web)?;
    let made_from = key_of(&files(&web, NOT_SOURCES)?, &web)?;
    let both = |built: &str| format!("{made_from}\n{built}\n");
    let built = || if dist.is_dir() { key_of(&files(&dist, NOT_BUILT)?, &dist) } else { Ok(String::new()) };
    let stamp = root.join("target").join("web.key");
    if std::fs::read_to_string(&stamp).is_ok_and(|old| built().is_ok_and(|built| old == both(&built))) {
        println!("web/dist is up to date");
        return Ok(());
    }
    shell::run(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&web))?;
    ensure!(dist.join("index.html").is_file(), "the build of web/ made no dist/index.html");
    std::fs::create_dir_all(root.join("target"))?;
    std::fs::write(&stamp, both(&built()?)).context("cannot write target/web.key")
}

/// Installs the packages of a lock file, unless they are there already.
///
/// # Errors
/// When there is no lock file, or npm fails.
pub(crate) fn install(directory: &Path) -> Result<()> {
    let lock = packages(&directory.join("package-lock.json"))?;
    // npm keeps here what it installed.
    let installed = directory.join("node_modules").join(".package-lock.json");
    if packages(&installed).is_ok_and(|installed| covers(&installed, &lock)) {
        return Ok(());
    }
    shell::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(directory))
}

fn packages(lock: &Path) -> Result<Map<String, Value>> {
    let text = std::fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let mut lock: Value = serde_json::from_str(&text)?;
    match lock.get_mut("packages").map(Value::take) {
        Some(Value::Object(packages)) => Ok(packages),
        _ => bail!("the lock file has no `packages`"),
    }
}

/// Whether exactly the packages of the lock file are installed; optional ones may be absent (they are for other systems).
fn covers(installed: &Map<String, Value>, lock: &Map<String, Value>) -> bool {
    let exact = installed.iter().all(|(name, package)| {
        lock.get(name).is_some_and(|wanted| ["version", "integrity"].iter().all(|f| wanted.get(f) == package.get(f)))
    });
    let complete = lock.iter().all(|(name, package)| {
        name.is_empty() || installed.contains_key(name) || package.get("optional") == Some(&Value::Bool(true))
    });
    exact && complete
}

/// Every file below a directory, sorted; directories and files named in `but` are left out.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn files(directory: &Path, but: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            if but.iter().any(|skipped| name == *skipped) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A hash of the files' names, from `directory` on, and bytes.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn key_of(files: &[PathBuf], directory: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(directory).unwrap_or(file).to_string_lossy();
        for part in [name.as_bytes(), &bytes] {
            hash.update(u64::try_from(part.len())?.to_le_bytes());
            hash.update(part);
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packages_are_installed_again_when_they_differ_from_the_lock_file() {
        let map = |value: Value| value.as_object().unwrap().clone();
        let lock = map(json!({
            "": { "version": "0" },
            "node_modules/a": { "version": "1", "integrity": "x" },
            "node_modules/b": { "version": "1", "integrity": "y", "optional": true },
        }));
        let a = json!({ "node_modules/a": { "version": "1", "integrity": "x" } });
        assert!(covers(&map(a), &lock));
        assert!(!covers(&map(json!({ "node_modules/a": { "version": "2", "integrity": "z" } })), &lock));
        assert!(!covers(&map(json!({})), &lock));
        let more =
            json!({ "node_modules/a": { "version": "1", "integrity": "x" }, "node_modules/c": { "version": "1" } });
        assert!(!covers(&map(more), &lock));
    }

    #[test]
    fn the_key_follows_sources_and_nothing_else() {
        let directory = std::env::temp_dir().join(format!("xtask-web-{}", std::process::id()));
        std::fs::create_dir_all(directory.join("src")).unwrap();
        std::fs::create_dir_all(directory.join("node_modules/x")).unwrap();
        let key = || key_of(&files(&directory, NOT_SOURCES).unwrap(), &directory).unwrap();
        std::fs::write(directory.join("src/a.ts"), "1").unwrap();
        let first = key();
        std::fs::write(directory.join("node_modules/x/index.js"), "1").unwrap();
        assert_eq!(key(), first);
        std::fs::write(directory.join("src/a.ts"), "2").unwrap();
        let second = key();
        assert_ne!(second, first);
        std::fs::rename(directory.join("src/a.ts"), directory.join("src/b.ts")).unwrap();
        assert_ne!(key(), second);
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
