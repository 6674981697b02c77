//! Bytes by name: uploaded files, already encrypted by the application.

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

/// A blob's name in storage: made by the application with a key, so that it tells nothing about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlobName(pub [u8; 32]);

impl std::fmt::Display for BlobName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// What goes wrong with blobs.
#[derive(Debug, Error)]
pub enum BlobError {
    /// There is no blob of this name.
    #[error("there is no such blob")]
    Missing,
    /// The range begins beyond the end of the blob.
    #[error("the range is outside of the blob")]
    Range,
    /// The storage failed.
    #[error("{action}")]
    Storage {
        /// What was attempted.
        action: &'static str,
        /// Why it failed.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A place for bytes.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Begins to write a blob in parts; nothing is visible under its name before [`BlobWriter::finish`].
    async fn create(&self, name: BlobName) -> Result<Box<dyn BlobWriter>, BlobError>;

    /// Size in bytes.
    async fn size(&self, name: BlobName) -> Result<u64, BlobError>;

    /// Reads `length` bytes from `offset`; shorter only at the end of the blob, empty from its end on.
    async fn read(&self, name: BlobName, offset: u64, length: u64) -> Result<Bytes, BlobError>;

    /// Deletes; deleting what is not there is no error.
    async fn delete(&self, name: BlobName) -> Result<(), BlobError>;

    /// Whether the storage answers, for health.
    async fn check(&self) -> Result<(), BlobError>;
}

/// A blob being written. Dropping it leaves nothing behind (at the latest after a restart).
#[async_trait]
pub trait BlobWriter: Send + Sync {
    /// Appends a part; parts may have any size up to 8 MiB.
    async fn write(&mut self, part: Bytes) -> Result<(), BlobError>;

    /// Makes the blob durable and visible under its name; an existing one is replaced.
    async fn finish(self: Box<Self>) -> Result<(), BlobError>;
}
