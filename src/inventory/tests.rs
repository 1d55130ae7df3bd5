//! The inventory: its rules with values, its use cases on the backend under test.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::*;
use crate::audit::Audit;
use crate::base::{Id, Kind, ManualClock, Page, PageSize, Timestamp};
use crate::identity::{
    Actor, Credential, Identity, Principal, Role, Roles, Scopes, SessionLimits, principals,
};
use crate::store::testing;

const START: &str = "2026-11-25T10:00:00Z";

struct House {
    rooms: Inventory,
    store: Store,
    custodian: Actor,
    ada: Id<Principal>,
    ben: Id<Principal>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(at(START)));
        let store = testing::open(folder.path(), clock).await;
        let keys = testing::keys(&store, folder.path()).await;
        let identity = Identity::new(store.clone(), keys.clone(), SessionLimits::default());
        let make = async |handle: &str| {
            let (by, handle) = (Actor::operator(), handle.parse().unwrap());
            let made = principals::create(&identity, &by, handle, Roles::default());
            made.await.unwrap().id
        };
        let (ada, ben) = (make("ada").await, make("ben").await);
        Self {
            rooms: Inventory::new(store.clone(), keys),
            store,
            custodian: actor(Role::Custodian),
            ada,
            ben,
            _folder: folder,
        }
    }

    async fn place(&self, name: &str, parent: Option<Id<Place>>) -> Place {
        let name = name.parse().unwrap();
        let new = NewPlace { name, parent };
        self.rooms.create_place(&self.custodian, new).await.unwrap()
    }

    async fn item_of(&self, kind: TypeKind, place: Id<Place>, qty: u32) -> Item {
        let new = NewType {
            name: format!("Type {}", Id::<()>::new(at(START)))
                .parse()
                .unwrap(),
            kind,
            unit: "piece".parse().unwrap(),
        };
        let made = self.rooms.create_type(&self.custodian, new).await.unwrap();
        self.create(made.id, place, qty, &[]).await.unwrap()
    }

    async fn create(
        &self,
        type_id: Id<ItemType>,
        place: Id<Place>,
        qty: u32,
        tags: &[&str],
    ) -> Result<Item, InventoryError> {
        let new = NewItem {
            type_id,
            name: "ThinkPad".parse().unwrap(),
            identifiers: tags.iter().map(|tag| tagged(tag)).collect(),
            place,
            qty: units(qty),
        };
        self.rooms.create_item(&self.custodian, new).await
    }

    async fn out(&self, item: Id<Item>, to: Holder) -> Result<Movement, InventoryError> {
        self.rooms.check_out(&self.custodian, out(item, to)).await
    }

    async fn now(&self, item: Id<Item>) -> Item {
        self.rooms.item(&self.custodian, item).await.unwrap()
    }

    async fn history(&self, item: Id<Item>) -> Vec<Movement> {
        let mut all = Vec::new();
        let mut range = Range::default();
        loop {
            let page: Page<Movement> = self
                .rooms
                .movements(&self.custodian, item, range)
                .await
                .unwrap();
            all.extend(page.rows);
            if page.next.is_none() {
                return all;
            }
            range = Range {
                cursor: page.next,
                ..Range::default()
            };
        }
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn units(qty: u32) -> NonZeroU32 {
    NonZeroU32::new(qty).unwrap()
}

fn tagged(tag: &str) -> Identifier {
    Identifier::new("tag", tag).unwrap()
}

fn actor(role: Role) -> Actor {
    Actor {
        principal: Id::new(at(START)),
        handle: "ada".parse().unwrap(),
        roles: Roles::of(&[role]),
        scopes: Scopes::default(),
        credential: Credential::Session,
        authenticated_at: None,
    }
}

fn out(item: Id<Item>, to: Holder) -> CheckOut {
    CheckOut {
        item,
        qty: units(1),
        from: None,
        to,
        due: None,
        precondition: Precondition::None,
    }
}

fn back(item: Id<Item>, to: Id<Place>) -> CheckIn {
    CheckIn {
        item,
        qty: units(1),
        from: None,
        to,
        precondition: Precondition::None,
    }
}

/// What the movements say that the accounts hold.
fn derived(movements: &[Movement]) -> HashMap<Account, i64> {
    let mut balances = HashMap::new();
    for movement in movements {
        *balances.entry(movement.from).or_default() -= movement.qty;
        *balances.entry(movement.to).or_default() += movement.qty;
    }
    balances.retain(|account, qty| *account != Account::Outside && *qty != 0);
    balances
}

#[test]
fn a_loan_ends_at_its_due_instant_exclusive() {
    let due = at("2026-11-25T12:00:00Z");
    let held = Holding {
        account: Account::Party(Id::new(at(START))),
        qty: 1,
        due: Some(due),
    };
    assert!(!held.is_overdue(at("2026-11-25T11:59:59.999999Z")));
    assert!(held.is_overdue(due));
    assert!(rules::loan(at("2026-11-25T11:59:59Z"), Some(due)).is_ok());
    assert!(rules::loan(due, Some(due)).is_err(), "an empty loan");
    assert!(rules::loan(due, None).is_ok());
}

#[test]
fn accounts_come_back_from_their_columns() {
    let (place, item) = (Id::new(at(START)), Id::new(at(START)));
    for account in [
        Account::Outside,
        Account::Place(place),
        Account::Loan(place),
        Account::Party(Id::new(at(START))),
        Account::Item(item),
    ] {
        assert_eq!(
            Account::parse(account.kind(), account.uuid()),
            Some(account)
        );
    }
}

#[test]
fn names_and_identifiers_are_one_line() {
    assert_eq!(" Desk ".parse::<Name>().unwrap().as_str(), "Desk");
    for bad in ["", "  ", "a\nb", &"x".repeat(201)] {
        assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        assert!(Identifier::new("tag", bad).is_err(), "{bad:?}");
    }
    assert!(Identifier::new("Tag", "1").is_err());
    assert!(Identifier::new("ext:snipeit", "1").is_ok());
}

#[tokio::test]
async fn an_item_goes_out_and_comes_back() {
    let house = House::open().await;
    let store_room = house.place("Store", None).await;
    let item = house.item_of(TypeKind::Serialised, store_room.id, 1).await;
    assert_eq!(house.now(item.id).await, item);
    let due = at("2026-12-01T00:00:00Z");
    let (rooms, ada) = (&house.rooms, house.ada);
    let lend = CheckOut {
        due: Some(due),
        precondition: Precondition::Matches(vec![item.etag()]),
        ..out(item.id, Holder::Party(ada))
    };
    rooms.check_out(&house.custodian, lend).await.unwrap();
    let borrowed = house.now(item.id).await;
    assert_eq!(borrowed.version, 2);
    let with_ada = Holding {
        account: Account::Party(ada),
        qty: 1,
        due: Some(due),
    };
    assert_eq!(borrowed.holdings, [with_ada]);
    let home = back(item.id, store_room.id);
    rooms
        .check_in(&house.custodian, home.clone())
        .await
        .unwrap();
    assert_eq!(house.now(item.id).await.holdings, item.holdings);
    let again = rooms.check_in(&house.custodian, home).await.unwrap_err();
    assert_eq!(again.kind(), Kind::Conflict, "{again}");
    let kinds: Vec<_> = house
        .history(item.id)
        .await
        .iter()
        .map(|m| (m.from.kind(), m.to.kind()))
        .collect();
    assert_eq!(
        kinds,
        [("outside", "place"), ("place", "party"), ("party", "place")]
    );
}

#[tokio::test]
async fn nothing_is_handed_to_somebody_who_is_not_here() {
    let house = House::open().await;
    let desk = house.place("Desk", None).await;
    let item = house.item_of(TypeKind::Serialised, desk.id, 1).await;
    let refused = house.out(item.id, Holder::Party(Id::new(at(START)))).await;
    assert!(matches!(refused, Err(InventoryError::NoPerson(_))));
}

#[tokio::test]
async fn an_item_that_is_out_cannot_go_out_again() {
    let house = House::open().await;
    let desk = house.place("Desk", None).await;
    for holder in [Holder::Party(house.ada), Holder::Place(desk.id)] {
        let item = house.item_of(TypeKind::Serialised, desk.id, 1).await;
        house.out(item.id, holder).await.unwrap();
        let before = house.now(item.id).await;
        let refused = house.out(item.id, Holder::Party(house.ben)).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), Kind::Conflict, "{refused}");
        assert_eq!(house.now(item.id).await, before);
        assert_eq!(house.history(item.id).await.len(), 2);
    }
}

#[tokio::test]
async fn a_stale_version_is_refused_and_changes_nothing() {
    let house = House::open().await;
    let (rooms, who) = (&house.rooms, &house.custodian);
    let place = house.place("Store", None).await;
    let item = house.item_of(TypeKind::Serialised, place.id, 1).await;
    let stale = Precondition::Matches(vec![item.etag()]);
    let change = ChangeItem {
        id: item.id,
        name: "MacBook".parse().unwrap(),
        identifiers: vec![tagged("A-1")],
        precondition: stale.clone(),
    };
    let changed = rooms.update_item(who, change.clone()).await.unwrap();
    assert_eq!(house.now(item.id).await, changed);
    let bent = ChangeItem {
        name: "Other".parse().unwrap(),
        identifiers: vec![],
        ..change
    };
    let refused = rooms.update_item(who, bent).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::PreconditionFailed);
    let lend = CheckOut {
        precondition: stale,
        ..out(item.id, Holder::Party(house.ada))
    };
    let refused = rooms.check_out(who, lend).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::PreconditionFailed);
    assert_eq!(house.now(item.id).await, changed);
    assert_eq!(house.history(item.id).await.len(), 1);
    // Two people, type, place, item and one update are in the audit; the refusals left nothing.
    let audit = Audit::new(house.store.clone(), house.rooms.keys.clone());
    let whole = audit.verify(None, |_| ()).await.unwrap();
    assert_eq!(whole, crate::audit::Verdict::Whole { entries: 6 });
}

#[tokio::test]
async fn a_tag_names_one_item() {
    let house = House::open().await;
    let place = house.place("Store", None).await;
    let type_id = house
        .item_of(TypeKind::Serialised, place.id, 1)
        .await
        .type_id;
    let first = house.create(type_id, place.id, 1, &["T-1"]).await.unwrap();
    let refused = house.create(type_id, place.id, 1, &["T-2", "T-1"]).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), Kind::Conflict, "{refused}");
    assert!(refused.to_string().contains("tag \"T-1\""), "{refused}");
    let (rooms, who) = (&house.rooms, &house.custodian);
    let found = rooms.item_by_identifier(who, tagged("T-1")).await.unwrap();
    assert_eq!(found, first);
    let none = rooms.item_by_identifier(who, tagged("T-2")).await;
    assert_eq!(none.unwrap_err().kind(), Kind::NotFound);
    let all = rooms.items(who, Range::default()).await.unwrap();
    assert_eq!(all.rows.len(), 2, "the refused item is not there");
}

#[tokio::test]
async fn type_names_are_unique_and_types_change() {
    let house = House::open().await;
    let (rooms, who) = (&house.rooms, &house.custodian);
    let new = NewType {
        name: "Cable".parse().unwrap(),
        kind: TypeKind::Stock,
        unit: "m".parse().unwrap(),
    };
    let made = rooms.create_type(who, new.clone()).await.unwrap();
    let refused = rooms.create_type(who, new).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Conflict, "{refused}");
    let change = ChangeType {
        id: made.id,
        name: "Rope".parse().unwrap(),
        unit: "m".parse().unwrap(),
        precondition: Precondition::Matches(vec![made.etag()]),
    };
    let changed = rooms.update_type(who, change.clone()).await.unwrap();
    assert_eq!(rooms.item_type(who, made.id).await.unwrap(), changed);
    let stale = rooms.update_type(who, change).await.unwrap_err();
    assert_eq!(stale.kind(), Kind::PreconditionFailed);
    let all = rooms.item_types(who, Range::default()).await.unwrap();
    assert_eq!(all.rows, [changed]);
}

#[tokio::test]
async fn a_place_cannot_be_moved_into_itself() {
    let house = House::open().await;
    let (rooms, who) = (&house.rooms, &house.custodian);
    let site = house.place("Site", None).await;
    let floor = house.place("Floor", Some(site.id)).await;
    let room = house.place("Room", Some(floor.id)).await;
    let into = |place: &Place, parent: &Place| ChangePlace {
        id: place.id,
        name: place.name.clone(),
        parent: Some(parent.id),
        precondition: Precondition::None,
    };
    for parent in [&site, &floor, &room] {
        let refused = rooms.update_place(who, into(&site, parent)).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::Invalid);
    }
    assert_eq!(rooms.place(who, site.id).await.unwrap(), site);
    let moved = rooms.update_place(who, into(&room, &site)).await.unwrap();
    assert_eq!((moved.parent, moved.version), (Some(site.id), 2));
    assert_eq!(rooms.place(who, room.id).await.unwrap(), moved);
}

#[tokio::test]
async fn an_item_cannot_be_put_into_itself() {
    let house = House::open().await;
    let place = house.place("Store", None).await;
    let case = house.item_of(TypeKind::Serialised, place.id, 1).await;
    let camera = house.item_of(TypeKind::Serialised, place.id, 1).await;
    house.out(camera.id, Holder::Item(case.id)).await.unwrap();
    for container in [case.id, camera.id] {
        let refused = house.out(case.id, Holder::Item(container)).await;
        assert_eq!(refused.unwrap_err().kind(), Kind::Invalid);
    }
}

#[tokio::test]
async fn members_read_and_auditors_do_not() {
    let house = House::open().await;
    let place = house.place("Store", None).await;
    let item = house.item_of(TypeKind::Serialised, place.id, 1).await;
    let (member, auditor) = (actor(Role::Member), actor(Role::Auditor));
    assert_eq!(house.rooms.item(&member, item.id).await.unwrap(), item);
    let refused = house.rooms.item(&auditor, item.id).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Forbidden);
    let lend = out(item.id, Holder::Party(house.ada));
    let refused = house.rooms.check_out(&member, lend.clone()).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Forbidden);
    let administrator = actor(Role::Administrator);
    house.rooms.check_out(&administrator, lend).await.unwrap();
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let house = House::open().await;
    let (rooms, who) = (&house.rooms, &house.custodian);
    let mut made = Vec::new();
    for n in 0..5 {
        made.push(house.place(&format!("Place {n}"), None).await.id);
    }
    made.sort_unstable();
    let mut seen = Vec::new();
    let mut range = Range {
        cursor: None,
        size: PageSize::new(2).unwrap(),
    };
    let sizes = [2, 2, 1];
    for (page, rows) in sizes.iter().enumerate() {
        let found = rooms.places(who, range.clone()).await.unwrap();
        assert_eq!(found.rows.len(), *rows);
        assert_eq!(found.next.is_none(), page == 2);
        seen.extend(found.rows.iter().map(|place| place.id));
        range.cursor = found.next;
    }
    assert_eq!(seen, made);
    range.cursor = Some(crate::base::Cursor::behind(b"short"));
    let refused = rooms.places(who, range).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Malformed);
}

#[tokio::test]
async fn holdings_are_what_the_movements_say_after_a_random_series() {
    let house = House::open().await;
    let (rooms, who) = (&house.rooms, &house.custodian);
    let places = [
        house.place("A", None).await.id,
        house.place("B", None).await.id,
    ];
    let item = house.item_of(TypeKind::Stock, places[0], 20).await.id;
    let holders = [
        Holder::Party(house.ada),
        Holder::Party(house.ben),
        Holder::Place(places[1]),
    ];
    let (mut done, mut refused) = (0, 0);
    for _ in 0..300 {
        let [way, holder, place, qty] = crate::base::random::bytes::<4>();
        let (holder, place) = (
            holders[usize::from(holder) % 3],
            places[usize::from(place) % 2],
        );
        let qty = units(u32::from(qty) % 9 + 1);
        let result = if way % 2 == 0 {
            let from = Some(place);
            let some = CheckOut {
                qty,
                from,
                ..out(item, holder)
            };
            rooms.check_out(who, some).await
        } else {
            let from = Some(holder);
            let some = CheckIn {
                qty,
                from,
                ..back(item, place)
            };
            rooms.check_in(who, some).await
        };
        match result {
            Ok(_) => done += 1,
            Err(error) => {
                assert_eq!(error.kind(), Kind::Conflict, "{error}");
                refused += 1;
            }
        }
    }
    assert!(done > 20 && refused > 20, "{done} done, {refused} refused");
    let movements = house.history(item).await;
    assert_eq!(movements.len(), done + 1);
    let now = house.now(item).await;
    let held: HashMap<_, _> = now.holdings.iter().map(|h| (h.account, h.qty)).collect();
    assert_eq!(held, derived(&movements));
    assert!(now.holdings.iter().all(|held| held.qty > 0));
    assert_eq!(held.values().sum::<i64>(), 20);
    assert_eq!(now.version, i64::try_from(done).unwrap() + 1);
}
