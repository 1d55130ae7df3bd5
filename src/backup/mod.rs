//! Backup: a consistent copy of the database, checked, compressed, sealed, and kept elsewhere; and
//! the way back.
//!
//! - [`Backups`]: makes backups of an open store, and knows how the last one went.
//! - [`Shelf`]: where backups are; lists them.
//! - [`Restore`]: from a shelf into a new folder; [`verify`](Restore::verify) does all of that but
//!   the end.
//!
//! A backup is two objects: the data, each time a new one, and the key ring that opens it. The ring is
//! copied after the data and shipped before it, so that no data is ever without the keys that it
//! needs. Of the ring there is one copy, which opens every older backup: what was destroyed stays
//! destroyed, and what is needed never runs out.
//!
//! **Invariants.** What is shipped was copied from one held snapshot and has passed `integrity_check`
//! and `foreign_key_check`; a damaged database is never shipped, so it replaces no good backup.
//! No data is ever written over: not at the place, not in a folder that holds something. The copy of
//! the ring is written over by a newer one of the same ring only. Nothing is
//! named `freehold.db` before it is whole, checked and on the disk. What is at the place is sealed;
//! the key is wrapped by the key-encryption key, and by the recovery key when there is one.
//!
//! **Absent on purpose.** PostgreSQL: its server does this. Deleting in Blob storage: the identity
//! has no right to, and a lifecycle rule does it. Proof of who made a backup: see
//! `docs/backup.md`, "Forged backups".
//!
//! | What | Where it is described |
//! | --- | --- |
//! | copying under load | SQLite, "Online Backup API" |
//! | the format | `docs/backup.md`, "Format"; sealing in [`crate::crypto::StreamKey`] |
//! | `If-None-Match: *` | RFC 9110 §13.1.2; "Put Block List" of Blob storage |

mod blob;
mod envelope;
mod error;
mod model;
mod place;
mod repo;
mod restore;
mod rules;
mod shelf;
mod take;
#[cfg(test)]
mod tests;

pub use error::BackupError;
pub use model::{BackupId, Listed, Progress, Stage, Status, Success, Taken};
pub use restore::{OpeningKey, Restore, Restored};
pub use rules::{health, next_in};
pub use shelf::Shelf;
pub use take::Backups;
