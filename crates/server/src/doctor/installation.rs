//! What only the installation knows: store, keys against the store, archive, bus, files. Asked of the running server, or
//! opened here when none runs.

use super::Line;
use crate::config::{Config, Environment};
use crate::operator::reach::Reach;
use crate::operator::{Answer, Health, Order, Verified};
use crate::words::Language;

/// Lines, the public host, and whether a server runs.
pub(super) async fn look(
    config: &Config,
    environment: &Environment,
    language: Language,
) -> (Vec<Line>, Option<String>, bool) {
    let data = language.say("data:", "données :");
    if !config.data_dir.join("rempart.db").exists() && config.store_url == crate::config::value::StoreUrl::Embedded {
        let words = language.say("none yet, made at the first start", "pas encore, faites au premier démarrage");
        return (vec![Line::warn(format!("{data} {words}"))], None, false);
    }
    let mut reach = match Reach::open(config, environment).await {
        Ok(reach) => reach,
        Err(error) => return (vec![Line::fail(format!("{data} {error:#}"))], None, false),
    };
    let runs = reach.is_server();
    let mut lines = Vec::new();
    let mut host = None;
    match reach.order(Order::Health, &mut |_, _| {}).await {
        Ok(Answer::Health(health)) => {
            host.clone_from(&health.host);
            lines.extend(told(&health, language));
        }
        Ok(_) => lines.push(Line::fail(format!("{data} ?"))),
        Err(error) => lines.push(Line::fail(format!("{data} {error:#}"))),
    }
    if host.is_none() {
        let words = language.say("the organisation is not set up yet", "l'organisation n'est pas encore configurée");
        lines.push(Line::warn(format!("{data} {words}")));
        return (lines, host, runs);
    }
    match reach.order(Order::Verify, &mut |_, _| {}).await {
        Ok(Answer::Verified(verified)) => lines.push(archive(&verified, language)),
        Ok(_) => lines.push(Line::fail("archive: ?")),
        Err(error) => lines.push(Line::fail(format!("archive: {error:#}"))),
    }
    (lines, host, runs)
}

fn told(health: &Health, language: Language) -> Vec<Line> {
    let part = |name: &str, wrong: &Option<String>| match wrong {
        None => Line::ok(format!("{name} {}", language.say("answers", "répond"))),
        Some(words) => Line::fail(format!("{name} {words}")),
    };
    let mut lines = vec![
        part(language.say("store:", "base :"), &health.store),
        part(language.say("bus:", "bus :"), &health.bus),
        part(language.say("files:", "fichiers :"), &health.blobs),
    ];
    let data = language.say("data:", "données :");
    if health.integrity.is_empty() {
        lines.push(Line::ok(format!("{data} {}", language.say("structure is sound", "structure saine"))));
    } else {
        let todo = language.say("restore the last good backup", "restaurez la dernière bonne sauvegarde");
        lines.extend(health.integrity.iter().map(|finding| Line::fail(format!("{data} {finding}; {todo}"))));
    }
    lines.push(Line::ok(format!(
        "{} {}",
        language.say("keys: are those of the data:", "clés : ce sont celles des données :"),
        health.keys.join(", ")
    )));
    let tasks = language.say("task", "tâche");
    lines.extend(health.tasks.iter().map(|words| Line::warn(format!("{tasks} {words}"))));
    lines
}

fn archive(verified: &Verified, language: Language) -> Line {
    let count = match language {
        Language::English => format!("archive: {} entries", verified.entries),
        Language::French => format!("archive : {} entrées", verified.entries),
    };
    match verified.findings.first() {
        None => Line::ok(format!("{count}, {}", language.say("all proved", "toutes prouvées"))),
        Some(first) => Line::fail(format!(
            "{count}; {first}; {}",
            language.say("see all: rempart archive verify", "tout voir : rempart archive verify")
        )),
    }
}
