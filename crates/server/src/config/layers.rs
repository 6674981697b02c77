//! Which value wins: a flag over the environment over the file over the default.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf, absolute};

use super::value::Expected;
use super::{Config, ConfigError, Environment, PLACES, PREFIX, SETTINGS, Setting, file};
use crate::words::Language;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the file.
    File(PathBuf, usize),
    /// A variable.
    Environment(String),
    /// A flag.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag --{name}"),
        }
    }
}

impl Origin {
    /// In the person's language.
    #[must_use]
    pub fn say(&self, language: Language) -> String {
        match (language, self) {
            (Language::French, Self::Default) => "valeur par défaut".to_owned(),
            (Language::French, Self::Environment(name)) => format!("variable {name}"),
            (Language::French, Self::Flag(name)) => format!("option --{name}"),
            (Language::French, Self::File(..)) | (Language::English, _) => self.to_string(),
        }
    }
}

/// The configuration with the origin of each value.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// Text and origin of each setting.
    pub values: BTreeMap<&'static str, (String, Origin)>,
    /// The file that was read, where one was.
    pub file: Option<PathBuf>,
}

/// Reads all layers. `flags` are pairs of key and text; `named` is the file of `--config`.
///
/// # Errors
/// The first thing that is wrong, with its place and what to do.
pub fn load(
    named: Option<&Path>,
    environment: &Environment,
    flags: &[(&'static str, String)],
) -> Result<Loaded, ConfigError> {
    let mut values = defaults();
    let path = place(named, environment);
    if let Some(path) = &path {
        let text =
            std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: path.clone(), cause })?;
        read_file(path, &text, &mut values)?;
    }
    finish(values, path, environment, flags)
}

/// As [`load`], with another text in place of the file's: what the file held before.
///
/// # Errors
/// As [`load`].
pub fn load_text(
    path: &Path,
    text: &str,
    environment: &Environment,
    flags: &[(&'static str, String)],
) -> Result<Loaded, ConfigError> {
    let mut values = defaults();
    read_file(path, text, &mut values)?;
    finish(values, Some(path.to_owned()), environment, flags)
}

/// The file that holds: the one named, or the first there is.
#[must_use]
pub fn place(named: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    named
        .map(Path::to_owned)
        .or_else(|| environment.get("REMPART_CONFIG").map(PathBuf::from))
        .or_else(|| PLACES.iter().map(PathBuf::from).find(|p| p.exists()))
}

fn defaults() -> BTreeMap<&'static str, (String, Origin)> {
    SETTINGS.iter().map(|s| (s.key, (s.default.to_owned(), Origin::Default))).collect()
}

fn finish(
    mut values: BTreeMap<&'static str, (String, Origin)>,
    path: Option<PathBuf>,
    environment: &Environment,
    flags: &[(&'static str, String)],
) -> Result<Loaded, ConfigError> {
    read_environment(environment, &mut values)?;
    for (key, text) in flags {
        if let Some(setting) = SETTINGS.iter().find(|s| s.key == *key) {
            let origin = Origin::Flag(setting.flag().unwrap_or_default());
            set(setting, text.clone(), origin, &mut values)?;
        }
    }
    let config =
        Config::from_texts(|key| values.get(key).map_or("", |(text, _)| text.as_str())).map_err(|(key, what)| {
            ConfigError::Value {
                at: values.get(key).map(|(_, o)| o.to_string()).unwrap_or_default(),
                key,
                value: String::new(),
                what,
            }
        })?;
    together(&config)?;
    Ok(Loaded { config, values, file: path })
}

fn read_file(
    path: &Path,
    text: &str,
    values: &mut BTreeMap<&'static str, (String, Origin)>,
) -> Result<(), ConfigError> {
    for entry in file::entries(path, text)? {
        let at = format!("{}:{}", path.display(), entry.line);
        let Some(setting) = SETTINGS.iter().find(|s| s.key == entry.key) else {
            return Err(ConfigError::Unknown {
                at,
                nearest: nearest(&entry.key, SETTINGS.iter().map(|s| s.key.to_owned())),
                key: entry.key,
            });
        };
        let Some(text) = entry.text else {
            let what = Expected::new(
                format!("give a {} in quotes, or a whole number", setting.kind),
                format!("indiquez une valeur entre guillemets ({}) ou un nombre entier", setting.kind),
            );
            return Err(ConfigError::Value { at, key: setting.key, value: String::new(), what });
        };
        let text = match path.parent() {
            Some(folder) if setting.path && !text.is_empty() => folder.join(&text).to_string_lossy().into_owned(),
            _ => text,
        };
        set(setting, text, Origin::File(path.to_owned(), entry.line), values)?;
    }
    Ok(())
}

fn read_environment(
    environment: &Environment,
    values: &mut BTreeMap<&'static str, (String, Origin)>,
) -> Result<(), ConfigError> {
    for (name, text) in environment.0.iter().filter(|(name, _)| name.starts_with(PREFIX) && *name != "REMPART_CONFIG") {
        let Some(setting) = SETTINGS.iter().find(|s| s.variable() == *name) else {
            return Err(ConfigError::Unknown {
                at: "environment".into(),
                key: name.clone(),
                nearest: nearest(name, SETTINGS.iter().map(Setting::variable)),
            });
        };
        set(setting, text.clone(), Origin::Environment(name.clone()), values)?;
    }
    Ok(())
}

fn set(
    setting: &'static Setting,
    text: String,
    origin: Origin,
    values: &mut BTreeMap<&'static str, (String, Origin)>,
) -> Result<(), ConfigError> {
    (setting.check)(&text).map_err(|what| ConfigError::Value {
        at: origin.to_string(),
        key: setting.key,
        value: if setting.secret { "[hidden]".into() } else { text.clone() },
        what,
    })?;
    values.insert(setting.key, (text, origin));
    Ok(())
}

/// The nearest of some names, when near enough to be what was meant.
fn nearest(name: &str, names: impl Iterator<Item = String>) -> Option<String> {
    names
        .map(|candidate| (strsim::normalized_damerau_levenshtein(name, &candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// What holds between settings.
fn together(config: &Config) -> Result<(), ConfigError> {
    let whole = |path: &Path| absolute(path).unwrap_or_else(|_| path.to_owned());
    let (data, secrets) = (whole(&config.data_dir), whole(&config.secrets_dir));
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if secrets.starts_with(&data) || real(&secrets).starts_with(real(&data)) {
        let (secrets, data) = (secrets.display(), data.display());
        return Err(ConfigError::Together(Expected::new(
            format!(
                "secrets_dir ({secrets}) must not be data_dir ({data}) or inside it: a backup of the data would carry the \
                 keys that protect it; name a folder beside it"
            ),
            format!(
                "secrets_dir ({secrets}) ne doit pas être data_dir ({data}) ni s'y trouver : une sauvegarde des données \
                 emporterait les clés qui les protègent ; nommez un dossier à côté"
            ),
        )));
    }
    let refuse = |english: &str, french: &str| Err(ConfigError::Together(Expected::new(english, french)));
    match (&config.tls_certificate, &config.tls_key) {
        (Some(_), None) => {
            return refuse(
                "tls.certificate is set but tls.key is not: set both or none",
                "tls.certificate est donné mais pas tls.key : donnez les deux, ou aucun",
            );
        }
        (None, Some(_)) => {
            return refuse(
                "tls.key is set but tls.certificate is not: set both or none",
                "tls.key est donné mais pas tls.certificate : donnez les deux, ou aucun",
            );
        }
        _ => {}
    }
    if let Some(directory) = &config.tls_acme_directory {
        if config.tls_certificate.is_some() {
            return refuse(
                "tls.acme_directory and tls.certificate are both set: keep the one that you want",
                "tls.acme_directory et tls.certificate sont tous deux donnés : gardez celui que vous voulez",
            );
        }
        if !directory.starts_with("https://") {
            return refuse(
                "tls.acme_directory must begin with https://",
                "tls.acme_directory doit commencer par https://",
            );
        }
    }
    Ok(())
}
