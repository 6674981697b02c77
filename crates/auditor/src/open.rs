//! `open`: puts officers' releases together, opens the entries of the conversation and days that they answered for, and writes
//! the report. Nothing of what was written goes to standard output.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use data_encoding::HEXLOWER;
use rempart_base::ConversationId;
use rempart_capsule::locked::unlock;
use rempart_capsule::partial::combine;
use rempart_capsule::{Entry, EpochKey, OuterKey, OuterShare, Partial, Record, Release, Request, SealedRelease};
use rempart_content::Content;
use rempart_export::{KeyLine, Line, Trust, layout};
use rempart_merkle::leaf::{KIND_CONTENT, KIND_ERASURE, KIND_GROUP, KIND_MEMBERSHIP, Sender};

use crate::export::{Export, trust};
use crate::journal::{Finding, date, day};
use crate::keys::{Keys, written_by};
use crate::log::Log;
use crate::report::{CapsuleProof, EntryProof, EpochProof, FindingText, HTML, JSON, KIND, Proved, Report};
use crate::scope::{Asked, Epoch, Gathered, Scope, asked, conversation_of};
use crate::terminal::{Passphrases, bar};
use crate::{attachments, files, html, machine, request, say};

/// Options of `open`.
#[derive(Args, Debug)]
pub struct Open {
    /// Folder of the export
    #[arg(long, value_name = "FOLDER")]
    export: PathBuf,
    /// Public part of the officers' ceremony
    #[arg(long, value_name = "FILE")]
    public: PathBuf,
    /// The request
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// The request's one-time key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// An officer's release; once for each
    #[arg(long = "release", value_name = "FILE", required = true)]
    releases: Vec<PathBuf>,
    /// New folder for the report
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// Opens. The answer says whether everything held.
///
/// # Errors
/// When the releases do not open, or too few officers answered.
pub fn run(options: &Open, passphrases: &mut Passphrases) -> Result<bool> {
    let trust = trust(&options.public)?;
    let export = Export::open(&options.export)?;
    let log = Log::open(&export, &trust)?;
    let asked = asked(&export, &log, Some(&request::read(&options.request)?))?;
    let shown = options.key.display();
    let locked = files::unarmour(files::REQUEST_KEY, &options.key)?;
    let passphrase = passphrases.ask(&shown.to_string())?;
    let seed = unlock(files::REQUEST_KEY, &locked, &passphrase).map_err(|error| match error {
        rempart_capsule::locked::LockError::Passphrase => anyhow::anyhow!(say!(
            "cannot unlock {shown}: the passphrase is wrong, or the file was altered",
            "impossible de déverrouiller {shown} : la phrase de passe est fausse, ou le fichier a été modifié"
        )),
        other => other.into(),
    })?;
    let one_time = OuterKey::from_seed(seed.as_slice().try_into().context("the request's key")?);
    ensure!(
        one_time.public() == *asked.request.one_time_key,
        say!("{shown} is the key of another request", "{shown} est la clé d'une autre demande")
    );
    let archive = trust.archive(&asked.request.key_id).with_context(|| {
        say!("the request is for an unknown archive key", "la demande vise une clé d'archive inconnue")
    })?;
    let (releases, outer) = releases(&options.releases, &asked.request, &one_time, &archive.record)?;
    let (conversation, gathered) = conversation_of(&export, &log, &asked.request, true)?;
    let keys = Keys::open(export.root(), &trust.log)?;
    let scope = Scope::of(&asked.request, &trust, &export, keys.as_ref(), &gathered)?;

    std::fs::create_dir_all(options.out.parent().unwrap_or(Path::new(".")))?;
    std::fs::create_dir(&options.out).with_context(|| {
        let shown = options.out.display();
        say!("cannot make the folder {shown}", "impossible de créer le dossier {shown}")
    })?;
    std::fs::create_dir(options.out.join("files"))?;
    let opening = Opening {
        export: &export,
        log: &log,
        keys: keys.as_ref(),
        out: &options.out,
        trust: &trust,
        record: &archive.record,
        releases: &releases,
        outer: &outer,
        scope: &scope,
        asked: &asked,
    };
    let mut report = opening.report(conversation, &gathered)?;
    if let Some(warning) = log.head.warning(trust.witnesses_needed) {
        report.findings.push(FindingText { position: log.size(), what: warning });
    }
    write(&options.out, &report, keys.as_ref())?;

    let (entries, opened) = (report.entries.len(), report.entries.iter().filter(|entry| entry.text.is_some()).count());
    let saved = report.entries.iter().flat_map(|entry| &entry.files).filter(|file| file.path.is_some()).count();
    let problems: usize = report.entries.iter().map(|entry| entry.problems.len()).sum();
    let findings = report.findings.len() + problems;
    let place = options.out.join(HTML);
    let place = place.display();
    println!(
        "{}",
        say!(
            "{entries} entries, {opened} readable, {saved} files, {findings} findings: {place}",
            "{entries} entrées, {opened} lisibles, {saved} fichiers, {findings} constats : {place}"
        )
    );
    for finding in &report.findings {
        println!("{}", Finding { position: finding.position, what: finding.what.clone() });
    }
    for entry in &report.entries {
        for problem in &entry.problems {
            println!("{}", Finding { position: entry.entry.position, what: problem.clone() });
        }
    }
    Ok(findings == 0)
}

/// Opens and checks the releases, each officer once, and rebuilds the outer key.
fn releases(
    paths: &[PathBuf],
    request: &Request,
    one_time: &OuterKey,
    record: &Record,
) -> Result<(Vec<Release>, OuterKey)> {
    let mut releases: Vec<Release> = Vec::with_capacity(paths.len());
    for path in paths {
        let shown = path.display();
        let release = SealedRelease::decode(&files::unarmour(files::RELEASE, path)?)
            .map_err(Into::into)
            .and_then(|sealed| sealed.open(request, one_time))
            .with_context(|| say!("the release {shown}", "la remise {shown}"))?;
        record.verify_outer(release.outer()).with_context(|| say!("the release {shown}", "la remise {shown}"))?;
        if releases.iter().all(|other| other.officer() != release.officer()) {
            releases.push(release);
        }
    }
    let (given, needed) = (releases.len(), record.threshold().needed());
    ensure!(
        given >= usize::from(needed),
        say!(
            "{given} officers released, {needed} are needed: nothing can be opened",
            "{given} officiers ont remis leur part, il en faut {needed} : rien ne peut être ouvert"
        )
    );
    let shares: Vec<OuterShare> = releases.iter().map(|release| release.outer().clone()).collect();
    let outer = record.rebuild_outer(&shares)?;
    Ok((releases, outer))
}

struct Opening<'a> {
    export: &'a Export,
    log: &'a Log<'a>,
    keys: Option<&'a Keys>,
    out: &'a Path,
    trust: &'a Trust,
    record: &'a Record,
    releases: &'a [Release],
    outer: &'a OuterKey,
    scope: &'a Scope,
    asked: &'a Asked,
}

impl Opening<'_> {
    fn report(&self, conversation: ConversationId, gathered: &Gathered) -> Result<Report> {
        let request = &self.asked.request;
        let mut officers: Vec<u8> = self.releases.iter().map(Release::officer).collect();
        officers.sort_unstable();
        let mut findings: Vec<Finding> = gathered.findings.iter().chain(&self.scope.refused).cloned().collect();
        let mut by_epoch: HashMap<&[u8], Vec<Entry>> = HashMap::new();
        for line in gathered.kept.iter().filter(|line| line.leaf.kind == KIND_CONTENT) {
            if let Some(Ok(entry)) = line.body.as_ref().map(|(_, content)| Entry::decode(content)) {
                by_epoch.entry(line.leaf.epoch_ref.as_slice()).or_default().push(entry);
            }
        }
        let mut epoch_keys: HashMap<[u8; 32], EpochKey> = HashMap::new();
        let mut epochs = Vec::with_capacity(self.scope.epochs.len());
        let progress = bar(u64::try_from(self.scope.epochs.len()).unwrap_or(0), say!("capsules", "capsules"));
        for epoch in &self.scope.epochs {
            let entries = by_epoch.get(epoch.reference.as_slice()).map_or(&[][..], Vec::as_slice);
            let (key, proof) = self.epoch(epoch, entries, &mut findings)?;
            epoch_keys.extend(key.map(|key| (epoch.reference, key)));
            epochs.push(proof);
            progress.inc(1);
        }
        progress.finish_and_clear();

        let mut entries = Vec::with_capacity(gathered.kept.len());
        let mut seen = BTreeSet::new();
        let progress = bar(u64::try_from(gathered.kept.len()).unwrap_or(0), say!("opening", "ouverture"));
        for line in &gathered.kept {
            progress.inc(1);
            let kind = match line.leaf.kind {
                KIND_CONTENT => "content",
                KIND_MEMBERSHIP => "membership",
                KIND_ERASURE => "erasure",
                KIND_GROUP => "group",
                _ => continue,
            };
            let mut entry = EntryProof {
                seq: line.leaf.seq,
                time_ms: line.leaf.server_time_ms,
                kind: kind.to_owned(),
                dropped: gathered.dropped.contains(line.leaf.epoch_ref.as_slice()),
                entry: Proved::new(line, &self.log.inclusion(line.position)?),
                device: None,
                account: None,
                text: None,
                files: Vec::new(),
                problems: Vec::new(),
            };
            match (line.leaf.kind, &line.body) {
                (KIND_CONTENT, None) if gathered.erased.contains(&line.leaf.seq) => {}
                (KIND_CONTENT, None) => entry.problems.push(say!(
                    "the body is not in the export and no entry says that it was erased",
                    "le corps n'est pas dans l'export et aucune entrée ne dit qu'il a été effacé"
                )),
                (KIND_CONTENT, Some((_, content))) => {
                    self.content(line, content, &epoch_keys, &mut seen, &mut entry)?
                }
                (_, Some((_, content))) => entry.text = Some(STANDARD.encode(content)),
                (_, None) => {}
            }
            entries.push(entry);
        }
        progress.finish_and_clear();
        findings.sort();
        Ok(Report {
            rempart: KIND.to_owned(),
            made_at_ms: machine::now_ms(),
            conversation: conversation.to_string(),
            days: (date(request.first_day), date(request.last_day)),
            checkpoint: self.log.head.note.clone(),
            public: self.trust.to_public(),
            request: Proved::new(&self.asked.line, &self.log.inclusion(self.asked.line.position)?),
            officers,
            epochs,
            entries,
            findings: findings.into_iter().map(|f| FindingText { position: f.position, what: f.what }).collect(),
            complete: self.complete(conversation)?,
            people: self.export.manifest.people.clone(),
        })
    }

    /// The epoch's key: the one that the commitments of its entries fit. Says which capsules were wrong.
    fn epoch(
        &self,
        epoch: &Epoch,
        entries: &[Entry],
        findings: &mut Vec<Finding>,
    ) -> Result<(Option<EpochKey>, EpochProof)> {
        let mut best: Option<(usize, EpochKey)> = None;
        let mut opened = Vec::with_capacity(epoch.capsules.len());
        for valid in &epoch.capsules {
            let key = self.scope.with(valid, |checked| {
                let partials: Vec<Partial> = self
                    .releases
                    .iter()
                    .filter_map(|release| release.partial(checked.hash()))
                    .filter(|partial| partial.verify(checked, self.record).is_ok())
                    .cloned()
                    .collect();
                let inner = combine(checked, self.record, &partials)?;
                Ok(checked.open(&inner, self.outer)?)
            });
            match key {
                Ok(key) => {
                    let fits = entries.iter().filter(|entry| entry.fits(&key)).count();
                    if best.as_ref().is_none_or(|(most, _)| fits > *most) {
                        best = Some((fits, key.clone()));
                    }
                    opened.push(Some(key));
                }
                Err(error) => {
                    findings.push(Finding {
                        position: valid.line.position,
                        what: say!("the capsule does not open: {error}", "la capsule ne s'ouvre pas : {error}"),
                    });
                    opened.push(None);
                }
            }
        }
        let key = best.map(|(_, key)| key);
        let mut capsules = Vec::with_capacity(epoch.capsules.len());
        for (valid, one) in epoch.capsules.iter().zip(opened) {
            let right = one.is_some() && one == key;
            if one.is_some() && !right {
                findings.push(Finding {
                    position: valid.line.position,
                    what: say!(
                        "the capsule held another key than the entries were sealed with; a repair in the log was used",
                        "la capsule contenait une autre clé que celle des entrées ; une réparation du journal a servi"
                    ),
                });
            }
            capsules.push(CapsuleProof {
                entry: Proved::new(&valid.line, &self.log.inclusion(valid.line.position)?),
                right,
            });
        }
        let proof = EpochProof {
            reference: HEXLOWER.encode(&epoch.reference),
            number: epoch.number,
            day: date(epoch.day),
            key: key.as_ref().map(|key| HEXLOWER.encode(key.as_bytes())),
            capsules,
        };
        Ok((key, proof))
    }

    fn content(
        &self,
        line: &Line,
        content: &[u8],
        epoch_keys: &HashMap<[u8; 32], EpochKey>,
        seen: &mut BTreeSet<(Vec<u8>, [u8; 32], u64)>,
        out: &mut EntryProof,
    ) -> Result<()> {
        let entry = match Entry::decode(content) {
            Ok(entry) => entry,
            Err(error) => {
                out.problems.push(say!("not a recorded entry: {error}", "pas une entrée enregistrée : {error}"));
                return Ok(());
            }
        };
        let header = entry.header();
        if header.group != self.asked.request.group {
            out.problems.push(say!("the entry is of another group", "l'entrée est d'un autre groupe"));
        }
        self.writer(line, &entry, out);
        if !seen.insert((header.epoch_ref.to_vec(), header.certificate, header.counter)) {
            out.problems.push(say!(
                "the same device had used this number before: the entry may be a replay",
                "le même appareil avait déjà utilisé ce numéro : l'entrée est peut-être rejouée"
            ));
        }
        let Some(key) = epoch_keys.get(&header.epoch_ref) else {
            out.problems.push(say!(
                "no capsule in the scope of the request opens this entry's epoch",
                "aucune capsule du champ de la demande n'ouvre l'époque de cette entrée"
            ));
            return Ok(());
        };
        match entry.open(key) {
            Ok(plain) => {
                if let Ok(Content::Message(message)) = rempart_content::decode(&plain) {
                    for (place, file) in attachments::of(&message, &plain).iter().enumerate() {
                        let saved = attachments::save(self.export, self.out, line.leaf.seq, place, file);
                        out.problems.extend(saved.problem.clone());
                        if !header.blobs.contains(file.blob.as_bytes()) {
                            out.problems.push(say!(
                                "a file is not among those that the entry's header names",
                                "un fichier n'est pas de ceux que nomme l'en-tête de l'entrée"
                            ));
                        }
                        out.files.push(saved);
                    }
                }
                out.text = Some(STANDARD.encode(&*plain));
            }
            Err(error) => out.problems.push(say!("it does not open: {error}", "elle ne s'ouvre pas : {error}")),
        }
        Ok(())
    }

    fn writer(&self, line: &Line, entry: &Entry, out: &mut EntryProof) {
        if let Sender::Device(device) = line.leaf.sender {
            out.device = Some(device.to_string());
        }
        let Some(keys) = self.keys else {
            out.problems.push(say!(
                "without the key log nothing proves who wrote this",
                "sans le journal des clés, rien ne prouve qui a écrit ceci"
            ));
            return;
        };
        match written_by(keys, &line.leaf, entry) {
            Ok(writer) => out.account = Some(writer.account.to_string()),
            Err(problem) => out.problems.push(problem),
        }
    }

    /// Whether nothing can be missing at the end: a later entry of the conversation stands beyond the days, or the leaves of
    /// the whole log are there and show none.
    fn complete(&self, conversation: ConversationId) -> Result<bool> {
        let last_day = self.asked.request.last_day;
        let mut beyond = false;
        let mut last = 0;
        self.export.lines(&layout::journal(conversation), |line| {
            beyond |= day(&line) > last_day && self.log.leaf(line.position)? == Some(line.leaf_hash());
            last = last.max(line.leaf.seq);
            Ok(())
        })?;
        if beyond || !self.export.manifest.whole_log {
            return Ok(beyond);
        }
        let mut highest = 0;
        self.log.leaves(|_, leaf| {
            let leaf = rempart_merkle::Leaf::decode(leaf)?;
            if leaf.conversation == conversation {
                highest = highest.max(leaf.seq);
            }
            Ok(())
        })?;
        Ok(highest == last)
    }
}

fn write(out: &Path, report: &Report, keys: Option<&Keys>) -> Result<()> {
    files::write(&out.join(JSON), &serde_json::to_vec_pretty(report)?)?;
    files::write(&out.join(HTML), html::page(report)?.as_bytes())?;
    if let Some(keys) = keys {
        std::fs::create_dir(out.join("keys"))?;
        files::write(&out.join(layout::KEYS_CHECKPOINT), &keys.note)?;
        let mut lines = String::new();
        for leaf in &keys.leaves {
            lines.push_str(&KeyLine { leaf: leaf.clone() }.encode()?);
            lines.push('\n');
        }
        files::write(&out.join(layout::KEYS_LEAVES), lines.as_bytes())?;
    }
    if report.entries.is_empty() {
        bail!(say!("there is no entry on these days", "il n'y a aucune entrée ces jours-là"));
    }
    Ok(())
}
