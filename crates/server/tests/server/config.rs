//! Each refusal of the configuration, and which layer wins.

use std::path::Path;

use rempart_server::config::{Environment, Loaded, Origin, SETTINGS, load, reference};
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
    let shown = reference::show(&loaded);
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
    let shown = reference::show(&load(None, &environment(&pairs), &[]).unwrap());
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
