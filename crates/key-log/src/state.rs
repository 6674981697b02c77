//! The fold as bytes, for the device that keeps it. Not signed: it is as trustworthy as where it is kept.

use rempart_base::{AccountId, Timestamp};
use rempart_group_policy::DeviceCredential;
use rempart_group_policy::credential::CREDENTIAL;
use rempart_merkle::Frontier;
use thiserror::Error;

use crate::codec::{Reader, Short, put_opaque};
use crate::log::{Account, DeviceKeys, Ended, IdentityKey, KeyLog};

const VERSION: u8 = 1;

/// Bytes that are no state of the key log.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the stored state of the key log is damaged: drop it and follow the log from the beginning")]
pub struct Damaged;

impl From<Short> for Damaged {
    fn from(_: Short) -> Self {
        Self
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    out.extend_from_slice(&time.millis().to_be_bytes());
}

fn time(r: &mut Reader<'_>) -> Result<Timestamp, Damaged> {
    Ok(Timestamp::from_millis(i64::from_be_bytes(r.array()?)))
}

fn list<T>(r: &mut Reader<'_>, read: impl Fn(&mut Reader<'_>) -> Result<T, Damaged>) -> Result<Vec<T>, Damaged> {
    let count = r.u32()?;
    (0..count).map(|_| read(r)).collect()
}

fn identity(r: &mut Reader<'_>) -> Result<IdentityKey, Damaged> {
    let (key, serial, reset) = (r.array()?, r.u32()?, r.u8()?);
    let reset = match reset {
        0 => false,
        1 => true,
        _ => return Err(Damaged),
    };
    Ok(IdentityKey { key, serial, reset, since: time(r)? })
}

fn device(r: &mut Reader<'_>) -> Result<DeviceKeys, Damaged> {
    let credential = DeviceCredential::decode(r.take(CREDENTIAL)?).map_err(|_| Damaged)?;
    let (leaf_key, since, how) = (r.array()?, time(r)?, r.u8()?);
    let how = match how {
        0 => None,
        1 => Some(Ended::Account),
        2 => Some(Ended::Server),
        3 => Some(Ended::Identity),
        _ => return Err(Damaged),
    };
    let ended = how.map(|how| time(r).map(|at| (at, how))).transpose()?;
    Ok(DeviceKeys { credential, leaf_key, since, ended })
}

fn account(r: &mut Reader<'_>) -> Result<(AccountId, Account), Damaged> {
    let id = AccountId::from_bytes(r.array()?);
    let (identities, devices) = (list(r, identity)?, list(r, device)?);
    if identities.is_empty() || devices.iter().any(|d| d.credential.claim.account != id) {
        return Err(Damaged);
    }
    Ok((id, Account { identities, devices }))
}

fn opaque(r: &mut Reader<'_>) -> Result<Vec<u8>, Damaged> {
    Ok(r.opaque()?.to_vec())
}

impl KeyLog {
    /// The state as bytes.
    #[must_use]
    pub fn keep(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_opaque(&mut out, &self.frontier.to_bytes());
        put_time(&mut out, self.time);
        put_count(&mut out, self.accounts.len());
        for (id, account) in &self.accounts {
            out.extend_from_slice(id.as_bytes());
            put_count(&mut out, account.identities.len());
            for identity in &account.identities {
                out.extend_from_slice(&identity.key);
                out.extend_from_slice(&identity.serial.to_be_bytes());
                out.push(identity.reset.into());
                put_time(&mut out, identity.since);
            }
            put_count(&mut out, account.devices.len());
            for device in &account.devices {
                out.extend_from_slice(&device.credential.encode());
                out.extend_from_slice(&device.leaf_key);
                put_time(&mut out, device.since);
                out.push(match device.ended {
                    None => 0,
                    Some((_, Ended::Account)) => 1,
                    Some((_, Ended::Server)) => 2,
                    Some((_, Ended::Identity)) => 3,
                });
                if let Some((at, _)) = device.ended {
                    put_time(&mut out, at);
                }
            }
        }
        for words in [&self.officers, &self.certificates] {
            put_count(&mut out, words.len());
            words.iter().for_each(|bytes| put_opaque(&mut out, bytes));
        }
        out
    }

    /// Reads what [`Self::keep`] wrote.
    ///
    /// # Errors
    /// When the bytes are not that.
    pub fn open(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(bytes);
        if r.u8()? != VERSION {
            return Err(Damaged);
        }
        let frontier = Frontier::parse(r.opaque()?).map_err(|_| Damaged)?;
        let time = time(&mut r)?;
        let mut log = Self { frontier, time, ..Self::new() };
        for (id, account) in list(&mut r, account)? {
            log.keys.extend(account.identities.iter().map(|i| i.key));
            for device in &account.devices {
                log.keys.insert(device.leaf_key);
                if log.owners.insert(device.device(), id).is_some_and(|owner| owner != id) {
                    return Err(Damaged);
                }
            }
            if log.accounts.insert(id, account).is_some() {
                return Err(Damaged);
            }
        }
        log.officers = list(&mut r, opaque)?;
        log.certificates = list(&mut r, opaque)?;
        if r.is_empty() { Ok(log) } else { Err(Damaged) }
    }
}
