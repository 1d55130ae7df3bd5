//! The items: what there is, who has it, what is overdue.

use std::num::NonZeroU32;

use freehold::base::{Id, Precondition};
use freehold::identity::{Actor, Principal, Role};
use freehold::inventory::{
    CheckOut, Holder, Identifier, Item, ItemType, NewItem, NewPlace, NewType, Place, TypeKind,
};
use http::StatusCode;

use super::house::House;

struct Stock {
    house: House,
    keeper: Actor,
    kind: Id<ItemType>,
    shelf: Id<Place>,
}

impl Stock {
    async fn new() -> Self {
        let house = House::new().await;
        let keeper = house.person("keeper", &[Role::Custodian]).await;
        let keeper = house.actor(&keeper).await;
        let kind = NewType {
            name: "Laptop".parse().unwrap(),
            kind: TypeKind::Stock,
            unit: "piece".parse().unwrap(),
        };
        let kind = house.inventory.create_type(&keeper, kind).await.unwrap().id;
        let shelf = NewPlace {
            name: "Shelf <A>".parse().unwrap(),
            parent: None,
        };
        let shelf = house
            .inventory
            .create_place(&keeper, shelf)
            .await
            .unwrap()
            .id;
        Self {
            house,
            keeper,
            kind,
            shelf,
        }
    }

    async fn item(&self, name: &str, tag: &str, qty: u32) -> Id<Item> {
        let new = NewItem {
            type_id: self.kind,
            name: name.parse().unwrap(),
            identifiers: vec![Identifier::new("tag", tag).unwrap()],
            place: self.shelf,
            qty: NonZeroU32::new(qty).unwrap(),
        };
        let made = self.house.inventory.create_item(&self.keeper, new).await;
        made.unwrap().id
    }

    async fn hand_out(&self, item: Id<Item>, to: Id<Principal>, mins: i64) {
        let now = self.house.test.store.clock().now();
        let out = CheckOut {
            item,
            qty: NonZeroU32::MIN,
            from: None,
            to: Holder::Party(to),
            due: Some(now + jiff::SignedDuration::from_mins(mins)),
            precondition: Precondition::None,
        };
        let done = self.house.inventory.check_out(&self.keeper, out).await;
        done.unwrap();
    }
}

#[tokio::test]
async fn items_say_who_has_them_and_what_is_overdue() {
    let stock = Stock::new().await;
    let (mut browser, ann) = stock.house.member("ann").await;
    let ben = stock.house.person("ben", &[Role::Member]).await;
    let one = stock.item("Laptop <1>", "L-1", 1).await;
    let many = stock.item("Cable", "C-1", 12).await;
    stock.hand_out(one, ann.principal, 120).await;
    stock.hand_out(many, ben.id, 20).await;
    let page = browser.get("/items").await.body;
    assert_eq!(page.matches("<tr role=\"row\">").count(), 3);
    assert!(page.contains("Laptop &#60;1&#62;") && page.contains("tag L-1"));
    assert!(page.contains("</span> you</li>") && page.contains("</span> ben</li>"));
    assert!(page.contains("11 × Shelf &#60;A&#62;"), "{page}");
    assert!(page.contains("25 Nov 2026, 12:00") && !page.contains("overdue"));
    stock.house.test.clock.advance(1200);
    let later = browser.get("/items").await.body;
    assert_eq!(later.matches(">overdue<").count(), 1);
}

#[tokio::test]
async fn more_items_than_a_page_holds_are_on_the_next() {
    let stock = Stock::new().await;
    let (mut browser, _) = stock.house.member("ann").await;
    for number in 0..53 {
        let name = format!("Item {number:02}");
        stock.item(&name, &format!("T-{number}"), 1).await;
    }
    let first = browser.get("/items").await.body;
    assert_eq!(first.matches(">Item ").count(), 50);
    let at = first.find("/items?after=").unwrap();
    let next = first[at..].split('"').next().unwrap().to_owned();
    let last = browser.get(&next).await.body;
    assert_eq!(last.matches(">Item ").count(), 3);
    assert!(!last.contains("/items?after="));
    for number in 0..53 {
        let name = format!(">Item {number:02}");
        assert!(first.contains(&name) != last.contains(&name), "{name}");
    }
    let foreign = browser.get("/items?after=!!").await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn whoever_may_not_see_the_inventory_is_told_so() {
    let house = House::new().await;
    let auditor = house.person("odd", &[Role::Auditor]).await;
    let link = house.link(&auditor).await;
    let mut browser = house.browser();
    browser.post(&link).await;
    let refused = browser.get("/items").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("ou may not do this in the inventory"));
}
