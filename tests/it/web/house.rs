//! The pages over a store of their own, and a browser with nothing but cookies.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use freehold::azure::Azure;
use freehold::base::{Clock as _, Precondition, SystemClock};
use freehold::calendar::{
    CalendarLimits, CalendarRef, Calendars, Components, NewCalendar, ObjectRef, PropertyName,
    PropertyValue, PutObject,
};
use freehold::config::{self, SecretRef};
use freehold::edge::Cookies;
use freehold::identity::refusals::{self, Flush};
use freehold::identity::{
    Actor, Identity, Principal, Providers, Role, Roles, SessionLimits, principals, sessions,
};
use freehold::inventory::Inventory;
use freehold::outbound::Outbound;
use freehold::server::egress;
use freehold::store::Row;
use freehold::web::{self, Site};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::tz::TimeZone;
use serde_json::Value;
use tower::ServiceExt as _;

use super::provider::Provider;
use crate::support::TestStore;

/// Where the pages believe they are.
pub(crate) const HERE: &str = "http://127.0.0.1:8080";

#[derive(Clone)]
struct Rooms {
    calendars: Calendars,
    inventory: Inventory,
    identity: Identity,
    providers: Providers,
    site: Site,
}

macro_rules! gives {
    ($($field:ident: $type:ty),*) => { $(
        impl FromRef<Rooms> for $type {
            fn from_ref(rooms: &Rooms) -> Self {
                rooms.$field.clone()
            }
        }
    )* };
}
gives!(calendars: Calendars, inventory: Inventory, identity: Identity, providers: Providers, site: Site);

/// The pages and what is behind them.
pub(crate) struct House {
    pub(crate) test: TestStore,
    pub(crate) calendars: Calendars,
    pub(crate) inventory: Inventory,
    pub(crate) identity: Identity,
    router: Router,
}

impl House {
    /// Where people sign in at a certified provider, root as administrator.
    pub(super) async fn of(provider: &Provider) -> Self {
        let secret = tempfile::tempdir().unwrap().keep().join("secret");
        std::fs::write(&secret, "a secret of this test\n").unwrap();
        let settings = config::Identity {
            administrators: vec![format!("{}#root", provider.issuer).parse().unwrap()],
            providers: vec![config::Provider {
                id: "work".to_owned(),
                issuer: provider.issuer.clone(),
                client_id: "freehold".to_owned(),
                client_secret: Some(SecretRef::File(secret)),
                ..config::Provider::default()
            }],
            ..config::Identity::default()
        };
        let house = Self::with(&settings, Cookies::Plain).await;
        house.on_time();
        house
    }

    /// An evaluation on plain HTTP.
    pub(crate) async fn new() -> Self {
        Self::with(&config::Identity::default(), Cookies::Plain).await
    }

    /// With these settings and cookies.
    pub(crate) async fn with(settings: &config::Identity, cookies: Cookies) -> Self {
        let azure = Azure::of_process(&config::Azure::default(), Outbound::default());
        Self::in_azure(settings, cookies, &azure).await
    }

    /// The same with an identity of the platform.
    pub(crate) async fn in_azure(
        settings: &config::Identity,
        cookies: Cookies,
        azure: &Azure,
    ) -> Self {
        let test = TestStore::new().await;
        let keys = test.keys.clone();
        let limits = CalendarLimits::default();
        let calendars = Calendars::new(test.store.clone(), keys.clone(), limits);
        let inventory = Inventory::new(test.store.clone(), keys.clone());
        let vault = keys.vault().clone();
        let identity = Identity::new(test.store.clone(), keys, SessionLimits::default());
        let all = config::Settings {
            identity: settings.clone(),
            ..config::Settings::default()
        };
        let ways = egress::ways(&all, &config::Platform::default());
        azure.outbound().allow(ways);
        let providers = Providers::new(settings, identity.clone(), vault, azure);
        let site = Site {
            public_url: HERE.parse().unwrap(),
            evaluation: settings.providers.is_empty(),
            cookies,
            default_zone: TimeZone::UTC,
            clock: test.store.clock(),
        };
        let rooms = Rooms {
            calendars: calendars.clone(),
            inventory: inventory.clone(),
            identity: identity.clone(),
            providers,
            site,
        };
        Self {
            test,
            calendars,
            inventory,
            identity,
            router: web::router().with_state(rooms),
        }
    }

    /// Sets the standing clock to what time it is.
    pub(crate) fn on_time(&self) {
        let (now, shown) = (SystemClock.now(), self.test.store.clock().now());
        self.test.clock.advance(now.as_second() - shown.as_second());
    }

    pub(crate) async fn person(&self, handle: &str, roles: &[Role]) -> Principal {
        let handle = handle.parse().unwrap();
        let by = Actor::operator();
        let made = principals::create(&self.identity, &by, handle, Roles::of(roles)).await;
        made.unwrap()
    }

    /// The person as they act with a session.
    pub(crate) async fn actor(&self, person: &Principal) -> Actor {
        let started = sessions::start(&self.identity, person.id, None)
            .await
            .unwrap();
        let actor = sessions::resume(&self.identity, started.secret.expose()).await;
        actor.unwrap()
    }

    /// A browser in which a new member is signed in.
    pub(crate) async fn member(&self, handle: &str) -> (Browser, Actor) {
        let person = self.person(handle, &[Role::Member]).await;
        let mut browser = self.browser();
        let link = self.link(&person).await;
        assert_eq!(browser.post(&link).await.status, StatusCode::SEE_OTHER);
        (browser, self.actor(&person).await)
    }

    /// The path of a link that signs `person` in once.
    pub(crate) async fn link(&self, person: &Principal) -> String {
        let link = sessions::make_link(&self.identity, &Actor::operator(), person.id).await;
        format!("/auth/link/{}", link.unwrap().expose())
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            cookies: BTreeMap::new(),
        }
    }

    /// The refused sign-ins that the audit is told of now: reason, provider, how many.
    pub(super) async fn refusals(&self) -> Vec<(String, Option<String>, i64)> {
        let flushed = refusals::flush(&self.identity, Flush::All).await.unwrap();
        let sql = "SELECT action, subject, detail FROM audit_entry ORDER BY seq DESC LIMIT $1";
        let limit = i64::try_from(flushed).unwrap();
        let entries = self.test.store.read((), |at, ()| async move {
            let row = |row: &Row<'_>| Ok([row.text(0)?, row.text(1)?, row.text(2)?]);
            at.fixed(sql, vec![limit.into()], row).await
        });
        let entries: Vec<[String; 3]> = entries.await.unwrap();
        let refusals = entries.into_iter().map(|[action, subject, detail]| {
            assert_eq!(action, "identity.sign-in.refused");
            assert_eq!(subject, "source:0.0.0.0/24");
            let detail: Value = serde_json::from_str(&detail).unwrap();
            let names: Vec<_> = detail.as_object().unwrap().keys().collect();
            assert_eq!(names, ["count", "door", "minute", "provider", "reason"]);
            let provider = detail["provider"].as_str().map(str::to_owned);
            let reason = detail["reason"].as_str().unwrap().to_owned();
            (reason, provider, detail["count"].as_i64().unwrap())
        });
        refusals.collect()
    }

    /// A calendar of `actor` with these properties.
    pub(crate) async fn calendar(
        &self,
        actor: &Actor,
        slug: &str,
        properties: Vec<(PropertyName, &str)>,
    ) -> CalendarRef {
        let text =
            |(name, value): (PropertyName, &str)| (name, PropertyValue::Text(value.to_owned()));
        let new = NewCalendar {
            at: CalendarRef {
                owner: actor.handle.clone(),
                slug: slug.parse().unwrap(),
            },
            components: Components::ALL,
            properties: properties.into_iter().map(text).collect(),
        };
        let made = self.calendars.create_calendar(actor, new).await;
        made.unwrap().at
    }

    /// Puts an event of these lines.
    pub(crate) async fn event(&self, actor: &Actor, at: &CalendarRef, uid: &str, lines: &[&str]) {
        let lines = lines.join("\r\n");
        let body = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
             DTSTAMP:20260101T000000Z\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let put = PutObject {
            at: ObjectRef {
                calendar: at.clone(),
                name: format!("{uid}.ics").parse().unwrap(),
            },
            body: body.into_bytes(),
            precondition: Precondition::None,
        };
        self.calendars.put_object(actor, put).await.unwrap();
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location")
    }

    /// The `Set-Cookie` lines.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let all = self.headers.get_all(header::SET_COOKIE).into_iter();
        all.map(|value| value.to_str().unwrap()).collect()
    }
}

/// Keeps cookies, follows nothing.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path)).await
    }

    /// As a button on one of our pages does.
    pub(crate) async fn post(&mut self, path: &str) -> Answer {
        let request = Request::post(path).header("sec-fetch-site", "same-origin");
        self.send(request).await
    }

    /// As a form on one of our pages does, with these fields, already encoded.
    pub(crate) async fn submit(&mut self, path: &str, fields: &'static str) -> Answer {
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send_with(request, Body::from(fields)).await
    }

    pub(crate) async fn send(&mut self, request: http::request::Builder) -> Answer {
        self.send_with(request, Body::empty()).await
    }

    pub(crate) async fn send_with(
        &mut self,
        mut request: http::request::Builder,
        body: Body,
    ) -> Answer {
        let pair = |(name, value): (&String, &String)| format!("{name}={value}");
        let cookies: Vec<_> = self.cookies.iter().map(pair).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let request = request.header("host", "127.0.0.1:8080").body(body).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        for line in answer.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}
