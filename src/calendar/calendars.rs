//! The use cases of calendars themselves.

use super::{Calendar, CalendarError, CalendarRef, Calendars, NewCalendar, PropertyChange};
use crate::base::Precondition;
use crate::identity::{Actor, Handle};

impl Calendars {
    /// The calendars in a home.
    pub async fn home(
        &self,
        actor: &Actor,
        owner: &Handle,
    ) -> Result<Vec<Calendar>, CalendarError> {
        unimplemented!()
    }
    /// One.
    pub async fn calendar(
        &self,
        actor: &Actor,
        at: &CalendarRef,
    ) -> Result<Calendar, CalendarError> {
        unimplemented!()
    }
    /// Make.
    pub async fn create_calendar(
        &self,
        actor: &Actor,
        new: NewCalendar,
    ) -> Result<Calendar, CalendarError> {
        unimplemented!()
    }
    /// Make or get.
    pub async fn ensure_calendar(
        &self,
        actor: &Actor,
        new: NewCalendar,
    ) -> Result<Calendar, CalendarError> {
        unimplemented!()
    }
    /// All or nothing.
    pub async fn change_properties(
        &self,
        actor: &Actor,
        at: &CalendarRef,
        changes: Vec<PropertyChange>,
    ) -> Result<Calendar, CalendarError> {
        unimplemented!()
    }
    /// With all in it.
    pub async fn delete_calendar(
        &self,
        actor: &Actor,
        at: &CalendarRef,
        precondition: Precondition,
    ) -> Result<(), CalendarError> {
        unimplemented!()
    }
}
