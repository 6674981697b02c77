//! What a certificate says, as far as it matters here.

use std::net::IpAddr;

use rempart_base::Timestamp;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its names and addresses, lower case.
    pub names: Vec<String>,
    /// Valid from.
    pub from: Timestamp,
    /// Valid until.
    pub until: Timestamp,
    /// The public key's bits.
    pub key: Vec<u8>,
    /// The id of its key.
    pub key_id: Option<Vec<u8>>,
    /// The id of the key that signed it.
    pub issuer_key_id: Option<Vec<u8>>,
    /// Whether it signed itself, by its names.
    pub self_issued: bool,
}

impl Look {
    /// Reads a certificate; nothing when it is none.
    #[must_use]
    pub fn at(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let time = |t: x509_parser::time::ASN1Time| Timestamp::from_millis(t.timestamp().saturating_mul(1_000));
        let mut look = Self {
            names: Vec::new(),
            from: time(certificate.validity().not_before),
            until: time(certificate.validity().not_after),
            key: certificate.public_key().subject_public_key.data.to_vec(),
            key_id: None,
            issuer_key_id: None,
            self_issued: certificate.subject() == certificate.issuer(),
        };
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(names) => {
                    look.names = names.general_names.iter().filter_map(name).collect();
                }
                ParsedExtension::SubjectKeyIdentifier(id) => look.key_id = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    look.issuer_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                _ => {}
            }
        }
        Some(look)
    }

    /// Whether it is for this host; a leading `*.` stands for one label (RFC 9525 §6.3).
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.names.iter().any(|name| {
            *name == host
                || name
                    .strip_prefix("*.")
                    .is_some_and(|rest| host.split_once('.').is_some_and(|(_, tail)| tail == rest))
        })
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => {
            if let Ok(four) = <[u8; 4]>::try_from(*bytes) {
                Some(IpAddr::from(four).to_string())
            } else {
                <[u8; 16]>::try_from(*bytes).ok().map(|sixteen| IpAddr::from(sixteen).to_string())
            }
        }
        _ => None,
    }
}
