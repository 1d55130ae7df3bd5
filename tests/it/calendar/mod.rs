//! The calendar room, on both backends.

mod calendars;
mod concurrency;
mod import;
mod jobs;
mod objects;
mod query;
mod sync;

use freehold::base::{Kind, Precondition};
use freehold::calendar::{
    Calendar, CalendarError, CalendarLimits, CalendarRef, Calendars, Changes, ChangesSince,
    Components, NewCalendar, ObjectRef, Outcome, PutObject, Stored, SyncToken,
};
use freehold::identity::{
    Actor, Door, Identity, Role, Roles, Scope, SessionLimits, principals, tokens,
};

use freehold::store::Store;
use freehold::store::key_ring::KeyRing;

use crate::support::TestStore;

/// A store with two people, and a calendar of the first.
pub(super) struct House {
    pub(super) test: TestStore,
    pub(super) calendars: Calendars,
    pub(super) alice: Actor,
    pub(super) bob: Actor,
}

impl House {
    pub(super) async fn new() -> Self {
        let test = TestStore::new().await;
        let limits = CalendarLimits::default();
        let calendars = Calendars::new(test.store.clone(), test.keys.clone(), limits);
        let alice = person(&test.store, &test.keys, "alice", Scope::Caldav).await;
        let bob = person(&test.store, &test.keys, "bob", Scope::Caldav).await;
        let house = Self {
            test,
            calendars,
            alice,
            bob,
        };
        house.make("work").await;
        house
    }

    pub(super) async fn make(&self, slug: &str) -> Calendar {
        let made = self.calendars.create_calendar(&self.alice, new(slug)).await;
        made.unwrap()
    }

    pub(super) async fn try_put(&self, name: &str, body: &str) -> Result<Stored, CalendarError> {
        self.put_if(name, body, Precondition::None).await
    }

    pub(super) async fn put_if(
        &self,
        name: &str,
        body: &str,
        precondition: Precondition,
    ) -> Result<Stored, CalendarError> {
        let put = PutObject {
            at: object(name),
            body: body.as_bytes().to_vec(),
            precondition,
        };
        self.calendars.put_object(&self.alice, put).await
    }

    pub(super) async fn put(&self, name: &str, body: &str) -> Outcome {
        self.try_put(name, body).await.unwrap().outcome
    }

    pub(super) async fn delete(&self, name: &str) {
        let at = object(name);
        let deleted = self
            .calendars
            .delete_object(&self.alice, &at, Precondition::None);
        deleted.await.unwrap();
    }

    pub(super) async fn changes(
        &self,
        since: Option<SyncToken>,
        limit: Option<usize>,
    ) -> Result<Changes, CalendarError> {
        let at = work();
        let asked = ChangesSince { at, since, limit };
        self.calendars.changes(&self.alice, asked).await
    }

    pub(super) async fn token(&self) -> SyncToken {
        let calendar = self.calendars.calendar(&self.alice, &work()).await;
        calendar.unwrap().sync_token
    }

    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        let count = |at: freehold::store::Snapshot, ()| async move {
            at.fixed_one(sql, vec![], |row| row.i64(0)).await
        };
        self.test.store.read((), count).await.unwrap().unwrap()
    }

    pub(super) async fn audited(&self) -> i64 {
        self.count("SELECT COUNT(*) FROM audit_entry").await
    }
}

pub(super) async fn person(store: &Store, keys: &KeyRing, handle: &str, scope: Scope) -> Actor {
    let identity = Identity::new(store.clone(), keys.clone(), SessionLimits::default());
    let (by, handle) = (Actor::operator(), handle.parse().unwrap());
    let known = principals::by_handle(&identity, &handle).await.unwrap();
    let principal = if let Some(known) = known {
        known
    } else {
        let roles = Roles::of(&[Role::Member]);
        let made = principals::create(&identity, &by, handle, roles);
        made.await.unwrap()
    };
    let token = tokens::NewToken {
        principal: principal.id,
        label: "test".to_owned(),
        scope,
        expires_at: None,
    };
    let (_, secret) = tokens::create(&identity, &by, token).await.unwrap();
    let door = match scope {
        Scope::Api | Scope::Inventory => Door::Api,
        _ => Door::Caldav,
    };
    let actor = tokens::authenticate(&identity, secret.expose(), door);
    actor.await.unwrap()
}

pub(super) fn new(slug: &str) -> NewCalendar {
    NewCalendar {
        at: calendar(slug),
        components: Components::ALL,
        properties: Vec::new(),
    }
}

pub(super) fn calendar(slug: &str) -> CalendarRef {
    CalendarRef {
        owner: "alice".parse().unwrap(),
        slug: slug.parse().unwrap(),
    }
}

pub(super) fn work() -> CalendarRef {
    calendar("work")
}

pub(super) fn object(name: &str) -> ObjectRef {
    ObjectRef {
        calendar: work(),
        name: name.parse().unwrap(),
    }
}

/// An event with these lines in it.
pub(super) fn event(uid: &str, lines: &[&str]) -> String {
    let lines = lines.join("\r\n");
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20261120T080000Z\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

/// An event of an hour.
pub(super) fn meeting(uid: &str, title: &str) -> String {
    let title = format!("SUMMARY:{title}");
    event(
        uid,
        &["DTSTART:20270301T090000Z", "DTEND:20270301T100000Z", &title],
    )
}

pub(super) fn case(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/cases")
        .join(file);
    std::fs::read_to_string(path).unwrap()
}

pub(super) fn kind<T: std::fmt::Debug>(result: Result<T, CalendarError>) -> Kind {
    result.unwrap_err().kind()
}
