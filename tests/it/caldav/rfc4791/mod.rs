//! RFC 4791, one file for each section.

mod calendar_data;
mod calendar_multiget;
mod calendar_query;
mod mkcalendar;
mod put;
