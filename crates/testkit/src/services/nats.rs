use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{program, with_free_port};

/// A NATS server without persistence, ready for connections.
pub struct Nats {
    daemon: Option<Daemon>,
    folder: TempDir,
    port: u16,
    login: Option<(String, String)>,
    tls: bool,
}

impl Nats {
    /// Starts one that lets everybody in.
    ///
    /// # Errors
    /// When `nats-server` is not installed or does not start; says which.
    pub fn start() -> Result<Self> {
        Self::start_with(None, None)
    }

    /// Starts one that asks for a user and a password.
    ///
    /// # Errors
    /// As [`Nats::start`].
    pub fn start_with_login(user: &str, password: &str) -> Result<Self> {
        Self::start_with(Some((user.to_owned(), password.to_owned())), None)
    }

    /// Starts one that asks for TLS, a user and a password; `chain` and `key` are PEM.
    ///
    /// # Errors
    /// As [`Nats::start`].
    pub fn start_with_tls(user: &str, password: &str, chain: &str, key: &str) -> Result<Self> {
        Self::start_with(Some((user.to_owned(), password.to_owned())), Some((chain, key)))
    }

    fn start_with(login: Option<(String, String)>, tls: Option<(&str, &str)>) -> Result<Self> {
        with_free_port(|port| {
            let folder = TempDir::new().context("make a folder for NATS")?;
            if let Some((chain, key)) = tls {
                std::fs::write(folder.path().join("chain.pem"), chain).context("write the chain for NATS")?;
                std::fs::write(folder.path().join("key.pem"), key).context("write the key for NATS")?;
            }
            let mut nats = Self { daemon: None, folder, port, login: login.clone(), tls: tls.is_some() };
            nats.resume()?;
            Ok(nats)
        })
    }

    /// The address to connect to, without user and password; by name where TLS has to find it in the certificate.
    #[must_use]
    pub fn url(&self) -> String {
        if self.tls {
            return format!("tls://localhost:{}", self.port);
        }
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Stops the server; [`Nats::resume`] starts it again on the same port.
    pub fn stop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.stop();
        }
    }

    /// Starts the server again after [`Nats::stop`].
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&mut self) -> Result<()> {
        let server = program("nats-server", "nats-server")?;
        let port = self.port.to_string();
        let mut command = vec![server.to_str().context("path")?, "-a", "127.0.0.1", "-p", &port];
        if let Some((user, password)) = &self.login {
            command.extend(["--user", user, "--pass", password]);
        }
        let (chain, key) = (self.folder.path().join("chain.pem"), self.folder.path().join("key.pem"));
        if self.tls {
            command.extend(["--tls", "--tlscert", chain.to_str().context("path")?]);
            command.extend(["--tlskey", key.to_str().context("path")?]);
        }
        let mut daemon = Daemon::start("TERM", &self.folder.path().join("log"), &command)?;
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        daemon.wait_ready(|| greets(address))?;
        self.daemon = Some(daemon);
        Ok(())
    }
}

/// Whether a NATS server greets a new connection with its `INFO` line.
fn greets(address: SocketAddr) -> bool {
    let mut word = [0u8; 4];
    TcpStream::connect(address).is_ok_and(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok() && stream.read_exact(&mut word).is_ok()
    }) && &word == b"INFO"
}
