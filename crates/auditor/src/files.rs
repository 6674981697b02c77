//! Files of this tool: written once and never over another, secrets for their owner only, bytes as text that survives mail
//! and paper.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::say;

/// Longest file that is read whole, in bytes.
pub const LARGEST: u64 = 64 << 20;

/// What a file is, as its first line says.
pub type Kind = &'static str;
/// An officer's file.
pub const OFFICER: Kind = "rempart officer 1";
/// A request to open.
pub const REQUEST: Kind = "rempart request 1";
/// The one-time key of a request.
pub const REQUEST_KEY: Kind = "rempart request key 1";
/// An officer's release.
pub const RELEASE: Kind = "rempart release 1";
/// A canary.
pub const CANARY: Kind = "rempart canary 1";
/// An officer's answer to a canary.
pub const ANSWER: Kind = "rempart canary answer 1";

/// Reads a file of at most [`LARGEST`] bytes.
///
/// # Errors
/// Names the file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    read_up_to(path, LARGEST)
}

/// Reads a file of limited length.
///
/// # Errors
/// Names the file.
pub fn read_up_to(path: &Path, largest: u64) -> Result<Vec<u8>> {
    let shown = path.display();
    let file = std::fs::File::open(path).with_context(|| say!("cannot read {shown}", "impossible de lire {shown}"))?;
    let mut bytes = Vec::new();
    file.take(largest + 1)
        .read_to_end(&mut bytes)
        .with_context(|| say!("cannot read {shown}", "impossible de lire {shown}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= largest) {
        Ok(bytes)
    } else {
        bail!(say!("{shown} is too large", "{shown} est trop grand"))
    }
}

/// Writes a new file, for its owner only, and waits until it is on disk.
///
/// # Errors
/// When it exists already, or cannot be written; names the file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let shown = path.display();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| say!("cannot make {shown}", "impossible de créer {shown}"))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| say!("cannot write {shown}", "impossible d'écrire {shown}"))
}

/// Bytes as text: a first line that says what they are, then base64 in lines of 64.
#[must_use]
pub fn armour(kind: Kind, bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut out = String::with_capacity(kind.len() + encoded.len() + encoded.len() / 64 + 3);
    out.push_str(kind);
    out.push('\n');
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out
}

/// The bytes of such a text.
///
/// # Errors
/// Says what the file is instead, where that can be told.
pub fn unarmour(kind: Kind, path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).unwrap_or("");
    let mut lines = text.lines();
    let first = lines.next().unwrap_or("").trim_end();
    if first != kind {
        if first.starts_with("rempart ") && first.len() < 40 {
            bail!(say!("{shown} is a “{first}”, not a “{kind}”", "{shown} est un « {first} », pas un « {kind} »"));
        }
        bail!(say!("{shown} is not a “{kind}”", "{shown} n'est pas un « {kind} »"));
    }
    let body: String = lines.map(str::trim).collect();
    STANDARD
        .decode(body)
        .ok()
        .with_context(|| say!("{shown} is damaged: copy it again", "{shown} est abîmé : copiez-le de nouveau"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_gives_the_bytes_back_and_kinds_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        write(&path, armour(REQUEST, &bytes).as_bytes()).unwrap();
        assert_eq!(unarmour(REQUEST, &path).unwrap(), bytes);
        assert!(armour(REQUEST, &bytes).lines().all(|line| line.len() <= 64));
        let refused = unarmour(RELEASE, &path).unwrap_err().to_string();
        assert!(refused.contains("“rempart request 1”, not a “rempart release 1”"), "{refused}");
    }

    #[test]
    fn nothing_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write(&path, b"first").unwrap();
        assert!(write(&path, b"second").is_err());
        assert_eq!(read(&path).unwrap(), b"first");
    }
}
