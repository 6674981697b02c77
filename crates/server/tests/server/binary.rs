//! The built binary, run as an operator runs it, on a port and in folders of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rempart_server::tls::provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

const PASSWORD: &str = "quatre chevaux traversent le pont de pierre";

struct Place {
    folder: TempDir,
}

struct Running {
    child: Child,
    port: u16,
    /// The box and the log so far, in order of reading.
    said: String,
    rest: Option<(BufReader<ChildStdout>, BufReader<ChildStderr>)>,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rempart"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("LANG", "C.UTF-8")
            .env("REMPART_DATA_DIR", "data")
            .env("REMPART_SECRETS_DIR", "keys")
            .env("REMPART_WEB_LISTEN", "[::]:0");
        command
    }

    fn run(&self, arguments: &[&str], input: &str) -> (Output, String) {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses before it reads closes its input.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output, said)
    }

    fn good(&self, arguments: &[&str], input: &str) -> String {
        let (output, said) = self.run(arguments, input);
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }

    fn bad(&self, arguments: &[&str], input: &str) -> String {
        let (output, said) = self.run(arguments, input);
        assert!(!output.status.success(), "{arguments:?} should fail: {said}");
        said
    }

    fn serve(&self) -> Running {
        let mut child = self
            .command(&["serve", "--log-level", "debug"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let port = loop {
            let before = said.len();
            assert_ne!(err.read_line(&mut said).unwrap(), 0, "the server did not start: {said}");
            if let Some((_, port)) = said[before..].split_once("ready port=") {
                break port.trim().parse().unwrap();
            }
        };
        while !said.contains('┘') {
            assert_ne!(out.read_line(&mut said).unwrap(), 0, "{said}");
        }
        Running { child, port, said, rest: Some((out, err)) }
    }

    fn request(&self, port: u16, request: &str) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("data/ca.crt")).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connection = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
        let socket = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn post(&self, port: u16, path: &str, body: &str) -> String {
        let length = body.len();
        self.request(
            port,
            &format!(
                "POST {path} HTTP/1.1\r\nhost: localhost:{port}\r\norigin: https://localhost:{port}\r\nconnection: \
                 close\r\nx-rempart: 1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            ),
        )
    }

    fn set_up(&self, running: &Running, host: &str) {
        let token = running.said.split_once("/setup#").unwrap().1.split_whitespace().next().unwrap();
        let body = serde_json::json!({
            "token": token, "organisation": "Chantiers Kerbrat", "domain": "kerbrat.example",
            "host": host,
            "owner": { "local": "m.kerbrat", "display_name": "Marie Kerbrat", "password": PASSWORD, "language": "fr" },
            "device": { "name": "Test" },
        });
        let answer = self.post(running.port, "/api/v1/setup?trace=Kerbrat", &body.to_string());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

impl Running {
    /// SIGTERM; gives everything that was said.
    fn stop(mut self) -> String {
        let (mut out, mut err) = self.rest.take().unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)
            .unwrap();
        let mut said = std::mem::take(&mut self.said);
        out.read_to_string(&mut said).unwrap();
        err.read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only what a failed test left behind; a stopped one is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn from_the_first_start_to_people_with_accounts() {
    let place = Place::new();
    let began = Instant::now();
    let running = place.serve();
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(running.said.contains("https://localhost:") && running.said.contains("data/ca.crt"), "{}", running.said);

    let refusal = place.bad(&["account", "add", "j.tanguy", "--name", "Jean Tanguy"], "");
    assert!(refusal.contains("not set up yet"), "{refusal}");
    place.set_up(&running, &format!("localhost:{}", running.port));

    let made = place.good(&["account", "add", "j.tanguy", "--name", "Jean Tanguy", "--department", "Quai 3"], "");
    let link = made.split_once("j.tanguy@kerbrat.example\t").unwrap().1.lines().next().unwrap();
    assert!(link.starts_with(&format!("https://localhost:{}/reset#", running.port)), "{made}");
    let token = link.split_once('#').unwrap().1;
    let answer = place.post(running.port, "/api/v1/reset/check", &format!("{{\"token\":\"{token}\"}}"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("j.tanguy@kerbrat.example"), "{answer}");

    let twice = place.bad(&["account", "add", "j.tanguy", "--name", "Jean Tanguy"], "");
    assert!(twice.contains("local: This address is taken."), "{twice}");
    let weak = place.bad(&["account", "add", "a.b", "--name", "Anne B", "--password"], "azerty\n");
    assert!(weak.contains("password: "), "{weak}");

    let csv = format!(
        "local,display_name,title,department,role,password\nl.ogier,Lou Ogier,,Quai 3,member,{PASSWORD} du sud\n\
         j.tanguy,Again,,,member\np.riou,Paul Riou,Chef,,auditor\n"
    );
    let many = place.bad(&["account", "add", "--csv"], &csv);
    assert!(many.contains("l.ogier@kerbrat.example") && many.contains("p.riou@kerbrat.example\thttps://"), "{many}");
    assert!(many.contains("j.tanguy: local: This address is taken.") && many.contains("1 were not made."), "{many}");
    assert!(!many.contains(PASSWORD), "{many}");

    let listed = place.good(&["account", "list"], "");
    assert!(listed.contains("m.kerbrat@kerbrat.example\tMarie Kerbrat\towner\tactive\tno second factor"), "{listed}");
    assert_eq!(listed.lines().count(), 4, "{listed}");
    let sign_in = serde_json::json!({
        "address": "l.ogier@kerbrat.example", "password": format!("{PASSWORD} du sud"), "device": { "name": "T" },
    });
    let answer = place.post(running.port, "/api/v1/session", &sign_in.to_string());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    place.good(&["account", "disable", "l.ogier"], "");
    let answer = place.post(running.port, "/api/v1/session", &sign_in.to_string());
    assert!(!answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(place.bad(&["account", "disable", "m.kerbrat"], "").contains("Somebody must stay owner"));
    assert!(place.bad(&["account", "reset", "nobody"], "").contains("There is no such account."));
    assert!(place.good(&["archive", "verify"], "").contains("all is well"));
    let doctor = place.good(&["doctor"], "");
    assert!(doctor.contains("OK    port: the server runs") && !doctor.contains("FAIL"), "{doctor}");
    assert!(place.bad(&["serve"], "").contains("a server runs already"));

    let said = running.stop();
    for private in
        ["Kerbrat", "kerbrat", "Tanguy", "tanguy", "Ogier", "ogier", PASSWORD, token, "trace=", "127.0.0.1", "::ffff"]
    {
        let lines: Vec<_> = said.lines().filter(|l| l.contains(private) && !l.starts_with('│')).collect();
        assert!(lines.is_empty(), "the log carries {private:?}: {lines:?}");
    }
    assert!(said.contains("/api/v1/session") && said.contains("status=200") && said.contains("stopped"), "{said}");

    // The same without a server.
    let listed = place.good(&["account", "list", "--json"], "");
    assert_eq!(listed.lines().filter(|l| l.contains("\"active\":true")).count(), 3, "{listed}");
    place.good(&["account", "enable", "l.ogier@kerbrat.example"], "");
    assert!(place.good(&["account", "reset", "p.riou", "--second-factor"], "").contains("/reset#"));
    let french = place.command(&["doctor"]).env("LC_ALL", "fr_FR.UTF-8").output().unwrap();
    let french = String::from_utf8(french.stdout).unwrap();
    assert!(french.contains("archive :") && french.contains("toutes prouvées"), "{french}");
}

#[test]
fn keys_of_another_installation_keep_the_server_from_starting() {
    let (ours, theirs) = (Place::new(), Place::new());
    ours.serve().stop();
    theirs.serve().stop();
    std::fs::copy(theirs.path("keys/at-rest.key"), ours.path("keys/at-rest.key")).unwrap();
    let refusal = ours.bad(&["serve"], "");
    assert!(refusal.contains("the key at-rest in keys/at-rest.key is not the one"), "{refusal}");
    std::fs::remove_file(ours.path("keys/at-rest.key")).unwrap();
    let refusal = ours.bad(&["serve"], "");
    assert!(refusal.contains("the key at-rest is missing"), "{refusal}");
    let doctor = ours.bad(&["doctor"], "");
    assert!(doctor.contains("FAIL  keys: the key at-rest is missing"), "{doctor}");
}

#[test]
fn keys_that_came_with_a_later_version_are_made_when_it_first_starts() {
    let place = Place::new();
    place.serve().stop();
    // As a version without these keys leaves it: no files, and the store knows none.
    for purpose in ["key-log", "delivery"] {
        std::fs::remove_file(place.path(&format!("keys/{purpose}.key"))).unwrap();
        let store = rusqlite::Connection::open(place.path("data/rempart.db")).unwrap();
        assert_eq!(store.execute("DELETE FROM key_check WHERE purpose = ?1", [purpose]).unwrap(), 1);
    }
    place.serve().stop();
    let made = std::fs::read(place.path("keys/delivery.key")).unwrap();
    place.serve().stop();
    assert_eq!(std::fs::read(place.path("keys/delivery.key")).unwrap(), made);
    std::fs::remove_file(place.path("keys/delivery.key")).unwrap();
    let refusal = place.bad(&["serve"], "");
    assert!(refusal.contains("the key delivery is missing"), "{refusal}");
}

#[test]
fn keys_travel_sealed_to_another_folder() {
    let place = Place::new();
    place.serve().stop();
    place.good(&["secrets", "export", "--to", "sealed.json"], "a long enough passphrase\n");
    let mode = std::fs::metadata(place.path("sealed.json")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let full = place.bad(&["secrets", "import", "sealed.json"], "a long enough passphrase\n");
    assert!(full.contains("is there already") && full.contains("nothing was changed"), "{full}");
    let wrong = place.bad(&["secrets", "import", "sealed.json"], "another long passphrase\n");
    assert!(wrong.contains("the passphrase is wrong"), "{wrong}");
    let delivery = std::fs::read(place.path("keys/delivery.key")).unwrap();
    std::fs::remove_file(place.path("keys/delivery.key")).unwrap();
    place.good(&["secrets", "import", "sealed.json"], "a long enough passphrase\n");
    assert_eq!(std::fs::read(place.path("keys/delivery.key")).unwrap(), delivery, "only the missing one comes");
    let stranger = Place::new();
    stranger.serve().stop();
    std::fs::copy(stranger.path("keys/log.key"), place.path("keys/log.key")).unwrap();
    std::fs::remove_file(place.path("keys/delivery.key")).unwrap();
    let other = place.bad(&["secrets", "import", "sealed.json"], "a long enough passphrase\n");
    assert!(other.contains("keys/log.key is another key") && !place.path("keys/delivery.key").exists(), "{other}");
    std::fs::remove_dir_all(place.path("keys")).unwrap();
    let wrong = place.bad(&["secrets", "import", "sealed.json"], "another long passphrase\n");
    assert!(wrong.contains("the passphrase is wrong") && !place.path("keys").exists(), "{wrong}");
    let authority = std::fs::read(place.path("data/ca.crt")).unwrap();
    place.good(&["secrets", "import", "sealed.json"], "a long enough passphrase\n");
    place.serve().stop();
    assert_eq!(std::fs::read(place.path("data/ca.crt")).unwrap(), authority, "devices go on trusting it");
}

#[test]
fn a_configuration_is_checked_compared_and_taken_back() {
    let place = Place::new();
    let config = place.path("rempart.toml");
    let good = "[session]\nidle_days = 40\n";
    std::fs::write(&config, good).unwrap();
    assert!(place.bad(&["config", "diff"], "").contains("has not started with a configuration file yet"));
    assert!(place.bad(&["config", "rollback"], "").contains("no earlier configuration is kept"));
    place.serve().stop();
    assert_eq!(place.good(&["config", "diff"], ""), "Nothing differs.\n");

    std::fs::write(&config, "[session]\nidle_days = 300\n[log]\nlevel = \"error\"\n").unwrap();
    let checked = place.good(&["config", "check"], "");
    assert!(checked.contains("WARN  session.idle_days: a computer that was lost stays signed in"), "{checked}");
    assert!(checked.ends_with("The configuration is good.\n"), "{checked}");
    let differs = place.good(&["config", "diff"], "");
    assert!(differs.contains("session.idle_days: \"40\" → \"300\""), "{differs}");
    assert!(differs.contains("WARN  log.level: warnings before a breakdown"), "{differs}");

    // A file that is not even TOML: the way back holds all the same.
    std::fs::write(&config, "[session\n").unwrap();
    assert!(place.bad(&["config", "check"], "").contains("this is not TOML"));
    let back = place.good(&["config", "rollback"], "");
    assert!(back.contains("is again what it was"), "{back}");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), good);
    assert_eq!(std::fs::read_to_string(place.path("rempart.toml.before")).unwrap(), "[session\n");
    assert_eq!(place.good(&["config", "diff"], ""), "Nothing differs.\n");
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refusal = place.bad(&["serve", "--web-listen", &address], "");
    assert!(refusal.contains(&format!("cannot listen on {address}: is another program there?")), "{refusal}");
    let doctor = place.bad(&["doctor", "--web-listen", &address], "");
    assert!(doctor.contains(&format!("FAIL  port: {address}")), "{doctor}");
    std::fs::write(place.path("rempart.toml"), "[web]\nlisen = 1\n").unwrap();
    for command in [&["serve"][..], &["config", "check"], &["config", "show"], &["doctor"]] {
        let refusal = place.bad(command, "");
        assert!(refusal.contains("rempart.toml:2: there is no setting \"web.lisen\""), "{command:?}: {refusal}");
    }
    std::fs::remove_file(place.path("rempart.toml")).unwrap();
    assert!(place.good(&["config", "check"], "").contains("The configuration is good."));
    assert!(place.bad(&["account", "list"], "").contains("start the server once"));
}

#[test]
fn an_own_certificate_is_served_and_read_again_on_sighup() {
    let place = Place::new();
    let other = Place::new();
    other.serve().stop();
    for (from, to) in [("data/tls.crt", "own.crt"), ("keys/tls.key", "own.key")] {
        std::fs::copy(other.path(from), place.path(to)).unwrap();
    }
    std::fs::create_dir(place.path("data")).unwrap();
    std::fs::copy(other.path("data/ca.crt"), place.path("data/ca.crt")).unwrap();
    std::fs::write(place.path("rempart.toml"), "[tls]\ncertificate = \"own.crt\"\nkey = \"own.key\"\n").unwrap();
    let mut running = place.serve();
    let hello = format!("GET /healthz HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n", running.port);
    assert!(place.request(running.port, &hello).starts_with("HTTP/1.1 200 "));
    assert!(!place.path("keys/ca.key").exists(), "no authority is made beside an own certificate");
    // Another certificate of the same authority.
    std::fs::remove_file(other.path("data/tls.crt")).unwrap();
    other.serve().stop();
    for (from, to) in [("data/tls.crt", "own.crt"), ("keys/tls.key", "own.key")] {
        std::fs::copy(other.path(from), place.path(to)).unwrap();
    }
    let pid = rustix::process::Pid::from_child(&running.child);
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    let (_, err) = running.rest.as_mut().unwrap();
    let mut said = String::new();
    while !said.contains("the server certificate was changed") {
        assert_ne!(err.read_line(&mut said).unwrap(), 0, "{said}");
    }
    assert!(place.request(running.port, &hello).starts_with("HTTP/1.1 200 "));
    running.stop();
}

#[test]
fn systemd_is_told_and_a_killed_server_leaves_nothing_in_the_way() {
    let place = Place::new();
    let socket = std::os::unix::net::UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let heard = || {
        let mut buffer = [0u8; 256];
        let read = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..read]).trim().to_owned()
    };
    let watchers = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let start = || {
        place
            .command(&["serve", "--metrics-listen", &watchers.to_string()])
            .env("NOTIFY_SOCKET", place.path("notify"))
            .env("WATCHDOG_USEC", "400000")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut child = start();
    let mut told = vec![heard(), heard(), heard()];
    told.sort();
    assert_eq!(told.last().unwrap(), "WATCHDOG=1");
    assert!(told.contains(&"READY=1".to_owned()), "{told:?}");
    let ask = |path: &str| {
        let mut stream = std::net::TcpStream::connect(watchers).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask("/readyz").starts_with("HTTP/1.1 200 "));
    assert!(ask("/healthz").starts_with("HTTP/1.1 200 "));
    let metrics = ask("/metrics");
    for name in ["rempart_connections 0", "rempart_feeds 0", "rempart_log_entries 0", "rempart_store_bytes "] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    assert!(ask("/api/v1/server").starts_with("HTTP/1.1 404 "), "only watching is served without TLS");

    child.kill().unwrap();
    child.wait().unwrap();
    assert!(place.path("data/operator.sock").exists(), "a kill leaves it");
    place.good(&["account", "list"], "");
    let mut child = start();
    while heard() != "READY=1" {}
    place.good(&["account", "list"], "");
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    while heard() != "STOPPING=1" {}
    assert!(child.wait().unwrap().success());
    assert!(!place.path("data/operator.sock").exists());
}

#[test]
fn the_certificate_follows_the_public_host_that_is_named_at_set_up() {
    let place = Place::new();
    let mut running = place.serve();
    let names = || {
        let der = CertificateDer::from_pem_file(place.path("data/tls.crt")).unwrap();
        rempart_server::tls::look::Look::at(&der).unwrap()
    };
    assert!(!names().covers("rempart.kerbrat.example"));
    place.set_up(&running, "rempart.kerbrat.example");
    let mut said = String::new();
    while !said.contains("the server certificate was changed") {
        let (_, err) = running.rest.as_mut().unwrap();
        assert_ne!(err.read_line(&mut said).unwrap(), 0, "{said}");
    }
    assert!(names().covers("rempart.kerbrat.example"));
    assert!(names().covers("localhost"));
    let doctor = place.good(&["doctor"], "");
    assert!(doctor.contains("OK    certificate: is for rempart.kerbrat.example"), "{doctor}");
    running.stop();
}
