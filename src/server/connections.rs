//! Accepting connections and letting them finish.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// So long a client may take for the headers of a request, and for the TLS handshake.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long accepting pauses when the process has no file descriptors left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// What every connection gets.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
}

impl Connections {
    /// Accepts on all listeners until `stop` turns true; then waits for running requests, at most
    /// `drain`.
    pub(super) async fn serve(
        self,
        listeners: Vec<TcpListener>,
        stop: watch::Receiver<bool>,
        drain: Duration,
    ) {
        let tasks = listeners
            .into_iter()
            .map(|listener| tokio::spawn(self.clone().accept(listener, stop.clone(), drain)));
        for task in tasks.collect::<Vec<_>>() {
            if let Err(error) = task.await {
                tracing::error!(%error, "a listener failed");
            }
        }
    }

    async fn accept(self, listener: TcpListener, mut stop: watch::Receiver<bool>, drain: Duration) {
        let graceful = GracefulShutdown::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.start(stream, peer, &graceful),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(EXHAUSTED_PAUSE).await;
                    }
                },
                () = stopped(&mut stop) => break,
            }
        }
        drop(listener);
        if tokio::time::timeout(drain, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("requests were still running when the time to drain was over");
        }
    }

    fn start(&self, stream: TcpStream, peer: SocketAddr, graceful: &GracefulShutdown) {
        // Answers are small and awaited; without this the kernel would hold them back.
        let _slower = stream.set_nodelay(true);
        let watcher = graceful.watcher();
        let (router, tls) = (self.router.clone(), self.tls.clone());
        tokio::spawn(async move {
            match tls {
                None => converse(stream, peer, router, watcher).await,
                Some(tls) => match tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => converse(stream, peer, router, watcher).await,
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                },
            }
        });
    }
}

/// Waits until it is time to stop.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // When the sender is gone, nobody can say so any more, and it is time as well.
    let _either = stop.wait_for(|stop| *stop).await;
}

async fn converse<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(move |mut request: http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new());
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
