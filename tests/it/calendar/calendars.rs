//! Calendars themselves: RFC 4791 §4.2, §5.2, §5.3.1; RFC 4918 §9.2.

use freehold::base::{Kind, Precondition};
use freehold::calendar::{
    CalendarError, Components, NewCalendar, PropertyChange, PropertyName, PropertyValue,
};
use freehold::identity::Scope;

use super::{House, calendar, kind, meeting, new, person, work};

fn text(value: &str) -> PropertyValue {
    PropertyValue::Text(value.to_owned())
}

fn set(name: PropertyName, value: &str) -> PropertyChange {
    PropertyChange::Set(name, text(value))
}

#[tokio::test]
async fn a_calendar_is_made_with_its_properties_and_found_in_its_home() {
    let house = House::new().await;
    let dead = PropertyName::new("http://example.com/ns", "mark");
    let made = NewCalendar {
        at: calendar("private"),
        components: Components::from_names(["VTODO"]).unwrap(),
        properties: vec![
            (PropertyName::display_name(), text("Zanzibar")),
            (PropertyName::color(), text("#ff0000ff")),
            (
                dead.clone(),
                PropertyValue::Xml("<a xmlns=\"x\"> b </a>".to_owned()),
            ),
        ],
    };
    let made = house
        .calendars
        .create_calendar(&house.alice, made)
        .await
        .unwrap();
    let found = house
        .calendars
        .calendar(&house.alice, &calendar("private"))
        .await
        .unwrap();
    assert_eq!(found, made);
    assert_eq!(found.properties.display_name(), Some("Zanzibar"));
    assert_eq!(found.properties.color(), Some("#ff0000ff"));
    assert_eq!(found.components.names().collect::<Vec<_>>(), ["VTODO"]);
    let home = house
        .calendars
        .home(&house.alice, &house.alice.handle)
        .await
        .unwrap();
    let slugs: Vec<_> = home.iter().map(|one| one.at.slug.as_str()).collect();
    assert_eq!(slugs, ["private", "work"]);
    assert_eq!(home[0], made);
}

#[tokio::test]
async fn a_taken_name_is_refused_and_ensured_instead() {
    let house = House::new().await;
    let refused = house
        .calendars
        .create_calendar(&house.alice, new("work"))
        .await;
    assert!(
        matches!(refused, Err(CalendarError::CalendarExists(_))),
        "{refused:?}"
    );
    let first = house
        .calendars
        .calendar(&house.alice, &work())
        .await
        .unwrap();
    let ensured = house
        .calendars
        .ensure_calendar(&house.alice, new("work"))
        .await
        .unwrap();
    assert_eq!(ensured, first);
    let ensured = house
        .calendars
        .ensure_calendar(&house.alice, new("new"))
        .await
        .unwrap();
    assert_eq!(ensured.at, calendar("new"));
}

#[tokio::test]
async fn properties_change_all_or_none() {
    let house = House::new().await;
    let at = work();
    let changes = vec![
        set(PropertyName::display_name(), "Work"),
        set(PropertyName::time_zone(), "Nowhere/At_All"),
    ];
    let refused = house
        .calendars
        .change_properties(&house.alice, &at, changes)
        .await;
    assert!(
        matches!(refused, Err(CalendarError::InvalidProperty { .. })),
        "{refused:?}"
    );
    let before = house.calendars.calendar(&house.alice, &at).await.unwrap();
    assert!(before.properties.is_empty());
    let changes = vec![
        set(PropertyName::display_name(), "Work"),
        set(PropertyName::time_zone(), "Europe/Berlin"),
        PropertyChange::Remove(PropertyName::color()),
    ];
    let after = house
        .calendars
        .change_properties(&house.alice, &at, changes.clone())
        .await;
    let after = after.unwrap();
    assert_eq!(
        after,
        house.calendars.calendar(&house.alice, &at).await.unwrap()
    );
    assert_ne!(after.sync_token, before.sync_token);
    let zone = after.properties.time_zone().unwrap();
    assert_eq!(zone.iana_name(), Some("Europe/Berlin"));
    let audited = house.audited().await;
    let same = house
        .calendars
        .change_properties(&house.alice, &at, changes)
        .await
        .unwrap();
    assert_eq!((same, house.audited().await), (after, audited));
}

#[tokio::test]
async fn a_deleted_calendar_takes_everything_along() {
    let house = House::new().await;
    let name = vec![set(PropertyName::display_name(), "Work")];
    house
        .calendars
        .change_properties(&house.alice, &work(), name)
        .await
        .unwrap();
    house.put("1.ics", &meeting("1", "A")).await;
    let series = meeting("2", "B").replace("SUMMARY", "RRULE:FREQ=DAILY\r\nSUMMARY");
    house.put("2.ics", &series).await;
    house.put("3.ics", &meeting("3", "C")).await;
    house.delete("3.ics").await;
    let old = house.token().await;
    let stale = Precondition::Matches(vec![freehold::base::ETag::new("0")]);
    let refused = house
        .calendars
        .delete_calendar(&house.alice, &work(), stale)
        .await;
    assert_eq!(kind(refused), Kind::PreconditionFailed);
    let at = work();
    let delete = house
        .calendars
        .delete_calendar(&house.alice, &at, Precondition::Exists);
    delete.await.unwrap();
    for sql in [
        "SELECT COUNT(*) FROM calendar",
        "SELECT COUNT(*) FROM calendar_property",
        "SELECT COUNT(*) FROM calendar_object",
        "SELECT COUNT(*) FROM calendar_occurrence",
        "SELECT COUNT(*) FROM calendar_tombstone",
    ] {
        assert_eq!(house.count(sql).await, 0, "{sql}");
    }
    house.make("work").await;
    let refused = house.changes(Some(old), None).await;
    assert!(
        matches!(refused, Err(CalendarError::BadSyncToken(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_stranger_sees_no_home_and_makes_nothing_in_it() {
    let house = House::new().await;
    let owner = &house.alice.handle;
    assert_eq!(
        kind(house.calendars.home(&house.bob, owner).await),
        Kind::NotFound
    );
    let nobody = "nobody".parse().unwrap();
    assert_eq!(
        kind(house.calendars.home(&house.bob, &nobody).await),
        Kind::NotFound
    );
    let make = house
        .calendars
        .create_calendar(&house.bob, new("evil"))
        .await;
    assert_eq!(kind(make), Kind::NotFound);
    let at = work();
    let delete = house
        .calendars
        .delete_calendar(&house.bob, &at, Precondition::None);
    assert_eq!(kind(delete.await), Kind::NotFound);
    let change = house
        .calendars
        .change_properties(&house.bob, &work(), Vec::new())
        .await;
    assert_eq!(kind(change), Kind::NotFound);
    let api = person(&house.test.store, &house.test.keys, "alice", Scope::Api).await;
    assert_eq!(
        kind(house.calendars.calendar(&api, &work()).await),
        Kind::Forbidden
    );
}

#[test]
fn names_are_single_segments_of_a_path() {
    use freehold::calendar::{ObjectName, Slug};
    for bad in ["", ".", "..", "a/b", "a\0b", "a\nb", &"x".repeat(256)] {
        bad.parse::<Slug>().unwrap_err();
        bad.parse::<ObjectName>().unwrap_err();
    }
    for good in ["a", "a b", "a@b.ics", "äöü%", "...", &"x".repeat(200)] {
        assert_eq!(good.parse::<Slug>().unwrap().as_str(), good);
        assert_eq!(good.parse::<ObjectName>().unwrap().as_str(), good);
    }
}
