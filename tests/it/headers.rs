//! The headers that protect are on every answer of every door, whatever its status.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use freehold::server::endpoints;

use crate::support::app::TestApp;
use crate::support::dav::event;

#[tokio::test]
async fn every_route_answers_with_the_headers_that_protect() {
    let app = TestApp::with(|_| {}).await;
    let nowhere = [("GET", "/nothing"), ("PUT", "/"), ("GET", "/api/nothing")];
    let listed = endpoints().into_iter();
    let listed = listed.map(|endpoint| (endpoint.method, endpoint.path));
    for (method, path) in listed.chain(nowhere) {
        let path = path.replace(['{', '}'], "");
        let answer = app.request(method, &path).send().await;
        let asked = format!("{method} {path}");
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{asked}"
        );
        for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            assert_eq!(answer.header(name), "same-origin", "{asked}: {name}");
        }
        for name in [
            "referrer-policy",
            "permissions-policy",
            "content-security-policy",
            "cache-control",
        ] {
            assert!(!answer.header(name).is_empty(), "{asked}: {name}");
        }
        // RFC 6797 §7.2: plain HTTP never says it.
        assert_eq!(answer.header("strict-transport-security"), "", "{asked}");
    }
}

#[tokio::test]
async fn behind_https_every_answer_forbids_plain_http() {
    let app = TestApp::with(|settings| {
        settings.server.public_url = Some("https://calendar.example/".parse().unwrap());
    })
    .await;
    let years = "max-age=63072000; includeSubDomains";
    for endpoint in endpoints() {
        let path = endpoint.path.replace(['{', '}'], "");
        let answer = app.request(endpoint.method, &path).send().await;
        assert_eq!(answer.header("strict-transport-security"), years, "{path}");
    }
}

#[tokio::test]
async fn an_object_keeps_its_tag_and_its_304_beside_them() {
    let app = TestApp::with(|_| {}).await;
    let ann = app.person("ann").await;
    let made = app.request("MKCALENDAR", "/dav/calendars/ann/work/");
    assert_eq!(made.basic(&ann).send().await.status, 201);
    let path = "/dav/calendars/ann/work/1.ics";
    let put = app.request("PUT", path).basic(&ann);
    let put = put.body(event("1", "20270101T090000Z", &"long ".repeat(500)));
    assert_eq!(put.send().await.status, 201);
    let get = || app.request("GET", path).basic(&ann);
    let got = get().header("accept-encoding", "gzip").send().await;
    assert_eq!((got.status, got.header("content-encoding")), (200, "gzip"));
    let again = get().header("if-none-match", got.header("etag"));
    let again = again.send().await;
    assert_eq!(again.status, 304);
    assert_eq!(again.header("etag"), got.header("etag"));
    assert_eq!(again.header("cache-control"), "no-store");
    let listed = app.request("PROPFIND", "/dav/calendars/ann/work/");
    let listed = listed.basic(&ann).header("depth", "1").send().await;
    assert_eq!(
        (listed.status, listed.header("cache-control")),
        (207, "no-store")
    );
}

#[tokio::test]
async fn behind_a_named_proxy_limits_count_the_one_who_asked_it() {
    let proxy = "10.0.4.7:4711";
    let app = TestApp::with(|settings| {
        settings.server.trusted_proxies = vec!["10.0.4.0/24".parse().unwrap()];
    })
    .await;
    let refused = async |peer: &str, forwarded: &str| {
        let peer: SocketAddr = peer.parse().unwrap();
        // Each time another one: one and the same is locked sooner.
        let wrong = format!("fh_wrong_{forwarded}");
        let request = app.request("GET", "/api/v1/items").bearer(&wrong);
        let request = request.header("x-forwarded-for", forwarded);
        request.with(ConnectInfo(peer)).send().await.status
    };
    // Whatever a stranger invents at the left, the proxy adds the stranger's address.
    for number in 0..30 {
        let forwarded = format!("9.9.9.{number}, 5.6.7.8");
        assert_eq!(refused(proxy, &forwarded).await, 401);
    }
    assert_eq!(refused(proxy, "9.9.9.99, 5.6.7.8").await, 429);
    assert_eq!(refused(proxy, "5.6.7.9").await, 401);
    assert_eq!(refused("10.0.5.7:1", "5.6.7.8").await, 401);
    // Without the proxy the header changes nothing, neither for nor against anybody.
    for number in 0..30 {
        let forwarded = format!("9.9.9.{number}");
        assert_eq!(refused("7.7.7.7:1", &forwarded).await, 401);
    }
    assert_eq!(refused("7.7.7.7:1", "9.9.9.99").await, 429);
}

#[tokio::test]
async fn what_a_proxy_says_of_scheme_and_host_changes_no_answer() {
    let app = TestApp::with(|settings| {
        settings.server.trusted_proxies = vec!["10.0.4.0/24".parse().unwrap()];
    })
    .await;
    let peer: SocketAddr = "10.0.4.7:4711".parse().unwrap();
    for path in ["/", "/sign-in", "/.well-known/caldav", "/connect"] {
        let plain = app.request("GET", path).with(ConnectInfo(peer));
        let plain = plain.send().await;
        let spoofed = app.request("GET", path).with(ConnectInfo(peer));
        let spoofed = spoofed
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-port", "444")
            .header("x-forwarded-prefix", "/evil")
            .header("forwarded", "for=1.1.1.1;host=evil.example;proto=https");
        let spoofed = spoofed.send().await;
        assert_eq!(plain.status, spoofed.status, "{path}");
        assert_eq!(plain.header("location"), spoofed.header("location"));
        assert_eq!(spoofed.header("strict-transport-security"), "");
        assert!(!spoofed.text().contains("evil.example"), "{path}");
    }
}

#[tokio::test]
async fn reports_of_weaknesses_find_their_contact() {
    const PATH: &str = "/.well-known/security.txt";
    let without = TestApp::with(|_| {}).await;
    assert_eq!(without.request("GET", PATH).send().await.status, 404);

    let contacts = ["mailto:security@example.org", "https://example.org/report"];
    let with = |public_url: &'static str, expires: Option<&'static str>| {
        TestApp::with(move |settings| {
            let server = &mut settings.server;
            server.security_contact = contacts.map(|contact| contact.parse().unwrap()).into();
            server.security_expires = expires.map(|day| day.parse().unwrap());
            server.public_url = Some(public_url.parse().unwrap());
        })
    };
    let app = with("https://calendar.example.org", Some("2027-06-30")).await;
    let answer = app.request("GET", PATH).send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let expected = "Contact: mailto:security@example.org\n\
                    Contact: https://example.org/report\n\
                    Expires: 2027-06-30T00:00:00Z\n\
                    Canonical: https://calendar.example.org/.well-known/security.txt\n\
                    Preferred-Languages: en\n";
    assert_eq!(answer.text(), expected);

    let app = with("http://127.0.0.1:8080", None).await;
    let answer = app.request("GET", PATH).send().await;
    let expires = answer
        .text()
        .lines()
        .find_map(|l| l.strip_prefix("Expires: "));
    let expires: jiff::Timestamp = expires.unwrap().parse().unwrap();
    let ahead = expires.as_second() - app.rooms.store.clock().now().as_second();
    assert!((89 * 86_400..=90 * 86_400).contains(&ahead), "{ahead}");
    // RFC 9116 section 2.5.2: never an address of plain HTTP.
    assert!(!answer.text().contains("Canonical"), "{}", answer.text());
}
