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
    assert_eq!(read_body(Body::from("four"), 4).await.unwrap(), "four");
    let refused = read_body(Body::from("five!"), 4).await.unwrap_err();
    assert!(refused.to_string().contains("4 bytes"));
    let chunks =
        ["ab", "cd", "e"].map(|c| Ok::<_, std::io::Error>(bytes::Bytes::from_static(c.as_bytes())));
    let stream = Body::from_stream(futures_util::stream::iter(chunks));
    assert!(matches!(
        read_body(stream, 4).await,
        Err(BodyError::TooLarge { limit: 4 })
    ));
}
