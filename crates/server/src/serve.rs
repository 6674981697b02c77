//! `rempart serve`: opens everything in order, says it is ready, and lets go in order.

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rempart_base::Chain;
use rempart_domain::actor::Actor;
use rempart_head_web::{Peer, WebSettings};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::config::history::History;
use crate::config::{Config, Environment, Loaded};
use crate::listen::{self, Listener};
use crate::metrics::Metrics;
use crate::operator::reach::Reach;
use crate::operator::socket;
use crate::requests::{Observer, observed};
use crate::tls::keeper::Keeper;
use crate::tls::{Served, server_config};
use crate::welcome::{Welcome, origin};
use crate::wiring::{self, Node};
use crate::words::Language;
use crate::{health, stop};

/// How long background tasks may take to end.
const TASKS: Duration = Duration::from_secs(5);
/// How often the public host is looked at.
const HOST: Duration = Duration::from_secs(2);

/// Runs the server until it is told to stop.
///
/// # Errors
/// What keeps it from starting, and what to do.
pub async fn serve(loaded: &Loaded, environment: &Environment) -> Result<ExitCode> {
    let config = &loaded.config;
    if Reach::server(config).await?.is_some() {
        bail!("a server runs already on the data in {}", config.data_dir.display());
    }
    raise_files();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;

    let tcp = listen::bind(config.web_listen).with_context(|| {
        format!("cannot listen on {}: is another program there? (setting web.listen)", config.web_listen)
    })?;
    let address = tcp.local_addr()?;
    let node = Arc::new(wiring::open(config, environment).await?);
    let keeper = Keeper::open(config, Arc::clone(&node.outside.clock), Arc::clone(&node.outside.entropy))?;
    let host = node.app.organisation().await?.map(|organisation| organisation.host.clone());
    let served = Served::new(keeper.first(host.as_deref())?);
    let authority = keeper.authority().map(|authority| (authority.pem(), authority.file.clone()));
    let metrics = Arc::new(Metrics::new());
    let (stop, stopped) = watch::channel(false);
    let (reload, reloaded) = watch::channel(0u64);
    let (host_sender, host_changes) = watch::channel(host.clone());

    let mut tasks = tokio::spawn(rempart_app::tasks::run(Arc::clone(&node.app), stopped.clone()));
    let mut others = vec![
        tokio::spawn(keeper.run(Arc::clone(&served), host_changes, reloaded, stopped.clone())),
        tokio::spawn(follow_host(Arc::clone(&node), host_sender, stopped.clone())),
        tokio::spawn(watchdog(stopped.clone())),
    ];
    if let Some(address) = config.metrics_listen {
        others.push(tokio::spawn(health::serve(
            health::bind(address).with_context(|| format!("cannot listen on {address} (setting metrics.listen)"))?,
            Arc::clone(&node),
            Arc::clone(&metrics),
            stopped.clone(),
        )));
    }
    match socket::bind(&config.data_dir) {
        Ok(listener) => {
            let data = config.data_dir.clone();
            others.push(tokio::spawn(socket::serve(listener, data, Arc::clone(&node), stopped.clone())));
        }
        Err(error) => tracing::warn!(%error, "commands such as `rempart account` will not work while the server runs"),
    }

    let proposed = config.web_host.as_ref().map_or_else(|| origin("localhost", address), |host| host.0.clone());
    let settings = WebSettings { host: proposed, authority: authority.as_ref().map(|(pem, _)| pem.clone()) };
    let observer = Observer {
        metrics: Arc::clone(&metrics),
        clock: Arc::clone(&node.outside.clock),
        entropy: Arc::clone(&node.outside.entropy),
    };
    let listener = Listener {
        tcp,
        tls: server_config(served)?,
        router: observed(rempart_head_web::router(Arc::clone(&node.app), settings), observer),
        decorate: Arc::new(|extensions, peer: IpAddr| {
            extensions.insert(Peer(peer));
        }),
        connections: config.web_connections.0,
        metrics,
    };
    let mut listening = tokio::spawn(listener.run(stopped));
    welcome(config, environment, &node, address, host, authority.map(|(_, file)| file)).await?;
    keep_configuration(loaded);
    tracing::info!(port = address.port(), "ready");
    notify(&[NotifyState::Ready]);

    let mut outcome = ExitCode::SUCCESS;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hang_up.recv() => {
                tracing::info!("reading the certificate again");
                reload.send_modify(|times| *times += 1);
            }
            ended = &mut tasks => {
                tasks_ended(ended);
                outcome = ExitCode::FAILURE;
                break;
            }
            _ = &mut listening => {
                tracing::error!("the listener ended by itself");
                outcome = ExitCode::FAILURE;
                break;
            }
        }
    }
    notify(&[NotifyState::Stopping]);
    tracing::info!("stopping");
    let ending = async {
        // Feeds first: their clients come back to another node or wait, and nothing they sent is lost.
        node.app.close_feeds();
        stop.send_replace(true);
        if !listening.is_finished()
            && let Ok(cut) = (&mut listening).await
            && cut > 0
        {
            tracing::warn!(cut, "connections did not end in time and were cut");
        }
        if !tasks.is_finished() && timeout(TASKS, &mut tasks).await.is_err() {
            tracing::warn!("background tasks did not end in time");
        }
        for other in others {
            other.abort();
            drop(other.await);
        }
        drop(node);
    };
    tokio::select! {
        () = ending => tracing::info!("stopped"),
        // A second signal: whoever gives it does not want to wait. What was acknowledged is on disk already.
        _ = terminate.recv() => outcome = ExitCode::from(130),
        _ = interrupt.recv() => outcome = ExitCode::from(130),
    }
    Ok(outcome)
}

/// Notes the file that this start went well with, for `config diff` and `config rollback`.
fn keep_configuration(loaded: &Loaded) {
    let Some(path) = &loaded.file else { return };
    let kept = std::fs::read_to_string(path).and_then(|text| History::beside(&loaded.config.secrets_dir).keep(&text));
    if let Err(error) = kept {
        tracing::warn!(%error, "the configuration file was not noted: `rempart config rollback` will not know it");
    }
}

fn tasks_ended(ended: Result<rempart_app::Outcome<()>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => tracing::error!("the background tasks ended by themselves"),
        Ok(Err(error)) => tracing::error!(error = %Chain(&error), "the background tasks could not begin"),
        Err(error) => tracing::error!(%error, "the background tasks broke"),
    }
}

async fn welcome(
    config: &Config,
    environment: &Environment,
    node: &Node,
    address: SocketAddr,
    host: Option<String>,
    authority: Option<std::path::PathBuf>,
) -> Result<()> {
    let ctx = node.app.ctx(Actor::Operator, None, None);
    let setup = node.app.setup_link(&ctx).await?;
    let welcome = Welcome {
        origin: match (&host, &config.web_host) {
            (Some(host), _) => host.clone(),
            (None, Some(host)) => host.0.clone(),
            (None, None) => origin("localhost", address),
        },
        setup: setup.map(|secret| secret.expose().clone()),
        data: config.data_dir.clone(),
        secrets: config.secrets_dir.clone(),
        authority,
    };
    print!("{}", welcome.text(Language::of(environment)));
    Ok(())
}

/// Follows the organisation's public host, which is named at set-up, perhaps on another node.
async fn follow_host(node: Arc<Node>, sender: watch::Sender<Option<String>>, mut stop: watch::Receiver<bool>) {
    let mut round = tokio::time::interval(HOST);
    loop {
        tokio::select! {
            () = stop::told(&mut stop) => return,
            _ = round.tick() => {}
        }
        match node.app.organisation().await {
            Ok(organisation) => {
                let host = organisation.map(|organisation| organisation.host.clone());
                sender.send_if_modified(|known| {
                    let changed = *known != host;
                    *known = host;
                    changed
                });
            }
            Err(error) => tracing::warn!(error = %Chain(&error), "the public host could not be read"),
        }
    }
}

/// Tells systemd that this process is alive, twice as often as it asks for.
async fn watchdog(mut stop: watch::Receiver<bool>) {
    let Some(period) = sd_notify::watchdog_enabled() else { return };
    let mut round = tokio::time::interval((period / 2).max(Duration::from_millis(100)));
    loop {
        tokio::select! {
            () = stop::told(&mut stop) => return,
            _ = round.tick() => notify(&[NotifyState::Watchdog]),
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}

/// Lets this process open as many files as the system allows it: each connection is one.
fn raise_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%error, "the limit of open files stays");
    }
}
