//! Files: resumable uploads, kept encrypted in pieces, read by range.
//!
//! A part received becomes a blob of its own, sealed; when all are here they become one blob in chunks, each sealed under
//! the file's key for its place. Names in storage are made with a key and tell nothing.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::hmac;
use bytes::{Bytes, BytesMut};
use rempart_base::time::DAY;
use rempart_base::{AccountId, BlobHash, ConversationId, Timestamp, UploadId, limits};
use rempart_domain::actor::Ctx;
use rempart_domain::conversation::MemberRole;
use rempart_domain::refusal::{Reason, Refusal};
use rempart_domain::role::{Action, Scope};
use rempart_ports::blobs::BlobName;
use rempart_ports::store::StoreError;

pub use rempart_ports::store::{BlobRecord, UploadRecord};

use crate::App;
use crate::error::{Fault, Outcome};
use crate::seal::{DataKey, OVERHEAD};

/// Clear bytes of a chunk.
const CHUNK: u64 = 256 * 1024;
/// Uploads that an account may have open.
const OPEN: u64 = 20;
/// Uploads that go on for longer are given up.
const UPLOAD_AGE: i64 = DAY;
/// Bytes from which the type of a file is told.
const SNIFFED: usize = 64;

/// A blob, ready to be read.
pub struct OpenBlob {
    app: Arc<App>,
    record: BlobRecord,
    key: DataKey,
}

impl App {
    /// Begins an upload, or ends it at once where this account uploaded the same bytes before.
    ///
    /// # Errors
    /// `conversation_unknown`, `read_only`, `not_allowed`, `file_empty`, `file_too_large`, `quota_reached`.
    pub async fn begin_upload(
        &self,
        ctx: &Ctx,
        conversation: ConversationId,
        size: u64,
        sha256: Option<[u8; 32]>,
    ) -> Outcome<(UploadRecord, Option<BlobRecord>)> {
        let who = ctx.ready(Scope::Post)?;
        let place = self.place(conversation, who.account, true).await?;
        if place.member.role == MemberRole::Reader {
            return Err(Reason::ReadOnly.into());
        }
        if !who.role.allows(Action::FileSend) {
            return Err(Reason::NotAllowed.into());
        }
        if size == 0 {
            return Err(Refusal::field(Reason::FileEmpty, "size").into());
        }
        if size > self.settings.max_file.min(limits::BLOB) {
            return Err(Refusal::field(Reason::FileTooLarge, "size").into());
        }
        if self.store.count_uploads(who.account).await? >= OPEN {
            return Err(Reason::QuotaReached.into());
        }
        let id = self.new_id(UploadId::from_bytes);
        let (_, wrapped_key) = self.new_data_key(id.as_bytes())?;
        let mut upload = UploadRecord {
            id,
            account: who.account,
            conversation,
            size,
            offset: 0,
            sha256,
            wrapped_key,
            parts: Vec::new(),
            created: ctx.now,
            blob: None,
        };
        let known = match sha256.map(BlobHash::from_bytes) {
            Some(hash) if !self.store.owned_blobs(who.account, &[hash]).await?.is_empty() => {
                self.store.blob(hash).await?.filter(|b| b.size == size)
            }
            Some(_) | None => None,
        };
        if let Some(blob) = &known {
            upload.offset = size;
            upload.blob = Some(blob.hash);
        }
        self.store.put_upload(&upload).await?;
        Ok((upload, known))
    }

    /// Where an upload stands; with its blob once it has ended.
    ///
    /// # Errors
    /// `upload_unknown`.
    pub async fn upload(&self, ctx: &Ctx, id: UploadId) -> Outcome<(UploadRecord, Option<BlobRecord>)> {
        let who = ctx.ready(Scope::Post)?;
        let upload = self.own_upload(who.account, id).await?;
        let blob = match upload.blob {
            Some(hash) => self.store.blob(hash).await?,
            None => None,
        };
        Ok((upload, blob))
    }

    /// Takes a part at `offset`, durable when this ends; the last one ends the upload.
    ///
    /// # Errors
    /// `upload_unknown`, `upload_offset`, `request_too_large`, `upload_mismatch`.
    pub async fn upload_part(
        &self,
        ctx: &Ctx,
        id: UploadId,
        offset: u64,
        part: Bytes,
    ) -> Outcome<(UploadRecord, Option<BlobRecord>)> {
        let who = ctx.ready(Scope::Post)?;
        let upload = self.own_upload(who.account, id).await?;
        if upload.blob.is_some() || offset != upload.offset {
            return Err(Refusal::field(Reason::UploadOffset, "Upload-Offset").into());
        }
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        if part.len() > limits::UPLOAD_PART {
            return Err(Reason::RequestTooLarge.into());
        }
        if offset.saturating_add(length) > upload.size || length == 0 {
            return Err(Reason::UploadMismatch.into());
        }
        let key = self.data_key(id.as_bytes(), &upload.wrapped_key)?;
        let sealed = key.seal(self.entropy.as_ref(), &offset.to_be_bytes(), &[&part])?;
        let mut writer = self.blobs.create(self.part_name(id, offset, length)).await?;
        writer.write(sealed.into()).await?;
        writer.finish().await?;
        match self.store.advance_upload(id, offset, length).await {
            Ok(()) => {}
            Err(StoreError::Stale) => return Err(Refusal::field(Reason::UploadOffset, "Upload-Offset").into()),
            Err(other) => return Err(other.into()),
        }
        let upload = self.own_upload(who.account, id).await?;
        if upload.offset < upload.size {
            return Ok((upload, None));
        }
        let blob = self.finish_upload(&upload, &key, ctx.now).await?;
        Ok((UploadRecord { blob: Some(blob.hash), ..upload }, Some(blob)))
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// `upload_unknown`.
    pub async fn cancel_upload(&self, ctx: &Ctx, id: UploadId) -> Outcome<()> {
        let who = ctx.ready(Scope::Post)?;
        let upload = self.own_upload(who.account, id).await?;
        self.forget_upload(&upload).await
    }

    async fn own_upload(&self, account: AccountId, id: UploadId) -> Outcome<UploadRecord> {
        let upload = self.store.upload(id).await?.filter(|u| u.account == account);
        upload.ok_or(Reason::UploadUnknown.into())
    }

    async fn forget_upload(&self, upload: &UploadRecord) -> Outcome<()> {
        self.delete_parts(upload).await?;
        Ok(self.store.delete_upload(upload.id).await?)
    }

    async fn delete_parts(&self, upload: &UploadRecord) -> Outcome<()> {
        let mut offset = 0;
        for part in &upload.parts {
            self.blobs.delete(self.part_name(upload.id, offset, *part)).await?;
            offset += part;
        }
        Ok(())
    }

    async fn finish_upload(&self, upload: &UploadRecord, key: &DataKey, now: Timestamp) -> Outcome<BlobRecord> {
        let mut place = *b"rempart file 1\0\0";
        self.entropy.fill(&mut place);
        let name = self.blob_name(&place);
        let (file_key, wrapped) = self.new_data_key(&name.0)?;
        let mut digest = Context::new(&SHA256);
        let mut media_type = None;
        let mut writer = self.blobs.create(name).await?;
        let mut waiting = BytesMut::new();
        let mut chunk = 0u64;
        let size = usize::try_from(CHUNK).unwrap_or(usize::MAX);
        let mut offset = 0;
        for length in &upload.parts {
            let sealed =
                self.blobs.read(self.part_name(upload.id, offset, *length), 0, length + OVERHEAD as u64).await?;
            let clear = key.open(&offset.to_be_bytes(), &sealed)?;
            digest.update(&clear);
            if media_type.is_none() {
                media_type = Some(sniff(clear.get(..SNIFFED).unwrap_or(&clear)));
            }
            waiting.extend_from_slice(&clear);
            while waiting.len() >= size {
                let piece = waiting.split_to(size);
                let sealed = file_key.seal(self.entropy.as_ref(), &chunk.to_be_bytes(), &[&piece])?;
                writer.write(sealed.into()).await?;
                chunk += 1;
            }
            offset += length;
        }
        if !waiting.is_empty() {
            let sealed = file_key.seal(self.entropy.as_ref(), &chunk.to_be_bytes(), &[&waiting])?;
            writer.write(sealed.into()).await?;
        }
        let mut hash = [0u8; 32];
        hash.copy_from_slice(digest.finish().as_ref());
        if upload.sha256.is_some_and(|announced| announced != hash) {
            drop(writer);
            self.forget_upload(upload).await?;
            return Err(Reason::UploadMismatch.into());
        }
        writer.finish().await?;
        let blob = BlobRecord {
            hash: BlobHash::from_bytes(hash),
            size: upload.size,
            media_type: media_type.unwrap_or("application/octet-stream").to_owned(),
            wrapped_key: wrapped,
            name: name.0,
            created: now,
        };
        self.store.finish_upload(upload.id, &blob).await?;
        // The same bytes may have been here before, under another name: then the older copy stays and ours goes.
        let kept = self.store.blob(blob.hash).await?.ok_or(Fault::Store(StoreError::Missing("blob")))?;
        if kept.name != blob.name {
            self.blobs.delete(name).await?;
        }
        self.delete_parts(upload).await?;
        Ok(kept)
    }

    /// Opens a blob that the account may read in a conversation.
    ///
    /// # Errors
    /// `conversation_unknown`, `blob_unknown`.
    pub async fn open_blob(
        self: &Arc<Self>,
        ctx: &Ctx,
        conversation: ConversationId,
        hash: BlobHash,
    ) -> Outcome<OpenBlob> {
        let who = ctx.ready(Scope::Read)?;
        self.place(conversation, who.account, true).await?;
        let visible = self.store.blob_visible(conversation, who.account, hash).await?
            || !self.store.owned_blobs(who.account, &[hash]).await?.is_empty();
        let record = if visible { self.store.blob(hash).await? } else { None };
        let record = record.ok_or(Reason::BlobUnknown)?;
        let key = self.data_key(&record.name, &record.wrapped_key)?;
        Ok(OpenBlob { app: Arc::clone(self), record, key })
    }

    /// Forgets uploads that nobody goes on with, and blobs that no entry names. Gives how many.
    pub(crate) async fn tidy_files(&self, now: Timestamp) -> Outcome<u64> {
        let before = now.plus_millis(-UPLOAD_AGE);
        let mut changed = 0;
        for upload in self.store.old_uploads(before, 100).await? {
            self.forget_upload(&upload).await?;
            changed += 1;
        }
        for blob in self.store.unused_blobs(before, 100).await? {
            match self.store.delete_blob(blob.hash).await {
                Ok(()) => self.blobs.delete(BlobName(blob.name)).await?,
                Err(StoreError::Stale) => continue,
                Err(other) => return Err(other.into()),
            }
            changed += 1;
        }
        Ok(changed)
    }

    fn part_name(&self, id: UploadId, offset: u64, length: u64) -> BlobName {
        let mut context = hmac::Context::with_key(&self.keys.tickets);
        context.update(b"rempart part name 1");
        context.update(id.as_bytes());
        context.update(&offset.to_be_bytes());
        context.update(&length.to_be_bytes());
        named(&context.sign())
    }

    fn blob_name(&self, place: &[u8]) -> BlobName {
        let mut context = hmac::Context::with_key(&self.keys.tickets);
        context.update(b"rempart blob name 1");
        context.update(place);
        named(&context.sign())
    }
}

fn named(tag: &hmac::Tag) -> BlobName {
    let mut name = [0u8; 32];
    name.copy_from_slice(tag.as_ref());
    BlobName(name)
}

impl OpenBlob {
    /// Bytes in all.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.record.size
    }

    /// The type seen by the server.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.record.media_type
    }

    /// Reads clear bytes from `offset`: up to the end of the chunk that holds it. Empty at the end of the file.
    ///
    /// # Errors
    /// Faults of storage, and altered data.
    pub async fn read(&self, offset: u64) -> Outcome<Bytes> {
        if offset >= self.record.size {
            return Ok(Bytes::new());
        }
        let chunk = offset / CHUNK;
        let length = CHUNK.min(self.record.size - chunk * CHUNK) + OVERHEAD as u64;
        let start = chunk * (CHUNK + OVERHEAD as u64);
        let sealed = self.app.blobs.read(BlobName(self.record.name), start, length).await?;
        let clear = Bytes::from(self.key.open(&chunk.to_be_bytes(), &sealed)?);
        let skip = usize::try_from(offset - chunk * CHUNK).unwrap_or(usize::MAX);
        Ok(clear.slice(skip.min(clear.len())..))
    }
}

/// The type of a file by its first bytes, where it is one that clients may show; anything else is only downloaded.
fn sniff(head: &[u8]) -> &'static str {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    match () {
        () if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        () if at(0, b"\xff\xd8\xff") => "image/jpeg",
        () if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        () if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        () if at(4, b"ftypavif") => "image/avif",
        () if at(0, b"%PDF-") => "application/pdf",
        () if at(0, b"OggS") => "audio/ogg",
        () if at(0, b"\x1a\x45\xdf\xa3") => "video/webm",
        () if at(4, b"ftyp") => "video/mp4",
        () if at(0, b"ID3") || at(0, b"\xff\xfb") => "audio/mpeg",
        () if at(0, b"PK\x03\x04") => "application/zip",
        () => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::sniff;

    #[test]
    fn types_by_first_bytes() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n...."), "image/png");
        assert_eq!(sniff(b"<svg onload=alert(1)>"), "application/octet-stream");
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), "image/webp");
        assert_eq!(sniff(b""), "application/octet-stream");
    }
}
