//! Sample data for an evaluation: a month with something in it, and things that people have.
//!
//! Made once: a home or an inventory that has anything is left alone.

use std::num::NonZeroU32;

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Rooms;
use crate::base::{Id, Precondition, Timestamp};
use crate::calendar::{CalendarRef, Components, Import, NewCalendar, PropertyName, PropertyValue};
use crate::identity::{Actor, Handle, Principal, Role, Roles, principals};
use crate::inventory::{
    CheckOut, Holder, Identifier, Item, NewItem, NewPlace, NewType, Place, Range, TypeKind,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Fills the evaluation of `person`, who acts with a session.
pub(super) async fn fill(rooms: &Rooms, person: &Actor, now: Timestamp) -> Result<(), Failure> {
    let today = TimeZone::UTC.to_datetime(now).date();
    if rooms
        .calendars
        .home(person, &person.handle)
        .await?
        .is_empty()
    {
        for (slug, name, color, events) in calendars(today) {
            calendar(rooms, person, (slug, name, color), events).await?;
        }
    }
    let types = rooms.inventory.item_types(person, Range::default()).await?;
    if types.rows.is_empty() {
        things(rooms, person, now).await?;
    }
    Ok(())
}

/// Slug, name, colour, objects.
type Sheet = (&'static str, &'static str, &'static str, Vec<Vec<u8>>);

/// Three calendars around `today`.
fn calendars(today: Date) -> [Sheet; 3] {
    let since_monday = i64::from(today.weekday().to_monday_zero_offset());
    let week = Week(today.saturating_sub(since_monday.days()));
    let work = vec![
        week.timed(
            "stand-up",
            (-28, "0830"),
            "PT15M",
            &["Stand-up", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR"],
        ),
        week.timed(
            "planning",
            (-14, "0900"),
            "PT90M",
            &["Planning", "RRULE:FREQ=WEEKLY;INTERVAL=2"],
        ),
        week.timed(
            "review",
            (3, "1300"),
            "PT1H",
            &["Design review", "LOCATION:Room Birch"],
        ),
        week.timed(
            "visit",
            (8, "1000"),
            "PT3H",
            &["Visit of the auditors", "LOCATION:Head office"],
        ),
        week.timed(
            "retro",
            (11, "1400"),
            "PT1H",
            &["Retrospective", "LOCATION:Room Birch"],
        ),
        week.days("fair", 15, 18, "Trade fair"),
    ];
    let personal = vec![
        week.timed(
            "dentist",
            (1, "0700"),
            "PT45M",
            &["Dentist", "LOCATION:Main street 4"],
        ),
        week.timed(
            "choir",
            (-27, "1800"),
            "PT2H",
            &["Choir", "RRULE:FREQ=WEEKLY"],
        ),
        week.days("leave", 21, 26, "Leave"),
    ];
    let bookings = vec![
        week.timed(
            "birch",
            (2, "0800"),
            "PT4H",
            &["Workshop", "LOCATION:Room Birch"],
        ),
        week.timed("van", (4, "0600"), "PT10H", &["Delivery", "LOCATION:Van"]),
    ];
    [
        ("work", "Work", "#2f6fbb", work),
        ("personal", "Personal", "#7a4fa3", personal),
        ("bookings", "Bookings", "#b2602a", bookings),
    ]
}

/// The week that begins on this Monday; days are counted from it.
struct Week(Date);

impl Week {
    fn day(&self, days: i64) -> String {
        self.0
            .saturating_add(days.days())
            .strftime("%Y%m%d")
            .to_string()
    }

    fn timed(&self, uid: &str, (days, time): (i64, &str), length: &str, lines: &[&str]) -> Vec<u8> {
        let day = self.day(days);
        let times = format!("DTSTART:{day}T{time}00Z\r\nDURATION:{length}");
        event(
            uid,
            &format!("{times}\r\nSUMMARY:{}\r\n", lines.join("\r\n")),
        )
    }

    fn days(&self, uid: &str, from: i64, to: i64, summary: &str) -> Vec<u8> {
        let (from, to) = (self.day(from), self.day(to));
        let times = format!("DTSTART;VALUE=DATE:{from}\r\nDTEND;VALUE=DATE:{to}");
        event(uid, &format!("{times}\r\nSUMMARY:{summary}\r\n"))
    }
}

fn event(uid: &str, lines: &str) -> Vec<u8> {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Freehold//sample data//EN\r\nBEGIN:VEVENT\r\n\
         UID:sample-{uid}\r\nDTSTAMP:20260101T000000Z\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into_bytes()
}

async fn calendar(
    rooms: &Rooms,
    person: &Actor,
    (slug, name, color): (&str, &str, &str),
    objects: Vec<Vec<u8>>,
) -> Result<(), Failure> {
    let at = CalendarRef {
        owner: person.handle.clone(),
        slug: slug.parse()?,
    };
    let property = |namespace: &str, local: &str, value: &str| {
        let name = PropertyName {
            namespace: namespace.to_owned(),
            local: local.to_owned(),
        };
        (name, PropertyValue::Text(value.to_owned()))
    };
    let new = NewCalendar {
        at: at.clone(),
        components: Components::ALL,
        properties: vec![
            property("DAV:", "displayname", name),
            property("http://apple.com/ns/ical/", "calendar-color", color),
        ],
    };
    rooms.calendars.create_calendar(person, new).await?;
    rooms
        .calendars
        .import(person, Import { at, objects })
        .await?;
    Ok(())
}

/// Places, types and items; some of them are with people.
async fn things(rooms: &Rooms, person: &Actor, now: Timestamp) -> Result<(), Failure> {
    let store = Store { rooms, person };
    let office = store.place("Head office", None).await?;
    let shelf = store.place("Shelf A", Some(office)).await?;
    let workshop = store.place("Workshop", None).await?;
    let alice = store.colleague("alice").await?;
    let ben = store.colleague("ben").await?;
    let weeks = |n: i64| now.checked_add((n * 7 * 24).hours()).ok();

    let laptop = store.kind("Laptop", TypeKind::Serialised, "piece").await?;
    for (name, tag, to) in [
        ("Laptop 14\" 01", "FH-0001", Some(alice)),
        ("Laptop 14\" 02", "FH-0002", Some(ben)),
        ("Laptop 16\" 03", "FH-0003", None),
    ] {
        let item = store.item(laptop, name, tag, (shelf, 1)).await?;
        if let Some(to) = to {
            store.hand_out(item, 1, to, None).await?;
        }
    }
    let tool = store.kind("Tool", TypeKind::Serialised, "piece").await?;
    let meter = store
        .item(tool, "Laser distance meter", "FH-0101", (workshop, 1))
        .await?;
    store.hand_out(meter, 1, ben, weeks(1)).await?;
    store
        .item(tool, "Thermal camera", "FH-0102", (workshop, 1))
        .await?;
    let cable = store.kind("Cable", TypeKind::Stock, "piece").await?;
    let usb = store
        .item(cable, "USB-C cable 2 m", "FH-0201", (shelf, 40))
        .await?;
    store.hand_out(usb, 2, alice, None).await?;
    let room = store.kind("Room", TypeKind::Room, "room").await?;
    store
        .item(room, "Room Birch", "FH-0301", (office, 1))
        .await?;
    Ok(())
}

/// The inventory in the hands of one person.
struct Store<'a> {
    rooms: &'a Rooms,
    person: &'a Actor,
}

impl Store<'_> {
    async fn place(&self, name: &str, parent: Option<Id<Place>>) -> Result<Id<Place>, Failure> {
        let name = name.parse()?;
        let made = self
            .rooms
            .inventory
            .create_place(self.person, NewPlace { name, parent });
        Ok(made.await?.id)
    }

    async fn kind(
        &self,
        name: &str,
        kind: TypeKind,
        unit: &str,
    ) -> Result<Id<crate::inventory::ItemType>, Failure> {
        let (name, unit) = (name.parse()?, unit.parse()?);
        let made = self
            .rooms
            .inventory
            .create_type(self.person, NewType { name, kind, unit });
        Ok(made.await?.id)
    }

    async fn item(
        &self,
        type_id: Id<crate::inventory::ItemType>,
        name: &str,
        tag: &str,
        (place, qty): (Id<Place>, u32),
    ) -> Result<Id<Item>, Failure> {
        let new = NewItem {
            type_id,
            name: name.parse()?,
            identifiers: vec![Identifier::new("tag", tag)?],
            place,
            qty: NonZeroU32::new(qty).unwrap_or(NonZeroU32::MIN),
        };
        Ok(self.rooms.inventory.create_item(self.person, new).await?.id)
    }

    async fn hand_out(
        &self,
        item: Id<Item>,
        qty: u32,
        to: Id<Principal>,
        due: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let out = CheckOut {
            item,
            qty: NonZeroU32::new(qty).unwrap_or(NonZeroU32::MIN),
            from: None,
            to: Holder::Party(to),
            due,
            precondition: Precondition::None,
        };
        self.rooms.inventory.check_out(self.person, out).await?;
        Ok(())
    }

    async fn colleague(&self, name: &str) -> Result<Id<Principal>, Failure> {
        let handle: Handle = name.parse()?;
        let identity = &self.rooms.identity;
        if let Some(found) = principals::by_handle(identity, &handle).await? {
            return Ok(found.id);
        }
        let roles = Roles::of(&[Role::Member]);
        let made = principals::create(identity, &Actor::operator(), handle, roles).await?;
        Ok(made.id)
    }
}
