//! `request`: writes the request to open some days of a conversation, and keeps the one-time key that the answers are sealed
//! to. The server logs the request; only then do officers answer it.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use rempart_base::ConversationId;
use rempart_capsule::locked::{Cost, lock};
use rempart_capsule::{OuterKey, Request};
use zeroize::Zeroizing;

use crate::export::{Export, trust};
use crate::journal::date;
use crate::log::Log;
use crate::scope::{gather, sealed_to};
use crate::terminal::Passphrases;
use crate::{ceremony, files, machine, say};

/// Options of `request`.
#[derive(Args, Debug)]
pub struct Ask {
    /// Folder of an export that has the conversation
    #[arg(long, value_name = "FOLDER")]
    export: PathBuf,
    /// Public part of the officers' ceremony
    #[arg(long, value_name = "FILE")]
    public: PathBuf,
    /// The conversation's id
    #[arg(long, value_name = "ID")]
    conversation: String,
    /// First day, UTC, as 2026-10-05
    #[arg(long, value_name = "DAY")]
    from: String,
    /// Last day, included
    #[arg(long, value_name = "DAY")]
    to: String,
    /// Reference of the case
    #[arg(long)]
    case: String,
    /// Who asks
    #[arg(long)]
    requester: String,
    /// The legal basis
    #[arg(long)]
    basis: String,
    /// New file for the request, to be given to the server
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// New file for the one-time key, locked with a passphrase; it stays with whoever opens
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Writes a request.
///
/// # Errors
/// When the export does not prove the conversation, or its days are sealed to no key or to several.
pub fn run(options: &Ask, passphrases: &mut Passphrases, cost: Cost) -> Result<()> {
    let (first_day, last_day) = (day(&options.from)?, day(&options.to)?);
    ensure!(first_day <= last_day, say!("the last day is before the first", "le dernier jour précède le premier"));
    let trust = trust(&options.public)?;
    let export = Export::open(&options.export)?;
    let log = Log::open(&export, &trust)?;
    let conversation: ConversationId = options.conversation.parse().ok().with_context(|| {
        let text = &options.conversation;
        say!("{text} is not the id of a conversation", "{text} n'est pas l'identifiant d'une conversation")
    })?;
    let gathered = gather(&export, &log, conversation, None)?;
    let mut found = sealed_to(&gathered, &trust, &export, (first_day, last_day))?;
    let (from, to) = (date(first_day), date(last_day));
    if found.len() > 1 {
        let keys: Vec<String> =
            found.iter().filter_map(|(key, _)| trust.archive(key)).map(rempart_export::Archive::period).collect();
        let keys = keys.join(", ");
        bail!(say!(
            "{from} to {to} are sealed to several archive keys or groups ({keys}): ask for fewer days at a time",
            "du {from} au {to}, plusieurs clés d'archive ou groupes ({keys}) : demandez moins de jours à la fois"
        ));
    }
    let (key_id, group) = found.pop().with_context(|| {
        say!(
            "no capsule of this conversation was sealed to these officers from {from} to {to}",
            "aucune capsule de cette conversation n'a été scellée pour ces officiers du {from} au {to}"
        )
    })?;
    let passphrase = passphrases.choose(&say!("the request's key", "la clé de la demande"))?;
    let seed = Zeroizing::new(machine::bytes::<32>());
    let request = Request {
        key_id,
        group,
        first_day,
        last_day,
        case: options.case.clone(),
        requester: options.requester.clone(),
        basis: options.basis.clone(),
        one_time_key: Box::new(OuterKey::from_seed(&seed).public()),
    };
    let bytes = request.encode().with_context(|| {
        say!(
            "case, requester and legal basis must have 1 to 255 bytes each",
            "dossier, demandeur et fondement doivent avoir chacun 1 à 255 octets"
        )
    })?;
    // The one-time key is bound to its request: whoever opens with another is told so by the releases.
    let locked = lock(files::REQUEST_KEY, seed.as_slice(), &passphrase, cost, &machine::bytes())?;
    files::write(&options.key, files::armour(files::REQUEST_KEY, &locked).as_bytes())?;
    files::write(&options.out, files::armour(files::REQUEST, &bytes).as_bytes())?;
    let (hash, key) = (ceremony::short(&request.hash()?), ceremony::short(&key_id));
    println!(
        "{}",
        say!(
            "Request {hash} for {from} to {to}, archive key {key}. Have the server log it, then give the officers a new export.",
            "Demande {hash} du {from} au {to}, clé d'archive {key}. Faites-la inscrire par le serveur, puis donnez aux officiers un nouvel export."
        )
    );
    Ok(())
}

/// A request from its file.
///
/// # Errors
/// When the file is not one.
pub fn read(path: &std::path::Path) -> Result<Request> {
    let shown = path.display();
    Request::decode(&files::unarmour(files::REQUEST, path)?)
        .with_context(|| say!("the request {shown}", "la demande {shown}"))
}

fn day(text: &str) -> Result<u32> {
    let date: jiff::civil::Date = text
        .parse()
        .ok()
        .with_context(|| say!("{text} is not a day, as 2026-10-05", "{text} n'est pas un jour, comme 2026-10-05"))?;
    let seconds = date.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_second();
    Ok(u32::try_from(seconds / (24 * 3600))?)
}
