//! Month and day: what is shown, to whom, and where.

use freehold::calendar::PropertyName;
use http::StatusCode;

use super::house::House;

/// The part of a month that is about one day.
fn day<'a>(page: &'a str, date: &str) -> &'a str {
    let at = page.find(&format!("/day?date={date}\"")).unwrap();
    page[at..].split("</td>").next().unwrap()
}

#[tokio::test]
async fn a_month_shows_its_events_on_their_days() {
    let house = House::new().await;
    let (mut browser, ann) = house.member("ann").await;
    let name = vec![
        (PropertyName::display_name(), "Work"),
        (PropertyName::color(), "#12AB34FF"),
    ];
    let work = house.calendar(&ann, "work", name).await;
    let lines = [
        "DTSTART:20261112T093000Z",
        "DURATION:PT1H",
        "SUMMARY:Review",
    ];
    house.event(&ann, &work, "a", &lines).await;
    let page = browser.get("/").await.body;
    assert!(page.contains("<h1>November 2026</h1>"));
    let held = day(&page, "2026-11-12");
    assert!(held.contains("timed c0") && held.contains("<time>09:30</time>"));
    assert!(held.contains("<span>Review</span>"));
    assert_eq!(page.matches("<span>Review</span>").count(), 1);
    assert!(page.contains(".c0{--c:#12ab34}") && page.contains("<li class=\"c0\">Work</li>"));
    assert!(day(&page, "2026-11-25").contains("aria-current=\"date\""));
    assert_eq!(page.matches("aria-current=\"date\"").count(), 1);
    assert!(page.contains("Times in UTC"));
    assert!(page.contains("/?month=2026-10") && page.contains("/?month=2026-12"));
    let next = browser.get("/?month=2026-12").await.body;
    assert!(next.contains("<h1>December 2026</h1>") && !next.contains("Review"));
}

#[tokio::test]
async fn what_lasts_several_days_is_one_bar_over_them() {
    let house = House::new().await;
    let (mut browser, ann) = house.member("ann").await;
    let work = house.calendar(&ann, "work", vec![]).await;
    let fair = [
        "DTSTART;VALUE=DATE:20261113",
        "DTEND;VALUE=DATE:20261118",
        "SUMMARY:Fair",
    ];
    house.event(&ann, &work, "fair", &fair).await;
    let night = [
        "DTSTART:20261114T220000Z",
        "DTEND:20261115T020000Z",
        "SUMMARY:Night",
    ];
    house.event(&ann, &work, "night", &night).await;
    let page = browser.get("/").await.body;
    for (date, class) in [
        ("2026-11-13", "bar c0 begins\""),
        ("2026-11-14", "bar c0 unnamed\""),
        // A new week begins on the 16th, a Monday, and names the bar again.
        ("2026-11-16", "bar c0\""),
        ("2026-11-17", "bar c0 ends unnamed\""),
    ] {
        assert!(day(&page, date).contains(class), "{date} {class}");
    }
    assert!(!day(&page, "2026-11-12").contains("Fair"));
    assert!(!day(&page, "2026-11-18").contains("Fair"));
    assert!(day(&page, "2026-11-14").contains("<time>22:00</time>"));
    assert!(day(&page, "2026-11-15").contains("Night"));
    let shown = browser.get("/day?date=2026-11-15").await.body;
    assert!(shown.contains("14 Nov 22:00–02:00"), "{shown}");
    assert!(shown.contains("13 Nov – 17 Nov"));
}

#[tokio::test]
async fn days_follow_the_zone_of_the_calendar_across_a_change_of_the_clock() {
    let house = House::new().await;
    let (mut browser, ann) = house.member("ann").await;
    let zone = vec![(PropertyName::time_zone(), "Europe/Berlin")];
    let work = house.calendar(&ann, "work", zone).await;
    for (uid, start, title) in [
        ("a", "20270327T230000Z", "Midnight"),
        ("b", "20270328T010000Z", "Three"),
        ("c", "20270328T215959Z", "Last"),
        ("d", "20270328T220000Z", "Monday"),
    ] {
        let start = format!("DTSTART:{start}");
        let summary = format!("SUMMARY:{title}");
        house
            .event(&ann, &work, uid, &[&start, "DURATION:PT0S", &summary])
            .await;
    }
    let page = browser.get("/?month=2027-03").await.body;
    assert!(page.contains("Times in Europe/Berlin"));
    let sunday = day(&page, "2027-03-28");
    for (time, title) in [("00:00", "Midnight"), ("03:00", "Three"), ("23:59", "Last")] {
        let line = format!("<time>{time}</time><span>{title}</span>");
        let line = line.replace("</time><", "</time> <");
        assert!(sunday.contains(&line), "{line} in {sunday}");
    }
    assert!(day(&page, "2027-03-29").contains("Monday"));
    assert!(!day(&page, "2027-03-27").contains("Midnight"));
}

#[tokio::test]
async fn a_full_day_says_how_many_more_and_lists_them_all() {
    let house = House::new().await;
    let (mut browser, ann) = house.member("ann").await;
    let work = house.calendar(&ann, "work", vec![]).await;
    for number in 0..7 {
        let start = format!("DTSTART:20261112T1{number}0000Z");
        let summary = format!("SUMMARY:Event {number}");
        let uid = format!("e{number}");
        house
            .event(&ann, &work, &uid, &[&start, "DURATION:PT30M", &summary])
            .await;
    }
    let page = browser.get("/").await.body;
    let full = day(&page, "2026-11-12");
    assert_eq!(full.matches("<span>Event").count(), 3);
    let link = "href=\"/day?date=2026-11-12\"";
    assert!(page.contains(link) && page.contains("+4 more"));
    let list = browser.get("/day?date=2026-11-12").await.body;
    assert_eq!(list.matches("<strong>Event").count(), 7);
    assert!(list.contains("10:00–10:30") && list.contains("16:00–16:30"));
}

#[tokio::test]
async fn what_people_write_stays_text() {
    let house = House::new().await;
    let (mut browser, ann) = house.member("ann").await;
    let hostile = "</style><script>alert(1)</script>";
    let properties = vec![
        (PropertyName::display_name(), hostile),
        (
            PropertyName::color(),
            "red}</style><script>alert(2)</script>",
        ),
    ];
    let work = house.calendar(&ann, "work", properties).await;
    let lines = [
        "DTSTART:20261112T093000Z",
        "DURATION:PT1H",
        "SUMMARY:<script>alert(3)</script>\"'&",
        "LOCATION:<img src=x onerror=alert(4)>",
    ];
    house.event(&ann, &work, "a", &lines).await;
    for path in ["/", "/day?date=2026-11-12", "/connect"] {
        let page = browser.get(path).await.body;
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{path}"
        );
        assert!(page.contains("&#60;script&#62;alert(1)"), "{path}: {page}");
    }
    let page = browser.get("/").await.body;
    assert!(page.contains("&#60;script&#62;alert(3)&#60;/script&#62;&#34;&#39;&#38;"));
}

#[tokio::test]
async fn a_stranger_sees_nothing_of_it() {
    let house = House::new().await;
    let (_, ann) = house.member("ann").await;
    let work = house.calendar(&ann, "secret-plans", vec![]).await;
    let lines = [
        "DTSTART:20261112T093000Z",
        "DURATION:PT1H",
        "SUMMARY:Takeover",
    ];
    house.event(&ann, &work, "a", &lines).await;
    let (mut ben, _) = house.member("ben").await;
    for path in ["/", "/day?date=2026-11-12", "/connect"] {
        let page = ben.get(path).await.body;
        assert!(!page.contains("Takeover") && !page.contains("secret-plans"));
    }
    let page = ben.get("/").await.body;
    assert!(page.contains("You have no calendar yet"));
}

#[tokio::test]
async fn a_month_or_day_that_is_none_is_refused_in_words() {
    let house = House::new().await;
    let (mut browser, _) = house.member("ann").await;
    for path in [
        "/?month=2026-13",
        "/?month=2026",
        "/?month=0001-01",
        "/?month=%3Cb%3E",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.body.contains("2026-11"), "{}", answer.body);
    }
    for path in ["/day?date=2026-02-30", "/day?date=x"] {
        assert_eq!(browser.get(path).await.status, StatusCode::BAD_REQUEST);
    }
    for path in ["/?month=1900-01", "/?month=2200-12"] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn connect_says_what_to_type() {
    let house = House::new().await;
    let (mut browser, ann) = house.member("ann").await;
    house.calendar(&ann, "über 1", vec![]).await;
    let page = browser.get("/connect").await.body;
    assert!(page.contains("<code>http://127.0.0.1:8080/</code>"));
    assert!(page.contains("http://127.0.0.1:8080/dav/calendars/ann/%C3%BCber%201/"));
}
