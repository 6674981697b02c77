//! A server process that ends with its value, and with the test process too.
//!
//! A small shell stands between: it starts the server, tells its process id, and waits for its own standard input to end.
//! The test holds the other end of that pipe, so the kernel closes it even when the test is killed, and the shell then stops
//! the server.

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take to be ready.
const START: Duration = Duration::from_secs(60);
/// How long a server may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(10);

const KEEPER: &str = r#"
signal=$1; log=$2; shift 2
"$@" </dev/null >>"$log" 2>&1 &
pid=$!
echo "$pid"
read -r word
[ "$word" = kill ] && signal=KILL
kill -"$signal" "$pid" 2>/dev/null
wait "$pid"
exit 0
"#;

pub(super) struct Daemon {
    keeper: Child,
    input: Option<ChildStdin>,
    pid: u32,
    log: PathBuf,
}

impl Daemon {
    /// Starts a server that stops at `signal` (a name without `SIG`) and writes its output to `log`.
    pub(super) fn start(signal: &str, log: &Path, command: &[&str]) -> Result<Self> {
        let name = command.first().copied().unwrap_or_default();
        File::create(log).with_context(|| format!("make {}", log.display()))?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", signal])
            .arg(log)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let input = keeper.stdin.take();
        let mut pid = String::new();
        BufReader::new(keeper.stdout.take().context("no output")?).read_line(&mut pid)?;
        let pid = pid.trim().parse().with_context(|| format!("start {name}"))?;
        Ok(Self { keeper, input, pid, log: log.to_owned() })
    }

    /// Waits until `ready` says so.
    pub(super) fn wait_ready(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let began = Instant::now();
        while began.elapsed() < START {
            if !self.alive() {
                bail!("the server ended at once: {}", self.log());
            }
            if ready() {
                return Ok(());
            }
            pause();
        }
        bail!("the server was not ready in {} s: {}", START.as_secs(), self.log());
    }

    fn alive(&self) -> bool {
        // A process that ended and was not yet waited for is a zombie: `/proc` still has it.
        std::fs::read_to_string(format!("/proc/{}/stat", self.pid))
            .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
    }

    fn log(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Stops the server as an operator would.
    pub(super) fn stop(self) {
        drop(self);
    }

    /// Ends the server at once, as a crash would.
    pub(super) fn kill(mut self) {
        if let Some(input) = &mut self.input {
            let _ = input.write_all(b"kill\n");
        }
        drop(self);
    }
}

#[expect(clippy::disallowed_methods, reason = "another process gives no event to wait for")]
pub(super) fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.input.take());
        let began = Instant::now();
        while began.elapsed() < STOP {
            if matches!(self.keeper.try_wait(), Ok(Some(_))) {
                return;
            }
            pause();
        }
        let _ = Command::new("kill").args(["-KILL", &self.pid.to_string()]).status();
        let _ = self.keeper.wait();
    }
}
