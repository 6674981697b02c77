//! Each refusal of the configuration, and which layer wins.

use std::path::Path;

use rempart_server::config::consequences::consequences;
use rempart_server::config::history::{History, changes, replace};
use rempart_server::config::{Environment, Loaded, Origin, SETTINGS, load, load_text, reference};
use rempart_server::words::Language;
use tempfile::TempDir;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    Environment(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

fn file(text: &str) -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rempart.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn with(text: &str) -> Result<Loaded, String> {
    let (folder, path) = file(text);
    load(Some(&path), &environment(&[]), &[])
        .map_err(|e| e.to_string().replace(&folder.path().display().to_string(), "F"))
}

#[test]
fn every_refusal_of_the_file_says_where_and_what_to_do() {
    let table = [
        ("data_dri = \"x\"", r#"F/rempart.toml:1: there is no setting "data_dri"; did you mean "data_dir"?"#),
        (
            "[web]\n\nlissten = \"x\"",
            r#"F/rempart.toml:3: there is no setting "web.lissten"; did you mean "web.listen"?"#,
        ),
        ("zzzzzzzz = 1", r#"F/rempart.toml:1: there is no setting "zzzzzzzz""#),
        ("[web]\nlisten = 8443", r#"F/rempart.toml:2: web.listen = "8443": give an address and a port"#),
        ("[web]\nhost = \"https://a.fr/\"", "F/rempart.toml:2: web.host = \"https://a.fr/\": give a host name"),
        ("[web]\nconnections = 3", "web.connections = \"3\": give a whole number from 16 to 1000000"),
        ("[limits]\nmax_file = \"5 GB\"", "limits.max_file = \"5 GB\": give a size from"),
        ("[limits]\nmax_file = \"1 KiB\"", "limits.max_file = \"1 KiB\": give a size from"),
        ("[session]\nidle_days = 0", "session.idle_days = \"0\": give a whole number from 1 to 365"),
        ("[log]\nformat = \"xml\"", "log.format = \"xml\": give \"text\" or \"json\""),
        ("[log]\nlevel = \"loud\"", "log.level = \"loud\": give \"error\", \"warn\", \"info\" or \"debug\""),
        ("[store]\nurl = \"mysql://root:pw@h/d\"", "store.url = \"[hidden]\": give \"embedded\" or"),
        ("[bus]\nurl = \"http://h\"", "bus.url = \"[hidden]\": give \"embedded\" or"),
        ("[blobs]\nurl = \"s3://\"", "blobs.url = \"[hidden]\": give \"embedded\" or"),
        ("[metrics]\nlisten = \"9090\"", "metrics.listen = \"9090\": give an address and a port"),
        ("[web]\nlisten = [1]", "F/rempart.toml:2: web.listen = \"\": give a address:port in quotes"),
        ("a = = 1", "F/rempart.toml:1: this is not TOML"),
        ("data_dir = \"d\"\nsecrets_dir = \"d/keys\"", "must not be data_dir"),
        ("data_dir = \"d\"\nsecrets_dir = \"d\"", "must not be data_dir"),
        ("[tls]\ncertificate = \"c\"", "tls.certificate is set but tls.key is not"),
        ("[tls]\nkey = \"c\"", "tls.key is set but tls.certificate is not"),
        ("[tls]\nacme_directory = \"http://a\"", "tls.acme_directory must begin with https://"),
        ("[tls]\nacme_directory = \"https://a\"\ncertificate = \"c\"\nkey = \"k\"", "keep the one that you want"),
    ];
    for (text, expected) in table {
        let refusal = with(text).expect_err(text);
        assert!(refusal.contains(expected), "{text}\n  said:     {refusal}\n  expected: {expected}");
        assert!(!refusal.contains("root:pw"), "a password was shown: {refusal}");
    }
}

#[test]
fn an_unknown_variable_names_the_nearest() {
    let refusal = load(None, &environment(&[("REMPART_WEB_LISTN", "x")]), &[]).unwrap_err().to_string();
    assert_eq!(refusal, r#"environment: there is no setting "REMPART_WEB_LISTN"; did you mean "REMPART_WEB_LISTEN"?"#);
}

#[test]
fn a_wrong_variable_or_flag_is_named() {
    let refusal = load(None, &environment(&[("REMPART_LOG_FORMAT", "xml")]), &[]).unwrap_err().to_string();
    assert!(refusal.starts_with("environment REMPART_LOG_FORMAT: log.format = \"xml\": give"), "{refusal}");
    let refusal = load(None, &environment(&[]), &[("log.format", "xml".into())]).unwrap_err().to_string();
    assert!(refusal.starts_with("flag --log-format: log.format = \"xml\": give"), "{refusal}");
}

#[test]
fn a_named_file_that_is_not_there_is_an_error() {
    let refusal = load(Some(Path::new("/nowhere/rempart.toml")), &environment(&[]), &[]).unwrap_err().to_string();
    assert!(refusal.starts_with("cannot read the configuration file /nowhere/rempart.toml: "), "{refusal}");
}

#[test]
fn a_link_into_the_data_directory_does_not_hide_the_keys_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("keys")).unwrap();
    std::os::unix::fs::symlink(data.join("keys"), folder.path().join("secrets")).unwrap();
    let flags = [
        ("data_dir", data.display().to_string()),
        ("secrets_dir", folder.path().join("secrets").display().to_string()),
    ];
    let refusal = load(None, &environment(&[]), &flags).unwrap_err().to_string();
    assert!(refusal.contains("must not be data_dir"), "{refusal}");
}

#[test]
fn the_later_layer_wins_and_each_value_says_where_it_came_from() {
    let (_folder, path) = file("data_dir = \"data\"\n[web]\nlisten = \"127.0.0.1:1\"\nhost = \"file.example\"\n");
    let environment = environment(&[("REMPART_WEB_LISTEN", "127.0.0.1:2"), ("REMPART_LOG_LEVEL", "warn")]);
    let loaded = load(Some(&path), &environment, &[("log.level", "debug".into())]).unwrap();
    assert_eq!(loaded.config.web_listen.port(), 2);
    assert_eq!(loaded.values["web.listen"].1, Origin::Environment("REMPART_WEB_LISTEN".into()));
    assert_eq!(loaded.values["log.level"].1, Origin::Flag("log-level".into()));
    assert_eq!(loaded.values["web.host"].1, Origin::File(path.clone(), 4));
    assert_eq!(loaded.values["limits.max_file"].1, Origin::Default);
    assert_eq!(loaded.config.data_dir, path.parent().unwrap().join("data"), "relative to the file's folder");
    let shown = reference::show(&loaded, Language::English);
    assert!(shown.contains("# environment REMPART_WEB_LISTEN"), "{shown}");
    assert!(shown.contains(&format!("# {}:4", path.display())), "{shown}");
    assert_eq!(shown.lines().count(), SETTINGS.len() + 1, "every value is shown");
}

#[test]
fn show_hides_passwords_and_keys() {
    let pairs = [
        ("REMPART_STORE_URL", "postgres://rempart:hunter2@db.example/rempart"),
        ("REMPART_BLOBS_URL", "s3://bucket?secret_key=hunter2"),
    ];
    let shown = reference::show(&load(None, &environment(&pairs), &[]).unwrap(), Language::English);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("db.example"), "{shown}");
}

#[test]
fn what_may_carry_a_password_has_no_flag() {
    for setting in SETTINGS.iter().filter(|s| s.key.ends_with(".url")) {
        assert!(setting.secret && setting.flag().is_none(), "{}", setting.key);
    }
}

#[test]
fn every_default_is_a_value_of_its_setting() {
    for setting in SETTINGS {
        assert_eq!((setting.check)(setting.default), Ok(()), "{}", setting.key);
    }
}

#[test]
fn the_reference_page_is_the_committed_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/config.md");
    let committed = std::fs::read_to_string(path).unwrap();
    assert_eq!(committed, reference::page(), "run: rempart config reference > docs/reference/config.md");
}

#[test]
fn defaults_have_no_price_and_each_price_is_said_in_both_languages() {
    let defaults = load(None, &environment(&[]), &[]).unwrap();
    assert_eq!(consequences(&defaults, Language::English), Vec::<String>::new());
    let table: &[(&str, &str, &str)] = &[
        ("[web]\nlisten = \"127.0.0.1:8443\"", "only this machine", "seule cette machine"),
        ("[web]\nconnections = 50", "beyond 50 open pages", "au-delà de 50 pages"),
        ("[tls]\nacme_directory = \"https://a\"", "becomes public", "devient public"),
        ("[metrics]\nlisten = \"0.0.0.0:9090\"", "without a password", "sans TLS ni mot de passe"),
        ("[bus]\nurl = \"nats://10.0.0.1\"", "write tls://", "écrivez tls://"),
        ("[blobs]\nurl = \"s3+http://K:S@store/b\"", "write s3://", "écrivez s3://"),
        ("[store]\nurl = \"postgres://h/d\"", "up to 75 seconds", "jusqu'à 75 secondes"),
        ("[store]\nurl = \"postgres://h/d\"", "lost with this disk", "perdus avec ce disque"),
        ("[bus]\nurl = \"nats://localhost\"", "serves nothing", "ne sert à rien"),
        ("[limits]\nanonymous_per_minute = 5000", "5000 passwords a minute", "5000 mots de passe par minute"),
        ("[limits]\nanonymous_per_minute = 5", "shuts itself out", "se bloque lui-même"),
        ("[session]\nidle_days = 200", "for up to 200 days", "jusqu'à 200 jours"),
        ("[session]\nidle_days = 1", "after each weekend", "après chaque week-end"),
        ("[session]\nprivileged_password_days = 30", "every 30 days", "tous les 30 jours"),
        ("[log]\nlevel = \"debug\"", "grows by gigabytes", "grossit de plusieurs gigaoctets"),
        ("[log]\nlevel = \"error\"", "not written anywhere", "ne sont écrits nulle part"),
    ];
    for (text, english, french) in table {
        let loaded = with(text).unwrap();
        for (language, words) in [(Language::English, english), (Language::French, french)] {
            let said = consequences(&loaded, language);
            assert!(said.iter().any(|line| line.contains(words)), "{text}: {said:?}");
        }
    }
    assert_eq!(consequences(&with("[bus]\nurl = \"nats://localhost\"").unwrap(), Language::English).len(), 1);
}

#[test]
fn refusals_are_said_in_french_too() {
    let table = [
        ("data_dri = \"x\"", "il n'y a pas de réglage \"data_dri\" ; vouliez-vous dire \"data_dir\" ?"),
        ("[web]\nlisten = 8443", "indiquez une adresse et un port"),
        ("[web]\nconnections = 3", "indiquez un nombre entier de 16 à 1000000"),
        ("[tls]\nkey = \"c\"", "tls.key est donné mais pas tls.certificate"),
        ("data_dir = \"d\"\nsecrets_dir = \"d\"", "ne doit pas être data_dir"),
        ("a = = 1", "ce n'est pas du TOML"),
    ];
    for (text, expected) in table {
        let (_folder, path) = file(text);
        let refusal = load(Some(&path), &environment(&[]), &[]).unwrap_err().say(Language::French);
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn what_the_server_started_with_is_kept_ten_times_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::beside(folder.path());
    assert_eq!(history.last().unwrap(), None);
    for n in 0..14 {
        history.keep(&format!("# {n}")).unwrap();
        history.keep(&format!("# {n}")).unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path().join("settings")).unwrap().count(), 10);
    assert_eq!(history.last().unwrap().unwrap(), "# 13");
    assert_eq!(history.before("# 13").unwrap().unwrap(), "# 12");
    assert_eq!(history.before("another").unwrap().unwrap(), "# 13");
}

#[test]
fn a_difference_names_old_and_new_and_hides_passwords() {
    let (_folder, path) = file("");
    let at = |text: &str| load_text(&path, text, &environment(&[]), &[]).unwrap();
    let before = at("[store]\nurl = \"postgres://u:one@h/d\"\n[session]\nidle_days = 30");
    let now = at("[store]\nurl = \"postgres://u:two@h/d\"\n[session]\nidle_days = 200");
    let said = changes(&before, &now, Language::English).join("\n");
    assert!(said.contains("store.url: \"postgres://[hidden]@h/d\", changed in what is hidden"), "{said}");
    assert!(said.contains("session.idle_days: \"30\" → \"200\""), "{said}");
    assert!(!said.contains("one") && !said.contains("two"), "{said}");
    assert!(changes(&now, &now, Language::French).is_empty());
}

#[test]
fn going_back_keeps_what_stood_there() {
    let (_folder, path) = file("new");
    let aside = replace(&path, "old").unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), "new");
}
