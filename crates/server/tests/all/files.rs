//! Files: uploads that go on after a cut, ranges, what the server says they are, and who gets them.

use hyper::Method;
use rempart_testkit::client::session::Person;
use rempart_testkit::client::{Failure, Reply};
use rempart_wire::B64;
use rempart_wire::file::Upload;
use rempart_wire::journal::Receipt;
use serde_json::json;

use crate::house::{House, Where, create, feed, next_entry, post, refusal};

/// The beginning of a PNG picture, then what makes every byte different from its neighbours.
fn picture(size: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06\0\0\0".to_vec();
    bytes.extend((bytes.len()..size).map(|n| u8::try_from(n * 31 % 251).unwrap()));
    bytes
}

pub(crate) async fn begin(by: &Person, here: Where, size: usize) -> Result<Upload, Failure> {
    by.client.post("/api/v1/uploads", &json!({ "conversation": here, "size": size })).await
}

pub(crate) async fn part(by: &Person, upload: &Upload, offset: u64, bytes: &[u8]) -> Result<Upload, Failure> {
    let path = format!("/api/v1/uploads/{}", upload.upload.0);
    let headers = [("upload-offset", offset.to_string()), ("content-type", "application/octet-stream".to_owned())];
    let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    by.client.send(Method::PATCH, &path, &headers, bytes.to_vec()).await?.read()
}

pub(crate) async fn whole(by: &Person, here: Where, bytes: &[u8]) -> Upload {
    let upload = begin(by, here, bytes.len()).await.unwrap();
    part(by, &upload, 0, bytes).await.unwrap()
}

async fn download(by: &Person, here: Where, upload: &Upload, range: &str) -> Reply {
    let path = format!("/api/v1/conversations/{}/blobs/{}?name=plan%20du%20bloc.png", here.0, upload.blob.unwrap().0);
    by.client.send(Method::GET, &path, &[("range", range)], "").await.unwrap()
}

pub(crate) async fn send(by: &Person, here: Where, upload: &Upload) -> Receipt {
    let blob = upload.blob.unwrap();
    let content = json!({
        "v": 1, "type": "message", "text": "le plan",
        "files": [{ "blob": blob, "name": "plan du bloc.png", "size": upload.size, "media_type": "image/png" }],
    });
    let mut asked = post(here, content.to_string().as_bytes());
    asked["blobs"] = json!([blob]);
    by.client.ask("messages.post", &asked).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_where_it_stood() {
    let mut house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let bytes = picture(700_000);
    let upload = begin(&iris, here, bytes.len()).await.unwrap();
    let first = part(&iris, &upload, 0, &bytes[..300_000]).await.unwrap();
    assert_eq!((first.offset, first.blob), (300_000, None));
    // A cut: the client does not know how far it came, and the server has died meanwhile.
    house.server.kill().await.unwrap();
    house.server.resume().await.unwrap();
    let problem = refusal(part(&iris, &upload, 0, &bytes[..300_000]).await, "upload_offset");
    assert!(problem.detail.unwrap().contains("300000"));
    let path = format!("/api/v1/uploads/{}", upload.upload.0);
    let there: Upload = iris.client.get(&path).await.unwrap().read().unwrap();
    assert_eq!(there.offset, 300_000);
    // Somebody else's upload is not known.
    refusal(yann.client.get(&path).await.unwrap().read::<Upload>(), "upload_unknown");
    let done = part(&iris, &upload, 300_000, &bytes[300_000..]).await.unwrap();
    assert_eq!(done.media_type.as_deref(), Some("image/png"), "told by the bytes");
    let blob = done.blob.unwrap();

    // Not to be had before it was sent, nor by somebody who is no member.
    assert_eq!(download(&yann, here, &done, "").await.status, 404);
    let at_yann = feed(&yann).await;
    let receipt = send(&iris, here, &done).await;
    let entry = next_entry(&at_yann, here).await;
    assert_eq!((entry.seq, entry.blobs), (receipt.seq, vec![blob]));

    let reply = download(&yann, here, &done, "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, bytes, "the very bytes");
    assert_eq!(reply.header("content-type"), "image/png");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("content-security-policy"), "default-src 'none'; sandbox");
    assert!(reply.header("content-disposition").contains("plan%20du%20bloc.png"), "{:?}", reply.headers);
    for (asked, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=262143-262144", 262_143, 262_145),
        ("bytes=-5", 699_995, 700_000),
        ("bytes=600000-", 600_000, 700_000),
    ] {
        let reply = download(&yann, here, &done, asked).await;
        assert_eq!(reply.status, 206, "{asked}");
        assert_eq!(reply.header("content-range"), format!("bytes {start}-{}/700000", end - 1));
        assert_eq!(reply.body, bytes[start..end], "{asked}");
    }
    assert_eq!(download(&yann, here, &done, "bytes=700000-").await.status, 416);

    let stranger = house.member("nolwenn", "Nolwenn Riou").await;
    assert_eq!(download(&stranger, here, &done, "").await.status, 404);
    let elsewhere = create(&stranger, "direct", "", &[&yann]).await;
    assert_eq!(download(&stranger, elsewhere, &done, "").await.status, 404, "not through another conversation");
    let mut stolen = post(elsewhere, br#"{"v":1,"type":"message","text":"x"}"#);
    stolen["blobs"] = json!([blob]);
    refusal(stranger.client.command("messages.post", stolen).await, "blob_unknown");
    let (well, said) = house.server.verify().await.unwrap();
    assert!(well, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_cannot_be_read_on_the_disk() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let words = "compte rendu opératoire de Mme Le Bihan";
    let done = whole(&iris, here, words.repeat(40).as_bytes()).await;
    send(&iris, here, &done).await;
    crate::house::say(&iris, here, words).await;
    let mut folders = vec![house.server.data().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(words.len()).any(|w| w == words.as_bytes());
                assert!(!found, "{} holds what somebody wrote", path.display());
                files += 1;
            }
        }
    }
    assert!(files > 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_downloaded_and_never_shown() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    for page in ["<!doctype html><script>alert(1)</script>", "<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>"] {
        let done = whole(&iris, here, page.as_bytes()).await;
        send(&iris, here, &done).await;
        let reply = download(&yann, here, &done, "").await;
        assert_eq!(reply.header("content-type"), "application/octet-stream");
        assert!(reply.header("content-disposition").starts_with("attachment;"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_sent_once_and_announced_ones_must_match() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let bytes = picture(5_000);
    let done = whole(&iris, here, &bytes).await;
    let hash = B64(done.blob.unwrap().0.as_bytes().to_vec());
    let announce = json!({ "conversation": here, "size": bytes.len(), "sha256": hash });
    let again: Upload = iris.client.post("/api/v1/uploads", &announce).await.unwrap();
    assert_eq!((again.offset, again.blob), (5_000, done.blob), "known already");
    // To others the server does not say that it has them.
    let theirs: Upload = yann.client.post("/api/v1/uploads", &announce).await.unwrap();
    assert_eq!((theirs.offset, theirs.blob), (0, None));
    let mut other = bytes.clone();
    other[4_000] ^= 1;
    refusal(part(&yann, &theirs, 0, &other).await, "upload_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_given_up() {
    let house = House::new().await;
    let (iris, yann) = house.pair().await;
    let here = create(&iris, "direct", "", &[&yann]).await;
    let upload = begin(&iris, here, 10_000).await.unwrap();
    part(&iris, &upload, 0, &[7; 4_000]).await.unwrap();
    let path = format!("/api/v1/uploads/{}", upload.upload.0);
    let gone = iris.client.send(Method::DELETE, &path, &[], "").await.unwrap();
    assert!(gone.status.is_success());
    refusal(part(&iris, &upload, 4_000, &[7; 6_000]).await, "upload_unknown");
}
