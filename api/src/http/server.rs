//! Serves HTTP/1 connections, with the limits that keep a slow or hostile client from costing others anything.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::{
    Addr, Endpoint, Response,
    endpoint::BoxEndpoint,
    http::{HeaderValue, header, uri::Scheme},
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    connections::{Connection, Connections},
    framing,
};

/// Connections at most, if the process may have so many files.
const CONNECTIONS_MAX: u64 = 8192;

/// Connections that the system takes in before we do, if it allows so many. What comes when they are full is lost, and the
/// client tries again after a second.
const BACKLOG: u32 = 4096;

/// Files that are not connections: databases, logs, the listener.
const FILES_RESERVED: u64 = 256;

/// A new connection must have sent the head of its first request by then.
const FIRST_HEAD: Duration = Duration::from_secs(10);

/// An idle connection is closed after this; so is one whose next request's head is not complete by then.
const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(15);

/// The head of a request, all header lines together, has at most so many bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How long an idle connection that makes room may take to close.
const MAKING_ROOM: Duration = Duration::from_secs(1);

/// When no file or memory is left for another connection, wait a little rather than spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long requests in flight may take after the shutdown has begun.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Serves until `stop`; then accepts nothing more, lets requests in flight finish for at most 5 s, and returns.
pub(crate) async fn serve(listener: TcpListener, app: BoxEndpoint<'static, Response>, stop: CancellationToken) {
    let app = Arc::new(app);
    let connections = Connections::new(connections_max());
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            // Ended ones are forgotten as they go.
            Some(_) = tasks.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                // When all connections are at work the new one is closed at once: the client may try elsewhere.
                if let Some(connection) = connections.admit(Instant::now()) {
                    tasks.spawn(converse(socket, peer, Arc::clone(&app), connection, stop.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(SHUTDOWN_GRACE, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        tracing::warn!(left = tasks.len(), "requests did not finish in time");
        tasks.shutdown().await;
    }
}

/// One connection, from its first byte to its last.
async fn converse(
    socket: TcpStream,
    peer: SocketAddr,
    app: Arc<BoxEndpoint<'static, Response>>,
    connection: Connection,
    stop: CancellationToken,
) {
    let Ok(local) = socket.local_addr().and_then(|local| socket.set_nodelay(true).map(|()| local)) else { return };
    let close = connection.close.clone();
    let spoke = Arc::new(AtomicBool::new(false));
    let service = service_fn({
        let (connection, spoke) = (Arc::new(connection), Arc::clone(&spoke));
        move |request: hyper::Request<Incoming>| {
            let (app, connection) = (Arc::clone(&app), Arc::clone(&connection));
            spoke.store(true, Ordering::Relaxed);
            async move {
                connection.busy();
                let is_last = framing::ends_connection(request.version(), request.headers());
                let addresses = (LocalAddr(Addr::from(local)), RemoteAddr(Addr::from(peer)));
                let response = app.get_response((request, addresses.0, addresses.1, Scheme::HTTP).into()).await;
                connection.idle(Instant::now());
                let mut response = hyper::Response::from(response);
                if is_last {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        }
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE_IDLE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(socket), service);
    let mut conversation = std::pin::pin!(conversation);
    let silence = async {
        sleep(FIRST_HEAD).await;
        if spoke.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = conversation.as_mut() => return,
        () = silence => return,
        () = close.cancelled() => {
            // It is idle. An answer may still be on its way out, but only if there was a request.
            if spoke.load(Ordering::Relaxed) {
                conversation.as_mut().graceful_shutdown();
                let _ = timeout(MAKING_ROOM, conversation).await;
            }
            return;
        }
        () = stop.cancelled() => {}
    }
    // Finishes the request in flight, if there is one, and accepts no other.
    conversation.as_mut().graceful_shutdown();
    let _ = conversation.await;
}

/// As many as we want or as the process may have files for, whichever is less. The soft limit on files is raised first:
/// it protects programs that cannot handle large numbers, and we can.
fn connections_max() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = CONNECTIONS_MAX + FILES_RESERVED;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let mut files = current.unwrap_or(wanted);
    if files < raised && setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_ok() {
        files = raised;
    }
    usize::try_from(files.saturating_sub(FILES_RESERVED).clamp(16, CONNECTIONS_MAX)).unwrap_or(usize::MAX)
}

/// Listens on an address.
///
/// # Errors
/// What the system answered: the address is taken, or not ours.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As the standard library does: an address is free at once when the process before has ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
