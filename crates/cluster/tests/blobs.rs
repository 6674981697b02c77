//! Blobs in a real S3 server's bucket.

use std::sync::Arc;

use bytes::Bytes;
use rempart_base::Chain;
use rempart_cluster::S3Blobs;
use rempart_ports::Blobs;
use rempart_ports::blobs::{BlobError, BlobName};
use rempart_testkit::services::S3;

const MIB: usize = 1024 * 1024;

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i / 1000 + i) as u8).collect()
}

async fn put(blobs: &S3Blobs, name: BlobName, content: &[u8], part: usize) -> Result<(), BlobError> {
    let mut writer = blobs.create(name).await?;
    for part in content.chunks(part) {
        writer.write(Bytes::copy_from_slice(part)).await?;
    }
    writer.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_blobs_are_whole_or_not_there() {
    let server = S3::start().unwrap();
    let blobs = S3Blobs::connect(&server.url("files")).await.unwrap();
    let name = BlobName([1; 32]);

    // One byte around a part's size, and sizes of parts that do not divide it.
    for (size, part) in [(8 * MIB, 8 * MIB), (8 * MIB + 1, 3 * MIB), (17 * MIB, 8 * MIB), (16 * MIB, MIB)] {
        let content = pattern(size);
        put(&blobs, name, &content, part).await.unwrap();
        assert_eq!(blobs.size(name).await.unwrap(), size as u64);
        assert_eq!(blobs.read(name, 0, u64::MAX).await.unwrap(), content);
        let middle = 8 * MIB as u64 - 5;
        assert_eq!(blobs.read(name, middle, 10).await.unwrap(), content[8 * MIB - 5..size.min(8 * MIB + 5)]);
    }

    let other = BlobName([2; 32]);
    let mut writer = blobs.create(other).await.unwrap();
    writer.write(Bytes::from(pattern(8 * MIB))).await.unwrap();
    writer.write(Bytes::from(pattern(8 * MIB))).await.unwrap();
    assert!(matches!(blobs.size(other).await, Err(BlobError::Missing)));
    drop(writer);
    assert!(matches!(blobs.read(other, 0, 1).await, Err(BlobError::Missing)));

    // Another prefix of the bucket is another place.
    let elsewhere = S3Blobs::connect(&server.url("other/place")).await.unwrap();
    assert!(matches!(elsewhere.size(name).await, Err(BlobError::Missing)));
    elsewhere.check().await.unwrap();
    blobs.delete(name).await.unwrap();
    assert!(matches!(blobs.size(name).await, Err(BlobError::Missing)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_say_what_to_do_and_never_the_secret() {
    let server = S3::start().unwrap();
    let good = server.url("");
    let check = async |address: String, expected: &str| {
        let error = S3Blobs::connect(&address).await.err().expect("refused");
        let told = format!("{} {error:?}", Chain(&error));
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("wr0ng"), "{told}");
    };
    S3Blobs::connect(&good).await.map(drop).unwrap();
    check(good.replace("/rempart/", "/absent/").replace(":test@", ":wr0ng@"), "NoSuchBucket").await;
    check("s3+http://key:wr0ng@127.0.0.1:9/bucket".into(), "S3 storage at 127.0.0.1:9 cannot be reached").await;
    check("s3://key:wr0ng@host".into(), "write s3://KEY:SECRET@host/bucket").await;
    check("s3://wr0ng@host/bucket".into(), "write s3://KEY:SECRET@host/bucket").await;
    check("s3://key:wr0ng@host/bucket?regoin=x".into(), "unknown option").await;
    check("s3://key:wr0ng@host/bucket?addressing=x".into(), "path or virtual").await;
    check("s3://key:wr0ng@host/bucket?ca=/nonexistent".into(), "/nonexistent").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_required_to_name_the_server_by_a_trusted_chain() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let server = S3::start_with_tls(&signed.cert.pem(), &signed.signing_key.serialize_pem()).unwrap();
    let blobs = S3Blobs::connect(&server.url("files")).await.unwrap();
    let content = pattern(9 * MIB);
    put(&blobs, BlobName([3; 32]), &content, MIB).await.unwrap();
    assert_eq!(blobs.read(BlobName([3; 32]), 0, u64::MAX).await.unwrap(), content);

    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(&other, stranger.cert.pem()).unwrap();
    let address = server.url("files");
    let (good, _) = address.split_once("&ca=").unwrap();
    for address in [
        format!("{good}&ca={}", other.display()),
        good.to_owned(),
        address.replace("localhost", "127.0.0.1"),
        address.replace("s3://", "s3+http://"),
    ] {
        let error = S3Blobs::connect(&address).await.err().expect("refused");
        let told = Chain(&error).to_string();
        assert!(told.contains("cannot be reached"), "{told}");
    }
}

#[expect(clippy::unwrap_used, reason = "a case without its server fails")]
async fn make() -> (Arc<dyn Blobs>, S3) {
    let server = S3::start().unwrap();
    let blobs = S3Blobs::connect(&server.url("contract")).await.unwrap();
    (Arc::new(blobs), server)
}

rempart_ports::blobs_contract!(crate::make);
