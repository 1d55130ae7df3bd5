//! Queries: RFC 4791 §7.8, §9.9. The index of times only narrows.

use std::collections::BTreeSet;

use freehold::calendar::{
    CalendarQuery, Components, Import, ImportOutcome, NewCalendar, OccurrencesIn, PropertyChange,
    PropertyName, PropertyValue, QueryAnswer,
};
use freehold::ical::filter::{Collation, CompFilter, CompTest, PropFilter, PropTest, TextMatch};
use freehold::ical::split::{Piece, Split};
use freehold::ical::{CalendarObject, Window};
use jiff::tz::TimeZone;

use super::{House, calendar, case, event, meeting, new, work};

fn window(from: &str, to: &str) -> Window {
    let at = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
    Window {
        from: at(from),
        to: at(to),
    }
}

fn filter(component: &str, time_range: Option<Window>, props: Vec<PropFilter>) -> CompFilter {
    let inner = CompFilter {
        name: component.to_owned(),
        test: CompTest::Matches {
            time_range,
            props,
            comps: Vec::new(),
        },
    };
    CompFilter {
        name: "VCALENDAR".to_owned(),
        test: CompTest::Matches {
            time_range: None,
            props: Vec::new(),
            comps: vec![inner],
        },
    }
}

async fn ask(house: &House, filter: CompFilter, zone: Option<TimeZone>) -> QueryAnswer {
    let query = CalendarQuery {
        at: work(),
        filter,
        zone,
        limit: None,
    };
    house.calendars.query(&house.alice, query).await.unwrap()
}

async fn events(house: &House, from: &str, to: &str) -> Vec<String> {
    let answer = ask(
        house,
        filter("VEVENT", Some(window(from, to)), Vec::new()),
        None,
    )
    .await;
    let names = answer
        .objects
        .into_iter()
        .map(|object| object.entry.name.to_string());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

async fn set_zone(house: &House, zone: &str) {
    let value = PropertyValue::Text(zone.to_owned());
    let change = PropertyChange::Set(PropertyName::time_zone(), value);
    let at = work();
    let changed = house
        .calendars
        .change_properties(&house.alice, &at, vec![change]);
    changed.await.unwrap();
}

#[tokio::test]
async fn an_endless_series_is_found_beyond_the_horizon() {
    let house = House::new().await;
    let series = [
        "DTSTART:20270104T090000Z",
        "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY",
    ];
    house.put("series", &event("series", &series)).await;
    house.put("single", &meeting("single", "A")).await;
    let listed = house
        .count("SELECT COUNT(*) FROM calendar_occurrence")
        .await;
    assert!((90..110).contains(&listed), "{listed}");
    for (from, to, expected) in [
        (
            "2027-02-01T00:00:00Z",
            "2027-02-08T00:00:00Z",
            &["series"][..],
        ),
        (
            "2027-03-01T00:00:00Z",
            "2027-03-02T00:00:00Z",
            &["series", "single"],
        ),
        ("2090-01-02T08:00:00Z", "2090-01-02T09:00:00Z", &[]),
        ("2090-01-02T08:00:00Z", "2090-01-02T09:00:01Z", &["series"]),
        ("2090-01-03T00:00:00Z", "", &["series"]),
        ("", "2027-01-04T09:00:00Z", &[]),
        ("", "2027-01-04T09:00:01Z", &["series"]),
        ("2026-01-01T00:00:00Z", "2027-01-04T00:00:00Z", &[]),
    ] {
        assert_eq!(events(&house, from, to).await, expected, "{from} {to}");
    }
}

#[tokio::test]
async fn an_excluded_day_is_empty_and_a_moved_one_is_where_it_moved() {
    let house = House::new().await;
    let body = event(
        "1",
        &[
            "DTSTART:20270104T090000Z",
            "DURATION:PT1H",
            "RRULE:FREQ=DAILY;COUNT=10",
            "EXDATE:20270106T090000Z",
            "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20261120T080000Z",
            "RECURRENCE-ID:20270108T090000Z",
            "DTSTART:20270208T090000Z",
            "DURATION:PT1H",
        ],
    );
    house.put("1", &body).await;
    for (day, found) in [
        ("2027-01-05", true),
        ("2027-01-06", false),
        ("2027-01-08", false),
        ("2027-02-08", true),
        ("2027-01-14", false),
    ] {
        let (from, to) = (format!("{day}T00:00:00Z"), format!("{day}T23:00:00Z"));
        assert_eq!(!events(&house, &from, &to).await.is_empty(), found, "{day}");
    }
}

#[tokio::test]
async fn days_and_floating_times_are_told_in_the_zone_of_the_calendar() {
    let house = House::new().await;
    house
        .put("day", &event("day", &["DTSTART;VALUE=DATE:20270301"]))
        .await;
    let floating = [
        "DTSTART:20270301T230000",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;COUNT=2",
    ];
    house.put("floating", &event("floating", &floating)).await;
    let hour = ("2027-03-02T04:00:00Z", "2027-03-02T04:30:00Z");
    assert!(events(&house, hour.0, hour.1).await.is_empty());
    let token = house.token().await;
    set_zone(&house, "America/New_York").await;
    assert_ne!(house.token().await, token);
    assert_eq!(events(&house, hour.0, hour.1).await, ["day", "floating"]);
    let early = ("2027-03-01T00:00:00Z", "2027-03-01T05:00:00Z");
    assert!(events(&house, early.0, early.1).await.is_empty());
    set_zone(&house, "Asia/Tokyo").await;
    assert_eq!(
        events(&house, "2027-02-28T15:00:00Z", "2027-02-28T15:01:00Z").await,
        ["day"]
    );
    // The zone in the question goes before that of the calendar.
    let asked = filter("VEVENT", Some(window(hour.0, hour.1)), Vec::new());
    let zone = freehold::ical::zone::by_name("America/New_York");
    assert_eq!(ask(&house, asked, zone).await.objects.len(), 2);
}

#[tokio::test]
async fn dates_far_outside_the_usual_are_found_where_they_are() {
    let house = House::new().await;
    for number in 1..=3 {
        house
            .put(
                &format!("c16-{number}"),
                &case(&format!("C16-{number}.ics")),
            )
            .await;
    }
    let day = |year: i32| {
        (
            format!("{year}-02-28T12:00:00Z"),
            format!("{year}-03-01T12:00:00Z"),
        )
    };
    let (from, to) = day(2028);
    assert_eq!(events(&house, &from, &to).await, ["c16-1", "c16-2"]);
    let (from, to) = day(2027);
    assert!(events(&house, &from, &to).await.is_empty());
    let (from, to) = day(2872);
    assert_eq!(events(&house, &from, &to).await, ["c16-1"]);
    assert_eq!(
        events(&house, "1604-01-01T00:00:00Z", "1605-01-01T00:00:00Z").await,
        ["c16-1"]
    );
    assert_eq!(events(&house, "9999-12-30T00:00:00Z", "").await, ["c16-3"]);
    assert_eq!(events(&house, "", "").await.len(), 3);
    assert_eq!(house.changes(None, None).await.unwrap().changed.len(), 3);
}

#[tokio::test]
async fn overrides_without_their_master_are_found() {
    let house = House::new().await;
    house.put("c06", &case("C06-1.ics")).await;
    assert_eq!(
        events(&house, "2027-05-05T07:00:00Z", "2027-05-05T08:00:00Z").await,
        ["c06"]
    );
    assert!(
        events(&house, "2027-05-04T00:00:00Z", "2027-05-05T00:00:00Z")
            .await
            .is_empty()
    );
    let asked = OccurrencesIn {
        calendars: vec![work()],
        window: window("2027-05-01T00:00:00Z", "2027-06-01T00:00:00Z"),
        zone: TimeZone::UTC,
        limit: 10,
    };
    let entries = house
        .calendars
        .occurrences(&house.alice, asked)
        .await
        .unwrap();
    let starts: Vec<_> = entries
        .iter()
        .map(|entry| entry.start.to_string())
        .collect();
    assert_eq!(starts, ["2027-05-05T07:00:00Z", "2027-05-18T07:00:00Z"]);
    assert_eq!(entries[0].summary, "Guest at one round");
    assert!(entries[0].recurring && !entries[0].all_day);
}

#[tokio::test]
async fn text_is_found_in_sealed_bodies_and_the_limit_is_told() {
    let house = House::new().await;
    for number in 0..200 {
        let number = number.to_string();
        house
            .put(&number, &meeting(&number, &format!("Room {number}")))
            .await;
    }
    let summary = PropFilter {
        name: "SUMMARY".to_owned(),
        test: PropTest::Matches {
            time_range: None,
            text: Some(TextMatch::contains("room 19", Collation::AsciiCasemap)),
            params: Vec::new(),
        },
    };
    let asked = filter("VEVENT", None, vec![summary]);
    assert_eq!(ask(&house, asked.clone(), None).await.objects.len(), 11);
    let query = CalendarQuery {
        at: work(),
        filter: asked,
        zone: None,
        limit: Some(10),
    };
    let answer = house
        .calendars
        .query(&house.alice, query.clone())
        .await
        .unwrap();
    assert_eq!((answer.objects.len(), answer.truncated), (10, true));
    let query = CalendarQuery {
        limit: Some(11),
        ..query
    };
    let answer = house.calendars.query(&house.alice, query).await.unwrap();
    assert_eq!((answer.objects.len(), answer.truncated), (11, false));
    assert!(
        ask(&house, filter("VTODO", None, Vec::new()), None)
            .await
            .objects
            .is_empty()
    );
}

/// What other projects collected, each UID once.
fn collected() -> Vec<Vec<u8>> {
    let mut uids = BTreeSet::new();
    let mut all = Vec::new();
    for folder in std::fs::read_dir("tests/fixtures/ics").unwrap() {
        let folder = folder.unwrap().path();
        let Ok(files) = std::fs::read_dir(folder) else {
            continue;
        };
        for file in files {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            for piece in Split::new(&bytes[..]) {
                if let Piece::Object(object) = piece
                    && uids.insert(object.uid.clone())
                {
                    all.push(object.text);
                }
            }
        }
    }
    all
}

#[tokio::test]
async fn the_index_never_hides_what_the_filter_would_find() {
    let house = House::new().await;
    let zone = freehold::ical::zone::by_name("Australia/Adelaide").unwrap();
    set_zone(&house, "Australia/Adelaide").await;
    let objects = collected();
    let mut taken = Vec::new();
    for batch in objects.chunks(100) {
        let import = Import {
            at: work(),
            objects: batch.to_vec(),
        };
        let outcomes = house.calendars.import(&house.alice, import).await.unwrap();
        let of_batch = outcomes.iter().zip(batch);
        let created = of_batch.filter(|(outcome, _)| **outcome == ImportOutcome::Created);
        taken.extend(created.map(|(_, body)| body.clone()));
    }
    assert!(taken.len() > 200, "{}", taken.len());
    let parsed: Vec<_> = taken
        .iter()
        .map(|body| CalendarObject::parse(body).unwrap())
        .collect();
    let mut found = 0;
    for (kind, from, to, told_in) in [
        ("VEVENT", "2007-03-01T00:00:00Z", "2007-04-01T00:00:00Z", ""),
        (
            "VEVENT",
            "1999-01-01T00:00:00Z",
            "2001-01-01T00:00:00Z",
            "UTC",
        ),
        ("VEVENT", "2026-11-25T00:00:00Z", "2026-12-25T00:00:00Z", ""),
        (
            "VEVENT",
            "2026-11-25T00:00:00Z",
            "2026-12-25T00:00:00Z",
            "UTC",
        ),
        ("VEVENT", "2026-10-01T00:00:00Z", "2027-10-01T00:00:00Z", ""),
        ("VEVENT", "2046-11-25T13:00:00Z", "2046-11-25T14:00:00Z", ""),
        ("VEVENT", "", "1998-01-01T00:00:00Z", ""),
        ("VEVENT", "2020-01-01T00:00:00Z", "", ""),
        ("VTODO", "2004-01-01T00:00:00Z", "2007-01-01T00:00:00Z", ""),
        ("VJOURNAL", "", "", "UTC"),
    ] {
        let filter = filter(kind, Some(window(from, to)), Vec::new());
        let asked_in = freehold::ical::zone::by_name(told_in);
        let told_in = asked_in.as_ref().unwrap_or(&zone);
        let right = parsed.iter().zip(&taken);
        let right: BTreeSet<_> = right
            .filter(|(object, _)| filter.matches(object, told_in))
            .map(|(_, body)| body.clone())
            .collect();
        let answer = ask(&house, filter, asked_in).await.objects;
        let answer: BTreeSet<_> = answer.into_iter().map(|object| object.body).collect();
        assert_eq!(answer.len(), right.len(), "{kind} {from} {to}");
        assert!(answer == right, "{kind} {from} {to}");
        found += right.len();
    }
    assert!(found > 500, "{found}");
}

#[tokio::test]
async fn a_month_page_shows_the_occurrences_of_several_calendars_by_start() {
    let house = House::new().await;
    house.make("other").await;
    let tasks = NewCalendar {
        components: Components::from_names(["VTODO"]).unwrap(),
        ..new("tasks")
    };
    house
        .calendars
        .create_calendar(&house.alice, tasks)
        .await
        .unwrap();
    house
        .put(
            "day",
            &event("day", &["DTSTART;VALUE=DATE:20270302", "SUMMARY:Day"]),
        )
        .await;
    let series = [
        "DTSTART:20270301T080000Z",
        "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY",
        "SUMMARY:Round",
    ];
    house.put("series", &event("series", &series)).await;
    let import = Import {
        at: calendar("other"),
        objects: vec![meeting("1", "Other").into_bytes()],
    };
    house.calendars.import(&house.alice, import).await.unwrap();
    let asked = |limit| OccurrencesIn {
        calendars: ["work", "other", "tasks"].map(calendar).to_vec(),
        window: window("2027-02-28T23:00:00Z", "2027-03-31T22:00:00Z"),
        zone: freehold::ical::zone::by_name("Europe/Berlin").unwrap(),
        limit,
    };
    let entries = house
        .calendars
        .occurrences(&house.alice, asked(100))
        .await
        .unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| format!("{} {}", entry.start, entry.summary))
        .collect();
    assert_eq!(
        told,
        [
            "2027-03-01T08:00:00Z Round",
            "2027-03-01T09:00:00Z Other",
            "2027-03-01T23:00:00Z Day",
            "2027-03-08T08:00:00Z Round",
            "2027-03-15T08:00:00Z Round",
            "2027-03-22T08:00:00Z Round",
            "2027-03-29T08:00:00Z Round",
        ]
    );
    let few = house
        .calendars
        .occurrences(&house.alice, asked(2))
        .await
        .unwrap();
    assert_eq!(few, entries[..2]);
}
