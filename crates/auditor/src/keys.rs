//! Whose device signed: the key log of an export, folded and compared with its signed head.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use rempart_base::{AccountId, DeviceId};
use rempart_capsule::Entry;
use rempart_export::layout;
use rempart_key_log::{DeviceKeys, KeyLog, SLACK};
use rempart_merkle::checkpoint::Checkpoint;
use rempart_merkle::note::VerifierKey;
use rempart_merkle::{Leaf, Sender};
use sha2::{Digest as _, Sha256};

use crate::export::key_leaves;
use crate::{files, say};

/// Devices and accounts, as the key log proves them.
pub struct Keys {
    log: KeyLog,
    /// The signed head, as it stands.
    pub note: Vec<u8>,
    /// The leaves, in order.
    pub leaves: Vec<Vec<u8>>,
}

/// A device that wrote something.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Whose.
    pub account: AccountId,
    /// The key of its leaves.
    pub leaf_key: [u8; 32],
    /// SHA-256 of its credential: the certificate id of recorded entries.
    pub certificate: [u8; 32],
}

impl Keys {
    /// Reads the key log in the folder of an export or a report; `None` where it has none.
    ///
    /// # Errors
    /// When its head is not signed by the log's key, the leaves do not make it, or an entry in it does not hold.
    pub fn open(root: &Path, log: &VerifierKey) -> Result<Option<Self>> {
        let Some(leaves) = key_leaves(root)? else { return Ok(None) };
        let note = files::read(&root.join(layout::KEYS_CHECKPOINT))?;
        Self::fold(leaves, note, log).map(Some)
    }

    fn fold(leaves: Vec<Vec<u8>>, note: Vec<u8>, log: &VerifierKey) -> Result<Self> {
        let host = log.name().strip_suffix("/messages").unwrap_or(log.name());
        let key = VerifierKey::new(&format!("{host}/keys"), log.key_bytes())?;
        let head = Checkpoint::open(&note, &key, key.name()).with_context(|| {
            say!(
                "the head of the key log is not signed as it must be",
                "la tête du journal des clés n'est pas signée comme il faut"
            )
        })?;
        let mut keys = KeyLog::new();
        keys.follow(&leaves).map_err(|refused| {
            let (position, fault) = (refused.position, refused.fault);
            anyhow::anyhow!(say!(
                "key log, position {position}: {fault}",
                "journal des clés, position {position} : {fault}"
            ))
        })?;
        ensure!(
            keys.root() == head.root && u64::try_from(leaves.len()) == Ok(head.size),
            say!("the key log is not the one that was signed", "le journal des clés n'est pas celui qui a été signé")
        );
        Ok(Self { log: keys, note, leaves })
    }

    /// The device, if the key log has it and it was not gone at that moment (milliseconds since 1970 UTC).
    ///
    /// # Errors
    /// In words, why it may not have written then.
    pub fn writer(&self, device: DeviceId, at_ms: u64) -> Result<Writer, String> {
        let Some((account, keys)) = self.log.device(device) else {
            return Err(say!(
                "device {device} is not in the key log",
                "l'appareil {device} n'est pas dans le journal des clés"
            ));
        };
        let at = i64::try_from(at_ms).unwrap_or(i64::MAX);
        if at.saturating_add(SLACK) < keys.since.millis() {
            return Err(say!(
                "device {device} was enrolled only later",
                "l'appareil {device} n'a été inscrit qu'ensuite"
            ));
        }
        if keys.ended.is_some_and(|(end, _)| end.millis().saturating_add(SLACK) < at) {
            return Err(say!("device {device} had been revoked", "l'appareil {device} avait été révoqué"));
        }
        Ok(Writer { account, leaf_key: keys.leaf_key, certificate: certificate(keys) })
    }
}

/// Whether a recorded entry stands where its leaf says and was written by the device that the log names.
///
/// # Errors
/// In words, what does not hold.
pub fn written_by(keys: &Keys, leaf: &Leaf, entry: &Entry) -> Result<Writer, String> {
    let header = entry.header();
    if header.epoch_ref.as_slice() != leaf.epoch_ref || header.refers_to != leaf.refers_to {
        return Err(say!("the entry says another place than its leaf", "l'entrée dit une autre place que sa feuille"));
    }
    let Sender::Device(device) = leaf.sender else {
        return Err(say!("the log names no device", "le journal ne nomme aucun appareil"));
    };
    let writer = keys.writer(device, leaf.server_time_ms)?;
    if entry.verify(&writer.leaf_key).is_err() {
        return Err(say!(
            "the signature is not by the device that the log names",
            "la signature n'est pas de l'appareil que nomme le journal"
        ));
    }
    if writer.certificate != header.certificate {
        return Err(say!(
            "the entry names another device certificate than the key log",
            "l'entrée nomme un autre certificat d'appareil que le journal des clés"
        ));
    }
    Ok(writer)
}

fn certificate(keys: &DeviceKeys) -> [u8; 32] {
    Sha256::digest(keys.credential.encode()).into()
}
