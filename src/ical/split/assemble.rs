//! Components of one calendar, gathered into objects.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use sha2::{Digest as _, Sha256};

use crate::crypto::hex;

use super::super::error::{IcalError, Reason};
use super::super::object::{Item, Kind};
use super::super::text::{Component, ContentLine, Entry};
use super::chunk::push_crlf;
use super::{SplitObject, UidOrigin};

/// The calendar that is being read.
#[derive(Default)]
pub(super) struct Calendar {
    /// Its own content lines.
    head: Vec<u8>,
    zones: Vec<Zone>,
    groups: Vec<Group>,
    by_uid: HashMap<(Kind, String), usize>,
    /// Digests of UIDs given away before the calendar's end.
    gone: HashSet<u64>,
    /// Bytes in `groups`.
    held: usize,
}

/// What became of one of the calendar's own lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Kept,
    /// It says what the file was sent for, which a stored object must not.
    LeftOut,
}

struct Zone {
    tzid: String,
    bytes: Vec<u8>,
}

/// The components of one UID.
struct Group {
    kind: Kind,
    uid: String,
    uid_origin: UidOrigin,
    line: u32,
    parts: Vec<Part>,
    is_given: bool,
}

struct Part {
    bytes: Vec<u8>,
    item: Item,
    tzids: Vec<String>,
}

impl Calendar {
    /// Takes one of the calendar's own lines.
    pub(super) fn push_head(&mut self, bytes: &[u8], line: u32) -> Result<Head, IcalError> {
        let logical = super::super::text::logical_lines(bytes).next();
        let Some(logical) = logical else {
            return Ok(Head::Kept);
        };
        let content = ContentLine::parse(logical.decode().map_err(|error| at(error, line))?, line)?;
        if content.is("METHOD") {
            return Ok(Head::LeftOut);
        }
        push_crlf(bytes, &mut self.head);
        Ok(Head::Kept)
    }

    /// Takes a component whose `BEGIN` was at `line`.
    pub(super) fn push(&mut self, bytes: &[u8], line: u32) -> Result<(), IcalError> {
        let shifted = |error: IcalError| at(error, line);
        let component = Component::parse_all(bytes)
            .map_err(shifted)?
            .into_iter()
            .next();
        let Some(component) = component else {
            return Ok(());
        };
        if component.is("VTIMEZONE") {
            let tzid = component
                .first("TZID")
                .map(|line| line.value().trim().to_owned());
            let tzid = tzid.unwrap_or_default();
            if self.zones.iter().all(|zone| zone.tzid != tzid) {
                self.zones.push(Zone {
                    tzid,
                    bytes: crlf(bytes),
                });
            }
            return Ok(());
        }
        let Some(kind) = Kind::of(component.name()) else {
            let name = super::super::error::cut(component.name());
            return Err(IcalError::new(line, Reason::NotObject(name)));
        };
        let item = Item::read(&component, 0, kind).map_err(shifted)?;
        self.group(&component, item, bytes, line)
    }

    fn group(
        &mut self,
        component: &Component,
        item: Item,
        bytes: &[u8],
        line: u32,
    ) -> Result<(), IcalError> {
        let mut bytes = crlf(bytes);
        let (uid, uid_origin) = if let Some(uid) = &item.uid {
            (uid.clone(), UidOrigin::File)
        } else {
            let uid = digest(component);
            insert_uid(&mut bytes, &uid);
            (uid, UidOrigin::Digest)
        };
        let repeated = || IcalError::new(line, Reason::Repeated(component.name().to_owned()));
        if self.gone.contains(&hash(item.kind, &uid)) {
            return Err(repeated());
        }
        let mut tzids = Vec::new();
        collect_tzids(component, &mut tzids);
        self.held += bytes.len();
        let key = (item.kind, uid.clone());
        let part = Part { bytes, item, tzids };
        let known = self.by_uid.get(&key).copied();
        if let Some(group) = known.and_then(|index| self.groups.get_mut(index)) {
            let same = |known: &Part| {
                known.item.recurrence_id == part.item.recurrence_id
                    && known.item.range == part.item.range
            };
            if group.parts.iter().any(same) {
                return Err(repeated());
            }
            group.parts.push(part);
            return Ok(());
        }
        self.by_uid.insert(key, self.groups.len());
        self.groups.push(Group {
            kind: part.item.kind,
            uid,
            uid_origin,
            line,
            parts: vec![part],
            is_given: false,
        });
        Ok(())
    }

    /// How many bytes wait.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Gives away the objects that need no further component: neither a series nor an exception.
    pub(super) fn take_simple(&mut self) -> Vec<SplitObject> {
        let mut simple = Vec::new();
        for group in &mut self.groups {
            let is_simple =
                |part: &Part| !part.item.is_recurring() && part.item.recurrence_id.is_none();
            if !group.is_given && group.parts.iter().all(is_simple) {
                simple.push(object(&self.head, &self.zones, group));
                self.gone.insert(hash(group.kind, &group.uid));
                self.held -= group
                    .parts
                    .iter()
                    .map(|part| part.bytes.len())
                    .sum::<usize>();
                self.by_uid
                    .remove(&(group.kind, std::mem::take(&mut group.uid)));
                group.is_given = true;
                group.parts = Vec::new();
            }
        }
        simple
    }

    /// All that is left, at the end of the calendar.
    pub(super) fn finish(self) -> Vec<SplitObject> {
        let left = self.groups.iter().filter(|group| !group.is_given);
        left.map(|group| object(&self.head, &self.zones, group))
            .collect()
    }
}

/// Writes one object.
fn object(head: &[u8], zones: &[Zone], group: &Group) -> SplitObject {
    let mut text = b"BEGIN:VCALENDAR\r\n".to_vec();
    text.extend_from_slice(head);
    let is_named = |zone: &&Zone| {
        group
            .parts
            .iter()
            .any(|part| part.tzids.contains(&zone.tzid))
    };
    for zone in zones.iter().filter(is_named) {
        text.extend_from_slice(&zone.bytes);
    }
    for part in &group.parts {
        text.extend_from_slice(&part.bytes);
    }
    text.extend_from_slice(b"END:VCALENDAR\r\n");
    SplitObject {
        uid: group.uid.clone(),
        kind: group.kind,
        line: group.line,
        text,
        uid_origin: group.uid_origin,
    }
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut normal = Vec::with_capacity(bytes.len() + 64);
    push_crlf(bytes, &mut normal);
    normal
}

/// The line counted from the start of the stream instead of the component.
fn at(error: IcalError, begin: u32) -> IcalError {
    IcalError {
        line: (error.line + begin).saturating_sub(1),
        ..error
    }
}

/// The zones that any line of the component names.
fn collect_tzids(component: &Component, to: &mut Vec<String>) {
    for entry in component.entries() {
        match entry {
            Entry::Line(line) => {
                let tzid = line.param("TZID").map(|tzid| tzid.trim().to_owned());
                to.extend(tzid.filter(|tzid| !to.contains(tzid)));
            }
            Entry::Component(inner) => collect_tzids(inner, to),
        }
    }
}

/// A UID from what the component says.
fn digest(component: &Component) -> String {
    const VOLATILE: [&str; 4] = ["DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE"];
    let mut hasher = Sha256::new();
    for line in component
        .lines()
        .filter(|line| !VOLATILE.iter().any(|name| line.is(name)))
    {
        hasher.update(line.raw());
        hasher.update(b"\n");
    }
    let digest = hasher.finalize();
    hex(digest.first_chunk::<16>().unwrap_or(&[0; 16]))
}

/// Puts the UID behind the `BEGIN` line.
fn insert_uid(bytes: &mut Vec<u8>, uid: &str) {
    let begin = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let rest = bytes.split_off(begin);
    bytes.extend(format!("UID:{uid}\r\n").into_bytes());
    bytes.extend(rest);
}

fn hash(kind: Kind, uid: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, uid).hash(&mut hasher);
    hasher.finish()
}
