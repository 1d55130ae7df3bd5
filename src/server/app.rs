//! What the doors are given, and all routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::{from_fn, from_fn_with_state, map_request, map_response};
use axum::response::Response;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::compression::{CompressionLayer, DefaultPredicate, Predicate};

use super::Telemetry;
use super::{Rooms, gate, health, security_txt};
use crate::api;
use crate::calendar::Calendars;
use crate::config::Settings;
use crate::dav;
use crate::edge::{self, Endpoint, Tracker, headers};
use crate::identity::{Identity, Providers};
use crate::inventory::Inventory;
use crate::outbound::Outbound;
use crate::web::{self, Site};

/// The state of all doors; each asks for the handles it needs. Every request clones it several times, so it
/// is one pointer.
#[derive(Clone)]
pub struct App(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    rooms: Rooms,
    providers: Providers,
    site: Site,
    limits: edge::Limits,
    proxies: edge::Proxies,
    security_txt: Router,
    /// Whether browsers reach the service over TLS only.
    encrypted: bool,
    tracker: Tracker,
}

impl App {
    /// The application over `rooms`, whose people sign in at the configured providers.
    #[must_use]
    pub fn new(rooms: Rooms, settings: &Settings, site: Site) -> Self {
        let max_body_bytes = usize::try_from(settings.server.max_body_bytes).unwrap_or(usize::MAX);
        let providers = Providers::new(
            &settings.identity,
            rooms.identity.clone(),
            rooms.keys.vault().clone(),
            &rooms.azure,
        );
        let scheme = match site.public_url.scheme() {
            "https" => "https",
            _ => "http",
        };
        let encrypted = settings.server.tls.is_on() || site.public_url.scheme() == "https";
        Self(Arc::new(Parts {
            security_txt: security_txt::router(&settings.server, &site),
            rooms,
            providers,
            site,
            limits: edge::Limits {
                max_body_bytes,
                ..edge::Limits::default()
            },
            proxies: edge::Proxies::new(&settings.server.trusted_proxies),
            encrypted,
            tracker: Tracker::new(&endpoints(), scheme),
        }))
    }

    /// The same, observed by `telemetry`.
    #[must_use]
    pub fn observed(self, telemetry: &Telemetry) -> Self {
        let (sampling, meters) = (telemetry.sampling, telemetry.meters.clone());
        let mut parts = Arc::unwrap_or_clone(self.0);
        parts.tracker = parts.tracker.with(sampling, meters);
        Self(Arc::new(parts))
    }

    /// What may leave this machine, and why.
    #[must_use]
    pub fn outbound(&self) -> &Outbound {
        self.0.rooms.azure.outbound()
    }

    /// Every route of every door. Health is outside of compression and the log; the headers that
    /// protect are on every answer.
    pub fn router(self) -> Router {
        let health = health::router(self.0.rooms.clone(), self.0.providers.clone());
        let encrypted = self.0.encrypted;
        let proxies = self.0.proxies.clone();
        let security_txt = self.0.security_txt.clone();
        Router::new()
            .merge(dav::router())
            .merge(api::router())
            .merge(web::router())
            .layer(from_fn(edge::gather))
            .layer(from_fn_with_state(self.0.rooms.keys.clone(), gate::keys))
            .layer(compression())
            .layer(CatchPanicLayer::new())
            .layer(from_fn_with_state(self.0.tracker.clone(), edge::track))
            .with_state(self)
            .merge(health)
            .merge(security_txt)
            .layer(map_request(edge::linger))
            .layer(map_request(move |request| {
                std::future::ready(proxies.locate(request))
            }))
            .layer(map_response(move |mut response: Response| async move {
                headers::protect(response.headers_mut());
                if encrypted {
                    headers::only_encrypted(response.headers_mut());
                }
                response
            }))
    }
}

/// Everything that [`App::router`] answers, method by method.
#[must_use]
pub fn endpoints() -> Vec<Endpoint> {
    let doors = [
        health::endpoints(),
        security_txt::endpoints(),
        dav::endpoints(),
        api::endpoints(),
        web::endpoints::<App>(),
    ];
    doors.concat()
}

/// The fastest level: answers are made for each request, and most of the gain is in the first level.
/// What fits into one packet anyway is not compressed.
fn compression() -> CompressionLayer<impl Predicate> {
    let worth_it = DefaultPredicate::new().and(SizeAbove::new(1024));
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(worth_it)
}

impl FromRef<App> for Providers {
    fn from_ref(app: &App) -> Self {
        app.0.providers.clone()
    }
}

impl FromRef<App> for Site {
    fn from_ref(app: &App) -> Self {
        app.0.site.clone()
    }
}

impl FromRef<App> for Identity {
    fn from_ref(app: &App) -> Self {
        app.0.rooms.identity.clone()
    }
}

impl FromRef<App> for Calendars {
    fn from_ref(app: &App) -> Self {
        app.0.rooms.calendars.clone()
    }
}

impl FromRef<App> for Inventory {
    fn from_ref(app: &App) -> Self {
        app.0.rooms.inventory.clone()
    }
}

impl FromRef<App> for edge::Limits {
    fn from_ref(app: &App) -> Self {
        app.0.limits
    }
}
