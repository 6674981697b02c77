//! Blobs as files: `ab/cd/<name>` under one directory, whole and durable before they are visible.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use rempart_ports::blobs::{BlobError, BlobName, BlobWriter, Blobs};

/// Where blobs stand while they are written; emptied at the start.
const INCOMING: &str = "incoming";

/// Blobs in a directory (0700; files 0600) that no other process uses.
#[derive(Clone, Debug)]
pub struct FileBlobs {
    directory: Arc<Path>,
    written: Arc<AtomicU64>,
}

impl FileBlobs {
    /// Blobs in a directory, made if it is not there. What a crash left half written is removed. Blocks; made for the start.
    ///
    /// # Errors
    /// When the directory cannot be made or written.
    pub fn open(directory: &Path) -> Result<Self, BlobError> {
        let incoming = directory.join(INCOMING);
        let opened = || {
            if incoming.exists() {
                fs::remove_dir_all(&incoming)?;
            }
            make_directory(&incoming)
        };
        opened().map_err(|cause| storage("open the directory of files", cause))?;
        Ok(Self { directory: directory.into(), written: Arc::default() })
    }

    fn path(&self, name: BlobName) -> PathBuf {
        let BlobName([first, second, ..]) = name;
        self.directory.join(format!("{first:02x}")).join(format!("{second:02x}")).join(name.to_string())
    }
}

fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn storage(action: &'static str, cause: io::Error) -> BlobError {
    if cause.kind() == io::ErrorKind::NotFound {
        return BlobError::Missing;
    }
    BlobError::Storage { action, cause: Box::new(cause) }
}

async fn blocking<T: Send + 'static>(
    action: &'static str,
    job: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, BlobError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(result) => result.map_err(|cause| storage(action, cause)),
        Err(cause) => Err(BlobError::Storage { action, cause: Box::new(cause) }),
    }
}

/// Makes what happened in a directory durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[async_trait]
impl Blobs for FileBlobs {
    async fn create(&self, name: BlobName) -> Result<Box<dyn BlobWriter>, BlobError> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.join(INCOMING).join(number.to_string());
        let (at, last) = (path.clone(), self.path(name));
        let file =
            blocking("begin a file", move || OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path))
                .await?;
        Ok(Box::new(FileWriter { incoming: Incoming { path: at }, file: Some(file), last }))
    }

    async fn size(&self, name: BlobName) -> Result<u64, BlobError> {
        let path = self.path(name);
        blocking("look at a file", move || Ok(fs::metadata(path)?.len())).await
    }

    async fn read(&self, name: BlobName, offset: u64, length: u64) -> Result<Bytes, BlobError> {
        let path = self.path(name);
        let read = blocking("read a file", move || {
            let mut file = File::open(path)?;
            let Some(left) = file.metadata()?.len().checked_sub(offset) else { return Ok(None) };
            let length = left.min(length);
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
            file.take(length).read_to_end(&mut bytes)?;
            Ok(Some(bytes.into()))
        });
        read.await?.ok_or(BlobError::Range)
    }

    async fn delete(&self, name: BlobName) -> Result<(), BlobError> {
        let path = self.path(name);
        let deleted = blocking("delete a file", move || {
            fs::remove_file(&path)?;
            path.parent().map_or(Ok(()), sync_directory)
        });
        match deleted.await {
            Err(BlobError::Missing) => Ok(()),
            result => result,
        }
    }

    async fn check(&self) -> Result<(), BlobError> {
        let path = self.directory.join(INCOMING).join("check");
        blocking("write to the directory of files", move || {
            fs::write(&path, b"check")?;
            fs::remove_file(&path)
        })
        .await
    }
}

/// A file that is not visible yet; gone when dropped, unless it moved to its place.
struct Incoming {
    path: PathBuf,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _kept = fs::remove_file(&self.path);
    }
}

struct FileWriter {
    incoming: Incoming,
    /// Absent after an error: nothing more can be written.
    file: Option<File>,
    last: PathBuf,
}

fn unusable() -> BlobError {
    BlobError::Storage { action: "write a file", cause: "an earlier part failed".into() }
}

#[async_trait]
impl BlobWriter for FileWriter {
    async fn write(&mut self, part: Bytes) -> Result<(), BlobError> {
        let mut file = self.file.take().ok_or_else(unusable)?;
        let file = blocking("write a file", move || file.write_all(&part).map(|()| file)).await?;
        self.file = Some(file);
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<(), BlobError> {
        let Self { incoming, file, last } = *self;
        let file = file.ok_or_else(unusable)?;
        blocking("keep a file", move || {
            file.sync_all()?;
            let inner = last.parent().unwrap_or(&last);
            if !inner.exists() {
                make_directory(inner)?;
                // The two directories above may be new, and a directory's name is durable only once its parent is.
                inner.ancestors().skip(1).take(2).try_for_each(sync_directory)?;
            }
            fs::rename(&incoming.path, &last)?;
            sync_directory(inner)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_crash_left_is_removed_and_modes_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("files");
        let blobs = FileBlobs::open(&root).unwrap();
        fs::write(root.join(INCOMING).join("77"), b"half").unwrap();
        let name = BlobName([0xab; 32]);
        let mut writer = blobs.create(name).await.unwrap();
        writer.write(Bytes::from_static(b"whole")).await.unwrap();
        writer.finish().await.unwrap();

        let again = FileBlobs::open(&root).unwrap();
        assert_eq!(fs::read_dir(root.join(INCOMING)).unwrap().count(), 0);
        assert_eq!(again.read(name, 0, 10).await.unwrap(), "whole");
        let file = root.join("ab").join("ab").join(name.to_string());
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
