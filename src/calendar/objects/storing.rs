//! Storing one object inside a transaction: what PUT, import and a new zone have in common.

use jiff::tz::TimeZone;

use super::repo::{self, NewObject, Present};
use crate::base::{ETag, Id};
use crate::calendar::model::CalendarRow;
use crate::calendar::repo as calendars;
use crate::calendar::time_index::{Times, are_local, horizon, times};
use crate::calendar::{
    Calendar, CalendarError, Calendars, ObjectName, Outcome, PropertyName, PropertyValue,
    StoredObject, rules,
};
use crate::ical::CalendarObject;
use crate::ical::object::Kind;
use crate::ical::zone;
use crate::identity::Granted;
use crate::store::{Conn, StoreError, Tx};

/// An object that a client sent, read and found right.
pub(in crate::calendar) struct Incoming {
    pub(in crate::calendar) object: CalendarObject,
    pub(in crate::calendar) kind: Kind,
    pub(in crate::calendar) uid: String,
    pub(in crate::calendar) uid_hash: [u8; 32],
    pub(in crate::calendar) etag: ETag,
    body: Vec<u8>,
    /// Its times, unless they depend on the zone of the calendar it goes to.
    times: Option<Times>,
}

impl Incoming {
    /// Reads a client's bytes; everything that can be done before the transaction.
    pub(in crate::calendar) fn read(of: &Calendars, body: Vec<u8>) -> Result<Self, CalendarError> {
        let object = rules::read(&body, of.limits.max_object_bytes)?;
        // The rules have seen a component with a UID.
        let (kind, uid) = object.kind().zip(object.uid()).ok_or_else(|| {
            StoreError::Value("an object without component passed the rules".to_owned())
        })?;
        let window = horizon(of.store.clock().now(), of.limits.horizon);
        let settled = !are_local(&object);
        Ok(Self {
            kind,
            uid: uid.to_owned(),
            uid_hash: of.uid_hash(uid)?,
            etag: of.etag_of(&body)?,
            times: settled.then(|| times(&object, &TimeZone::UTC, window)),
            body,
            object,
        })
    }
}

/// Where an object goes.
pub(in crate::calendar) struct Place<'a> {
    pub(in crate::calendar) granted: &'a Granted<Calendar>,
    pub(in crate::calendar) calendar: &'a mut CalendarRow,
    pub(in crate::calendar) name: &'a ObjectName,
    pub(in crate::calendar) present: Option<Present>,
}

/// Stores the object, unless the same bytes are there, and takes a number for the change. The
/// calendar is locked, the name is the right one for the UID.
pub(in crate::calendar) async fn store(
    of: &Calendars,
    tx: &Tx,
    place: Place<'_>,
    incoming: &Incoming,
) -> Result<(Id<StoredObject>, Outcome), CalendarError> {
    if let Some(present) = &place.present
        && present.etag == incoming.etag
    {
        return Ok((present.id, Outcome::Unchanged));
    }
    let local_times;
    let times = if let Some(times) = &incoming.times {
        times
    } else {
        let zone = zone_of(of, tx, place.calendar.id).await?;
        local_times = times(
            &incoming.object,
            &zone,
            horizon(tx.now(), of.limits.horizon),
        );
        &local_times
    };
    let id = match &place.present {
        Some(present) => present.id,
        None => tx.new_id(),
    };
    let new = NewObject {
        id,
        name: place.name,
        uid_hash: &incoming.uid_hash,
        component: incoming.kind.name(),
        etag: &incoming.etag,
        size_bytes: incoming.body.len(),
        times,
        seq: calendars::step(tx, place.granted, place.calendar).await?,
        sealed: of.seal_body(place.calendar, id, &incoming.body).await?,
    };
    if let Some(present) = &place.present {
        repo::replace(tx, place.granted, new, present).await?;
        return Ok((id, Outcome::Replaced));
    }
    calendars::remove_tombstone(tx, place.granted, place.name).await?;
    repo::insert(tx, place.granted, new).await?;
    Ok((id, Outcome::Created))
}

/// The zone of a calendar's days and floating times.
pub(in crate::calendar) async fn zone_of(
    of: &Calendars,
    conn: &Conn,
    calendar: Id<Calendar>,
) -> Result<TimeZone, CalendarError> {
    let sealed = calendars::property(conn, calendar, &PropertyName::time_zone()).await?;
    let value = match sealed {
        Some(sealed) => Some(of.open_property(sealed).await?),
        None => None,
    };
    let text = value
        .as_ref()
        .and_then(|(_, value)| PropertyValue::as_text(value));
    let zone = text.and_then(zone::of_calendar);
    Ok(zone.unwrap_or_else(|| of.limits.default_zone.clone()))
}

/// Reads the days and floating times of a calendar in another zone. The calendar is locked.
pub(in crate::calendar) async fn read_again_in(
    of: &Calendars,
    tx: &Tx,
    calendar: &CalendarRow,
    zone: &TimeZone,
) -> Result<(), CalendarError> {
    let window = horizon(tx.now(), of.limits.horizon);
    let mut after = None;
    loop {
        let some = repo::local_behind(tx, calendar.id, after).await?;
        let Some(last) = some.last() else {
            return Ok(());
        };
        after = Some(last.id);
        for sealed in some {
            let id = sealed.id;
            let object = of.open_object(sealed).await?;
            let object = parsed(id, &object.body)?;
            repo::reindex(tx, calendar.id, id, &times(&object, zone, window)).await?;
        }
    }
}

/// A stored body as an object: it was one when it was stored.
pub(in crate::calendar) fn parsed(
    id: impl std::fmt::Display,
    body: &[u8],
) -> Result<CalendarObject, CalendarError> {
    let object = CalendarObject::parse(body);
    Ok(object.map_err(|why| {
        StoreError::Value(format!(
            "the calendar object {id} cannot be read again: {why}"
        ))
    })?)
}
