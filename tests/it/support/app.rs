//! The whole application without a socket: the real rooms on the backend under test, the real
//! routes with their layers, people with personal tokens.

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use freehold::config::{Backend, Settings};
use freehold::edge::Cookies;
use freehold::identity::tokens::{self, NewToken};
use freehold::identity::{Actor, Role, Roles, Scope, principals};
use freehold::server::{App, Rooms};
use freehold::web::Site;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::{on_postgres, postgres_database};

/// An application with a database of its own.
pub(crate) struct TestApp {
    pub(crate) rooms: Rooms,
    router: Router,
    _folder: tempfile::TempDir,
}

/// Somebody with a personal token of each scope.
pub(crate) struct Person {
    pub(crate) handle: String,
    pub(crate) caldav: String,
    pub(crate) api: String,
}

impl TestApp {
    /// One whose settings `change` makes out of the defaults.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.store.data = folder.path().to_owned();
        if on_postgres() {
            let options = postgres_database();
            settings.store.backend = Backend::Postgres;
            let postgres = &mut settings.store.postgres;
            postgres.host = options.host;
            postgres.port = options.port;
            postgres.database = options.database;
            postgres.user = options.user;
            postgres.sslmode = options.ssl_mode;
            postgres.max_connections = options.max_connections;
        }
        change(&mut settings);
        let rooms = Rooms::open(&settings).await.unwrap();
        let site = Site {
            public_url: settings.server.public_url.as_ref().map_or_else(
                || "http://127.0.0.1:8080/".parse().unwrap(),
                |configured| configured.url().clone(),
            ),
            evaluation: true,
            cookies: Cookies::Plain,
            default_zone: jiff::tz::TimeZone::UTC,
            clock: rooms.store.clock(),
        };
        let router = App::new(rooms.clone(), &settings, site).router();
        Self {
            rooms,
            router,
            _folder: folder,
        }
    }

    /// Somebody new: a member.
    pub(crate) async fn person(&self, handle: &str) -> Person {
        self.person_with(handle, &[Role::Member]).await
    }

    /// Somebody new with these roles.
    pub(crate) async fn person_with(&self, handle: &str, roles: &[Role]) -> Person {
        let (identity, by) = (&self.rooms.identity, Actor::operator());
        principals::create(identity, &by, handle.parse().unwrap(), Roles::of(roles))
            .await
            .unwrap();
        Person {
            handle: handle.to_owned(),
            caldav: self.token(handle, Scope::Caldav).await,
            api: self.token(handle, Scope::Api).await,
        }
    }

    /// A token of somebody who is known.
    pub(crate) async fn token(&self, handle: &str, scope: Scope) -> String {
        let handle = handle.parse().unwrap();
        let of = principals::by_handle(&self.rooms.identity, &handle).await;
        let new = NewToken {
            principal: of.unwrap().unwrap().id,
            label: "test".to_owned(),
            scope,
            expires_at: None,
        };
        let made = tokens::create(&self.rooms.identity, &Actor::operator(), new).await;
        made.unwrap().1.expose().to_owned()
    }

    /// A request by nobody yet.
    pub(crate) fn request(&self, method: &str, path: &str) -> Ask {
        Ask {
            router: self.router.clone(),
            request: Request::builder().method(method).uri(path),
            body: Body::empty(),
        }
    }
}

/// A request that is being put together.
pub(crate) struct Ask {
    router: Router,
    request: http::request::Builder,
    body: Body,
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With something that the connection knows, such as its address.
    pub(crate) fn with<T: Clone + Send + Sync + 'static>(mut self, known: T) -> Self {
        self.request = self.request.extension(known);
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// With the person's CalDAV token as password, as calendar programs do.
    pub(crate) fn basic(self, person: &Person) -> Self {
        let pair = format!("{}:{}", person.handle, person.caldav);
        let basic = format!("Basic {}", BASE64_STANDARD.encode(pair));
        self.header("authorization", &basic)
    }

    /// With a token, as scripts do.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn send(self) -> Answer {
        let request = self.request.body(self.body).unwrap();
        let (parts, body) = self.router.oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// A header; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}
