//! Who carries out an order: the running server, or this process when none runs.

use std::io;

use anyhow::{Context as _, Result, anyhow, bail};
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::execute::{Progress, execute};
use super::socket::{line, path, send};
use super::{Answer, Event, Order};
use crate::config::{Config, Environment};
use crate::wiring::{self, Node};

/// Whoever carries out orders.
pub enum Reach {
    /// The running server.
    Server(BufReader<OwnedReadHalf>, OwnedWriteHalf),
    /// This process.
    Here(Box<Node>),
}

impl std::fmt::Debug for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_server() { "Reach::Server" } else { "Reach::Here" })
    }
}

impl Reach {
    /// The running server, if one answers.
    ///
    /// # Errors
    /// When a server is there that this user may not order.
    pub async fn server(config: &Config) -> Result<Option<Self>> {
        let path = path(&config.data_dir);
        match UnixStream::connect(&path).await {
            Ok(stream) => {
                let (reader, writer) = stream.into_split();
                Ok(Some(Self::Server(BufReader::new(reader), writer)))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) => Err(error).with_context(|| {
                format!(
                    "cannot order the server through {}: run this as the server's own user or as root",
                    path.display()
                )
            }),
        }
    }

    /// The running server, else this process over an installation that is there already.
    ///
    /// # Errors
    /// When neither can.
    pub async fn open(config: &Config, environment: &Environment) -> Result<Self> {
        if let Some(server) = Self::server(config).await? {
            return Ok(server);
        }
        if !config.data_dir.exists() {
            bail!(
                "there is no data in {}: start the server once with `rempart serve`, or name the right data_dir",
                config.data_dir.display()
            );
        }
        Ok(Self::Here(Box::new(wiring::open(config, environment).await?)))
    }

    /// Whether a server answers.
    #[must_use]
    pub const fn is_server(&self) -> bool {
        matches!(self, Self::Server(..))
    }

    /// Gives an order.
    ///
    /// # Errors
    /// The words of a refusal or a fault.
    pub async fn order(&mut self, order: Order, progress: Progress<'_>) -> Result<Answer> {
        let event = match self {
            Self::Here(node) => execute(node, order, progress).await,
            Self::Server(reader, writer) => {
                send(writer, &order).await.context("the server went away")?;
                loop {
                    let line = line(reader).await?.ok_or_else(|| anyhow!("the server stopped before it answered"))?;
                    match serde_json::from_str(&line).context("the server is of another version")? {
                        Event::Progress(done, total) => progress(done, total),
                        last => break last,
                    }
                }
            }
        };
        match event {
            Event::Done(answer) => Ok(answer),
            Event::Refused { field: Some(field), words, .. } => bail!("{field}: {words}"),
            Event::Refused { field: None, words, .. } | Event::Failed(words) => bail!("{words}"),
            Event::Progress(..) => bail!("the answer did not come to an end"),
        }
    }
}
