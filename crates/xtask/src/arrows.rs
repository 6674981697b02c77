//! `cargo xtask arrows`: what a crate may depend on, and what must never come in. ARCHITECTURE.md draws it; this checks it.
//!
//! Declared dependencies (normal and build; tests may use what they like) come from `cargo metadata`. Whole trees come from
//! `cargo tree`, which alone knows the features really enabled.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::shell;

/// What each crate of the workspace may depend on, in the workspace. A crate that is not here may not be.
const ARROWS: &[(&str, &[&str])] = &[
    ("rempart-base", &[]),
    ("rempart-content", &["rempart-base"]),
    ("rempart-wire", &["rempart-base"]),
    ("rempart-merkle", &["rempart-base"]),
    ("rempart-capsule", &["rempart-base"]),
    ("rempart-export", &["rempart-base", "rempart-capsule", "rempart-merkle"]),
    (
        "rempart-auditor",
        &["rempart-base", "rempart-capsule", "rempart-content", "rempart-export", "rempart-key-log", "rempart-merkle"],
    ),
    ("rempart-group-policy", &["rempart-base"]),
    ("rempart-key-log", &["rempart-base", "rempart-merkle", "rempart-group-policy"]),
    ("rempart-mls-client", &["rempart-base", "rempart-group-policy", "rempart-mls-delivery"]),
    ("rempart-mls-delivery", &["rempart-base", "rempart-group-policy", "rempart-key-log"]),
    ("rempart-mls-wasm", &["rempart-base", "rempart-group-policy", "rempart-key-log", "rempart-mls-client"]),
    ("rempart-domain", &["rempart-base"]),
    ("rempart-ports", &["rempart-base", "rempart-domain"]),
    (
        "rempart-app",
        &[
            "rempart-base",
            "rempart-domain",
            "rempart-ports",
            "rempart-content",
            "rempart-merkle",
            "rempart-capsule",
            "rempart-group-policy",
            "rempart-key-log",
            "rempart-mls-delivery",
        ],
    ),
    ("rempart-sql", &["rempart-base", "rempart-domain", "rempart-ports"]),
    ("rempart-embedded", &["rempart-base", "rempart-domain", "rempart-ports", "rempart-sql"]),
    ("rempart-cluster", &["rempart-base", "rempart-domain", "rempart-ports", "rempart-sql"]),
    ("rempart-head-web", &["rempart-base", "rempart-domain", "rempart-app", "rempart-content", "rempart-wire"]),
    (
        "rempart-server",
        &[
            "rempart-base",
            "rempart-domain",
            "rempart-ports",
            "rempart-app",
            "rempart-embedded",
            "rempart-cluster",
            "rempart-head-web",
            "rempart-merkle",
            "rempart-content",
        ],
    ),
    ("rempart-testkit", &["rempart-base", "rempart-wire", "rempart-content", "rempart-merkle"]),
    ("rempart-bench", &["rempart-base", "rempart-wire", "rempart-testkit", "rempart-content"]),
    ("xtask", &["rempart-wire"]),
];

/// Drivers of stores and buses, and the only crates that may name them.
const DRIVERS: &[(&str, &[&str])] = &[
    ("rusqlite", &["rempart-embedded"]),
    ("libsqlite3-sys", &["rempart-embedded"]),
    ("tokio-postgres", &["rempart-cluster"]),
    ("deadpool-postgres", &["rempart-cluster"]),
    ("async-nats", &["rempart-cluster"]),
    ("object_store", &["rempart-cluster"]),
];

/// Whatever reaches a network: clients, servers, TLS, and the runtimes under them.
const NETWORK: &[&str] = &[
    "async-nats",
    "async-std",
    "aws-lc-rs",
    "axum",
    "curl",
    "h2",
    "http",
    "hyper",
    "mio",
    "native-tls",
    "object_store",
    "openssl",
    "quinn",
    "rempart-app",
    "rempart-cluster",
    "rempart-head-web",
    "rempart-server",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "tokio-postgres",
    "ureq",
];

/// What must be absent from a whole tree: the root (empty: every crate, tests too), the absent, why.
const ABSENT: &[(&str, &[&str], &str)] = &[
    (
        "rempart-domain",
        &["serde", "serde_core", "serde_json", "tokio", "async-trait", "rand", "rand_core"],
        "the rules do no I/O, read no clock, draw no random number and know no encoding",
    ),
    (
        "rempart-server",
        &["rempart-mls-client", "rempart-mls-wasm"],
        "the server must not be able to hold a message secret",
    ),
    ("rempart-mls-delivery", &["rempart-mls-client"], "the follower sees public group state only"),
    (
        "rempart-auditor",
        NETWORK,
        "the auditor's tool holds what opens the archive: it must not be able to reach a network",
    ),
    ("", &["ring"], "one crypto provider, aws-lc-rs: with two linked, rustls refuses to choose and panics"),
];

/// Licences that may be linked (MPL-2.0 unmodified).
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// A dependency as a manifest declares it.
#[derive(Clone)]
struct Declared {
    from: String,
    to: String,
    dev: bool,
    /// What the code calls it.
    word: String,
}

/// A crate of the tree.
struct Licensed {
    name: String,
    version: String,
    licence: Option<String>,
}

/// Checks the workspace.
///
/// # Errors
/// Lists every arrow, absence and licence that does not hold.
pub(crate) fn run() -> Result<()> {
    let root = shell::root()?;
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).exec()?;
    let members: BTreeSet<String> = metadata.workspace_packages().iter().map(|p| p.name.to_string()).collect();
    let declared: Vec<Declared> = metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| {
            package.dependencies.iter().map(|d| Declared {
                from: package.name.to_string(),
                to: d.name.clone(),
                dev: d.kind == DependencyKind::Development,
                word: d.rename.as_deref().unwrap_or(&d.name).replace('-', "_"),
            })
        })
        .collect();
    let mut wrong = check_arrows(&members, &declared);
    wrong.extend(check_drivers(&declared));
    for (from, absent, why) in ABSENT {
        if from.is_empty() || members.contains(*from) {
            wrong.extend(check_absent(from, &tree(from)?, absent, why));
        }
    }
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().context("a manifest without a folder")?;
        let of_it: Vec<Declared> = declared.iter().filter(|d| *package.name == d.from).cloned().collect();
        wrong.extend(check_used(&of_it, &code(folder.as_std_path())?));
    }
    let linked = tree("")?;
    let packages: Vec<Licensed> = metadata
        .packages
        .iter()
        .filter(|p| linked.contains(p.name.as_str()))
        .map(|p| Licensed { name: p.name.to_string(), version: p.version.to_string(), licence: p.license.clone() })
        .collect();
    wrong.extend(check_licences(&packages));
    if wrong.is_empty() {
        println!("arrows hold: {} crates of ours, {} in all", members.len(), packages.len());
        return Ok(());
    }
    bail!(
        "{}\n\nARCHITECTURE.md says which arrows there are and why; a new one needs a decision record.",
        wrong.join("\n")
    )
}

/// A crate and every crate of the workspace that it may depend on, directly or not.
pub(crate) fn below(name: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::from([name]);
    let mut open = vec![name];
    while let Some(next) = open.pop() {
        let to = ARROWS.iter().find(|(from, _)| *from == next).map_or(&[][..], |(_, to)| to);
        open.extend(to.iter().filter(|name| found.insert(name)));
    }
    found
}

/// All Rust code of a crate, without comment lines.
fn code(folder: &Path) -> Result<String> {
    let mut code = String::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).with_context(|| format!("cannot read {}", next.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                    code.push_str(line);
                    code.push('\n');
                }
            }
        }
    }
    Ok(code)
}

/// The names of all crates below one (or, with no name, of the whole workspace with its tests).
fn tree(of: &str) -> Result<BTreeSet<String>> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--locked", "--prefix", "none", "--format", "{p}", "--target", "all"]);
    if of.is_empty() {
        command.args(["--workspace", "--edges", "normal,build,dev"]);
    } else {
        command.args(["--package", of, "--edges", "normal,build"]);
    }
    let output = command.current_dir(shell::root()?).output().context("cannot start `cargo tree`")?;
    ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let names: BTreeSet<String> = text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    ensure!(!names.is_empty(), "cargo tree named no crate");
    Ok(names)
}

fn check_arrows(members: &BTreeSet<String>, declared: &[Declared]) -> Vec<String> {
    let mut wrong = Vec::new();
    for member in members {
        if !ARROWS.iter().any(|(from, _)| from == member) {
            wrong.push(format!("{member} is not in the table of arrows (ARCHITECTURE.md, \"Layers\")"));
        }
    }
    for Declared { from, to, dev, .. } in declared {
        let allowed = ARROWS.iter().find(|(name, _)| name == from).map_or(&[][..], |(_, allowed)| allowed);
        if members.contains(to) && !dev && !allowed.contains(&to.as_str()) {
            wrong.push(format!("{from} must not depend on {to} (ARCHITECTURE.md, \"Layers\")"));
        }
    }
    wrong
}

fn check_drivers(declared: &[Declared]) -> Vec<String> {
    declared
        .iter()
        .filter(|d| !d.dev)
        .filter(|d| DRIVERS.iter().any(|(driver, by)| *driver == d.to && !by.contains(&d.from.as_str())))
        .map(|d| format!("{} must not depend on the driver {} (ARCHITECTURE.md, \"One seam\")", d.from, d.to))
        .collect()
}

/// What is declared but named nowhere in the code.
fn check_used(declared: &[Declared], code: &str) -> Vec<String> {
    let words: BTreeSet<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    declared
        .iter()
        .filter(|d| !words.contains(d.word.as_str()))
        .map(|d| format!("{} declares {} and never names it: take it out of its Cargo.toml", d.from, d.to))
        .collect()
}

fn check_absent(from: &str, tree: &BTreeSet<String>, absent: &[&str], why: &str) -> Vec<String> {
    let whose = if from.is_empty() { "the workspace" } else { from };
    absent
        .iter()
        .filter(|name| tree.contains(**name))
        .map(|name| {
            format!("{name} must not be below {whose}: {why} (ARCHITECTURE.md, \"Absences\"; `cargo tree -i {name}` shows how it came in)")
        })
        .collect()
}

fn check_licences(packages: &[Licensed]) -> Vec<String> {
    packages
        .iter()
        .filter(|p| !p.licence.as_deref().is_some_and(permitted))
        .map(|p| {
            let licence = p.licence.as_deref().unwrap_or("none");
            format!(
                "{} {} has a licence that may not be linked: {licence} (ARCHITECTURE.md, \"Licences\")",
                p.name, p.version
            )
        })
        .collect()
}

/// Whether an SPDX expression leaves a choice among what is permitted. `/` is how old manifests write OR.
fn permitted(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest) && rest.is_empty()
}

fn any_of(words: &mut &[&str]) -> bool {
    let mut permitted = all_of(words);
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        permitted |= all_of(words);
    }
    permitted
}

fn all_of(words: &mut &[&str]) -> bool {
    let mut permitted = one(words);
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        permitted &= one(words);
    }
    permitted
}

fn one(words: &mut &[&str]) -> bool {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let inside = any_of(words);
            let [")", rest @ ..] = *words else { return false };
            *words = rest;
            inside
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            LICENCES.contains(&format!("{licence} WITH {exception}").as_str())
        }
        [licence, rest @ ..] => {
            *words = rest;
            LICENCES.contains(licence)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    fn edge(from: &str, to: &str, dev: bool) -> Declared {
        Declared { from: from.to_owned(), to: to.to_owned(), dev, word: to.replace('-', "_") }
    }

    #[test]
    fn what_is_declared_is_used() {
        let declared = [edge("a", "hyper", false), edge("a", "hyper-util", false), edge("a", "serde", true)];
        assert!(
            check_used(&declared, "use hyper::Uri;\nhyper_util::server();\n#[derive(serde::Serialize)]").is_empty()
        );
        assert_eq!(
            check_used(&declared, "use hyper_util::x; let serde_like = 1;"),
            [
                "a declares hyper and never names it: take it out of its Cargo.toml",
                "a declares serde and never names it: take it out of its Cargo.toml",
            ]
        );
    }

    #[test]
    fn an_arrow_that_is_not_drawn_is_refused_by_name() {
        let members = names(&["rempart-domain", "rempart-ports", "rempart-base"]);
        let declared = [edge("rempart-domain", "rempart-ports", false), edge("rempart-domain", "rempart-base", false)];
        assert_eq!(
            check_arrows(&members, &declared),
            ["rempart-domain must not depend on rempart-ports (ARCHITECTURE.md, \"Layers\")"]
        );
    }

    #[test]
    fn tests_may_use_what_they_like_and_other_crates_are_no_arrow() {
        let members = names(&["rempart-embedded", "rempart-app"]);
        let declared = [edge("rempart-embedded", "rempart-app", true), edge("rempart-embedded", "bytes", false)];
        assert!(check_arrows(&members, &declared).is_empty());
    }

    #[test]
    fn heads_do_not_lean_on_heads_nor_adapters_on_leaves() {
        let members = names(&["rempart-head-web", "rempart-embedded", "rempart-merkle", "rempart-cluster"]);
        for (from, to) in [
            ("rempart-head-web", "rempart-embedded"),
            ("rempart-embedded", "rempart-merkle"),
            ("rempart-cluster", "rempart-embedded"),
        ] {
            assert_eq!(check_arrows(&members, &[edge(from, to, false)]).len(), 1, "{from} → {to}");
        }
    }

    #[test]
    fn a_crate_that_nobody_drew_is_refused() {
        let wrong = check_arrows(&names(&["rempart-utils"]), &[]);
        assert_eq!(wrong, ["rempart-utils is not in the table of arrows (ARCHITECTURE.md, \"Layers\")"]);
    }

    #[test]
    fn only_the_adapters_name_drivers() {
        assert_eq!(
            check_drivers(&[edge("rempart-app", "rusqlite", false)]),
            ["rempart-app must not depend on the driver rusqlite (ARCHITECTURE.md, \"One seam\")"]
        );
        assert_eq!(check_drivers(&[edge("rempart-embedded", "tokio-postgres", false)]).len(), 1);
        assert!(check_drivers(&[edge("rempart-embedded", "rusqlite", false)]).is_empty());
        assert!(check_drivers(&[edge("rempart-testkit", "tokio-postgres", true)]).is_empty());
    }

    #[test]
    fn what_must_be_absent_is_found_wherever_it_hides() {
        let wrong =
            check_absent("rempart-domain", &names(&["rempart-domain", "uuid", "serde"]), &["serde", "tokio"], "pure");
        assert_eq!(wrong.len(), 1);
        assert!(wrong[0].starts_with("serde must not be below rempart-domain: pure"), "{}", wrong[0]);
        let wrong = check_absent("", &names(&["ring"]), &["ring"], "one provider");
        assert!(wrong[0].starts_with("ring must not be below the workspace"), "{}", wrong[0]);
    }

    #[test]
    fn the_table_draws_no_circle() {
        fn below(of: &str, seen: &mut Vec<String>) {
            for (_, to) in ARROWS.iter().filter(|(from, _)| *from == of) {
                for to in *to {
                    seen.push((*to).to_owned());
                    assert!(seen.len() < 1000, "a circle through {of}");
                    below(to, seen);
                }
            }
        }
        for (from, _) in ARROWS {
            let mut seen = Vec::new();
            below(from, &mut seen);
            assert!(!seen.iter().any(|s| s == from), "{from} is below itself");
        }
    }

    #[test]
    fn licences() {
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "Apache-2.0 / MIT",
            "MIT OR GPL-3.0-only",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "ISC AND (Apache-2.0 OR ISC)",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(permitted(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "(MIT",
            "MIT Apache-2.0",
            "LGPL-2.1-or-later OR AGPL-3.0-only",
        ] {
            assert!(!permitted(bad), "{bad}");
        }
        let package = Licensed { name: "x".into(), version: "1.0.0".into(), licence: None };
        assert_eq!(
            check_licences(&[package]),
            ["x 1.0.0 has a licence that may not be linked: none (ARCHITECTURE.md, \"Licences\")"]
        );
    }
}
