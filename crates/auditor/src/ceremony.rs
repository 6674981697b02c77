//! `ceremony`: makes archive keys and deals them to the officers, who are all in the room.
//!
//! Each key serves one quarter and one retention class and has nothing in common with the others. The dealer's secrets exist
//! in this process alone, until it ends.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use rempart_capsule::locked::Cost;
use rempart_capsule::threshold::deal;
use rempart_capsule::{
    Certificate, Grant, OfficerKey, OfficerSet, OfficerShare, Period, Policy, Record, Retention, Threshold,
};
use rempart_export::{Archive, Trust};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::officer::Officer;
use crate::terminal::{Passphrases, bar, confirm};
use crate::{files, machine, say};

/// Most archive keys of one ceremony.
const MOST_KEYS: usize = 64;

/// Options of `ceremony`.
#[derive(Args, Debug)]
pub struct Ceremony {
    /// New folder for the officers' files and the public part
    #[arg(long)]
    out: PathBuf,
    /// An officer's name; once for each, in the order of their numbers
    #[arg(long = "officer", value_name = "NAME", conflicts_with = "renew", required_unless_present = "renew")]
    officers: Vec<String>,
    /// How many officers must answer to open anything
    #[arg(long, value_name = "K", required_unless_present = "renew", conflicts_with = "renew")]
    needed: Option<u8>,
    /// An officer's file of an earlier ceremony; once for each officer: the same officers, further quarters
    #[arg(long, value_name = "FILE")]
    renew: Vec<PathBuf>,
    /// First quarter, as 2026Q4; unless given, this quarter, or with --renew the one after the last
    #[arg(long, value_name = "QUARTER")]
    period: Option<String>,
    /// How many quarters in a row; two, so that the next key is known before the first ends
    #[arg(long, default_value_t = 2, value_name = "N")]
    periods: u8,
    /// A retention class and its months, as 1:60; once for each class
    #[arg(long, value_name = "CLASS:MONTHS", required = true)]
    retention: Vec<String>,
    /// Text of the notice that people are shown; its hash stands in the policy
    #[arg(long, value_name = "FILE")]
    notice: PathBuf,
    /// Key of the archive log, as `rempart doctor` shows it: host/messages+…
    #[arg(long, value_name = "KEY", required_unless_present = "renew", conflicts_with = "renew")]
    log: Option<String>,
    /// Key of a witness (C2SP cosignature/v1); once for each
    #[arg(long = "witness", value_name = "KEY", conflicts_with = "renew")]
    witnesses: Vec<String>,
    /// How many witnesses must have signed a head of the log before officers answer
    #[arg(long, default_value_t = 0, value_name = "W", conflicts_with = "renew")]
    witnesses_needed: u8,
    /// Allow one officer who alone can read the archive. Everybody is shown that this is so
    #[arg(long)]
    alone: bool,
    /// Do not ask before making the keys
    #[arg(long)]
    yes: bool,
}

struct Person {
    seed: Zeroizing<[u8; 32]>,
    passphrase: Zeroizing<String>,
    shares: Vec<OfficerShare>,
}

/// Runs a ceremony.
///
/// # Errors
/// Says what was wrong; then no file counts, and the folder is to be deleted.
pub fn run(options: &Ceremony, passphrases: &mut Passphrases, cost: Cost) -> Result<()> {
    let retentions = options.retention.iter().map(|text| retention(text)).collect::<Result<Vec<_>>>()?;
    for (place, one) in retentions.iter().enumerate() {
        let class = one.class();
        ensure!(
            retentions.iter().take(place).all(|other| other.class() != class),
            say!("class {class} is given twice", "la classe {class} est donnée deux fois")
        );
    }
    let notice: [u8; 32] = Sha256::digest(files::read(&options.notice)?).into();
    let (mut people, mut trust, threshold) =
        if options.renew.is_empty() { begin(options, passphrases)? } else { renew(options, passphrases)? };
    let periods = periods(options, &trust)?;
    ensure!(
        periods.len() * retentions.len() <= MOST_KEYS,
        say!("at most {MOST_KEYS} keys in one ceremony", "au plus {MOST_KEYS} clés par cérémonie")
    );
    for (period, retention) in periods.iter().flat_map(|p| retentions.iter().map(move |r| (p, r))) {
        let taken = trust
            .archives
            .iter()
            .any(|archive| archive.policy.period == *period && archive.policy.retention.class() == retention.class());
        let (quarter, class) = (name(*period), retention.class());
        ensure!(!taken, say!("{quarter}, class {class} has a key already", "{quarter}, classe {class} a déjà une clé"));
    }
    describe(&trust, threshold, &periods, &retentions);
    confirm(&say!("Make these keys?", "Créer ces clés ?"), options.yes)?;

    std::fs::create_dir(&options.out).with_context(|| {
        let shown = options.out.display();
        say!("cannot make the folder {shown}", "impossible de créer le dossier {shown}")
    })?;
    let progress = bar(
        u64::try_from(periods.len() * retentions.len() + people.len()).unwrap_or(0),
        say!("making keys", "création des clés"),
    );
    for period in &periods {
        for retention in &retentions {
            let (record, shares) = deal(threshold, &mut machine::random());
            let archive = certify(&trust, &people, record, (*period, *retention), notice)?;
            for (person, share) in people.iter_mut().zip(shares) {
                person.shares.push(share);
            }
            trust.archives.push(archive);
            progress.inc(1);
        }
    }
    let mut written = Vec::with_capacity(people.len());
    for (person, number) in people.iter().zip(1_u8..) {
        let officer =
            Officer { number, seed: person.seed.clone(), shares: person.shares.clone(), trust: trust.clone() };
        let path = options.out.join(file_name(number, officer.name()));
        files::write(&path, officer.lock(&person.passphrase, cost)?.as_bytes())?;
        written.push(path);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let public = options.out.join("public.json");
    files::write(&public, trust.to_public().encode()?.as_bytes())?;
    rehearse(&written, &people, &public)?;

    for path in &written {
        println!("{}", path.display());
    }
    println!("{}", public.display());
    let print = trust.fingerprint();
    println!("{}", say!("Fingerprint of the officers: {print}", "Empreinte des officiers : {print}"));
    for archive in &trust.archives {
        let (period, class, id) = (archive.period(), archive.policy.retention.class(), short(&archive.key_id()));
        println!("{}", say!("{period}, class {class}: key {id}", "{period}, classe {class} : clé {id}"));
    }
    println!(
        "{}",
        say!(
            "The files were read back and two groups of officers opened a test capsule with each key.",
            "Les fichiers ont été relus et deux groupes d'officiers ont ouvert une capsule d'essai avec chaque clé."
        )
    );
    danger(threshold);
    Ok(())
}

/// New officers.
fn begin(options: &Ceremony, passphrases: &mut Passphrases) -> Result<(Vec<Person>, Trust, Threshold)> {
    let count = u8::try_from(options.officers.len()).unwrap_or(u8::MAX);
    let needed = options.needed.unwrap_or(0);
    let threshold = Threshold::new(needed, count).ok().with_context(|| {
        say!(
            "{needed} of {count} officers cannot hold an archive: at least 2 of at least 3 (or 1 of 1 with --alone)",
            "{needed} officiers sur {count} ne peuvent garder une archive : au moins 2 sur au moins 3 (ou 1 sur 1 avec --alone)"
        )
    })?;
    if threshold.alone() && !options.alone {
        bail!(say!(
            "one officer alone could read the whole archive: add --alone only if you accept that everybody is shown so",
            "un seul officier pourrait lire toute l'archive : ajoutez --alone seulement si vous acceptez que chacun en soit averti"
        ));
    }
    for name in &options.officers {
        let fits = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        ensure!(fits, say!("an officer's name is empty or too long", "le nom d'un officier est vide ou trop long"));
    }
    let log = options.log.as_deref().unwrap_or("").parse().ok().with_context(|| {
        say!(
            "--log is not the key of a log (host/messages+id+key)",
            "--log n'est pas la clé d'un journal (hôte/messages+id+clé)"
        )
    })?;
    let witnesses = options
        .witnesses
        .iter()
        .map(|key| {
            key.parse()
                .ok()
                .with_context(|| say!("{key} is not the key of a witness", "{key} n'est pas la clé d'un témoin"))
        })
        .collect::<Result<Vec<_>>>()?;
    ensure!(
        usize::from(options.witnesses_needed) <= witnesses.len(),
        say!("more witnesses are needed than there are", "il faut plus de témoins qu'il n'y en a")
    );
    let mut people = Vec::with_capacity(options.officers.len());
    for name in &options.officers {
        let passphrase = passphrases.choose(name)?;
        let repeated = people.iter().any(|other: &Person| other.passphrase == passphrase);
        ensure!(!repeated, say!("two officers have the same passphrase", "deux officiers ont la même phrase de passe"));
        people.push(Person { seed: Zeroizing::new(machine::bytes()), passphrase, shares: Vec::new() });
    }
    let keys = people.iter().map(|person| OfficerKey::from_seed(&person.seed).public()).collect();
    let trust = Trust {
        officers: options.officers.clone(),
        set: OfficerSet::new(needed, [0; 32], keys)?,
        log,
        witnesses,
        witnesses_needed: options.witnesses_needed,
        archives: Vec::new(),
    };
    Ok((people, trust, threshold))
}

/// The officers of an earlier ceremony, all of them: each gets new shares.
fn renew(options: &Ceremony, passphrases: &mut Passphrases) -> Result<(Vec<Person>, Trust, Threshold)> {
    let mut officers = Vec::with_capacity(options.renew.len());
    for path in &options.renew {
        officers.push(Officer::unlock(path, passphrases)?);
    }
    officers.sort_by_key(|(officer, _)| officer.number);
    let Some((first, _)) = officers.first() else { bail!("no officer") };
    let trust = first.trust.clone();
    let public = trust.to_public();
    ensure!(
        officers.iter().all(|(officer, _)| officer.trust.to_public() == public),
        say!(
            "the officers' files are of different ceremonies: take the newest of each",
            "les fichiers des officiers viennent de cérémonies différentes : prenez les plus récents"
        )
    );
    let all = (1..).zip(&officers).all(|(number, (officer, _))| officer.number == number);
    let (given, count) = (officers.len(), trust.officers.len());
    ensure!(
        all && given == count,
        say!(
            "all {count} officers must be there, once each; {given} files were given",
            "les {count} officiers doivent être là, une fois chacun ; {given} fichiers donnés"
        )
    );
    let threshold = Threshold::new(trust.set.needed(), u8::try_from(count).unwrap_or(u8::MAX))?;
    let people = officers
        .into_iter()
        .map(|(officer, passphrase)| Person { seed: officer.seed, passphrase, shares: officer.shares })
        .collect();
    Ok((people, trust, threshold))
}

fn certify(
    trust: &Trust,
    people: &[Person],
    record: Record,
    (period, retention): (Period, Retention),
    notice_hash: [u8; 32],
) -> Result<Archive> {
    let (not_before_ms, not_after_ms) = bounds(period)?;
    let grant = Grant {
        keys: record.keys(),
        period,
        retention,
        threshold: record.threshold(),
        not_before_ms,
        not_after_ms,
        record_hash: record.hash(),
        set_hash: trust.set.hash(),
    };
    let message = grant.signature_input();
    let signatures =
        (0..).zip(people).map(|(place, p)| (place, OfficerKey::from_seed(&p.seed).sign(&message))).collect();
    let policy = Policy {
        keys: record.keys(),
        period,
        retention,
        threshold: record.threshold(),
        witnesses: trust.witnesses_needed,
        log_key: *trust.log.key_bytes(),
        notice_hash,
    };
    Ok(Archive { certificate: Certificate::new(grant, signatures)?, record, policy })
}

/// Reads back what was written, as the officers will, and opens a capsule with two different groups for each key.
fn rehearse(written: &[PathBuf], people: &[Person], public: &Path) -> Result<()> {
    let progress = bar(u64::try_from(written.len()).unwrap_or(0), say!("reading back", "relecture"));
    let mut officers = Vec::with_capacity(written.len());
    for (path, person) in written.iter().zip(people) {
        let mut line = Passphrases::Lines(Box::new(std::io::Cursor::new(Zeroizing::new(
            [person.passphrase.as_bytes(), b"\n"].concat(),
        ))));
        officers.push(Officer::unlock(path, &mut line)?.0);
        progress.inc(1);
    }
    let trust = rempart_export::Public::decode(&files::read(public)?)?.verify()?;
    for archive in &trust.archives {
        let shares: Vec<OfficerShare> =
            officers.iter().filter_map(|officer| officer.share(&archive.key_id()).cloned()).collect();
        let needed = usize::from(archive.record.threshold().needed());
        let (Some(one), Some(two)) =
            (shares.get(..needed), shares.len().checked_sub(needed).and_then(|n| shares.get(n..)))
        else {
            bail!("a share is missing");
        };
        archive.record.rehearse(one, two, &machine::bytes())?;
    }
    progress.finish_and_clear();
    Ok(())
}

fn describe(trust: &Trust, threshold: Threshold, periods: &[Period], retentions: &[Retention]) {
    let (needed, count) = (threshold.needed(), threshold.officers());
    let names = trust.officers.join(", ");
    println!(
        "{}",
        say!(
            "{needed} of {count} officers open the archive: {names}",
            "{needed} officiers sur {count} ouvrent l'archive : {names}"
        )
    );
    for period in periods {
        for retention in retentions {
            let (quarter, class, months) = (name(*period), retention.class(), retention.months());
            println!(
                "{}",
                say!(
                    "{quarter}, class {class}, kept {months} months",
                    "{quarter}, classe {class}, conservé {months} mois"
                )
            );
        }
    }
    let (log, witnesses, of) = (trust.log.name(), trust.witnesses_needed, trust.witnesses.len());
    println!(
        "{}",
        say!(
            "Log {log}; heads signed by {witnesses} of {of} witnesses",
            "Journal {log} ; têtes signées par {witnesses} témoins sur {of}"
        )
    );
    if witnesses == 0 {
        println!(
            "{}",
            say!(
                "WARNING: without witnesses the server could show officers a log of its own making.",
                "ATTENTION : sans témoin, le serveur pourrait montrer aux officiers un journal fabriqué."
            )
        );
    }
    danger(threshold);
}

fn danger(threshold: Threshold) {
    if threshold.alone() {
        println!(
            "{}",
            say!(
                "DANGER: one officer alone can read this archive.",
                "DANGER : un seul officier peut lire cette archive."
            )
        );
    }
}

fn retention(text: &str) -> Result<Retention> {
    let parsed = text
        .split_once(':')
        .and_then(|(class, months)| Some((class.parse().ok()?, months.parse().ok()?)))
        .and_then(|(class, months)| Retention::new(class, months).ok());
    parsed.with_context(|| {
        say!(
            "{text} is not a retention class and its months (1 to 1200), as 1:60",
            "{text} n'est pas une classe de conservation et ses mois (1 à 1200), comme 1:60"
        )
    })
}

fn periods(options: &Ceremony, trust: &Trust) -> Result<Vec<Period>> {
    ensure!(
        (1..=8).contains(&options.periods),
        say!("between 1 and 8 quarters at once", "entre 1 et 8 trimestres à la fois")
    );
    let first = match (&options.period, trust.archives.iter().map(|archive| archive.policy.period).max()) {
        (Some(text), _) => parse_period(text)?,
        (None, Some(last)) => next(last)?,
        (None, None) => {
            let today = jiff::Timestamp::from_millisecond(i64::try_from(machine::now_ms())?)?
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date();
            Period::new(u16::try_from(today.year())?, u8::try_from((today.month() - 1) / 3 + 1)?)?
        }
    };
    let mut periods = vec![first];
    while periods.len() < usize::from(options.periods) {
        let Some(last) = periods.last() else { break };
        periods.push(next(*last)?);
    }
    Ok(periods)
}

fn parse_period(text: &str) -> Result<Period> {
    let parsed = text
        .split_once('Q')
        .or_else(|| text.split_once('T'))
        .and_then(|(year, quarter)| Period::new(year.parse().ok()?, quarter.parse().ok()?).ok());
    parsed.with_context(|| say!("{text} is not a quarter, as 2026Q4", "{text} n'est pas un trimestre, comme 2026T4"))
}

fn next(period: Period) -> Result<Period> {
    let next = if period.quarter() == 4 {
        Period::new(period.year() + 1, 1)
    } else {
        Period::new(period.year(), period.quarter() + 1)
    };
    next.map_err(Into::into)
}

fn name(period: Period) -> String {
    format!("{}Q{}", period.year(), period.quarter())
}

/// First and last millisecond of a quarter, UTC.
fn bounds(period: Period) -> Result<(u64, u64)> {
    let start = |period: Period| -> Result<u64> {
        let month = i8::try_from((period.quarter() - 1) * 3 + 1)?;
        let date = jiff::civil::Date::new(i16::try_from(period.year())?, month, 1)?;
        Ok(u64::try_from(date.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_millisecond())?)
    };
    Ok((start(period)?, start(next(period)?)? - 1))
}

/// First eight bytes of a key's id, in hexadecimal.
#[must_use]
pub fn short(id: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(id.first_chunk::<8>().unwrap_or(&[0; 8]))
}

fn file_name(number: u8, name: &str) -> String {
    let mut plain: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    while plain.contains("--") {
        plain = plain.replace("--", "-");
    }
    let plain = plain.trim_matches('-');
    if plain.is_empty() { format!("officer-{number}.rempart") } else { format!("officer-{number}-{plain}.rempart") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_follow_each_other_and_have_their_bounds() {
        let last = parse_period("2026Q4").unwrap();
        assert_eq!(name(next(last).unwrap()), "2027Q1");
        assert_eq!(parse_period("2026T4").unwrap(), last);
        // 2026-10-01T00:00:00Z and 2026-12-31T23:59:59.999Z.
        assert_eq!(bounds(last).unwrap(), (1_790_812_800_000, 1_798_761_599_999));
        for wrong in ["2026", "2026Q5", "Q4", "26Q1", ""] {
            assert!(parse_period(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_makes_a_harmless_file_name() {
        assert_eq!(file_name(1, "Zoé Martin/../x"), "officer-1-zo-martin-x.rempart");
        assert_eq!(file_name(2, "李"), "officer-2.rempart");
    }
}
