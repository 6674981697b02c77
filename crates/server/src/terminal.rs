//! The person at the terminal: asks for secrets without showing them, reads standard input within limits.

use std::fs::OpenOptions;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Longest secret line in bytes.
const LINE: u64 = 4096;

/// Asks for a secret: on the terminal without showing it, or the first line of standard input when that is no terminal.
///
/// # Errors
/// When nothing can be read.
pub fn secret(prompt: &str) -> io::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return line(io::stdin().lock());
    }
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let before = tcgetattr(&terminal)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
    let _restored = Restore { terminal: terminal.try_clone()?, before };
    let answer = line(BufReader::new(terminal.try_clone()?));
    writeln!(terminal)?;
    answer
}

/// Asks twice on a terminal, once elsewhere.
///
/// # Errors
/// When nothing can be read, or the answers differ.
pub fn secret_twice(prompt: &str, again: &str) -> io::Result<Zeroizing<String>> {
    let first = secret(prompt)?;
    if io::stdin().is_terminal() && *secret(again)? != *first {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the two answers differ"));
    }
    Ok(first)
}

/// All of standard input, at most `largest` bytes.
///
/// # Errors
/// When it is larger, or not text.
pub fn input(largest: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = io::stdin().lock().take(largest + 1).read_to_string(&mut text)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > largest {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("more than {largest} bytes came")));
    }
    Ok(text)
}

fn line(reader: impl io::BufRead) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    reader.take(LINE).read_line(&mut line)?;
    while line.ends_with(['\n', '\r']) {
        line.pop();
    }
    if line.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "nothing was given"));
    }
    Ok(line)
}

/// Shows typing again, also after an error.
struct Restore {
    terminal: std::fs::File,
    before: Termios,
}

impl Drop for Restore {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before) {
            tracing::warn!(%error, "the terminal could not be set back; run: stty echo");
        }
    }
}
