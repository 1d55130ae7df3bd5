//! Import: many objects at once, again and again without harm.

use super::{CalendarError, CalendarRef, Calendars};
use crate::identity::Actor;

/// Objects to be taken in.
#[derive(Debug, Clone)]
pub struct Import {
    /// Into which calendar.
    pub at: CalendarRef,
    /// One text for each object.
    pub objects: Vec<Vec<u8>>,
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is new.
    Created,
    /// It replaced another version.
    Replaced,
    /// It was there; nothing was written.
    Unchanged,
    /// It cannot be stored, and why.
    Refused(String),
}

impl Calendars {
    /// Import.
    pub async fn import(
        &self,
        actor: &Actor,
        import: Import,
    ) -> Result<Vec<ImportOutcome>, CalendarError> {
        unimplemented!()
    }
}
