//! The service from start to end.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::admin::AdminSocket;
use super::connections::{Connections, stopped};
use super::evaluation::Evaluation;
use super::metrics::RoomMetrics;
use super::tls::Encryption;
use super::{
    App, Certificate, OpenError, Rooms, ServeError, Telemetry, auditing, backups, certificate,
    listen,
};
use crate::base::{Clock as _, SystemClock};
use crate::calendar;
use crate::config::{Listen, Settings};
use crate::edge::Cookies;
use crate::identity::refusals::{self, Flush};
use crate::jobs;
use crate::store::key_ring::{KeyRing, Upkeep};
use crate::web::Site;

/// How often the database file is examined; it also is at the start.
const EXAMINE_EVERY: Duration = Duration::from_hours(24);
/// How often counts of refused credentials go to the audit.
const FLUSH_EVERY: Duration = Duration::from_secs(20);
/// How often the audit is told that the certificate ends soon; it also is at the start.
const REMIND_EVERY: Duration = Duration::from_hours(24);
/// How often the keys are looked after.
const TEND_EVERY: Duration = Duration::from_mins(1);

/// How the service is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As the settings say.
    Configured,
    /// A look at it: plain HTTP, a printed link signs in as administrator.
    Evaluation(Evaluation),
}

/// Serves until SIGTERM or SIGINT, then drains.
///
/// `announce` is told, line by line, what a person at a terminal wants to know; in an evaluation
/// that includes the link that signs in.
///
/// # Errors
/// [`ServeError`] when it cannot start.
pub async fn serve(
    settings: &Settings,
    mode: Mode,
    telemetry: Telemetry,
    announce: impl Fn(&str),
) -> Result<(), ServeError> {
    let ended = run(settings, mode, &telemetry, announce).await;
    telemetry.stop().await;
    ended
}

async fn run(
    settings: &Settings,
    mode: Mode,
    telemetry: &Telemetry,
    announce: impl Fn(&str),
) -> Result<(), ServeError> {
    judge(settings, mode)?;
    for advice in settings.advice(SystemClock.now()) {
        tracing::warn!(%advice, "a setting needs somebody");
    }
    // Before the rooms are opened: a signal that comes early ends the start in good order, too.
    let mut terminate = Signals::listen()?;
    let rooms = Rooms::open_with(settings, telemetry.azure.clone()).await?;
    let tls = rooms.certificate.clone().map(Encryption::with).transpose();
    let tls = tls.map_err(|error| ServeError::Room(Box::new(error)))?;
    let listeners = listen::bind_all(&settings.server.listen)?;
    let scraped = listen::bind_metrics(settings.telemetry.metrics_listen)?;
    let addresses = addresses(&listeners);
    let scheme = if tls.is_some() { "https" } else { "http" };
    for address in &addresses {
        tracing::info!(%address, scheme, "listening");
    }
    let tending = rooms.calendars.ensure_tending().await;
    tending.map_err(OpenError::from)?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = background(&rooms, settings, &stopped);
    watched(
        telemetry,
        (&rooms, settings),
        scraped,
        (&mut tasks, &stopped),
    )
    .await;
    if let Some(socket) = AdminSocket::bind(&rooms).map_err(OpenError::from)? {
        tasks.spawn(socket.serve(rooms.clone(), stopped.clone()));
    }
    let site = site(settings, mode, &rooms, (scheme, &addresses))?;
    if let Mode::Evaluation(evaluation) = mode {
        announce(&evaluation.prepare(&rooms, &site).await?);
    }
    let drain = Duration::from_secs(settings.server.drain_secs.into());
    let app = App::new(rooms.clone(), settings, site).observed(telemetry);
    let router = app.router();
    let connections = Connections::new(router, tls);
    let serving = tokio::spawn(connections.serve(listeners, stopped, drain));
    terminate.wait().await;
    tracing::info!("stopping: running requests may end");
    // Nobody listens any more when the receivers are gone.
    let _gone = stop.send(true);
    if let Err(error) = serving.await {
        tracing::error!(%error, "serving ended early");
    }
    while tasks.join_next().await.is_some() {}
    // A failure is in the log already.
    let _logged = refusals::flush(&rooms.identity, Flush::All).await;
    rooms.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Lets those who watch the service see it: metrics are read or sent, and what was dropped is told.
async fn watched(
    telemetry: &Telemetry,
    (rooms, settings): (&Rooms, &Settings),
    listeners: Vec<TcpListener>,
    (tasks, stopped): (&mut JoinSet<()>, &watch::Receiver<bool>),
) {
    let Some(meters) = telemetry.meters.clone() else {
        return;
    };
    let drops = telemetry.otlp.as_ref().map(|otlp| otlp.drops.clone());
    let metrics = RoomMetrics::new(rooms.clone(), meters, drops.clone()).await;
    if let Some(drops) = drops {
        let every = Duration::from_secs(settings.telemetry.export_secs.into());
        tasks.spawn(metrics.clone().keep_looking(every, stopped.clone()));
        let stop = stopped.clone();
        tasks.spawn(async move { drops.tell(stop).await });
    }
    for address in addresses(&listeners) {
        tracing::info!(%address, "metrics are read here");
    }
    if !listeners.is_empty() {
        let connections = Connections::for_few(metrics.router());
        tasks.spawn(connections.serve(listeners, stopped.clone(), Duration::ZERO));
    }
}

/// Whether the service may start like this.
fn judge(settings: &Settings, mode: Mode) -> Result<(), ServeError> {
    let server = &settings.server;
    let public = server.listen.iter().find(|listen| !listen.is_loopback());
    match mode {
        Mode::Evaluation(Evaluation {
            everywhere: true, ..
        }) => Ok(()),
        Mode::Evaluation(_) => {
            let refuse = |listen: &Listen| Err(ServeError::EvaluationInPublic(*listen));
            public.map_or(Ok(()), refuse)
        }
        Mode::Configured if settings.identity.providers.is_empty() => Err(ServeError::Unconfigured),
        Mode::Configured => {
            let encrypted = server.tls.is_on();
            let in_front = server.public_url.as_ref();
            let in_front = in_front.is_some_and(|url| url.url().scheme() == "https");
            match public {
                Some(listen) if !encrypted && !in_front => Err(ServeError::PlainInPublic(*listen)),
                _ => Ok(()),
            }
        }
    }
}

/// How pages speak of themselves.
fn site(
    settings: &Settings,
    mode: Mode,
    rooms: &Rooms,
    (scheme, addresses): (&str, &[SocketAddr]),
) -> Result<Site, ServeError> {
    let public_url = match (&settings.server.public_url, addresses.first()) {
        (Some(configured), _) => configured.url().clone(),
        (None, address) => {
            let host =
                address.map_or_else(|| "localhost".to_owned(), |at| reachable(*at).to_string());
            let url = format!("{scheme}://{host}/").parse::<url::Url>();
            url.map_err(|error| ServeError::Room(Box::new(error)))?
        }
    };
    let cookies = match public_url.scheme() {
        "https" => Cookies::Secure,
        _ => Cookies::Plain,
    };
    Ok(Site {
        public_url,
        evaluation: mode != Mode::Configured,
        cookies,
        default_zone: rooms.calendars.limits().default_zone.clone(),
        clock: rooms.store.clock(),
    })
}

/// An address that can be typed: for a listener on all addresses, the one of this machine.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let port = address.port();
    match address {
        SocketAddr::V4(at) if at.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, port).into(),
        SocketAddr::V6(at) if at.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, port).into(),
        _ => address,
    }
}

fn addresses(listeners: &[TcpListener]) -> Vec<SocketAddr> {
    let address = |listener: &TcpListener| listener.local_addr().ok();
    listeners.iter().filter_map(address).collect()
}

fn upkeep(settings: &Settings) -> Upkeep {
    Upkeep {
        ttl: SignedDuration::from_hours(settings.vault.key_ttl_hours.into()),
        ..Upkeep::default()
    }
}

/// What runs beside the doors.
fn background(rooms: &Rooms, settings: &Settings, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let worker = jobs::Worker::new(rooms.store.clone());
    let worker = calendar::register(worker, rooms.calendars.clone());
    tasks.spawn(worker.run(stopped.clone()));
    tasks.spawn(examine(rooms.clone(), stopped.clone()));
    tasks.spawn(flush(rooms.clone(), stopped.clone()));
    let keep = settings.audit.clone();
    tasks.spawn(auditing::sign(
        rooms.audit.clone(),
        keep.clone(),
        stopped.clone(),
    ));
    let audit = (rooms.audit.clone(), rooms.store.clone());
    tasks.spawn(auditing::cut(audit, keep, stopped.clone()));
    tasks.spawn(tend_keys(
        rooms.keys.clone(),
        upkeep(settings),
        stopped.clone(),
    ));
    if rooms.backups.is_on() {
        tasks.spawn(backups::keep(rooms.backups.clone(), stopped.clone()));
    }
    if let Some(certificate) = rooms.certificate.clone() {
        tasks.spawn(certificate.clone().watch(stopped.clone()));
        tasks.spawn(remind(rooms.clone(), certificate, stopped.clone()));
    }
    tasks
}

/// Examines the files of database and key ring now and every day. What it finds makes readiness fail.
async fn examine(rooms: Rooms, mut stop: watch::Receiver<bool>) {
    loop {
        let (store, keys) = (rooms.store.clone(), rooms.keys.clone());
        let both = move || store.integrity().and(keys.integrity());
        match tokio::task::spawn_blocking(both).await {
            Ok(Err(error)) => tracing::error!(%error, "the database did not pass its examination"),
            Err(error) => tracing::error!(%error, "the examination of the database broke off"),
            Ok(Ok(())) => {}
        }
        if pause(EXAMINE_EVERY, &mut stop).await {
            return;
        }
    }
}

/// Writes into the audit, now and once a day, that the certificate ends soon or has ended.
async fn remind(rooms: Rooms, certificate: Certificate, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = certificate::warn(&rooms.store, &certificate).await {
            tracing::warn!(%error, "the end of the certificate could not be written to the audit");
        }
        if pause(REMIND_EVERY, &mut stop).await {
            return;
        }
    }
}

/// Looks after the keys until the service stops, and then writes down their use.
async fn tend_keys(keys: KeyRing, upkeep: Upkeep, mut stop: watch::Receiver<bool>) {
    while !pause(TEND_EVERY, &mut stop).await {
        keys.tend(&upkeep).await;
    }
    if let Err(error) = keys.write_counts().await {
        tracing::error!(%error, "the use of keys is not written down");
    }
}

async fn flush(rooms: Rooms, mut stop: watch::Receiver<bool>) {
    while !pause(FLUSH_EVERY, &mut stop).await {
        // A failure is in the log already.
        let _logged = refusals::flush(&rooms.identity, Flush::Past).await;
    }
}

/// Waits, and tells whether the service stops.
pub(super) async fn pause(time: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(time) => false,
        () = stopped(stop) => true,
    }
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self, ServeError> {
        let on = |kind| signal(kind).map_err(|error| ServeError::Room(Box::new(error)));
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
