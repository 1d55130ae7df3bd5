//! RFC 4918 §8.2, §17, §20.6: XML that is broken, too much, or meant badly.

use axum::http::StatusCode;

use super::super::Element;
use super::super::tree::{DEPTH_MAX, ELEMENTS_MAX};
use crate::dav::error::DavError;

fn refused(body: impl AsRef<[u8]>) -> DavError {
    Element::parse(body.as_ref()).unwrap_err()
}

#[test]
fn broken_xml_is_400_and_names_the_line() {
    let bodies = [
        "",
        "   ",
        "no markup",
        "<a>",
        "<a></b>",
        "<a/>\n<b/>",
        "<a/> text",
        "<a",
        "<a><b></a></b>",
        "<p:a/>",
        "<a x='1' x='2'/>",
        "<a x=1/>",
        "<a>&bogus;</a>",
        "<a>&#0;</a>",
        "<a>&#x1;</a>",
        "<a>& b</a>",
        "<a x='&bogus;'/>",
        "<a><![CDATA[</a>",
        "<1a/>",
        "<a\"b/>",
        "<:a/>",
        "<xml:a/>",
    ];
    for body in bodies {
        let error = refused(body);
        assert_eq!(error.status, StatusCode::BAD_REQUEST, "{body:?}");
        assert!(error.reason().contains("line "), "{}", error.reason());
    }
    assert!(refused("<a>\n\n</b>").reason().contains("line 3"));
}

#[test]
fn a_doctype_and_entities_are_refused() {
    let bodies = [
        "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"http://127.0.0.1/\">]><a>&x;</a>",
    ];
    for body in bodies {
        let error = refused(body);
        assert_eq!(error.status, StatusCode::BAD_REQUEST);
        assert!(error.reason().contains("DOCTYPE"), "{}", error.reason());
    }
}

#[test]
fn bytes_that_are_no_text_are_400() {
    assert!(refused(b"<a>\n\xff</a>").reason().contains("line 2"));
    assert!(refused(b"\xff\xfe<\0a\0/\0>\0").reason().contains("UTF-8"));
    assert!(refused("<a>\0</a>").reason().contains("U+0000"));
    assert!(refused("<a>\u{1}</a>").reason().contains("U+0001"));
    assert!(refused("<a>\u{ffff}</a>").reason().contains("U+FFFF"));
}

#[test]
fn deep_nesting_is_refused_at_once_and_needs_no_stack() {
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    let error = refused(deep);
    assert_eq!(error.status, StatusCode::BAD_REQUEST);
    assert!(error.reason().contains("nested"));
    let fits = format!("{}{}", "<a>".repeat(DEPTH_MAX), "</a>".repeat(DEPTH_MAX));
    assert!(Element::parse(fits.as_bytes()).is_ok());
}

#[test]
fn too_many_elements_are_refused_with_the_limit() {
    let many = format!("<a>{}</a>", "<b/>".repeat(ELEMENTS_MAX));
    let error = refused(many);
    assert_eq!(error.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(error.reason().contains(&ELEMENTS_MAX.to_string()));
}

#[test]
fn a_byte_order_mark_comments_and_instructions_are_no_trouble() {
    let body = "\u{feff}<?xml version=\"1.0\"?><!-- c --><?p i?><a x='&lt;&#65;'>b<!-- --><![CDATA[<]]>&amp;</a> ";
    let a = Element::parse(body.as_bytes()).unwrap();
    assert_eq!(a.text(), "b<&");
    assert_eq!(a.attribute("x"), Some("<A"));
}
