//! Where requests come in: one address, and the socket in the state folder. Bounded: so many connections, so
//! much time for a handshake and for headers, so many bytes of them.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tower::ServiceExt as _;
use usher_admin_api::Peer;

use super::SOCKET;
use super::crowd::{Crowd, Present};
use super::patient::{Taken, Timely};
use super::signals::Signals;
use crate::failure::Failure;

/// A handshake takes no longer.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Headers of a request are there after so long; an idle connection lives no longer.
const HEADERS: Duration = Duration::from_secs(30);
/// The whole of a request's body is there after so long.
const WHOLE: Duration = Duration::from_mins(2);
/// Of an answer, something is taken within so long.
const TAKEN: Duration = Duration::from_secs(30);
/// Bytes of a request's headers.
const HEADER_BYTES: usize = 64 << 10;
/// Headers of a request.
const HEADER_COUNT: usize = 100;
/// Commands at once.
const MOST_PEERS: usize = 64;
/// After an error of the operating system, such as too many open files.
const BREATH: Duration = Duration::from_millis(100);

/// The open doors.
pub(super) struct Doors {
    address: SocketAddr,
    tcp: TcpListener,
    socket: UnixListener,
    path: PathBuf,
    tls: Option<TlsAcceptor>,
    most: usize,
    crowd: Crowd,
}

/// The doors are shut; what came in before may still be answered.
pub(super) struct Hurried {
    connections: tokio::sync::Mutex<JoinSet<()>>,
    signals: tokio::sync::Mutex<Signals>,
    path: PathBuf,
}

impl Doors {
    /// Opens them, or says who is in the way. Whoever opens the socket holds the lock of the state folder:
    /// a socket that is still there belongs to a process that died.
    pub(super) async fn open(
        address: SocketAddr,
        state: &Path,
        tls: Option<Arc<ServerConfig>>,
        most: usize,
        behind_proxy: bool,
    ) -> Result<Self, Failure> {
        let tcp = TcpListener::bind(address).await.map_err(|error| {
            let failure = Failure::failed(format!("`{address}` cannot be listened on: {error}"));
            match error.kind() {
                io::ErrorKind::AddrInUse => failure
                    .help("another program listens there; choose another port: `usher serve --listen 127.0.0.1:9998`"),
                _ => failure.help("choose another address or port (setting `serve.listen`)"),
            }
        })?;
        let path = state.join(SOCKET);
        let socket = private_socket(&path).map_err(|error| {
            Failure::failed(format!(
                "the socket `{}` cannot be made: {error}",
                path.display()
            ))
        })?;
        let address = tcp.local_addr().unwrap_or(address);
        Ok(Self {
            address,
            tcp,
            socket,
            path,
            tls: tls.map(TlsAcceptor::from),
            most,
            crowd: Crowd::new(most, behind_proxy),
        })
    }

    /// Where it is.
    pub(super) fn url(&self, tls: bool) -> String {
        let scheme = if tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Takes note of a client that is not let in: the log is told once, not at the pace of whoever knocks.
    fn cut(&self, from: SocketAddr) {
        if self.crowd.is_first_cut() {
            tracing::warn!(
                %from,
                "a client that has a quarter of `serve.most_connections` is cut; further cuts are told at the level debug. A proxy that is not on this machine is one client: give it more connections"
            );
        } else {
            tracing::debug!(%from, "a client that has its part of the connections is cut");
        }
    }

    /// Answers until told to end.
    pub(super) async fn serve(self, router: Router, mut signals: Signals) -> Hurried {
        let (ending, _) = watch::channel(false);
        let places = Arc::new(Semaphore::new(self.most));
        let peers = Arc::new(Semaphore::new(MOST_PEERS));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = signals.told() => break,
                (place, accepted) = accept(&places, || self.tcp.accept()) => {
                    let Ok((stream, from)) = accepted else { continue };
                    let Some(present) = self.crowd.enter(from.ip()) else {
                        self.cut(from);
                        continue;
                    };
                    // Small answers are not to wait for each other; if that cannot be set, they do.
                    let _ = stream.set_nodelay(true);
                    let caller = Caller {
                        router: router.clone(),
                        from: From::Address(from),
                        place,
                        _present: Some(present),
                    };
                    connections.spawn(caller.tcp(stream, self.tls.clone(), ending.subscribe()));
                }
                (place, accepted) = accept(&peers, || self.socket.accept()) => {
                    let Ok((stream, _)) = accepted else { continue };
                    let name = peer_name(&stream);
                    let caller = Caller {
                        router: router.clone(),
                        from: From::Socket(name),
                        place,
                        _present: None,
                    };
                    connections.spawn(caller.answer(stream, ending.subscribe()));
                }
                Some(_) = connections.join_next() => {}
            }
        }
        tracing::info!("told to end: nothing new is begun");
        ending.send_replace(true);
        Hurried {
            connections: tokio::sync::Mutex::new(connections),
            signals: tokio::sync::Mutex::new(signals),
            path: self.path,
        }
    }
}

impl Hurried {
    /// Waits until everybody has their answer, for no longer than the patience.
    pub(super) async fn answers_end(&self, patience: Duration) {
        let mut connections = self.connections.lock().await;
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(patience.min(HANDSHAKE), all)
            .await
            .is_err()
        {
            tracing::info!("connections that would not end are cut");
        }
    }

    /// Waits until somebody says it again.
    pub(super) async fn again(&self) {
        self.signals.lock().await.told().await;
    }
}

impl Drop for Hurried {
    fn drop(&mut self) {
        // What is left there is removed at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A place, then a connection for it. Those who come when there is no place wait in the operating system.
async fn accept<T, F: Future<Output = io::Result<T>>>(
    places: &Arc<Semaphore>,
    accept: impl FnOnce() -> F,
) -> (Option<OwnedSemaphorePermit>, io::Result<T>) {
    // It is never closed.
    let place = places.clone().acquire_owned().await.ok();
    let accepted = accept().await;
    if let Err(error) = &accepted {
        tracing::warn!(%error, "a connection could not be accepted");
        tokio::time::sleep(BREATH).await;
    }
    (place, accepted)
}

/// Where a connection comes from.
#[derive(Clone)]
enum From {
    Address(SocketAddr),
    Socket(String),
}

/// A connection's way to its answers.
struct Caller {
    router: Router,
    from: From,
    place: Option<OwnedSemaphorePermit>,
    _present: Option<Present>,
}

impl Caller {
    async fn tcp(
        self,
        stream: tokio::net::TcpStream,
        tls: Option<TlsAcceptor>,
        ending: watch::Receiver<bool>,
    ) {
        let Some(tls) = tls else {
            return self.answer(stream, ending).await;
        };
        match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.answer(stream, ending).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn answer<S>(self, stream: S, mut ending: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self {
            router,
            from,
            place: _place,
            _present,
        } = self;
        let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
            let timely = |body| axum::body::Body::new(Timely::new(body, WHOLE));
            let mut request: Request = request.map(timely);
            match from.clone() {
                From::Address(from) => request.extensions_mut().insert(ConnectInfo(from)).is_none(),
                From::Socket(name) => request.extensions_mut().insert(Peer(name)).is_none(),
            };
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADERS)
            .max_buf_size(HEADER_BYTES)
            .max_headers(HEADER_COUNT)
            .serve_connection(TokioIo::new(Taken::new(stream, TAKEN)), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = told(&mut ending) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

/// Waits until the doors are shut.
async fn told(ending: &mut watch::Receiver<bool>) {
    // Without a sender they are shut, too.
    let _ = ending.wait_for(|ending| *ending).await;
}

/// A socket for its owner only. Made under another name in a moment when nobody can connect, then moved.
fn private_socket(path: &Path) -> io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt as _;
    let fresh = path.with_extension("new");
    for old in [&fresh, &path.to_path_buf()] {
        match std::fs::remove_file(old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let socket = UnixListener::bind(&fresh)?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    Ok(socket)
}

/// Who is at the other end of the socket: the account of the operating system.
fn peer_name(stream: &tokio::net::UnixStream) -> String {
    match stream.peer_cred() {
        Ok(cred) => account(cred.uid()),
        Err(_) => "local".to_owned(),
    }
}

/// An account's name, as far as this machine's own list tells.
fn account(uid: u32) -> String {
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid {uid}"))
}
