//! `cargo xtask wasm`: the worker's WebAssembly and its bindings, into web/sdk/src/mls/wasm. A second run does nothing: the build is
//! keyed by a hash of its sources and of what was made.
//!
//! The toolchain of the workspace builds it where it has the target `wasm32-unknown-unknown` or rustup can add it; elsewhere Debian's
//! does (`rustc-web`, `cargo-web`, `rust-web-src`, `lld-19`), which has the standard library's sources and builds that too. `wasm-opt`
//! is left out: it takes 4 % off the file and adds 1 % to what is sent of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::{arrows, shell, web};

/// What it is compiled to.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// The crate that is built.
const ROOT: &str = "rempart-mls-wasm";
/// What its files are called.
const NAME: &str = "rempart_mls";
/// The example that runs the vectors.
const EXAMPLE: &str = "conformance";
/// Where they go.
const OUT: &str = "web/sdk/src/mls/wasm";
/// Debian's compiler.
const DEBIAN: &str = "/usr/bin/rustc";
/// The sources of the standard library that come with it.
const DEBIAN_SOURCES: &str = "lib/rustlib/src/rust/library/std/Cargo.toml";
const DEBIAN_LINKER: &str = "wasm-ld-19";

/// Builds the module and its bindings if their sources, or what was built from them, changed.
///
/// # Errors
/// When there is no toolchain for it, or a build fails.
pub(crate) fn run() -> Result<()> {
    let root = shell::root()?;
    let out = root.join(OUT);
    let made_from = web::key_of(&sources(&root)?, &root)?;
    let built = || if out.is_dir() { web::key_of(&web::files(&out, &[])?, &out) } else { Ok(String::new()) };
    let both = |built: &str| format!("{made_from}\n{built}\n");
    let stamp = root.join("target").join("wasm.key");
    if std::fs::read_to_string(&stamp).is_ok_and(|old| built().is_ok_and(|built| old == both(&built))) {
        println!("{OUT} is up to date");
        return Ok(());
    }
    let module = compile(&root, &["--lib", "--crate-type", "cdylib"], &format!("{}.wasm", ROOT.replace('-', "_")))?;
    bind(&module, &out)?;
    std::fs::create_dir_all(root.join("target"))?;
    std::fs::write(&stamp, both(&built()?)).context("cannot write target/wasm.key")
}

/// Everything that the module is made of: our crates below it, what they share, and this chore.
fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = vec![root.join("Cargo.toml"), root.join("Cargo.lock"), root.join("crates/xtask/src/wasm.rs")];
    for name in arrows::below(ROOT) {
        let folder = root.join("crates").join(name.trim_start_matches("rempart-"));
        found.push(folder.join("Cargo.toml"));
        found.extend(web::files(&folder.join("src"), &[])?);
    }
    Ok(found)
}

/// Which compiler builds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Toolchain {
    /// The workspace's own, with the target's standard library.
    Own,
    /// Debian's, which builds the standard library too.
    Debian,
}

fn toolchain() -> Result<Toolchain> {
    if has_target() {
        return Ok(Toolchain::Own);
    }
    if debian_fits() {
        return Ok(Toolchain::Debian);
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).stdout(Stdio::null()).status();
    if added.is_ok_and(|status| status.success()) && has_target() {
        return Ok(Toolchain::Own);
    }
    bail!(
        "nothing here compiles to {TARGET}: run `rustup target add {TARGET}`, or install the Debian packages rustc-web, cargo-web, \
         rust-web-src and lld-19"
    )
}

/// Whether the workspace's compiler has the target's standard library.
fn has_target() -> bool {
    let asked = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    asked.is_ok_and(|said| Path::new(String::from_utf8_lossy(&said.stdout).trim()).is_dir())
}

fn debian_fits() -> bool {
    let sysroot = Command::new(DEBIAN).args(["--print", "sysroot"]).output();
    let sources = sysroot
        .is_ok_and(|said| Path::new(String::from_utf8_lossy(&said.stdout).trim()).join(DEBIAN_SOURCES).is_file());
    sources && Command::new(DEBIAN_LINKER).arg("--version").output().is_ok()
}

/// Runs the MLS working group's vectors in WebAssembly.
///
/// # Errors
/// When the build fails, or other cases pass than natively.
pub(crate) fn conformance(vectors: &Path) -> Result<()> {
    let root = shell::root()?;
    let module = compile(&root, &["--example", EXAMPLE], &format!("examples/{EXAMPLE}.wasm"))?;
    let out = root.join("target").join("conformance");
    Bindgen::new()
        .input_path(module)
        .out_name(EXAMPLE)
        .nodejs(true)?
        .typescript(false)
        .generate(&out)
        .context("wasm-bindgen")?;
    let mut node = Command::new("node");
    node.arg(root.join("crates/mls-wasm/examples/conformance.mjs")).arg(out.join(format!("{EXAMPLE}.js")));
    shell::run(node.arg(std::path::absolute(vectors)?).arg(root.join("crates/mls-client/conformance.txt")))
}

/// Compiles a module; returns where it is: `file`, below the profile's folder.
fn compile(root: &Path, what: &[&str], file: &str) -> Result<PathBuf> {
    let toolchain = toolchain()?;
    let all = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    let target_dir = all.join("wasm").join(match toolchain {
        Toolchain::Own => "own",
        Toolchain::Debian => "debian",
    });
    let mut command = match toolchain {
        Toolchain::Own => Command::new(env!("CARGO")),
        Toolchain::Debian => Command::new("/usr/bin/cargo"),
    };
    command.args(["rustc", "--quiet", "--locked", "--package", ROOT]).args(what);
    command.args(["--profile", "wasm", "--target", TARGET]).arg("--target-dir").arg(&target_dir);
    // What was set for native builds does not hold here.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        command.env_remove(name);
    }
    if toolchain == Toolchain::Debian {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(PathBuf::from("/usr/bin")).chain(std::env::split_paths(&path));
        command
            .arg("-Zbuild-std=std,panic_abort")
            .env("PATH", std::env::join_paths(paths)?)
            .env("RUSTC", DEBIAN)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER)
            .env_remove("RUSTUP_TOOLCHAIN");
    }
    shell::run(command.current_dir(root))?;
    let module = target_dir.join(TARGET).join("wasm").join(file);
    ensure!(module.is_file(), "the build made no {}", module.display());
    Ok(module)
}

/// Writes the module as the worker loads it, its JavaScript and its types.
fn bind(module: &Path, out: &Path) -> Result<()> {
    if out.is_dir() {
        std::fs::remove_dir_all(out)?;
    }
    std::fs::create_dir_all(out)?;
    Bindgen::new()
        .input_path(module)
        .out_name(NAME)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)
        .context("wasm-bindgen")?;
    let bytes = std::fs::metadata(out.join(format!("{NAME}_bg.wasm")))?.len();
    println!("wrote {OUT}: {} kB of WebAssembly", bytes / 1000);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_key_follows_every_crate_below_and_no_other() {
        let root = shell::root().unwrap();
        let found: BTreeSet<PathBuf> = sources(&root).unwrap().into_iter().collect();
        for source in
            ["crates/mls-wasm/src/lib.rs", "crates/mls-client/src/client.rs", "crates/base/src/id.rs", "Cargo.lock"]
        {
            assert!(found.contains(&root.join(source)), "{source}");
        }
        assert!(!found.iter().any(|path| path.starts_with(root.join("crates/server"))));
        assert!(found.iter().all(|path| path.is_file()));
    }
}
