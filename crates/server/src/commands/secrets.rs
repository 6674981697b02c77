//! `rempart secrets`: the keys to another node or a safe, sealed.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use zeroize::Zeroizing;

use crate::cli::Secrets;
use crate::config::{Config, Environment};
use crate::secrets::sealed::{Contents, LARGEST, open, seal};
use crate::secrets::{Missing, Place, private, write_new};
use crate::tls::local::KEY_FILE;
use crate::{terminal, wiring};

/// Runs one.
///
/// # Errors
/// What keeps it from happening, and what to do.
pub fn run(command: Secrets, config: &Config, environment: &Environment) -> Result<ExitCode> {
    let place = Place { folder: config.secrets_dir.clone(), credentials: environment.credentials() };
    match command {
        Secrets::Export { to } => export(&place, to.as_deref())?,
        Secrets::Import { from } => import(&place, &from)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn export(place: &Place, to: Option<&Path>) -> Result<()> {
    let secrets = place.load(&wiring::purposes_of(place), Missing::Refuse, wiring::entropy().as_ref())?;
    let authority = place.folder.join(KEY_FILE);
    let mut files = Vec::new();
    if authority.exists() {
        private(&authority)?;
        files.push((KEY_FILE.to_owned(), Zeroizing::new(std::fs::read_to_string(&authority)?)));
    }
    let passphrase =
        terminal::secret_twice("Passphrase (12 characters or more): ", "Again: ").context("no passphrase was read")?;
    let text = seal(&Contents::of(&secrets, files), &passphrase, wiring::entropy().as_ref())?;
    match to {
        Some(path) => {
            write_new(path, text.as_bytes())?;
            eprintln!("The keys are sealed in {}. Keep the passphrase apart from it.", path.display());
        }
        None => std::io::stdout().write_all(text.as_bytes())?,
    }
    Ok(())
}

fn import(place: &Place, from: &Path) -> Result<()> {
    let size = std::fs::metadata(from).with_context(|| format!("cannot read {}", from.display()))?.len();
    if size > u64::try_from(LARGEST).unwrap_or(u64::MAX) {
        bail!("{} is too large to be a sealed copy of Rempart's keys", from.display());
    }
    let text = std::fs::read_to_string(from).with_context(|| format!("cannot read {}", from.display()))?;
    let passphrase = terminal::secret("Passphrase: ").context("no passphrase was read")?;
    let contents = open(&text, &passphrase)?;
    // A copy made by an earlier version has fewer keys; a folder of an earlier version gets the ones that came since.
    let secrets = contents.secrets(&wiring::purposes_in(&contents), place)?;
    let mut missing = Vec::new();
    for secret in secrets {
        if !secret.path.exists() {
            missing.push(secret);
            continue;
        }
        let there = place.load(&[secret.purpose], Missing::Refuse, wiring::entropy().as_ref())?;
        if there.first().is_none_or(|there| there.id != secret.id || wiring::value(there) != wiring::value(&secret)) {
            bail!("{} is another key than the copy's; nothing was changed", secret.path.display());
        }
    }
    if missing.is_empty() {
        bail!("every key of the copy is there already: nothing was changed");
    }
    for secret in &missing {
        place.keep(secret)?;
    }
    if let Some((_, pem)) = contents.files.iter().find(|(name, _)| name == KEY_FILE) {
        let path = place.folder.join(KEY_FILE);
        if !path.exists() {
            write_new(&path, pem.as_bytes())?;
        }
    }
    eprintln!("The keys are in {}.", place.folder.display());
    Ok(())
}
