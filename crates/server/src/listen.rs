//! The web listener: accepts, speaks TLS, serves HTTP/1.1 and HTTP/2, and lets go in order.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use crate::metrics::Metrics;

/// A handshake must end within this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A request's head must arrive within this time; also how long a silent HTTP/1.1 connection is kept.
const HEAD: Duration = Duration::from_secs(30);
/// Headers that a request may have.
const HEADERS: usize = 64;
/// Bytes that one connection may buffer at a time, heads included.
const BUFFER: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 64;
/// How long requests may go on once the server stops.
pub const DRAIN: Duration = Duration::from_secs(10);

/// What every request is told about its connection.
pub type Decorate = Arc<dyn Fn(&mut hyper::http::Extensions, IpAddr) + Send + Sync>;

/// Opens the port. Where the machine has no IPv6, `[::]` becomes `0.0.0.0`.
///
/// # Errors
/// When the port is taken or not allowed.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    match open(address) {
        Err(error) if address.is_ipv6() && address.ip().is_unspecified() && no_ipv6(&error) => {
            open(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
        }
        other => other,
    }
}

fn no_ipv6(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    if address.is_ipv6() && address.ip().is_unspecified() {
        rustix::net::sockopt::set_ipv6_v6only(&socket, false)?;
    }
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// A listener with its limits.
pub struct Listener {
    /// The open port.
    pub tcp: TcpListener,
    /// TLS.
    pub tls: Arc<ServerConfig>,
    /// What is served.
    pub router: Router,
    /// What requests are told.
    pub decorate: Decorate,
    /// Connections at once, at most 1,000,000.
    pub connections: u32,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

impl Listener {
    /// Serves until `stop`, then waits for requests that go on, at most [`DRAIN`]. Says how many connections were cut.
    pub async fn run(self, mut stop: watch::Receiver<bool>) -> usize {
        let Self { tcp, tls, router, decorate, connections, metrics } = self;
        let permits = Arc::new(Semaphore::new(usize::try_from(connections).unwrap_or(usize::MAX)));
        let acceptor = TlsAcceptor::from(tls);
        loop {
            let accepted = tokio::select! {
                _ = crate::stop::told(&mut stop) => break,
                accepted = accept(&tcp, &permits) => accepted,
            };
            let (stream, peer, permit) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, or a client gone before it was accepted: give way for a moment.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let held = Held::new(permit, Arc::clone(&metrics));
            let (acceptor, router, decorate) = (acceptor.clone(), router.clone(), Arc::clone(&decorate));
            let stop = stop.clone();
            tokio::spawn(async move {
                // The handshake's state is large and short-lived: boxed, it is not part of what the connection keeps.
                if let Some(stream) = Box::pin(handshake(acceptor, stream, held)).await {
                    Box::pin(serve(stream, peer, router, decorate, stop)).await;
                }
            });
        }
        drop(tcp);
        match timeout(DRAIN, permits.acquire_many(connections)).await {
            Ok(_) => 0,
            Err(_) => usize::try_from(connections).unwrap_or(0).saturating_sub(permits.available_permits()),
        }
    }
}

async fn accept(tcp: &TcpListener, permits: &Arc<Semaphore>) -> io::Result<(TcpStream, IpAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = tcp.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer.ip().to_canonical(), permit))
}

async fn handshake(acceptor: TlsAcceptor, stream: TcpStream, held: Held) -> Option<Counted> {
    let shaken = timeout(HANDSHAKE, async {
        let mut first = [0u8; 1];
        if stream.peek(&mut first).await? == 1 && first != [TLS_HANDSHAKE] {
            return plain(stream).await.map(|()| None);
        }
        let tls = acceptor.accept_with(stream, |connection| connection.set_buffer_limit(Some(BUFFER))).await?;
        io::Result::Ok(Some(tls))
    })
    .await;
    match shaken {
        Ok(Ok(Some(io))) => Some(Counted { io, _held: held }),
        Ok(Ok(None)) => None,
        Ok(Err(error)) => {
            held.metrics.handshake_failed();
            tracing::debug!(%error, "a handshake failed");
            None
        }
        Err(_) => {
            held.metrics.handshake_failed();
            tracing::debug!("a handshake took too long");
            None
        }
    }
}

/// The first byte of a TLS handshake record (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Tells whoever came without TLS.
async fn plain(mut stream: TcpStream) -> io::Result<()> {
    const WORDS: &str = "This port speaks HTTPS: begin the address with https://\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n{WORDS}",
        WORDS.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn serve(stream: Counted, peer: IpAddr, router: Router, decorate: Decorate, mut stop: watch::Receiver<bool>) {
    let alpn = stream.io.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        decorate(request.extensions_mut(), peer);
        router.clone().oneshot(request)
    });
    let io = TokioIo::new(stream);
    let ended = match alpn.as_deref() {
        Some(b"acme-tls/1") => return,
        Some(b"h2") => {
            let mut http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            http.timer(TokioTimer::new())
                .max_concurrent_streams(STREAMS)
                .max_header_list_size(16 * 1024)
                .max_send_buf_size(BUFFER)
                .initial_stream_window_size(1024 * 1024)
                .initial_connection_window_size(2 * 1024 * 1024)
                .keep_alive_interval(HEAD)
                .keep_alive_timeout(HANDSHAKE);
            let mut connection = pin!(http.serve_connection(io, service));
            tokio::select! {
                ended = connection.as_mut() => ended,
                _ = crate::stop::told(&mut stop) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
        _ => {
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER).max_headers(HEADERS);
            let mut connection = pin!(http.serve_connection(io, service).with_upgrades());
            tokio::select! {
                ended = connection.as_mut() => ended,
                _ = crate::stop::told(&mut stop) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %rempart_base::Chain(&error), "a connection ended early");
    }
}

/// A place among the connections, given back when the socket is gone, also after an upgrade.
struct Held {
    _permit: OwnedSemaphorePermit,
    metrics: Arc<Metrics>,
}

impl Held {
    fn new(permit: OwnedSemaphorePermit, metrics: Arc<Metrics>) -> Self {
        metrics.connection_opened();
        Self { _permit: permit, metrics }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.metrics.connection_closed();
    }
}

/// A socket that holds its place.
struct Counted {
    io: TlsStream<TcpStream>,
    _held: Held,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
