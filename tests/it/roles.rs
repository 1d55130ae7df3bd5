//! Roles that administrators give, over everything and over parts of the inventory (ID12), on the
//! wire.

use freehold::identity::{Actor, Handle, Role, Roles, Scope, principals, sessions, tokens};

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::support::app::{Answer, TestApp};

/// An application with places (site with store with shelf, and elsewhere), two types, and people.
struct House {
    app: TestApp,
    admin: String,
    sam: String,
    site: String,
    store: String,
    shelf: String,
    elsewhere: String,
    laptop: String,
    cable: String,
}

impl House {
    async fn new() -> Self {
        Self::with(&[Role::Member]).await
    }

    /// One in which sam has these roles over everything.
    async fn with(roles: &[Role]) -> Self {
        let app = TestApp::with(|_| ()).await;
        let admin = app.person_with("ada", &[Role::Administrator]).await.api;
        let sam = app.person_with("sam", roles).await.api;
        app.person("alice").await;
        let mut house = Self {
            app,
            admin,
            sam,
            site: String::new(),
            store: String::new(),
            shelf: String::new(),
            elsewhere: String::new(),
            laptop: String::new(),
            cable: String::new(),
        };
        house.site = house.place("Site", None).await;
        house.store = house.place("Store", Some(&house.site)).await;
        house.shelf = house.place("Shelf", Some(&house.store)).await;
        house.elsewhere = house.place("Elsewhere", None).await;
        house.laptop = house.item_type("Laptop").await;
        house.cable = house.item_type("Cable").await;
        house
    }

    async fn place(&self, name: &str, parent: Option<&str>) -> String {
        let body = json!({ "name": name, "parent_id": parent });
        let made = self.post(&self.admin, "/places", &body).await;
        id_of(&made)
    }

    async fn item_type(&self, name: &str) -> String {
        let body = json!({ "name": name, "kind": "serialised", "unit": "piece" });
        id_of(&self.post(&self.admin, "/item-types", &body).await)
    }

    async fn item(&self, by: &str, item_type: &str, place: &str) -> Answer {
        let body = json!({ "type_id": item_type, "name": "One", "place_id": place,
                           "identifiers": [] });
        self.post(by, "/items", &body).await
    }

    async fn ask(&self, method: &str, by: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = self
            .app
            .request(method, &format!("/api/v1{path}"))
            .bearer(by)
            .header("if-match", "*");
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => request,
        };
        request.send().await
    }

    async fn post(&self, by: &str, path: &str, body: &Value) -> Answer {
        self.ask("POST", by, path, Some(body)).await
    }

    async fn put(&self, by: &str, path: &str, body: &Value) -> u16 {
        self.ask("PUT", by, path, Some(body)).await.status
    }

    async fn get(&self, by: &str, path: &str) -> Answer {
        self.ask("GET", by, path, None).await
    }

    /// Gives sam a role.
    async fn give(&self, role: &str, over: Value) -> Answer {
        let body = json!({ "handle": "sam", "role": role, "over": over });
        self.post(&self.admin, "/role-grants", &body).await
    }

    async fn over_place(&self, role: &str, place: &str) -> String {
        id_of(
            &self
                .give(role, json!({ "kind": "place", "id": place }))
                .await,
        )
    }

    async fn out(&self, by: &str, item: &str, to: Value) -> u16 {
        let path = format!("/items/{item}/check-out");
        self.post(by, &path, &json!({ "to": to })).await.status
    }

    async fn back(&self, by: &str, item: &str, to: &str) -> u16 {
        let path = format!("/items/{item}/check-in");
        let body = json!({ "to_place_id": to });
        self.post(by, &path, &body).await.status
    }
}

fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    body["id"].as_str().unwrap().to_owned()
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let rows = body["items"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_custodian_of_a_place_changes_what_is_in_it_and_nothing_else() {
    let house = House::new().await;
    let sam = &house.sam;
    let refused = house.item(sam, &house.laptop, &house.shelf).await;
    assert_eq!(refused.status, 403, "a member only reads");
    house.over_place("custodian", &house.store).await;

    let item = id_of(&house.item(sam, &house.laptop, &house.shelf).await);
    for outside in [&house.site, &house.elsewhere] {
        let refused = house.item(sam, &house.laptop, outside).await;
        assert_eq!(refused.status, 403);
    }
    let renamed = json!({ "name": "Two", "identifiers": [] });
    assert_eq!(
        house.put(sam, &format!("/items/{item}"), &renamed).await,
        200
    );
    let other = id_of(
        &house
            .item(&house.admin, &house.laptop, &house.elsewhere)
            .await,
    );
    assert_eq!(
        house.put(sam, &format!("/items/{other}"), &renamed).await,
        403
    );
    let theirs = json!({ "kind": "party", "handle": "alice" });
    assert_eq!(house.out(sam, &other, theirs).await, 403);

    // Places below are theirs, the place itself keeps its own place, and the root is not theirs.
    let below = json!({ "name": "Box", "parent_id": house.shelf });
    id_of(&house.post(sam, "/places", &below).await);
    let at_root = json!({ "name": "Box", "parent_id": null });
    assert_eq!(house.post(sam, "/places", &at_root).await.status, 403);
    let store = format!("/places/{}", house.store);
    let named = json!({ "name": "Depot", "parent_id": house.site });
    assert_eq!(house.put(sam, &store, &named).await, 200);
    let moved = json!({ "name": "Depot", "parent_id": house.elsewhere });
    assert_eq!(house.put(sam, &store, &moved).await, 403);
    let shelf = format!("/places/{}", house.shelf);
    assert_eq!(house.put(sam, &shelf, &moved).await, 403);
    let new_type = json!({ "name": "Phone", "kind": "serialised", "unit": "piece" });
    assert_eq!(house.post(sam, "/item-types", &new_type).await.status, 403);
}

#[tokio::test]
async fn a_move_needs_the_right_at_both_ends() {
    let house = House::new().await;
    let sam = &house.sam;
    house.over_place("custodian", &house.store).await;
    let item = id_of(&house.item(sam, &house.laptop, &house.shelf).await);
    let alice = || json!({ "kind": "party", "handle": "alice" });
    let place = |id: &str| json!({ "kind": "place", "id": id });

    assert_eq!(house.out(sam, &item, place(&house.elsewhere)).await, 403);
    assert_eq!(house.out(sam, &item, alice()).await, 200);
    // What is with a person stays with the place that it came from.
    assert_eq!(house.back(sam, &item, &house.elsewhere).await, 403);
    assert_eq!(house.back(sam, &item, &house.shelf).await, 200);

    let far = id_of(
        &house
            .item(&house.admin, &house.laptop, &house.elsewhere)
            .await,
    );
    let into = json!({ "kind": "item", "id": far });
    assert_eq!(house.out(sam, &item, into.clone()).await, 403);
    assert_eq!(house.out(&house.admin, &far, alice()).await, 200);
    assert_eq!(house.back(sam, &far, &house.shelf).await, 403);

    house.over_place("custodian", &house.elsewhere).await;
    assert_eq!(house.back(sam, &far, &house.shelf).await, 200);
    assert_eq!(house.out(sam, &item, place(&house.elsewhere)).await, 200);
    assert_eq!(house.back(sam, &item, &house.elsewhere).await, 200);
    assert_eq!(house.out(sam, &item, into).await, 200);
}

#[tokio::test]
async fn a_custodian_of_a_type_changes_its_items_wherever_they_are() {
    let house = House::new().await;
    let sam = &house.sam;
    let over = json!({ "kind": "item_type", "id": house.laptop });
    id_of(&house.give("custodian", over).await);
    let item = id_of(&house.item(sam, &house.laptop, &house.elsewhere).await);
    let cable = house.item(sam, &house.cable, &house.elsewhere).await;
    assert_eq!(cable.status, 403);
    let to = json!({ "kind": "place", "id": house.shelf });
    assert_eq!(house.out(sam, &item, to).await, 200);
    assert_eq!(house.back(sam, &item, &house.site).await, 200);
    let change = json!({ "name": "Notebook", "unit": "piece" });
    let of = |id: &str| format!("/item-types/{id}");
    assert_eq!(house.put(sam, &of(&house.laptop), &change).await, 200);
    assert_eq!(house.put(sam, &of(&house.cable), &change).await, 403);
    let place = format!("/places/{}", house.shelf);
    let named = json!({ "name": "Mine", "parent_id": house.store });
    assert_eq!(house.put(sam, &place, &named).await, 403);
}

#[tokio::test]
async fn who_does_not_read_everything_sees_their_part_and_nothing_of_the_rest() {
    let house = House::with(&[Role::Auditor]).await;
    let sam = &house.sam;
    let inside = id_of(&house.item(&house.admin, &house.laptop, &house.shelf).await);
    let outside = id_of(
        &house
            .item(&house.admin, &house.laptop, &house.elsewhere)
            .await,
    );
    let path = |id: &str| format!("/items/{id}");
    assert_eq!(house.get(sam, &path(&inside)).await.status, 403);
    house.over_place("auditor", &house.store).await;

    assert_eq!(house.get(sam, &path(&inside)).await.status, 200);
    let history = house.get(sam, &format!("/items/{inside}/movements")).await;
    assert_eq!(ids(&history).len(), 1);
    assert_eq!(ids(&house.get(sam, "/items").await), [inside.as_str()]);
    let places = ids(&house.get(sam, "/places").await);
    // Made within one millisecond, they stand in any order.
    let both = BTreeSet::from([house.store.clone(), house.shelf.clone()]);
    assert_eq!(places.into_iter().collect::<BTreeSet<_>>(), both);
    assert_eq!(ids(&house.get(sam, "/item-types").await), [""; 0]);

    let missing = path("01890a5d-ac96-774b-bcce-b302099a8057");
    for unseen in [path(&outside), missing, format!("/places/{}", house.site)] {
        let answer = house.get(sam, &unseen).await;
        assert_eq!(answer.status, 404, "{unseen}");
        assert!(
            answer
                .text()
                .contains("there is nothing here under this name")
        );
    }
    let write = json!({ "name": "X", "identifiers": [] });
    assert_eq!(house.put(sam, &path(&inside), &write).await, 404);
}

#[tokio::test]
async fn a_role_is_held_from_the_next_request_on_and_not_after_its_end() {
    let house = House::new().await;
    let sam = &house.sam;
    let given = house.over_place("custodian", &house.elsewhere).await;
    let again = house.over_place("custodian", &house.elsewhere).await;
    assert_eq!(given, again, "given once");
    let made = house.item(sam, &house.laptop, &house.elsewhere).await;
    assert_eq!(made.status, 201);
    let path = format!("/role-grants/{given}");
    let ended = house.ask("DELETE", &house.admin, &path, None).await;
    assert_eq!(ended.status, 204);
    let made = house.item(sam, &house.laptop, &house.elsewhere).await;
    assert_eq!(made.status, 403);
    let gone = house.ask("DELETE", &house.admin, &path, None).await;
    assert_eq!(gone.status, 404);

    let everything = json!({ "kind": "everything" });
    let given = id_of(&house.give("custodian", everything).await);
    let made = house.item(sam, &house.laptop, &house.elsewhere).await;
    assert_eq!(made.status, 201, "over everything");
    let path = format!("/role-grants/{given}");
    house.ask("DELETE", &house.admin, &path, None).await;
    let made = house.item(sam, &house.laptop, &house.elsewhere).await;
    assert_eq!(made.status, 403);

    // Who and what, for the audit.
    let sql = "SELECT action, actor, subject, detail FROM audit_entry \
               WHERE action LIKE 'identity.role.%' ORDER BY seq";
    let entries = house.app.rooms.store.read((), |at, ()| async move {
        let row = |row: &freehold::store::Row<'_>| {
            Ok([row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?])
        };
        at.fixed(sql, vec![], row).await
    });
    let entries: Vec<[String; 4]> = entries.await.unwrap();
    let place = format!("place:{}", house.elsewhere);
    let expected = [
        ("give", place.as_str()),
        ("end", &place),
        ("give", "everything"),
        ("end", "everything"),
    ];
    assert_eq!(entries.len(), expected.len());
    for ([action, actor, subject, detail], (verb, over)) in entries.iter().zip(expected) {
        assert_eq!(*action, format!("identity.role.{verb}"));
        assert!(actor.starts_with("principal:") && subject.starts_with("principal:"));
        let detail: Value = serde_json::from_str(detail).unwrap();
        assert_eq!(
            (&detail["role"], &detail["over"]),
            (&json!("custodian"), &json!(over))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_are_given_and_ended_at_once_are_all_held_and_all_ended() {
    let house = std::sync::Arc::new(House::new().await);
    let everything = || json!({ "kind": "everything" });
    for _ in 0..8 {
        let auditor = id_of(&house.give("auditor", everything()).await);
        let (one, two) = (house.clone(), house.clone());
        let ending = tokio::spawn(async move {
            let path = format!("/role-grants/{auditor}");
            one.ask("DELETE", &one.admin, &path, None).await.status
        });
        let giving = tokio::spawn(async move {
            id_of(&two.give("custodian", json!({ "kind": "everything" })).await)
        });
        assert_eq!(ending.await.unwrap(), 204);
        let given = giving.await.unwrap();
        let identity = &house.app.rooms.identity;
        let sam = principals::by_handle(identity, &"sam".parse().unwrap()).await;
        let roles = sam.unwrap().unwrap().all_roles();
        assert_eq!(roles, Roles::of(&[Role::Member, Role::Custodian]));
        let path = format!("/role-grants/{given}");
        house.ask("DELETE", &house.admin, &path, None).await;
    }
}

#[tokio::test]
async fn a_grant_lets_nobody_in_whom_the_provider_gives_no_role() {
    let house = House::new().await;
    let identity = &house.app.rooms.identity;
    let [provider, ann] = ["https://idp.example", "ann"];
    let member = Roles::of(&[Role::Member]);
    let found = principals::find_or_create(identity, provider, ann, member);
    let handle: Handle = found.await.unwrap().handle;
    let token = house.app.token(handle.as_str(), Scope::Api).await;
    for over in [
        json!({ "kind": "everything" }),
        json!({ "kind": "place", "id": house.site }),
    ] {
        let body = json!({ "handle": handle, "role": "custodian", "over": over });
        id_of(&house.post(&house.admin, "/role-grants", &body).await);
    }
    let made = house.item(&token, &house.laptop, &house.site).await;
    assert_eq!(made.status, 201);
    let none = principals::find_or_create(identity, provider, ann, Roles::default());
    none.await.unwrap();
    let refused = house.item(&token, &house.laptop, &house.site).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn roles_are_given_by_administrators_who_have_just_signed_in() {
    let house = House::new().await;
    let body = json!({ "handle": "sam", "role": "custodian", "over": { "kind": "everything" } });
    let by_sam = house.post(&house.sam, "/role-grants", &body).await;
    assert_eq!(by_sam.status, 403);
    let inventory = house.app.token("ada", Scope::Inventory).await;
    let by_other_scope = house.post(&inventory, "/role-grants", &body).await;
    assert_eq!(by_other_scope.status, 403);
    assert_eq!(house.get(&inventory, "/principals").await.status, 403);

    // A session whose sign-in is not known to be recent, and a token that was made in it.
    let identity = &house.app.rooms.identity;
    let ada = principals::by_handle(identity, &"ada".parse().unwrap()).await;
    let ada = ada.unwrap().unwrap().id;
    let origin = sessions::Origin {
        issuer: "https://idp.example".to_owned(),
        sid: None,
        authenticated_at: None,
        person: None,
        provider: "work".to_owned(),
    };
    let old = sessions::start(identity, ada, Some(origin)).await.unwrap();
    let in_it: Actor = sessions::resume(identity, old.secret.expose())
        .await
        .unwrap();
    let new = tokens::NewToken {
        principal: ada,
        label: "script".to_owned(),
        scope: Scope::Api,
        expires_at: None,
    };
    let (_, token) = tokens::create(identity, &in_it, new).await.unwrap();
    let stale = house.post(token.expose(), "/role-grants", &body).await;
    assert_eq!(stale.status, 401);
    let challenge = stale.header("www-authenticate");
    assert!(
        challenge.contains("error=\"insufficient_user_authentication\""),
        "{challenge}"
    );
    assert!(challenge.contains("max_age=\"600\""), "{challenge}");
    assert_eq!(house.get(token.expose(), "/principals").await.status, 200);

    for (role, over, status) in [
        (
            "administrator",
            json!({ "kind": "place", "id": house.site }),
            422,
        ),
        (
            "custodian",
            json!({ "kind": "place", "id": house.laptop }),
            422,
        ),
        (
            "custodian",
            json!({ "kind": "everything", "id": house.site }),
            422,
        ),
        ("king", json!({ "kind": "everything" }), 422),
    ] {
        assert_eq!(house.give(role, over).await.status, status);
    }
    let listed = house.get(&house.admin, "/principals?limit=2").await;
    let listed: Value = serde_json::from_slice(&listed.body).unwrap();
    assert_eq!(listed["items"][1]["handle"], "sam");
    assert_eq!(listed["items"][1]["roles"], json!(["member"]));
    assert!(listed["next"].is_string());
}
