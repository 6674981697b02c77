//! Kinds of values: each reads a text and says in words what it expected.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::words::Language;

/// What a value should have been, in words that follow the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    english: String,
    french: String,
}

impl Expected {
    /// In both languages.
    pub fn new(english: impl Into<String>, french: impl Into<String>) -> Self {
        Self { english: english.into(), french: french.into() }
    }

    /// In one of them.
    #[must_use]
    pub fn say(&self, language: Language) -> &str {
        language.say(&self.english, &self.french)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

/// A value of a setting.
pub trait Value: Sized {
    /// From the text of the file, the environment or a flag.
    ///
    /// # Errors
    /// What was expected, in words that follow the value.
    fn read(text: &str) -> Result<Self, Expected>;

    /// How the reference describes it.
    const KIND: &'static str;
    /// Whether it is a path, relative to the folder of the file that names it.
    const PATH: bool = false;
}

impl Value for PathBuf {
    fn read(text: &str) -> Result<Self, Expected> {
        if text.is_empty() || text.contains('\0') {
            return Err(Expected::new(
                "give the path of a folder or file",
                "indiquez le chemin d'un dossier ou d'un fichier",
            ));
        }
        Ok(Self::from(text))
    }

    const KIND: &'static str = "path";
    const PATH: bool = true;
}

impl<T: Value> Value for Option<T> {
    fn read(text: &str) -> Result<Self, Expected> {
        if text.is_empty() { Ok(None) } else { T::read(text).map(Some) }
    }

    const KIND: &'static str = T::KIND;
    const PATH: bool = T::PATH;
}

impl Value for SocketAddr {
    fn read(text: &str) -> Result<Self, Expected> {
        text.parse().map_err(|_| {
            Expected::new(
                "give an address and a port, as in \"127.0.0.1:8443\" or \"[::]:8443\"",
                "indiquez une adresse et un port, comme \"127.0.0.1:8443\" ou \"[::]:8443\"",
            )
        })
    }

    const KIND: &'static str = "address:port";
}

impl Value for String {
    fn read(text: &str) -> Result<Self, Expected> {
        Ok(text.to_owned())
    }

    const KIND: &'static str = "text";
}

/// A host name, with a port where it is not 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(pub String);

impl Host {
    /// The name without the port.
    #[must_use]
    pub fn name(&self) -> &str {
        host_name(&self.0)
    }
}

/// The name of a host without its port; an IPv6 address loses its brackets.
#[must_use]
pub fn host_name(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match host.split_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    }
}

impl Value for Host {
    fn read(text: &str) -> Result<Self, Expected> {
        let name = host_name(text);
        let label =
            |l: &str| !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_name = name.len() <= 253 && name.split('.').all(label);
        let is_address = name.parse::<std::net::IpAddr>().is_ok();
        if is_name || is_address {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(Expected::new(
                "give a host name, without https:// and without a path, as in \"rempart.example.fr\"",
                "indiquez un nom d'hôte, sans https:// ni chemin, comme \"rempart.example.fr\"",
            ))
        }
    }

    const KIND: &'static str = "host";
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Value for LogFormat {
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(Expected::new("give \"text\" or \"json\"", "indiquez \"text\" ou \"json\"")),
        }
    }

    const KIND: &'static str = "\"text\" or \"json\"";
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLevel(pub tracing::Level);

impl Value for LogLevel {
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "error" => Ok(Self(tracing::Level::ERROR)),
            "warn" => Ok(Self(tracing::Level::WARN)),
            "info" => Ok(Self(tracing::Level::INFO)),
            "debug" => Ok(Self(tracing::Level::DEBUG)),
            _ => Err(Expected::new(
                "give \"error\", \"warn\", \"info\" or \"debug\"",
                "indiquez \"error\", \"warn\", \"info\" ou \"debug\"",
            )),
        }
    }

    const KIND: &'static str = "\"error\", \"warn\", \"info\" or \"debug\"";
}

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

impl Value for Size {
    fn read(text: &str) -> Result<Self, Expected> {
        let wrong = || {
            Expected::new(
                "give a size from \"1 MiB\" to \"2 GiB\": a number of bytes, or one with KiB, MiB or GiB",
                "indiquez une taille de \"1 MiB\" à \"2 GiB\" : un nombre d'octets, ou un nombre suivi de KiB, MiB ou GiB",
            )
        };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
        let factor: u64 = match unit.trim() {
            "" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(wrong()),
        };
        let bytes = number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)).ok_or_else(wrong)?;
        if (1 << 20..=rempart_base::limits::BLOB).contains(&bytes) { Ok(Self(bytes)) } else { Err(wrong()) }
    }

    const KIND: &'static str = "size";
}

/// A whole number within limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const MIN: u32, const MAX: u32>(pub u32);

impl<const MIN: u32, const MAX: u32> Value for Whole<MIN, MAX> {
    fn read(text: &str) -> Result<Self, Expected> {
        text.parse::<u32>().ok().filter(|n| (MIN..=MAX).contains(n)).map(Self).ok_or_else(|| {
            Expected::new(
                format!("give a whole number from {MIN} to {MAX}"),
                format!("indiquez un nombre entier de {MIN} à {MAX}"),
            )
        })
    }

    const KIND: &'static str = "whole number";
}

/// Where the truth is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// SQLite in the data directory.
    Embedded,
    /// A PostgreSQL server.
    Postgres(String),
}

impl Value for StoreUrl {
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "embedded" => Ok(Self::Embedded),
            _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => Err(Expected::new(
                "give \"embedded\" or an address as in \"postgres://name:password@host/database\"",
                "indiquez \"embedded\" ou une adresse comme \"postgres://nom:motdepasse@hote/base\"",
            )),
        }
    }

    const KIND: &'static str = "\"embedded\" or postgres://…";
}

/// How nodes ring each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusUrl {
    /// Within this process.
    Embedded,
    /// A NATS server.
    Nats(String),
}

impl Value for BusUrl {
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "embedded" => Ok(Self::Embedded),
            _ if text.starts_with("nats://") || text.starts_with("tls://") => Ok(Self::Nats(text.to_owned())),
            _ => Err(Expected::new(
                "give \"embedded\" or an address as in \"nats://host:4222\"",
                "indiquez \"embedded\" ou une adresse comme \"nats://hote:4222\"",
            )),
        }
    }

    const KIND: &'static str = "\"embedded\" or nats://…";
}

/// Where files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobsUrl {
    /// In the data directory.
    Embedded,
    /// A bucket of S3-compatible storage.
    S3(String),
}

impl Value for BlobsUrl {
    fn read(text: &str) -> Result<Self, Expected> {
        match text {
            "embedded" => Ok(Self::Embedded),
            _ if ["s3://", "s3+http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme)) => {
                Ok(Self::S3(text.to_owned()))
            }
            _ => Err(Expected::new(
                "give \"embedded\" or a bucket as in \"s3://KEY:SECRET@host/bucket?region=NAME\"",
                "indiquez \"embedded\" ou un seau comme \"s3://CLE:SECRET@hote/seau?region=NOM\"",
            )),
        }
    }

    const KIND: &'static str = "\"embedded\" or s3://…";
}
