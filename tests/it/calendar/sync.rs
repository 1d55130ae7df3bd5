//! Synchronisation: RFC 6578 §3.2 to §3.6.

use std::collections::BTreeSet;

use freehold::calendar::{CalendarError, Changes, ObjectName};

use super::{House, case, meeting};

fn names<'a>(all: impl IntoIterator<Item = &'a ObjectName>) -> Vec<&'a str> {
    all.into_iter().map(ObjectName::as_str).collect()
}

fn changed(changes: &Changes) -> Vec<&str> {
    names(changes.changed.iter().map(|entry| &entry.name))
}

#[tokio::test]
async fn deleted_and_created_again_is_one_entry_with_the_new_tag() {
    let house = House::new().await;
    let again = case("C18.ics");
    house
        .put("keep.ics", &again.replace("UID:c18-again", "UID:c18-keep"))
        .await;
    house.put("c18.ics", &again).await;
    let before = house.changes(None, None).await.unwrap();
    house.delete("c18.ics").await;
    let first = house.changes(None, None).await.unwrap();
    assert_eq!(
        (changed(&first), first.removed.len()),
        (vec!["keep.ics"], 0)
    );
    let gone = house.changes(Some(before.token), None).await.unwrap();
    assert_eq!(
        (changed(&gone), names(&gone.removed)),
        (vec![], vec!["c18.ics"])
    );
    let put = house
        .try_put(
            "c18.ics",
            &again.replace("SUMMARY:Again", "SUMMARY:Once more"),
        )
        .await;
    let back = house.changes(Some(before.token), None).await.unwrap();
    assert_eq!((changed(&back), back.removed.len()), (vec!["c18.ics"], 0));
    assert_eq!(back.changed[0].etag, put.unwrap().etag);
    let nothing = house.changes(Some(back.token), None).await.unwrap();
    assert!(nothing.changed.is_empty() && nothing.removed.is_empty());
    assert_eq!(nothing.token, back.token);
    house.put("between.ics", &meeting("between", "B")).await;
    house.delete("between.ics").await;
    let after = house.changes(Some(back.token), None).await.unwrap();
    assert!(after.changed.is_empty());
}

#[tokio::test]
async fn a_limit_loses_nothing_not_even_in_the_first_sync() {
    let house = House::new().await;
    for number in 0..10 {
        let number = number.to_string();
        house.put(&number, &meeting(&number, "A")).await;
    }
    house.delete("0").await;
    // Each piece is one member; while it comes, members change.
    let mut known = BTreeSet::new();
    let mut token = None;
    let mut pieces = 0;
    loop {
        let piece = house.changes(token, Some(2)).await.unwrap();
        assert!(piece.changed.len() + piece.removed.len() <= 2);
        known.extend(piece.changed.iter().map(|entry| entry.name.to_string()));
        for gone in &piece.removed {
            known.remove(gone.as_str());
        }
        token = Some(piece.token.to_string().parse().unwrap());
        pieces += 1;
        match pieces {
            1 => house.delete("1").await,
            2 => house.delete("9").await,
            3 => drop(house.put("new", &meeting("new", "A")).await),
            _ => {}
        }
        if !piece.truncated {
            break;
        }
    }
    let expected: BTreeSet<String> = ["2", "3", "4", "5", "6", "7", "8", "new"]
        .map(str::to_owned)
        .into();
    assert_eq!(known, expected);
    assert!(pieces > 4);
}

#[tokio::test]
async fn the_first_sync_in_pieces_survives_that_old_removals_are_forgotten() {
    let house = House::new().await;
    for number in 0..4 {
        let number = number.to_string();
        house.put(&number, &meeting(&number, "A")).await;
    }
    house.put("gone", &meeting("gone", "A")).await;
    house.delete("gone").await;
    house.test.clock.advance(200 * 86_400);
    house.calendars.tend().await.unwrap();
    let first = house.changes(None, Some(2)).await.unwrap();
    assert!(first.truncated);
    let second = house.changes(Some(first.token), None).await.unwrap();
    assert_eq!(
        (changed(&second), second.removed.len()),
        (vec!["2", "3"], 0)
    );
}

#[tokio::test]
async fn a_token_from_elsewhere_or_too_old_is_refused() {
    let house = House::new().await;
    house.put("1", &meeting("1", "A")).await;
    let old = house.token().await;
    let other = house.make("other").await;
    let mut bad = vec![other.sync_token];
    let future = old.to_string().replace(":1", ":99");
    bad.push(future.parse().unwrap());
    house.delete("1").await;
    house.test.clock.advance(200 * 86_400);
    house.changes(Some(old), None).await.unwrap();
    house.calendars.tend().await.unwrap();
    bad.push(old);
    for token in bad {
        let refused = house.changes(Some(token), None).await;
        assert!(
            matches!(refused, Err(CalendarError::BadSyncToken(_))),
            "{token} {refused:?}"
        );
    }
    let token = house.token().await;
    house.changes(Some(token), None).await.unwrap();
    assert_eq!(
        house.count("SELECT COUNT(*) FROM calendar_tombstone").await,
        0
    );
}

#[test]
fn a_token_is_a_uri_and_nothing_else_is_one() {
    use freehold::calendar::SyncToken;
    let good = "urn:freehold:sync:01890a5d-ac96-774b-bcce-b302099a8057:12";
    assert_eq!(good.parse::<SyncToken>().unwrap().to_string(), good);
    let piece = format!("{good}:40");
    assert_eq!(piece.parse::<SyncToken>().unwrap().to_string(), piece);
    for bad in [
        "",
        "12",
        "urn:freehold:sync:x:1",
        "http://x/1",
        &format!("{good}:3"),
        &format!("{piece}:1"),
        &good.replace("12", "-1"),
        &good.replace("12", "99999999999999999999"),
    ] {
        bad.parse::<SyncToken>().unwrap_err();
    }
}
