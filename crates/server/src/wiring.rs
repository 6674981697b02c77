//! The only place that knows which adapters are in use.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use rempart_app::keys::Purpose;
use rempart_app::{App, Keys, Outside, Settings};
use rempart_base::time::DAY;
use rempart_embedded::{FileBlobs, InProcessBus, SystemClock, SystemEntropy};
use rempart_ports::store::StoreError;
use rempart_ports::{Blobs, Bus, Clock, Entropy, Store};
use zeroize::Zeroizing;

use crate::config::value::{BlobsUrl, BusUrl, StoreUrl};
use crate::config::{Config, Environment};
use crate::secrets::sealed::Contents;
use crate::secrets::{Missing, Place, Secret, checks, make_folder};

/// The clock of this process.
#[must_use]
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The randomness of this process.
#[must_use]
pub fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy)
}

/// What the keys are for, by the names of their files.
#[must_use]
pub fn purposes() -> Vec<&'static str> {
    Purpose::ALL.iter().map(|purpose| purpose.name()).collect()
}

/// Keys that this folder should have: all but those that an installation made earlier may make at its next start.
#[must_use]
pub fn purposes_of(place: &Place) -> Vec<&'static str> {
    Purpose::ALL.into_iter().filter(|p| !p.came_later() || place.has(p.name())).map(Purpose::name).collect()
}

/// Keys that a sealed copy should have: all but those that came later than it.
#[must_use]
pub fn purposes_in(copy: &Contents) -> Vec<&'static str> {
    let has = |purpose: &Purpose| copy.keys.iter().any(|(name, ..)| name == purpose.name());
    Purpose::ALL.into_iter().filter(|p| !p.came_later() || has(p)).map(Purpose::name).collect()
}

/// An opened installation: the application and what it stands on.
pub struct Node {
    /// The application.
    pub app: Arc<App>,
    /// What it stands on.
    pub outside: Outside,
    /// The keys that the store knows.
    pub keys: Vec<String>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node")
    }
}

/// Opens store, keys, bus and blobs, and puts the application together.
///
/// # Errors
/// What cannot be opened, and what to do; a key that is not the store's is named.
pub async fn open(config: &Config, environment: &Environment) -> Result<Node> {
    make_folder(&config.data_dir)?;
    let store = store(config).await?;
    let secrets = keys(config, environment, store.as_ref()).await?;
    let keys = Keys::new(|purpose| *bytes(&secrets, purpose)).context("the keys cannot be used")?;
    let outside =
        Outside { store, bus: bus(config).await?, blobs: blobs(config).await?, clock: clock(), entropy: entropy() };
    let settings = Settings {
        max_file: config.limits_max_file.0,
        session_idle_ms: i64::from(config.session_idle_days.0) * DAY,
        privileged_password_age_ms: match config.session_privileged_password_days.0 {
            0 => None,
            days => Some(i64::from(days) * DAY),
        },
        anonymous_per_minute: config.limits_anonymous.0,
    };
    let app = App::new(outside.clone(), keys, settings);
    Ok(Node { app, outside, keys: secrets.iter().map(|secret| secret.purpose.to_owned()).collect() })
}

async fn store(config: &Config) -> Result<Arc<dyn Store>> {
    match &config.store_url {
        StoreUrl::Embedded => {
            let path = config.data_dir.join("rempart.db");
            let opened = tokio::task::spawn_blocking(move || rempart_embedded::sqlite::open(&path)).await?;
            Ok(Arc::new(opened.context("the store cannot be opened")?))
        }
        StoreUrl::Postgres(address) => {
            let store = rempart_cluster::postgres::connect(address).await;
            Ok(Arc::new(store.context("the store of store.url cannot be opened")?))
        }
    }
}

async fn bus(config: &Config) -> Result<Arc<dyn Bus>> {
    Ok(match &config.bus_url {
        BusUrl::Embedded => Arc::new(InProcessBus::default()),
        BusUrl::Nats(address) => {
            Arc::new(rempart_cluster::NatsBus::connect(address).await.context("the bus of bus.url cannot be reached")?)
        }
    })
}

async fn blobs(config: &Config) -> Result<Arc<dyn Blobs>> {
    Ok(match &config.blobs_url {
        BlobsUrl::Embedded => Arc::new(FileBlobs::open(&config.data_dir.join("blobs")).context("open the files")?),
        BlobsUrl::S3(address) => Arc::new(
            rempart_cluster::S3Blobs::connect(address).await.context("the storage of blobs.url cannot be reached")?,
        ),
    })
}

/// Loads the keys; makes one only where the store knows none of its purpose, and the purpose is new or the store is; refuses
/// those of another installation.
async fn keys(config: &Config, environment: &Environment, store: &dyn Store) -> Result<Vec<Secret>> {
    let place = Place { folder: config.secrets_dir.clone(), credentials: environment.credentials() };
    let stored = store.key_checks().await?;
    let (new, known): (Vec<_>, Vec<_>) = Purpose::ALL.into_iter().partition(|purpose| {
        stored.is_empty() || (purpose.came_later() && stored.iter().all(|check| check.purpose != purpose.name()))
    });
    let names = |purposes: Vec<Purpose>| purposes.into_iter().map(Purpose::name).collect::<Vec<_>>();
    let entropy = entropy();
    let mut secrets = place.load(&names(known), Missing::Refuse, entropy.as_ref())?;
    secrets.extend(place.load(&names(new), Missing::Make, entropy.as_ref())?);
    for new in checks::compare(&secrets, &stored, value)? {
        match store.put_key_check(&new).await {
            // Another node was first: its keys are the store's now.
            Err(StoreError::Exists(_)) => {
                checks::compare(&secrets, &store.key_checks().await?, value)?;
            }
            other => other?,
        }
    }
    Ok(secrets)
}

/// What a key makes of its fixed text.
#[must_use]
pub fn value(secret: &Secret) -> Vec<u8> {
    Purpose::ALL
        .into_iter()
        .find(|purpose| purpose.name() == secret.purpose)
        .map(|purpose| Keys::check_value(purpose, &secret.bytes))
        .unwrap_or_default()
}

fn bytes(secrets: &[Secret], purpose: Purpose) -> Zeroizing<[u8; 32]> {
    secrets.iter().find(|s| s.purpose == purpose.name()).map(|s| s.bytes.clone()).unwrap_or_default()
}
