//! Blobs in an S3-compatible bucket.
//!
//! A blob that fits one part is one `PUT`. A larger one is a multipart upload, invisible until it is completed. A crash can
//! leave an unfinished multipart upload: the bucket should have a lifecycle rule that aborts those after some days.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{
    Certificate, ClientOptions, Error as S3Error, GetOptions, GetRange, MultipartId, ObjectStore, ObjectStoreExt as _,
    PutPayload, RetryConfig,
};
use rempart_ports::blobs::{BlobError, BlobName, BlobWriter, Blobs};
use tokio::task::JoinHandle;

use crate::ConnectError;
use crate::address::Address;

const SERVER: &str = "S3 storage";
const EXPECTED: &str =
    "write s3://KEY:SECRET@host/bucket/prefix?region=NAME (s3+http:// without TLS; percent-encode KEY and SECRET)";
/// Bytes of a part: all but the last are of this size, as some services ask.
const PART: usize = 8 * 1024 * 1024;
/// Between two attempts to reach the service, and for one request.
const CONNECT: Duration = Duration::from_secs(5);
const REQUEST: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(20);

/// Blobs as objects `prefix/<name>` of one bucket.
#[derive(Clone)]
pub struct S3Blobs {
    store: Arc<AmazonS3>,
    prefix: Path,
}

impl S3Blobs {
    /// Connects to a bucket, which must exist, and lists it once to see that it answers.
    ///
    /// Address: `s3://KEY:SECRET@host[:port]/bucket[/prefix][?region=NAME][&ca=FILE][&addressing=virtual]`; `s3+http` in
    /// place of `s3` goes without TLS (bodies are encrypted already and requests signed). Buckets are named in the path unless
    /// `addressing=virtual`, where `host` begins with the bucket's name. `ca` is a PEM file trusted in place of the
    /// system's certificates.
    ///
    /// # Errors
    /// When the address is not usable, the certificates cannot be read, or the bucket does not answer.
    pub async fn connect(address: &str) -> Result<Self, ConnectError> {
        let mut address = Address::parse(SERVER, address, &["s3", "s3+http"], "ca", EXPECTED)?;
        let region = address.take("region").unwrap_or_else(|| "us-east-1".to_owned());
        let addressing = address.take("addressing").unwrap_or_else(|| "path".to_owned());
        address.finish()?;
        let secret = address.password.take().ok_or_else(|| address.unusable(EXPECTED))?.into_inner();
        let (bucket, prefix) = {
            let path = address.url.path().trim_matches('/');
            let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
            (bucket.to_owned(), Path::from(prefix))
        };
        if bucket.is_empty() || address.user.is_empty() || address.url.host_str().is_none_or(str::is_empty) {
            return Err(address.unusable(EXPECTED));
        }
        let virtual_hosted = match addressing.as_str() {
            "path" => false,
            "virtual" => true,
            _ => return Err(address.unusable("addressing is either path or virtual")),
        };
        let plain = address.url.scheme() == "s3+http";
        let endpoint = format!("{}://{}", if plain { "http" } else { "https" }, address.host());

        let mut client =
            ClientOptions::new().with_timeout(REQUEST).with_connect_timeout(CONNECT).with_allow_http(plain);
        if let Some(file) = &address.ca {
            let untrusted = |reason: String| ConnectError::Trust { server: SERVER, reason };
            let pem = std::fs::read(file).map_err(|error| untrusted(format!("{}: {error}", file.display())))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| untrusted(error.to_string()))?;
            client = certificates.into_iter().fold(client, ClientOptions::with_root_certificate);
            client = client.with_no_system_certificates(true);
        }
        let retry = RetryConfig { max_retries: 4, retry_timeout: RETRY, ..RetryConfig::default() };
        let store = AmazonS3Builder::new()
            .with_endpoint(endpoint)
            .with_bucket_name(bucket)
            .with_region(region)
            .with_access_key_id(address.user.clone())
            .with_secret_access_key(secret)
            .with_virtual_hosted_style_request(virtual_hosted)
            .with_client_options(client)
            .with_retry(retry)
            .build()
            .map_err(|error| address.unreachable(error))?;
        let blobs = Self { store: Arc::new(store), prefix };
        blobs.list_one().await.map_err(|error| address.unreachable(error))?;
        Ok(blobs)
    }

    /// A list tells a missing bucket from a missing object, which a `HEAD` does not.
    async fn list_one(&self) -> Result<(), S3Error> {
        self.store.list(Some(&self.prefix)).next().await.transpose().map(|_| ())
    }

    fn path(&self, name: BlobName) -> Path {
        self.prefix.clone().join(name.to_string())
    }
}

fn failed(action: &'static str) -> impl Fn(S3Error) -> BlobError {
    move |error| match error {
        S3Error::NotFound { .. } => BlobError::Missing,
        cause => BlobError::Storage { action, cause: cause.into() },
    }
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn create(&self, name: BlobName) -> Result<Box<dyn BlobWriter>, BlobError> {
        let (store, path) = (Arc::clone(&self.store), self.path(name));
        Ok(Box::new(Writer {
            store,
            path,
            waiting: Vec::new(),
            bytes: 0,
            upload: None,
            parts: Vec::new(),
            sending: None,
            broken: false,
        }))
    }

    async fn size(&self, name: BlobName) -> Result<u64, BlobError> {
        Ok(self.store.head(&self.path(name)).await.map_err(failed("ask the size of a blob"))?.size)
    }

    async fn read(&self, name: BlobName, offset: u64, length: u64) -> Result<Bytes, BlobError> {
        if length > 0 {
            let range = GetRange::Bounded(offset..offset.saturating_add(length));
            let options = GetOptions { range: Some(range), ..GetOptions::default() };
            match self.store.get_opts(&self.path(name), options).await {
                Ok(result) => return result.bytes().await.map_err(failed("read a blob")),
                Err(error @ S3Error::NotFound { .. }) => return Err(failed("read a blob")(error)),
                // Services refuse a range that begins at the end, each in their own words: the size tells.
                Err(error) if offset < self.size(name).await? => return Err(failed("read a blob")(error)),
                Err(_) => {}
            }
        }
        if offset > self.size(name).await? { Err(BlobError::Range) } else { Ok(Bytes::new()) }
    }

    async fn delete(&self, name: BlobName) -> Result<(), BlobError> {
        match self.store.delete(&self.path(name)).await.map_err(failed("delete a blob")) {
            Err(BlobError::Missing) => Ok(()),
            other => other,
        }
    }

    async fn check(&self) -> Result<(), BlobError> {
        self.list_one().await.map_err(|cause| BlobError::Storage { action: "list the bucket", cause: cause.into() })
    }
}

/// A blob being written. One part may be on its way while the next is gathered.
struct Writer {
    store: Arc<AmazonS3>,
    path: Path,
    /// Bytes not yet sent.
    waiting: Vec<Bytes>,
    bytes: usize,
    /// Set once the blob has more than one part.
    upload: Option<MultipartId>,
    parts: Vec<PartId>,
    sending: Option<JoinHandle<Result<PartId, S3Error>>>,
    /// A part could not be sent: the blob must not be finished without it.
    broken: bool,
}

impl Writer {
    /// Takes exactly `size` of the bytes that wait.
    fn take(&mut self, size: usize) -> PutPayload {
        let mut taken = Vec::new();
        let mut missing = size;
        let mut left = Vec::new();
        for mut piece in self.waiting.drain(..) {
            if missing >= piece.len() {
                missing -= piece.len();
                taken.push(piece);
            } else {
                let head = piece.split_to(missing);
                missing = 0;
                taken.push(head);
                left.push(piece);
            }
        }
        self.waiting = left;
        self.bytes -= size;
        taken.into_iter().filter(|piece| !piece.is_empty()).collect()
    }

    /// Waits for the part on its way.
    async fn sent(&mut self) -> Result<(), BlobError> {
        let Some(task) = self.sending.take() else { return Ok(()) };
        self.broken = true;
        match task.await {
            Ok(result) => self.parts.push(result.map_err(failed("send a part of a blob"))?),
            Err(cause) => return Err(BlobError::Storage { action: "send a part of a blob", cause: cause.into() }),
        }
        self.broken = false;
        Ok(())
    }

    async fn send(&mut self, size: usize) -> Result<(), BlobError> {
        self.sent().await?;
        if self.broken {
            return Err(BlobError::Storage { action: "finish a blob", cause: "an earlier part was not sent".into() });
        }
        let payload = self.take(size);
        let id = match &self.upload {
            Some(id) => id.clone(),
            None => {
                let id = self.store.create_multipart(&self.path).await.map_err(failed("begin a blob"))?;
                self.upload.insert(id).clone()
            }
        };
        let (store, path, number) = (Arc::clone(&self.store), self.path.clone(), self.parts.len());
        self.sending = Some(tokio::spawn(async move { store.put_part(&path, &id, number, payload).await }));
        Ok(())
    }
}

#[async_trait]
impl BlobWriter for Writer {
    async fn write(&mut self, part: Bytes) -> Result<(), BlobError> {
        self.bytes += part.len();
        self.waiting.push(part);
        // A part is only sent when more follows: the last may be of any size, and a single one needs no multipart upload.
        while self.bytes > PART {
            self.send(PART).await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<(), BlobError> {
        if self.upload.is_none() {
            let payload = self.take(self.bytes);
            self.store.put(&self.path, payload).await.map_err(failed("write a blob"))?;
            return Ok(());
        }
        self.send(self.bytes).await?;
        self.sent().await?;
        if let Some(id) = self.upload.clone() {
            let parts = std::mem::take(&mut self.parts);
            let done = self.store.complete_multipart(&self.path, &id, parts).await;
            done.map_err(failed("finish a blob"))?;
        }
        self.upload = None;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Some(id) = self.upload.take() else { return };
        let (store, path, sending) = (Arc::clone(&self.store), self.path.clone(), self.sending.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Some(task) = sending {
                    let _ = task.await;
                }
                if let Err(error) = store.abort_multipart(&path, &id).await {
                    let error = rempart_base::Chain(&error).to_string();
                    tracing::warn!(
                        error,
                        "an unfinished upload stays in the bucket until its lifecycle rule removes it"
                    );
                }
            });
        }
    }
}
