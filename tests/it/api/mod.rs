//! The REST door on the wire: requests through the router, against a store of their own.

mod custody;
mod document;
mod pages;
mod refusals;
mod resources;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use freehold::api;
use freehold::edge::{Limits, Tracker, track};
use freehold::identity::{Actor, Identity, Role, Roles, Scope, SessionLimits, principals, tokens};
use freehold::inventory::Inventory;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::TestStore;

#[derive(Clone)]
struct App {
    identity: Identity,
    inventory: Inventory,
    limits: Limits,
}

impl FromRef<App> for Identity {
    fn from_ref(app: &App) -> Self {
        app.identity.clone()
    }
}

impl FromRef<App> for Inventory {
    fn from_ref(app: &App) -> Self {
        app.inventory.clone()
    }
}

impl FromRef<App> for Limits {
    fn from_ref(app: &App) -> Self {
        app.limits
    }
}

/// The API over an empty store, and a token for each role.
struct Api {
    router: Router,
    identity: Identity,
    custodian: String,
    member: String,
    store: TestStore,
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Api {
    async fn new() -> Self {
        let test = TestStore::new().await;
        let (store, keys) = (test.store.clone(), test.keys.clone());
        let identity = Identity::new(store, keys, SessionLimits::default());
        let app = App {
            identity: identity.clone(),
            inventory: Inventory::new(test.store.clone(), test.keys.clone()),
            limits: Limits {
                max_body_bytes: 4096,
                ..Limits::default()
            },
        };
        let mut api = Self {
            router: api::router()
                .layer(from_fn_with_state(Tracker::new(&[], "http"), track))
                .with_state(app),
            identity,
            custodian: String::new(),
            member: String::new(),
            store: test,
        };
        api.custodian = api.token("carol", &[Role::Custodian], Scope::Api).await;
        api.member = api.token("mia", &[Role::Member], Scope::Api).await;
        api
    }

    /// Makes the person `handle` with a token.
    async fn token(&self, handle: &str, roles: &[Role], scope: Scope) -> String {
        let by = Actor::operator();
        let handle = handle.parse().unwrap();
        let made = principals::create(&self.identity, &by, handle, Roles::of(roles)).await;
        let new = tokens::NewToken {
            principal: made.unwrap().id,
            label: "test".to_owned(),
            scope,
            expires_at: None,
        };
        let (_, token) = tokens::create(&self.identity, &by, new).await.unwrap();
        token.expose().to_owned()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).unwrap()
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// A GET by a member.
    async fn get(&self, path: &str) -> Answer {
        self.send(get(path, &self.member)).await
    }

    /// A POST by a custodian.
    async fn post(&self, path: &str, body: Value) -> Answer {
        let request = ask("POST", path, &self.custodian);
        self.send(request.body(body.to_string().into()).unwrap())
            .await
    }

    /// A change by a custodian of what has the tag `etag`.
    async fn change(&self, method: &str, path: &str, etag: &str, body: Value) -> Answer {
        let request = ask(method, path, &self.custodian).header("If-Match", etag);
        self.send(request.body(body.to_string().into()).unwrap())
            .await
    }

    /// Makes a thing and gives its identifier.
    async fn make(&self, path: &str, body: Value) -> String {
        let made = self.post(path, body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.text("id")
    }

    async fn place(&self, name: &str) -> String {
        self.make("/api/v1/places", json!({ "name": name })).await
    }

    async fn item_type(&self, kind: &str) -> String {
        let body = json!({ "name": format!("A {kind} type"), "kind": kind, "unit": "piece" });
        self.make("/api/v1/item-types", body).await
    }

    /// A laptop in a store room: the path of the item, and the identifier of the place.
    async fn laptop(&self) -> (String, String) {
        let place = self.place("Store room").await;
        let body = json!({
            "type_id": self.item_type("serialised").await,
            "name": "Laptop 7",
            "identifiers": [{ "scheme": "tag", "value": "LAP-0007" }],
            "place_id": place,
        });
        let id = self.make("/api/v1/items", body).await;
        (format!("/api/v1/items/{id}"), place)
    }
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap().to_owned()
    }

    /// Asserts that this is the problem `sort` with `status`, and gives its detail.
    fn refuses(&self, status: u16, sort: &str) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["type"], format!("urn:freehold:problem:{sort}"));
        assert_eq!(self.body["status"], status);
        assert!(!self.text("title").is_empty());
        let id = self.header("x-request-id");
        assert_eq!(self.body["instance"], format!("urn:uuid:{id}"));
        self.text("detail")
    }
}

fn ask(method: &str, path: &str, token: &str) -> http::request::Builder {
    let request = Request::builder().method(method).uri(path);
    request
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
}

fn get(path: &str, token: &str) -> Request<Body> {
    ask("GET", path, token).body(Body::empty()).unwrap()
}
