//! Properties about who owns what and who may what (RFC 3744 §4, §5; RFC 5397).

use super::super::path::principal_href;
use super::super::xml::{CALDAV, DAV, Xml};
use super::{Subject, View};
use crate::identity::Scope;

pub(super) fn href(href: &str) -> Xml {
    let mut xml = Xml::piece();
    xml.element(DAV, "href", href);
    xml
}

pub(super) fn owner(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    subject.owner().map(|who| href(&principal_href(who)))
}

pub(super) fn principal_url(subject: Subject<'_>, _: View<'_>) -> Option<Xml> {
    match subject {
        Subject::Principal(who) => Some(href(&principal_href(who))),
        _ => None,
    }
}

pub(super) fn current_user_principal(_: Subject<'_>, view: View<'_>) -> Option<Xml> {
    Some(href(&principal_href(&view.actor.handle)))
}

pub(super) fn principal_collection_set(_: Subject<'_>, _: View<'_>) -> Option<Xml> {
    Some(href("/dav/principals/"))
}

/// What the looker may do. An owner may do everything with what is theirs, unless their token only
/// reads; nobody else sees it.
pub(super) fn current_user_privilege_set(subject: Subject<'_>, view: View<'_>) -> Option<Xml> {
    let is_owner = subject.owner() == Some(&view.actor.handle);
    let reads_only = !view.actor.scopes.has(Scope::Caldav);
    let privileges: &[(&str, &str)] = match subject {
        Subject::Calendar(_) | Subject::Object(..) if is_owner && reads_only => &[
            (DAV, "read"),
            (DAV, "read-current-user-privilege-set"),
            (CALDAV, "read-free-busy"),
        ],
        Subject::Calendar(_) if is_owner => &[
            (DAV, "read"),
            (DAV, "read-current-user-privilege-set"),
            (CALDAV, "read-free-busy"),
            (DAV, "write"),
            (DAV, "write-properties"),
            (DAV, "write-content"),
            (DAV, "bind"),
            (DAV, "unbind"),
        ],
        Subject::Object(..) if is_owner => &[
            (DAV, "read"),
            (DAV, "read-current-user-privilege-set"),
            (CALDAV, "read-free-busy"),
            (DAV, "write"),
            (DAV, "write-content"),
        ],
        Subject::Home(_) if is_owner && !reads_only => &[
            (DAV, "read"),
            (DAV, "read-current-user-privilege-set"),
            (DAV, "bind"),
            (DAV, "unbind"),
        ],
        _ => &[(DAV, "read"), (DAV, "read-current-user-privilege-set")],
    };
    let mut xml = Xml::piece();
    for (namespace, local) in privileges {
        xml.within(DAV, "privilege", |xml| xml.empty(namespace, local));
    }
    Some(xml)
}
