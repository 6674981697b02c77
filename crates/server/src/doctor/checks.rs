//! What can be seen from outside of the data: configuration, port, certificate, disk, clock, keys.

use std::path::Path;
use std::time::{Duration, Instant};

use rempart_base::time::DAY;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::Line;
use crate::config::value::host_name;
use crate::config::{Config, Environment, Loaded};
use crate::secrets::{Missing, Place};
use crate::tls::local::FILE;
use crate::tls::look::Look;
use crate::tls::own;
use crate::words::Language;
use crate::{listen, wiring};

/// Less free space than this is a failure.
const LITTLE: u64 = 200 << 20;
/// Less free space than this is a warning.
const SCARCE: u64 = 2 << 30;
/// 2026-01-01: this program did not exist before.
const YOUNGEST: i64 = 1_767_225_600_000;
/// 2100-01-01.
const OLDEST: i64 = 4_102_444_800_000;

/// Where the configuration came from.
pub(super) fn configuration(loaded: &Loaded, language: Language) -> Line {
    Line::ok(match &loaded.file {
        Some(path) => format!("{} {}", language.say("configuration:", "configuration :"), path.display()),
        None => language
            .say("configuration: no file, defaults hold", "configuration : pas de fichier, valeurs par défaut")
            .to_owned(),
    })
}

/// Whether the port is free, or ours.
pub(super) fn port(config: &Config, runs: bool, language: Language) -> Line {
    let address = config.web_listen;
    if runs {
        return Line::ok(language.say("port: the server runs", "port : le serveur tourne").to_owned());
    }
    match listen::bind(address) {
        Ok(_) => Line::ok(format!("port: {address} {}", language.say("is free", "est libre"))),
        Err(error) => Line::fail(format!(
            "port: {address}: {error}; {}",
            language
                .say("stop the other program or change web.listen", "arrêtez l'autre programme ou changez web.listen")
        )),
    }
}

/// Dates, names and trust of the certificate.
pub(super) fn certificate(config: &Config, host: Option<&str>, language: Language) -> Vec<Line> {
    let now = wiring::clock().now();
    let (file, is_local) = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => {
            if let Err(error) = own::load(certificate, key, now) {
                return vec![Line::fail(format!("{} {error}", language.say("certificate:", "certificat :")))];
            }
            (certificate.clone(), false)
        }
        _ if config.tls_acme_directory.is_some() && config.data_dir.join("acme.crt").exists() => {
            (config.data_dir.join("acme.crt"), false)
        }
        _ => (config.data_dir.join("tls.crt"), true),
    };
    let Some(look) = CertificateDer::from_pem_file(&file).ok().and_then(|der| Look::at(&der)) else {
        return vec![Line::warn(
            language
                .say(
                    "certificate: none yet, made at the first start",
                    "certificat : pas encore, fait au premier démarrage",
                )
                .to_owned(),
        )];
    };
    let mut lines = Vec::new();
    let days = look.until.since(now) / DAY;
    let told = match language {
        Language::English => format!("certificate: {days} days left"),
        Language::French => format!("certificat : encore {days} jours"),
    };
    let renews = is_local || config.tls_acme_directory.is_some();
    lines.push(match days {
        ..=0 => Line::fail(format!("{told}; {}", renew(renews, language))),
        1..=14 => Line::warn(format!("{told}; {}", renew(renews, language))),
        _ => Line::ok(told),
    });
    let host = host.map(host_name).or_else(|| config.web_host.as_ref().map(crate::config::value::Host::name));
    if let Some(host) = host {
        lines.push(if look.covers(host) {
            Line::ok(format!("{} {host}", language.say("certificate: is for", "certificat : vaut pour")))
        } else {
            Line::fail(format!(
                "{} {host} ({})",
                language.say("certificate: is not for", "certificat : ne vaut pas pour"),
                look.names.join(", ")
            ))
        });
    }
    if is_local {
        lines.push(Line::warn(format!(
            "{} {}",
            language.say(
                "certificate: from this server's own authority; devices must trust",
                "certificat : de l'autorité propre à ce serveur ; les appareils doivent faire confiance à"
            ),
            config.data_dir.join(FILE).display()
        )));
    }
    lines
}

fn renew(renews: bool, language: Language) -> &'static str {
    if renews {
        language.say("start the server: it renews it", "démarrez le serveur : il le renouvelle")
    } else {
        language.say(
            "renew it, then: systemctl reload rempart (SIGHUP)",
            "renouvelez-le, puis : systemctl reload rempart (SIGHUP)",
        )
    }
}

/// Free space where the data is.
pub(super) fn disk(config: &Config, language: Language) -> Line {
    let place = existing(&config.data_dir);
    let Ok(stat) = rustix::fs::statvfs(place) else {
        return Line::fail(format!(
            "{} {}",
            language.say("disk: cannot look at", "disque : impossible de voir"),
            place.display()
        ));
    };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let told = match language {
        Language::English => format!("disk: {} MiB free in {}", free >> 20, place.display()),
        Language::French => format!("disque : {} Mio libres dans {}", free >> 20, place.display()),
    };
    let todo = language.say("make room", "faites de la place");
    match free {
        ..LITTLE => Line::fail(format!("{told}; {todo}")),
        LITTLE..SCARCE => Line::warn(format!("{told}; {todo}")),
        _ => Line::ok(told),
    }
}

fn existing(path: &Path) -> &Path {
    path.ancestors().find(|p| !p.as_os_str().is_empty() && p.exists()).unwrap_or_else(|| Path::new("."))
}

/// Whether the clock shows a possible time and goes evenly.
pub(super) async fn clock(language: Language) -> Line {
    let clock = wiring::clock();
    let (before, began) = (clock.now(), Instant::now());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let passed = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    let drift = (clock.now().since(before) - passed).abs();
    if !(YOUNGEST..OLDEST).contains(&before.millis()) {
        return Line::fail(
            language
                .say(
                    "clock: the date is wrong; set it (timedatectl)",
                    "horloge : la date est fausse ; réglez-la (timedatectl)",
                )
                .to_owned(),
        );
    }
    if drift > 50 {
        return Line::warn(
            language
                .say(
                    "clock: it jumped while being watched; let one service alone set it",
                    "horloge : elle a sauté pendant la mesure ; qu'un seul service la règle",
                )
                .to_owned(),
        );
    }
    Line::ok(language.say("clock: goes evenly", "horloge : avance régulièrement").to_owned())
}

/// Whether the keys are there and for this user alone.
pub(super) fn keys(config: &Config, environment: &Environment, language: Language) -> Vec<Line> {
    let place = Place { folder: config.secrets_dir.clone(), credentials: environment.credentials() };
    let label = language.say("keys:", "clés :");
    if place.credentials.is_none() && !place.folder.exists() {
        let words = language.say("none yet, made at the first start", "pas encore, faites au premier démarrage");
        return vec![Line::warn(format!("{label} {words}"))];
    }
    match place.load(&wiring::purposes_of(&place), Missing::Refuse, wiring::entropy().as_ref()) {
        Ok(keys) => {
            let words = language.say("there and private in", "présentes et privées dans");
            vec![Line::ok(format!("{label} {} {words} {}", keys.len(), place.folder.display()))]
        }
        Err(error) => vec![Line::fail(format!("{label} {error}"))],
    }
}
