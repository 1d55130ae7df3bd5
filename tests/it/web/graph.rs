//! Groups that Microsoft leaves out of a token, claims challenges of Microsoft Graph (Continuous
//! Access Evaluation), and roles that come or go without a sign-in.

use freehold::config;
use freehold::identity::{Role, Roles};
use http::StatusCode;
use serde_json::{Value, json};

use super::desk::{Desk, entra, signed_in};
use super::entra::{OID, OURS, looks_like_entra};
use super::house::{Answer, HERE};
use super::logout::is_in;
use super::standing::{EVERY_SECS, inside};
use crate::support::hostile::{Graph, Hostile};

/// Entra with people in more than 200 groups, and Graph beside it; 25 groups give a role.
async fn desk() -> Desk {
    let desk = Desk::with(&["work"], |settings| {
        entra(&[OURS])(settings);
        settings.session_check_secs = 60;
        let provider = &mut settings.providers[0];
        let host = provider.issuer.strip_suffix("/{tenantid}/v2.0").unwrap();
        provider.graph = Some(host.to_owned());
        provider.role_groups.member = (0..24).map(|n| format!("group-{n}")).collect();
        provider.role_groups.custodian = vec!["stores".to_owned()];
    })
    .await;
    leaves_out(&desk, &json!(null));
    desk
}

/// Microsoft leaves the groups out and gives these app roles.
fn leaves_out(desk: &Desk, roles: &Value) {
    let provider = &desk.providers["work"];
    looks_like_entra(provider, OURS, OURS);
    provider.change(|script| {
        script.claims["hasgroups"] = json!(true);
        script.claims["roles"] = roles.clone();
        script.answer = json!({ "refresh_token": "again" });
    });
}

fn graph(desk: &Desk, change: impl FnOnce(&mut Graph)) {
    desk.providers["work"].change(|script| change(&mut script.graph));
}

fn is_in_groups(desk: &Desk, groups: &[&str]) {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    graph(desk, |graph| graph.groups = groups);
}

async fn roles(desk: &Desk) -> Option<Roles> {
    let issuer = format!("{}/{OURS}/v2.0", desk.providers["work"].url);
    desk.account(&issuer, OID).await.map(|found| found.roles)
}

/// Goes to the provider and back until it is over; gives the last answer and how often that was.
async fn around(desk: &Desk) -> (Answer, usize) {
    let mut browser = desk.house.browser();
    let mut back = desk.away_and_back(&mut browser, "work").await;
    for times in 1.. {
        let answer = browser.get(&back).await;
        if !answer.location().starts_with("http") {
            return (answer, times);
        }
        let to = Hostile::follow(answer.location()).await;
        to.strip_prefix(HERE).unwrap().clone_into(&mut back);
    }
    unreachable!()
}

#[tokio::test]
async fn groups_that_the_token_leaves_out_are_asked_of_graph_and_only_those_that_give_a_role() {
    let desk = desk().await;
    is_in_groups(&desk, &["group-3", "stores", "another"]);
    signed_in(&desk.sign_in("work").await, "two groups of ours");
    let both = Roles::of(&[Role::Member, Role::Custodian]);
    assert_eq!(roles(&desk).await, Some(both));
    let mut asked = Vec::new();
    graph(&desk, |graph| asked = std::mem::take(&mut graph.asked));
    assert_eq!(asked.iter().map(Vec::len).collect::<Vec<_>>(), [20, 5]);
    is_in_groups(&desk, &["another"]);
    let answer = desk.sign_in("work").await;
    desk.refused(&answer, "no role here").await;
    // Where the token has the groups, nobody is asked.
    desk.providers["work"].change(|script| {
        script.claims["hasgroups"] = json!(null);
        script.claims["groups"] = json!(["stores"]);
        script.graph.asked.clear();
    });
    signed_in(&desk.sign_in("work").await, "the token says them");
    graph(&desk, |graph| assert!(graph.asked.is_empty()));
}

#[tokio::test]
async fn without_graph_in_the_settings_it_is_not_asked_and_no_capability_is_claimed() {
    let desk = Desk::with(&["work"], |settings| {
        entra(&[OURS])(settings);
        settings.providers[0].role_groups.member = vec!["stores".to_owned()];
    })
    .await;
    leaves_out(&desk, &json!(null));
    let begun = desk.house.browser().get("/auth/login?provider=work").await;
    for not_there in ["claims=", "User.Read"] {
        assert!(
            !begun.location().contains(not_there),
            "{}",
            begun.location()
        );
    }
    let answer = desk.sign_in("work").await;
    desk.refused(&answer, "too many groups").await;
    graph(&desk, |graph| assert!(graph.asked.is_empty()));
}

#[tokio::test]
async fn where_graph_does_not_say_no_group_gives_a_role_and_app_roles_do() {
    for status in [
        StatusCode::FORBIDDEN,
        StatusCode::UNAUTHORIZED,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let desk = desk().await;
        is_in_groups(&desk, &["stores"]);
        graph(&desk, |graph| graph.status = Some(status));
        let answer = desk.sign_in("work").await;
        desk.refused(&answer, "too many groups").await;
        leaves_out(&desk, &json!(["member"]));
        signed_in(&desk.sign_in("work").await, "an app role");
        assert_eq!(roles(&desk).await, Some(Roles::of(&[Role::Member])));
    }
}

#[tokio::test]
async fn a_claims_challenge_leads_back_to_the_provider_with_its_claims_and_then_in() {
    let desk = desk().await;
    is_in_groups(&desk, &["stores"]);
    let wants = json!({ "acrs": { "essential": true, "value": "c1" } });
    graph(&desk, |graph| graph.wants = Some(wants));
    let (answer, times) = around(&desk).await;
    signed_in(&answer, "the second sign-in fulfils it");
    assert_eq!(times, 2);
    assert_eq!(roles(&desk).await, Some(Roles::of(&[Role::Custodian])));
    assert_eq!(desk.refusals().await, 0);
}

#[tokio::test]
async fn two_claims_challenges_in_a_row_are_an_error_and_not_a_circle() {
    let desk = desk().await;
    is_in_groups(&desk, &["stores"]);
    // Never fulfilled: what is asked for contradicts the capability that we add.
    let wants = json!({ "xms_cc": { "values": ["cp2"] } });
    graph(&desk, |graph| graph.wants = Some(wants));
    let (answer, times) = around(&desk).await;
    assert_eq!(times, 2);
    desk.refused(&answer, "again and again").await;
    assert_eq!(roles(&desk).await, None);
}

/// How a desk changes while a session goes on.
type Change = fn(&Desk);

#[tokio::test]
async fn roles_that_a_provider_takes_away_are_gone_at_the_next_check_and_with_the_last_the_session()
{
    let cases: [(&str, Change, Option<&[Role]>); 6] = [
        (
            "one group less",
            |d| is_in_groups(d, &["group-1"]),
            Some(&[Role::Member]),
        ),
        (
            "an app role more",
            |d| leaves_out(d, &json!(["auditor"])),
            Some(&[Role::Member, Role::Custodian, Role::Auditor]),
        ),
        (
            "Graph is away: what was known goes on",
            |d| graph(d, |graph| graph.status = Some(StatusCode::BAD_GATEWAY)),
            Some(&[Role::Member, Role::Custodian]),
        ),
        ("no group any more", |d| is_in_groups(d, &[]), None),
        (
            "the token has groups again, and they give nothing",
            |d| {
                leaves_out(d, &json!(null));
                d.providers["work"].change(|script| {
                    script.claims["hasgroups"] = json!(null);
                });
            },
            None,
        ),
        (
            "Graph challenges: the next sign-in answers that",
            |d| {
                graph(d, |graph| {
                    graph.wants = Some(json!({ "nbf": { "value": "1" } }));
                });
            },
            None,
        ),
    ];
    for (case, change, left) in cases {
        let desk = desk().await;
        is_in_groups(&desk, &["group-1", "stores"]);
        let browser = inside(&desk).await;
        let had = Roles::of(&[Role::Member, Role::Custodian]);
        assert_eq!(roles(&desk).await, Some(had), "{case}");
        change(&desk);
        desk.house.test.clock.advance(EVERY_SECS);
        assert_eq!(is_in(&browser).await, left.is_some(), "{case}");
        if let Some(left) = left {
            assert_eq!(roles(&desk).await, Some(Roles::of(left)), "{case}");
        }
    }
}

#[tokio::test]
async fn a_provider_whose_later_tokens_say_nothing_of_roles_takes_none_away() {
    let often = |settings: &mut config::Identity| settings.session_check_secs = 60;
    let desk = Desk::with(&["work"], often).await;
    let provider = &desk.providers["work"];
    provider.change(|script| script.answer["refresh_token"] = json!("again"));
    let browser = inside(&desk).await;
    for (said, goes_on) in [
        (json!(null), true),
        (json!(["auditor"]), true),
        (json!([]), false),
    ] {
        provider.change(|script| script.claims["roles"] = said.clone());
        desk.house.test.clock.advance(EVERY_SECS);
        assert_eq!(is_in(&browser).await, goes_on, "{said}");
        let alice = desk.account(&provider.url, "alice").await.unwrap();
        let expected: &[Role] = match said.as_array().map(Vec::len) {
            None => &[Role::Member],
            Some(1) => &[Role::Auditor],
            _ => &[],
        };
        assert_eq!(alice.roles, Roles::of(expected), "{said}");
    }
}
