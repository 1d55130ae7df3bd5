//! Import: again and again without harm.

use freehold::calendar::{Import, ImportOutcome, ObjectName};

use super::{House, meeting, work};

async fn import(house: &House, objects: &[String]) -> Vec<ImportOutcome> {
    let objects = objects
        .iter()
        .map(|object| object.clone().into_bytes())
        .collect();
    let import = Import {
        at: work(),
        objects,
    };
    house.calendars.import(&house.alice, import).await.unwrap()
}

async fn names(house: &House) -> Vec<String> {
    let list = house.calendars.list(&house.alice, &work()).await.unwrap();
    list.iter().map(|entry| entry.name.to_string()).collect()
}

#[tokio::test]
async fn a_second_import_writes_nothing() {
    let house = House::new().await;
    let objects: Vec<_> = (0..50).map(|n| meeting(&n.to_string(), "A")).collect();
    let outcomes = import(&house, &objects).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == ImportOutcome::Created)
    );
    let (token, audited) = (house.token().await, house.audited().await);
    let outcomes = import(&house, &objects).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == ImportOutcome::Unchanged)
    );
    assert_eq!(
        (house.token().await, house.audited().await),
        (token, audited)
    );
    let all = house.changes(None, Some(49)).await.unwrap();
    assert!(all.truncated, "each object has a number of its own");
}

#[tokio::test]
async fn a_uid_that_is_there_keeps_its_name() {
    let house = House::new().await;
    house.put("mine.ics", &meeting("1", "A")).await;
    let outcomes = import(&house, &[meeting("1", "A"), meeting("2", "B")]).await;
    assert_eq!(outcomes, [ImportOutcome::Unchanged, ImportOutcome::Created]);
    let outcomes = import(&house, &[meeting("1", "C")]).await;
    assert_eq!(outcomes, [ImportOutcome::Replaced]);
    assert_eq!(names(&house).await, ["2.ics", "mine.ics"]);
}

#[tokio::test]
async fn what_cannot_be_stored_is_told_and_the_rest_is_taken() {
    let house = House::new().await;
    let bad = "BEGIN:VCALENDAR\r\nnonsense\r\nEND:VCALENDAR\r\n".to_owned();
    let busy = meeting("busy", "A").replace("VEVENT", "VFREEBUSY");
    let outcomes = import(&house, &[bad, meeting("1", "A"), busy]).await;
    let [
        ImportOutcome::Refused(bad),
        ImportOutcome::Created,
        ImportOutcome::Refused(busy),
    ] = &outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert!(bad.contains("line 2"), "{bad}");
    assert!(busy.contains("VFREEBUSY"), "{busy}");
}

#[tokio::test]
async fn names_come_from_uids_and_collide_with_nobody() {
    let house = House::new().await;
    house.put("1.ics", &meeting("other", "A")).await;
    let odd = "../a b/ü?".to_owned();
    let long = "x".repeat(5_000);
    let uids = ["1", "2@example.com", &odd, &long];
    let objects: Vec<_> = uids.iter().map(|uid| meeting(uid, "A")).collect();
    let outcomes = import(&house, &objects).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == ImportOutcome::Created)
    );
    let first = names(&house).await;
    assert_eq!(first.len(), 5);
    assert!(first.contains(&"2@example.com.ics".to_owned()));
    for name in &first {
        name.parse::<ObjectName>().unwrap();
    }
    let outcomes = import(&house, &objects).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == ImportOutcome::Unchanged)
    );
    assert_eq!(names(&house).await, first);
}
