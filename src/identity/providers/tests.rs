//! The parts that need no provider: the sealed flow, roles in a claim, names that were used.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::flow::{Flow, flow_id, secret};
use super::logout::{RECENT_MAX, Recent};
use super::roles::given;
use crate::base::Timestamp;
use crate::config;
use crate::crypto::{Owner, Purpose, RootId, Vault};
use crate::identity::{Role, Roles};

fn vault() -> Vault {
    let vault = Vault::default();
    vault.add_root(RootId::fresh(), &[1; 32]);
    let key = vault.make_key(Owner::Organisation, Purpose::Content, 0);
    vault.add(&key.unwrap()).unwrap();
    vault
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn flow(return_to: &str) -> Flow {
    Flow {
        challenged: false,
        provider: "work".to_owned(),
        redirect_uri: "https://calendar.example.org/auth/callback".to_owned(),
        nonce: secret(),
        verifier: secret(),
        return_to: return_to.to_owned(),
        step_up: None,
        begun_at: at(0).as_microsecond(),
    }
}

#[test]
fn a_flow_opens_for_its_own_state_within_ten_minutes() {
    let vault = vault();
    let id = flow_id("a state");
    let sealed = flow("/items").seal(&vault, &id).unwrap();
    let opened = |id: &str, second| Flow::open(&vault, id, &sealed, at(second));
    assert_eq!(opened(&id, 0).unwrap().return_to, "/items");
    assert!(opened(&id, 599).is_some());
    assert!(opened(&id, 600).is_none());
    assert!(opened(&id, -1).is_none());
    assert!(opened(&flow_id("another state"), 0).is_none());
    assert!(Flow::open(&vault, &id, "nonsense", at(0)).is_none());
}

#[test]
fn the_largest_flow_fits_into_a_cookie() {
    let longest = format!("/{}", "a".repeat(2047));
    let sealed = flow(&longest).seal(&vault(), &flow_id("state")).unwrap();
    assert!(sealed.len() < 4000, "{}", sealed.len());
}

#[test]
fn roles_are_a_text_or_a_list_and_unknown_words_give_none() {
    let of = |claim: Value| {
        let claims = json!({ "roles": claim });
        given(
            &config::Provider::default(),
            "s",
            claims.as_object().unwrap(),
        )
        .roles
    };
    let both = Roles::of(&[Role::Member, Role::Custodian]);
    assert_eq!(of(json!("custodian")), Roles::of(&[Role::Custodian]));
    assert_eq!(of(json!("custodian member")), Roles::default(), "one word");
    assert_eq!(of(json!(["member", "custodian", "owner", 7])), both);
    assert_eq!(of(json!(["no administrator"])), Roles::default());
    assert_eq!(of(json!({ "member": true })), Roles::default());
    assert_eq!(of(json!(null)), Roles::default());
}

#[test]
fn groups_give_roles_unless_the_provider_left_them_out() {
    let mut settings = config::Provider::default();
    let of = |settings: &config::Provider, claims: Value| {
        let given = given(settings, "s", claims.as_object().unwrap());
        (given.roles, given.groups_left_out)
    };
    let nothing = (Roles::default(), false);
    let everything = json!({ "groups": ["g1", "member"], "_claim_names": { "groups": "src1" } });
    assert_eq!(of(&settings, everything), nothing, "nothing is mapped");
    settings.role_groups.member = vec!["g1".to_owned(), "g 2".to_owned()];
    settings.role_groups.auditor = vec!["g3".to_owned()];
    let member = Roles::of(&[Role::Member]);
    let both = Roles::of(&[Role::Member, Role::Auditor]);
    assert_eq!(
        of(&settings, json!({ "groups": ["g1", "g3"] })),
        (both, false)
    );
    assert_eq!(of(&settings, json!({ "groups": "g 2" })), (member, false));
    assert_eq!(
        of(&settings, json!({ "groups": "g1 g3" })),
        nothing,
        "one name"
    );
    assert_eq!(
        of(&settings, json!({ "groups": ["G1", "auditor"] })),
        nothing
    );
    let left_out = (Roles::default(), true);
    for sign in [
        json!({ "_claim_names": { "groups": "src1" }, "groups": ["g1"] }),
        json!({ "hasgroups": true }),
        json!({ "hasgroups": "true", "groups": ["g1"] }),
    ] {
        assert_eq!(of(&settings, sign), left_out);
    }
    let by_role = json!({ "hasgroups": true, "roles": ["member"] });
    assert_eq!(of(&settings, by_role), (member, true));
    settings.groups_claim = "sub".to_owned();
    assert_eq!(of(&settings, json!({ "groups": ["g1"] })), nothing);
    settings.role_groups.auditor = vec!["s".to_owned()];
    let auditor = Roles::of(&[Role::Auditor]);
    assert_eq!(of(&settings, json!({})), (auditor, false));
    settings.groups_claim = "hd".to_owned();
    assert_eq!(
        of(&settings, json!({ "hd": "g1", "hasgroups": false })),
        (member, false)
    );
}

#[test]
fn recent_names_are_known_for_five_minutes_and_the_oldest_gives_way() {
    let recent = Recent::default();
    recent.add("one", "first", at(0));
    recent.add("two", "second", at(1));
    assert!(recent.has("one", "first", at(299)) && !recent.has("two", "first", at(299)));
    for number in 2..RECENT_MAX {
        recent.add("one", &number.to_string(), at(2));
    }
    assert!(recent.has("one", "first", at(2)), "there is room for it");
    recent.add("one", "one more", at(3));
    assert!(!recent.has("one", "first", at(3)) && recent.has("two", "second", at(3)));
    assert!(!recent.has("two", "second", at(301)));
    assert!(recent.has("one", "one more", at(302)));
}
