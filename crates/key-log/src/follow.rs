//! A client's copy of the log: what it took is only believed once it matches a head that the server signed, and the log never
//! loses or changes an entry that was believed, across restarts too.

use rempart_merkle::checkpoint::CheckpointError;
use rempart_merkle::note::NoteError;
use rempart_merkle::{Checkpoint, VerifierKey};
use thiserror::Error;

use crate::codec::{Reader, Short, put_opaque};
use crate::log::{Change, KeyLog, Refused};
use crate::state::Damaged;

/// What the server shows and must not.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FollowError {
    /// The verifier key is of another log.
    #[error("the key of the key log is not one of this server")]
    Key,
    /// The key that signs the log is another than at first contact.
    #[error("the key log is signed by another key than before")]
    OtherKey,
    /// The signed head does not hold.
    #[error("the head of the key log: {0}")]
    Head(#[from] CheckpointError),
    /// An entry does not hold.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The signed head has fewer entries than were believed before.
    #[error("the key log lost entries")]
    Shrunk,
    /// The entries are not those of the signed head: one of them was changed.
    #[error("the key log shows other entries than it signed")]
    Fork,
    /// More entries than the signed head has: ask again from [`Follower::next`]. The page may have crossed another.
    #[error("the page of the key log does not fit its head")]
    Order,
}

impl From<NoteError> for FollowError {
    fn from(_: NoteError) -> Self {
        Self::Key
    }
}

/// What came of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The head has more: ask on from here. Nothing is believed yet.
    More(u64),
    /// All entries of the signed head are believed; this is what changed since the last time.
    Current(Vec<Change>),
}

/// A client's copy of the log.
#[derive(Clone, Debug)]
pub struct Follower {
    key: VerifierKey,
    believed: KeyLog,
    /// What was taken since and not compared with a head yet.
    ahead: Option<(KeyLog, Vec<Change>)>,
}

impl Follower {
    /// Begins with nothing, trusting the key of this first contact. `origin` is `<host>/keys`; `key` as `keys.log` gives it.
    ///
    /// # Errors
    /// [`FollowError::Key`] when the key is not named by the origin.
    pub fn new(origin: &str, key: &str) -> Result<Self, FollowError> {
        let key: VerifierKey = key.parse()?;
        if key.name() != origin {
            return Err(FollowError::Key);
        }
        Ok(Self { key, believed: KeyLog::new(), ahead: None })
    }

    /// What is believed.
    #[must_use]
    pub const fn log(&self) -> &KeyLog {
        &self.believed
    }

    /// The key that signs the log, as text: for a person who wants to compare it.
    #[must_use]
    pub fn key(&self) -> String {
        self.key.to_string()
    }

    /// How many entries were taken: `after` of the next question.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.ahead.as_ref().map_or(&self.believed, |(log, _)| log).size()
    }

    /// Takes a page: leaves from [`Self::next`] on, and the newest signed head with the key that came with it.
    ///
    /// # Errors
    /// What does not hold; then nothing is believed that was not before, and the page begins again at [`Self::next`].
    pub fn take<L: AsRef<[u8]>>(&mut self, leaves: &[L], note: &str, key: &str) -> Result<Taken, FollowError> {
        if key.parse::<VerifierKey>()? != self.key {
            return Err(FollowError::OtherKey);
        }
        let head = Checkpoint::open(note.as_bytes(), &self.key, self.key.name())?;
        // Dropped on any error: what was taken before may be the reason for it.
        let (mut log, mut changes) = self.ahead.take().unwrap_or_else(|| (self.believed.clone(), Vec::new()));
        if head.size < self.believed.size() {
            return Err(FollowError::Shrunk);
        }
        changes.extend(log.follow(leaves)?);
        if log.size() > head.size {
            return Err(FollowError::Order);
        }
        if log.size() < head.size {
            let next = log.size();
            self.ahead = Some((log, changes));
            return Ok(Taken::More(next));
        }
        if log.root() != head.root {
            return Err(FollowError::Fork);
        }
        self.believed = log;
        Ok(Taken::Current(changes))
    }

    /// What is believed, as bytes to keep on the device; [`Self::open`] reads them.
    #[must_use]
    pub fn keep(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_opaque(&mut out, self.key.to_string().as_bytes());
        put_opaque(&mut out, &self.believed.keep());
        out
    }

    /// Goes on from [`Self::keep`].
    ///
    /// # Errors
    /// When the bytes are not that.
    pub fn open(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(bytes);
        let read = |r: &mut Reader<'_>| -> Result<_, Short> { Ok((r.opaque()?.to_vec(), r.opaque()?.to_vec())) };
        let (key, log) = read(&mut r).map_err(|_| Damaged)?;
        let key = String::from_utf8(key).map_err(|_| Damaged)?;
        if !r.is_empty() {
            return Err(Damaged);
        }
        Ok(Self { key: key.parse().map_err(|_| Damaged)?, believed: KeyLog::open(&log)?, ahead: None })
    }
}
