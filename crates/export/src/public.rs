//! The public part of a ceremony: what the server publishes and an auditor starts from. No secret is in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use rempart_capsule::{Certificate, OfficerSet, Policy, Record};
use rempart_merkle::VerifierKey;
use rempart_merkle::cosignature::WitnessKey;
use serde::{Deserialize, Serialize};

use crate::FormatError;

/// What the file calls itself.
pub const KIND: &str = "archive public 1";
/// Longest file, in bytes.
pub const LONGEST: usize = 16 << 20;

/// The file as written. What it says is believed only through [`Trust`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    /// [`KIND`].
    pub rempart: String,
    /// Names of the officers, in the order of their numbers from 1.
    pub officers: Vec<String>,
    /// The set of their signing keys, base64 (`capsule::OfficerSet`).
    pub officer_set: String,
    /// The key of the log, in C2SP's text form.
    pub log: String,
    /// Keys of the witnesses, in C2SP's text form.
    pub witnesses: Vec<String>,
    /// How many of them must have signed a head.
    pub witnesses_needed: u8,
    /// The archive keys.
    pub keys: Vec<PublicKey>,
}

/// An archive key as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// Its quarter, as `2026Q4`; what counts is the certificate.
    pub period: String,
    /// Its retention class.
    pub class: u16,
    /// Months kept after the quarter.
    pub months: u16,
    /// Officers who must answer.
    pub needed: u8,
    /// Officers who hold a share.
    pub of: u8,
    /// Its id, hexadecimal.
    pub key_id: String,
    /// Feldman commitments, X-Wing key and share hashes, base64 (`capsule::Record`).
    pub record: String,
    /// Signed by the officers, base64 (`capsule::Certificate`).
    pub certificate: String,
    /// What a group's context names, base64 (`capsule::Policy`).
    pub policy: String,
}

/// What the file says, verified as far as it can be by itself: whether the officers are the right ones is for whoever
/// knows their fingerprint.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Names, in the order of the officers' numbers from 1.
    pub officers: Vec<String>,
    /// Their signing keys.
    pub set: OfficerSet,
    /// The log's key.
    pub log: VerifierKey,
    /// Witnesses.
    pub witnesses: Vec<WitnessKey>,
    /// How many of them must have signed a head.
    pub witnesses_needed: u8,
    /// The archive keys.
    pub archives: Vec<Archive>,
}

/// An archive key that the officers vouch for.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Public keys, commitments, threshold.
    pub record: Record,
    /// Quarter, class and time, signed.
    pub certificate: Certificate,
    /// The policy that the ceremony proposes.
    pub policy: Policy,
}

impl Archive {
    /// The key's id.
    #[must_use]
    pub fn key_id(&self) -> [u8; 32] {
        self.record.keys().id()
    }

    /// The quarter, as `2026Q4`.
    #[must_use]
    pub fn period(&self) -> String {
        let period = self.certificate.grant.period;
        format!("{}Q{}", period.year(), period.quarter())
    }

    /// As it is written.
    #[must_use]
    pub fn to_public(&self) -> PublicKey {
        let grant = &self.certificate.grant;
        PublicKey {
            period: self.period(),
            class: grant.retention.class(),
            months: grant.retention.months(),
            needed: grant.threshold.needed(),
            of: grant.threshold.officers(),
            key_id: HEXLOWER.encode(&self.key_id()),
            record: STANDARD.encode(self.record.encode()),
            certificate: STANDARD.encode(self.certificate.encode()),
            policy: STANDARD.encode(self.policy.encode()),
        }
    }
}

impl Trust {
    /// As it is written.
    #[must_use]
    pub fn to_public(&self) -> Public {
        Public {
            rempart: KIND.to_owned(),
            officers: self.officers.clone(),
            officer_set: STANDARD.encode(self.set.encode()),
            log: self.log.to_string(),
            witnesses: self.witnesses.iter().map(ToString::to_string).collect(),
            witnesses_needed: self.witnesses_needed,
            keys: self.archives.iter().map(Archive::to_public).collect(),
        }
    }

    /// What people compare: SHA-256 of the set of officers, in groups of four digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digits = HEXLOWER.encode(&self.set.hash());
        let groups: Vec<&str> = (0..16).filter_map(|group| digits.get(group * 4..group * 4 + 4)).collect();
        groups.join(" ")
    }

    /// The archive key of this id.
    #[must_use]
    pub fn archive(&self, key_id: &[u8; 32]) -> Option<&Archive> {
        self.archives.iter().find(|archive| &archive.key_id() == key_id)
    }

    /// The officer's name by number from 1.
    #[must_use]
    pub fn name(&self, officer: u8) -> &str {
        usize::from(officer).checked_sub(1).and_then(|place| self.officers.get(place)).map_or("?", String::as_str)
    }
}

impl Public {
    /// The file's text.
    ///
    /// # Errors
    /// Never for values of these types.
    pub fn encode(&self) -> Result<String, FormatError> {
        serde_json::to_string_pretty(self).map(|text| text + "\n").map_err(|error| FormatError::Json(error.to_string()))
    }

    /// Reads the file. Verifies nothing: see [`verify`](Self::verify).
    ///
    /// # Errors
    /// When it is not one.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        if bytes.len() > LONGEST {
            return Err(FormatError::TooLong);
        }
        let public: Self = serde_json::from_slice(bytes).map_err(|error| FormatError::Json(error.to_string()))?;
        if public.rempart == KIND { Ok(public) } else { Err(FormatError::Kind(KIND)) }
    }

    /// Checks that the officers vouch for every key, that record, certificate and policy speak of the same, and that the
    /// policies name this log.
    ///
    /// # Errors
    /// Says which key, and why.
    pub fn verify(&self) -> Result<Trust, FormatError> {
        let set = OfficerSet::decode(&decode(&self.officer_set, "the set of officers")?)
            .map_err(|_| FormatError::Field("the set of officers"))?;
        if set.keys().len() != self.officers.len() {
            return Err(FormatError::Field("the names of the officers"));
        }
        let log: VerifierKey = self.log.parse().map_err(|_| FormatError::Field("the key of the log"))?;
        let witnesses = self
            .witnesses
            .iter()
            .map(|key| key.parse().map_err(|_| FormatError::Field("the key of a witness")))
            .collect::<Result<Vec<WitnessKey>, _>>()?;
        if usize::from(self.witnesses_needed) > witnesses.len() {
            return Err(FormatError::Field("the number of witnesses needed"));
        }
        let archives = self.keys.iter().map(|key| key.verify(&set, &log)).collect::<Result<_, _>>()?;
        let (officers, witnesses_needed) = (self.officers.clone(), self.witnesses_needed);
        Ok(Trust { officers, set, log, witnesses, witnesses_needed, archives })
    }
}

impl PublicKey {
    fn verify(&self, set: &OfficerSet, log: &VerifierKey) -> Result<Archive, FormatError> {
        let wrong = |why: String| FormatError::Archive { period: self.period.clone(), class: self.class, why };
        let record = Record::decode(&decode(&self.record, "a record")?).map_err(|e| wrong(e.to_string()))?;
        let certificate =
            Certificate::decode(&decode(&self.certificate, "a certificate")?).map_err(|e| wrong(e.to_string()))?;
        let policy = Policy::decode(&decode(&self.policy, "a policy")?).map_err(|e| wrong(e.to_string()))?;
        certificate.verify(set).map_err(|e| wrong(e.to_string()))?;
        certificate.grant.covers(&policy).map_err(|e| wrong(e.to_string()))?;
        if certificate.grant.record_hash != record.hash() || certificate.grant.keys != record.keys() {
            return Err(wrong("the record is not the one that the officers signed for".to_owned()));
        }
        if &policy.log_key != log.key_bytes() {
            return Err(wrong("the policy names another log".to_owned()));
        }
        let archive = Archive { record, certificate, policy };
        // The words beside are for people and programs that do not decode: they must say the same.
        if archive.to_public() == *self { Ok(archive) } else { Err(FormatError::Field("an archive key")) }
    }
}

fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, FormatError> {
    STANDARD.decode(text).map_err(|_| FormatError::Field(what))
}
