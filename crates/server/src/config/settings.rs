//! The table of settings: one entry each, from which come the typed [`Config`], the flags, the environment's names, the
//! reference page and `config show`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::value::{BlobsUrl, BusUrl, Expected, Host, LogFormat, LogLevel, Size, StoreUrl, Value, Whole};

/// One setting, as the reader and the reference need it.
pub struct Setting {
    /// Its name in the file, sections separated by a dot.
    pub key: &'static str,
    /// Its value when nobody sets it; empty: none.
    pub default: &'static str,
    /// What it is for.
    pub what: &'static str,
    /// What its values look like.
    pub kind: &'static str,
    /// Whether it is a path.
    pub path: bool,
    /// Whether it may carry a password: never shown, never a flag.
    pub secret: bool,
    /// Whether a text is a value of it.
    pub check: fn(&str) -> Result<(), Expected>,
}

impl Setting {
    /// Its name in the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{}{}", super::PREFIX, self.key.replace('.', "_").to_ascii_uppercase())
    }

    /// Its name as a flag, without the dashes; none for what may carry a password, since every program of the machine
    /// can read a command line.
    #[must_use]
    pub fn flag(&self) -> Option<String> {
        (!self.secret).then(|| self.key.replace(['.', '_'], "-"))
    }
}

macro_rules! settings {
    ($( $(#[doc = $doc:literal])+ $field:ident: $type:ty = $key:literal, $default:literal $(, $secret:ident)?; )+) => {
        /// Every setting, typed and checked.
        #[derive(Clone, Debug)]
        pub struct Config {
            $( $(#[doc = $doc])+ pub $field: $type, )+
        }

        /// Every setting, in the order of the reference.
        pub const SETTINGS: &[Setting] = &[
            $( Setting {
                key: $key,
                default: $default,
                what: concat!($($doc),+),
                kind: <$type as Value>::KIND,
                path: <$type as Value>::PATH,
                secret: false $(|| stringify!($secret).len() > 0)?,
                check: |text| <$type as Value>::read(text).map(|_| ()),
            }, )+
        ];

        impl Config {
            /// From the winning text of each setting.
            ///
            /// # Errors
            /// The first setting whose text is not a value of it, and what was expected.
            pub fn from_texts<'a>(text: impl Fn(&'static str) -> &'a str) -> Result<Self, (&'static str, Expected)> {
                Ok(Self { $( $field: <$type as Value>::read(text($key)).map_err(|what| ($key, what))?, )+ })
            }
        }
    };
}

settings! {
    /// Folder of everything that Rempart keeps: database, files, certificate, sockets. Back this up.
    data_dir: PathBuf = "data_dir", "rempart-data";
    /// Folder of the server's keys, one file a purpose. Never inside the data directory, and kept out of its backups:
    /// whoever has both can read everything.
    secrets_dir: PathBuf = "secrets_dir", "rempart-secrets";
    /// Address and port on which the web client and the API are served. `[::]` is every address of the machine, also IPv4.
    web_listen: SocketAddr = "web.listen", "[::]:8443";
    /// Public host, with its port where it is not 443. Proposed at set-up and added to the certificate; after the
    /// set-up the organisation's host holds.
    web_host: Option<Host> = "web.host", "";
    /// Connections held at once; more wait in the system's queue.
    web_connections: Whole<16, 1_000_000> = "web.connections", "10000";
    /// File of your own certificate, PEM, the leaf first and then the chain. Without it Rempart makes a certificate
    /// authority of its own.
    tls_certificate: Option<PathBuf> = "tls.certificate", "";
    /// File of the private key of your own certificate, PEM.
    tls_key: Option<PathBuf> = "tls.key", "";
    /// Directory address of an ACME authority (RFC 8555) that gives certificates for the public host. Answered on the
    /// web port (tls-alpn-01, RFC 8737), which that authority must reach as port 443. Setting it accepts that
    /// authority's terms.
    tls_acme_directory: Option<String> = "tls.acme_directory", "";
    /// File of the root certificate, PEM, of an ACME authority of your own network. Without it the public roots hold.
    tls_acme_root: Option<PathBuf> = "tls.acme_root", "";
    /// Mail address that the ACME authority may write to.
    tls_acme_contact: Option<String> = "tls.acme_contact", "";
    /// Where messages and accounts are kept.
    store_url: StoreUrl = "store.url", "embedded", secret;
    /// How several nodes ring each other.
    bus_url: BusUrl = "bus.url", "embedded", secret;
    /// Where files are kept, encrypted.
    blobs_url: BlobsUrl = "blobs.url", "embedded", secret;
    /// Largest file that people may send.
    limits_max_file: Size = "limits.max_file", "512 MiB";
    /// Requests a minute that one address may make without signing in.
    limits_anonymous: Whole<1, 1_000_000> = "limits.anonymous_per_minute", "60";
    /// Days after which a session that was not used ends.
    session_idle_days: Whole<1, 365> = "session.idle_days", "30";
    /// Days after which owners, administrators, officers and auditors must change their password; 0: never.
    session_privileged_password_days: Whole<0, 3650> = "session.privileged_password_days", "0";
    /// How log lines look.
    log_format: LogFormat = "log.format", "text";
    /// How much is logged.
    log_level: LogLevel = "log.level", "info";
    /// Address and port of `/metrics` (Prometheus), `/healthz` and `/readyz`, without TLS. Absent: not served. Keep it
    /// on the loopback address or a network of its own.
    metrics_listen: Option<SocketAddr> = "metrics.listen", "";
}
