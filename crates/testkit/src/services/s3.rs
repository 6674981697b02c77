use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{cache, program, with_free_port};

/// The S3 server; pinned, so that every machine tests against the same one.
const MOTO: &str = "moto[server,s3]==5.2.5";
/// The bucket made at the start.
const BUCKET: &str = "rempart";

/// An S3 server (moto: in memory, loses everything when it stops) with one bucket.
pub struct S3 {
    _daemon: Daemon,
    folder: TempDir,
    port: u16,
    tls: bool,
}

/// Makes the bucket over TLS with the server's own Python: arguments are the bucket's address and the file of the chain.
const MAKE_BUCKET: &str = "import ssl, sys, urllib.request as r
context = ssl.create_default_context(cafile=sys.argv[2])
assert r.urlopen(r.Request(sys.argv[1], method='PUT'), context=context, timeout=10).status == 200
";

impl S3 {
    /// Starts one. The first start on a machine installs it beside the build's output, which takes a minute.
    ///
    /// # Errors
    /// When Python 3 is not installed, the package cannot be fetched, or the server does not start; says which.
    pub fn start() -> Result<Self> {
        let server = installed()?;
        with_free_port(|port| {
            let folder = TempDir::new().context("make a folder for S3")?;
            let command = [server.to_str().context("path")?, "-H", "127.0.0.1", "-p", &port.to_string()];
            let mut daemon = Daemon::start("TERM", &folder.path().join("log"), &command)?;
            daemon.wait_ready(|| matches!(request(port, "GET", "/moto-api/"), Ok(status) if status == 200))?;
            let status = request(port, "PUT", &format!("/{BUCKET}"))?;
            ensure!(status == 200, "the bucket could not be made: HTTP status {status}");
            Ok(Self { _daemon: daemon, folder, port, tls: false })
        })
    }

    /// Starts one that speaks TLS alone as `localhost`; `chain` and `key` are PEM.
    ///
    /// # Errors
    /// As [`S3::start`].
    pub fn start_with_tls(chain: &str, key: &str) -> Result<Self> {
        let server = installed()?;
        let python = server.with_file_name("python");
        with_free_port(|port| {
            let folder = TempDir::new().context("make a folder for S3")?;
            let (chain_file, key_file) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
            std::fs::write(&chain_file, chain).context("write the chain for S3")?;
            std::fs::write(&key_file, key).context("write the key for S3")?;
            let path = |path: &std::path::Path| path.to_str().map(str::to_owned).context("path");
            let (program, chain_file, key_file) = (path(&server)?, path(&chain_file)?, path(&key_file)?);
            let port_text = port.to_string();
            let command = [&program, "-H", "127.0.0.1", "-p", &port_text, "--ssl", "-c", &chain_file, "-k", &key_file];
            let mut daemon = Daemon::start("TERM", &folder.path().join("log"), &command)?;
            daemon.wait_ready(|| TcpStream::connect(("127.0.0.1", port)).is_ok())?;
            let bucket = format!("https://localhost:{port}/{BUCKET}");
            run(Command::new(&python).args(["-c", MAKE_BUCKET, &bucket, &chain_file]), "its bucket over TLS")?;
            Ok(Self { _daemon: daemon, folder, port, tls: true })
        })
    }

    /// The address of the bucket with a key that the server accepts; `prefix` is put before every name, and may be empty.
    #[must_use]
    pub fn url(&self, prefix: &str) -> String {
        if self.tls {
            let chain = self.folder.path().join("chain.pem");
            return format!(
                "s3://test:test@localhost:{}/{BUCKET}/{prefix}?region=us-east-1&ca={}",
                self.port,
                chain.display()
            );
        }
        format!("s3+http://test:test@127.0.0.1:{}/{BUCKET}/{prefix}?region=us-east-1", self.port)
    }
}

/// The server's program, installed on the first call; two test processes at once wait for each other.
fn installed() -> Result<PathBuf> {
    let (base, _lock) = cache("moto")?;
    let folder = base.join("venv");
    let stamp = folder.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == MOTO) {
        return Ok(folder.join("bin/moto_server"));
    }
    let python = program("python3", "python3-venv")?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("remove the former S3 server")?;
    }
    run(Command::new(python).args(["-m", "venv"]).arg(&folder), "apt-get install python3-venv")?;
    run(
        Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", MOTO]),
        "it needs a Python package registry",
    )?;
    std::fs::write(&stamp, MOTO).context("note what is installed")?;
    Ok(folder.join("bin/moto_server"))
}

fn run(command: &mut Command, hint: &str) -> Result<()> {
    let output = command.output().with_context(|| format!("run {command:?}"))?;
    if !output.status.success() {
        bail!("the S3 server for tests could not be installed ({hint}): {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// A request without a body; gives the status.
fn request(port: u16, method: &str, path: &str) -> Result<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).context("connect to S3")?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let line = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    line.split(' ').nth(1).and_then(|s| s.parse().ok()).with_context(|| format!("no status in {line:?}"))
}
