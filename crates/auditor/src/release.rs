//! `release`: an officer answers a request that is in the log, for exactly the days of the conversation that it names. What the
//! officer gives can be opened by the request's one-time key alone, together with enough other officers' answers.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use rempart_capsule::{Partial, Release};

use crate::export::Export;
use crate::journal::date;
use crate::keys::Keys;
use crate::log::{Head, Log};
use crate::officer::Officer;
use crate::scope::{Scope, asked, conversation_of};
use crate::terminal::{Passphrases, bar, confirm};
use crate::{ceremony, files, machine, request, say};

/// Options of `release`.
#[derive(Args, Debug)]
pub struct Give {
    /// Folder of an export that has the request and the conversation's journal
    #[arg(long, value_name = "FOLDER")]
    export: PathBuf,
    /// The officer's file
    #[arg(long, value_name = "FILE")]
    officer: PathBuf,
    /// The request, where the export has several
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// New file for the release
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Where the newest head seen is kept; unless given, beside the officer's file
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Do not ask before releasing
    #[arg(long)]
    yes: bool,
}

/// Releases.
///
/// # Errors
/// When the log does not prove the request, the request is not this officer's to answer, or nothing is in scope.
pub fn run(options: &Give, passphrases: &mut Passphrases) -> Result<()> {
    let (officer, _) = Officer::unlock(&options.officer, passphrases)?;
    let export = Export::open(&options.export)?;
    let log = Log::open(&export, &officer.trust)?;
    let heads = options.heads.clone().unwrap_or_else(|| {
        let mut name = options.officer.clone().into_os_string();
        name.push(".head");
        PathBuf::from(name)
    });
    follows(&log, &heads, &officer)?;
    let wanted = options.request.as_deref().map(request::read).transpose()?;
    let asked = asked(&export, &log, wanted.as_ref())?;
    let share = officer.share(&asked.request.key_id).with_context(|| {
        let key = ceremony::short(&asked.request.key_id);
        say!("you hold no share of archive key {key}", "vous n'avez pas de part de la clé d'archive {key}")
    })?;
    let (conversation, gathered) = conversation_of(&export, &log, &asked.request, false)?;
    let keys = Keys::open(export.root(), &officer.trust.log)?;
    let scope = Scope::of(&asked.request, &officer.trust, &export, keys.as_ref(), &gathered)?;
    for finding in gathered.findings.iter().chain(&scope.refused) {
        println!("{finding}");
    }
    let broken = gathered.findings.len();
    ensure!(
        broken == 0,
        say!(
            "the journal of the conversation is not whole ({broken} findings above): nothing is released on it",
            "le journal de la conversation n'est pas intact ({broken} constats ci-dessus) : rien n'est remis sur cette base"
        )
    );
    let (count, epochs, refused) = (scope.capsules(), scope.epochs.len(), scope.refused.len());
    ensure!(
        count > 0,
        say!(
            "nothing in this export is in the scope of the request",
            "rien dans cet export n'est dans le champ de la demande"
        )
    );

    let (request, name) = (&asked.request, officer.name());
    let (from, to) = (date(request.first_day), date(request.last_day));
    let (hash, position) = (ceremony::short(&asked.hash), asked.line.position);
    let (case, requester, basis) = (plain(&request.case), plain(&request.requester), plain(&request.basis));
    println!(
        "{}",
        say!(
            "Request {hash}, logged at position {position}\n  case: {case}\n  requester: {requester}\n  legal basis: {basis}\n  conversation: {conversation}\n  days: {from} to {to}, UTC\n  epochs: {epochs}, capsules: {count}, not answered: {refused}\n  officer: {name}",
            "Demande {hash}, inscrite à la position {position}\n  dossier : {case}\n  demandeur : {requester}\n  fondement : {basis}\n  conversation : {conversation}\n  jours : du {from} au {to}, UTC\n  époques : {epochs}, capsules : {count}, sans réponse : {refused}\n  officier : {name}"
        )
    );
    if let Some(warning) = log.head.warning(officer.trust.witnesses_needed) {
        println!("{}", say!("WARNING: {warning}", "ATTENTION : {warning}"));
    }
    confirm(&say!("Release your share for this?", "Remettre votre part pour cela ?"), options.yes)?;

    let progress = bar(u64::try_from(count).unwrap_or(0), say!("answering", "réponses"));
    let mut partials: Vec<Partial> = Vec::with_capacity(count);
    let mut answered = HashSet::new();
    for valid in scope.epochs.iter().flat_map(|epoch| &epoch.capsules) {
        let partial = scope.with(valid, |checked| Ok(share.partial(checked, &machine::bytes())?))?;
        // The same bytes logged by two devices are one capsule.
        if answered.insert(*partial.capsule()) {
            partials.push(partial);
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let sealed = Release::new(request, share, partials)?.seal(request, &mut machine::random())?;
    files::write(&options.out, files::armour(files::RELEASE, &sealed.encode()).as_bytes())?;
    remember(&heads, &log.head)?;
    let shown = options.out.display();
    println!("{}", say!("Released: {shown}", "Remis : {shown}"));
    Ok(())
}

/// The log must go on from the newest head that this officer has seen.
fn follows(log: &Log<'_>, heads: &Path, officer: &Officer) -> Result<()> {
    if !heads.try_exists()? {
        return Ok(());
    }
    let shown = heads.display();
    let trust = &officer.trust;
    let seen = Head::verify(&files::read(heads)?, &trust.log, &trust.witnesses, 0)
        .with_context(|| say!("the head kept in {shown}", "la tête gardée dans {shown}"))?;
    log.follows(&seen.checkpoint)
}

fn remember(heads: &Path, head: &Head) -> Result<()> {
    let mut name = heads.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    if new.try_exists()? {
        std::fs::remove_file(&new)?;
    }
    files::write(&new, head.note.as_bytes())?;
    std::fs::rename(&new, heads)?;
    Ok(())
}

/// Text of others, with nothing in it that moves a terminal's cursor or turns the direction of writing.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { '\u{fffd}' }).collect()
}

/// Whether a character shows as what it is.
#[must_use]
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}
