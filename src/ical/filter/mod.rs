//! Filters over calendar objects (RFC 4791 §9.7 to §9.9): what `calendar-query` asks, as data, and
//! the answer.
//!
//! **Invariants.** All conditions inside one filter must hold (RFC 4791 §9.7.1). A component filter
//! holds when one component satisfies all of it: time range, properties and inner components of
//! that same component. For a recurring object a time range looks at the occurrences that the
//! component tells the particulars of.
//!
//! **Absent on purpose.** XML: the door builds these values.

mod collation;
mod matching;
#[cfg(test)]
mod tests;

pub use collation::{Collation, TextMatch};

use super::window::Window;

/// `comp-filter` (RFC 4791 §9.7.1). The outermost one names `VCALENDAR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompFilter {
    /// The component's name.
    pub name: String,
    /// What is asked of it.
    pub test: CompTest,
}

/// What a [`CompFilter`] asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompTest {
    /// `is-not-defined`: there is no such component.
    NotDefined,
    /// There is one that satisfies all of these; with none of them, there is one.
    Matches {
        /// `time-range`.
        time_range: Option<Window>,
        /// `prop-filter`s.
        props: Vec<PropFilter>,
        /// Inner `comp-filter`s.
        comps: Vec<CompFilter>,
    },
}

/// `prop-filter` (RFC 4791 §9.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropFilter {
    /// The property's name.
    pub name: String,
    /// What is asked of it.
    pub test: PropTest,
}

/// What a [`PropFilter`] asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropTest {
    /// `is-not-defined`: there is no such property.
    NotDefined,
    /// There is one that satisfies all of these; with none of them, there is one.
    Matches {
        /// `time-range`: the property tells a time inside.
        time_range: Option<Window>,
        /// `text-match` on the value.
        text: Option<TextMatch>,
        /// `param-filter`s.
        params: Vec<ParamFilter>,
    },
}

/// `param-filter` (RFC 4791 §9.7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamFilter {
    /// The parameter's name.
    pub name: String,
    /// What is asked of it.
    pub test: ParamTest,
}

/// What a [`ParamFilter`] asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParamTest {
    /// `is-not-defined`: there is no such parameter.
    NotDefined,
    /// There is one.
    Defined,
    /// There is one whose value matches.
    Text(TextMatch),
}
