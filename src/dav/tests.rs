//! Paths, with values.
#![expect(clippy::unwrap_used, reason = "tests")]

use axum::http::StatusCode;

use super::path::Resource;

fn round(path: &str) -> String {
    Resource::of_path(path).unwrap().href()
}

#[test]
fn every_resource_has_one_spelling() {
    let same = [
        ("/dav", "/dav/"),
        ("/dav/principals", "/dav/principals/"),
        ("/dav/principals/alice", "/dav/principals/alice/"),
        ("/dav/calendars/alice", "/dav/calendars/alice/"),
        ("/dav/calendars/alice/work", "/dav/calendars/alice/work/"),
        ("/dav/calendars/alice/w%6Frk/", "/dav/calendars/alice/work/"),
        (
            "/dav/calendars/alice/w/a@b.ics",
            "/dav/calendars/alice/w/a%40b.ics",
        ),
        (
            "/dav/calendars/alice/w/a%40b.ics",
            "/dav/calendars/alice/w/a%40b.ics",
        ),
        (
            "/dav/calendars/alice/w/ä b+c",
            "/dav/calendars/alice/w/%C3%A4%20b%2Bc",
        ),
        (
            "/dav/calendars/alice/w/100%25",
            "/dav/calendars/alice/w/100%25",
        ),
    ];
    for (path, href) in same {
        assert_eq!(round(path), href);
        assert_eq!(round(href), href, "decoded once, encoded once");
    }
}

#[test]
fn hrefs_may_be_urls() {
    let of = |href| Resource::of_href(href).unwrap().href();
    let home = "/dav/calendars/alice/";
    assert_eq!(of("https://example.org/dav/calendars/alice/?x#y"), home);
    assert_eq!(of("http://[::1]:8080/dav/calendars/alice"), home);
    assert!(Resource::of_href("https://example.org").is_err());
    assert!(Resource::of_href("").is_err());
}

#[test]
fn paths_that_mean_something_else_are_400() {
    for path in [
        "/dav/../etc",
        "/dav/%2e%2e/etc",
        "/dav/calendars/alice/./x",
        "/dav/calendars/alice//x",
        "/dav//",
        "/dav/calendars/alice/work/a%2Fb",
        "/dav/calendars/alice/work/a%00b",
        "/dav/calendars/alice/work/a%0Ab",
        "/dav/calendars/alice/work/a%",
        "/dav/calendars/alice/work/a%4",
        "/dav/calendars/alice/work/a%zz",
        "/dav/calendars/alice/work/%ff",
    ] {
        let status = Resource::of_path(path).unwrap_err().status;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
    }
    let long = format!("/dav/calendars/alice/work/{}", "a".repeat(256));
    assert!(Resource::of_path(&long).is_err());
}

#[test]
fn places_without_anything_are_known_as_such() {
    for path in [
        "/dav/x/",
        "/dav/calendars/alice/work/a/b.ics",
        "/dav/calendars/alice/work/a/",
    ] {
        assert_eq!(Resource::of_path(path).unwrap(), Resource::Nowhere);
    }
    let status = Resource::of_path("/dav/calendars/Al%20ice/")
        .unwrap_err()
        .status;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
