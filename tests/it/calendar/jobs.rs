//! What time does: the listed occurrences go further, once.

use freehold::calendar::register;
use freehold::jobs::{self, Worker};

use super::{House, event};

const LAST: &str = "SELECT MAX(start_at) FROM calendar_occurrence";
const DAY: i64 = 86_400;

#[tokio::test]
async fn the_list_of_occurrences_goes_on_with_time_and_no_change_is_told() {
    let house = House::new().await;
    let series = ["DTSTART;VALUE=DATE:20270101", "RRULE:FREQ=DAILY"];
    house.put("series", &event("series", &series)).await;
    let token = house.token().await;
    let first = house.count(LAST).await;
    house.calendars.tend().await.unwrap();
    assert_eq!(house.count(LAST).await, first, "nothing to do yet");
    house.test.clock.advance(80 * DAY);
    house.calendars.tend().await.unwrap();
    let second = house.count(LAST).await;
    assert_eq!(second - first, 80 * DAY * 1_000_000);
    let rows = house
        .count("SELECT COUNT(*) FROM calendar_occurrence")
        .await;
    house.calendars.tend().await.unwrap();
    assert_eq!(
        house
            .count("SELECT COUNT(*) FROM calendar_occurrence")
            .await,
        rows
    );
    house.test.clock.advance(730 * DAY);
    house.calendars.tend().await.unwrap();
    let rows = house
        .count("SELECT COUNT(*) FROM calendar_occurrence")
        .await;
    assert!((902..=922).contains(&rows), "the past is not kept: {rows}");
    assert_eq!(house.token().await, token);
}

#[tokio::test]
async fn tending_repeats_itself_and_is_enqueued_once() {
    let house = House::new().await;
    let store = &house.test.store;
    let worker = register(Worker::new(store.clone()), house.calendars.clone());
    for _start in 0..3 {
        house.calendars.ensure_tending().await.unwrap();
    }
    for _day in 0..3 {
        assert_eq!(jobs::counts(store).await.unwrap().waiting, 1);
        assert!(worker.step().await.unwrap());
        assert!(!worker.step().await.unwrap());
        house.calendars.ensure_tending().await.unwrap();
        house.test.clock.advance(DAY);
    }
}
