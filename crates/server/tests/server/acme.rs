//! A certificate from a real ACME authority on the loopback address: Debian's `pebble`, RFC 8555 and RFC 8737.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rempart_server::listen::{Listener, bind};
use rempart_server::metrics::Metrics;
use rempart_server::tls::acme::Acme;
use rempart_server::tls::local::{Authority, names};
use rempart_server::tls::look::Look;
use rempart_server::tls::{Served, server_config};
use rempart_server::wiring;
use tokio::sync::watch;

/// The authority's process, ended with the test.
struct Pebble(Child);

impl Drop for Pebble {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn free() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts the authority; it checks challenges at `tls` and is served with a certificate of our own local authority.
async fn pebble(folder: &Path, tls: u16) -> (Pebble, u16, PathBuf) {
    let clock = wiring::clock();
    let (keys, data) = (folder.join("pebble-keys"), folder.join("pebble-data"));
    let own = Authority::open(&keys, &data, clock.now(), wiring::entropy().as_ref()).unwrap();
    own.certificate(&names(None, &[]), clock.now(), wiring::entropy().as_ref()).unwrap();
    let (port, management) = (free(), free());
    let config = serde_json::json!({ "pebble": {
        "listenAddress": format!("127.0.0.1:{port}"), "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": data.join("tls.crt"), "privateKey": keys.join("tls.key"),
        "httpPort": free(), "tlsPort": tls, "ocspResponderURL": "", "externalAccountBindingRequired": false,
    }});
    let file = folder.join("pebble.json");
    std::fs::write(&file, config.to_string()).unwrap();
    let pebble = Pebble(
        Command::new("pebble")
            .arg("-config")
            .arg(&file)
            // Neither waits at random nor refuses nonces at random: what is tested here is our side.
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .env("PEBBLE_AUTHZREUSE", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("install the package pebble"),
    );
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return (pebble, port, own.file.clone());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("pebble did not begin to listen");
}

#[tokio::test]
async fn the_authority_gives_a_certificate_for_the_public_host_and_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (secrets, data) = (folder.path().join("keys"), folder.path().join("data"));
    let (clock, entropy) = (wiring::clock(), wiring::entropy());
    let local = Authority::open(&secrets, &data, clock.now(), entropy.as_ref()).unwrap();
    let (first, _) = local.certificate(&names(None, &[]), clock.now(), entropy.as_ref()).unwrap();
    let served = Served::new(first);
    let tcp = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let port = tcp.local_addr().unwrap().port();
    let (stop, stopped) = watch::channel(false);
    let listener = Listener {
        tcp,
        tls: server_config(Arc::clone(&served)).unwrap(),
        router: Router::new(),
        decorate: Arc::new(|_, _| {}),
        connections: 16,
        metrics: Arc::new(Metrics::new()),
    };
    let running = tokio::spawn(listener.run(stopped));

    let (_pebble, directory, root) = pebble(folder.path(), port).await;
    let acme = Acme {
        directory: format!("https://localhost:{directory}/dir"),
        root: Some(root),
        contact: Some("admin@kerbrat.example".into()),
        secrets: secrets.clone(),
        data: data.clone(),
    };
    assert!(acme.kept("localhost", clock.now()).is_none());
    let given = acme.order("localhost", &served).await.unwrap();
    let look = Look::at(&given.cert[0]).unwrap();
    assert!(look.covers("localhost") && !look.self_issued && look.issuer_key_id.is_some());
    let kept = acme.kept("localhost", clock.now()).unwrap();
    assert_eq!(kept.cert, given.cert);
    assert!(acme.kept("other.example.fr", clock.now()).is_none(), "another host needs another certificate");
    let late = look.until.plus_millis(-rempart_base::time::HOUR);
    assert!(acme.kept("localhost", late).is_none(), "renewed before it ends");
    for file in ["acme-account.json", "acme-tls.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(secrets.join(file)).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    // The kept account is used again.
    let account = std::fs::read(secrets.join("acme-account.json")).unwrap();
    acme.order("localhost", &served).await.unwrap();
    assert_eq!(std::fs::read(secrets.join("acme-account.json")).unwrap(), account);

    stop.send(true).unwrap();
    running.await.unwrap();
    let refusal = acme.order("localhost", &served).await.unwrap_err().to_string();
    assert!(refusal.contains("did not accept localhost") || refusal.contains("could not"), "{refusal}");
}

#[tokio::test]
async fn an_authority_out_of_reach_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (secrets, data) = (folder.path().join("keys"), folder.path().join("data"));
    let clock = wiring::clock();
    let local = Authority::open(&secrets, &data, clock.now(), wiring::entropy().as_ref()).unwrap();
    let (first, _) = local.certificate(&names(None, &[]), clock.now(), wiring::entropy().as_ref()).unwrap();
    let directory = format!("https://localhost:{}/dir", free());
    let root = Some(local.file.clone());
    let acme = Acme { directory, root, contact: None, secrets, data };
    let refusal = acme.order("localhost", &Served::new(first)).await.unwrap_err().to_string();
    assert!(refusal.starts_with("could not make an account with the ACME authority: "), "{refusal}");
}
