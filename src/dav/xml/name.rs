//! Expanded names: a namespace and a local name (XML Namespaces §2.1).

pub(crate) use crate::calendar::PropertyName as Name;

/// The namespace of WebDAV (RFC 4918 §21.1); prefix `D`.
pub(crate) const DAV: &str = "DAV:";
/// The namespace of CalDAV (RFC 4791 §9); prefix `C`.
pub(crate) const CALDAV: &str = "urn:ietf:params:xml:ns:caldav";
/// The namespace of the calendar server extensions, `getctag` among them; prefix `CS`.
pub(crate) const CALENDARSERVER: &str = "http://calendarserver.org/ns/";
/// The namespace of Apple's calendar properties; prefix `A`.
pub(crate) const APPLE: &str = "http://apple.com/ns/ical/";

/// The prefixes that every answer declares.
pub(super) const PREFIXES: [(&str, &str); 4] = [
    ("D", DAV),
    ("C", CALDAV),
    ("CS", CALENDARSERVER),
    ("A", APPLE),
];

/// The name as people write it: `DAV:getetag`, `CALDAV:expand`, else `{namespace}local`.
pub(crate) fn spelled(name: &Name) -> String {
    match name.namespace.as_str() {
        DAV => format!("DAV:{}", name.local),
        CALDAV => format!("CALDAV:{}", name.local),
        other => format!("{{{other}}}{}", name.local),
    }
}

/// Whether XML allows `text` as a name without a colon (XML §2.3, XML Namespaces §3).
pub(super) fn is_ncname(text: &str) -> bool {
    let begins = |c: char| {
        c.is_ascii_alphabetic()
            || matches!(c, '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
                | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}' | '\u{200d}'
                | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
                | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
    };
    let goes_on = |c: char| {
        begins(c)
            || c.is_ascii_digit()
            || matches!(
                c,
                '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}'
            )
    };
    text.chars().next().is_some_and(begins) && text.chars().all(goes_on)
}

/// Whether XML 1.0 can hold the character at all (XML §2.2).
pub(super) const fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
