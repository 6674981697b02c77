//! What the server says when it starts: where to go, where things are, how to trust its certificate.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::words::Language;

/// What is said.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// Host, with port where it is not 443.
    pub origin: String,
    /// The secret of the setup link, before the set-up.
    pub setup: Option<String>,
    /// Where the data is.
    pub data: PathBuf,
    /// Where the keys are.
    pub secrets: PathBuf,
    /// The local authority's certificate, where it is in use.
    pub authority: Option<PathBuf>,
}

/// A host with the port that is listened on, where it is not 443.
#[must_use]
pub fn origin(host: &str, address: SocketAddr) -> String {
    if address.port() == 443 { host.to_owned() } else { format!("{host}:{}", address.port()) }
}

impl Welcome {
    /// The box.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let mut lines = vec![format!("Rempart {}", env!("CARGO_PKG_VERSION")), String::new()];
        match &self.setup {
            Some(secret) => {
                lines.push(
                    language
                        .say(
                            "Open this address to set up your organisation (valid once):",
                            "Ouvrez cette adresse pour configurer votre organisation (valable une fois) :",
                        )
                        .to_owned(),
                );
                lines.push(format!("https://{}/setup#{secret}", self.origin));
            }
            None => {
                lines.push(language.say("Open this address:", "Ouvrez cette adresse :").to_owned());
                lines.push(format!("https://{}", self.origin));
            }
        }
        lines.push(String::new());
        lines.push(format!("{} {}", language.say("Data:", "Données :"), self.data.display()));
        lines.push(format!(
            "{} {} {}",
            language.say("Keys:", "Clés :"),
            self.secrets.display(),
            language.say("(keep a copy apart from the data)", "(gardez-en une copie à part des données)")
        ));
        if let Some(file) = &self.authority {
            lines.push(String::new());
            lines.push(
                language
                    .say(
                        "The certificate comes from this server's own authority. To trust it on a device,",
                        "Le certificat vient de l'autorité propre à ce serveur. Pour lui faire confiance,",
                    )
                    .to_owned(),
            );
            lines.push(format!("{} {}", language.say("import", "importez sur l'appareil"), file.display()));
            lines.push(format!("{} https://{}/ca.crt", language.say("or", "ou"), self.origin));
        }
        boxed(&lines)
    }
}

fn boxed(lines: &[String]) -> String {
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let mut out = format!("┌{}┐\n", "─".repeat(width + 2));
    for line in lines {
        let pad = width - line.chars().count();
        out.push_str(&format!("│ {line}{} │\n", " ".repeat(pad)));
    }
    out.push_str(&format!("└{}┘\n", "─".repeat(width + 2)));
    out
}
