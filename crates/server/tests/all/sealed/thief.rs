//! What whoever takes the machine gets: the files, the log, the memory of the running program.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use rempart_testkit::server::Server;

/// Every readable page of a server's memory that it may write: heap, stacks and what it mapped for itself.
pub(crate) fn memory(server: &Server) -> Vec<u8> {
    let pid = server.pid().unwrap();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw"))) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        memory.seek(SeekFrom::Start(from)).unwrap();
        let mut pages = vec![0; usize::try_from(to - from).unwrap()];
        // A page that went meanwhile reads as nothing.
        if memory.read_exact(&mut pages).is_ok() {
            all.extend_from_slice(&pages);
        }
    }
    all
}

/// Every file under a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// A text as it may stand in bytes: itself, as UTF-16, and in base64 wherever it begins, without the ends that depend on what is
/// beside it.
pub(crate) fn spellings(text: &str) -> Vec<Vec<u8>> {
    let mut all = vec![text.as_bytes().to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()];
    for shift in 0..3 {
        let shifted = [&vec![0; shift][..], text.as_bytes()].concat();
        for encoding in [BASE64_NOPAD, BASE64URL_NOPAD] {
            let encoded = encoding.encode(&shifted);
            all.push(encoded.as_bytes()[4..encoded.len() - 4].to_vec());
        }
    }
    all
}

/// Whether any of these stands in the bytes.
pub(crate) fn holds(bytes: &[u8], any: &[Vec<u8>]) -> bool {
    any.iter().any(|wanted| {
        let first = wanted[0];
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|b| *b == first) {
            rest = &rest[at..];
            if rest.starts_with(wanted) {
                return true;
            }
            rest = &rest[1..];
        }
        false
    })
}
