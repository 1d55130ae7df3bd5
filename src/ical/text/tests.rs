//! RFC 5545 §3.1, §3.2 and RFC 6868 with values.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::super::error::{IcalError, Reason};
use super::*;

fn line(text: &str) -> ContentLine {
    ContentLine::parse(text, 1).unwrap()
}

fn refused(bytes: &[u8]) -> IcalError {
    Component::parse_all(bytes).unwrap_err()
}

fn summary(bytes: &[u8]) -> String {
    let roots = Component::parse_all(bytes).unwrap();
    roots.first().unwrap().text("SUMMARY").unwrap().into_owned()
}

#[test]
fn bytes_are_unfolded_before_they_are_decoded() {
    assert_eq!(
        summary(b"BEGIN:A\r\nSUMMARY:caf\xC3\r\n \xA9\r\nEND:A\r\n"),
        "café"
    );
    assert_eq!(
        summary(b"BEGIN:A\nSUMMARY:one\n  two\n\tthree\nEND:A\n"),
        "one twothree"
    );
}

#[test]
fn blank_lines_control_characters_and_a_byte_order_mark_are_tolerated() {
    assert_eq!(
        summary(b"\xEF\xBB\xBF\r\nBEGIN:A\r\n\r\nSUMMARY:a\x07b\r\r\n \r\nEND:A"),
        "a\u{7}b"
    );
}

#[test]
fn faults_are_told_with_their_line() {
    assert_eq!(
        refused(b"BEGIN:A\nX:1\n 2\nY:\0\nEND:A"),
        IcalError::new(4, Reason::NulByte)
    );
    assert_eq!(
        refused(b"BEGIN:A\nX:\xFF\nEND:A"),
        IcalError::new(2, Reason::NotUtf8)
    );
    let unclosed = Reason::Unclosed("B".to_owned());
    assert_eq!(refused(b"BEGIN:A\nBEGIN:B\n"), IcalError::new(2, unclosed));
    assert_eq!(
        refused(b"BEGIN:A\nBEGIN:B\nEND:A\n").to_string(),
        "line 3: END:A where END:B was expected"
    );
    assert_eq!(
        refused(b"BEGIN:A\nhello\nEND:A").to_string(),
        "line 2: `hello` is no content line: expected NAME;PARAM=VALUE:VALUE"
    );
    assert_eq!(refused(b"X:1\n").line, 1);
}

#[test]
fn ten_thousand_levels_are_refused_without_recursion() {
    let deep = "BEGIN:A\n".repeat(10_000);
    assert_eq!(
        refused(deep.as_bytes()),
        IcalError::new(101, Reason::TooDeep(MAX_DEPTH))
    );
}

#[test]
fn everything_comes_back_in_its_order_and_letter_case() {
    let text = "BEGIN:vcalendar\r\nx-One;P=1:a\r\nBEGIN:X-THING\r\nA:1\r\nEND:X-THING\r\n\
                Summary;LANGUAGE=de:b\r\nEND:vcalendar\r\n";
    let roots = Component::parse_all(text.as_bytes()).unwrap();
    assert_eq!(roots.first().unwrap().to_text(), text);
}

#[test]
fn lines_are_folded_at_75_octets_between_characters() {
    let long = format!("SUMMARY:{}", "aé漢".repeat(60));
    let folded = fold(&long);
    assert!(folded.ends_with("\r\n"));
    assert!(folded.split("\r\n").all(|line| line.len() <= 75));
    let text = format!("BEGIN:A\r\n{folded}END:A\r\n");
    assert_eq!(format!("SUMMARY:{}", summary(text.as_bytes())), long);
}

#[test]
fn parameters_are_read_by_the_grammar() {
    let attendee =
        line("ATTENDEE;MEMBER=\"mailto:a@b\",\"mailto:c@d\";CN=\"Doe: J;x\";X=:mailto:e@f");
    assert_eq!(attendee.value(), "mailto:e@f");
    assert_eq!(attendee.param("cn").unwrap(), "Doe: J;x");
    assert_eq!(attendee.param("x").unwrap(), "");
    assert_eq!(attendee.param("y"), None);
    let member = attendee
        .params()
        .find(|param| param.name == "MEMBER")
        .unwrap();
    assert_eq!(
        member.values().collect::<Vec<_>>(),
        ["mailto:a@b", "mailto:c@d"]
    );
}

#[test]
fn c10_backslashes_and_quotes_do_not_move_the_colon() {
    let cases = [
        (
            r#"ORGANIZER;CN=Open Air \"Club e.V.\":MAILTO:d@e"#,
            r#"Open Air "Club e.V.""#,
            "MAILTO:d@e",
        ),
        (
            r"ATTENDEE;CN=Student Society\, Class of 2014;PARTSTAT=ACCEPTED:mailto:s@e",
            "Student Society, Class of 2014",
            "mailto:s@e",
        ),
        (
            r#"ATTENDEE;CN="Doe: Jane";X-C="We&rsquo\;ll :)":mailto:j@e"#,
            "Doe: Jane",
            "mailto:j@e",
        ),
        (
            "ATTENDEE;CN=Quoted ^'Nick^' Name^nline two;SENT-BY=\"mailto:d@e\":mailto:n@e",
            "Quoted \"Nick\" Name\nline two",
            "mailto:n@e",
        ),
        (
            "ATTENDEE;CN=x;SENT-BY=mailto:d@e:mailto:r@e",
            "x",
            "mailto:r@e",
        ),
        (
            r#"ATTENDEE;CN="a \"b\" c";ROLE=CHAIR:mailto:r@e"#,
            r#"a "b" c"#,
            "mailto:r@e",
        ),
        (
            r#"ATTENDEE;CN="C:\dir\":mailto:r@e"#,
            r"C:\dir\",
            "mailto:r@e",
        ),
        (r"ATTENDEE;CN=A\;B:mailto:r@e", "A;B", "mailto:r@e"),
        (r"ATTENDEE;CN=A\;ROLE=CHAIR:mailto:r@e", r"A\", "mailto:r@e"),
        ("ATTENDEE;CN=5\" disk:mailto:r@e", "5\" disk", "mailto:r@e"),
        ("ATTENDEE;CN=\"open:mailto:r@e", "\"open", "mailto:r@e"),
    ];
    for (text, name, value) in cases {
        let read = line(text);
        assert_eq!(
            (read.param("CN").unwrap().as_ref(), read.value()),
            (name, value),
            "{text}"
        );
        let tidied = line(read.tidied().raw());
        assert_eq!(
            (tidied.param("CN").unwrap().as_ref(), tidied.value()),
            (name, value),
            "{text}"
        );
        assert_eq!(tidied.params().count(), read.params().count(), "{text}");
    }
}

#[test]
fn tidying_leaves_good_lines_alone_and_quotes_bare_addresses() {
    let good = line("ATTENDEE;CN=\"a, b\";MEMBER=\"x:1\",\"x:2\";X=^^:mailto:a@b");
    assert_eq!(good.tidied().raw(), good.raw());
    let bare = line("ATTENDEE;SENT-BY=mailto:d@e:mailto:r@e");
    assert_eq!(
        bare.tidied().raw(),
        "ATTENDEE;SENT-BY=\"mailto:d@e\":mailto:r@e"
    );
}

#[test]
fn text_is_escaped_and_unescaped() {
    assert_eq!(
        unescape_text(r"a\, b\; c\\ d\n\N \: \x\"),
        "a, b; c\\ d\n\n : \\x\\"
    );
    assert_eq!(escape_text("a, b; c\\ d\r\ne\u{7}"), r"a\, b\; c\\ d\ne");
    assert_eq!(
        split_text_list(r"a\,b,c,,d\\,e").collect::<Vec<_>>(),
        ["a,b", "c", "", "d\\", "e"]
    );
}

#[test]
fn built_lines_carry_any_text_in_parameters() {
    let built = ContentLine::build("ATTENDEE", &[("CN", "a \"b\"\n^c; d")], "mailto:x@y");
    assert_eq!(built.raw(), "ATTENDEE;CN=\"a ^'b^'^n^^c; d\":mailto:x@y");
    assert_eq!(line(built.raw()).param("CN").unwrap(), "a \"b\"\n^c; d");
}
