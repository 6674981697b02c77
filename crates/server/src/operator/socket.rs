//! The Unix socket: one order a line, its events a line each. Only the server's own user and root may order.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

use super::execute::execute;
use super::{Event, Order};
use crate::stop;
use crate::wiring::Node;

/// Longest line in bytes.
pub const LINE: u64 = 4 * 1024 * 1024;

/// The socket of a data directory.
#[must_use]
pub fn path(data: &Path) -> PathBuf {
    data.join("operator.sock")
}

/// Opens the socket; one left by a crash is replaced, since the store's lock says that no other server is here.
///
/// # Errors
/// When it cannot be made, as with a path of more than 107 bytes.
pub fn bind(data: &Path) -> io::Result<UnixListener> {
    let path = path(data);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Takes orders until `stop`, then removes the socket.
pub async fn serve(listener: UnixListener, data: PathBuf, node: Arc<Node>, mut stop: watch::Receiver<bool>) {
    loop {
        let accepted = tokio::select! {
            () = stop::told(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) if allowed(&stream) => {
                let (node, mut stop) = (Arc::clone(&node), stop.clone());
                tokio::spawn(async move {
                    let talked = tokio::select! {
                        () = stop::told(&mut stop) => return,
                        talked = talk(stream, &node) => talked,
                    };
                    if let Err(error) = talked {
                        tracing::debug!(%error, "the operator's connection ended early");
                    }
                });
            }
            Ok(_) => tracing::warn!("another user tried to give orders to the server"),
            Err(error) => {
                tracing::warn!(%error, "an operator's connection was not accepted");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
    if let Err(error) = std::fs::remove_file(path(&data)) {
        tracing::debug!(%error, "the operator's socket was not removed");
    }
}

fn allowed(stream: &UnixStream) -> bool {
    let us = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == us || peer.uid() == 0)
}

async fn talk(stream: UnixStream, node: &Node) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let Some(line) = line(&mut reader).await? else { return Ok(()) };
        let Ok(order) = serde_json::from_str::<Order>(&line) else {
            let words = "this server does not know that order: use the rempart of the same version".to_owned();
            return send(&mut writer, &Event::Failed(words)).await;
        };
        let (progress, mut heard) = mpsc::channel(16);
        let mut tell = |done, total| {
            // Progress is only for the eye: what finds no place is left out.
            drop(progress.try_send(Event::Progress(done, total)));
        };
        let mut work = Box::pin(execute(node, order, &mut tell));
        let last = loop {
            tokio::select! {
                biased;
                Some(event) = heard.recv() => send(&mut writer, &event).await?,
                event = &mut work => break event,
            }
        };
        send(&mut writer, &last).await?;
    }
}

/// One line without its end; nothing at the end of the stream.
///
/// # Errors
/// When the stream fails or a line is longer than [`LINE`].
pub async fn line(
    reader: &mut (impl tokio::io::AsyncBufRead + Unpin),
) -> io::Result<Option<zeroize::Zeroizing<String>>> {
    let mut line = zeroize::Zeroizing::new(String::new());
    if reader.take(LINE).read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    if !line.ends_with('\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line was cut or is too long"));
    }
    Ok(Some(line))
}

/// Sends one line.
///
/// # Errors
/// When the stream fails.
pub async fn send(writer: &mut (impl tokio::io::AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    let mut line = zeroize::Zeroizing::new(serde_json::to_string(message)?);
    line.push('\n');
    writer.write_all(line.as_bytes()).await?;
    writer.flush().await
}
