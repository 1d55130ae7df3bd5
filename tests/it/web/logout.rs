//! Sessions that a provider ends, and the way to end one's session there.

use freehold::audit::{self, Verdict};
use freehold::identity::sessions::{Origin, Origins, end_from, resume, start};
use freehold::identity::{Identity, Role, Roles, SessionLimits, principals};

use super::house::House;

async fn entries(house: &House) -> usize {
    match audit::verify(&house.test.store, |_| {}).await.unwrap() {
        Verdict::Whole { entries } => entries.try_into().unwrap(),
        Verdict::Broken { .. } => panic!("the chain is broken"),
    }
}

#[tokio::test]
async fn a_provider_ends_the_sessions_that_came_from_it_and_no_other() {
    let house = House::new().await;
    let mut secrets = Vec::new();
    for (issuer, subject, sid) in [
        ("one", "ann", Some("1")),
        ("one", "ann", Some("2")),
        ("one", "ann", None),
        ("one", "ben", None),
        ("two", "ann", Some("1")),
    ] {
        let roles = Roles::of(&[Role::Member]);
        let person = principals::find_or_create(&house.identity, issuer, subject, roles);
        let origin = Origin {
            issuer: issuer.to_owned(),
            sid: sid.map(str::to_owned),
        };
        let started = start(&house.identity, person.await.unwrap().id, Some(origin)).await;
        secrets.push(started.unwrap().secret.expose().to_owned());
    }
    // Another process on the same store.
    let elsewhere = Identity::new(house.test.store.clone(), SessionLimits::default());
    let by_sid = |sid: &str, subject: Option<&str>| Origins::Session {
        issuers: vec!["one".to_owned()],
        sid: sid.to_owned(),
        subject: subject.map(str::to_owned),
    };
    let account = Origins::Account {
        issuer: "one".to_owned(),
        subject: "ann".to_owned(),
    };
    let steps: [(Origins, &[usize]); 5] = [
        (by_sid("9", None), &[]),
        (by_sid("1", None), &[0]),
        (by_sid("1", None), &[0]),
        (by_sid("9", Some("ann")), &[0, 2]),
        (account, &[0, 1, 2]),
    ];
    let mut over = 0;
    for (which, gone) in steps {
        let before = entries(&house).await;
        let shown = format!("{which:?}");
        let ended = end_from(&house.identity, "work", which).await.unwrap();
        let recorded = entries(&house).await - before;
        assert_eq!(recorded, ended, "{shown}");
        assert_eq!(ended, gone.len() - over, "{shown}");
        over = gone.len();
        for (number, secret) in secrets.iter().enumerate() {
            let expected = gone.contains(&number);
            let gone = resume(&elsewhere, secret).await.is_err();
            assert_eq!(gone, expected, "{shown}: {number}");
        }
    }
}
