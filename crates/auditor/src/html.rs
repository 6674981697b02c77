//! The report for people: one page without anything from elsewhere, everything escaped, fit for printing.

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rempart_capsule::Request;
use rempart_content::Content;

use crate::journal::{date, moment};
use crate::release::is_plain;
use crate::report::{EntryProof, Report};
use crate::say;
use crate::words::Language;

const STYLE: &str = "
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem;border-bottom:1px solid #999}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #ddd}
article{border:1px solid #ccc;border-radius:6px;padding:.6rem .8rem;margin:.6rem 0;break-inside:avoid}
.head{color:#444;font-size:.9rem}.text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0 0;unicode-bidi:isolate}
.proof,code{font:12px/1.4 ui-monospace,monospace;color:#444;overflow-wrap:anywhere}
.bad{color:#a00000;font-weight:600}.good{color:#005a20;font-weight:600}.mark{color:#a00000}
@media print{body{margin:0;max-width:none}a{color:inherit}}
";

/// The page.
///
/// # Errors
/// When the request in the report is none.
pub fn page(report: &Report) -> Result<String> {
    let mut out = String::new();
    let lang = Language::now().code();
    let title = say!("Opening of an archive", "Ouverture d'une archive");
    write!(
        out,
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>\n"
    )?;
    head(&mut out, report)?;
    findings(&mut out, report)?;
    let names: HashMap<&str, String> = report
        .people
        .iter()
        .map(|person| (person.account.as_str(), format!("{} ({})", person.name, person.address)))
        .collect();
    let heading = say!("Entries", "Entrées");
    write!(out, "<h2>{heading}</h2>\n<p>{}</p>\n", escape(&about_names()))?;
    for entry in &report.entries {
        article(&mut out, entry, &names)?;
    }
    proofs(&mut out, report)?;
    out.push_str("</body></html>\n");
    Ok(out)
}

fn about_names() -> String {
    say!(
        "Accounts and devices are proved by the key log; the names beside them are those that the server gives. Times are the server's, UTC. Files are as they were sent: no scanner has seen them here.",
        "Comptes et appareils sont prouvés par le journal des clés ; les noms à côté sont ceux que donne le serveur. Les heures sont celles du serveur, UTC. Les fichiers sont tels qu'envoyés : aucun antivirus ne les a vus ici."
    )
}

fn head(out: &mut String, report: &Report) -> Result<()> {
    let content = STANDARD.decode(report.request.content.as_deref().unwrap_or(""))?;
    let request = Request::decode(&content)?;
    let answered = report
        .officers
        .iter()
        .map(|number| {
            let name = usize::from(*number).checked_sub(1).and_then(|place| report.public.officers.get(place));
            format!("{number} {}", name.map_or("?", String::as_str))
        })
        .collect::<Vec<_>>()
        .join(", ");
    let all = report.public.officers.len();
    out.push_str("<table>\n");
    let mut row =
        |name: String, value: &str| writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", escape(&name), escape(value));
    let key = data_encoding::HEXLOWER.encode(&request.key_id);
    row(say!("Case", "Dossier"), &request.case)?;
    row(say!("Requester", "Demandeur"), &request.requester)?;
    row(say!("Legal basis", "Fondement"), &request.basis)?;
    row(say!("Conversation", "Conversation"), &report.conversation)?;
    row(say!("Days (UTC)", "Jours (UTC)"), &format!("{} – {}", date(request.first_day), date(request.last_day)))?;
    row(
        say!("Officers who answered", "Officiers ayant répondu"),
        &say!("{answered} (of {all})", "{answered} (sur {all})"),
    )?;
    row(say!("Archive key", "Clé d'archive"), &key)?;
    row(
        say!("Position of the request in the log", "Position de la demande au journal"),
        &report.request.position.to_string(),
    )?;
    row(say!("Opened", "Ouvert le"), &moment(report.made_at_ms))?;
    out.push_str("</table>\n");
    Ok(())
}

fn findings(out: &mut String, report: &Report) -> Result<()> {
    let heading = say!("What was verified", "Ce qui a été vérifié");
    writeln!(out, "<h2>{heading}</h2>")?;
    let problems = report.entries.iter().map(|entry| entry.problems.len()).sum::<usize>();
    let count = report.findings.len() + problems;
    if count == 0 {
        let words = say!(
            "Every entry is in the signed log, in order and without gap, unaltered, signed by its device, and opened with the key to which it is committed.",
            "Chaque entrée est dans le journal signé, dans l'ordre et sans lacune, non modifiée, signée par son appareil, et ouverte avec la clé à laquelle elle est liée."
        );
        writeln!(out, "<p class=\"good\">{}</p>", escape(&words))?;
    } else {
        let words = say!("{count} findings", "{count} constats");
        writeln!(out, "<p class=\"bad\">{words}</p><ul>")?;
        for finding in &report.findings {
            let position = finding.position;
            writeln!(
                out,
                "<li>{}: {}</li>",
                say!("position {position}", "position {position}"),
                escape(&finding.what)
            )?;
        }
        for entry in &report.entries {
            for problem in &entry.problems {
                let seq = entry.seq;
                writeln!(out, "<li>{}: {}</li>", say!("entry {seq}", "entrée {seq}"), escape(problem))?;
            }
        }
        out.push_str("</ul>\n");
    }
    let complete = if report.complete {
        say!(
            "It is proved that no entry of these days was left out.",
            "Il est prouvé qu'aucune entrée de ces jours n'a été omise."
        )
    } else {
        say!(
            "No entry is missing up to the last one shown. That none came after it on these days is not proved: the export has neither a later entry of this conversation nor the leaves of the whole log.",
            "Aucune entrée ne manque jusqu'à la dernière montrée. Qu'aucune ne l'ait suivie ces jours-là n'est pas prouvé : l'export n'a ni entrée ultérieure de cette conversation, ni les feuilles de tout le journal."
        )
    };
    writeln!(out, "<p>{}</p>", escape(&complete))?;
    Ok(())
}

fn article(out: &mut String, entry: &EntryProof, names: &HashMap<&str, String>) -> Result<()> {
    let (seq, time) = (entry.seq, moment(entry.time_ms));
    let who = match (&entry.account, &entry.device) {
        (Some(account), _) => {
            names.get(account.as_str()).map_or_else(|| account.clone(), |name| format!("{name}, {account}"))
        }
        (None, Some(device)) => say!("device {device}, not proved", "appareil {device}, non prouvé"),
        (None, None) => say!("the server", "le serveur"),
    };
    writeln!(
        out,
        "<article id=\"e{seq}\"><div class=\"head\"><b>{seq}</b> · {} · <bdi>{}</bdi></div>",
        escape(&time),
        escape(&who)
    )?;
    body(out, entry)?;
    for file in &entry.files {
        let name = escape(&file.name);
        match (&file.path, &file.problem) {
            (Some(path), None) => {
                let hash = file.sha256.as_deref().unwrap_or("");
                writeln!(
                    out,
                    "<p>📎 <a href=\"{}\"><bdi>{name}</bdi></a> <code>SHA-256 {hash}</code></p>",
                    href(path)
                )?;
            }
            _ => writeln!(out, "<p>📎 <bdi>{name}</bdi></p>")?,
        }
    }
    for problem in &entry.problems {
        writeln!(out, "<p class=\"bad\">{}</p>", escape(problem))?;
    }
    let position = entry.entry.position;
    writeln!(
        out,
        "<div class=\"proof\">{}</div></article>",
        say!("log position {position}", "position {position} du journal")
    )?;
    Ok(())
}

fn body(out: &mut String, entry: &EntryProof) -> Result<()> {
    let Some(text) = &entry.text else {
        if entry.problems.is_empty() {
            let words = say!(
                "The body was erased; its place in the log remains.",
                "Le corps a été effacé ; sa place au journal demeure."
            );
            writeln!(out, "<p>{}</p>", escape(&words))?;
        }
        return Ok(());
    };
    let bytes = STANDARD.decode(text)?;
    let leaf = rempart_merkle::Leaf::decode(&STANDARD.decode(&entry.entry.leaf)?)?;
    let about = leaf.refers_to;
    let (what, shown) = match rempart_content::decode(&bytes) {
        Ok(Content::Message(message)) if about > 0 => {
            (say!("answers entry {about}", "répond à l'entrée {about}"), message.text)
        }
        Ok(Content::Message(message)) => (String::new(), message.text),
        Ok(Content::Revision(revision)) => (say!("revises entry {about}", "révise l'entrée {about}"), revision.text),
        Ok(Content::Redaction) => (say!("takes back entry {about}", "retire l'entrée {about}"), String::new()),
        Ok(Content::Reaction(reaction)) if reaction.on => {
            (say!("reacts to entry {about}", "réagit à l'entrée {about}"), reaction.reaction)
        }
        Ok(Content::Reaction(reaction)) => (
            say!("takes back a reaction to entry {about}", "retire une réaction à l'entrée {about}"),
            reaction.reaction,
        ),
        Ok(Content::Details(details)) => {
            let topic = details.topic.unwrap_or_default();
            (say!("title and topic", "titre et sujet"), format!("{}\n{topic}", details.title))
        }
        Ok(Content::Group(_)) => {
            (say!("the server on the group", "le serveur, sur le groupe"), String::from_utf8_lossy(&bytes).into_owned())
        }
        Ok(Content::Membership(change)) => (say!("members", "membres"), members(&change)),
        Ok(Content::Unsupported) | Err(_) => (
            say!("of a type that this program does not know", "d'un type que ce programme ne connaît pas"),
            String::from_utf8_lossy(&bytes).into_owned(),
        ),
    };
    if entry.dropped {
        let words = say!(
            "in an epoch that was dropped afterwards: its writer was to send it again",
            "dans une époque abandonnée ensuite : son auteur devait l'envoyer de nouveau"
        );
        writeln!(out, "<div class=\"head\">{}</div>", escape(&words))?;
    }
    if !what.is_empty() {
        writeln!(out, "<div class=\"head\">{}</div>", escape(&what))?;
    }
    if !shown.is_empty() {
        writeln!(out, "<p class=\"text\">{}</p>", escape(&shown))?;
    }
    Ok(())
}

fn members(change: &rempart_content::Membership) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(change.added.iter().map(|(account, role)| format!("+ {account} ({})", role.as_str())));
    lines.extend(change.removed.iter().map(|account| format!("− {account}")));
    lines.extend(change.roles.iter().map(|(account, role)| format!("= {account} ({})", role.as_str())));
    lines.join("\n")
}

fn proofs(out: &mut String, report: &Report) -> Result<()> {
    let heading = say!("Proofs", "Preuves");
    let words = say!(
        "report.json beside this page has every leaf, salt, content, signature, capsule, epoch key and inclusion proof. Anybody can verify it again: rempart-auditor verify --public public.json --report FOLDER",
        "report.json, à côté de cette page, contient chaque feuille, sel, contenu, signature, capsule, clé d'époque et preuve d'inclusion. Chacun peut le vérifier de nouveau : rempart-auditor verify --public public.json --report DOSSIER"
    );
    write!(
        out,
        "<h2>{heading}</h2>\n<p>{}</p>\n<pre class=\"proof\">{}</pre>\n<ul>",
        escape(&words),
        escape(&report.checkpoint)
    )?;
    for epoch in &report.epochs {
        let (number, day, reference) = (epoch.number, &epoch.day, &epoch.reference);
        let capsules: Vec<String> = epoch.capsules.iter().map(|capsule| capsule.entry.position.to_string()).collect();
        let capsules = capsules.join(", ");
        writeln!(
            out,
            "<li class=\"proof\">{}</li>",
            say!(
                "epoch {number}, {day}, capsules at {capsules}, {reference}",
                "époque {number}, {day}, capsules en {capsules}, {reference}"
            )
        )?;
    }
    out.push_str("</ul>\n");
    Ok(())
}

/// Text of others for HTML. What moves or hides writing is shown by its number.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if is_plain(c) => out.push(c),
            c => {
                out.push_str("<span class=\"mark\">");
                out.push_str(&format!("U+{:04X}", u32::from(c)));
                out.push_str("</span>");
            }
        }
    }
    out
}

/// A relative path for a link: everything but plain letters, digits and a few signs by its bytes.
fn href(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_others_wrote_becomes_markup() {
        assert_eq!(
            escape("<img src=x onerror='alert(1)'>&\""),
            "&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;&quot;"
        );
        assert_eq!(escape("a\u{202e}b"), "a<span class=\"mark\">U+202E</span>b");
        assert_eq!(href("files/1-0-a b\"<.pdf"), "files/1-0-a%20b%22%3C.pdf");
    }
}
