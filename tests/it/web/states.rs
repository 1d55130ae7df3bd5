//! A provider that is away: the service starts, the sign-in says so, readiness shows it without
//! asking anybody.

use freehold::config;

use crate::support::app::TestApp;
use crate::support::hostile::{CLIENT, Hostile};

fn provider(id: &str, issuer: &str) -> config::Provider {
    config::Provider {
        id: id.to_owned(),
        issuer: issuer.to_owned(),
        client_id: CLIENT.to_owned(),
        ..config::Provider::default()
    }
}

#[tokio::test]
async fn readiness_shows_what_was_seen_of_each_provider_and_asks_none() {
    let work = Hostile::start().await;
    let providers = vec![
        provider("away", "http://127.0.0.1:1"),
        provider("work", &work.url),
    ];
    let app = TestApp::with(|settings| settings.identity.providers = providers).await;
    let ready = async || {
        let answer = app.request("GET", "/readyz?verbose").send().await;
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    };
    let begin = async |id: &str| {
        let login = format!("/auth/login?provider={id}");
        app.request("GET", &login).send().await
    };
    let parts = "store: ok\nkeys: ok\ndisk: ok\n";
    let unasked = "provider away, not asked yet: ok\nprovider work, not asked yet: ok\n";
    assert_eq!(ready().await, format!("ok\n{parts}{unasked}"));
    assert_eq!(work.asked("/.well-known/openid-configuration"), 0);
    let answer = begin("away").await;
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("cannot be reached"));
    assert_eq!(begin("work").await.status, 303);
    let shown = ready().await;
    assert!(shown.starts_with("degraded\n"), "{shown}");
    let away = "provider away: degraded: it did not answer as it should at ";
    assert!(
        shown.contains(away) && shown.ends_with("provider work: ok\n"),
        "{shown}"
    );
    assert_eq!(work.asked("/.well-known/openid-configuration"), 1);
    assert_eq!(
        app.request("GET", "/readyz").send().await.text(),
        "degraded\n"
    );
}
