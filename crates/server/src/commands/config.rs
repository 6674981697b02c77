//! `rempart config check|diff|rollback`.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::cli::Read;
use crate::config::consequences::consequences;
use crate::config::history::{History, changes, replace};
use crate::config::{Environment, Loaded, load_text, place};
use crate::words::Language;

/// Says that all is well, and what the values mean.
pub fn check(loaded: &Loaded, language: Language) {
    for line in consequences(loaded, language) {
        println!("{}  {line}", language.say("WARN", "ATTENTION"));
    }
    println!("{}", language.say("The configuration is good.", "La configuration est bonne."));
}

/// Says what differs from the last start, and what that means.
///
/// # Errors
/// The kept files cannot be read.
pub fn diff(loaded: &Loaded, read: &Read, environment: &Environment, language: Language) -> Result<ExitCode> {
    let Some(path) = &loaded.file else {
        bail!(
            language
                .say(
                    "there is no configuration file: nothing to compare",
                    "il n'y a pas de fichier de configuration : rien à comparer"
                )
                .to_owned()
        );
    };
    let Some(last) = History::beside(&loaded.config.secrets_dir).last()? else {
        bail!(
            language
                .say(
                    "the server has not started with a configuration file yet",
                    "le serveur n'a pas encore démarré avec un fichier de configuration"
                )
                .to_owned()
        );
    };
    let before = load_text(path, &last, environment, &read.flags)
        .map_err(|error| anyhow::anyhow!(error.say(language)))
        .context(language.say("the file of the last start", "le fichier du dernier démarrage").to_owned())?;
    tell(&before, loaded, language);
    Ok(ExitCode::SUCCESS)
}

/// Puts back the file before this one, checked first.
///
/// # Errors
/// There is none, or it is not good any more, or the file cannot be written.
pub fn rollback(read: &Read, environment: &Environment, language: Language) -> Result<ExitCode> {
    let Some(path) = place(read.cli.config.as_deref(), environment) else {
        bail!(
            language
                .say(
                    "there is no configuration file: name one with --config",
                    "il n'y a pas de fichier de configuration : nommez-en un par --config"
                )
                .to_owned()
        );
    };
    let present = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    // A file that cannot be read any more is what people come back from: the folder of keys is then the default's, or a flag's.
    let now = load_text(&path, &present, environment, &read.flags);
    let folder = match &now {
        Ok(now) => now.config.secrets_dir.clone(),
        Err(_) => {
            load_text(&path, &only_keys(&path, &present), environment, &read.flags)
                .map_err(|error| anyhow::anyhow!(error.say(language)))?
                .config
                .secrets_dir
        }
    };
    let Some(text) = History::beside(&folder).before(&present)? else {
        bail!(
            "{} ({})",
            language.say("no earlier configuration is kept", "aucune configuration antérieure n'est gardée"),
            folder.display()
        );
    };
    let before = load_text(&path, &text, environment, &read.flags)
        .map_err(|error| anyhow::anyhow!(error.say(language)))
        .context(
            language
                .say(
                    "the earlier file is not good with this version; nothing was changed",
                    "le fichier antérieur ne vaut plus avec cette version ; rien n'a été changé",
                )
                .to_owned(),
        )?;
    let aside = replace(&path, &text).with_context(|| path.display().to_string())?;
    if let Ok(now) = &now {
        tell(now, &before, language);
    }
    match language {
        Language::English => println!(
            "{} is again what it was; what stood there is in {}. It holds from the next start: systemctl restart rempart",
            path.display(),
            aside.display()
        ),
        Language::French => println!(
            "{} est de nouveau ce qu'il était ; ce qui s'y trouvait est dans {}. Il vaut dès le prochain démarrage : systemctl restart rempart",
            path.display(),
            aside.display()
        ),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(before: &Loaded, now: &Loaded, language: Language) {
    let lines = changes(before, now, language);
    if lines.is_empty() {
        println!("{}", language.say("Nothing differs.", "Rien ne diffère."));
    }
    let known = consequences(before, language);
    for line in lines {
        println!("{line}");
    }
    for line in consequences(now, language).into_iter().filter(|line| !known.contains(line)) {
        println!("{}  {line}", language.say("WARN", "ATTENTION"));
    }
}

/// The line of the folder of keys alone, out of a file that is not good as a whole.
fn only_keys(path: &std::path::Path, text: &str) -> String {
    let line = |text: &str| text.lines().find(|l| l.trim_start().starts_with("secrets_dir")).map(str::to_owned);
    line(text).filter(|l| crate::config::file::entries(path, l).is_ok()).unwrap_or_default()
}
