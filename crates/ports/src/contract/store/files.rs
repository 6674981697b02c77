//! Blobs and uploads.

use rempart_base::UploadId;

use super::{Backend, account_id, at, blob, group, hash, id, message, people, refused, upload, uploaded};
use crate::store::{BlobRecord, StoreError, UploadRecord};

/// Parts are noted in order; one that does not begin where the upload stands is refused.
pub async fn uploads_advance_in_order(store: Backend) {
    let kept = UploadRecord { sha256: Some([9; 32]), ..upload(1, 1) };
    store.put_upload(&kept).await.unwrap();
    assert_eq!(store.upload(kept.id).await.unwrap(), Some(kept.clone()));
    store.advance_upload(kept.id, 0, 20).await.unwrap();
    refused!(store.advance_upload(kept.id, 0, 20).await, StoreError::Stale);
    refused!(store.advance_upload(kept.id, 21, 9).await, StoreError::Stale);
    let (one, other) = tokio::join!(store.advance_upload(kept.id, 20, 10), store.advance_upload(kept.id, 20, 10));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1);
    let now = store.upload(kept.id).await.unwrap().unwrap();
    assert_eq!((now.offset, now.parts.clone()), (30, vec![20, 10]));
    let more = UploadRecord { id: UploadId::from_bytes(id(0xb0, 9)), ..now };
    store.put_upload(&more).await.unwrap();
    assert_eq!(store.upload(more.id).await.unwrap(), Some(more));
    refused!(store.advance_upload(upload(8, 1).id, 0, 1).await, StoreError::Stale);
    assert_eq!(store.upload(upload(8, 1).id).await.unwrap(), None);
}

/// An upload that ends gives a blob that its account owns; one that is there already stays as it is.
pub async fn an_upload_ends_in_a_blob(store: Backend) {
    for n in 1..=3 {
        store.put_upload(&upload(n, if n == 3 { 2 } else { 1 })).await.unwrap();
    }
    assert_eq!(store.count_uploads(account_id(1)).await.unwrap(), 2);
    store.finish_upload(upload(1, 1).id, &blob(7)).await.unwrap();
    assert_eq!(store.count_uploads(account_id(1)).await.unwrap(), 1);
    assert_eq!(store.upload(upload(1, 1).id).await.unwrap().unwrap().blob, Some(hash(7)));
    refused!(store.advance_upload(upload(1, 1).id, 0, 1).await, StoreError::Stale);
    assert_eq!(store.blob(hash(7)).await.unwrap(), Some(blob(7)));
    let same = BlobRecord { media_type: "text/html".into(), name: [0; 32], ..blob(7) };
    store.finish_upload(upload(3, 2).id, &same).await.unwrap();
    assert_eq!(store.blob(hash(7)).await.unwrap(), Some(blob(7)));
    assert_eq!(store.blob(hash(8)).await.unwrap(), None);
    refused!(store.finish_upload(upload(9, 1).id, &blob(8)).await, StoreError::Missing("upload"));
    assert_eq!(store.blob(hash(8)).await.unwrap(), None);

    let owned = async |n, hashes: &[u8]| {
        let hashes: Vec<_> = hashes.iter().copied().map(hash).collect();
        store.owned_blobs(account_id(n), &hashes).await.unwrap()
    };
    assert_eq!(owned(1, &[8, 7]).await, [hash(7)]);
    assert_eq!(owned(2, &[7]).await, [hash(7)]);
    assert_eq!(owned(3, &[7]).await, []);
    assert_eq!(owned(1, &[]).await, []);
    store.delete_upload(upload(1, 1).id).await.unwrap();
    store.delete_upload(upload(1, 1).id).await.unwrap();
    assert_eq!(store.upload(upload(1, 1).id).await.unwrap(), None);
    assert_eq!(owned(1, &[7]).await, [hash(7)]);
}

/// Uploads begun before a moment are found, ended or not, as many as asked.
pub async fn old_uploads_are_found(store: Backend) {
    for n in 1..=4 {
        store.put_upload(&upload(n, 1)).await.unwrap();
    }
    store.finish_upload(upload(1, 1).id, &blob(1)).await.unwrap();
    let old = async |before, limit| {
        let mut ids: Vec<_> = store.old_uploads(at(before), limit).await.unwrap().into_iter().map(|u| u.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(old(3, 10).await, [upload(1, 1).id, upload(2, 1).id]);
    assert_eq!(old(100, 3).await.len(), 3);
    assert_eq!(old(1, 10).await, []);
}

/// Blobs that no entry names are found once old, not when uploaded again since, and forgotten for good.
pub async fn unused_blobs_are_found_and_forgotten(store: Backend) {
    for n in 1..=3 {
        uploaded(&*store, n, 1).await;
    }
    let unused = async |before, limit| {
        let mut hashes: Vec<_> =
            store.unused_blobs(at(before), limit).await.unwrap().into_iter().map(|b| b.hash).collect();
        hashes.sort_unstable();
        hashes
    };
    assert_eq!(unused(3, 10).await, [hash(1), hash(2)]);
    assert_eq!(unused(100, 2).await.len(), 2);
    let again = UploadRecord { created: at(50), ..upload(9, 2) };
    store.put_upload(&again).await.unwrap();
    store.finish_upload(again.id, &BlobRecord { created: at(50), ..blob(1) }).await.unwrap();
    assert_eq!(unused(40, 10).await, [hash(2), hash(3)]);
    assert_eq!(unused(51, 10).await, [hash(1), hash(2), hash(3)]);

    store.delete_blob(hash(2)).await.unwrap();
    store.delete_blob(hash(2)).await.unwrap();
    assert_eq!(store.blob(hash(2)).await.unwrap(), None);
    assert_eq!(store.owned_blobs(account_id(1), &[hash(1), hash(2)]).await.unwrap(), [hash(1)]);
}

/// A blob that an entry names is neither found unused nor forgotten, until the entry is erased; then it cannot be named.
pub async fn a_blob_in_use_stays(store: Backend) {
    people(&*store, 1).await;
    let id = group(&*store, 1, &[1]).await;
    let picture = uploaded(&*store, 1, 1).await;
    let naming = |client| {
        let mut append = message(id, 1, client);
        append.entries[0].envelope.blobs = vec![picture];
        append
    };
    store.append(naming(10)).await.unwrap();
    store.append(naming(11)).await.unwrap();
    let erase = async |seq, client| {
        let mut append = message(id, 1, client);
        append.erase = Some(seq);
        store.append(append).await.unwrap();
    };
    erase(2, 12).await;
    assert!(store.unused_blobs(at(100), 10).await.unwrap().is_empty());
    refused!(store.delete_blob(picture).await, StoreError::Stale);
    assert!(store.blob(picture).await.unwrap().is_some());
    erase(3, 13).await;
    store.delete_blob(picture).await.unwrap();
    assert_eq!(store.blob(picture).await.unwrap(), None);
    refused!(store.append(naming(14)).await, StoreError::Missing("blob"));
    assert!(store.append(naming(10)).await.unwrap().repeated);
}
