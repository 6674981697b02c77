//! The configuration files that the server started with: what differs now, and the way back.
//!
//! They are kept beside the keys, not in the data: a file may hold the password of a database.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::reference::shown;
use super::{Loaded, SETTINGS};
use crate::words::Language;

/// Texts that are kept.
const KEPT: usize = 10;

/// The folder of earlier files.
#[derive(Clone, Debug)]
pub struct History {
    folder: PathBuf,
}

impl History {
    /// Beside the keys.
    #[must_use]
    pub fn beside(secrets: &Path) -> Self {
        Self { folder: secrets.join("settings") }
    }

    /// Notes that the server started with this text.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub fn keep(&self, text: &str) -> std::io::Result<()> {
        let all = self.all()?;
        if let Some((_, newest)) = all.last()
            && fs::read_to_string(newest)? == text
        {
            return Ok(());
        }
        crate::secrets::make_folder(&self.folder).map_err(std::io::Error::other)?;
        let next = all.last().map_or(1, |(n, _)| n + 1);
        write(&self.folder.join(format!("{next:06}.toml")), text)?;
        for (_, old) in all.iter().rev().skip(KEPT - 1) {
            fs::remove_file(old)?;
        }
        Ok(())
    }

    /// The newest text that is not `present`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn before(&self, present: &str) -> std::io::Result<Option<String>> {
        for (_, path) in self.all()?.iter().rev() {
            let text = fs::read_to_string(path)?;
            if text != present {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// The text that the server last started with.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn last(&self) -> std::io::Result<Option<String>> {
        self.all()?.last().map(|(_, path)| fs::read_to_string(path)).transpose()
    }

    fn all(&self) -> std::io::Result<Vec<(u32, PathBuf)>> {
        let folder = match fs::read_dir(&self.folder) {
            Ok(folder) => folder,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for file in folder {
            let path = file?.path();
            let number = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse().ok());
            if let (Some(number), Some("toml")) = (number, path.extension().and_then(|e| e.to_str())) {
                all.push((number, path));
            }
        }
        all.sort_unstable();
        Ok(all)
    }
}

/// Puts a text in a file's place, whole or not at all; what stood there stays beside it as `….before`.
///
/// # Errors
/// The folder cannot be written.
pub fn replace(path: &Path, text: &str) -> std::io::Result<PathBuf> {
    let with = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let (new, before) = (with(".new"), with(".before"));
    write(&new, text)?;
    if path.exists() {
        let permissions = fs::metadata(path)?.permissions();
        fs::copy(path, &before)?;
        fs::set_permissions(&new, permissions)?;
    }
    fs::rename(&new, path)?;
    Ok(before)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// What differs between two configurations, a line a setting; what may carry a password is hidden.
#[must_use]
pub fn changes(before: &Loaded, now: &Loaded, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    for setting in SETTINGS {
        let (Some((old, _)), Some((new, origin))) = (before.values.get(setting.key), now.values.get(setting.key))
        else {
            continue;
        };
        if old == new {
            continue;
        }
        let (old, new) = (shown(setting, old, language), shown(setting, new, language));
        lines.push(if old == new {
            let hidden = language.say("changed in what is hidden", "changé dans ce qui est caché");
            format!("{}: {old}, {hidden} ({})", setting.key, origin.say(language))
        } else {
            format!("{}: {old} → {new} ({})", setting.key, origin.say(language))
        });
    }
    lines
}
