//! Real PostgreSQL, NATS and S3 servers for tests, on loopback, each in a folder of its own that goes with it.
//!
//! A program that is not installed is an error with words to act on, never a test passed over. A server lives as long as its
//! value, and no longer than the test process, however that ends: [`daemon`] says how.

mod daemon;
mod nats;
mod postgres;
mod s3;

pub use nats::Nats;
pub use postgres::{Postgres, PostgresOptions};
pub use s3::S3;

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Finds a program in `PATH`, or says which package has it.
fn program(name: &str, package: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").context("PATH is not set")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .with_context(|| format!("{name} is not installed; these tests need it: apt-get install {package}"))
}

/// A folder beside the build's output for what is made once on a machine, and the lock on it: test processes wait for each other.
fn cache(name: &str) -> Result<(PathBuf, File)> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/services").join(name);
    std::fs::create_dir_all(&base).context("make the folder of test services")?;
    let lock = File::create(base.join("lock")).context("make the lock of test services")?;
    lock.lock().context("lock the folder of test services")?;
    Ok((base, lock))
}

/// A loopback port that was free a moment ago. Another process may take it before the server does: callers try again.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).context("find a free port")?.local_addr()?.port())
}

/// Starts a server on a free port, again on another one when that was taken in between.
fn with_free_port<T>(start: impl Fn(u16) -> Result<T>) -> Result<T> {
    let mut last = None;
    for _ in 0..3 {
        match start(free_port()?) {
            Ok(server) => return Ok(server),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("no attempt was made")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let error = program("no-such-program", "its-package").unwrap_err().to_string();
        assert!(error.contains("no-such-program") && error.contains("apt-get install its-package"), "{error}");
    }

    #[test]
    fn servers_start_stop_and_come_back() {
        let mut postgres = Postgres::start().unwrap();
        let url = postgres.database().unwrap();
        assert!(url.ends_with("/case0"));
        postgres.sql("case0", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)").unwrap();
        postgres.stop();
        assert!(postgres.sql("case0", "SELECT n FROM kept").is_err());
        postgres.resume().unwrap();
        postgres.kill();
        postgres.resume().unwrap();
        assert_eq!(postgres.sql("case0", "SELECT n FROM kept").unwrap(), "7\n");

        let mut nats = Nats::start().unwrap();
        nats.stop();
        nats.resume().unwrap();
        assert!(nats.url().starts_with("nats://127.0.0.1:"));

        let s3 = S3::start().unwrap();
        assert!(s3.url("x").contains("/rempart/x?"));
    }
}
