//! Live properties: their names, on which resources they are, how their values are written, and
//! whether clients may set them (RFC 4918 §15, RFC 3744 §4, §5, RFC 4791 §5.2, §6.2, RFC 6578 §4).
//!
//! One table tells all of it, so `prop`, `allprop`, `propname` and PROPPATCH cannot disagree.
//! Whatever is not in the table is a dead property: a calendar keeps it as it came.

#[expect(
    clippy::unnecessary_wraps,
    reason = "one signature for the whole table"
)]
mod acl;
mod caldav;
#[expect(
    clippy::unnecessary_wraps,
    reason = "one signature for the whole table"
)]
mod webdav;

pub(crate) use webdav::{content_type, http_date};

use super::xml::multistatus::Propstats;
use super::xml::request::PropRequest;
use super::xml::{APPLE, CALDAV, CALENDARSERVER, DAV, Name, Xml};
use crate::calendar::{Calendar, CalendarRef, ObjectEntry, PropertyValue};
use crate::identity::{Actor, Handle};

/// A resource, as far as its properties need it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'s> {
    /// `/dav/`, `/dav/principals/` or `/dav/calendars/`.
    Collection,
    /// A principal.
    Principal(&'s Handle),
    /// A calendar home.
    Home(&'s Handle),
    /// A calendar.
    Calendar(&'s Calendar),
    /// A calendar object in a calendar.
    Object(&'s CalendarRef, &'s ObjectEntry),
}

impl<'s> Subject<'s> {
    /// Whose it is.
    const fn owner(self) -> Option<&'s Handle> {
        match self {
            Self::Collection => None,
            Self::Principal(who) | Self::Home(who) => Some(who),
            Self::Calendar(calendar) => Some(&calendar.at.owner),
            Self::Object(calendar, _) => Some(&calendar.owner),
        }
    }

    const fn calendar(self) -> Option<&'s Calendar> {
        match self {
            Self::Calendar(calendar) => Some(calendar),
            _ => None,
        }
    }

    const fn object(self) -> Option<&'s ObjectEntry> {
        match self {
            Self::Object(_, entry) => Some(entry),
            _ => None,
        }
    }
}

/// Who looks, and what holds for all resources.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'v> {
    /// Who looks.
    pub(crate) actor: &'v Actor,
    /// The largest calendar object, in bytes.
    pub(crate) max_resource_size: usize,
}

/// Writes the value of a property; `None` where the resource has no such property.
type Write = fn(Subject<'_>, View<'_>) -> Option<Xml>;

struct Live {
    namespace: &'static str,
    local: &'static str,
    write: Write,
    may_set: MaySet,
    in_allprop: bool,
}

/// Whether clients may set a live property of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaySet {
    /// Protected (RFC 4918 §15).
    No,
    /// Text that the calendar keeps.
    Text,
    /// Only while the calendar is made.
    AtCreation,
}

impl Live {
    const fn new(namespace: &'static str, local: &'static str, write: Write) -> Self {
        Self {
            namespace,
            local,
            write,
            may_set: MaySet::No,
            in_allprop: false,
        }
    }

    /// One of those that RFC 4918 defines; only they are in `allprop` (RFC 4791 §5.2, RFC 3744 §5).
    const fn in_allprop(self) -> Self {
        Self {
            in_allprop: true,
            ..self
        }
    }

    const fn may_set(self, may_set: MaySet) -> Self {
        Self { may_set, ..self }
    }

    fn name(&self) -> Name {
        Name::new(self.namespace, self.local)
    }

    fn write(&self, subject: Subject<'_>, view: View<'_>, to: &mut Xml) -> bool {
        let Some(value) = (self.write)(subject, view) else {
            return false;
        };
        to.within(self.namespace, self.local, |xml| {
            xml.markup(&value.finish());
        });
        true
    }
}

const LIVE: &[Live] = &[
    Live::new(DAV, "resourcetype", webdav::resourcetype).in_allprop(),
    Live::new(DAV, "displayname", webdav::displayname)
        .in_allprop()
        .may_set(MaySet::Text),
    Live::new(DAV, "getetag", webdav::getetag).in_allprop(),
    Live::new(DAV, "getcontenttype", webdav::getcontenttype).in_allprop(),
    Live::new(DAV, "getcontentlength", webdav::getcontentlength).in_allprop(),
    Live::new(DAV, "getlastmodified", webdav::getlastmodified).in_allprop(),
    Live::new(DAV, "supported-report-set", webdav::supported_report_set),
    Live::new(DAV, "sync-token", webdav::sync_token),
    Live::new(CALENDARSERVER, "getctag", webdav::sync_token),
    Live::new(DAV, "owner", acl::owner),
    Live::new(DAV, "principal-URL", acl::principal_url),
    Live::new(DAV, "current-user-principal", acl::current_user_principal),
    Live::new(
        DAV,
        "principal-collection-set",
        acl::principal_collection_set,
    ),
    Live::new(
        DAV,
        "current-user-privilege-set",
        acl::current_user_privilege_set,
    ),
    Live::new(CALDAV, "calendar-home-set", caldav::calendar_home_set),
    Live::new(
        CALDAV,
        "calendar-user-address-set",
        caldav::calendar_user_address_set,
    ),
    Live::new(CALDAV, "calendar-description", caldav::description).may_set(MaySet::Text),
    Live::new(CALDAV, "calendar-timezone", caldav::timezone).may_set(MaySet::Text),
    Live::new(APPLE, "calendar-color", caldav::color).may_set(MaySet::Text),
    Live::new(APPLE, "calendar-order", caldav::order).may_set(MaySet::Text),
    Live::new(
        CALDAV,
        "supported-calendar-component-set",
        caldav::supported_calendar_component_set,
    )
    .may_set(MaySet::AtCreation),
    Live::new(
        CALDAV,
        "supported-calendar-data",
        caldav::supported_calendar_data,
    ),
    Live::new(
        CALDAV,
        "supported-collation-set",
        caldav::supported_collation_set,
    ),
    Live::new(CALDAV, "max-resource-size", caldav::max_resource_size),
];

fn live(name: &Name) -> Option<&'static Live> {
    LIVE.iter().find(|live| name.is(live.namespace, live.local))
}

/// Whether clients may set the live property of this name; `None` for a dead one.
pub(crate) fn may_set(name: &Name) -> Option<MaySet> {
    live(name).map(|live| live.may_set)
}

/// What is asked of one resource.
pub(crate) fn answer(request: &PropRequest, subject: Subject<'_>, view: View<'_>) -> Propstats {
    let mut propstats = Propstats::new();
    match request {
        PropRequest::Props(names) => {
            for name in names {
                one(name, subject, view, &mut propstats);
            }
        }
        PropRequest::All(include) => {
            for live in LIVE.iter().filter(|live| live.in_allprop) {
                live.write(subject, view, propstats.found());
            }
            for (name, value) in dead(subject) {
                write_dead(name, value, propstats.found());
            }
            let known = |name: &Name| live(name).is_some_and(|live| live.in_allprop);
            for name in include.iter().filter(|name| !known(name)) {
                one(name, subject, view, &mut propstats);
            }
        }
        PropRequest::Names => {
            for live in LIVE {
                if (live.write)(subject, view).is_some() {
                    propstats.found().empty_named(&live.name());
                }
            }
            for (name, _) in dead(subject) {
                propstats.found().empty_named(name);
            }
        }
    }
    propstats
}

fn one(name: &Name, subject: Subject<'_>, view: View<'_>, to: &mut Propstats) {
    if let Some(live) = live(name) {
        if !live.write(subject, view, to.found()) {
            to.missing(name);
        }
        return;
    }
    let value = subject
        .calendar()
        .and_then(|calendar| calendar.properties.get(name));
    match value {
        Some(value) => write_dead(name, value, to.found()),
        None => to.missing(name),
    }
}

/// The dead properties of a resource.
fn dead(subject: Subject<'_>) -> impl Iterator<Item = (&Name, &PropertyValue)> {
    let of = subject.calendar().into_iter();
    of.flat_map(|calendar| calendar.properties.iter())
        .filter(|(name, _)| live(name).is_none())
}

/// A dead property is kept as the whole element, which stands alone.
fn write_dead(name: &Name, value: &PropertyValue, to: &mut Xml) {
    match value {
        PropertyValue::Xml(markup) => to.markup(markup),
        PropertyValue::Text(text) => to.element_named(name, text),
    }
}
