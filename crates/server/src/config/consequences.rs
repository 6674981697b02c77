//! What settings mean for the people who use the server, in plain French or English: said for each value that has a price,
//! never for a default.

use std::net::{IpAddr, SocketAddr};

use super::value::{BlobsUrl, BusUrl, StoreUrl};
use super::{Config, Loaded};
use crate::words::Language;

/// Requests a minute from one address beyond which guessing passwords becomes cheap.
const MANY_REQUESTS: u32 = 600;
/// Requests a minute below which an office behind one address locks itself out.
const FEW_REQUESTS: u32 = 20;
/// Days after which a stolen computer should have been signed out.
const LONG_SESSION: u32 = 90;
/// Renewal of passwords more often than this makes them weaker (CNIL, deliberation 2022-100).
const OFTEN_DAYS: u32 = 60;

/// One consequence a line, each beginning with the setting's name.
#[must_use]
pub fn consequences(loaded: &Loaded, language: Language) -> Vec<String> {
    let mut said = Said { language, lines: Vec::new() };
    let config = &loaded.config;
    network(config, &mut said);
    nodes(config, &mut said);
    people(config, &mut said);
    said.lines
}

struct Said {
    language: Language,
    lines: Vec<String>,
}

impl Said {
    fn add(&mut self, key: &str, english: &str, french: &str) {
        self.lines.push(match self.language {
            Language::English => format!("{key}: {english}"),
            Language::French => format!("{key} : {french}"),
        });
    }
}

fn network(config: &Config, said: &mut Said) {
    if config.web_listen.ip().is_loopback() {
        said.add(
            "web.listen",
            "only this machine can open Rempart; colleagues cannot",
            "seule cette machine peut ouvrir Rempart ; les collègues ne le peuvent pas",
        );
    }
    if config.web_connections.0 < 200 {
        said.add(
            "web.connections",
            &format!(
                "beyond {} open pages and phones, others wait at the door without a word",
                config.web_connections.0
            ),
            &format!(
                "au-delà de {} pages et téléphones ouverts, les autres attendent sans explication",
                config.web_connections.0
            ),
        );
    }
    if config.tls_acme_directory.is_some() && config.tls_acme_root.is_none() {
        said.add(
            "tls.acme_directory",
            "this host's name becomes public in the lists of issued certificates, and the server needs the Internet to renew it",
            "le nom de ce serveur devient public dans les listes de certificats émis, et le serveur a besoin d'Internet pour le renouveler",
        );
    }
    if config.metrics_listen.is_some_and(|address| !near(address)) {
        said.add(
            "metrics.listen",
            "anybody on that network can read, without TLS and without a password, how much the server is used",
            "quiconque sur ce réseau peut lire, sans TLS ni mot de passe, combien le serveur est utilisé",
        );
    }
    if let BusUrl::Nats(address) = &config.bus_url
        && address.starts_with("nats://")
        && !local(address)
    {
        said.add(
            "bus.url",
            "who talks with whom and when crosses the network without TLS: write tls:// in place of nats://",
            "qui parle avec qui et quand traverse le réseau sans TLS : écrivez tls:// au lieu de nats://",
        );
    }
    if let BlobsUrl::S3(address) = &config.blobs_url
        && address.starts_with("s3+http://")
        && !local(address)
    {
        said.add(
            "blobs.url",
            "the storage's key crosses the network without TLS; files stay encrypted: write s3:// in place of s3+http://",
            "la clé du stockage traverse le réseau sans TLS ; les fichiers restent chiffrés : écrivez s3:// au lieu de s3+http://",
        );
    }
}

fn nodes(config: &Config, said: &mut Said) {
    let shared = matches!(config.store_url, StoreUrl::Postgres(_));
    let rings = matches!(config.bus_url, BusUrl::Nats(_));
    let files = matches!(config.blobs_url, BlobsUrl::S3(_));
    if shared && !rings {
        said.add(
            "bus.url",
            "with a second node on this database, messages between the nodes arrive late, up to 75 seconds",
            "avec un second nœud sur cette base, les messages entre les nœuds arrivent en retard, jusqu'à 75 secondes",
        );
    }
    if shared && !files {
        said.add(
            "blobs.url",
            "files are on this machine alone: a second node does not have them, and they are lost with this disk",
            "les fichiers ne sont que sur cette machine : un second nœud ne les a pas, et ils sont perdus avec ce disque",
        );
    }
    if !shared && rings {
        said.add(
            "bus.url",
            "it serves nothing: with store.url = \"embedded\" no other node can share the messages",
            "il ne sert à rien : avec store.url = \"embedded\", aucun autre nœud ne peut partager les messages",
        );
    }
}

fn people(config: &Config, said: &mut Said) {
    let requests = config.limits_anonymous.0;
    if requests > MANY_REQUESTS {
        said.add(
            "limits.anonymous_per_minute",
            &format!("one machine may try {requests} passwords a minute over all accounts before it is slowed"),
            &format!(
                "une seule machine peut essayer {requests} mots de passe par minute sur l'ensemble des comptes avant d'être ralentie"
            ),
        );
    }
    if requests < FEW_REQUESTS {
        said.add(
            "limits.anonymous_per_minute",
            "an office behind one address shuts itself out when its people sign in at the same hour",
            "un bureau derrière une seule adresse se bloque lui-même quand ses membres se connectent à la même heure",
        );
    }
    let idle = config.session_idle_days.0;
    if idle > LONG_SESSION {
        said.add(
            "session.idle_days",
            &format!(
                "a computer that was lost stays signed in for up to {idle} days, unless somebody ends its session"
            ),
            &format!("un ordinateur perdu reste connecté jusqu'à {idle} jours, sauf si quelqu'un ferme sa session"),
        );
    }
    if idle < 3 {
        said.add(
            "session.idle_days",
            "after each weekend everybody signs in anew, and passwords end up on paper",
            "après chaque week-end, tout le monde se reconnecte, et les mots de passe finissent sur papier",
        );
    }
    let renewal = config.session_privileged_password_days.0;
    if renewal > 0 && renewal < OFTEN_DAYS {
        said.add(
            "session.privileged_password_days",
            &format!("a new password every {renewal} days: people choose weaker ones and number them"),
            &format!(
                "un nouveau mot de passe tous les {renewal} jours : on en choisit de plus faibles et on les numérote"
            ),
        );
    }
    match config.log_level.0 {
        tracing::Level::DEBUG => said.add(
            "log.level",
            "the log grows by gigabytes and keeps who was connected from where: set it back once you have seen enough",
            "le journal grossit de plusieurs gigaoctets et garde qui était connecté d'où : remettez-le une fois la recherche finie",
        ),
        tracing::Level::ERROR => said.add(
            "log.level",
            "warnings before a breakdown (disk, certificate, keys) are not written anywhere",
            "les avertissements qui précèdent une panne (disque, certificat, clés) ne sont écrits nulle part",
        ),
        _ => {}
    }
}

fn near(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// Whether an address names this machine.
fn local(address: &str) -> bool {
    let Some((_, rest)) = address.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = super::value::host_name(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
