//! `canary`: the quarterly proof that the archive can still be opened, and how many shares survive. Nobody's conversation is
//! touched: a canary seals nothing (`capsule::canary`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, Subcommand};
use rempart_capsule::canary::CANARY;
use rempart_capsule::partial::PARTIAL;
use rempart_capsule::{Canary, CanaryAnswer};
use rempart_export::Trust;

use crate::export::trust;
use crate::journal::moment;
use crate::officer::Officer;
use crate::terminal::Passphrases;
use crate::{files, machine, say};

/// Bytes of an answer.
const ANSWER: usize = 1 + 32 + 8 + PARTIAL + 64;

/// The three steps.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a canary for each archive key
    Make(Make),
    /// Answer as an officer
    Answer(Answer),
    /// Say from the answers which shares survive
    Check(Check),
}

/// Options of `canary make`.
#[derive(Args, Debug)]
pub struct Make {
    /// Public part of the officers' ceremony
    #[arg(long, value_name = "FILE")]
    public: PathBuf,
    /// New file for the canaries
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Options of `canary answer`.
#[derive(Args, Debug)]
pub struct Answer {
    /// The officer's file
    #[arg(long, value_name = "FILE")]
    officer: PathBuf,
    /// The canaries
    #[arg(long, value_name = "FILE")]
    canary: PathBuf,
    /// New file for the answer
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Options of `canary check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Public part of the officers' ceremony
    #[arg(long, value_name = "FILE")]
    public: PathBuf,
    /// The canaries
    #[arg(long, value_name = "FILE")]
    canary: PathBuf,
    /// An officer's answer; once for each
    #[arg(long = "answer", value_name = "FILE")]
    answers: Vec<PathBuf>,
}

/// Runs a step. The answer of `check` is whether every key is proved and can still lose a share.
///
/// # Errors
/// When files are not what they must be, or a share is damaged.
pub fn run(command: &Command, passphrases: &mut Passphrases) -> Result<bool> {
    match command {
        Command::Make(options) => make(options).map(|()| true),
        Command::Answer(options) => answer(options, passphrases).map(|()| true),
        Command::Check(options) => check(options),
    }
}

fn make(options: &Make) -> Result<()> {
    let trust = trust(&options.public)?;
    let mut bytes = Vec::new();
    for archive in &trust.archives {
        bytes.extend(Canary::make(&archive.record, &machine::bytes())?.encode());
    }
    files::write(&options.out, files::armour(files::CANARY, &bytes).as_bytes())?;
    let count = trust.archives.len();
    println!("{}", say!("{count} canaries, one for each archive key", "{count} canaris, un par clé d'archive"));
    Ok(())
}

fn answer(options: &Answer, passphrases: &mut Passphrases) -> Result<()> {
    let canaries = read(&options.canary)?;
    let (officer, _) = Officer::unlock(&options.officer, passphrases)?;
    let mut bytes = Vec::new();
    let mut answered = 0;
    for canary in &canaries {
        let (Some(share), Some(archive)) = (officer.share(canary.key_id()), officer.trust.archive(canary.key_id()))
        else {
            continue;
        };
        let answer =
            CanaryAnswer::make(canary, &archive.record, share, &officer.key(), machine::now_ms(), &machine::bytes())?;
        bytes.extend(answer.encode());
        answered += 1;
    }
    ensure!(
        answered > 0,
        say!("you hold no share of any of these archive keys", "vous n'avez de part d'aucune de ces clés d'archive")
    );
    files::write(&options.out, files::armour(files::ANSWER, &bytes).as_bytes())?;
    let (count, name) = (canaries.len(), officer.name());
    println!("{}", say!("{name}: {answered} of {count} canaries answered", "{name} : {answered} canaris sur {count}"));
    Ok(())
}

fn check(options: &Check) -> Result<bool> {
    let trust = trust(&options.public)?;
    let canaries = read(&options.canary)?;
    let mut clean = true;
    let mut answers: BTreeMap<[u8; 32], Vec<CanaryAnswer>> = BTreeMap::new();
    for path in &options.answers {
        for answer in read_answers(path)? {
            let held = canaries.iter().find_map(|canary| {
                let archive = trust.archive(canary.key_id())?;
                let place = usize::from(answer.officer()).checked_sub(1)?;
                let key = trust.set.keys().get(place)?;
                answer.verify(canary, &archive.record, key).is_ok().then(|| canary.hash())
            });
            let Some(canary) = held else {
                let (shown, name) = (path.display(), trust.name(answer.officer()));
                println!(
                    "{}",
                    say!("{shown}: an answer of {name} is wrong", "{shown} : une réponse de {name} est fausse")
                );
                clean = false;
                continue;
            };
            let list = answers.entry(canary).or_default();
            if list.iter().all(|other| other.officer() != answer.officer()) {
                list.push(answer);
            }
        }
    }
    for canary in &canaries {
        let none = Vec::new();
        clean &= one(canary, answers.get(&canary.hash()).unwrap_or(&none), &trust)?;
    }
    Ok(clean)
}

/// Says how one archive key stands; whether it is proved and can lose a share.
fn one(canary: &Canary, answers: &[CanaryAnswer], trust: &Trust) -> Result<bool> {
    let archive = trust.archive(canary.key_id()).with_context(|| {
        say!(
            "a canary is for an archive key that the officers do not know",
            "un canari vise une clé que les officiers ne connaissent pas"
        )
    })?;
    let threshold = archive.record.threshold();
    let (needed, all, alive) = (usize::from(threshold.needed()), threshold.officers(), answers.len());
    let missing: Vec<&str> = (1..=all)
        .filter(|number| answers.iter().all(|answer| answer.officer() != *number))
        .map(|number| trust.name(number))
        .collect();
    let (period, class) = (archive.period(), archive.policy.retention.class());
    let who = if missing.is_empty() {
        String::new()
    } else {
        let names = missing.join(", ");
        say!(" (no answer: {names})", " (sans réponse : {names})")
    };
    let shares = say!("{alive} of {all} shares survive{who}", "{alive} parts sur {all} survivent{who}");
    if alive < needed {
        println!(
            "{}",
            say!(
                "{period}, class {class}: NOT PROVED, {needed} answers are needed; {shares}",
                "{period}, classe {class} : NON PROUVÉ, il faut {needed} réponses ; {shares}"
            )
        );
        return Ok(false);
    }
    canary.opens(&archive.record, answers)?;
    let latest = moment(answers.iter().map(CanaryAnswer::time_ms).max().unwrap_or(0));
    let spare = alive - needed;
    if spare == 0 && all > 1 {
        println!(
            "{}",
            say!(
                "{period}, class {class}: openable, proved {latest}; {shares}. DANGER: the loss of one more closes the archive for ever",
                "{period}, classe {class} : ouvrable, prouvé le {latest} ; {shares}. DANGER : une perte de plus ferme l'archive pour toujours"
            )
        );
        return Ok(false);
    }
    println!(
        "{}",
        say!(
            "{period}, class {class}: openable, proved {latest}; {shares}",
            "{period}, classe {class} : ouvrable, prouvé le {latest} ; {shares}"
        )
    );
    Ok(true)
}

fn read(path: &Path) -> Result<Vec<Canary>> {
    parts(&files::unarmour(files::CANARY, path)?, CANARY)?
        .into_iter()
        .map(|part| Canary::decode(part).map_err(Into::into))
        .collect()
}

fn read_answers(path: &Path) -> Result<Vec<CanaryAnswer>> {
    parts(&files::unarmour(files::ANSWER, path)?, ANSWER)?
        .into_iter()
        .map(|part| CanaryAnswer::decode(part).map_err(Into::into))
        .collect()
}

fn parts(bytes: &[u8], len: usize) -> Result<Vec<&[u8]>> {
    let parts = bytes.chunks_exact(len);
    if bytes.is_empty() || !parts.remainder().is_empty() {
        bail!(say!("the file is damaged: copy it again", "le fichier est abîmé : copiez-le de nouveau"));
    }
    Ok(parts.collect())
}
