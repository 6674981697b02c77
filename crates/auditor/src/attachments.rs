//! Files of recorded messages: found by hash, checked, opened with the key that the message carries, saved beside the report.

use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use rempart_base::BlobHash;
use rempart_capsule::file::{CHUNK, FILE_HEADER, FileCipher};
use rempart_capsule::keys::FileKey;
use rempart_export::layout;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::export::Export;
use crate::release::is_plain;
use crate::report::FileProof;
use crate::say;

/// Longest name of a saved file, in bytes.
const NAME: usize = 120;
/// Bytes of a sealed chunk.
const SEALED: usize = CHUNK + 16;

/// A file as a message names it.
#[derive(Debug)]
pub struct Attachment {
    /// The name.
    pub name: String,
    /// Its stored bytes.
    pub blob: BlobHash,
    /// Its key; none where it was stored in clear.
    pub key: Option<FileKey>,
}

/// The files of a message: from the types of `content`, with the key, which stands beside.
#[must_use]
pub fn of(message: &rempart_content::Message, plain: &[u8]) -> Vec<Attachment> {
    let value: Value = serde_json::from_slice(plain).unwrap_or(Value::Null);
    let keys = |place: usize| {
        let text = value.get("files")?.get(place)?.get("key")?.as_str()?;
        let engines = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];
        let bytes = engines.iter().find_map(|engine| engine.decode(text).ok())?;
        Some(FileKey::from_bytes(bytes.try_into().ok()?))
    };
    let files = message.files.iter().enumerate();
    files.map(|(place, file)| Attachment { name: file.name.clone(), blob: file.blob, key: keys(place) }).collect()
}

/// Saves a file under `folder/files`.
#[must_use]
pub fn save(export: &Export, folder: &Path, seq: u64, place: usize, file: &Attachment) -> FileProof {
    let name: String = file.name.chars().map(|c| if is_plain(c) && c != '/' { c } else { '_' }).collect();
    let short = (0..=name.len().min(NAME)).rev().find_map(|end| name.get(name.len() - end..)).unwrap_or("");
    let path = format!("files/{seq}-{place}-{short}");
    let mut proof =
        FileProof { name: file.name.clone(), blob: file.blob.to_string(), path: None, sha256: None, problem: None };
    let target = folder.join(&path);
    match copy(&export.path(&layout::blob(file.blob)), &target, file) {
        Ok(hash) => {
            proof.path = Some(path);
            proof.sha256 = Some(data_encoding::HEXLOWER.encode(&hash));
        }
        Err(problem) => {
            // What was written before a part failed is no evidence of anything.
            if target.exists() && std::fs::remove_file(&target).is_err() {
                proof.path = Some(path);
            }
            proof.problem = Some(problem);
        }
    }
    proof
}

/// The hash of a saved file as it was stored: sealed again with its key.
///
/// # Errors
/// When it cannot be read.
pub fn stored_hash(path: &Path, file: &Attachment) -> std::io::Result<BlobHash> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut hash = Sha256::new();
    let cipher = file.key.as_ref().map(FileCipher::new);
    if let Some(cipher) = &cipher {
        hash.update(cipher.header());
    }
    let mut left = reader.get_ref().metadata()?.len();
    let mut buffer = vec![0; CHUNK];
    for number in 0_u32.. {
        let take = usize::try_from(left.min(CHUNK as u64)).unwrap_or(CHUNK);
        let Some(bytes) = buffer.get_mut(..take) else { break };
        reader.read_exact(bytes)?;
        left -= u64::try_from(take).unwrap_or(left);
        match &cipher {
            Some(cipher) => {
                hash.update(cipher.seal_chunk(number, left == 0, bytes).map_err(std::io::Error::other)?);
            }
            None => hash.update(&*bytes),
        }
        if left == 0 {
            break;
        }
    }
    Ok(BlobHash::from_bytes(hash.finalize().into()))
}

fn copy(from: &Path, to: &Path, file: &Attachment) -> Result<[u8; 32], String> {
    let missing = |_| say!("the file is not in the export", "le fichier n'est pas dans l'export");
    let unreadable = |_| say!("the file cannot be read", "le fichier est illisible");
    let unwritable = |_| say!("the file cannot be saved", "le fichier ne peut pas être enregistré");
    let mut hash = Sha256::new();
    let mut reader = BufReader::new(File::open(from).map_err(missing)?);
    let mut buffer = vec![0; SEALED];
    let mut len = 0_u64;
    loop {
        let read = reader.read(&mut buffer).map_err(unreadable)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        len += u64::try_from(read).unwrap_or(0);
    }
    if hash.finalize().as_slice() != file.blob.as_bytes() {
        return Err(say!(
            "the file is not the one that the message names",
            "le fichier n'est pas celui que nomme le message"
        ));
    }
    let mut reader = BufReader::new(File::open(from).map_err(missing)?);
    let mut out = File::options().write(true).create_new(true).mode(0o600).open(to).map_err(unwritable)?;
    let mut saved = Sha256::new();
    let Some(key) = &file.key else {
        loop {
            let read = reader.read(&mut buffer).map_err(unreadable)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            saved.update(bytes);
            out.write_all(bytes).map_err(unwritable)?;
        }
        return Ok(saved.finalize().into());
    };
    let cipher = FileCipher::new(key);
    let mut header = [0; FILE_HEADER];
    reader.read_exact(&mut header).map_err(unreadable)?;
    cipher.check_header(&header).map_err(|error| error.to_string())?;
    let mut left = len.saturating_sub(FILE_HEADER as u64);
    for number in 0_u32.. {
        let last = left <= SEALED as u64;
        let take = usize::try_from(left.min(SEALED as u64)).unwrap_or(SEALED);
        let Some(bytes) = buffer.get_mut(..take) else { break };
        reader.read_exact(bytes).map_err(unreadable)?;
        let plain = cipher.open_chunk(number, last, bytes).map_err(|error| error.to_string())?;
        saved.update(&plain);
        out.write_all(&plain).map_err(unwritable)?;
        left -= u64::try_from(take).unwrap_or(left);
        if last {
            break;
        }
    }
    Ok(saved.finalize().into())
}
