//! An officer's file: shares, signing key, and what the officer trusts, all locked with the officer's passphrase. Because the
//! log's and the witnesses' keys are inside, nobody who hands the officer an export can choose them.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rempart_capsule::locked::{Cost, lock, unlock};
use rempart_capsule::{OfficerKey, OfficerShare};
use rempart_export::{Public, Trust};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::terminal::Passphrases;
use crate::{files, machine, say};

/// Room for the text of an officer's file, so that it is never moved in memory while it is written.
const ROOM: usize = 4 << 20;

/// What an officer holds.
#[derive(Debug)]
pub struct Officer {
    /// Number, from 1.
    pub number: u8,
    /// The signing key's seed.
    pub seed: Zeroizing<[u8; 32]>,
    /// A share of each archive key.
    pub shares: Vec<OfficerShare>,
    /// Officers, log, witnesses, archive keys.
    pub trust: Trust,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    officer: u8,
    seed: Zeroizing<String>,
    shares: Vec<Zeroizing<String>>,
    public: Public,
}

impl Officer {
    /// The officer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.trust.name(self.number)
    }

    /// The signing key.
    #[must_use]
    pub fn key(&self) -> OfficerKey {
        OfficerKey::from_seed(&self.seed)
    }

    /// The share of an archive key.
    #[must_use]
    pub fn share(&self, key_id: &[u8; 32]) -> Option<&OfficerShare> {
        self.shares.iter().find(|share| share.key_id() == key_id)
    }

    /// The file's text, locked.
    ///
    /// # Errors
    /// When the passphrase is too short.
    pub fn lock(&self, passphrase: &str, cost: Cost) -> Result<String> {
        let text = Text {
            officer: self.number,
            seed: Zeroizing::new(STANDARD.encode(self.seed.as_slice())),
            shares: self.shares.iter().map(|share| Zeroizing::new(STANDARD.encode(share.encode()))).collect(),
            public: self.trust.to_public(),
        };
        let mut plain = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *plain, &text)?;
        let locked = lock(files::OFFICER, &plain, passphrase, cost, &machine::bytes())?;
        Ok(files::armour(files::OFFICER, &locked))
    }

    /// Unlocks an officer's file and checks every share against its record.
    ///
    /// # Errors
    /// When the file is another, the passphrase is wrong, or a share is damaged.
    pub fn unlock(path: &Path, passphrases: &mut Passphrases) -> Result<(Self, Zeroizing<String>)> {
        let locked = files::unarmour(files::OFFICER, path)?;
        let shown = path.display().to_string();
        let passphrase = passphrases.ask(&shown)?;
        let officer = Self::unlock_with(&locked, &passphrase)
            .with_context(|| say!("cannot unlock {shown}", "impossible de déverrouiller {shown}"))?;
        Ok((officer, passphrase))
    }

    fn unlock_with(locked: &[u8], passphrase: &str) -> Result<Self> {
        let plain = unlock(files::OFFICER, locked, passphrase).map_err(|error| match error {
            rempart_capsule::locked::LockError::Passphrase => anyhow::anyhow!(say!(
                "the passphrase is wrong, or the file was altered",
                "la phrase de passe est fausse, ou le fichier a été modifié"
            )),
            other => other.into(),
        })?;
        let text: Text = serde_json::from_slice(&plain)?;
        let trust = text.public.verify()?;
        let seed = Zeroizing::new(STANDARD.decode(text.seed.as_bytes())?);
        let mut shares = Vec::with_capacity(text.shares.len());
        for share in &text.shares {
            let bytes = Zeroizing::new(STANDARD.decode(share.as_bytes())?);
            let share = OfficerShare::decode(&bytes)?;
            let archive = trust.archive(share.key_id()).context("a share of an unknown archive key")?;
            archive.record.verify_share(&share)?;
            if share.officer() != text.officer {
                bail!("a share of another officer");
            }
            shares.push(share);
        }
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed.as_slice())?);
        let officer = Self { number: text.officer, seed, shares, trust };
        let place = usize::from(officer.number).checked_sub(1);
        if place.and_then(|place| officer.trust.set.keys().get(place)) != Some(&officer.key().public()) {
            bail!("the signing key is not this officer's");
        }
        Ok(officer)
    }
}
