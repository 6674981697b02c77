//! The listener with real sockets and TLS on the loopback address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use axum::routing::get;
use rempart_ports::Clock as _;
use rempart_server::listen::{Listener, bind};
use rempart_server::metrics::Metrics;
use rempart_server::requests::{Observer, observed};
use rempart_server::tls::local::{Authority, names};
use rempart_server::tls::{Served, provider, server_config};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::held::{Held, Random};

struct Server {
    folder: TempDir,
    clock: Arc<Held>,
    served: Arc<Served>,
    metrics: Arc<Metrics>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    run: JoinHandle<usize>,
}

impl Server {
    fn start(connections: u32) -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(Held::new()));
        let authority = Self::authority(&folder, &clock);
        let (first, _) = authority.certificate(&names(None, &[]), clock.now(), &Random).unwrap();
        let served = Served::new(first);
        let metrics = Arc::new(Metrics::new());
        let router = Router::new()
            .route("/who/{name}", get(|Extension(peer): Extension<IpAddr>| async move { peer.to_string() }))
            .route(
                "/slow",
                get(|| async {
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    "done"
                }),
            );
        let observer = Observer {
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&clock) as Arc<dyn rempart_ports::Clock>,
            entropy: Arc::new(Random),
        };
        let tcp = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = tcp.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let listener = Listener {
            tcp,
            tls: server_config(Arc::clone(&served)).unwrap(),
            router: observed(router, observer),
            decorate: Arc::new(|extensions, peer| {
                extensions.insert(peer);
            }),
            connections,
            metrics: Arc::clone(&metrics),
        };
        Self { folder, clock, served, metrics, address, stop, run: tokio::spawn(listener.run(stopped)) }
    }

    fn authority(folder: &TempDir, clock: &Held) -> Authority {
        Authority::open(&folder.path().join("keys"), &folder.path().join("data"), clock.now(), &Random).unwrap()
    }

    async fn tls(&self, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.folder.path().join("data/ca.crt")).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|a| a.as_bytes().to_vec()).collect();
        // The held clock is the test's; the client's is the machine's, and both are within the certificate's time.
        TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from("localhost").unwrap(), TcpStream::connect(self.address).await?)
            .await
    }

    async fn get(&self, path: &str) -> String {
        ask(self.tls(&["http/1.1"]).await.unwrap(), path).await
    }
}

async fn ask(mut stream: TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_page_is_served_over_tls_trusted_through_the_local_authority() {
    let server = Server::start(16);
    let answer = server.get("/who/marie?secret=1").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("127.0.0.1"), "{answer}");
    assert!(answer.contains("x-request-id: "), "{answer}");
    let text = server.metrics.text().unwrap();
    assert!(text.contains(r#"rempart_requests_total{method="GET",route="/who/{name}",status="200"} 1"#), "{text}");
    assert!(!text.contains("marie") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn both_http_versions_are_offered_and_no_other() {
    let server = Server::start(16);
    for (offered, chosen) in [(&["h2", "http/1.1"][..], "h2"), (&["http/1.1"][..], "http/1.1")] {
        let stream = server.tls(offered).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(chosen.as_bytes()));
    }
    assert!(server.tls(&["spdy/3"]).await.is_err());
    assert!(server.tls(&["acme-tls/1"]).await.is_err(), "no challenge is open");
}

#[tokio::test]
async fn whoever_comes_without_tls_is_told() {
    let server = Server::start(16);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
}

#[tokio::test]
async fn a_renewed_certificate_is_served_without_cutting_anybody() {
    let server = Server::start(16);
    let before = server.tls(&["http/1.1"]).await.unwrap();
    let first = before.get_ref().1.peer_certificates().unwrap()[0].clone();
    let authority = Server::authority(&server.folder, &server.clock);
    let wider = names(None, &["rempart.example.fr"]);
    server.served.swap(authority.certificate(&wider, server.clock.now(), &Random).unwrap().0);
    let after = server.tls(&["http/1.1"]).await.unwrap();
    assert_ne!(after.get_ref().1.peer_certificates().unwrap()[0], first);
    assert!(ask(before, "/who/x").await.starts_with("HTTP/1.1 200 OK"), "the former connection goes on");
}

#[tokio::test]
async fn connections_over_the_limit_wait_and_are_then_served() {
    let server = Server::start(1);
    let held = server.tls(&["http/1.1"]).await.unwrap();
    let mut waiting = Box::pin(server.get("/who/x"));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut waiting).await.is_err(), "one at a time");
    drop(held);
    let answer = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn stopping_lets_requests_end_and_takes_no_new_ones() {
    let server = Server::start(16);
    let stream = server.tls(&["http/1.1"]).await.unwrap();
    let idle = server.tls(&["http/1.1"]).await.unwrap();
    let slow = tokio::spawn(ask(stream, "/slow"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop.send(true).unwrap();
    assert!(slow.await.unwrap().ends_with("done"));
    drop(idle);
    let cut = tokio::time::timeout(Duration::from_secs(5), server.run).await.unwrap().unwrap();
    assert_eq!(cut, 0);
    assert!(TcpStream::connect(server.address).await.is_err(), "the port is closed");
}
