//! One installation: a device, its groups, and the account's identity key where it is held.

use rempart_base::AccountId;
use rempart_group_policy::{DeviceClaim, Kind};
use rempart_mls_client::{AccountKey, Batch, Client};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use crate::aside::{Aside, Entries, Value};
use crate::refused::Refused;
use crate::values::{
    ArchiveOut, Beliefs, ChangesIn, Enrolment, EpochOut, Identity, JoinedOut, LeafOut, OpenedOut, OutgoingOut, bytes,
    epoch, group, id, leaves, suite, time, verdict,
};

/// Where the seed of the account's identity key is kept. The client's own keys begin with `d`, `g` and `s`.
const ACCOUNT_AT: &[u8] = b"a";

/// A device with its groups.
pub struct Installation {
    client: Client<Aside>,
    account: Option<AccountKey>,
}

impl Installation {
    /// Makes this installation a device. With the `seed` of the account's identity key it joins the account's other devices;
    /// without, it makes the account's first identity key.
    ///
    /// # Errors
    /// What is not an identifier or a seed of 32 bytes, or no randomness.
    pub fn enrol(as_whom: &Enrolment, seed: Option<&[u8]>) -> Result<Self, Refused> {
        let (account, device, now) = (id::<AccountId>(&as_whom.account)?, id(&as_whom.device)?, time(as_whom.now)?);
        let (key, seed) = match seed {
            Some(seed) => account_key(seed)?,
            None => AccountKey::generate()?,
        };
        let claim = if as_whom.guest {
            DeviceClaim::guest(account, device, now)
        } else {
            DeviceClaim::member(account, device, now)
        };
        let mut client = Client::enrol(Aside::default(), claim, |claim| key.sign(claim))?;
        client.store_mut().add(ACCOUNT_AT.to_vec(), Zeroizing::new(seed.to_vec()));
        Ok(Self { client, account: Some(key) })
    }

    /// Takes up what is kept.
    ///
    /// # Errors
    /// `mls_not_enrolled` when there is no device in it, or it cannot be read.
    pub fn open(entries: Entries) -> Result<Self, Refused> {
        let (account, entries) = split(entries)?;
        Ok(Self { client: Client::open(Aside::holding(entries))?, account })
    }

    /// Drops memory and takes up what is kept: after a failure of the store.
    ///
    /// # Errors
    /// It cannot be read; nothing works until it can.
    pub fn reload(&mut self, entries: Entries) -> Result<(), Refused> {
        let (account, entries) = split(entries)?;
        *self.client.store_mut() = Aside::holding(entries);
        self.account = account;
        Ok(self.client.reload()?)
    }

    /// The batch of the last operation, once; absent when it changed nothing. [`Self::written`] must follow.
    pub fn take_batch(&mut self) -> Option<Batch> {
        self.client.store_mut().take()
    }

    /// The batch is kept: operations may go on.
    ///
    /// # Errors
    /// None was taken.
    pub fn written(&mut self) -> Result<(), Refused> {
        if self.client.store_mut().written() {
            return Ok(());
        }
        Err(Refused::new(Refused::BUSY, "no batch was taken that could be written"))
    }

    /// Whose installation this is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let device = self.client.device();
        let claim = device.credential().claim;
        Identity {
            account: claim.account.to_string(),
            device: claim.device.to_string(),
            guest: claim.kind == Kind::Guest,
            device_key: device.key().to_vec(),
            credential: device.credential().encode(),
            account_key: self.account.as_ref().map(|key| bytes(key.public())),
        }
    }

    /// Signs an entry of the key log with the account's identity key. Device credentials are made by [`Self::enrol`] alone.
    pub(crate) fn sign_entry(&self, message: &[u8]) -> Result<[u8; 64], Refused> {
        let absent = || Refused::new(Refused::NO_ACCOUNT_KEY, "the account's identity key is not held here");
        Ok(self.account.as_ref().ok_or_else(absent)?.sign(message))
    }

    /// Makes key packages: `one_time` that serve once and, last in the list, one of last resort if asked for.
    ///
    /// # Errors
    /// A name or time that is none; `mls_busy`.
    pub fn key_packages(
        &mut self,
        of: &str,
        one_time: u32,
        last_resort: bool,
        now: f64,
    ) -> Result<Vec<ByteBuf>, Refused> {
        let (of, now) = (suite(of)?, time(now)?);
        let one_time = usize::try_from(one_time).unwrap_or(usize::MAX);
        if one_time > MOST_PACKAGES {
            return Err(Refused::value("at most 200 key packages at once"));
        }
        let made = self.ready()?.key_packages(of, one_time, last_resort, now)?;
        Ok(made.into_iter().map(bytes).collect())
    }

    /// Makes a group with this device alone in it, recorded with an `archive` policy. Returns the GroupInfo for the server.
    ///
    /// # Errors
    /// As [`Client::create`].
    pub fn create(
        &mut self,
        name: &[u8],
        of: &str,
        archive: Option<&[u8]>,
        beliefs: Beliefs,
    ) -> Result<Vec<u8>, Refused> {
        let (name, of, believed) = (group(name)?, suite(of)?, beliefs.read()?);
        let client = self.ready()?;
        Ok(believed.with(|trust| client.create(name, of, archive, trust))?)
    }

    /// Makes a commit, which waits for [`Self::confirm`] or [`Self::withdraw`].
    ///
    /// # Errors
    /// As [`Client::commit`].
    pub fn commit(&mut self, name: &[u8], changes: ChangesIn, beliefs: Beliefs) -> Result<OutgoingOut, Refused> {
        let (name, changes, believed) = (group(name)?, changes.read()?, beliefs.read()?);
        let client = self.ready()?;
        Ok(believed.with(|trust| client.commit(name, &changes, trust))?.into())
    }

    /// The server took the commit. Returns the epoch's name.
    ///
    /// # Errors
    /// `mls_no_commit_pending`.
    pub fn confirm(&mut self, name: &[u8]) -> Result<Vec<u8>, Refused> {
        let name = group(name)?;
        Ok(self.ready()?.confirm(name)?.0.to_vec())
    }

    /// The server did not take the commit.
    ///
    /// # Errors
    /// `mls_no_commit_pending`.
    pub fn withdraw(&mut self, name: &[u8]) -> Result<(), Refused> {
        let name = group(name)?;
        Ok(self.ready()?.withdraw(name)?)
    }

    /// Joins by a Welcome.
    ///
    /// # Errors
    /// As [`Client::join`].
    pub fn join(&mut self, welcome: &[u8], beliefs: Beliefs) -> Result<JoinedOut, Refused> {
        let believed = beliefs.read()?;
        let client = self.ready()?;
        Ok(believed.with(|trust| client.join(welcome, trust))?.into())
    }

    /// Processes the next messages of a group, in the journal's order, as one batch. Each is taken or refused by itself.
    ///
    /// # Errors
    /// A name that is none; `mls_busy`. What is wrong with a message is its own answer: the code as of [`Client::receive`].
    pub fn receive(&mut self, name: &[u8], messages: &[ByteBuf], beliefs: Beliefs) -> Result<Vec<OpenedOut>, Refused> {
        let (name, believed) = (group(name)?, beliefs.read()?);
        let client = self.ready()?;
        client.store_mut().gather(true);
        let opened = believed.with(|trust| {
            let each = messages.iter().map(|message| match client.receive(name, message, trust) {
                Ok(received) => OpenedOut::Ok(received.into()),
                Err(error) => OpenedOut::Refused(error.code()),
            });
            each.collect()
        });
        client.store_mut().gather(false);
        Ok(opened)
    }

    /// Seals content of a sealed conversation.
    ///
    /// # Errors
    /// As [`Client::seal`].
    pub fn seal(&mut self, name: &[u8], content: &[u8]) -> Result<Vec<u8>, Refused> {
        let name = group(name)?;
        Ok(self.ready()?.seal(name, content)?)
    }

    /// The capsule's secrets of the epoch; absent in a sealed group. They must not leave the worker.
    ///
    /// # Errors
    /// `mls_no_group`.
    pub fn archive_secrets(&mut self, name: &[u8]) -> Result<Option<ArchiveOut>, Refused> {
        let name = group(name)?;
        Ok(self.ready()?.archive_secrets(name)?.map(ArchiveOut::from))
    }

    /// A secret of the epoch for another use.
    ///
    /// # Errors
    /// As [`Client::export`].
    pub fn export(&mut self, name: &[u8], label: &str, context: &[u8], len: u32) -> Result<Value, Refused> {
        let name = group(name)?;
        let len = u16::try_from(len).map_err(|_| Refused::value("a secret has at most 65,535 bytes"))?;
        Ok(self.ready()?.export(name, label, context, len.into())?)
    }

    /// Where the group stands.
    ///
    /// # Errors
    /// `mls_no_group`.
    pub fn epoch(&mut self, name: &[u8]) -> Result<EpochOut, Refused> {
        let name = group(name)?;
        let client = self.ready()?;
        let (epoch, reference) = client.epoch(name)?;
        Ok(EpochOut { epoch, epoch_ref: bytes(reference.0), member: client.is_member(name)? })
    }

    /// The members, with their keys.
    ///
    /// # Errors
    /// `mls_no_group`.
    pub fn leaves(&mut self, name: &[u8]) -> Result<Vec<LeafOut>, Refused> {
        let name = group(name)?;
        Ok(leaves(&self.ready()?.leaves(name)?))
    }

    /// A signed word on an epoch, encoded.
    ///
    /// # Errors
    /// A name that is none.
    pub fn statement(&self, said: &str, name: &[u8], reference: &[u8]) -> Result<Vec<u8>, Refused> {
        Ok(self.client.statement(verdict(said)?, group(name)?, epoch(reference)?).encode())
    }

    /// Epoch number `number` is final.
    ///
    /// # Errors
    /// `mls_busy`.
    pub fn settled(&mut self, name: &[u8], number: u64) -> Result<(), Refused> {
        let name = group(name)?;
        Ok(self.ready()?.settled(name, number)?)
    }

    /// The chain after the epoch is dropped.
    ///
    /// # Errors
    /// `mls_no_snapshot`: this device needs to be added again.
    pub fn go_back(&mut self, name: &[u8], reference: &[u8]) -> Result<(), Refused> {
        let (name, to) = (group(name)?, epoch(reference)?);
        Ok(self.ready()?.go_back(name, to)?)
    }

    /// Forgets a group and every secret of it.
    ///
    /// # Errors
    /// `mls_busy`.
    pub fn forget(&mut self, name: &[u8]) -> Result<(), Refused> {
        let name = group(name)?;
        Ok(self.ready()?.forget(name)?)
    }

    fn ready(&mut self) -> Result<&mut Client<Aside>, Refused> {
        if self.client.store_mut().is_written() {
            return Ok(&mut self.client);
        }
        Err(Refused::new(Refused::BUSY, "the operation before is not written yet"))
    }
}

/// As many as the server keeps of a device.
const MOST_PACKAGES: usize = 200;

fn account_key(seed: &[u8]) -> Result<(AccountKey, Zeroizing<[u8; 32]>), Refused> {
    let mut own = Zeroizing::new([0; 32]);
    if seed.len() != own.len() {
        return Err(Refused::value("the seed of an identity key has 32 bytes"));
    }
    own.copy_from_slice(seed);
    Ok((AccountKey::from_seed(&own), own))
}

fn split(mut entries: Entries) -> Result<(Option<AccountKey>, Entries), Refused> {
    let account = entries.remove(ACCOUNT_AT).map(|seed| account_key(&seed)).transpose()?;
    Ok((account.map(|(key, _)| key), entries))
}
