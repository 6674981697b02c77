//! Checkpoints (C2SP tlog-checkpoint): the log's head, signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::note::{LogKey, MAX_NAME, Note, NoteError, VerifierKey};
use crate::tree::Hash;

/// Most extension lines.
pub const MAX_EXTENSIONS: usize = 16;
/// Longest extension line, in bytes.
pub const MAX_EXTENSION: usize = 1024;

/// Why a checkpoint is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CheckpointError {
    /// The note around it is refused.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not the lines of tlog-checkpoint, or over a limit.
    #[error("not the checkpoint of a log")]
    Malformed,
    /// Another log's.
    #[error("the checkpoint is of another log")]
    Origin,
}

/// The head of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: one line, not empty, at most [`MAX_NAME`] bytes.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
    /// Further lines, none empty; at most [`MAX_EXTENSIONS`] of [`MAX_EXTENSION`] bytes.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// The text to sign.
    ///
    /// # Errors
    /// When a line is empty, has a control character or is over its limit.
    pub fn text(&self) -> Result<String, CheckpointError> {
        if !is_line(&self.origin, MAX_NAME)
            || self.extensions.len() > MAX_EXTENSIONS
            || !self.extensions.iter().all(|line| is_line(line, MAX_EXTENSION))
        {
            return Err(CheckpointError::Malformed);
        }
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root));
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        Ok(text)
    }

    /// Reads the text of a note. Says nothing of who signed it: see [`Self::open`].
    ///
    /// # Errors
    /// When it is not the lines of a checkpoint.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed);
        };
        let number: u64 = size.parse().map_err(|_| CheckpointError::Malformed)?;
        let root = STANDARD.decode(root).map_err(|_| CheckpointError::Malformed)?;
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: number,
            root: root.try_into().map_err(|_| CheckpointError::Malformed)?,
            extensions: lines.take(MAX_EXTENSIONS + 1).map(str::to_owned).collect(),
        };
        // One spelling only: no `+7`, no `007`, no over-long lists.
        if checkpoint.text()? == text { Ok(checkpoint) } else { Err(CheckpointError::Malformed) }
    }

    /// The signed note, as it is served.
    ///
    /// # Errors
    /// When the checkpoint cannot be written.
    pub fn sign(&self, key: &LogKey) -> Result<String, CheckpointError> {
        let mut note = Note::new(self.text()?)?;
        key.sign_note(&mut note)?;
        Ok(note.to_string())
    }

    /// Reads a signed note and checks that `key` signed it and that it is of the log `origin`.
    ///
    /// # Errors
    /// When one of these does not hold.
    pub fn open(note: &[u8], key: &VerifierKey, origin: &str) -> Result<Self, CheckpointError> {
        let note = Note::parse(note)?;
        key.verify(&note)?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin == origin { Ok(checkpoint) } else { Err(CheckpointError::Origin) }
    }
}

fn is_line(line: &str, max: usize) -> bool {
    (1..=max).contains(&line.len()) && !line.bytes().any(|b| b < b' ')
}
