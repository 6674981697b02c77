use async_trait::async_trait;
use rempart_base::{AccountId, BlobHash, ConversationId, Timestamp, UploadId};

use super::StoreError;

/// A blob that the server holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRecord {
    /// SHA-256 of its bytes as uploaded.
    pub hash: BlobHash,
    /// Its bytes in all, as uploaded.
    pub size: u64,
    /// Type seen by the server.
    pub media_type: String,
    /// Its data key, wrapped under the server's key.
    pub wrapped_key: Vec<u8>,
    /// Its name in storage.
    pub name: [u8; 32],
    /// When.
    pub created: Timestamp,
}

/// An upload in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRecord {
    /// The upload.
    pub id: UploadId,
    /// Who uploads.
    pub account: AccountId,
    /// Where it will be posted.
    pub conversation: ConversationId,
    /// Bytes in all.
    pub size: u64,
    /// Bytes received and durable.
    pub offset: u64,
    /// SHA-256 announced, if it was.
    pub sha256: Option<[u8; 32]>,
    /// Key of the parts, wrapped under the server's key.
    pub wrapped_key: Vec<u8>,
    /// Sizes of the parts received, in order; each is a blob of its own until the upload ends.
    pub parts: Vec<u64>,
    /// When begun.
    pub created: Timestamp,
    /// Set once ended.
    pub blob: Option<BlobHash>,
}

/// Blobs and uploads.
#[async_trait]
pub trait Files: Send + Sync {
    /// Keeps an upload.
    async fn put_upload(&self, upload: &UploadRecord) -> Result<(), StoreError>;

    /// An upload.
    async fn upload(&self, id: UploadId) -> Result<Option<UploadRecord>, StoreError>;

    /// Open uploads of an account.
    async fn count_uploads(&self, account: AccountId) -> Result<u64, StoreError>;

    /// Notes a part received.
    ///
    /// # Errors
    /// `Stale` when the upload does not stand at `offset`.
    async fn advance_upload(&self, id: UploadId, offset: u64, part: u64) -> Result<(), StoreError>;

    /// Ends an upload: its blob is kept (an existing one of the same hash stays as it is) and belongs to the account.
    ///
    /// # Errors
    /// `Missing("upload")`.
    async fn finish_upload(&self, id: UploadId, blob: &BlobRecord) -> Result<(), StoreError>;

    /// Forgets an upload.
    async fn delete_upload(&self, id: UploadId) -> Result<(), StoreError>;

    /// Uploads begun before a moment, ended or not, at most `limit`.
    async fn old_uploads(&self, before: Timestamp, limit: u32) -> Result<Vec<UploadRecord>, StoreError>;

    /// A blob.
    async fn blob(&self, hash: BlobHash) -> Result<Option<BlobRecord>, StoreError>;

    /// Which of these blobs the account uploaded itself.
    async fn owned_blobs(&self, account: AccountId, hashes: &[BlobHash]) -> Result<Vec<BlobHash>, StoreError>;

    /// Blobs made, and last uploaded by anybody, before a moment that no unerased entry names, at most `limit`.
    async fn unused_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRecord>, StoreError>;

    /// Forgets a blob, unless an unerased entry names it by now.
    ///
    /// # Errors
    /// `Stale` when it is in use.
    async fn delete_blob(&self, hash: BlobHash) -> Result<(), StoreError>;
}
