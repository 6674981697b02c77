//! `cargo xtask notices`: names, versions, licences and licence texts of everything that the binary and the page hold.
//!
//! Crates: what the server links on this platform, and what the page's WebAssembly holds. Npm packages: what the page can hold, which is every package that
//! is not for development alone, and the dictionaries of the password list. The texts are those the packages ship; where one
//! ships none, its licence expression stands for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::MetadataCommand;
use serde_json::Value;

use crate::{shell, wasm, web};

/// Development packages whose data the binary holds.
const DATA: &[&str] = &["@zxcvbn-ts/language-common", "@zxcvbn-ts/language-fr"];

/// Files with such names, whatever their ending, are licence texts.
const TEXTS: &[&str] = &["license", "licence", "copying", "copyright", "notice", "unlicense"];

/// Something that others wrote.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Work {
    kind: &'static str,
    name: String,
    version: String,
    licence: String,
    /// File names and their texts.
    texts: Vec<(String, String)>,
}

/// Writes target/notices.txt, and web/dist/notices.txt where the client is built.
///
/// # Errors
/// When a package cannot be read.
pub(crate) fn run() -> Result<()> {
    let root = shell::root()?;
    let mut works = crates(&root)?;
    works.extend(packages(&root.join("web"))?);
    works.sort();
    let text = write(&works)?;
    shell::settle(&root, "target/notices.txt", text.as_bytes(), false)?;
    if root.join("web/dist/index.html").is_file() {
        shell::settle(&root, "web/dist/notices.txt", text.as_bytes(), false)?;
    }
    println!("{} works of others", works.len());
    Ok(())
}

fn crates(root: &Path) -> Result<Vec<Work>> {
    let mut held = linked(root, &["--package", "rempart-server"])?;
    held.extend(linked(root, &["--package", "rempart-mls-wasm", "--target", wasm::TARGET])?);
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec()?;
    let mut works = Vec::new();
    for package in &metadata.packages {
        let version = package.version.to_string();
        // Ours have no source.
        if package.source.is_none() || !held.contains(&(package.name.to_string(), version.clone())) {
            continue;
        }
        let folder = package.manifest_path.parent().context("a manifest without a folder")?;
        works.push(Work {
            kind: "crate",
            name: package.name.to_string(),
            version,
            licence: package.license.clone().unwrap_or_default(),
            texts: texts(folder.as_std_path())?,
        });
    }
    ensure!(works.len() > 100, "cargo tree names only {} crates of others", works.len());
    Ok(works)
}

/// Names and versions of what is linked into a crate, by `cargo tree`.
fn linked(root: &Path, of: &[&str]) -> Result<BTreeSet<(String, String)>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(of)
        .current_dir(root)
        .output()
        .context("cannot start `cargo tree`")?;
    ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    // Each line is `name vVERSION …`.
    let lines = String::from_utf8(output.stdout)?;
    let named = lines.lines().filter_map(|line| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split(' ').next()?.to_owned()))
    });
    Ok(named.collect())
}

fn packages(web: &Path) -> Result<Vec<Work>> {
    web::install(web)?;
    let lock: Value = serde_json::from_str(&std::fs::read_to_string(web.join("package-lock.json"))?)?;
    let packages = lock.get("packages").and_then(Value::as_object).context("the lock file has no `packages`")?;
    let mut works = Vec::new();
    for (path, package) in packages {
        let Some((_, name)) = path.rsplit_once("node_modules/") else { continue };
        let development = package.get("dev") == Some(&Value::Bool(true));
        let folder = web.join(path);
        if (development && !DATA.contains(&name)) || !folder.is_dir() {
            continue;
        }
        let field = |field: &str| package.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        works.push(Work {
            kind: "npm package",
            name: name.to_owned(),
            version: field("version"),
            licence: field("license"),
            texts: texts(&folder)?,
        });
    }
    Ok(works)
}

/// The licence texts in a folder, by file name.
fn texts(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_file() && TEXTS.iter().any(|text| name.starts_with(text)) {
            files.push(path);
        }
    }
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        texts.push((name, String::from_utf8_lossy(&bytes).trim().replace("\r\n", "\n")));
    }
    Ok(texts)
}

/// A list of all works, then each text once, under the works that have it.
fn write(works: &[Work]) -> Result<String> {
    let mut out = String::from("Rempart holds the works of others that are listed here, under their licences.\n\n");
    let mut texts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for work in works {
        writeln!(out, "{} {} ({}): {}", work.name, work.version, work.kind, work.licence)?;
        for (_, text) in &work.texts {
            let under = format!("{} {}", work.name, work.version);
            let all = texts.entry(text).or_default();
            if !all.contains(&under) {
                all.push(under);
            }
        }
    }
    let mut texts: Vec<_> = texts.into_iter().collect();
    texts.sort_by(|(_, a), (_, b)| a.cmp(b));
    for (text, under) in texts {
        write!(out, "\n{}\n{}\n\n{text}\n", "─".repeat(80), under.join(", "))?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(name: &str, text: &str) -> Work {
        Work {
            kind: "crate",
            name: name.into(),
            version: "1.0.0".into(),
            licence: "MIT".into(),
            texts: vec![("LICENSE".into(), text.into())],
        }
    }

    #[test]
    fn a_text_is_written_once_under_all_that_have_it() {
        let text = write(&[work("a", "same"), work("b", "same"), work("c", "other")]).unwrap();
        assert!(text.contains("a 1.0.0 (crate): MIT\nb 1.0.0 (crate): MIT\n"), "{text}");
        assert_eq!(text.matches("same").count(), 1);
        assert!(text.contains("a 1.0.0, b 1.0.0\n\nsame\n"), "{text}");
        assert!(text.contains("c 1.0.0\n\nother\n"), "{text}");
    }

    #[test]
    fn every_crate_that_is_linked_has_a_licence() {
        let works = crates(&shell::root().unwrap()).unwrap();
        assert!(works.iter().any(|w| w.name == "tokio" && !w.texts.is_empty()));
        assert!(!works.iter().any(|w| w.name.starts_with("rempart")));
        for work in works {
            assert!(!work.licence.is_empty(), "{}", work.name);
        }
    }
}
