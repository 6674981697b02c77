//! `verify`: everything about an export, or about the report of an opening, that can be verified without opening anything.
//! Needs no secret; says every finding, and the first bad position.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use data_encoding::HEXLOWER;
use rempart_base::{BlobHash, ConversationId};
use rempart_capsule::capsule::Target;
use rempart_capsule::{Entry, EpochKey, Request, SentCapsule};
use rempart_content::Content;
use rempart_export::{Line, Trust, layout};
use rempart_merkle::checkpoint::Checkpoint;
use rempart_merkle::cosignature::WitnessKey;
use rempart_merkle::leaf::{KIND_CAPSULE, KIND_CONTENT, KIND_OPENING};
use rempart_merkle::note::VerifierKey;
use rempart_merkle::proof::verify_inclusion;
use rempart_merkle::{Leaf, Sender};
use sha2::{Digest as _, Sha256};

use crate::export::{Export, trust};
use crate::journal::{Finding, date, day, walk};
use crate::keys::{Keys, written_by};
use crate::log::{Head, Log};
use crate::release::plain as plain_text;
use crate::report::{EntryProof, JSON, KIND, Proved, Report};
use crate::scope::any_targets;
use crate::{attachments, files, say};

/// Longest report, in bytes: some million entries with their proofs.
const LARGEST_REPORT: u64 = 8 << 30;

/// Options of `verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// Folder of an export
    #[arg(long, value_name = "FOLDER", required_unless_present = "report", conflicts_with = "report")]
    export: Option<PathBuf>,
    /// Folder of the report of an opening
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,
    /// Public part of the officers' ceremony: log, witnesses and archive keys to trust
    #[arg(long, value_name = "FILE", required_unless_present = "log", conflicts_with = "log")]
    public: Option<PathBuf>,
    /// Key of the log alone, where there are no officers
    #[arg(long, value_name = "KEY")]
    log: Option<String>,
    /// A head of the log kept since earlier: this one must go on from it
    #[arg(long = "since", value_name = "FILE")]
    since: Vec<PathBuf>,
}

struct Trusted {
    log: VerifierKey,
    witnesses: Vec<WitnessKey>,
    needed: u8,
    officers: Option<Trust>,
}

/// Verifies. The answer says whether all is well.
///
/// # Errors
/// When the log itself does not hold, or files are missing or not in the format.
pub fn run(options: &Verify) -> Result<bool> {
    let trusted = match (&options.public, &options.log) {
        (Some(path), _) => {
            let officers = trust(path)?;
            Trusted {
                log: officers.log.clone(),
                witnesses: officers.witnesses.clone(),
                needed: officers.witnesses_needed,
                officers: Some(officers),
            }
        }
        (None, Some(key)) => {
            let log = key
                .parse()
                .ok()
                .with_context(|| say!("{key} is not the key of a log", "{key} n'est pas la clé d'un journal"))?;
            Trusted { log, witnesses: Vec::new(), needed: 0, officers: None }
        }
        (None, None) => bail!(say!("--public or --log is needed", "il faut --public ou --log")),
    };
    let mut findings = match (&options.export, &options.report) {
        (Some(folder), _) => export(folder, &trusted, &options.since)?,
        (None, Some(folder)) => report(folder, &trusted)?,
        (None, None) => bail!(say!("--export or --report is needed", "il faut --export ou --report")),
    };
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    match findings.first() {
        None => println!("{}", say!("all is well", "tout est en ordre")),
        Some(first) => {
            let (count, position) = (findings.len(), first.position);
            println!(
                "{}",
                say!(
                    "{count} findings; the first bad position is {position}",
                    "{count} constats ; la première position fautive est {position}"
                )
            );
        }
    }
    Ok(findings.is_empty())
}

fn export(folder: &Path, trusted: &Trusted, since: &[PathBuf]) -> Result<Vec<Finding>> {
    let export = Export::open(folder)?;
    let log = Log::open_with(&export, &trusted.log, &trusted.witnesses, trusted.needed)?;
    let mut older: Vec<PathBuf> = since.to_vec();
    let heads = export.path(layout::HEADS);
    if heads.try_exists()? {
        for entry in std::fs::read_dir(&heads)? {
            older.push(entry?.path());
        }
    }
    for path in &older {
        let shown = path.display();
        let seen = Checkpoint::open(&files::read(path)?, &trusted.log, trusted.log.name())
            .with_context(|| say!("the head {shown}", "la tête {shown}"))?;
        log.follows(&seen).with_context(|| say!("since the head {shown}", "depuis la tête {shown}"))?;
    }
    let keys = Keys::open(export.root(), &trusted.log)?;
    let targets = trusted.officers.as_ref().map(|officers| any_targets(officers, &export)).transpose()?;
    let mut findings = Vec::new();
    let mut lasts = BTreeMap::new();
    let (mut entries, mut bodies) = (0_u64, 0_u64);
    let mut blobs = HashMap::new();
    for journal in &export.manifest.journals {
        let id = journal.id()?;
        let mut check = Check {
            keys: keys.as_ref(),
            targets: targets.as_deref(),
            findings: Vec::new(),
            sealed: HashSet::new(),
            blobs: HashMap::new(),
        };
        let mut last = 0;
        findings.extend(walk(&export, &log, id, |line| {
            entries += 1;
            bodies += u64::from(line.body.is_some());
            last = last.max(line.leaf.seq);
            check.entry(&line);
            Ok(())
        })?);
        findings.append(&mut check.findings);
        blobs.extend(check.blobs);
        lasts.insert(id, last);
    }
    let mut openings = 0_u64;
    if export.path(layout::OPENINGS).try_exists()? {
        export.lines(layout::OPENINGS, |line| {
            openings += 1;
            let holds = log.leaf(line.position)? == Some(line.leaf_hash()) && line.body_fits();
            if !holds || line.leaf.kind != KIND_OPENING {
                let what = say!(
                    "the opening request is not the one logged",
                    "la demande d'ouverture n'est pas celle du journal"
                );
                findings.push(Finding { position: line.position, what });
            }
            Ok(())
        })?;
    }
    let mut files_found = 0_u64;
    for (blob, position) in &blobs {
        match blob_holds(&export, *blob)? {
            Some(true) => files_found += 1,
            Some(false) => findings.push(Finding {
                position: *position,
                what: say!("file {blob} is not what its name says", "le fichier {blob} n'est pas ce que dit son nom"),
            }),
            None => {}
        }
    }
    let (size, conversations, absent) = (log.size(), lasts.len(), blobs.len() as u64 - files_found);
    println!(
        "{}",
        say!(
            "{entries} entries in {conversations} conversations, {bodies} with their content, {openings} opening requests, {files_found} files ({absent} not in the export), log of {size}",
            "{entries} entrées dans {conversations} conversations, {bodies} avec leur contenu, {openings} demandes d'ouverture, {files_found} fichiers ({absent} absents de l'export), journal de {size}"
        )
    );
    if export.manifest.whole_log {
        ends(&log, &lasts, &mut findings)?;
    } else {
        println!(
            "{}",
            say!(
                "not proved: that no entry came after the last ones, since the export has not the leaves of the whole log",
                "non prouvé : qu'aucune entrée n'ait suivi les dernières, car l'export n'a pas les feuilles de tout le journal"
            )
        );
    }
    if keys.is_none() {
        println!(
            "{}",
            say!("not proved: who wrote, without the key log", "non prouvé : qui a écrit, sans le journal des clés")
        );
    }
    Ok(findings)
}

/// With the leaves of the whole log: that each journal ends where the log says.
fn ends(log: &Log<'_>, lasts: &BTreeMap<ConversationId, u64>, findings: &mut Vec<Finding>) -> Result<()> {
    let mut others = HashSet::new();
    log.leaves(|position, leaf| {
        let leaf = Leaf::decode(leaf)?;
        match lasts.get(&leaf.conversation) {
            Some(last) if leaf.seq > *last => {
                let (seq, id) = (leaf.seq, leaf.conversation);
                findings.push(Finding {
                    position,
                    what: say!(
                        "entry {seq} of conversation {id} is missing at the end of its journal",
                        "l'entrée {seq} de la conversation {id} manque à la fin de son journal"
                    ),
                });
            }
            Some(_) => {}
            None => {
                others.insert(leaf.conversation);
            }
        }
        Ok(())
    })?;
    let count = others.len();
    println!(
        "{}",
        say!(
            "the log also has {count} conversations or other journals that are not in the export",
            "le journal a aussi {count} conversations ou autres suites qui ne sont pas dans l'export"
        )
    );
    Ok(())
}

struct Check<'a> {
    keys: Option<&'a Keys>,
    targets: Option<&'a [Target]>,
    findings: Vec<Finding>,
    /// Epochs that have a capsule made for them.
    sealed: HashSet<Vec<u8>>,
    /// Blobs that entries name, and where first.
    blobs: HashMap<BlobHash, u64>,
}

impl Check<'_> {
    fn entry(&mut self, line: &Line) {
        let Some((_, content)) = &line.body else { return };
        let problem = match line.leaf.kind {
            KIND_CAPSULE => self.capsule(line, content).err(),
            KIND_CONTENT if !line.leaf.epoch_ref.is_empty() => self.content(line, content).err(),
            _ => None,
        };
        if let Some(what) = problem {
            self.findings.push(Finding { position: line.position, what });
        }
    }

    fn capsule(&mut self, line: &Line, content: &[u8]) -> Result<(), String> {
        let sent = SentCapsule::decode(content)
            .map_err(|error| say!("the capsule cannot be read: {error}", "la capsule est illisible : {error}"))?;
        if let (Some(keys), Sender::Device(device)) = (self.keys, &line.leaf.sender) {
            let writer = keys.writer(*device, line.leaf.server_time_ms)?;
            if sent.verify(&writer.leaf_key).is_err() {
                return Err(say!(
                    "the capsule is not signed by the device that the log names",
                    "la capsule n'est pas signée par l'appareil que nomme le journal"
                ));
            }
        }
        let Some(targets) = self.targets else { return Ok(()) };
        let capsule = sent
            .capsule()
            .map_err(|error| say!("the capsule is no capsule: {error}", "la capsule n'en est pas une : {error}"))?;
        let fits = |target: &Target| {
            target.place(sent.group(), *sent.epoch_ref()).is_ok_and(|place| capsule.verify(&place).is_ok())
        };
        if sent.epoch_ref().as_slice() != line.leaf.epoch_ref || !targets.iter().any(fits) {
            return Err(say!(
                "the capsule was not made for this conversation and epoch, or not for these officers",
                "la capsule n'a pas été faite pour cette conversation et cette époque, ou pas pour ces officiers"
            ));
        }
        self.sealed.insert(line.leaf.epoch_ref.clone());
        Ok(())
    }

    fn content(&mut self, line: &Line, content: &[u8]) -> Result<(), String> {
        // A sealed entry is an MLS PrivateMessage, which nobody but members can judge.
        let Ok(entry) = Entry::decode(content) else { return Ok(()) };
        for blob in &entry.header().blobs {
            self.blobs.entry(BlobHash::from_bytes(*blob)).or_insert(line.position);
        }
        if let Some(keys) = self.keys {
            written_by(keys, &line.leaf, &entry)?;
        }
        if self.targets.is_some() && !self.sealed.contains(&line.leaf.epoch_ref) {
            return Err(say!(
                "no capsule of this entry's epoch stands in the log before it: the archive could not open it",
                "aucune capsule de l'époque de cette entrée ne la précède au journal : l'archive ne pourrait pas l'ouvrir"
            ));
        }
        Ok(())
    }
}

/// Whether a blob's bytes have its hash; `None` where the export has not got it.
fn blob_holds(export: &Export, blob: BlobHash) -> Result<Option<bool>> {
    let path = export.path(&layout::blob(blob));
    if !path.try_exists()? {
        return Ok(None);
    }
    Ok(Some(sha256(&path)? == *blob.as_bytes()))
}

fn sha256(path: &Path) -> Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer)?;
        match buffer.get(..read) {
            Some(bytes) if !bytes.is_empty() => hash.update(bytes),
            _ => return Ok(hash.finalize().into()),
        }
    }
}

fn report(folder: &Path, trusted: &Trusted) -> Result<Vec<Finding>> {
    let report: Report = serde_json::from_slice(&files::read_up_to(&folder.join(JSON), LARGEST_REPORT)?)?;
    ensure!(
        report.rempart == KIND,
        say!("this is not the report of an opening", "ce n'est pas le rapport d'une ouverture")
    );
    let head = Head::verify(report.checkpoint.as_bytes(), &trusted.log, &trusted.witnesses, trusted.needed)?;
    if let Some(officers) = &trusted.officers {
        let same = report.public.verify()?.fingerprint() == officers.fingerprint();
        ensure!(same, say!("the report names other officers", "le rapport nomme d'autres officiers"));
    }
    let keys = Keys::open(folder, &trusted.log)?
        .with_context(|| say!("the report has no key log", "le rapport n'a pas de journal des clés"))?;
    let mut findings = Vec::new();
    let request = proved(&report.request, &head.checkpoint)
        .map_err(|what| anyhow::anyhow!(what))
        .and_then(|line| {
            ensure!(line.leaf.kind == KIND_OPENING, "not a request");
            Ok(Request::decode(&line.body.context("no request")?.1)?)
        })
        .with_context(|| say!("the request of the report", "la demande du rapport"))?;
    let mut epochs: HashMap<Vec<u8>, EpochKey> = HashMap::new();
    for epoch in &report.epochs {
        for capsule in &epoch.capsules {
            if let Err(what) = proved(&capsule.entry, &head.checkpoint) {
                findings.push(Finding { position: capsule.entry.position, what });
            }
        }
        let key = epoch.key.as_deref().and_then(|key| HEXLOWER.decode(key.as_bytes()).ok()?.try_into().ok());
        if let Some(key) = key {
            epochs.insert(HEXLOWER.decode(epoch.reference.as_bytes())?, EpochKey::from_bytes(key));
        }
    }
    let mut last = None;
    for entry in &report.entries {
        let position = entry.entry.position;
        let mut what = judge(entry, &head.checkpoint, &request, &keys, &epochs, folder);
        if last.is_some_and(|last| last >= position) {
            what.push(say!("the entry is out of order", "l'entrée n'est pas dans l'ordre"));
        }
        last = Some(position);
        findings.extend(what.into_iter().map(|what| Finding { position, what }));
    }
    let (count, from, to) = (report.entries.len(), date(request.first_day), date(request.last_day));
    let size = head.checkpoint.size;
    println!(
        "{}",
        say!(
            "{count} entries from {from} to {to}, log of {size}",
            "{count} entrées du {from} au {to}, journal de {size}"
        )
    );
    Ok(findings)
}

/// What does not hold of an entry of a report.
fn judge(
    entry: &EntryProof,
    head: &Checkpoint,
    request: &Request,
    keys: &Keys,
    epochs: &HashMap<Vec<u8>, EpochKey>,
    folder: &Path,
) -> Vec<String> {
    let line = match proved(&entry.entry, head) {
        Ok(line) => line,
        Err(what) => return vec![what],
    };
    let mut problems = Vec::new();
    if line.leaf.seq != entry.seq || line.leaf.server_time_ms != entry.time_ms {
        problems.push(say!(
            "number or time are not those of the leaf",
            "le numéro ou l'heure ne sont pas ceux de la feuille"
        ));
    }
    if !(request.first_day..=request.last_day).contains(&day(&line)) {
        problems.push(say!("the entry is of a day not asked for", "l'entrée est d'un jour non demandé"));
    }
    let shown = entry.text.as_ref().map(|text| STANDARD.decode(text).unwrap_or_default());
    let content = line.body.as_ref().map(|(_, content)| content.as_slice());
    match (line.leaf.kind, content, shown) {
        (KIND_CONTENT, Some(content), Some(shown)) => {
            let opened =
                Entry::decode(content).ok().filter(|entry| entry.header().group == request.group).and_then(|entry| {
                    let plain = entry.open(epochs.get(&line.leaf.epoch_ref)?).ok()?;
                    Some((entry, plain))
                });
            match opened {
                Some((sealed, plain)) if plain.as_slice() == shown => match written_by(keys, &line.leaf, &sealed) {
                    Ok(writer) if entry.account == Some(writer.account.to_string()) => {
                        problems.extend(attached(entry, &plain, folder));
                    }
                    Ok(_) => {
                        problems.push(say!("the report names another account", "le rapport nomme un autre compte"))
                    }
                    Err(what) => problems.push(what),
                },
                _ => problems.push(say!(
                    "the text shown is not what the archived entry opens to",
                    "le texte montré n'est pas celui de l'entrée archivée"
                )),
            }
        }
        (KIND_CONTENT, _, None) => problems.extend(entry.problems.iter().cloned()),
        (_, content, Some(shown)) if content != Some(shown.as_slice()) => {
            problems.push(say!("the text shown is not what was logged", "le texte montré n'est pas celui du journal"))
        }
        _ => {}
    }
    problems
}

/// What does not hold of the files saved with a message. A file proves itself: sealed again with the key that the message
/// carries, it has the name under which the message names it.
fn attached(entry: &EntryProof, plain: &[u8], folder: &Path) -> Vec<String> {
    let named = match rempart_content::decode(plain) {
        Ok(Content::Message(message)) => attachments::of(&message, plain),
        _ => Vec::new(),
    };
    let mut problems = Vec::new();
    if named.len() != entry.files.len() {
        problems.push(say!(
            "the report lists other files than the message",
            "le rapport liste d'autres fichiers que le message"
        ));
    }
    for (file, saved) in named.iter().zip(&entry.files) {
        let Some(path) = &saved.path else { continue };
        let place = Path::new(path).file_name().map(|name| folder.join("files").join(name));
        let holds = place.and_then(|path| attachments::stored_hash(&path, file).ok()) == Some(file.blob);
        if !holds || saved.name != file.name {
            let name = plain_text(&file.name);
            problems.push(say!(
                "the saved file {name} is not the one that was sent, or is missing",
                "le fichier enregistré {name} n'est pas celui qui a été envoyé, ou manque"
            ));
        }
    }
    problems
}

/// The entry of a report, if the head proves it and its body fits.
fn proved(entry: &Proved, head: &Checkpoint) -> Result<Line, String> {
    let malformed = || say!("the entry is not in the format", "l'entrée n'est pas au format");
    let bytes = |text: &String| STANDARD.decode(text).map_err(|_| malformed());
    let leaf_bytes = bytes(&entry.leaf)?;
    let body = match (&entry.salt, &entry.content) {
        (Some(salt), Some(content)) => Some((bytes(salt)?.try_into().map_err(|_| malformed())?, bytes(content)?)),
        _ => None,
    };
    let leaf = Leaf::decode(&leaf_bytes).map_err(|_| malformed())?;
    let line = Line { position: entry.position, leaf, leaf_bytes, body };
    let proof = entry
        .proof
        .iter()
        .map(|hash| bytes(hash)?.try_into().map_err(|_| malformed()))
        .collect::<Result<Vec<[u8; 32]>, String>>()?;
    verify_inclusion(&line.leaf_hash(), line.position, head.size, &proof, &head.root)
        .map_err(|_| say!("the entry is not in the signed log", "l'entrée n'est pas dans le journal signé"))?;
    if line.body_fits() {
        Ok(line)
    } else {
        Err(say!(
            "the content is not the one that the log committed to",
            "le contenu n'est pas celui auquel le journal s'est engagé"
        ))
    }
}
