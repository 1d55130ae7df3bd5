//! The decisions of identity with values, and its use cases on the backend under test.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use super::rules::{self, SessionTimes, TokenTimes};
use super::sessions::{end, make_link, redeem_link, resume, start};
use super::tokens::{NewToken, authenticate, list, revoke};
use super::*;
use crate::audit::Verdict;
use crate::base::{Id, Kind, ManualClock, Timestamp};
use crate::crypto::token::{Form, Token};
use crate::store::testing;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

struct House {
    identity: Identity,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(at(0)));
        let store = testing::open(folder.path(), clock.clone()).await;
        let keys = testing::keys(&store, folder.path()).await;
        Self {
            identity: Identity::new(store, keys, SessionLimits::default()),
            clock,
            _folder: folder,
        }
    }

    async fn person(&self, handle: &str) -> Principal {
        let (by, handle) = (Actor::operator(), handle.parse().unwrap());
        let roles = Roles::of(&[Role::Member]);
        principals::create(&self.identity, &by, handle, roles)
            .await
            .unwrap()
    }

    async fn token_and_text(
        &self,
        of: &Principal,
        scope: Scope,
        seconds: Option<i64>,
    ) -> (tokens::PersonalToken, String) {
        let new = NewToken {
            principal: of.id,
            label: "phone".to_owned(),
            scope,
            expires_at: seconds.map(at),
        };
        let made = tokens::create(&self.identity, &Actor::operator(), new).await;
        let (token, secret) = made.unwrap();
        (token, secret.expose().to_owned())
    }

    async fn entries(&self) -> i64 {
        match self.identity.audit.verify(None, |_| {}).await.unwrap() {
            Verdict::Whole { entries } => entries,
            Verdict::Broken { .. } => -1,
        }
    }

    async fn refused(&self, text: &str, door: Door) -> bool {
        let answer = authenticate(&self.identity, text, door).await;
        answer.is_err_and(|e| e.kind() == Kind::Unauthenticated)
    }

    async fn gone(&self, session: &str) -> bool {
        let answer = resume(&self.identity, session).await;
        answer.is_err_and(|e| e.kind() == Kind::Unauthenticated)
    }
}

fn session_of(principal: &Principal, roles: &[Role]) -> Actor {
    let mut actor = principal
        .clone()
        .acting(Scopes::of(&[Scope::Web]), Credential::Session, None);
    actor.roles = Roles::of(roles);
    actor
}

#[test]
fn a_session_stands_below_both_limits_and_before_its_end() {
    let limits = SessionLimits::default();
    let stands = |seen, now, limits| {
        let times = SessionTimes {
            created: at(0),
            last_seen: at(seen),
            end: at(43_200),
        };
        rules::session_stands(times, limits, at(now))
    };
    assert!(stands(0, 1_799, limits));
    assert!(!stands(0, 1_800, limits), "idle");
    assert!(stands(43_000, 43_199, limits));
    assert!(!stands(43_000, 43_200, limits), "absolute");
    assert!(stands(60, 0, limits), "the clock was set back");
    let lowered = SessionLimits {
        absolute: Duration::from_hours(1),
        ..limits
    };
    assert!(!stands(3_599, 3_600, lowered), "lowered since the sign-in");
    let raised = SessionLimits {
        absolute: Duration::from_hours(25),
        ..limits
    };
    assert!(!stands(43_100, 43_200, raised), "raised since the sign-in");
}

#[test]
fn a_token_stands_until_it_expires_or_is_revoked() {
    let stands = |expires: Option<i64>, revoked: Option<i64>, now| {
        let times = TokenTimes {
            expiry: expires.map(at),
            revoked: revoked.map(at),
        };
        rules::token_stands(times, at(now))
    };
    assert!(stands(None, None, 1_000_000));
    assert!(stands(Some(10), None, 9));
    assert!(!stands(Some(10), None, 10));
    assert!(
        !stands(None, Some(5), 4),
        "revoked, whatever the clock says"
    );
}

#[test]
fn a_use_is_written_down_once_a_minute() {
    assert!(rules::touch_due(None, at(0)));
    assert!(!rules::touch_due(Some(at(0)), at(59)));
    assert!(rules::touch_due(Some(at(0)), at(60)));
    assert!(!rules::touch_due(Some(at(60)), at(0)));
    let never = rules::after(at(0), Duration::MAX);
    assert_eq!(never, Timestamp::MAX);
}

#[test]
fn credentials_are_managed_by_their_owner_the_operator_and_never_by_a_token() {
    let person = |id: u128| Principal {
        id: Id::from_uuid(uuid::Uuid::from_u128(id)),
        handle: Handle::opaque(),
        active: true,
        roles: Roles::default(),
        granted: Roles::default(),
    };
    let (ann, ben) = (person(1), person(2));
    let own = session_of(&ann, &[Role::Member]);
    let admin = session_of(&ben, &[Role::Administrator]);
    let mut token = admin.clone();
    token.credential = Credential::Token;
    let operator = Actor::operator();

    let issue = |actor| rules::may_issue(actor, ann.id).is_ok();
    assert_eq!(
        [&own, &admin, &token, &operator].map(issue),
        [true, false, false, true]
    );
    let oversee = |actor| rules::may_oversee(actor, ann.id);
    assert_eq!(
        [&own, &admin, &token, &operator].map(oversee),
        [Ok(()), Ok(()), Err(Refusal::NotFound), Ok(())]
    );
    let administer = |actor| rules::may_administer(actor).is_ok();
    assert_eq!(
        [&own, &admin, &token, &operator].map(administer),
        [false, true, false, true]
    );
    let link = |actor| rules::may_make_link(actor).is_ok();
    assert_eq!(
        [&own, &admin, &token, &operator].map(link),
        [false, false, false, true]
    );
}

#[test]
fn labels_say_something_and_are_short() {
    for good in ["phone", "Büro 3", &"x".repeat(100)] {
        assert!(rules::check_label(good).is_ok(), "{good}");
    }
    for bad in ["", "   ", "a\nb", "nul\0", &"x".repeat(101)] {
        assert!(rules::check_label(bad).is_err(), "{bad:?}");
    }
}

#[tokio::test]
async fn a_principal_is_created_once_and_found_by_its_handle() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let found = principals::by_handle(&house.identity, &ann.handle).await;
    assert_eq!(found.unwrap(), Some(ann.clone()));
    let nobody = "nobody".parse().unwrap();
    let found = principals::by_handle(&house.identity, &nobody)
        .await
        .unwrap();
    assert_eq!(found, None);

    // Rows without an account do not stand in each other's way.
    house.person("ben").await;
    let (by, roles) = (Actor::operator(), Roles::default());
    let again = principals::create(&house.identity, &by, ann.handle.clone(), roles).await;
    assert!(matches!(again, Err(IdentityError::HandleTaken(handle)) if handle == ann.handle));
    let member = session_of(&ann, &[Role::Member]);
    let refused = principals::create(&house.identity, &member, nobody, roles).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Forbidden);
    assert_eq!(
        house.entries().await,
        2,
        "only what was done is in the audit"
    );
}

#[tokio::test]
async fn only_the_operator_acts_for_others_and_the_audit_says_so() {
    let house = House::open().await;
    let anna = house.person("anna").await;
    let operator = Actor::operator();
    let acting = |by: Actor| {
        let (identity, handle) = (house.identity.clone(), anna.handle.clone());
        async move { principals::acting(&identity, &by, &handle).await }
    };
    let actor = acting(operator.clone()).await.unwrap();
    assert_eq!(actor.principal, anna.id);
    assert_eq!(
        actor.to_audit(),
        format!("operator for principal:{}", anna.id)
    );
    let admin = session_of(&anna, &[Role::Administrator]);
    for by in [admin, actor.clone()] {
        assert!(matches!(acting(by).await, Err(IdentityError::Refused(_))));
    }
    assert!(rules::may_issue(&actor, anna.id).is_err() && rules::may_administer(&actor).is_err());
    let gone = principals::deactivate(&house.identity, &operator, anna.id);
    gone.await.unwrap();
    assert!(matches!(
        acting(operator).await,
        Err(IdentityError::Inactive(_))
    ));
}

#[tokio::test]
async fn an_account_has_one_principal_whose_roles_follow_the_provider() {
    let house = House::open().await;
    let sign_in = |issuer, roles: &[Role]| {
        let (store, roles) = (house.identity.clone(), Roles::of(roles));
        async move {
            principals::find_or_create(&store, issuer, "s1", roles)
                .await
                .unwrap()
        }
    };
    let (a, b) = tokio::join!(
        sign_in("https://idp.example", &[Role::Member]),
        sign_in("https://idp.example", &[Role::Member])
    );
    assert_eq!(a, b);
    let other = sign_in("https://other.example", &[Role::Member]).await;
    assert_ne!(
        a.id, other.id,
        "the same subject at another issuer is another person"
    );
    assert_eq!(house.entries().await, 2);

    let promoted = sign_in("https://idp.example", &[Role::Custodian]).await;
    assert_eq!(promoted.id, a.id);
    let found = principals::by_handle(&house.identity, &a.handle)
        .await
        .unwrap();
    assert_eq!(found.unwrap().roles, Roles::of(&[Role::Custodian]));
    assert_eq!(house.entries().await, 3);
}

#[tokio::test]
async fn a_token_opens_the_door_of_its_scope_until_revoked() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let (token, text) = house.token_and_text(&ann, Scope::Caldav, None).await;
    assert!(text.starts_with("fh_cal_"));
    let actor = authenticate(&house.identity, &text, Door::Caldav)
        .await
        .unwrap();
    assert_eq!(
        (actor.principal, actor.credential),
        (ann.id, Credential::Token)
    );
    assert!(actor.scopes.has(Scope::Caldav) && !actor.scopes.has(Scope::Api));
    assert!(house.refused(&text, Door::Api).await, "another door");
    assert!(
        house.refused(&text, Door::SignIn).await,
        "no token is for the web"
    );
    assert!(house.refused("fh_cal_nonsense", Door::Caldav).await);
    let unknown = Token::new(Form::personal("fh_cal_"));
    assert!(house.refused(unknown.expose(), Door::Caldav).await);

    let ben = session_of(&house.person("ben").await, &[Role::Member]);
    let refused = revoke(&house.identity, &ben, token.id).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::NotFound);
    let own = session_of(&ann, &[Role::Member]);
    revoke(&house.identity, &own, token.id).await.unwrap();
    assert!(house.refused(&text, Door::Caldav).await);
    let before = house.entries().await;
    revoke(&house.identity, &own, token.id).await.unwrap();
    assert_eq!(
        house.entries().await,
        before,
        "a second time changes nothing"
    );
    assert!(
        list(&house.identity, &own, ann.id)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_expired_token_and_one_of_an_inactive_principal_are_refused_alike() {
    let house = House::open().await;
    let (ann, ben) = (house.person("ann").await, house.person("ben").await);
    let (_, short) = house.token_and_text(&ann, Scope::Api, Some(10)).await;
    let (_, long) = house.token_and_text(&ben, Scope::Api, None).await;
    assert!(!house.refused(&short, Door::Api).await);
    house.clock.advance(10);
    assert!(house.refused(&short, Door::Api).await);
    assert!(!house.refused(&long, Door::Api).await);

    let session = start(&house.identity, ben.id, None).await.unwrap();
    let link = make_link(&house.identity, &Actor::operator(), ben.id)
        .await
        .unwrap();
    principals::deactivate(&house.identity, &Actor::operator(), ben.id)
        .await
        .unwrap();
    assert!(house.refused(&long, Door::Api).await);
    assert!(house.gone(session.secret.expose()).await);
    assert!(redeem_link(&house.identity, link.expose()).await.is_err());
    assert!(start(&house.identity, ben.id, None).await.is_err());
    let refused = make_link(&house.identity, &Actor::operator(), ben.id).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Conflict);
}

#[tokio::test]
async fn the_last_use_of_a_token_is_kept_to_the_minute() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    house.token_and_text(&ann, Scope::Api, None).await;
    house.clock.advance(1);
    let (_, text) = house.token_and_text(&ann, Scope::Caldav, None).await;
    let used = async || {
        authenticate(&house.identity, &text, Door::Caldav)
            .await
            .unwrap();
        let all = list(&house.identity, &Actor::operator(), ann.id)
            .await
            .unwrap();
        assert_eq!((all.len(), all[1].last_used_at), (2, None));
        all[0].last_used_at.unwrap()
    };
    assert_eq!(used().await, at(1));
    house.clock.advance(59);
    assert_eq!(used().await, at(1));
    house.clock.advance(1);
    assert_eq!(used().await, at(61));
}

#[tokio::test]
async fn what_cannot_be_a_token_is_not_made() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let refusal = async |scope, label: &str, end: Option<i64>| {
        let new = NewToken {
            principal: ann.id,
            label: label.to_owned(),
            scope,
            expires_at: end.map(at),
        };
        let made = tokens::create(&house.identity, &Actor::operator(), new).await;
        made.map(|_| ()).unwrap_err().kind()
    };
    assert_eq!(refusal(Scope::Web, "phone", None).await, Kind::Invalid);
    assert_eq!(refusal(Scope::Api, "", None).await, Kind::Invalid);
    assert_eq!(refusal(Scope::Api, "phone", Some(0)).await, Kind::Invalid);
    let new = NewToken {
        principal: Id::new(at(0)),
        label: "phone".to_owned(),
        scope: Scope::Api,
        expires_at: None,
    };
    let made = tokens::create(&house.identity, &Actor::operator(), new).await;
    assert_eq!(made.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(house.entries().await, 1);
}

#[tokio::test]
async fn a_session_goes_on_while_it_is_used_and_ends_when_told() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let started = start(&house.identity, ann.id, None).await.unwrap();
    let text = started.secret.expose();
    assert_eq!(
        (started.principal.id, started.ends_at),
        (ann.id, at(43_200))
    );
    // 29 minutes at a time, up to the twelfth hour.
    for _ in 0..24 {
        house.clock.advance(29 * 60);
        let actor = resume(&house.identity, text).await.unwrap();
        assert_eq!(
            (actor.principal, actor.credential),
            (ann.id, Credential::Session)
        );
        assert!(actor.scopes.has(Scope::Web) && !actor.scopes.has(Scope::Api));
    }
    house.clock.advance(29 * 60);
    assert!(house.gone(text).await, "twelve hours are over");

    let idle = start(&house.identity, ann.id, None).await.unwrap();
    house.clock.advance(30 * 60);
    assert!(
        house.gone(idle.secret.expose()).await,
        "thirty minutes idle"
    );

    let ended = start(&house.identity, ann.id, None).await.unwrap();
    end(&house.identity, ended.secret.expose()).await.unwrap();
    assert!(house.gone(ended.secret.expose()).await);
    let before = house.entries().await;
    end(&house.identity, ended.secret.expose()).await.unwrap();
    end(&house.identity, "nonsense").await.unwrap();
    assert_eq!(house.entries().await, before);
}

#[tokio::test]
async fn a_link_signs_in_exactly_once_within_a_quarter_of_an_hour() {
    let house = House::open().await;
    let ann = house.person("ann").await;
    let identity = &house.identity;
    let admin = session_of(&ann, &[Role::Administrator]);
    let refused = make_link(identity, &admin, ann.id).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Forbidden);

    let link = make_link(identity, &Actor::operator(), ann.id)
        .await
        .unwrap();
    let tries = [(); 4].map(|()| redeem_link(identity, link.expose()));
    let [a, b, c, d] = tries;
    let answers = tokio::join!(a, b, c, d);
    let answers = [answers.0, answers.1, answers.2, answers.3];
    let won: Vec<_> = answers.iter().filter_map(|a| a.as_ref().ok()).collect();
    assert_eq!(won.len(), 1);
    let actor = resume(identity, won[0].secret.expose()).await.unwrap();
    assert_eq!(actor.principal, ann.id);

    let late = make_link(identity, &Actor::operator(), ann.id)
        .await
        .unwrap();
    house.clock.advance(15 * 60);
    let answer = redeem_link(identity, late.expose()).await;
    assert_eq!(answer.unwrap_err().kind(), Kind::Unauthenticated);
    // A session's secret is no link, and the other way round.
    assert!(redeem_link(identity, won[0].secret.expose()).await.is_err());
    assert!(resume(identity, late.expose()).await.is_err());
}

#[tokio::test]
async fn refusals_are_limited_per_source_and_audited_once_a_minute() {
    let house = House::open().await;
    let (here, there) = ("192.0.2.7".parse().unwrap(), "2001:db8::1".parse().unwrap());
    let token = refusals::Refused::token;
    let note = |source| refusals::note(&house.identity, source, token(Door::Caldav));
    assert!((0..30).all(|_| note(here).is_none()));
    assert_eq!(note(here), Some(60));
    assert_eq!(note(there), None, "another source is not limited");
    assert_eq!(
        refusals::note(&house.identity, here, token(Door::Api)),
        None
    );

    let before = house.entries().await;
    let past = refusals::flush(&house.identity, refusals::Flush::Past);
    assert_eq!(past.await.unwrap(), 0, "the minute is not over");
    house.clock.advance(60);
    assert_eq!(note(here), None, "a new minute");
    let past = refusals::flush(&house.identity, refusals::Flush::Past);
    assert_eq!(past.await.unwrap(), 3);
    assert_eq!(house.entries().await, before + 3);
    let all = refusals::flush(&house.identity, refusals::Flush::All);
    assert_eq!(all.await.unwrap(), 1);
}
