//! RFC 4791 §9.6: which parts of an object, in which shape.

use super::super::{House, event, simple};

const WEEKLY: &str = "DTSTART;TZID=Europe/Berlin:20270104T090000\r\nDURATION:PT1H\r\n\
                      RRULE:FREQ=WEEKLY;COUNT=10\r\nSUMMARY:w\r\nDESCRIPTION:d\r\n";

impl House {
    async fn data(&self, inner: &str) -> String {
        let asked = format!("<C:calendar-data>{inner}</C:calendar-data>");
        let found = self.query(&asked, "").await;
        found
            .at(&Self::at("a.ics"))
            .prop("calendar-data")
            .to_owned()
    }
}

#[tokio::test]
async fn calendar_data_are_the_stored_bytes() {
    let house = House::new().await;
    let odd = event(
        "a",
        "DTSTART:20270101T090000Z\nSUMMARY:<&>\"' ]]>\t\u{1f4c5}\r\nX:1\r\r\n",
    );
    house.put("a.ics", odd.clone()).await;
    assert_eq!(house.data("").await, odd);
}

#[tokio::test]
async fn control_characters_are_left_out_of_xml_and_kept_by_get() {
    let house = House::new().await;
    let odd = event("a", "DTSTART:20270101T090000Z\r\nSUMMARY:a\u{8}b\r\n");
    assert_eq!(house.put("a.ics", odd.clone()).await.status, 201);
    assert!(house.data("").await.contains("SUMMARY:ab\r\n"));
    assert_eq!(house.get("a.ics").await.text(), odd);
}

#[tokio::test]
async fn expand_writes_each_occurrence_in_utc() {
    let house = House::new().await;
    house.put("a.ics", event("a", WEEKLY)).await;
    let expanded = house
        .data("<C:expand start='20270110T000000Z' end='20270120T000000Z'/>")
        .await;
    assert_eq!(expanded.matches("BEGIN:VEVENT").count(), 2, "{expanded}");
    assert!(expanded.contains("DTSTART:20270111T080000Z\r\n"));
    assert!(expanded.contains("DTSTART:20270118T080000Z\r\n"));
    assert!(!expanded.contains("RRULE") && expanded.contains("RECURRENCE-ID"));
}

#[tokio::test]
async fn limit_recurrence_set_leaves_out_far_overrides() {
    let house = House::new().await;
    let series = event("a", WEEKLY);
    let over = |day: &str| {
        format!(
            "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\n\
             RECURRENCE-ID;TZID=Europe/Berlin:{day}T090000\r\n\
             DTSTART;TZID=Europe/Berlin:{day}T100000\r\nEND:VEVENT\r\nEND:VCALENDAR"
        )
    };
    let series = series.replace("END:VCALENDAR", &over("20270111"));
    let series = series.replace("END:VCALENDAR", &over("20270301"));
    assert_eq!(house.put("a.ics", series).await.status, 201);
    let limited = house
        .data("<C:limit-recurrence-set start='20270110T000000Z' end='20270120T000000Z'/>")
        .await;
    assert!(limited.contains("20270111T100000") && limited.contains("RRULE"));
    assert!(!limited.contains("20270301T100000"), "{limited}");
}

#[tokio::test]
async fn parts_are_picked() {
    let house = House::new().await;
    house.put("a.ics", event("a", WEEKLY)).await;
    let picked = house
        .data(
            "<C:comp name='VCALENDAR'><C:prop name='VERSION'/><C:comp name='VEVENT'>\
             <C:prop name='UID'/><C:prop name='SUMMARY' novalue='yes'/></C:comp></C:comp>",
        )
        .await;
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nSUMMARY:\r\n\
                    END:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(picked, expected);
}

#[tokio::test]
async fn a_range_with_too_many_occurrences_is_refused_for_that_object_only() {
    let house = House::new().await;
    let dense = "DTSTART:20270101T000000Z\r\nDURATION:PT1M\r\nRRULE:FREQ=MINUTELY\r\n";
    house.put("a.ics", event("a", dense)).await;
    house.put("b.ics", simple("b")).await;
    let asked = "<D:getetag/><C:calendar-data><C:expand start='20270101T000000Z' \
                 end='20280101T000000Z'/></C:calendar-data>";
    let found = house.query(asked, "").await;
    let dense = found.at(&House::at("a.ics"));
    assert_eq!(dense.status_of("calendar-data"), 507);
    assert_eq!(dense.status_of("getetag"), 200);
    assert_eq!(dense.errors, ["number-of-matches-within-limits"]);
    let other = found.at(&House::at("b.ics"));
    assert!(
        other
            .prop("calendar-data")
            .contains("DTSTART:20270101T090000Z")
    );
}
