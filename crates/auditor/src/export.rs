//! An export as files: finds them, reads them within limits, streams lines. Believes nothing.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use rempart_base::ConversationId;
use rempart_export::layout::{self, Manifest};
use rempart_export::lines::LONGEST;
use rempart_export::{KeyLine, Line, Public, Trust};

use crate::{files, say};

/// Most policies of one export.
const MOST_POLICIES: usize = 4096;

/// A folder with an export.
#[derive(Debug)]
pub struct Export {
    root: PathBuf,
    /// Its table of contents.
    pub manifest: Manifest,
}

impl Export {
    /// Opens a folder.
    ///
    /// # Errors
    /// When it has no readable manifest.
    pub fn open(root: &Path) -> Result<Self> {
        let shown = root.display();
        let manifest = Manifest::decode(&files::read(&root.join(layout::MANIFEST))?)
            .with_context(|| say!("{shown} is not an export of an archive", "{shown} n'est pas un export d'archive"))?;
        Ok(Self { root: root.to_owned(), manifest })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The place of one of the files of [`layout`].
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A file's bytes; `None` where there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(name);
        if path.try_exists()? { files::read(&path).map(Some) } else { Ok(None) }
    }

    /// Goes through the lines of a journal or of the openings.
    ///
    /// # Errors
    /// When the file is missing, a line is not in the format, or `each` fails. Names the line.
    pub fn lines(&self, name: &str, mut each: impl FnMut(Line) -> Result<()>) -> Result<()> {
        raw_lines(&self.path(name), |text| each(Line::decode(text)?))
    }

    /// Entries that the manifest promises of a conversation.
    ///
    /// # Errors
    /// When the export does not have it.
    pub fn entries(&self, conversation: ConversationId) -> Result<u64> {
        let text = conversation.to_string();
        let journal = self.manifest.journals.iter().find(|journal| journal.conversation == text);
        journal.map(|journal| journal.entries).with_context(|| {
            say!("the export does not have conversation {text}", "l'export n'a pas la conversation {text}")
        })
    }

    /// The archive policies, by their bytes' hash, that the file's name must be.
    ///
    /// # Errors
    /// When one is not what its name says.
    pub fn policies(&self) -> Result<Vec<rempart_capsule::Policy>> {
        let folder = self.path(layout::POLICIES);
        if !folder.try_exists()? {
            return Ok(Vec::new());
        }
        let mut found = HashMap::new();
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            ensure!(found.len() < MOST_POLICIES, say!("too many policies", "trop de politiques"));
            let policy = rempart_capsule::Policy::decode(&files::read(&path)?);
            let shown = path.display();
            let policy = policy.with_context(|| say!("the policy {shown}", "la politique {shown}"))?;
            if path != self.path(&layout::policy(&policy.ctx())) {
                bail!(say!(
                    "{shown} is another policy than its name says",
                    "{shown} n'est pas la politique que dit son nom"
                ));
            }
            found.insert(policy.ctx(), policy);
        }
        let mut policies: Vec<_> = found.into_values().collect();
        policies.sort_by_key(rempart_capsule::Policy::ctx);
        Ok(policies)
    }
}

/// The leaves of the key log in the folder of an export or a report; `None` where it has none.
///
/// # Errors
/// When they are there and not in the format.
pub fn key_leaves(root: &Path) -> Result<Option<Vec<Vec<u8>>>> {
    let path = root.join(layout::KEYS_LEAVES);
    if !path.try_exists()? {
        return Ok(None);
    }
    let mut leaves = Vec::new();
    raw_lines(&path, |text| {
        leaves.push(KeyLine::decode(text)?.leaf);
        Ok(())
    })?;
    Ok(Some(leaves))
}

fn raw_lines(path: &Path, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let shown = path.display();
    let file = File::open(path).with_context(|| say!("cannot read {shown}", "impossible de lire {shown}"))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut text = Vec::new();
    for number in 1_u64.. {
        text.clear();
        let most = u64::try_from(LONGEST + 2).unwrap_or(u64::MAX);
        if (&mut reader).take(most).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        each(&text).with_context(|| say!("{shown}, line {number}", "{shown}, ligne {number}"))?;
    }
    Ok(())
}

/// Reads the public part of a ceremony, and checks what it says of itself.
///
/// # Errors
/// When its officers do not vouch for its keys.
pub fn trust(path: &Path) -> Result<Trust> {
    let shown = path.display();
    Public::decode(&files::read(path)?)
        .and_then(|public| public.verify())
        .with_context(|| say!("the ceremony's public part {shown}", "la partie publique de la cérémonie {shown}"))
}
