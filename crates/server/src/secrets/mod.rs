//! The server's keys on disk: one file a purpose, 0600, in a folder that is never the data directory.
//!
//! Reading order: this file (load or make), [`checks`] (do they belong to this store?), [`sealed`] (carry them to another
//! node under a passphrase).

pub mod checks;
pub mod sealed;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rempart_ports::Entropy;
use thiserror::Error;
use zeroize::Zeroizing;

/// What is wrong with the keys, with what to do.
#[derive(Debug, Error)]
pub enum SecretsError {
    /// A file or folder cannot be used.
    #[error("cannot {action} {path}: {cause}")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// Others than the owner may read it.
    #[error("{path} may be read by others (mode {mode:o}); run: chmod {} {path}", if *.folder { "700" } else { "600" })]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Whether it is a folder.
        folder: bool,
    },
    /// It belongs to somebody else.
    #[error("{path} belongs to user {owner}, but this process runs as user {us}; change one of them")]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// This process's user.
        us: u32,
    },
    /// It is not a key of this purpose.
    #[error("{path} is not a key for {purpose}; restore it from where the keys are kept safe")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What it should be for.
        purpose: &'static str,
    },
    /// The store was made with keys, and one is not here.
    #[error(
        "the key {purpose} is missing: {path} is not there, and the data was made with it. Restore the folder of keys, \
         or bring them from another node: `rempart secrets export` there, `rempart secrets import` here"
    )]
    Missing {
        /// Which purpose.
        purpose: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The store was made with another key.
    #[error(
        "the key {purpose} in {path} is not the one that the data was made with (here {here}, the data names {there}). \
         Restore the right file, or point secrets_dir to the right folder; nothing was changed"
    )]
    Mismatch {
        /// Which purpose.
        purpose: &'static str,
        /// Where the wrong one is.
        path: PathBuf,
        /// The id of the one here.
        here: String,
        /// The id of the one that the data was made with.
        there: String,
    },
    /// A sealed copy cannot be opened.
    #[error("{0}")]
    Sealed(&'static str),
}

/// One key.
pub struct Secret {
    /// What it is for.
    pub purpose: &'static str,
    /// Its id; tells keys apart, not secret.
    pub id: [u8; 16],
    /// The key.
    pub bytes: Zeroizing<[u8; 32]>,
    /// The file it came from.
    pub path: PathBuf,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({}, {})", self.purpose, HEXLOWER.encode(&self.id))
    }
}

/// Where keys are.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder of the settings.
    pub folder: PathBuf,
    /// The folder that systemd gives, looked at first.
    pub credentials: Option<PathBuf>,
}

/// Whether missing keys are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Made: nothing was stored with them yet.
    Make,
    /// An error.
    Refuse,
}

impl Place {
    /// The file of a purpose.
    #[must_use]
    pub fn file(&self, purpose: &str) -> PathBuf {
        self.folder.join(format!("{purpose}.key"))
    }

    /// Whether there is a file for a purpose.
    #[must_use]
    pub fn has(&self, purpose: &str) -> bool {
        let given = self.credentials.as_ref().is_some_and(|c| c.join(format!("{purpose}.key")).exists());
        given || self.file(purpose).exists()
    }

    /// Loads the keys of these purposes.
    ///
    /// # Errors
    /// The first that is missing, open to others, unreadable or of another purpose.
    pub fn load(
        &self,
        purposes: &[&'static str],
        missing: Missing,
        entropy: &dyn Entropy,
    ) -> Result<Vec<Secret>, SecretsError> {
        purposes.iter().map(|purpose| self.one(purpose, missing, entropy)).collect()
    }

    fn one(&self, purpose: &'static str, missing: Missing, entropy: &dyn Entropy) -> Result<Secret, SecretsError> {
        if let Some(path) = self.credentials.as_ref().map(|c| c.join(format!("{purpose}.key"))).filter(|p| p.exists()) {
            // systemd owns this folder and lets this service alone see it.
            return read(&path, purpose);
        }
        let path = self.file(purpose);
        if path.exists() {
            private(&self.folder)?;
            private(&path)?;
            return read(&path, purpose);
        }
        if missing == Missing::Refuse {
            return Err(SecretsError::Missing { purpose, path });
        }
        let mut id = [0u8; 16];
        let mut bytes = Zeroizing::new([0u8; 32]);
        entropy.fill(&mut id);
        entropy.fill(bytes.as_mut());
        let secret = Secret { purpose, id, bytes, path };
        self.keep(&secret)?;
        Ok(secret)
    }

    /// Writes a key's file, durable; never over one that is there.
    ///
    /// # Errors
    /// When the folder or file cannot be written, or exists.
    pub fn keep(&self, secret: &Secret) -> Result<(), SecretsError> {
        make_folder(&self.folder)?;
        private(&self.folder)?;
        let line = Zeroizing::new(format!(
            "rempart-key 1 {} {} {}\n",
            secret.purpose,
            HEXLOWER.encode(&secret.id),
            Zeroizing::new(HEXLOWER.encode(secret.bytes.as_ref())).as_str()
        ));
        write_new(&self.file(secret.purpose), line.as_bytes())
    }
}

/// Makes a folder that only its owner may use; one that is there is left as it is.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(path: &Path) -> Result<(), SecretsError> {
    let io = |action| move |cause| SecretsError::Io { action, path: path.to_owned(), cause };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io("make the folder"))
}

/// Writes a file that only its owner may read, under its name only once it is on disk; never over another.
///
/// # Errors
/// When it exists or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), SecretsError> {
    let io = |action| move |cause| SecretsError::Io { action, path: path.to_owned(), cause };
    let part = partial(path);
    write_part(&part, bytes, 0o600).map_err(io("write"))?;
    let linked = std::fs::hard_link(&part, path);
    std::fs::remove_file(&part).map_err(io("tidy up beside"))?;
    linked.map_err(io("write"))?;
    sync_folder(path).map_err(io("make durable"))
}

/// Writes a file in place of what was there, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SecretsError> {
    let io = |action| move |cause| SecretsError::Io { action, path: path.to_owned(), cause };
    let part = partial(path);
    write_part(&part, bytes, mode).map_err(io("write"))?;
    std::fs::rename(&part, path).map_err(io("write"))?;
    sync_folder(path).map_err(io("make durable"))
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn write_part(part: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // A part left by a crash carries nothing of use.
    match std::fs::remove_file(part) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

/// Whether only this process's user may use a file or folder.
///
/// # Errors
/// [`SecretsError::Open`] or [`SecretsError::Foreign`] when not.
pub fn private(path: &Path) -> Result<(), SecretsError> {
    let meta = std::fs::metadata(path).map_err(|cause| SecretsError::Io {
        action: "look at",
        path: path.to_owned(),
        cause,
    })?;
    let mode = meta.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretsError::Open { path: path.to_owned(), mode, folder: meta.is_dir() });
    }
    let us = rustix::process::geteuid().as_raw();
    if meta.uid() != us && us != 0 {
        return Err(SecretsError::Foreign { path: path.to_owned(), owner: meta.uid(), us });
    }
    Ok(())
}

fn read(path: &Path, purpose: &'static str) -> Result<Secret, SecretsError> {
    let mut text = Zeroizing::new(String::new());
    File::open(path).and_then(|file| file.take(4096).read_to_string(&mut text)).map_err(|cause| SecretsError::Io {
        action: "read",
        path: path.to_owned(),
        cause,
    })?;
    parse(&text, purpose, path).ok_or_else(|| SecretsError::Unreadable { path: path.to_owned(), purpose })
}

fn parse(text: &str, purpose: &'static str, path: &Path) -> Option<Secret> {
    let mut words = text.split_ascii_whitespace();
    if (words.next()?, words.next()?, words.next()?) != ("rempart-key", "1", purpose) {
        return None;
    }
    let id = HEXLOWER.decode(words.next()?.as_bytes()).ok()?.try_into().ok()?;
    let bytes = Zeroizing::new(HEXLOWER.decode(words.next()?.as_bytes()).ok()?);
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?);
    words.next().is_none().then(|| Secret { purpose, id, bytes, path: path.to_owned() })
}
