//! The real program `rempart` as a process of its own, in folders of its own, on a port of its own.
//!
//! A server prints where to go once it listens; nothing here asks again and again. Reading order: [`Server`], then
//! [`cluster`] (several nodes on one PostgreSQL and NATS).

pub mod cluster;

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

pub use cluster::Cluster;

use crate::client::Target;

/// How long a server may take to be ready; a debug build on a busy machine is slow.
const START: Duration = Duration::from_secs(60);
/// How long a server may take to stop when told to.
const STOP: Duration = Duration::from_secs(30);

/// First port, and how many: below those that Linux gives to clients (`net.ipv4.ip_local_port_range`).
const QUIET: (u16, u64) = (12_000, 20_000);

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program.
    pub binary: PathBuf,
    /// Flags after `serve`, and after every other command.
    pub flags: Vec<String>,
    /// Variables of the environment, beside which there are only `PATH` and the language.
    pub variables: Vec<(String, String)>,
}

impl Options {
    /// A server without settings but those that a test needs: many strangers at once from one address, all of the log.
    #[must_use]
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into(), flags: Vec::new(), variables: Vec::new() }
            .flag("--limits-anonymous-per-minute", "1000000")
            .flag("--log-level", "debug")
    }

    /// With one more setting; the last one given holds.
    #[must_use]
    pub fn flag(mut self, name: &str, value: &str) -> Self {
        match self.flags.iter().position(|f| f == name) {
            Some(at) => drop(self.flags.splice(at..at + 2, [name.to_owned(), value.to_owned()])),
            None => self.flags.extend([name.to_owned(), value.to_owned()]),
        }
        self
    }

    /// With one more variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// Lines that a process wrote, and a sign at each.
#[derive(Debug)]
struct Lines {
    text: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
}

impl Lines {
    fn new() -> Arc<Self> {
        Arc::new(Self { text: Mutex::default(), count: watch::channel(0).0 })
    }

    fn follow(self: &Arc<Self>, from: impl AsyncRead + Unpin + Send + 'static) {
        let this = Arc::clone(self);
        let mut lines = BufReader::new(from).lines();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                this.text.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                this.count.send_modify(|count| *count += 1);
            }
        });
    }

    fn find<T>(&self, from: usize, choose: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.iter().skip(from).find_map(|line| choose(line))
    }

    fn all(&self) -> Vec<String> {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A server in folders of its own, running or not.
#[derive(Debug)]
pub struct Server {
    options: Options,
    folder: Option<TempDir>,
    data: PathBuf,
    secrets: PathBuf,
    child: Option<Child>,
    /// What it logged, over all its lives.
    log: Arc<Lines>,
    /// What it printed, over all its lives.
    printed: Arc<Lines>,
    address: SocketAddr,
    took: Duration,
}

impl Server {
    /// Starts the program in new folders.
    ///
    /// # Errors
    /// What kept it from being ready, with the end of its log.
    pub async fn start(options: Options) -> Result<Self> {
        let folder = TempDir::with_prefix("rempart-server-")?;
        let (data, secrets) = (folder.path().join("data"), folder.path().join("secrets"));
        let mut server = Self::prepare(options, data, secrets);
        server.folder = Some(folder);
        server.resume().await?;
        Ok(server)
    }

    /// A server in these folders, not running yet. They stay when it goes.
    #[must_use]
    pub fn prepare(options: Options, data: PathBuf, secrets: PathBuf) -> Self {
        Self {
            options,
            folder: None,
            data,
            secrets,
            child: None,
            log: Lines::new(),
            printed: Lines::new(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            took: Duration::ZERO,
        }
    }

    /// Starts it again on the same folders and the same port.
    ///
    /// # Errors
    /// What kept it from being ready, with the end of its log.
    pub async fn resume(&mut self) -> Result<()> {
        ensure!(self.child.is_none(), "the server runs already");
        if self.address.port() == 0 {
            self.address.set_port(quiet_port()?);
        }
        let seen = self.printed.all().len();
        let began = Instant::now();
        let mut child = self
            .command()
            .args(["serve", "--web-listen", &self.address.to_string(), "--log-format", "json"])
            .args(&self.options.flags)
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("start {}", self.options.binary.display()))?;
        self.log.follow(child.stderr.take().context("no log")?);
        self.printed.follow(child.stdout.take().context("no output")?);
        // Kept from now on: a start that is given up is still to be killed and waited for.
        let child = self.child.insert(child);
        let mut lines = self.printed.count.subscribe();
        let ready = async {
            // The box ends when the server listens.
            while self.printed.find(seen, |line| line.starts_with('└').then_some(())).is_none() {
                tokio::select! {
                    changed = lines.changed() => changed?,
                    ended = child.wait() => bail!("the server ended at once: {}", ended?),
                }
            }
            Ok(())
        };
        let ready = timeout(START, ready).await.unwrap_or_else(|_| bail!("the server was not ready in {START:?}"));
        if let Err(error) = ready {
            self.kill().await?;
            return Err(error.context(self.end_of_log()));
        }
        self.took = began.elapsed();
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.options.binary);
        command.env_clear().env("LANG", "C.UTF-8").envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.options.variables.iter().map(|(name, value)| (name, value)));
        command.env("REMPART_DATA_DIR", &self.data).env("REMPART_SECRETS_DIR", &self.secrets);
        if let Some(folder) = self.data.parent() {
            // No configuration file of the machine's user is found from there.
            command.current_dir(folder);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    fn end_of_log(&self) -> String {
        let lines = self.log.all();
        lines.get(lines.len().saturating_sub(12)..).unwrap_or_default().join("\n")
    }

    /// How long the last start took, until the server said where to go.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// Its process, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data directory.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its folder of keys.
    #[must_use]
    pub fn secrets(&self) -> &Path {
        &self.secrets
    }

    /// How clients reach it, trusting its own authority.
    ///
    /// # Errors
    /// When it has none.
    pub fn target(&self) -> Result<Target> {
        let authority = std::fs::read_to_string(self.data.join("ca.crt")).context("the authority's certificate")?;
        Target::new(self.address, "localhost", &authority)
    }

    /// The setup link that it printed last.
    ///
    /// # Errors
    /// When it printed none.
    pub fn setup_link(&self) -> Result<String> {
        let lines = self.printed.all();
        lines
            .iter()
            .rev()
            .find_map(|line| line.split_whitespace().find(|word| word.contains("/setup#")))
            .map(str::to_owned)
            .with_context(|| format!("no setup link was printed: {}", lines.join("\n")))
    }

    /// What it logged and printed, over all its lives.
    #[must_use]
    pub fn output(&self) -> String {
        let (log, printed) = (self.log.all(), self.printed.all());
        log.into_iter().chain(printed).collect::<Vec<_>>().join("\n")
    }

    /// What it logged, over all its lives.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.all().join("\n")
    }

    /// Ends it at once, as a crash would: SIGKILL.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("the server does not run")?;
        child.kill().await.context("kill the server")
    }

    /// The same, where it may not run: after a start that was given up.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn kill_if_running(&mut self) -> Result<()> {
        if self.child.is_some() { self.kill().await } else { Ok(()) }
    }

    /// Tells it to stop, as an operator would: SIGTERM; waits until it has.
    ///
    /// # Errors
    /// When it does not run, or does not stop.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        let mut child = self.child.take().context("the server does not run")?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.context("the server ended before")?, rustix::process::Signal::TERM)?;
        timeout(STOP, child.wait()).await.context("the server did not stop")?.context("wait for the server")
    }

    /// Runs another command on the same folders, with this on standard input.
    ///
    /// # Errors
    /// When it cannot be run; that it failed is in the answer.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut child = self.command().args(arguments).stdin(Stdio::piped()).spawn().context("run rempart")?;
        let mut to = child.stdin.take().context("no input")?;
        // A program that does not read its input may have ended already.
        drop(to.write_all(input.as_bytes()).await);
        drop(to);
        child.wait_with_output().await.context("wait for rempart")
    }

    /// Runs `archive verify`; gives whether all is well, and what was printed.
    ///
    /// # Errors
    /// When it cannot be run.
    pub async fn verify(&self) -> Result<(bool, String)> {
        let output = self.run(&["archive", "verify"], "").await?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
    }
}

/// A free port that the system gives to no client. Where a server is away, a client that tries again and again would in the
/// end be given the server's own port, connect to itself, and keep the server from coming back.
fn quiet_port() -> Result<u16> {
    let tries =
        (0..100).map(|_| QUIET.0 + u16::try_from(RandomState::new().build_hasher().finish() % QUIET.1).unwrap_or(0));
    tries
        .into_iter()
        .find(|port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("no free port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_setting_holds() {
        let options = Options::new("x").flag("--a", "1").flag("--b", "2").flag("--a", "3");
        assert_eq!(options.flags[4..], ["--a", "3", "--b", "2"]);
    }
}
