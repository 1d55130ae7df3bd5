//! Accepting connections, as many as there are seats, and letting them finish; one on which nobody
//! asks anything is closed.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::middleware::from_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tower::ServiceExt as _;

use super::seats::{Seat, Seats};
use super::tls::Encryption;
use crate::edge::unambiguous;

/// So long a client may take for the TLS handshake, for its first request, for the headers of each
/// later one, for the answer to a ping, and between two pieces that it takes of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of a request's headers; cookies and a long query are far below.
const HEADERS_MAX: u32 = 64 * 1024;
/// How many connections there are where few ask.
const FEW: usize = 16;
/// How long accepting pauses when the process has no file descriptors left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// What every connection gets.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) router: Router,
    pub(super) tls: Option<Encryption>,
    pub(super) seats: Seats,
    pub(super) patience: Duration,
}

impl Connections {
    /// For this process, with the patience of the service.
    pub(super) fn new(router: Router, tls: Option<Encryption>) -> Self {
        Self {
            router: router.layer(from_fn(unambiguous)),
            tls,
            seats: Seats::of_this_process(),
            patience: PATIENCE,
        }
    }

    /// For few who ask, without encryption.
    pub(super) fn for_few(router: Router) -> Self {
        Self {
            router: router.layer(from_fn(unambiguous)),
            tls: None,
            seats: Seats::new(FEW),
            patience: PATIENCE,
        }
    }

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
                    // Whoever finds no seat waits; those behind wait in the kernel's queue.
                    Ok((stream, peer)) => tokio::select! {
                        seat = self.seats.take() => self.start((stream, peer), seat, &graceful),
                        () = stopped(&mut stop) => break,
                    },
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

    fn start(
        &self,
        (stream, peer): (TcpStream, SocketAddr),
        seat: Option<Seat>,
        graceful: &GracefulShutdown,
    ) {
        // Answers are small and awaited; without this the kernel would hold them back.
        let _slower = stream.set_nodelay(true);
        // Whoever takes nothing of an answer, or is gone, holds a seat no longer (RFC 5482).
        let patience = u32::try_from(self.patience.as_millis()).unwrap_or(u32::MAX);
        let _longer = set_tcp_user_timeout(&stream, patience);
        let watcher = graceful.watcher();
        let connections = self.clone();
        tokio::spawn(async move {
            let patience = connections.patience;
            match &connections.tls {
                None => connections.converse(stream, peer, watcher).await,
                Some(tls) => {
                    let handshake = tls.acceptor.accept(stream);
                    match tokio::time::timeout(patience, handshake).await {
                        Ok(Ok(stream)) => tokio::select! {
                            () = connections.converse(stream, peer, watcher) => {}
                            () = tls.certificate.ended() => {
                                tracing::debug!("a connection outlived the certificate");
                            }
                        },
                        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                        Err(_) => tracing::debug!("a TLS handshake took too long"),
                    }
                }
            }
            drop(seat);
        });
    }

    async fn converse<S>(&self, stream: S, peer: SocketAddr, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = Arc::new(Notify::new());
        let first = Arc::clone(&asked);
        let service = self.router.clone().map_request(
            move |mut request: http::Request<hyper::body::Incoming>| {
                asked.notify_one();
                request.extensions_mut().insert(ConnectInfo(peer));
                request.map(axum::body::Body::new)
            },
        );
        let service = TowerToHyperService::new(service);
        let connection = self
            .protocols()
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let mut connection = pin!(watcher.watch(connection));
        tokio::select! {
            ended = &mut connection => if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            },
            () = never_asked(&first, self.patience) => {
                tracing::debug!("a connection without a request was closed");
            }
        }
    }

    fn protocols(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.patience)
            .max_buf_size(HEADERS_MAX as usize);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(self.patience)
            .keep_alive_timeout(self.patience)
            .max_header_list_size(HEADERS_MAX);
        builder
    }
}

/// Ends when no request came in time. hyper's own timers do not run before it knows which HTTP is
/// spoken, nor between the begin of HTTP/2 and its first request.
async fn never_asked(first: &Notify, patience: Duration) {
    if tokio::time::timeout(patience, first.notified())
        .await
        .is_ok()
    {
        std::future::pending::<()>().await;
    }
}

/// Waits until it is time to stop.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // When the sender is gone, nobody can say so any more, and it is time as well.
    let _either = stop.wait_for(|stop| *stop).await;
}
