//! The decisions of the calendar room, tested with values.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use jiff::tz::TimeZone;

use super::model::{CalendarRow, Numbered};
use super::rules::{self, Behind, SyncFrom};
use super::time_index::{LONGEST, Span, TimeIndex, Times, horizon, times};
use super::*;
use crate::base::{ETag, Id, Kind, Timestamp};
use crate::ical::{CalendarObject, Window, zone};
use crate::identity::{Actor, Credential, Privilege, Roles, Scope, Scopes};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn row(change_seq: i64, floor_seq: i64) -> CalendarRow {
    CalendarRow {
        id: Id::from_uuid(uuid::Uuid::from_u128(1)),
        owner: Id::from_uuid(uuid::Uuid::from_u128(2)),
        slug: "work".parse().unwrap(),
        components: Components::ALL,
        change_seq,
        floor_seq,
    }
}

fn actor(principal: u128, scopes: &[Scope], roles: Roles) -> Actor {
    Actor {
        principal: Id::from_uuid(uuid::Uuid::from_u128(principal)),
        handle: "someone".parse().unwrap(),
        roles,
        scopes: Scopes::of(scopes),
        credential: Credential::Token,
        authenticated_at: None,
    }
}

#[test]
fn the_owner_may_with_the_right_credential_and_an_administrator_may_not() {
    let calendar = row(0, 0);
    let may = |who: &Actor| rules::grant(who, &calendar, Privilege::WriteContent).map(drop);
    let none = Roles::default();
    may(&actor(2, &[Scope::Caldav], none)).unwrap();
    may(&actor(2, &[Scope::Web], none)).unwrap();
    let api = may(&actor(2, &[Scope::Api], none));
    assert_eq!(api.unwrap_err().kind(), Kind::Forbidden);
    let all = Roles::of(&crate::identity::Role::ALL);
    let other = may(&actor(3, &Scope::ALL, all));
    assert_eq!(other.unwrap_err().kind(), Kind::NotFound);
}

fn entry(seq: i64) -> Numbered<ObjectEntry> {
    let what = ObjectEntry {
        name: seq.to_string().parse().unwrap(),
        etag: ETag::new("e"),
        component: "VEVENT".to_owned(),
        size_bytes: 1,
        modified: Timestamp::UNIX_EPOCH,
    };
    Numbered { seq, what }
}

fn gone(seq: i64) -> Numbered<ObjectName> {
    let what = seq.to_string().parse().unwrap();
    Numbered { seq, what }
}

fn behind(changed: &[i64], removed: &[i64]) -> Behind {
    Behind {
        changed: changed.iter().copied().map(entry).collect(),
        removed: removed.iter().copied().map(gone).collect(),
    }
}

#[test]
fn an_answer_is_cut_in_the_order_of_changes_across_both_lists() {
    let calendar = row(9, 0);
    let from = SyncFrom {
        changed: 1,
        removed: 1,
    };
    let cut = rules::answer(&calendar, from, behind(&[2, 5, 7], &[3, 6, 9]), 3);
    assert_eq!((cut.changed.len(), cut.removed.len()), (2, 1));
    assert!(cut.truncated);
    assert_eq!(cut.token, SyncToken::new(calendar.id, 5));
    let all = rules::answer(&calendar, from, behind(&[2, 5], &[3, 6]), 4);
    assert!(!all.truncated);
    assert_eq!(all.token, SyncToken::new(calendar.id, 9));
}

#[test]
fn a_first_sync_in_pieces_remembers_which_removals_do_not_concern_it() {
    let calendar = row(9, 4);
    let from = rules::sync_from(&calendar, None).unwrap();
    assert_eq!((from.changed, from.removed), (0, 9));
    let cut = rules::answer(&calendar, from, behind(&[1, 2], &[]), 1);
    assert_eq!((cut.token.seq, cut.token.removed_since), (1, 9));
    let on = rules::sync_from(&calendar, Some(cut.token)).unwrap();
    assert_eq!((on.changed, on.removed), (1, 9));
    // An ordinary token that old is refused, and so is one from the future.
    let plain = |seq| rules::sync_from(&calendar, Some(SyncToken::new(calendar.id, seq)));
    plain(3).unwrap_err();
    plain(10).unwrap_err();
    plain(4).unwrap();
    let elsewhere = SyncToken::new(Id::from_uuid(uuid::Uuid::nil()), 5);
    rules::sync_from(&calendar, Some(elsewhere)).unwrap_err();
}

#[test]
fn names_of_imported_objects_can_stand_in_any_url() {
    assert_eq!(rules::name_of_uid("a-b_c.d@e"), "a-b_c.d@e.ics");
    for odd in ["", "a b", "a/b", ".hidden", "ü", &"x".repeat(121)] {
        let name = rules::name_of_uid(odd);
        assert_eq!(name, rules::digest_of_uid(odd));
        assert_eq!(name.len(), 44);
    }
}

#[test]
fn properties_are_few_small_and_the_zone_is_one() {
    let name = |number: u32| PropertyName::new("ns", &format!("p{number}"));
    let set = |name, text: &str| PropertyChange::Set(name, PropertyValue::Text(text.to_owned()));
    let change = |changes: &[PropertyChange]| {
        rules::change(&mut Properties::default(), changes, 100).map(|made| made.len())
    };
    assert_eq!(change(&[set(name(1), "a"), set(name(1), "a")]).unwrap(), 1);
    assert_eq!(change(&[PropertyChange::Remove(name(1))]).unwrap(), 0);
    let large = change(&[set(name(1), &"x".repeat(101))]);
    assert_eq!(large.unwrap_err().kind(), Kind::TooLarge);
    let many: Vec<_> = (0..201).map(|number| set(name(number), "a")).collect();
    assert_eq!(change(&many).unwrap_err().kind(), Kind::Invalid);
    change(&[set(PropertyName::time_zone(), "Europe/Berlin")]).unwrap();
    let unknown = change(&[set(PropertyName::time_zone(), "Europe/Nowhere")]);
    assert_eq!(unknown.unwrap_err().kind(), Kind::Invalid);
}

#[test]
fn a_calendar_timezone_is_known_by_name_or_by_its_rules() {
    let known = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Paris\r\nEND:VTIMEZONE\r\n\
                 END:VCALENDAR\r\n";
    let zone = zone::of_calendar(known).unwrap();
    assert_eq!(zone.iana_name(), Some("Europe/Paris"));
    let own = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\n\
               DTSTART:19700101T000000\r\nTZOFFSETFROM:+0330\r\nTZOFFSETTO:+0330\r\n\
               END:STANDARD\r\nEND:VTIMEZONE\r\nEND:VCALENDAR\r\n";
    let zone = zone::of_calendar(own).unwrap();
    assert_eq!(zone.to_offset(at("2027-01-01T00:00:00Z")).seconds(), 12_600);
    let without_rules = known.replace("Europe/Paris", "Nowhere");
    assert_eq!(zone::of_calendar(&without_rules), None);
    assert_eq!(
        zone::of_calendar("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
        None
    );
    assert_eq!(zone::of_calendar(""), None);
}

fn times_of(lines: &str) -> Times {
    let text = format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let object = CalendarObject::parse(text.as_bytes()).unwrap();
    let now = at("2026-11-25T00:00:00Z");
    let window = horizon(now, SignedDuration::from_hours(400 * 24));
    times(&object, &TimeZone::UTC, window)
}

#[test]
fn a_single_span_is_found_by_its_bounds() {
    let times = times_of("DTSTART:20270301T090000Z\r\nDURATION:PT1H");
    assert_eq!(times.index, TimeIndex::Span);
    assert_eq!(times.last_end, Some(times.first_start + 3_600_000_000));
    assert!(!times.are_local && times.listed.is_empty());
    let day = times_of("DTSTART;VALUE=DATE:20270301");
    assert!(day.are_local);
    let zoned = times_of("DTSTART;TZID=Europe/Berlin:20270301T090000\r\nDTEND:20270301T100000Z");
    assert!(!zoned.are_local);
    let unknown = times_of("DTSTART;TZID=Nowhere:20270301T090000");
    assert!(unknown.are_local);
    let long = times_of("DTSTART:20270301T090000Z\r\nDTEND:20280301T090000Z");
    assert_eq!((long.index, long.listed.len()), (TimeIndex::Rolling, 0));
    assert!(long.listed_in.start > long.listed_in.end);
}

#[test]
fn a_series_with_an_end_is_listed_whole_and_one_without_up_to_the_horizon() {
    let few = times_of("DTSTART:19990301T090000Z\r\nRRULE:FREQ=YEARLY;COUNT=5");
    assert_eq!((few.index, few.listed.len()), (TimeIndex::Listed, 5));
    let endless = times_of("DTSTART:19990301T090000Z\r\nRRULE:FREQ=DAILY");
    assert_eq!(
        (endless.index, endless.listed.len()),
        (TimeIndex::Rolling, 500)
    );
    assert_eq!(endless.last_end, None);
    let within =
        |span: &Span| span.end >= endless.listed_in.start && span.start <= endless.listed_in.end;
    assert!(endless.listed.iter().all(within));
    let dense = times_of("DTSTART:19990301T090000Z\r\nRRULE:FREQ=SECONDLY");
    assert_eq!((dense.index, dense.listed.len()), (TimeIndex::Rolling, 0));
    let long = times_of("DTSTART:20270301T090000Z\r\nDURATION:P30D\r\nRRULE:FREQ=YEARLY;COUNT=3");
    assert_eq!((long.index, long.listed.len()), (TimeIndex::Rolling, 0));
}

#[test]
fn an_open_window_is_open_in_the_store_and_a_closed_one_is_wide_enough_for_any_zone() {
    let open = Span::around(Window::default());
    assert_eq!((open.start, open.end), (i64::MIN, i64::MAX));
    assert_eq!(open.start.saturating_sub(LONGEST), i64::MIN);
    let (from, to) = (at("2027-03-01T00:00:00Z"), at("2027-04-01T00:00:00Z"));
    let closed = Span::around(Window::new(from, to));
    assert!(from.as_microsecond() - closed.start > 26 * 3_600_000_000);
    assert!(closed.end - to.as_microsecond() > 26 * 3_600_000_000);
}

#[test]
fn components_are_named_in_any_case_and_never_none() {
    let some = Components::from_names(["vtodo", "VEVENT"]).unwrap();
    assert_eq!(some.to_text(), "VEVENT VTODO");
    assert_eq!(Components::from_names([]), Err(ComponentsError::Empty));
    let Err(ComponentsError::Unknown(name)) = Components::from_names(["VFREEBUSY"]) else {
        panic!("free/busy is no component of a calendar");
    };
    assert_eq!(name, "VFREEBUSY");
}
