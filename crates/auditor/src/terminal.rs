//! The person at the terminal: passphrases without echo, confirmations, progress. A secret is never an argument and never
//! in the environment, where other programs and the shell's history would see it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rempart_capsule::locked::PASSPHRASE_CHARS;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::say;

/// Longest line in bytes.
const LINE: usize = 4096;

/// Where passphrases come from.
pub enum Passphrases {
    /// Typed by a person, not shown.
    Typed,
    /// One a line, in the order in which they are asked for.
    Lines(Box<dyn io::BufRead>),
}

impl Passphrases {
    /// From the file descriptor, if one is named; else from the person at the terminal; else from standard input.
    ///
    /// # Errors
    /// When the descriptor is not open for reading.
    pub fn from(descriptor: Option<u32>) -> Result<Self> {
        if let Some(number) = descriptor {
            let file = File::open(format!("/dev/fd/{number}")).with_context(|| {
                say!("file descriptor {number} cannot be read", "le descripteur {number} ne peut pas être lu")
            })?;
            return Ok(Self::Lines(Box::new(BufReader::with_capacity(1, file))));
        }
        if io::stdin().is_terminal() {
            return Ok(Self::Typed);
        }
        Ok(Self::Lines(Box::new(io::stdin().lock())))
    }

    /// The passphrase of something that exists.
    ///
    /// # Errors
    /// When none is given.
    pub fn ask(&mut self, what: &str) -> Result<Zeroizing<String>> {
        match self {
            Self::Typed => typed(&say!("Passphrase of {what}: ", "Phrase de passe de {what} : ")),
            Self::Lines(lines) => line(lines.as_mut())
                .with_context(|| say!("no passphrase was given for {what}", "pas de phrase de passe pour {what}")),
        }
    }

    /// A new passphrase, typed twice.
    ///
    /// # Errors
    /// When none is given, it is too short, or the second is another.
    pub fn choose(&mut self, what: &str) -> Result<Zeroizing<String>> {
        let first = match self {
            Self::Typed => typed(&say!(
                "New passphrase for {what} (at least {PASSPHRASE_CHARS} characters): ",
                "Nouvelle phrase de passe pour {what} (au moins {PASSPHRASE_CHARS} caractères) : "
            ))?,
            Self::Lines(_) => self.ask(what)?,
        };
        if first.chars().count() < PASSPHRASE_CHARS {
            bail!(say!(
                "the passphrase of {what} needs at least {PASSPHRASE_CHARS} characters",
                "la phrase de passe de {what} doit avoir au moins {PASSPHRASE_CHARS} caractères"
            ));
        }
        if matches!(self, Self::Typed) && *typed(&say!("The same again: ", "La même encore : "))? != *first {
            bail!(say!("the two passphrases differ", "les deux phrases de passe diffèrent"));
        }
        Ok(first)
    }
}

fn typed(prompt: &str) -> Result<Zeroizing<String>> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    // Before the question: whoever answers at once is not shown either.
    tcsetattr(&terminal, OptionalActions::Flush, &quiet)?;
    let _restored = Restore { terminal: terminal.try_clone()?, before };
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let answer = line(&mut BufReader::new(terminal.try_clone()?));
    writeln!(terminal)?;
    answer
}

/// A line in Unicode's form NFC: one passphrase has one spelling, whatever the keyboard composes.
fn line(reader: &mut dyn io::BufRead) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LINE));
    loop {
        let chunk = reader.fill_buf()?;
        let Some(byte) = chunk.first().copied() else { break };
        reader.consume(1);
        if byte == b'\n' {
            break;
        }
        if bytes.len() == LINE {
            bail!(say!("the line is too long", "la ligne est trop longue"));
        }
        bytes.push(byte);
    }
    let text = std::str::from_utf8(&bytes)?.trim_end_matches('\r');
    if text.is_empty() {
        bail!(say!("nothing was given", "rien n'a été donné"));
    }
    let mut out = Zeroizing::new(String::with_capacity(LINE * 3));
    out.extend(text.nfc());
    Ok(out)
}

/// Shows typing again, also after an error.
struct Restore {
    terminal: File,
    before: Termios,
}

impl Drop for Restore {
    fn drop(&mut self) {
        if tcsetattr(&self.terminal, OptionalActions::Flush, &self.before).is_err() {
            eprintln!("{}", say!("run: stty echo", "lancez : stty echo"));
        }
    }
}

/// Asks whether to go on. Only a person at a terminal can say so; scripts pass `--yes`.
///
/// # Errors
/// When the answer is no, or there is no terminal.
pub fn confirm(question: &str, yes: bool) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        bail!(say!(
            "nobody is there to confirm: add --yes if this is a script",
            "personne ne peut confirmer : ajoutez --yes si ceci est un script"
        ));
    }
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    write!(terminal, "{question} {} ", say!("[yes/no]", "[oui/non]"))?;
    terminal.flush()?;
    let answer = line(&mut BufReader::new(terminal))?;
    if ["yes", "oui"].contains(&answer.trim().to_lowercase().as_str()) {
        Ok(())
    } else {
        bail!(say!("nothing was done", "rien n'a été fait"))
    }
}

/// A bar for anything long; nothing where nobody looks.
#[must_use]
pub fn bar(total: u64, what: String) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_message(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_has_one_spelling_and_lines_are_taken_one_by_one() {
        let mut lines = Passphrases::Lines(Box::new("cle\u{301} de voûte\r\nsecond phrase\n".as_bytes()));
        assert_eq!(lines.ask("x").unwrap().as_str(), "cl\u{e9} de voûte");
        assert_eq!(lines.ask("x").unwrap().as_str(), "second phrase");
        assert!(lines.ask("x").is_err());
    }

    #[test]
    fn a_short_or_endless_passphrase_is_refused() {
        let mut lines = Passphrases::Lines(Box::new("short\n".as_bytes()));
        assert!(lines.choose("x").is_err());
        let mut endless = Passphrases::Lines(Box::new(io::BufReader::new(io::repeat(b'a'))));
        assert!(endless.ask("x").is_err());
    }
}
