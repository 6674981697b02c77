use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::daemon::{Daemon, pause};
use super::{cache, program, with_free_port};

/// The package of the server's programs.
const PACKAGE: &str = "postgresql-15";
/// Whom the server runs as where the tests are root: it refuses root.
const USER: &str = "postgres";

/// How a server is started.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    /// Whether commits wait for the disk. Off by default: contract cases do not lose power. On for measurements.
    pub fsync: bool,
    /// A certificate chain and its key, PEM; the server then speaks TLS too.
    pub tls: Option<(String, String)>,
}

/// A PostgreSQL server with a superuser `rempart` who needs no password.
pub struct Postgres {
    daemon: Option<Daemon>,
    folder: TempDir,
    programs: PathBuf,
    options: PostgresOptions,
    port: u16,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts one.
    ///
    /// # Errors
    /// When `postgresql-15` is not installed or the server does not start; says which.
    pub fn start() -> Result<Self> {
        Self::start_with(PostgresOptions::default())
    }

    /// Starts one with options.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub fn start_with(options: PostgresOptions) -> Result<Self> {
        let programs = programs()?;
        with_free_port(|port| {
            let folder = TempDir::new().context("make a folder for PostgreSQL")?;
            let mut postgres = Self {
                daemon: None,
                folder,
                programs: programs.clone(),
                options: options.clone(),
                port,
                databases: AtomicU32::new(0),
            };
            postgres.initialise()?;
            postgres.resume()?;
            Ok(postgres)
        })
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn initialise(&self) -> Result<()> {
        let data = self.data();
        run(Command::new("cp").arg("-a").arg(template(&self.programs)?).arg(&data))?;
        own(self.folder.path())?;
        if let Some((chain, key)) = &self.options.tls {
            for (name, text) in [("server.crt", chain), ("server.key", key)] {
                let file = data.join(name);
                std::fs::write(&file, text).context("write the certificate")?;
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
                own(&file)?;
            }
        }
        Ok(())
    }

    /// The address of the database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The address of the database `postgres` by the server's socket.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("postgresql:///postgres?user=rempart&host={}&port={}", self.folder.path().display(), self.port)
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgresql://rempart@127.0.0.1:{}/{database}", self.port)
    }

    /// The loopback port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database and gives its address.
    ///
    /// # Errors
    /// When the server does not make it.
    pub fn database(&self) -> Result<String> {
        let name = format!("case{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(self.url_of(&name))
    }

    /// Runs SQL in a database as its superuser; gives what `psql` prints, a row a line, columns parted by `|`.
    ///
    /// # Errors
    /// The server's own words.
    pub fn sql(&self, database: &str, text: &str) -> Result<String> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text]).arg(self.url_of(database));
        run(&mut command)
    }

    /// The schema of a database as `pg_dump` tells it.
    ///
    /// # Errors
    /// The server's own words.
    pub fn schema(&self, url: &str) -> Result<String> {
        run(Command::new(self.programs.join("pg_dump")).args(["--schema-only", "--no-owner"]).arg(url))
    }

    /// Stops the server, ending its connections; [`Postgres::resume`] starts it again.
    pub fn stop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.stop();
        }
    }

    /// Ends the server at once, as a crash would; [`Postgres::resume`] starts it again.
    pub fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
    }

    /// Starts the server again after [`Postgres::stop`] or [`Postgres::kill`].
    ///
    /// # Errors
    /// When it does not start.
    pub fn resume(&mut self) -> Result<()> {
        for _ in 0..200 {
            match self.begin() {
                // After a kill the server's children live on for a moment and hold its memory.
                Err(error) if error.to_string().contains("is still in use") => pause(),
                other => return other,
            }
        }
        self.begin()
    }

    fn begin(&mut self) -> Result<()> {
        let server = as_server(&self.programs.join("postgres"))?;
        let (data, folder, port) = (self.data(), self.folder.path(), self.port.to_string());
        let mut command: Vec<&str> = vec![server.get_program().to_str().context("path")?];
        for argument in server.get_args() {
            command.push(argument.to_str().context("path")?);
        }
        let fsync = if self.options.fsync { "fsync=on" } else { "fsync=off" };
        let tls = if self.options.tls.is_some() { "ssl=on" } else { "ssl=off" };
        let folder_text = folder.to_str().context("path")?;
        command.extend(["-D", data.to_str().context("path")?, "-k", folder_text, "-p", &port]);
        command.extend(["-c", "listen_addresses=127.0.0.1", "-c", fsync, "-c", tls, "-c", "shared_buffers=64MB"]);
        // SIGINT is PostgreSQL's "fast shutdown": it ends connections and stops.
        let mut daemon = Daemon::start("INT", &folder.join("log"), &command)?;
        // Asked by its own socket: on the port another server might answer.
        let ready = self.programs.join("pg_isready");
        daemon.wait_ready(|| {
            Command::new(&ready)
                .args(["-q", "-h", folder_text, "-p", &port])
                .status()
                .is_ok_and(|status| status.success())
        })?;
        self.daemon = Some(daemon);
        Ok(())
    }
}

/// Where Debian keeps the server's programs: they are not in `PATH`.
fn programs() -> Result<PathBuf> {
    let missing = || format!("PostgreSQL 15 is not installed; these tests need it: apt-get install {PACKAGE}");
    let listed = Command::new("dpkg").args(["-L", PACKAGE]).output().with_context(missing)?;
    String::from_utf8_lossy(&listed.stdout)
        .lines()
        .find(|line| line.ends_with("/bin/initdb"))
        .and_then(|line| Path::new(line).parent().map(Path::to_path_buf))
        .filter(|folder| folder.join("postgres").is_file())
        .with_context(missing)
}

/// A data folder as `initdb` makes it, to copy: made once on a machine, because each case has a server of its own.
fn template(programs: &Path) -> Result<PathBuf> {
    let (base, _lock) = cache("postgres")?;
    let finished = base.join(if is_root()? { "15-server" } else { "15-own" });
    if finished.exists() {
        return Ok(finished);
    }
    let folder = TempDir::new().context("make a folder for PostgreSQL")?;
    own(folder.path())?;
    let data = folder.path().join("data");
    let mut command = as_server(&programs.join("initdb"))?;
    command.args(["--auth=trust", "--no-sync", "--username=rempart", "--encoding=UTF8", "--locale=C.UTF-8", "-D"]);
    run(command.arg(&data))?;
    let unfinished = base.join("unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).context("remove an unfinished copy")?;
    }
    run(Command::new("cp").arg("-a").arg(&data).arg(&unfinished))?;
    std::fs::rename(&unfinished, &finished).context("keep the data folder")?;
    Ok(finished)
}

/// Whether this process is root, by the owner of its own entry in `/proc`.
fn is_root() -> Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(std::fs::metadata("/proc/self").context("read /proc/self")?.uid() == 0)
}

/// A command that runs as the server's user where the tests are root.
fn as_server(server: &Path) -> Result<Command> {
    if !is_root()? {
        return Ok(Command::new(server));
    }
    let mut command = Command::new(program("setpriv", "util-linux")?);
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(server);
    Ok(command)
}

/// Gives a file or folder to the server's user where the tests are root.
fn own(path: &Path) -> Result<()> {
    if !is_root()? {
        return Ok(());
    }
    let number = |flag| -> Result<u32> {
        run(Command::new("id").args([flag, USER]))?.trim().parse().context("the id of the user postgres")
    };
    chown(path, Some(number("-u")?), Some(number("-g")?)).with_context(|| format!("give away {}", path.display()))
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
