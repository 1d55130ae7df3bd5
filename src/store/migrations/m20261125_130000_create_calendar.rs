//! The calendar's tables: calendars with their properties, objects with what an index needs of
//! their sealed bodies, the listed occurrences of series, and what was removed.

use super::{Migration, Step, bytes, id, indexed, integer, optional, refers, table, text, unique};

pub(super) const MIGRATION: Migration = Migration {
    name: "m20261125_130000_create_calendar",
    up,
};

fn up() -> Vec<Step> {
    let mut steps = calendars();
    steps.extend(objects());
    steps.extend(derived());
    steps
}

fn calendars() -> Vec<Step> {
    vec![
        Step::Table(
            table("calendar")
                .col(id("id").primary_key())
                .col(id("owner_id"))
                .col(text("slug"))
                .col(text("key_id"))
                .col(text("components"))
                .col(integer("change_seq"))
                .col(integer("floor_seq"))
                .col(integer("created_at"))
                .foreign_key(&mut refers("calendar", "owner_id", "principal"))
                .to_owned(),
        ),
        unique("calendar", &["owner_id", "slug"]),
        Step::Table(
            table("calendar_property")
                .col(id("calendar_id"))
                .col(text("namespace"))
                .col(text("local"))
                .col(bytes("value"))
                .foreign_key(&mut refers("calendar_property", "calendar_id", "calendar"))
                .to_owned(),
        ),
        unique("calendar_property", &["calendar_id", "namespace", "local"]),
    ]
}

fn objects() -> Vec<Step> {
    vec![
        Step::Table(
            table("calendar_object")
                .col(id("id").primary_key())
                .col(id("calendar_id"))
                .col(text("name"))
                .col(bytes("uid_hash"))
                .col(text("component"))
                .col(text("etag"))
                .col(integer("size_bytes"))
                .col(integer("time_index"))
                .col(integer("local_times"))
                .col(integer("first_start"))
                .col(optional(integer("last_end")))
                .col(integer("listed_from"))
                .col(integer("listed_to"))
                .col(integer("change_seq"))
                .col(integer("modified_at"))
                // Last, so that what reads the others does not pass over it.
                .col(bytes("body"))
                .foreign_key(&mut refers("calendar_object", "calendar_id", "calendar"))
                .to_owned(),
        ),
        unique("calendar_object", &["calendar_id", "name"]),
        unique("calendar_object", &["calendar_id", "uid_hash"]),
        indexed("calendar_object", &["calendar_id", "change_seq"]),
        indexed(
            "calendar_object",
            &["calendar_id", "time_index", "first_start"],
        ),
    ]
}

fn derived() -> Vec<Step> {
    vec![
        // Without a reference: hundreds of rows come with one object, in its transaction.
        Step::Table(
            table("calendar_occurrence")
                .col(id("object_id"))
                .col(id("calendar_id"))
                .col(integer("start_at"))
                .col(integer("end_at"))
                .to_owned(),
        ),
        // All columns: the table itself is never asked.
        indexed(
            "calendar_occurrence",
            &["calendar_id", "start_at", "end_at", "object_id"],
        ),
        indexed("calendar_occurrence", &["object_id"]),
        Step::Table(
            table("calendar_tombstone")
                .col(id("calendar_id"))
                .col(text("name"))
                .col(integer("change_seq"))
                .col(integer("deleted_at"))
                .foreign_key(&mut refers("calendar_tombstone", "calendar_id", "calendar"))
                .to_owned(),
        ),
        unique("calendar_tombstone", &["calendar_id", "name"]),
        indexed("calendar_tombstone", &["calendar_id", "change_seq"]),
    ]
}
