//! Several nodes on one PostgreSQL, one NATS and one S3, with the same keys.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{Options, Server};
use crate::services::{Nats, Postgres, PostgresOptions, S3};

/// Nodes and what they stand on.
#[derive(Debug)]
pub struct Cluster {
    /// The nodes.
    pub nodes: Vec<Server>,
    /// PostgreSQL's address of the nodes' database.
    pub store: String,
    services: Services,
    _folder: TempDir,
}

struct Services {
    postgres: Postgres,
    _nats: Nats,
    _s3: S3,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Services")
    }
}

impl Cluster {
    /// Starts services and nodes. The first node makes the keys; the others get a copy.
    ///
    /// # Errors
    /// A program that is not installed, by name, or what kept one from being ready.
    pub async fn start(options: Options, nodes: usize) -> Result<Self> {
        Self::start_on(PostgresOptions::default(), options, nodes).await
    }

    /// The same on a PostgreSQL with options of its own: for measurements, whose commits wait for the disk.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub async fn start_on(database: PostgresOptions, options: Options, nodes: usize) -> Result<Self> {
        let services = tokio::task::spawn_blocking(move || {
            anyhow::Ok((Postgres::start_with(database)?, Nats::start()?, S3::start()?))
        });
        let (postgres, nats, s3) = services.await??;
        let store = postgres.database()?;
        let options = options
            .variable("REMPART_STORE_URL", &store)
            .variable("REMPART_BUS_URL", &nats.url())
            .variable("REMPART_BLOBS_URL", &s3.url("rempart"));
        let folder = TempDir::with_prefix("rempart-cluster-")?;
        let place = |n: usize, what: &str| -> PathBuf { folder.path().join(format!("node{n}")).join(what) };
        let mut started = Vec::new();
        for n in 0..nodes {
            std::fs::create_dir_all(place(n, ""))?;
            if n > 0 {
                copy(&place(0, "secrets"), &place(n, "secrets"))?;
            }
            let mut node = Server::prepare(options.clone(), place(n, "data"), place(n, "secrets"));
            node.resume().await.with_context(|| format!("node {n}"))?;
            started.push(node);
        }
        let services = Services { postgres, _nats: nats, _s3: s3 };
        Ok(Self { nodes: started, store, services, _folder: folder })
    }

    /// One node.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn node(&mut self, n: usize) -> Result<&mut Server> {
        self.nodes.get_mut(n).context("no such node")
    }

    /// The store's server, to stop it and start it again.
    pub fn postgres(&mut self) -> &mut Postgres {
        &mut self.services.postgres
    }

    /// A statement on the store, as its superuser; gives what `psql` prints.
    ///
    /// # Errors
    /// What PostgreSQL said.
    pub fn sql(&self, text: &str) -> Result<String> {
        let database = self.store.rsplit('/').next().unwrap_or_default();
        let database = database.split('?').next().unwrap_or_default();
        self.services.postgres.sql(database, text)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        // The leaf certificate's key is each node's own.
        if entry.file_name() != "tls.key" {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
