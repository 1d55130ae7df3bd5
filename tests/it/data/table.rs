//! Every table and column of the database, and what is in it.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// An identifier or number of ours.
    Id,
    /// An instant.
    Time,
    /// A number of something, or a yes or no.
    Count,
    /// One of a few words of the product or of a standard.
    Word,
    /// A digest or keyed hash: it is found by it and says nothing.
    Digest,
    /// Sealed: under which key.
    Sealed(&'static str),
    /// About things of the organisation, not about people, and not sealed.
    Thing(&'static str),
    /// Personal or possibly so, and not sealed: why.
    Personal(&'static str),
}

use Holds::{Count, Digest, Id, Personal, Sealed, Thing, Time, Word};

/// A table: how long a row is kept, what erases it, its columns in alphabetical order.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) kept: &'static str,
    pub(super) erased_by: &'static str,
    pub(super) columns: &'static [(&'static str, Holds)],
}

const ALWAYS: &str = "as long as the database";
const OBJECT_NAME: Holds = Personal(
    "the last segment of the address that a calendar client chose, nearly always a random number; \
     it is in every URL",
);

/// The tables, in alphabetical order; those of the key ring, which is a database or schema of its own,
/// as `keys.NAME`.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "audit_checkpoint",
        kept: "until a later cut",
        erased_by: "that cut",
        columns: &[
            ("at", Time),
            ("cut", Count),
            ("hash", Digest),
            ("key_id", Id),
            ("seq", Count),
            ("signature", Digest),
        ],
    },
    Table {
        name: "audit_entry",
        kept: "`audit.keep_days`, or always",
        erased_by: "that time: identifiers and counts only",
        columns: &[
            ("action", Word),
            ("actor", Id),
            ("at", Time),
            ("commitments", Digest),
            ("detail", Word),
            ("hash", Digest),
            ("seq", Count),
            ("subject", Id),
        ],
    },
    Table {
        name: "audit_head",
        kept: ALWAYS,
        erased_by: "nothing",
        columns: &[("hash", Digest), ("id", Id), ("seq", Count)],
    },
    Table {
        name: "audit_part",
        kept: "as long as its entry",
        erased_by: "the destruction of the owner's key; with it the row",
        columns: &[
            ("id", Id),
            ("kind", Word),
            ("owner", Id),
            ("salt", Digest),
            (
                "sealed",
                Sealed("the person's key; changes of things: the organisation's"),
            ),
            ("seq", Count),
        ],
    },
    Table {
        name: "calendar",
        kept: "until it is deleted",
        erased_by: "DELETE of the calendar",
        columns: &[
            ("change_seq", Count),
            ("components", Word),
            ("created_at", Time),
            ("floor_seq", Count),
            ("id", Id),
            ("owner_id", Id),
            (
                "slug",
                Personal("the calendar's segment in URLs, chosen by its owner's client"),
            ),
        ],
    },
    Table {
        name: "calendar_object",
        kept: "until it is deleted",
        erased_by: "DELETE of the object or of its calendar",
        columns: &[
            ("body", Sealed("a key of its owner")),
            ("calendar_id", Id),
            ("change_seq", Count),
            ("component", Word),
            ("etag", Digest),
            ("first_start", Time),
            ("id", Id),
            ("last_end", Time),
            ("listed_from", Time),
            ("listed_to", Time),
            ("local_times", Count),
            ("modified_at", Time),
            ("name", OBJECT_NAME),
            ("size_bytes", Count),
            ("time_index", Word),
            ("uid_hash", Digest),
        ],
    },
    Table {
        name: "calendar_occurrence",
        kept: "as long as its object",
        erased_by: "DELETE of the object or of its calendar",
        columns: &[
            ("calendar_id", Id),
            ("end_at", Time),
            ("object_id", Id),
            ("start_at", Time),
        ],
    },
    Table {
        name: "calendar_property",
        kept: "as long as its calendar, or until it is removed",
        erased_by: "PROPPATCH, or DELETE of the calendar",
        columns: &[
            ("calendar_id", Id),
            ("local", Word),
            ("namespace", Word),
            ("value", Sealed("a key of its owner")),
        ],
    },
    Table {
        name: "calendar_tombstone",
        kept: "`calendar.tombstone_days` after the deletion, then a job removes it",
        erased_by: "that job, or DELETE of the calendar",
        columns: &[
            ("calendar_id", Id),
            ("change_seq", Count),
            ("deleted_at", Time),
            ("name", OBJECT_NAME),
        ],
    },
    Table {
        name: "data_key",
        kept: "never: keys from before there was a key ring move there at the start",
        erased_by: "the start",
        columns: &[
            ("created_at", Time),
            ("id", Id),
            ("kek_id", Id),
            ("purpose", Word),
            ("wrapped", Sealed("the key-encryption key")),
        ],
    },
    Table {
        name: "holding",
        kept: "as long as the quantity is there",
        erased_by: "the movement that takes it away",
        columns: &[
            ("account_id", Id),
            ("account_kind", Word),
            ("due_at", Time),
            ("item_id", Id),
            ("qty", Count),
        ],
    },
    Table {
        name: "identifier",
        kept: "until it is taken off its item",
        erased_by: "a change of the item",
        columns: &[
            ("item_id", Id),
            ("scheme", Word),
            ("value", Thing("a tag, a serial number")),
        ],
    },
    Table {
        name: "item",
        kept: ALWAYS,
        erased_by: "nothing yet; the inventory issue",
        columns: &[
            ("created_at", Time),
            ("id", Id),
            ("name", Thing("what the item is called")),
            ("type_id", Id),
            ("version", Count),
        ],
    },
    Table {
        name: "item_type",
        kept: ALWAYS,
        erased_by: "nothing yet; the inventory issue",
        columns: &[
            ("created_at", Time),
            ("id", Id),
            ("kind", Word),
            ("name", Thing("what the type is called")),
            ("unit", Thing("what is counted")),
            ("version", Count),
        ],
    },
    Table {
        name: "job",
        kept: "also after it is done",
        erased_by: "nothing: identifiers only",
        columns: &[
            ("attempts", Count),
            ("attempts_max", Count),
            ("created_at", Time),
            ("finished_at", Time),
            ("id", Id),
            ("kind", Word),
            (
                "last_error",
                Thing("why the last attempt failed, in words of ours"),
            ),
            ("leased_until", Time),
            ("payload", Id),
            ("run_at", Time),
            ("state", Word),
        ],
    },
    Table {
        name: "key_ring",
        kept: ALWAYS,
        erased_by: "nothing",
        columns: &[("id", Id)],
    },
    Table {
        name: "keys.data_key",
        kept: "until nothing is sealed with it any more, or its owner is erased",
        erased_by: "destroying the owner's keys, which makes all that they seal unreadable",
        columns: &[
            ("created_at", Time),
            ("id", Id),
            ("owner", Id),
            ("purpose", Word),
            ("root_id", Id),
            ("sealed_count", Count),
            ("wrapped", Sealed("the root key")),
        ],
    },
    Table {
        name: "keys.root_key",
        kept: ALWAYS,
        erased_by: "nothing",
        columns: &[("created_at", Time), ("id", Id), ("retired_at", Time)],
    },
    Table {
        name: "keys.root_wrap",
        kept: "until the root key is wrapped anew",
        erased_by: "the next wrap",
        columns: &[
            ("created_at", Time),
            ("root_id", Id),
            ("wrapped", Sealed("the key-encryption key")),
            ("wrapper", Word),
            ("wrapper_id", Id),
        ],
    },
    Table {
        name: "keys.schema_migration",
        kept: ALWAYS,
        erased_by: "nothing",
        columns: &[("applied_at", Time), ("name", Word)],
    },
    Table {
        name: "movement",
        kept: ALWAYS,
        erased_by: "nothing: who had what, by identifiers only",
        columns: &[
            ("actor", Id),
            ("at", Time),
            ("due_at", Time),
            ("from_id", Id),
            ("from_kind", Word),
            ("id", Id),
            ("item_id", Id),
            ("item_version", Count),
            ("qty", Count),
            ("to_id", Id),
            ("to_kind", Word),
        ],
    },
    Table {
        name: "personal_token",
        kept: "after its end, so that a second end of it changes nothing",
        erased_by: "nothing yet; the erasure issue",
        columns: &[
            ("authenticated_at", Time),
            ("created_at", Time),
            ("digest", Digest),
            ("expires_at", Time),
            ("id", Id),
            (
                "label",
                Thing("nothing any more: labels from before are sealed at the start"),
            ),
            ("last_used_at", Time),
            ("principal_id", Id),
            ("revoked_at", Time),
            ("scopes", Word),
            ("sealed_label", Sealed("a key of its owner")),
        ],
    },
    Table {
        name: "place",
        kept: ALWAYS,
        erased_by: "nothing yet; the inventory issue",
        columns: &[
            ("created_at", Time),
            ("id", Id),
            ("name", Thing("what the place is called")),
            ("parent_id", Id),
            ("version", Count),
        ],
    },
    Table {
        name: "principal",
        kept: ALWAYS,
        erased_by: "nothing yet; the erasure issue",
        columns: &[
            ("active", Count),
            ("created_at", Time),
            ("granted_roles", Word),
            (
                "handle",
                Personal(
                    "the name in URLs: opaque unless the operator chose another; clients must be \
                     able to send it",
                ),
            ),
            ("id", Id),
            (
                "issuer",
                Thing("the address of the provider that vouches for the person"),
            ),
            ("roles", Word),
            (
                "subject",
                Personal(
                    "the account's identifier at the provider (`sub`, with Microsoft `oid`): it \
                     finds the person again; providers make it opaque",
                ),
            ),
        ],
    },
    Table {
        name: "role_grant",
        kept: "until it is ended",
        erased_by: "its end",
        columns: &[
            ("given_at", Time),
            ("id", Id),
            ("part_id", Id),
            ("part_kind", Word),
            ("principal_id", Id),
            ("role", Word),
        ],
    },
    Table {
        name: "schema_migration",
        kept: ALWAYS,
        erased_by: "nothing",
        columns: &[("applied_at", Time), ("name", Word)],
    },
    Table {
        name: "session",
        kept: "until it ends, or the person's next sign-in after that",
        erased_by: "signing out, the provider's logout, an administrator",
        columns: &[
            ("authenticated_at", Time),
            ("created_at", Time),
            ("digest", Digest),
            ("ends_at", Time),
            (
                "issuer",
                Thing("the address of the provider that it came from"),
            ),
            ("last_seen_at", Time),
            ("principal_id", Id),
            (
                "sid",
                Personal(
                    "the provider's opaque name for its session: the provider ends ours by it",
                ),
            ),
        ],
    },
    Table {
        name: "sign_in_link",
        kept: "15 minutes; the row until the next link of the person",
        erased_by: "its one use",
        columns: &[
            ("digest", Digest),
            ("expires_at", Time),
            ("principal_id", Id),
        ],
    },
];
