//! Conditional headers and bodies with values.
#![expect(clippy::unwrap_used, reason = "tests")]

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::base::{ETag, Precondition};

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    pairs.iter().map(header).collect()
}

fn tag(text: &str) -> ETag {
    ETag::new(text)
}

#[test]
fn conditional_headers_are_read_as_the_grammar_says() {
    let read = |pairs: &[_]| precondition(&headers(pairs)).unwrap();
    assert_eq!(read(&[]), Precondition::None);
    assert_eq!(read(&[("if-match", "*")]), Precondition::Exists);
    assert_eq!(read(&[("if-none-match", " * ")]), Precondition::Absent);
    let both = Precondition::Matches(vec![tag("a"), tag("b,c")]);
    assert_eq!(read(&[("if-match", "\"a\" ,, \"b,c\"")]), both);
    let none = Precondition::Matches(vec![]);
    assert_eq!(
        read(&[("if-match", "W/\"a\"")]),
        none,
        "weak tags never match"
    );
    let weak = Precondition::Differs(vec![tag("a")]);
    assert_eq!(read(&[("if-none-match", "W/\"a\"")]), weak);
}

#[test]
fn conditional_headers_that_are_none_are_refused() {
    for bad in ["a", "\"a", "\"a\" \"b\"", "", "*, \"a\"", "w/\"a\""] {
        let refused = precondition(&headers(&[("if-match", bad)]));
        assert!(matches!(refused, Err(BadCondition::Syntax(_))), "{bad:?}");
    }
    let twice = headers(&[("if-match", "*"), ("if-none-match", "*")]);
    assert_eq!(precondition(&twice), Err(BadCondition::Both));
}

#[test]
fn not_modified_compares_weakly() {
    let has = |value| not_modified(&headers(&[("if-none-match", value)]), &tag("a")).unwrap();
    assert!(has("\"a\"") && has("W/\"a\"") && has("*") && has("\"b\", \"a\""));
    assert!(!has("\"a-gzip\""));
    assert!(!not_modified(&HeaderMap::new(), &tag("a")).unwrap());
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_the_limit() {
    let limits = Limits {
        max_body_bytes: 4,
        ..Limits::default()
    };
    let four = read_body(Body::from("four"), limits).await;
    assert_eq!(four.unwrap(), "four");
    let refused = read_body(Body::from("five!"), limits).await.unwrap_err();
    assert!(refused.to_string().contains("4 bytes"));
    let chunks =
        ["ab", "cd", "e"].map(|c| Ok::<_, std::io::Error>(bytes::Bytes::from_static(c.as_bytes())));
    let stream = Body::from_stream(futures_util::stream::iter(chunks));
    assert!(matches!(
        read_body(stream, limits).await,
        Err(BodyError::TooLarge { limit: 4 })
    ));
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_408_with_advice() {
    let limits = Limits {
        body_patience: std::time::Duration::from_millis(1),
        ..Limits::default()
    };
    let begun = Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"BEGIN:"));
    let begun = futures_util::stream::iter([begun]);
    let stream = futures_util::StreamExt::chain(begun, futures_util::stream::pending());
    let refused = read_body(Body::from_stream(stream), limits).await;
    let refused = refused.unwrap_err();
    assert_eq!(status(refused.kind()), http::StatusCode::REQUEST_TIMEOUT);
    assert!(refused.to_string().contains("send it again"));
}

#[test]
fn cookies_are_read_by_their_whole_name() {
    let sent = headers(&[("cookie", "x=1; fh-s=plain; __Host-s=secure;fh-f-a=one")]);
    assert_eq!(Cookies::Plain.session(&sent), Some("plain"));
    assert_eq!(Cookies::Secure.session(&sent), Some("secure"));
    assert_eq!(Cookies::Plain.flow(&sent, "a"), Some("one"));
    assert_eq!(Cookies::Plain.flow(&sent, "b"), None);
    assert_eq!(Cookies::Secure.flow(&sent, "a"), None);
}

#[test]
fn of_more_than_five_sign_ins_the_oldest_give_way() {
    let pairs: Vec<String> = (1..=6).map(|n| format!("__Host-f-{n}=x")).collect();
    let mut sent = HeaderMap::new();
    let line = HeaderValue::from_str(&pairs.join("; ")).unwrap();
    sent.insert(http::header::COOKIE, line);
    let lines = Cookies::Secure.begin_flow(&sent, "7", "sealed");
    let lines: Vec<&str> = lines.iter().map(|value| value.to_str().unwrap()).collect();
    let begun = "__Host-f-7=sealed; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure";
    assert_eq!(lines.first(), Some(&begun));
    let over = |name: &&&str| name.contains("Max-Age=0");
    let over: Vec<_> = lines.iter().filter(over).collect();
    assert_eq!(over.len(), 2);
    assert!(over.iter().any(|line| line.starts_with("__Host-f-1=;")));
    assert!(over.iter().any(|line| line.starts_with("__Host-f-2=;")));
    let mut sent = HeaderMap::new();
    let large = format!("__Host-f-1={0}; __Host-f-2={0}", "x".repeat(3500));
    sent.insert(http::header::COOKIE, HeaderValue::from_str(&large).unwrap());
    let lines = Cookies::Secure.begin_flow(&sent, "3", &"x".repeat(3500));
    assert_eq!(lines.len(), 2, "not more than fits into a header");
}

#[test]
fn only_our_own_pages_change_something() {
    let url = "https://calendar.example.org/".parse().unwrap();
    let own = |pairs: &[_]| same_origin(&headers(pairs), &url).is_ok();
    assert!(own(&[("sec-fetch-site", "same-origin")]));
    assert!(own(&[("origin", "https://calendar.example.org")]));
    assert!(own(&[
        ("origin", "https://[::1]:8443"),
        ("host", "[::1]:8443")
    ]));
    for foreign in [
        &[("origin", "http://calendar.example.org")][..],
        &[("origin", "https://calendar.example.org:444")],
        &[("origin", "https://calendar.example.org.evil.example")],
        &[("origin", "null"), ("host", "null")],
        &[
            ("origin", "https://calendar.example.org"),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("sec-fetch-site", "none")],
        &[("host", "calendar.example.org")],
        &[],
    ] {
        assert!(!own(foreign), "{foreign:?}");
    }
}

#[test]
fn protection_leaves_alone_what_an_answer_says_itself() {
    let mut held = headers(&[("cache-control", "private")]);
    headers::protect(&mut held);
    assert_eq!(held.get("cache-control").unwrap(), "private");
    assert_eq!(held.get("x-content-type-options").unwrap(), "nosniff");
    assert!(!held.contains_key("strict-transport-security"));
    headers::only_encrypted(&mut held);
    let strict = held.get("strict-transport-security").unwrap();
    assert!(strict.to_str().unwrap().contains("includeSubDomains"));
}

#[test]
fn only_a_named_proxy_says_where_a_request_comes_from() {
    let trusted = ["10.0.0.0/24", "10.0.1.7", "2001:db8:1::/64"].map(|net| net.parse().unwrap());
    let source = |peer: &str, lines: &[&'static str]| {
        let mut request = http::Request::builder();
        for line in lines {
            request = request.header("x-forwarded-for", *line);
        }
        // What these say never counts.
        let request = request.header("forwarded", "for=9.9.9.9");
        let request = request.header("x-real-ip", "9.9.9.9");
        let peer: std::net::SocketAddr = peer.parse().unwrap();
        let request = request.extension(axum::extract::ConnectInfo(peer));
        let request = request.body(Body::empty()).unwrap();
        let located = Proxies::new(&trusted).locate(request);
        source_of(&located.into_parts().0).to_string()
    };
    for (peer, lines, expected) in [
        // From strangers nothing is believed, not even about named proxies.
        ("1.2.3.4:5", &[][..], "1.2.3.4"),
        ("1.2.3.4:5", &["9.9.9.9"], "1.2.3.4"),
        ("1.2.3.4:5", &["9.9.9.9, 10.0.0.1"], "1.2.3.4"),
        ("10.0.1.8:5", &["9.9.9.9"], "10.0.1.8"),
        ("[2001:db8:2::1]:5", &["9.9.9.9"], "2001:db8:2::1"),
        // From a proxy, the right-most address that is none.
        ("10.0.0.1:5", &[], "10.0.0.1"),
        ("10.0.0.1:5", &["5.6.7.8"], "5.6.7.8"),
        ("10.0.1.7:5", &["5.6.7.8"], "5.6.7.8"),
        ("[::ffff:10.0.0.1]:5", &["5.6.7.8"], "5.6.7.8"),
        ("10.0.0.1:5", &["9.9.9.9, 5.6.7.8"], "5.6.7.8"),
        ("10.0.0.1:5", &["9.9.9.9,5.6.7.8 , 10.0.0.2"], "5.6.7.8"),
        ("10.0.0.1:5", &["9.9.9.9", "5.6.7.8", "10.0.1.7"], "5.6.7.8"),
        ("10.0.0.1:5", &["10.0.0.9, 5.6.7.8"], "5.6.7.8"),
        ("10.0.0.1:5", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        // Ports, brackets, IPv6, IPv4 written as IPv6.
        ("10.0.0.1:5", &["5.6.7.8:4711"], "5.6.7.8"),
        ("10.0.0.1:5", &["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1:5", &["[2001:db8::7]"], "2001:db8::7"),
        ("10.0.0.1:5", &["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1:5", &["::ffff:5.6.7.8"], "5.6.7.8"),
        (
            "[2001:db8:1::9]:5",
            &["5.6.7.8, ::ffff:10.0.0.2"],
            "5.6.7.8",
        ),
        // What is no address stays with the proxy that wrote it.
        ("10.0.0.1:5", &["9.9.9.9, unknown"], "10.0.0.1"),
        ("10.0.0.1:5", &["9.9.9.9, , 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1:5", &["", "5.6.7.8"], "5.6.7.8"),
        ("10.0.0.1:5", &["5.6.7.8", ""], "10.0.0.1"),
        ("10.0.0.1:5", &["9.9.9.9, 5.6.7.8:x"], "10.0.0.1"),
    ] {
        assert_eq!(source(peer, lines), expected, "{peer}: {lines:?}");
    }
}
