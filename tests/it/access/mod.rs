//! Every route of every door, asked by everybody who may come: the status that each of them gets.
//!
//! The program lists its routes itself ([`endpoints`]); the table here has to have exactly those. For
//! who is refused, what is there and what is not look alike: status, headers, body.

mod bodies;
mod table;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::ConnectInfo;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use freehold::identity::{Actor, Role, Scope, principals, sessions, tokens};
use freehold::server::endpoints;
use serde_json::json;

use crate::support::app::{Answer, Ask, Person, TestApp};
use crate::support::dav::event;

/// Who asks, in the order of the table's columns.
const WHO: [Who; 11] = [
    Who::Nobody,
    Who::Stranger,
    Who::Owner,
    Who::Custodian,
    Who::CustodianOfPart,
    Who::Administrator,
    Who::Auditor,
    Who::Roleless,
    Who::WrongKind,
    Who::WrongScope,
    Who::TurnedOff,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Without any credential.
    Nobody,
    /// A member whose thing it is not.
    Stranger,
    /// The member whose thing it is, where things have an owner.
    Owner,
    /// A custodian whose thing it is not.
    Custodian,
    /// A member who is custodian of the place that the items are in, and of nothing else.
    CustodianOfPart,
    /// An administrator whose thing it is not.
    Administrator,
    /// An auditor, and nothing else.
    Auditor,
    /// Somebody without any role.
    Roleless,
    /// The owner with the credential of another door: the session's cookie instead of a token, a
    /// token instead of the cookie.
    WrongKind,
    /// The owner with a token of the other scope; on pages, with a token as cookie.
    WrongScope,
    /// Somebody who was turned off, with credentials from before.
    TurnedOff,
}

struct Row {
    method: String,
    path: String,
    statuses: Vec<u16>,
}

fn rows() -> Vec<Row> {
    let lines = table::EXPECTED.lines().skip(2);
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        Row {
            method: words.next().unwrap().to_owned(),
            path: words.next().unwrap().to_owned(),
            statuses: words.map(|word| word.parse().unwrap()).collect(),
        }
    };
    lines.map(row).collect()
}

#[test]
fn the_table_has_every_route_of_the_program_and_no_other() {
    let listed = rows().into_iter().map(|row| (row.method, row.path));
    let listed: BTreeSet<_> = listed.collect();
    let there = endpoints().into_iter();
    let there: BTreeSet<_> = there
        .map(|endpoint| (endpoint.method.to_owned(), endpoint.path.to_owned()))
        .collect();
    let uncovered: Vec<_> = there.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&there).collect();
    assert!(
        uncovered.is_empty() && gone.is_empty(),
        "add to the table: {uncovered:?}; take out of it: {gone:?}"
    );
}

#[tokio::test]
async fn everybody_gets_on_every_route_the_status_of_the_table() {
    let world = World::new().await;
    let mut wrong = Vec::new();
    for row in rows() {
        let mut got = Vec::new();
        for who in WHO {
            let thing = world.thing(&row.path).await;
            got.push(world.ask(who, &row, &thing).await.status);
        }
        if got != row.statuses {
            let got: Vec<_> = got.iter().map(u16::to_string).collect();
            wrong.push(format!(
                "{:<10} {:<47} {}",
                row.method,
                row.path,
                got.join("    ")
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "these answer otherwise:\n{}",
        wrong.join("\n")
    );
}

#[tokio::test]
async fn who_is_refused_does_not_learn_whether_there_is_something() {
    let world = World::new().await;
    let mut compared = 0;
    for row in rows().iter().filter(|row| row.path.contains('{')) {
        for who in WHO {
            let thing = world.thing(&row.path).await;
            let there = world.ask(who, row, &thing).await;
            if ![401, 403, 404].contains(&there.status) {
                continue;
            }
            for missing in world.missing(&row.path, &thing) {
                let absent = world.ask(who, row, &missing).await;
                let asked = format!("{who:?}: {} {} and {missing:?}", row.method, row.path);
                assert_eq!(shown(&there, &thing), shown(&absent, &missing), "{asked}");
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

/// All that a client sees, but for the request's id, the page's nonce and the words that it has
/// chosen itself.
fn shown(answer: &Answer, thing: &Thing) -> (u16, Vec<(String, String)>, String) {
    let id = answer.header("x-request-id").to_owned();
    let policy = answer
        .header("content-security-policy")
        .split_once("'nonce-");
    let nonce = policy.and_then(|(_, rest)| rest.split('\'').next());
    let nonce = nonce.unwrap_or("NONCE").to_owned();
    let plain = |text: &str| {
        let mut text = text.replace(&id, "REQUEST").replace(&nonce, "NONCE");
        for (name, value) in &thing.names {
            text = text.replace(value, name);
        }
        text
    };
    let headers = answer.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), plain(value.to_str().unwrap())));
    (answer.status, headers.collect(), plain(answer.text()))
}

/// The application with everybody in it.
struct World {
    app: TestApp,
    alice: Known,
    bob: Known,
    carol: Known,
    sam: Known,
    ada: Known,
    nora: Known,
    ursula: Known,
    otto: Known,
    item_type: String,
    place: String,
    /// An identifier that an item has.
    tag: String,
    asset: String,
    next: AtomicU32,
}

/// A person with a credential of each kind.
struct Known {
    person: Person,
    cookie: String,
}

/// What the names in braces stand for.
#[derive(Debug, Clone)]
struct Thing {
    names: Vec<(&'static str, String)>,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::with(|settings| {
            let contact = "mailto:security@example.org".parse().unwrap();
            settings.server.security_contact = vec![contact];
        })
        .await;
        let ada = known(&app, "ada", &[Role::Administrator]).await;
        let otto = known(&app, "otto", &[Role::Member]).await;
        let (identity, by) = (&app.rooms.identity, Actor::operator());
        let handle = "otto".parse().unwrap();
        let off = principals::by_handle(identity, &handle).await.unwrap();
        principals::deactivate(identity, &by, off.unwrap().id)
            .await
            .unwrap();
        let page = app.request("GET", "/sign-in").send().await;
        let (_, rest) = page.text().split_once("/assets/").unwrap();
        let asset = rest.split('"').next().unwrap().to_owned();
        let mut world = Self {
            alice: known(&app, "alice", &[Role::Member]).await,
            bob: known(&app, "bob", &[Role::Member]).await,
            carol: known(&app, "carol", &[Role::Custodian]).await,
            sam: known(&app, "sam", &[Role::Member]).await,
            nora: known(&app, "nora", &[]).await,
            ursula: known(&app, "ursula", &[Role::Auditor]).await,
            ada,
            otto,
            item_type: String::new(),
            place: String::new(),
            tag: String::new(),
            asset,
            next: AtomicU32::new(0),
            app,
        };
        world.item_type = world.make("/api/v1/item-types").await;
        world.place = world.make("/api/v1/places").await;
        let over = json!({ "kind": "place", "id": world.place });
        world.give("sam", &over).await;
        world.tag = format!("T-{}", world.next.load(Ordering::Relaxed));
        world.make("/api/v1/items").await;
        world
    }

    fn number(&self) -> u32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// What an administrator makes at a collection of the API: its identifier.
    async fn make(&self, path: &str) -> String {
        let request = self.app.request("POST", path).bearer(&self.ada.person.api);
        let body = self.body("POST", path, &Thing { names: Vec::new() });
        let made = request
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made: serde_json::Value = serde_json::from_slice(&made.body).unwrap();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Makes somebody a custodian: the identifier of that.
    async fn give(&self, handle: &str, over: &serde_json::Value) -> String {
        let request = self.app.request("POST", "/api/v1/role-grants");
        let body = json!({ "handle": handle, "role": "custodian", "over": over });
        let given = request
            .bearer(&self.ada.person.api)
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await;
        assert_eq!(given.status, 201, "{}", given.text());
        let given: serde_json::Value = serde_json::from_slice(&given.body).unwrap();
        given["id"].as_str().unwrap().to_owned()
    }

    /// The identifier of a new token of alice's.
    async fn token(&self) -> String {
        let identity = &self.app.rooms.identity;
        let handle = "alice".parse().unwrap();
        let alice = principals::by_handle(identity, &handle).await.unwrap();
        let new = tokens::NewToken {
            principal: alice.unwrap().id,
            label: "test".to_owned(),
            scope: Scope::Caldav,
            expires_at: None,
        };
        let made = tokens::create(identity, &Actor::operator(), new).await;
        made.unwrap().0.id.to_string()
    }

    /// The name of a new session of alice's.
    async fn session(&self) -> String {
        let identity = &self.app.rooms.identity;
        let handle = "alice".parse().unwrap();
        let alice = principals::by_handle(identity, &handle).await.unwrap();
        let alice = alice.unwrap().id;
        let started = sessions::start(identity, alice, None).await.unwrap();
        let secret = started.secret.expose();
        let open = sessions::list(identity, &Actor::operator(), alice, secret).await;
        let this = open.unwrap().into_iter().find(|one| one.is_this);
        this.unwrap().id
    }

    /// Something new of alice's for a path of this form.
    async fn thing(&self, path: &str) -> Thing {
        let mut names = Vec::new();
        if path.contains("{handle}") {
            names.push(("{handle}", "alice".to_owned()));
        }
        if path.contains("{calendar}") {
            let calendar = format!("calendar-{}", self.number());
            let at = format!("/dav/calendars/alice/{calendar}/");
            let made = self.app.request("MKCALENDAR", &at);
            assert_eq!(made.basic(&self.alice.person).send().await.status, 201);
            let object = format!("{at}object-1.ics");
            let put = self.app.request("PUT", &object).basic(&self.alice.person);
            let put = put.body(event("1", "20270101T090000Z", "One"));
            assert_eq!(put.send().await.status, 201);
            names.push(("{calendar}", calendar));
            names.push(("{object}", "object-1.ics".to_owned()));
        }
        if path.contains("{id}") {
            let id = match path {
                _ if path.starts_with("/connect/") => self.token().await,
                _ if path.starts_with("/sessions/") => self.session().await,
                _ if path.contains("/item-types/") => self.make("/api/v1/item-types").await,
                _ if path.contains("/places/") => self.make("/api/v1/places").await,
                _ if path.contains("/role-grants/") => {
                    let place = self.make("/api/v1/places").await;
                    let over = json!({ "kind": "place", "id": place });
                    self.give("carol", &over).await
                }
                _ => self.make("/api/v1/items").await,
            };
            if path.ends_with("/check-in") {
                let out = format!("/api/v1/items/{id}/check-out");
                let request = self.app.request("POST", &out).header("if-match", "*");
                let request = request.header("content-type", "application/json");
                let body = json!({ "to": { "kind": "party", "handle": "alice" } });
                let request = request.bearer(&self.carol.person.api);
                assert_eq!(request.body(body.to_string()).send().await.status, 200);
            }
            names.push(("{id}", id));
        }
        if path.contains("{secret}") {
            let (identity, by) = (&self.app.rooms.identity, Actor::operator());
            let handle = "alice".parse().unwrap();
            let alice = principals::by_handle(identity, &handle).await.unwrap();
            let link = sessions::make_link(identity, &by, alice.unwrap().id).await;
            names.push(("{secret}", link.unwrap().expose().to_owned()));
        }
        if path.contains("{name}") {
            names.push(("{name}", self.asset.clone()));
        }
        Thing { names }
    }

    /// The same with each of the names in turn one that nothing has.
    fn missing(&self, path: &str, thing: &Thing) -> Vec<Thing> {
        let absent = |name: &str| match name {
            "{handle}" => "nobody".to_owned(),
            "{id}" => "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
            _ => format!("missing-{}", self.number()),
        };
        let named = thing.names.iter().map(|(name, _)| *name);
        let named = named.filter(|name| path.contains(name));
        let changed = named.map(|changed| {
            let mut other = thing.names.clone();
            let named = other.iter_mut().filter(|(name, _)| *name == changed);
            named.for_each(|(name, value)| *value = absent(name));
            Thing { names: other }
        });
        changed.collect()
    }

    async fn ask(&self, who: Who, row: &Row, thing: &Thing) -> Answer {
        let mut path = row.path.clone();
        for (name, value) in &thing.names {
            path = path.replace(name, value);
        }
        if row.method.starts_with("MK") {
            path = path.replace("calendar-", "new-calendar-");
        }
        if path.ends_with("/by-identifier") {
            path = format!("{path}?scheme=tag&value={}", self.tag);
        }
        let request = self.app.request(&row.method, &path);
        // Each from an address of their own: refused credentials are counted.
        let [_, a, b, c] = self.number().to_be_bytes();
        let from = SocketAddr::from((Ipv4Addr::new(10, a, b, c), 1));
        let request = request.with(ConnectInfo(from));
        let request = request
            .header("depth", "0")
            .header("sec-fetch-site", "same-origin");
        let request = if path.starts_with("/api/") && row.method != "GET" {
            let request = request.header("content-type", "application/json");
            if row.path.contains("{id}") {
                request.header("if-match", "*")
            } else {
                request
            }
        } else {
            request
        };
        let request = if ["/connect/tokens", "/people/confirm"].contains(&path.as_str()) {
            request.header("content-type", "application/x-www-form-urlencoded")
        } else {
            request
        };
        let body = self.body(&row.method, &row.path, thing);
        self.introduce(request, who, &row.path)
            .body(body)
            .send()
            .await
    }

    /// With the credential that `who` has.
    fn introduce(&self, request: Ask, who: Who, path: &str) -> Ask {
        let known = match who {
            Who::Nobody => return request,
            Who::Stranger => &self.bob,
            Who::Owner | Who::WrongKind | Who::WrongScope => &self.alice,
            Who::Custodian => &self.carol,
            Who::CustodianOfPart => &self.sam,
            Who::Administrator => &self.ada,
            Who::Auditor => &self.ursula,
            Who::Roleless => &self.nora,
            Who::TurnedOff => &self.otto,
        };
        let cookie = |secret: &str| format!("fh-s={secret}");
        let (person, session) = (&known.person, cookie(&known.cookie));
        let (on_dav, on_api) = (path.starts_with("/dav"), path.starts_with("/api"));
        match who {
            Who::WrongKind if on_dav || on_api => request.header("cookie", &session),
            Who::WrongKind => request.basic(person),
            Who::WrongScope if on_dav => basic(request, &person.handle, &person.api),
            Who::WrongScope if on_api => request.bearer(&person.caldav),
            Who::WrongScope => request.header("cookie", &cookie(&person.api)),
            _ if on_dav => request.basic(person),
            _ if on_api => request.bearer(&person.api),
            _ => request.header("cookie", &session),
        }
    }
}

fn basic(request: Ask, user: &str, password: &str) -> Ask {
    let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
    request.header("authorization", &format!("Basic {pair}"))
}

async fn known(app: &TestApp, handle: &str, roles: &[Role]) -> Known {
    let person = app.person_with(handle, roles).await;
    let identity = &app.rooms.identity;
    let handle = handle.parse().unwrap();
    let principal = principals::by_handle(identity, &handle).await.unwrap();
    let started = sessions::start(identity, principal.unwrap().id, None).await;
    let cookie = started.unwrap().secret.expose().to_owned();
    Known { person, cookie }
}
