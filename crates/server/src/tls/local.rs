//! A certificate authority of this installation, and certificates from it.
//!
//! Its key is among the server's keys, its certificate in the data directory for people to trust. It may sign certificates
//! of servers only and no further authority. It has no name constraints: the public host is chosen after people may
//! have trusted it, and a new authority would have to be trusted again on every device.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::HEXLOWER;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use rempart_base::Timestamp;
use rempart_base::time::{DAY, HOUR};
use rempart_ports::Entropy;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::look::Look;
use super::{TlsError, certified};
use crate::secrets::{make_folder, private, replace, write_new};

/// How long the authority holds.
const AUTHORITY_DAYS: i64 = 3650;
/// How long a certificate holds: short, since it renews itself.
pub const LEAF_DAYS: i64 = 90;
/// Renewed when less than this is left.
pub const RENEW_DAYS: i64 = 30;
/// Clocks of others may be behind.
const SLACK: i64 = HOUR;

/// The authority.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    /// Whether this start made it (or made its certificate anew): people must trust it.
    pub made: bool,
    /// The file that people trust.
    pub file: PathBuf,
    leaf: PathBuf,
    leaf_key: PathBuf,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Authority({})", self.file.display())
    }
}

/// The file of the authority's key within the folder of keys.
pub const KEY_FILE: &str = "ca.key";
/// The file of the authority's certificate within the data directory.
pub const FILE: &str = "ca.crt";

/// Why a certificate is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There is none, or it is unreadable or of another authority.
    None,
    /// It ends soon.
    Ends,
    /// The names changed.
    Names,
}

impl Authority {
    /// Loads it, or makes it at the first start.
    ///
    /// # Errors
    /// When a file cannot be read or written, or its key may be read by others.
    pub fn open(secrets: &Path, data: &Path, now: Timestamp, entropy: &dyn Entropy) -> Result<Self, TlsError> {
        let (key_file, file) = (secrets.join(KEY_FILE), data.join(FILE));
        let key = if key_file.exists() {
            private(&key_file)?;
            let pem = zeroize::Zeroizing::new(read(&key_file)?);
            KeyPair::from_pem(&pem)?
        } else {
            let key = KeyPair::generate()?;
            make_folder(secrets)?;
            write_new(&key_file, zeroize::Zeroizing::new(key.serialize_pem()).as_bytes())?;
            key
        };
        let params = authority(&key, now, entropy);
        let kept = CertificateDer::from_pem_file(&file).ok().filter(|der| {
            Look::at(der).is_some_and(|look| look.key == key_bytes(&key) && look.until.since(now) > LEAF_DAYS * DAY)
        });
        let (certificate, made) = match kept {
            Some(certificate) => (certificate, false),
            None => {
                let made = params.self_signed(&key)?;
                make_folder(data)?;
                replace(&file, made.pem().as_bytes(), 0o644)?;
                (made.der().clone(), true)
            }
        };
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
            made,
            file,
            leaf: data.join("tls.crt"),
            leaf_key: secrets.join("tls.key"),
        })
    }

    /// The certificate that people trust, PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        let base64 = data_encoding::BASE64.encode(&self.certificate);
        let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
        for (at, letter) in base64.chars().enumerate() {
            if at > 0 && at % 64 == 0 {
                out.push('\n');
            }
            out.push(letter);
        }
        out.push_str("\n-----END CERTIFICATE-----\n");
        out
    }

    /// The server's certificate for these names: the kept one while it serves, else a new one, and why.
    ///
    /// # Errors
    /// When a file cannot be written or a name is none.
    pub fn certificate(
        &self,
        names: &[String],
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(Arc<CertifiedKey>, Option<Why>), TlsError> {
        let why = match self.kept(names, now) {
            Ok(kept) => return Ok((kept, None)),
            Err(why) => why,
        };
        let key = KeyPair::generate()?;
        let leaf = leaf(names, now, entropy)?.signed_by(&key, &self.issuer)?;
        replace(&self.leaf_key, zeroize::Zeroizing::new(key.serialize_pem()).as_bytes(), 0o600)?;
        replace(&self.leaf, format!("{}{}", leaf.pem(), self.pem()).as_bytes(), 0o644)?;
        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|e| TlsError::Own(e.to_owned()))?;
        Ok((certified(chain, key)?, Some(why)))
    }

    fn kept(&self, names: &[String], now: Timestamp) -> Result<Arc<CertifiedKey>, Why> {
        let leaf = CertificateDer::from_pem_file(&self.leaf).map_err(|_| Why::None)?;
        let key = PrivateKeyDer::from_pem_file(&self.leaf_key).map_err(|_| Why::None)?;
        private(&self.leaf_key).map_err(|_| Why::None)?;
        let look = Look::at(&leaf).ok_or(Why::None)?;
        if look.issuer_key_id != Look::at(&self.certificate).and_then(|ca| ca.key_id) {
            return Err(Why::None);
        }
        if look.until.since(now) < RENEW_DAYS * DAY || look.from.since(now) > 0 {
            return Err(Why::Ends);
        }
        if !names.iter().all(|name| look.names.contains(name)) {
            return Err(Why::Names);
        }
        certified(vec![leaf, self.certificate.clone()], key).map_err(|_| Why::None)
    }
}

/// The names of the server's certificate: this machine's, and the public hosts.
#[must_use]
pub fn names(machine: Option<&str>, hosts: &[&str]) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    for name in machine.into_iter().chain(hosts.iter().copied()) {
        let name = name.to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name.len() <= 253
            && name
                .split('.')
                .all(|l| !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        if (is_name || name.parse::<IpAddr>().is_ok()) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn authority(key: &KeyPair, now: Timestamp, entropy: &dyn Entropy) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.public_key_raw());
    // Two installations must not have authorities of one name: browsers look them up by it.
    let mark: String = HEXLOWER.encode(digest.as_ref()).chars().take(8).collect();
    name.push(DnType::CommonName, format!("Rempart local authority {mark}"));
    params.distinguished_name = name;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    hold(&mut params, now, AUTHORITY_DAYS);
    params.serial_number = Some(serial(entropy));
    params
}

fn leaf(names: &[String], now: Timestamp, entropy: &dyn Entropy) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(names.to_vec())?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, "Rempart");
    params.distinguished_name = name;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    hold(&mut params, now, LEAF_DAYS);
    params.serial_number = Some(serial(entropy));
    Ok(params)
}

fn hold(params: &mut CertificateParams, now: Timestamp, days: i64) {
    let from = now.plus_millis(-SLACK).millis().max(0);
    let begin = rcgen::date_time_ymd(1970, 1, 1) + std::time::Duration::from_millis(from.unsigned_abs());
    params.not_before = begin;
    params.not_after = begin + std::time::Duration::from_millis((days * DAY).unsigned_abs());
}

/// Random: the same authority must never use one twice (RFC 5280 §4.1.2.2).
fn serial(entropy: &dyn Entropy) -> SerialNumber {
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes);
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn key_bytes(key: &KeyPair) -> Vec<u8> {
    key.public_key_raw().to_vec()
}

fn read(path: &Path) -> Result<String, TlsError> {
    std::fs::read_to_string(path).map_err(|cause| {
        TlsError::File(crate::secrets::SecretsError::Io { action: "read", path: path.to_owned(), cause })
    })
}
