//! Calendar objects: RFC 4791 §4.1, §5.3.2, §5.3.4; sealed, and byte for byte.

use freehold::base::{Kind, Precondition};
use freehold::calendar::{CalendarError, CalendarLimits, Calendars, Outcome};

use super::{House, calendar, case, event, kind, meeting, object, work};

#[tokio::test]
async fn what_was_put_comes_back_byte_for_byte_and_sealed() {
    let house = House::new().await;
    let body = "BEGIN:VCALENDAR\nVERSION:2.0\nX-ODD;P=\"a:b\":  kept \nBEGIN:VEVENT\n\
                UID:1\nDTSTAMP:20261120T080000Z\nDTSTART:20270301T090000Z\n\
                SUMMARY:Zanzibar\n  folded\nEND:VEVENT\nEND:VCALENDAR";
    assert_eq!(house.put("a b@c%.ics", body).await, Outcome::Created);
    let stored = house
        .calendars
        .object(&house.alice, &object("a b@c%.ics"))
        .await;
    let stored = stored.unwrap();
    assert_eq!(stored.body, body.as_bytes());
    assert_eq!(stored.entry.component, "VEVENT");
    assert_eq!(stored.entry.size_bytes, body.len() as u64);
    if let Some(folder) = house.test.store.folder() {
        for file in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
            let found = bytes.windows(8).any(|part| part == b"Zanzibar");
            assert!(!found, "the title lies in the folder");
        }
    }
}

#[tokio::test]
async fn the_same_bytes_again_write_nothing() {
    let house = House::new().await;
    let first = house.try_put("1.ics", &meeting("1", "A")).await.unwrap();
    let (token, audited) = (house.token().await, house.audited().await);
    let again = house.try_put("1.ics", &meeting("1", "A")).await.unwrap();
    assert_eq!(
        (again.outcome, &again.etag),
        (Outcome::Unchanged, &first.etag)
    );
    assert_eq!(
        (house.token().await, house.audited().await),
        (token, audited)
    );
    let other = house.try_put("1.ics", &meeting("1", "B")).await.unwrap();
    assert_eq!(other.outcome, Outcome::Replaced);
    assert_ne!(other.etag, first.etag);
    assert_ne!(house.token().await, token);
    assert_eq!(house.audited().await, audited + 1);
}

#[tokio::test]
async fn a_precondition_that_does_not_hold_changes_nothing() {
    let house = House::new().await;
    let (a, b) = (meeting("1", "A"), meeting("1", "B"));
    let refused = house.put_if("1.ics", &a, Precondition::Exists).await;
    assert_eq!(kind(refused), Kind::PreconditionFailed);
    let first = house
        .put_if("1.ics", &a, Precondition::Absent)
        .await
        .unwrap();
    let refused = house.put_if("1.ics", &a, Precondition::Absent).await;
    assert_eq!(kind(refused), Kind::PreconditionFailed);
    let matches = |etag| Precondition::Matches(vec![etag]);
    let second = house.put_if("1.ics", &b, matches(first.etag.clone())).await;
    let second = second.unwrap();
    let stale = house.put_if("1.ics", &a, matches(first.etag.clone())).await;
    assert_eq!(kind(stale), Kind::PreconditionFailed);
    let at = object("1.ics");
    let stale = house
        .calendars
        .delete_object(&house.alice, &at, matches(first.etag));
    assert_eq!(kind(stale.await), Kind::PreconditionFailed);
    let there = house.calendars.object(&house.alice, &at).await.unwrap();
    assert_eq!(
        (there.entry.etag, there.body),
        (second.etag.clone(), b.into_bytes())
    );
    let fresh = house
        .calendars
        .delete_object(&house.alice, &at, matches(second.etag));
    fresh.await.unwrap();
    let gone = house.calendars.object(&house.alice, &at).await;
    assert_eq!(kind(gone), Kind::NotFound);
}

#[tokio::test]
async fn a_uid_is_once_in_a_calendar_and_the_refusal_names_the_holder() {
    let house = House::new().await;
    house.put("1.ics", &meeting("same", "A")).await;
    let audited = house.audited().await;
    let refused = house.try_put("2.ics", &meeting("same", "A")).await;
    let Err(CalendarError::UidConflict { name }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(name.as_str(), "1.ics");
    assert_eq!(house.audited().await, audited);
    assert_eq!(
        house.put("1.ics", &meeting("other", "A")).await,
        Outcome::Replaced
    );
    assert_eq!(
        house.put("2.ics", &meeting("same", "A")).await,
        Outcome::Created
    );
    house.delete("2.ics").await;
    assert_eq!(
        house.put("3.ics", &meeting("same", "A")).await,
        Outcome::Created
    );
}

#[tokio::test]
async fn what_is_no_calendar_object_is_refused_with_its_rule() {
    let house = House::new().await;
    let refused = house
        .try_put("1.ics", "BEGIN:VCALENDAR\r\nEND:VEVENT\r\n")
        .await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("line 2"), "{message}");
    let two = meeting("1", "A").replace("END:VCALENDAR\r\n", "")
        + meeting("2", "B").split_once("EN\r\n").unwrap().1;
    let refused = house.try_put("1.ics", &two).await;
    assert!(
        matches!(refused, Err(CalendarError::InvalidObject(_))),
        "{refused:?}"
    );
    let busy = meeting("1", "A").replace("VEVENT", "VFREEBUSY");
    let refused = house.try_put("1.ics", &busy).await;
    assert!(
        matches!(refused, Err(CalendarError::UnsupportedComponent { .. })),
        "{refused:?}"
    );
    let limit = house.calendars.limits().max_object_bytes;
    let large = meeting("1", &"x".repeat(limit));
    let refused = house.try_put("1.ics", &large).await;
    assert!(
        refused
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains(&limit.to_string()),
        "{refused:?}"
    );
    assert_eq!(kind(refused), Kind::TooLarge);
    assert!(
        house
            .calendars
            .list(&house.alice, &work())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_stranger_finds_nothing() {
    let house = House::new().await;
    house.put("1.ics", &meeting("1", "A")).await;
    let (bob, at) = (&house.bob, object("1.ics"));
    assert_eq!(kind(house.calendars.object(bob, &at).await), Kind::NotFound);
    assert_eq!(
        kind(house.calendars.list(bob, &work()).await),
        Kind::NotFound
    );
    let none = calendar("nothing");
    assert_eq!(kind(house.calendars.list(bob, &none).await), Kind::NotFound);
    let delete = house.calendars.delete_object(bob, &at, Precondition::None);
    assert_eq!(kind(delete.await), Kind::NotFound);
    let names = vec![at.name.clone()];
    let many = house.calendars.multiget(bob, &work(), names).await;
    assert_eq!(kind(many), Kind::NotFound);
    assert_eq!(
        house
            .calendars
            .list(&house.alice, &work())
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn multiget_answers_in_order_and_tells_what_is_missing() {
    let house = House::new().await;
    for number in 0..150 {
        let number = number.to_string();
        house
            .put(&format!("{number}.ics"), &meeting(&number, &number))
            .await;
    }
    let mut names: Vec<_> = (0..150).rev().map(|n| format!("{n}.ics")).collect();
    names.insert(70, "not-there.ics".to_owned());
    let asked = names.iter().map(|name| name.parse().unwrap()).collect();
    let answer = house.calendars.multiget(&house.alice, &work(), asked).await;
    let answer = answer.unwrap();
    let told: Vec<_> = answer.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(told, names);
    for (place, (name, found)) in answer.iter().enumerate() {
        let Some(object) = found else {
            assert_eq!(place, 70);
            continue;
        };
        let number = name.as_str().strip_suffix(".ics").unwrap();
        assert_eq!(object.body, meeting(number, number).into_bytes());
    }
    let list = house.calendars.list(&house.alice, &work()).await.unwrap();
    assert_eq!(list.len(), 150);
}

#[tokio::test]
async fn a_body_that_does_not_open_is_named() {
    let house = House::new().await;
    house.put("1.ics", &meeting("1", "A")).await;
    let other = House::new().await;
    let (store, wrong) = (house.test.store.clone(), other.test.keys.clone());
    let calendars = Calendars::new(store, wrong, CalendarLimits::default());
    let refused = calendars.object(&house.alice, &object("1.ics")).await;
    let Err(error @ CalendarError::Sealed { .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        error.to_string().contains("body of the calendar object"),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Internal);
}

#[tokio::test]
async fn odd_parameters_come_back_unchanged() {
    let house = House::new().await;
    let body = case("C10.ics");
    house.put("c10.ics", &body).await;
    let stored = house
        .calendars
        .object(&house.alice, &object("c10.ics"))
        .await;
    assert_eq!(stored.unwrap().body, body.into_bytes());
}

#[tokio::test]
async fn the_audit_names_no_title_no_uid_and_no_object() {
    let house = House::new().await;
    house
        .put(
            "name-of-it.ics",
            &event("uid-of-it", &["DTSTART:20270301T090000Z", "SUMMARY:Title"]),
        )
        .await;
    house.delete("name-of-it.ics").await;
    let sql = "SELECT action, subject, detail FROM audit_entry ORDER BY seq";
    let read = |at: freehold::store::Snapshot, ()| async move {
        at.fixed(sql, vec![], |row| {
            Ok(format!(
                "{} {} {}",
                row.text(0)?,
                row.text(1)?,
                row.text(2)?
            ))
        })
        .await
    };
    let entries: Vec<String> = house.test.store.read((), read).await.unwrap();
    assert!(
        entries
            .iter()
            .any(|entry| entry.starts_with("calendar.object.put calendar_object:"))
    );
    assert!(
        entries
            .iter()
            .any(|entry| entry.starts_with("calendar.object.delete calendar_object:"))
    );
    let all = entries.join("\n");
    assert!(!all.contains("-of-it") && !all.contains("Title"), "{all}");
}
