//! From an address to connections: the pool for everything, and single ones for the committer and for migrations.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};

use super::statement::cause;
use crate::ConnectError;
use crate::address::Address;
use crate::tls::{self, PostgresTls};

const SERVER: &str = "PostgreSQL";
const EXPECTED: &str = "write postgresql://user:password@host:5432/database (percent-encode user and password)";
/// Connections of a node for everything but the committer's one.
const CONNECTIONS: usize = 16;
/// For making a connection, and for waiting on a free one.
const CONNECT: Duration = Duration::from_secs(5);
const WAIT: Duration = Duration::from_secs(10);
/// After this much silence of the network a connection counts as lost.
const SILENCE: Duration = Duration::from_secs(20);
/// Said to the server for each session. A commit waits for the disk whatever the server's own default is.
const SESSION: &str = "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed -c timezone=UTC \
    -c client_min_messages=error -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s";

/// How to reach the server.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: Option<PostgresTls>,
    /// Where, for people.
    host: String,
}

impl Connector {
    pub(super) fn new(text: &str) -> Result<Self, ConnectError> {
        let mut address = Address::parse(SERVER, text, &["postgresql", "postgres"], "sslrootcert", EXPECTED)?;
        let mode = address.take("sslmode");
        let unknown = "it has an option that is unknown or not understood";
        let mut config = Config::from_str(address.url.as_str()).map_err(|_| address.unusable(unknown))?;
        if !address.user.is_empty() {
            config.user(&address.user);
        }
        if let Some(password) = address.password.take() {
            config.password(password.into_inner());
        }
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(address.unusable(EXPECTED));
        }
        let local = config.get_hosts().iter().all(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        });
        let encrypted = match mode.as_deref() {
            Some("require" | "verify-full") => true,
            Some("disable") => false,
            None => !local,
            Some(_) => return Err(address.unusable("sslmode is either require (always verified) or disable")),
        };
        if encrypted && config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_))) {
            return Err(address.unusable("a socket on this machine has no TLS: leave sslmode out"));
        }
        let tls =
            if encrypted { Some(PostgresTls(Arc::new(tls::config(SERVER, address.ca.as_deref())?))) } else { None };
        let session = format!("{SESSION} {}", config.get_options().unwrap_or_default());
        config
            .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable })
            .options(session.trim())
            .application_name("rempart")
            .connect_timeout(CONNECT)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE);
        Ok(Self { config, tls, host: address.host() })
    }

    /// The pool; it connects when it is asked.
    pub(super) fn pool(&self) -> Result<Pool, ConnectError> {
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &self.tls {
            Some(tls) => Manager::from_config(self.config.clone(), tls.clone(), manager),
            None => Manager::from_config(self.config.clone(), NoTls, manager),
        };
        Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(CONNECT))
            .wait_timeout(Some(WAIT))
            .recycle_timeout(Some(CONNECT))
            .build()
            .map_err(|error| self.unreachable(error))
    }

    /// One connection of its own.
    pub(super) async fn client(&self) -> Result<Client, tokio_postgres::Error> {
        // The connection's task ends when the client is dropped or the server goes away; the client's calls then fail.
        Ok(match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                client
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                tokio::spawn(connection);
                client
            }
        })
    }

    pub(super) fn unreachable(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ConnectError {
        ConnectError::Unreachable { server: SERVER, host: self.host.clone(), cause: cause.into() }
    }

    pub(super) fn refused(&self, error: tokio_postgres::Error) -> ConnectError {
        self.unreachable(cause(error))
    }
}
