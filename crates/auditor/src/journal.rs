//! A conversation's journal, proved entry by entry: in the log, in order, without gap, unaltered.

use std::fmt;

use anyhow::Result;
use rempart_base::ConversationId;
use rempart_export::Line;
use rempart_export::layout;

use crate::export::Export;
use crate::log::Log;
use crate::say;
use crate::terminal::bar;

/// Milliseconds of a day.
const DAY: u64 = 24 * 3600 * 1000;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where in the log.
    pub position: u64,
    /// What.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (position, what) = (self.position, &self.what);
        f.write_str(&say!("position {position}: {what}", "position {position} : {what}"))
    }
}

/// The UTC day of an entry, counted from 1970-01-01.
#[must_use]
pub fn day(line: &Line) -> u32 {
    u32::try_from(line.leaf.server_time_ms / DAY).unwrap_or(u32::MAX)
}

/// A day as it is written.
#[must_use]
pub fn date(day: u32) -> String {
    let millis = i64::from(day).saturating_mul(i64::try_from(DAY).unwrap_or(i64::MAX));
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| "?".to_owned(), |moment| moment.strftime("%Y-%m-%d").to_string())
}

/// A moment as it is written, UTC.
#[must_use]
pub fn moment(millis: u64) -> String {
    i64::try_from(millis)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map_or_else(|| "?".to_owned(), |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// Goes through a journal. `each` is given the entries that the log proves, in order.
///
/// # Errors
/// When files are missing or not in the format; what is wrong with the entries is in the findings.
pub fn walk(
    export: &Export,
    log: &Log<'_>,
    conversation: ConversationId,
    mut each: impl FnMut(Line) -> Result<()>,
) -> Result<Vec<Finding>> {
    let promised = export.entries(conversation)?;
    let progress = bar(promised, say!("verifying", "vérification"));
    let mut findings = Vec::new();
    let mut next = 1;
    let mut last: Option<u64> = None;
    export.lines(&layout::journal(conversation), |line| {
        progress.inc(1);
        let (position, seq) = (line.position, line.leaf.seq);
        let mut find = |what: String| findings.push(Finding { position, what });
        if log.leaf(position)? != Some(line.leaf_hash()) {
            find(say!(
                "entry {seq} is not the one that the log has here: it was altered, moved or made up",
                "l'entrée {seq} n'est pas celle que le journal a ici : elle a été modifiée, déplacée ou fabriquée"
            ));
            // What its own number says proves nothing: it is taken for the one that is due.
            next += 1;
            return Ok(());
        }
        if line.leaf.conversation != conversation {
            let other = line.leaf.conversation;
            find(say!(
                "this entry belongs to conversation {other}",
                "cette entrée appartient à la conversation {other}"
            ));
            return Ok(());
        }
        if seq > next {
            let to = seq - 1;
            let after = last.map_or_else(String::new, |at| say!(", after position {at}", ", après la position {at}"));
            find(say!(
                "before entry {seq}, entries {next} to {to} of the conversation are missing{after}",
                "avant l'entrée {seq}, les entrées {next} à {to} de la conversation manquent{after}"
            ));
        } else if seq < next {
            find(say!(
                "entry {seq} is out of order or given twice",
                "l'entrée {seq} n'est pas dans l'ordre ou est donnée deux fois"
            ));
        } else if last.is_some_and(|last| position <= last) {
            find(say!(
                "entry {seq} stands in the log before its predecessor",
                "l'entrée {seq} est dans le journal avant celle qui la précède"
            ));
        }
        next = next.max(seq.saturating_add(1));
        last = last.max(Some(position));
        if line.body_fits() {
            return each(line);
        }
        find(say!(
            "the content of entry {seq} is not the one that the log committed to",
            "le contenu de l'entrée {seq} n'est pas celui auquel le journal s'est engagé"
        ));
        Ok(())
    })?;
    progress.finish_and_clear();
    if next != promised + 1 {
        let (has, position) = (next - 1, last.unwrap_or(0));
        findings.push(Finding {
            position,
            what: say!(
                "the journal ends with entry {has}, the export says that it has {promised}",
                "le journal finit à l'entrée {has}, l'export dit qu'il en a {promised}"
            ),
        });
    }
    Ok(findings)
}
