//! Cases of [`Blobs`].

use std::sync::Arc;

use bytes::Bytes;

use crate::blobs::{BlobError, BlobName, Blobs};

const NAME: BlobName = BlobName([0xa1; 32]);

async fn keep(blobs: &dyn Blobs, name: BlobName, parts: &[&[u8]]) {
    let mut writer = blobs.create(name).await.unwrap();
    for part in parts {
        writer.write(Bytes::copy_from_slice(part)).await.unwrap();
    }
    writer.finish().await.unwrap();
}

/// Parts of any size come back as one.
pub async fn what_is_written_is_read(blobs: Arc<dyn Blobs>) {
    keep(&*blobs, NAME, &[b"one ", b"", b"two ", b"three"]).await;
    assert_eq!(blobs.size(NAME).await.unwrap(), 13);
    assert_eq!(blobs.read(NAME, 0, 13).await.unwrap(), "one two three");
    assert_eq!(blobs.read(NAME, 4, 3).await.unwrap(), "two");
    assert_eq!(blobs.read(NAME, 4, 0).await.unwrap(), "");
}

/// Parts at the greatest size, and a range across their border.
pub async fn large_ones_in_parts(blobs: Arc<dyn Blobs>) {
    const PART: usize = 8 * 1024 * 1024;
    let parts: Vec<Vec<u8>> = (1..=2u8).map(|n| (0..PART).map(|i| n ^ (i % 251) as u8).collect()).collect();
    keep(&*blobs, NAME, &[&parts[0], &parts[1], b"end"]).await;
    assert_eq!(blobs.size(NAME).await.unwrap(), 2 * PART as u64 + 3);
    let across = blobs.read(NAME, PART as u64 - 1000, 2000).await.unwrap();
    assert_eq!(across[..1000], parts[0][PART - 1000..]);
    assert_eq!(across[1000..], parts[1][..1000]);
    assert_eq!(blobs.read(NAME, 2 * PART as u64, 10).await.unwrap(), "end");
}

/// Before the end there is nothing under the name.
pub async fn nothing_is_visible_before_the_end(blobs: Arc<dyn Blobs>) {
    let mut writer = blobs.create(NAME).await.unwrap();
    writer.write(Bytes::from_static(b"half")).await.unwrap();
    assert!(matches!(blobs.size(NAME).await, Err(BlobError::Missing)));
    assert!(matches!(blobs.read(NAME, 0, 4).await, Err(BlobError::Missing)));
    writer.finish().await.unwrap();
    assert_eq!(blobs.size(NAME).await.unwrap(), 4);
}

/// One that is given up leaves nothing, and another can be written after.
pub async fn a_dropped_one_leaves_nothing(blobs: Arc<dyn Blobs>) {
    let mut writer = blobs.create(NAME).await.unwrap();
    writer.write(Bytes::from_static(b"given up")).await.unwrap();
    drop(writer);
    assert!(matches!(blobs.size(NAME).await, Err(BlobError::Missing)));
    keep(&*blobs, NAME, &[b"kept"]).await;
    assert_eq!(blobs.read(NAME, 0, 100).await.unwrap(), "kept");
}

/// The later of the same name takes the place of the earlier.
pub async fn an_existing_one_is_replaced(blobs: Arc<dyn Blobs>) {
    keep(&*blobs, NAME, &[b"a long first"]).await;
    keep(&*blobs, NAME, &[b"second"]).await;
    assert_eq!(blobs.size(NAME).await.unwrap(), 6);
    assert_eq!(blobs.read(NAME, 0, 100).await.unwrap(), "second");
}

/// What is not there is `Missing`.
pub async fn what_is_missing_is_missing(blobs: Arc<dyn Blobs>) {
    assert!(matches!(blobs.size(NAME).await, Err(BlobError::Missing)));
    let error = blobs.read(NAME, 0, 1).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no such blob");
}

/// A range is shorter only at the end, empty at the end, refused beyond.
pub async fn ranges_end_with_the_blob(blobs: Arc<dyn Blobs>) {
    keep(&*blobs, NAME, &[b"0123456789"]).await;
    assert_eq!(blobs.read(NAME, 8, 5).await.unwrap(), "89");
    assert_eq!(blobs.read(NAME, 0, u64::MAX).await.unwrap(), "0123456789");
    assert_eq!(blobs.read(NAME, 10, 5).await.unwrap(), "");
    assert!(matches!(blobs.read(NAME, 11, 5).await, Err(BlobError::Range)));
}

/// Deleting makes it missing; again is no error.
pub async fn deleting_again_is_no_error(blobs: Arc<dyn Blobs>) {
    keep(&*blobs, NAME, &[b"x"]).await;
    blobs.delete(NAME).await.unwrap();
    assert!(matches!(blobs.size(NAME).await, Err(BlobError::Missing)));
    blobs.delete(NAME).await.unwrap();
}

/// Names that differ in one bit are different blobs.
pub async fn names_are_their_own(blobs: Arc<dyn Blobs>) {
    let mut other = NAME;
    other.0[31] ^= 1;
    keep(&*blobs, NAME, &[b"this"]).await;
    keep(&*blobs, other, &[b"other"]).await;
    blobs.delete(NAME).await.unwrap();
    assert_eq!(blobs.read(other, 0, 100).await.unwrap(), "other");
}

/// The storage answers.
pub async fn is_healthy(blobs: Arc<dyn Blobs>) {
    blobs.check().await.unwrap();
    blobs.check().await.unwrap();
}
