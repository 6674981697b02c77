//! `rempart account`: one at a time, or many from CSV.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::cli::{Account, Add, List};
use crate::operator::reach::Reach;
use crate::operator::{Answer, Link, Order, Person, Row};
use crate::terminal;
use crate::words::Language;

/// Largest CSV in bytes.
const CSV: u64 = 16 * 1024 * 1024;

/// Runs one.
///
/// # Errors
/// The words of a refusal, or what broke.
pub async fn run(command: Account, reach: &mut Reach, language: Language) -> Result<ExitCode> {
    match command {
        Account::Add(Add { csv: true, .. }) => return many(reach, language).await,
        Account::Add(add) => one(add, reach, language).await?,
        Account::List(list) => self::list(&list, reach).await?,
        Account::Disable { local } => changed(reach, local, false, "disabled").await?,
        Account::Enable { local } => changed(reach, local, true, "enabled").await?,
        Account::Reset { local, second_factor } => {
            let order = Order::Reset { address: local, second_factor };
            let Answer::Link { address, link } = give(reach, order).await? else { bail!(UNEXPECTED) };
            print_link(&address, &link);
        }
    }
    Ok(ExitCode::SUCCESS)
}

const UNEXPECTED: &str = "the server gave an unexpected answer";

async fn give(reach: &mut Reach, order: Order) -> Result<Answer> {
    reach.order(order, &mut |_, _| {}).await
}

async fn changed(reach: &mut Reach, address: String, active: bool, what: &str) -> Result<()> {
    let Answer::Changed { address } = give(reach, Order::SetActive { address, active }).await? else {
        bail!(UNEXPECTED)
    };
    println!("{address} is {what}.");
    Ok(())
}

async fn one(add: Add, reach: &mut Reach, language: Language) -> Result<()> {
    let password = if add.password {
        Some(terminal::secret_twice("Password: ", "Again: ").context("no password was read")?)
    } else {
        None
    };
    let person = Person {
        local: add.local.unwrap_or_default(),
        display_name: add.name.unwrap_or_default(),
        title: add.title,
        department: add.department,
        role: add.role.name().to_owned(),
        french: language == Language::French,
        password,
    };
    let Answer::Added { address, link } = give(reach, Order::Add(person)).await? else { bail!(UNEXPECTED) };
    match link {
        Some(link) => print_link(&address, &link),
        None => println!("{address} is made; the password must be changed at the first sign-in."),
    }
    Ok(())
}

fn print_link(address: &str, link: &Link) {
    println!("{address}\t{}", link.url);
    let hours = (link.expires - crate::wiring::clock().now().millis()) / rempart_base::time::HOUR;
    eprintln!("The link works once, within {hours} hours. Give it to this person alone.");
}

/// A line of the CSV.
#[derive(Deserialize)]
struct Line {
    local: String,
    display_name: String,
    title: String,
    department: String,
    role: String,
    #[serde(default)]
    password: Option<Zeroizing<String>>,
}

/// Reads all lines before anything is made, so that a broken file makes nothing.
fn lines(text: &str) -> Result<Vec<Line>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let record = record.context("standard input is not CSV")?;
        let number = record.position().map_or(0, csv::Position::line);
        if at == 0 && record.get(0) == Some("local") {
            continue;
        }
        if !(5..=6).contains(&record.len()) {
            bail!(
                "line {number}: {} fields, not local,display_name,title,department,role[,password]; nothing was made",
                record.len()
            );
        }
        let mut fields = record.iter().map(str::to_owned);
        let mut next = || fields.next().unwrap_or_default();
        let line = Line {
            local: next(),
            display_name: next(),
            title: next(),
            department: next(),
            role: next(),
            password: Some(Zeroizing::new(next())).filter(|password| !password.is_empty()),
        };
        if rempart_domain::role::Role::from_name(&line.role).is_none() {
            bail!(
                "line {number}: there is no role {:?}: give owner, admin, officer, auditor, member or guest; nothing was made",
                line.role
            );
        }
        lines.push(line);
    }
    if lines.is_empty() {
        bail!("standard input holds no accounts");
    }
    Ok(lines)
}

async fn many(reach: &mut Reach, language: Language) -> Result<ExitCode> {
    let text = Zeroizing::new(terminal::input(CSV).context("standard input cannot be read")?);
    let lines = lines(&text)?;
    let bar = bar(u64::try_from(lines.len()).unwrap_or(u64::MAX));
    let mut refused = 0u32;
    for line in lines {
        let local = line.local.clone();
        let person = Person {
            local: line.local,
            display_name: line.display_name,
            title: line.title,
            department: line.department,
            role: line.role,
            french: language == Language::French,
            password: line.password,
        };
        match give(reach, Order::Add(person)).await {
            Ok(Answer::Added { address, link }) => {
                let link = link.map(|link| link.url).unwrap_or_default();
                bar.suspend(|| writeln!(io::stdout(), "{address}\t{link}"))?;
            }
            Ok(_) => bail!(UNEXPECTED),
            Err(error) => {
                refused += 1;
                bar.suspend(|| writeln!(io::stderr(), "{local}: {error}"))?;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if refused > 0 {
        eprintln!("{refused} were not made.");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar on standard error; none where that is no terminal.
#[must_use]
pub fn bar(total: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style)
}

async fn list(list: &List, reach: &mut Reach) -> Result<()> {
    let mut after = None;
    let mut out = io::stdout().lock();
    loop {
        let Answer::People { rows, next } = give(reach, Order::List { after }).await? else { bail!(UNEXPECTED) };
        for row in rows {
            if list.json {
                writeln!(out, "{}", serde_json::to_string(&row)?)?;
            } else {
                writeln!(out, "{}", plain(&row))?;
            }
        }
        if next.is_none() {
            return Ok(());
        }
        after = next;
    }
}

fn plain(row: &Row) -> String {
    let state = if row.active { "active" } else { "disabled" };
    let factor = if row.second_factor { "second factor" } else { "no second factor" };
    format!("{}\t{}\t{}\t{state}\t{factor}\t{} devices", row.address, row.display_name, row.role, row.devices)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn csv_is_read_with_and_without_header_password_and_comments() {
        let text = "local,display_name,title,department,role,password\n# the team\nm.kerbrat, Marie Kerbrat ,\"Head, of\",IT,admin\n\
                    j.tanguy,Jean Tanguy,,,member,a long first sentence\n";
        let lines = lines(text).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].display_name.as_str(), lines[0].title.as_str()), ("Marie Kerbrat", "Head, of"));
        assert!(lines[0].password.is_none());
        assert_eq!(lines[1].password.as_ref().map(|p| p.as_str()), Some("a long first sentence"));
    }

    #[test]
    fn a_broken_csv_names_the_line_and_makes_nothing() {
        for (text, said) in [
            ("", "holds no accounts"),
            ("local,display_name,title,department,role\n", "holds no accounts"),
            ("a,b,c,d,member\nx,y\n", "line 2: 2 fields"),
            ("a,b,c,d,member,p,q\n", "line 1: 7 fields"),
            ("a,b,c,d,king\n", "line 1: there is no role \"king\""),
        ] {
            let error = lines(text).err().unwrap().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }
}
