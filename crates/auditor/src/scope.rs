//! What a request covers: the capsules of one group on whole UTC days, each made for its very place, and no others. An officer
//! answers for these alone, and an opening reads these alone.
//!
//! An epoch belongs to the day on which its first capsule was logged; a repair of it, even later, belongs there too. The
//! server takes no content in an epoch that began on an earlier day, so an epoch with content on a day outside is refused
//! whole: answering for it would open more than was asked for.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context as _, Result, bail, ensure};
use rempart_base::ConversationId;
use rempart_capsule::capsule::{Checked, Target};
use rempart_capsule::{Capsule, Request, SentCapsule, Standing};
use rempart_content::Content;
use rempart_content::types::Group;
use rempart_export::{Archive, Line, Trust};
use rempart_merkle::Sender;
use rempart_merkle::leaf::{KIND_CAPSULE, KIND_CONTENT, KIND_ERASURE, KIND_GROUP, KIND_OPENING};

use crate::export::Export;
use crate::journal::{Finding, date, day, walk};
use crate::keys::Keys;
use crate::log::Log;
use crate::say;

/// Milliseconds of a day.
const DAY: u64 = 24 * 3600 * 1000;

/// What a conversation's journal has, as far as scopes and openings need it.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Capsules, in the order of the log.
    pub capsules: Vec<(Line, SentCapsule)>,
    /// Epoch and day of every content.
    pub contents: Vec<(Vec<u8>, u32)>,
    /// Everything that is neither capsule nor handshake on the days asked for, with its body.
    pub kept: Vec<Line>,
    /// Entries that an erasure names.
    pub erased: HashSet<u64>,
    /// Epochs that the server says were dropped.
    pub dropped: HashSet<Vec<u8>>,
    /// What is wrong with the journal.
    pub findings: Vec<Finding>,
}

/// Reads a journal; keeps the entries of these days.
///
/// # Errors
/// When files are missing or not in the format.
pub fn gather(
    export: &Export,
    log: &Log<'_>,
    conversation: ConversationId,
    days: Option<(u32, u32)>,
) -> Result<Gathered> {
    let mut gathered = Gathered::default();
    let mut strange = Vec::new();
    let found = walk(export, log, conversation, |line| {
        let day = day(&line);
        match line.leaf.kind {
            KIND_CAPSULE => {
                let sent = line.body.as_ref().map(|(_, content)| SentCapsule::decode(content));
                match sent {
                    Some(Ok(sent)) => gathered.capsules.push((line, sent)),
                    Some(Err(error)) => strange.push(Finding {
                        position: line.position,
                        what: say!("the capsule cannot be read: {error}", "la capsule est illisible : {error}"),
                    }),
                    None => strange.push(Finding {
                        position: line.position,
                        what: say!("the capsule is not in the export", "la capsule n'est pas dans l'export"),
                    }),
                }
                return Ok(());
            }
            KIND_CONTENT => gathered.contents.push((line.leaf.epoch_ref.clone(), day)),
            KIND_GROUP => {
                let content = line.body.as_ref().map(|(_, content)| rempart_content::decode(content));
                if let Some(Ok(Content::Group(Group::Dropped { epochs, .. }))) = content {
                    gathered.dropped.extend(epochs.iter().map(|epoch| epoch.0.to_vec()));
                }
            }
            KIND_ERASURE => {
                gathered.erased.insert(line.leaf.refers_to);
            }
            _ => {}
        }
        if days.is_some_and(|(first, last)| (first..=last).contains(&day)) {
            gathered.kept.push(line);
        }
        Ok(())
    })?;
    gathered.findings = found;
    gathered.findings.append(&mut strange);
    gathered.findings.sort();
    Ok(gathered)
}

/// A request, found in the log.
#[derive(Debug)]
pub struct Asked {
    /// What is asked.
    pub request: Request,
    /// Its hash.
    pub hash: [u8; 32],
    /// Its entry.
    pub line: Line,
}

/// Finds a request in the log: the one given, or the only one that there is.
///
/// # Errors
/// When it is not there, or the log does not prove it.
pub fn asked(export: &Export, log: &Log<'_>, wanted: Option<&Request>) -> Result<Asked> {
    let wanted = wanted.map(Request::hash).transpose()?;
    let mut found = Vec::new();
    export.lines(rempart_export::layout::OPENINGS, |line| {
        let Some((_, content)) = &line.body else { return Ok(()) };
        let request = Request::decode(content)?;
        let hash = request.hash()?;
        if wanted.is_none_or(|wanted| wanted == hash) {
            found.push(Asked { request, hash, line });
        }
        Ok(())
    })?;
    let count = found.len();
    let Some(asked) = found.pop() else {
        bail!(say!(
            "this request is not in the log of the export: the server must log it first",
            "cette demande n'est pas dans le journal de l'export : le serveur doit d'abord l'y inscrire"
        ));
    };
    ensure!(
        count == 1 || wanted.is_some(),
        say!(
            "the export has {count} requests: name one with --request",
            "l'export a {count} demandes : nommez-en une avec --request"
        )
    );
    let proved = log.leaf(asked.line.position)? == Some(asked.line.leaf_hash());
    ensure!(
        proved && asked.line.body_fits() && asked.line.leaf.kind == KIND_OPENING,
        say!(
            "the log does not prove this request: it is not the entry at its position",
            "le journal ne prouve pas cette demande : ce n'est pas l'entrée à sa position"
        )
    );
    Ok(asked)
}

/// An epoch of a scope.
#[derive(Debug)]
pub struct Epoch {
    /// SHA-256 of its GroupContext.
    pub reference: [u8; 32],
    /// Its number in the group.
    pub number: u64,
    /// Its day.
    pub day: u32,
    /// Its capsules, valid for this place: the committer's, and repairs.
    pub capsules: Vec<Valid>,
}

/// A capsule whose proof holds for its place.
#[derive(Debug)]
pub struct Valid {
    /// Its entry.
    pub line: Line,
    /// As it was sent.
    pub sent: SentCapsule,
    capsule: Capsule,
    target: usize,
}

/// What a request covers in a conversation.
#[derive(Debug)]
pub struct Scope {
    /// The epochs, in the order of the log.
    pub epochs: Vec<Epoch>,
    /// What was left out, and why.
    pub refused: Vec<Finding>,
    targets: Vec<Target>,
}

impl Scope {
    /// Finds the capsules of a request. With the key log, only those count that the device named in the log signed: else a
    /// server could use up a device's place with a capsule of its own.
    ///
    /// # Errors
    /// When the archive key is unknown, or the days are not those of its quarter.
    pub fn of(
        request: &Request,
        trust: &Trust,
        export: &Export,
        keys: Option<&Keys>,
        gathered: &Gathered,
    ) -> Result<Self> {
        let archive = trust.archive(&request.key_id).with_context(|| {
            say!(
                "the request is for an archive key that the officers do not know",
                "la demande vise une clé d'archive que les officiers ne connaissent pas"
            )
        })?;
        in_time(archive, request)?;
        let targets = targets(archive, export)?;
        let mut scope = Self { epochs: Vec::new(), refused: Vec::new(), targets };
        let days = request.first_day..=request.last_day;
        let mut first_days: HashMap<[u8; 32], u32> = HashMap::new();
        let mut places: BTreeMap<[u8; 32], usize> = BTreeMap::new();
        let mut senders = HashSet::new();
        for (line, sent) in gathered.capsules.iter().filter(|(_, sent)| sent.group() == request.group) {
            let reference = *sent.epoch_ref();
            let epoch_day = *first_days.entry(reference).or_insert_with(|| day(line));
            if !days.contains(&epoch_day) {
                continue;
            }
            let position = line.position;
            let mut refuse = |what: String| scope.refused.push(Finding { position, what });
            if line.leaf.epoch_ref != reference {
                refuse(say!(
                    "the capsule is for another epoch than its entry says",
                    "la capsule est d'une autre époque que ne le dit son entrée"
                ));
                continue;
            }
            if let (Some(keys), Sender::Device(device)) = (keys, &line.leaf.sender) {
                let signed = keys
                    .writer(*device, line.leaf.server_time_ms)
                    .is_ok_and(|writer| sent.verify(&writer.leaf_key).is_ok());
                if !signed {
                    refuse(say!(
                        "the capsule is not signed by the device that the log names",
                        "la capsule n'est pas signée par l'appareil que nomme le journal"
                    ));
                    continue;
                }
            }
            let capsule = match sent.capsule() {
                Ok(capsule) => capsule,
                Err(error) => {
                    refuse(say!("the capsule is no capsule: {error}", "la capsule n'en est pas une : {error}"));
                    continue;
                }
            };
            let fits = |target: &Target| {
                target.place(sent.group(), reference).is_ok_and(|place| capsule.verify(&place).is_ok())
            };
            let Some(target) = scope.targets.iter().position(fits) else {
                refuse(say!(
                    "the capsule was not made for this conversation and epoch (its proof does not fit): it is not answered",
                    "la capsule n'a pas été faite pour cette conversation et cette époque (sa preuve ne convient pas) : on n'y répond pas"
                ));
                continue;
            };
            // Counted last, so that nothing that was refused takes the place of the device's own.
            let sender = format!("{:?}", line.leaf.sender);
            if !senders.insert((sender, reference)) {
                refuse(say!(
                    "a second capsule of the same device for one epoch",
                    "une seconde capsule du même appareil pour une époque"
                ));
                continue;
            }
            let place = *places.entry(reference).or_insert_with(|| {
                scope.epochs.push(Epoch { reference, number: sent.epoch(), day: epoch_day, capsules: Vec::new() });
                scope.epochs.len() - 1
            });
            if let Some(epoch) = scope.epochs.get_mut(place) {
                epoch.capsules.push(Valid { line: line.clone(), sent: sent.clone(), capsule, target });
            }
        }
        scope.without_leaks(gathered, &days);
        Ok(scope)
    }

    /// Leaves out epochs that hold content of days outside.
    fn without_leaks(&mut self, gathered: &Gathered, days: &std::ops::RangeInclusive<u32>) {
        let mut outside: HashMap<&[u8], u32> = HashMap::new();
        for (epoch, day) in gathered.contents.iter().filter(|(_, day)| !days.contains(day)) {
            outside.insert(epoch, *day);
        }
        let (kept, out): (Vec<Epoch>, Vec<Epoch>) = std::mem::take(&mut self.epochs)
            .into_iter()
            .partition(|epoch| !outside.contains_key(epoch.reference.as_slice()));
        self.epochs = kept;
        for epoch in out {
            let day = date(outside.get(epoch.reference.as_slice()).copied().unwrap_or(0));
            let position = epoch.capsules.first().map_or(0, |capsule| capsule.line.position);
            self.refused.push(Finding {
                position,
                what: say!(
                    "the epoch also has content of {day}, which was not asked for: it is not answered",
                    "l'époque a aussi du contenu du {day}, qui n'est pas demandé : on n'y répond pas"
                ),
            });
        }
    }

    /// How many capsules there are.
    #[must_use]
    pub fn capsules(&self) -> usize {
        self.epochs.iter().map(|epoch| epoch.capsules.len()).sum()
    }

    /// Does something with a capsule at its place, its proof verified.
    ///
    /// # Errors
    /// As `then`.
    pub fn with<R>(&self, valid: &Valid, then: impl FnOnce(&Checked<'_>) -> Result<R>) -> Result<R> {
        let target = self.targets.get(valid.target).context("a capsule of another scope")?;
        let place = target.place(valid.sent.group(), *valid.sent.epoch_ref())?;
        then(&valid.capsule.verify(&place)?)
    }
}

/// The days must lie in the quarter of the archive key, or in the grace after it.
fn in_time(archive: &Archive, request: &Request) -> Result<()> {
    let grant = &archive.certificate.grant;
    let begins = u64::from(request.first_day) * DAY;
    let ends = u64::from(request.last_day) * DAY;
    let early = grant.standing(begins + DAY - 1) == Standing::NotYet;
    let late = grant.standing(ends) == Standing::Expired;
    let (period, from, to) = (archive.period(), date(request.first_day), date(request.last_day));
    ensure!(
        !early && !late,
        say!(
            "{from} to {to} are not days of {period}, the quarter of this archive key",
            "du {from} au {to} : ce ne sont pas des jours de {period}, le trimestre de cette clé d'archive"
        )
    );
    Ok(())
}

/// The policies under which groups may have sealed to this key: the ceremony's, and those of the export that the officers'
/// certificate covers.
fn targets(archive: &Archive, export: &Export) -> Result<Vec<Target>> {
    let mut policies = vec![archive.policy.clone()];
    for policy in export.policies()? {
        if archive.certificate.grant.covers(&policy).is_ok() && !policies.contains(&policy) {
            policies.push(policy);
        }
    }
    Ok(policies.iter().map(Target::new).collect())
}

/// All policies that the officers' certificates cover, as places to verify capsules at.
///
/// # Errors
/// When policies cannot be read.
pub fn any_targets(trust: &Trust, export: &Export) -> Result<Vec<Target>> {
    let mut all = Vec::new();
    for archive in &trust.archives {
        all.extend(targets(archive, export)?);
    }
    Ok(all)
}

/// The archive keys and groups that capsules of these days are sealed to, for whoever writes a request.
///
/// # Errors
/// When policies cannot be read.
pub fn sealed_to(
    gathered: &Gathered,
    trust: &Trust,
    export: &Export,
    days: (u32, u32),
) -> Result<Vec<([u8; 32], Vec<u8>)>> {
    let mut found = Vec::new();
    for archive in &trust.archives {
        let targets = targets(archive, export)?;
        for (line, sent) in &gathered.capsules {
            let pair = (archive.key_id(), sent.group().to_vec());
            if !(days.0..=days.1).contains(&day(line)) || found.contains(&pair) {
                continue;
            }
            let Ok(capsule) = sent.capsule() else { continue };
            let fits = |target: &Target| {
                target.place(sent.group(), *sent.epoch_ref()).is_ok_and(|place| capsule.verify(&place).is_ok())
            };
            if targets.iter().any(fits) {
                found.push(pair);
            }
        }
    }
    Ok(found)
}

/// The one conversation of the export in whose journal this group's capsules stand.
///
/// # Errors
/// When there is none, or more than one.
pub fn conversation_of(
    export: &Export,
    log: &Log<'_>,
    request: &Request,
    keep: bool,
) -> Result<(ConversationId, Gathered)> {
    let days = keep.then_some((request.first_day, request.last_day));
    let mut found = Vec::new();
    for journal in &export.manifest.journals {
        let id = journal.id()?;
        let gathered = gather(export, log, id, days)?;
        if gathered.capsules.iter().any(|(_, sent)| sent.group() == request.group) {
            found.push((id, gathered));
        }
    }
    ensure!(
        found.len() <= 1,
        say!(
            "this group's capsules stand in more than one conversation",
            "les capsules de ce groupe sont dans plusieurs conversations"
        )
    );
    found.pop().with_context(|| {
        say!(
            "the export has no capsule of the group that is asked for",
            "l'export n'a aucune capsule du groupe demandé"
        )
    })
}
