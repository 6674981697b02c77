//! Blobs and uploads.

use async_trait::async_trait;
use rempart_base::{AccountId, BlobHash, Timestamp, UploadId};
use rempart_ports::StoreError;
use rempart_ports::store::{BlobRecord, Files, UploadRecord};

use super::{MANY, SqlStore, sql};
use crate::driver::{Driver, Must};
use crate::value::Columns;

macro_rules! upload_columns {
    () => {
        "id, account, conversation, size, received, sha256, wrapped_key, parts, created, blob"
    };
}

macro_rules! blob_columns {
    () => {
        "b.hash, b.size, b.media_type, b.wrapped_key, b.name, b.created"
    };
}

fn upload(c: &mut Columns) -> Result<UploadRecord, StoreError> {
    Ok(UploadRecord {
        id: c.id()?,
        account: c.id()?,
        conversation: c.id()?,
        size: c.number()?,
        offset: c.number()?,
        sha256: c.maybe_id()?,
        wrapped_key: c.blob()?,
        parts: {
            let parts = c.text()?;
            parts.split_whitespace().map(|part| part.parse().map_err(|_| c.corrupt())).collect::<Result<_, _>>()?
        },
        created: c.time()?,
        blob: c.maybe_id()?,
    })
}

fn blob(c: &mut Columns) -> Result<BlobRecord, StoreError> {
    Ok(BlobRecord {
        hash: c.id()?,
        size: c.number()?,
        media_type: c.text()?,
        wrapped_key: c.blob()?,
        name: c.id()?,
        created: c.time()?,
    })
}

/// A part's size as kept in `parts`.
fn part(size: u64) -> String {
    format!("{size} ")
}

#[async_trait]
impl<D: Driver> Files for SqlStore<D> {
    async fn put_upload(&self, u: &UploadRecord) -> Result<(), StoreError> {
        let statement = sql!(
            "INSERT INTO upload (id, account, conversation, size, received, sha256, wrapped_key, parts, created, blob)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            u.id,
            u.account,
            u.conversation,
            u.size,
            u.offset,
            u.sha256,
            u.wrapped_key.as_slice(),
            u.parts.iter().copied().map(part).collect::<String>(),
            u.created,
            u.blob,
        );
        self.change(statement).await.map(drop)
    }

    async fn upload(&self, id: UploadId) -> Result<Option<UploadRecord>, StoreError> {
        let text = concat!("SELECT ", upload_columns!(), " FROM upload WHERE id = $1");
        self.first(sql!(text, id), "upload", upload).await
    }

    async fn count_uploads(&self, account: AccountId) -> Result<u64, StoreError> {
        let statement = sql!("SELECT count(*) FROM upload WHERE account = $1 AND blob IS NULL", account);
        Ok(self.first(statement, "upload", Columns::number).await?.unwrap_or(0))
    }

    async fn advance_upload(&self, id: UploadId, offset: u64, length: u64) -> Result<(), StoreError> {
        let statement = sql!(
            "UPDATE upload SET received = received + $3, parts = parts || CAST($4 AS TEXT)
             WHERE id = $1 AND received = $2 AND blob IS NULL",
            id,
            offset,
            length,
            part(length),
        );
        self.change(statement.must(Must::Stale)).await.map(drop)
    }

    async fn finish_upload(&self, id: UploadId, b: &BlobRecord) -> Result<(), StoreError> {
        let batch = vec![
            sql!("UPDATE upload SET blob = $2 WHERE id = $1", id, b.hash).must(Must::Missing("upload")),
            sql!(
                "INSERT INTO blob (hash, size, media_type, wrapped_key, name, created) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (hash) DO NOTHING",
                b.hash,
                b.size,
                &b.media_type,
                b.wrapped_key.as_slice(),
                b.name,
                b.created,
            ),
            sql!(
                "INSERT INTO blob_owner (account, blob, since)
                 VALUES ((SELECT account FROM upload WHERE id = $1), $2, $3)
                 ON CONFLICT (account, blob) DO UPDATE SET since = excluded.since",
                id,
                b.hash,
                b.created,
            ),
        ];
        self.driver.write(batch).await.map(drop)
    }

    async fn delete_upload(&self, id: UploadId) -> Result<(), StoreError> {
        self.change(sql!("DELETE FROM upload WHERE id = $1", id)).await.map(drop)
    }

    async fn old_uploads(&self, before: Timestamp, limit: u32) -> Result<Vec<UploadRecord>, StoreError> {
        let text =
            concat!("SELECT ", upload_columns!(), " FROM upload WHERE created < $1 ORDER BY created, id LIMIT $2");
        self.all(sql!(text, before, limit), "upload", upload).await
    }

    async fn blob(&self, hash: BlobHash) -> Result<Option<BlobRecord>, StoreError> {
        let text = concat!("SELECT ", blob_columns!(), " FROM blob b WHERE b.hash = $1");
        self.first(sql!(text, hash), "blob", blob).await
    }

    async fn owned_blobs(&self, account: AccountId, hashes: &[BlobHash]) -> Result<Vec<BlobHash>, StoreError> {
        let asked: Vec<_> = hashes
            .iter()
            .map(|hash| sql!("SELECT blob FROM blob_owner WHERE account = $1 AND blob = $2", account, *hash))
            .collect();
        let mut owned = Vec::new();
        for some in asked.chunks(MANY) {
            for row in self.driver.read_all(some.to_vec()).await?.into_iter().flatten() {
                owned.push(row.columns("blob").id()?);
            }
        }
        Ok(owned)
    }

    async fn unused_blobs(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRecord>, StoreError> {
        // One uploaded again since is about to be named.
        let text = concat!(
            "SELECT ",
            blob_columns!(),
            " FROM blob b WHERE b.created < $1 AND NOT EXISTS (SELECT 1 FROM blob_use u WHERE u.blob = b.hash)
             AND NOT EXISTS (SELECT 1 FROM blob_owner o WHERE o.blob = b.hash AND o.since >= $1)
             ORDER BY b.created, b.hash LIMIT $2"
        );
        self.all(sql!(text, before, limit), "blob", blob).await
    }

    async fn delete_blob(&self, hash: BlobHash) -> Result<(), StoreError> {
        let batch = vec![
            // First, for it waits for those who are naming it.
            sql!("DELETE FROM blob WHERE hash = $1", hash),
            sql!("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM blob_use WHERE blob = $1)", hash).must(Must::Stale),
            sql!("DELETE FROM blob_owner WHERE blob = $1", hash),
        ];
        self.driver.write(batch).await.map(drop)
    }
}
