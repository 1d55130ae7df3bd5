//! What can be wrong with iCalendar text: a line number and a reason that names what was expected.

/// iCalendar text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct IcalError {
    /// The physical line of the input where the faulty content line begins, counted from 1.
    pub line: u32,
    /// What is wrong there.
    pub reason: Reason,
}

impl IcalError {
    pub(crate) fn new(line: u32, reason: Reason) -> Self {
        Self { line, reason }
    }

    pub(crate) fn value(line: u32, property: &str, value: &str, expected: &'static str) -> Self {
        Self::new(line, Reason::value(property, value, expected))
    }
}

/// Why a line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A byte of value zero.
    #[error("a NUL byte; iCalendar is text, remove the byte")]
    NulByte,
    /// Bytes that are no UTF-8, after unfolding (RFC 5545 §3.1.4).
    #[error("not UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// No colon ends the name and parameters (RFC 5545 §3.1).
    #[error("`{0}` is no content line: expected NAME;PARAM=VALUE:VALUE")]
    NotContentLine(String),
    /// Components are nested deeper than any real calendar.
    #[error("components are nested more than {0} deep")]
    TooDeep(usize),
    /// The text ends, or the parent ends, inside a component.
    #[error("BEGIN:{0} is never ended: expected END:{0}")]
    Unclosed(String),
    /// An `END` without its `BEGIN`.
    #[error("END:{found} where END:{expected} was expected")]
    UnmatchedEnd {
        /// The name after `END:`.
        found: String,
        /// The innermost open component; empty when none is open.
        expected: String,
    },
    /// A content line outside every component.
    #[error("`{0}` stands outside of BEGIN:VCALENDAR and END:VCALENDAR")]
    Outside(String),
    /// There is no component at all.
    #[error("no BEGIN:VCALENDAR in the text")]
    Empty,
    /// The outermost component is not `VCALENDAR`.
    #[error("BEGIN:{0} where BEGIN:VCALENDAR was expected")]
    NotCalendar(String),
    /// A stream of several calendars where one was expected (RFC 5545 §3.4).
    #[error("a second BEGIN:VCALENDAR; one object was expected")]
    SeveralCalendars,
    /// A property's value is not of its type.
    #[error("{property} has the value `{value}`: expected {expected}")]
    Value {
        /// The property's name.
        property: String,
        /// The value as found, cut to 100 characters.
        value: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// A file could not be read further.
    #[error("reading stopped: {0}")]
    Read(String),
    /// A component repeats another one (same UID and RECURRENCE-ID).
    #[error(
        "{0} repeats another component with the same UID and RECURRENCE-ID; this one is left out"
    )]
    Repeated(String),
    /// A component that is no calendar object and so cannot be stored as one.
    #[error("{0} is none of VEVENT, VTODO, VJOURNAL and VFREEBUSY; it is left out")]
    NotObject(String),
    /// A component larger than any real one.
    #[error("a component larger than {0} bytes")]
    TooLarge(usize),
}

impl Reason {
    pub(crate) fn value(property: &str, value: &str, expected: &'static str) -> Self {
        Self::Value {
            property: property.to_ascii_uppercase(),
            value: cut(value),
            expected,
        }
    }
}

/// The first 100 characters, so that a message stays readable.
pub(crate) fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}
