//! Reading the audit: pages for the eye, and all of it for the archive.

use serde::Serialize;
use serde_json::{Value, json};

use super::{Audit, AuditError, Entry, Part, PartKind, Revealed, repo};
use crate::base::Timestamp;
use crate::crypto::hex;
use crate::store::key_ring::{KeyRing, KeyRingError};
use crate::store::{Conn, StoreError};

/// So many entries are looked at for one page, whatever is asked for.
const LOOKED_AT_MAX: i64 = 5_000;

/// Which entries are wanted. What is not said is not asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The beginning of [`Entry::action`]: `identity.` is all of identity.
    pub action: Option<String>,
    /// [`Entry::actor`], whole.
    pub actor: Option<String>,
    /// [`Entry::subject`], whole.
    pub subject: Option<String>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Older than this entry: [`Page::next`] of the page before.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: usize,
}

/// Entries, newest first. It may hold fewer than wanted, or none, and still not be the last: a page
/// looks at 5,000 entries at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Told>,
    /// [`Asked::before`] of the next page; `None` at the end.
    pub next: Option<i64>,
}

/// An entry with what is sealed beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The entry.
    pub entry: Entry,
    /// What its parts say, in order; of one that was forgotten not even the kind is known.
    pub parts: Vec<(Option<PartKind>, Revealed)>,
}

impl Audit {
    /// A page of the entries that are `asked` for.
    ///
    /// # Errors
    /// A part that was damaged, or the store's.
    pub async fn page(&self, asked: Asked) -> Result<Page, AuditError> {
        let (rows, next) = self
            .store
            .read(asked, |at, asked| async move {
                let newest = match asked.before {
                    Some(before) => before,
                    None => repo::head(&at).await?.seq + 1,
                };
                let oldest = newest.saturating_sub(LOOKED_AT_MAX).max(1);
                let mut found = repo::asked(&at, (oldest, newest), &asked).await?;
                let full = found.len() > asked.limit;
                found.truncate(asked.limit);
                let next = match found.last() {
                    Some(last) if full => Some(last.seq),
                    // What is older than the time that is asked about need not be looked at.
                    _ => repo::goes_on(&at, oldest, asked.from)
                        .await?
                        .then_some(oldest),
                };
                let mut rows = Vec::with_capacity(found.len());
                for entry in found {
                    let parts = beside(&at, &entry).await?;
                    rows.push((entry, parts));
                }
                Ok::<_, StoreError>((rows, next))
            })
            .await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            entries.push(told(&self.keys, row).await?);
        }
        Ok(Page { entries, next })
    }

    /// The next lines of the export, oldest first, behind the entry `after`: one JSON object per
    /// entry (RFC 8259), with the number of the last. `None` at the end. The form is in
    /// `docs/audit.md`.
    ///
    /// # Errors
    /// A part that was damaged, or the store's.
    pub async fn export(&self, after: i64) -> Result<Option<(Vec<String>, i64)>, AuditError> {
        let rows = self
            .store
            .read(after, |at, after| async move {
                let floor = repo::floor(&at).await?.map_or(0, |floor| floor.seq);
                let mut rows = Vec::new();
                for entry in repo::page(&at, after.max(floor), 500).await? {
                    let parts = beside(&at, &entry).await?;
                    rows.push((entry, parts));
                }
                Ok::<_, StoreError>(rows)
            })
            .await?;
        let Some(last) = rows.last().map(|(entry, _)| entry.seq) else {
            return Ok(None);
        };
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let line = serde_json::to_string(&Line::of(told(&self.keys, row).await?));
            lines.push(line.map_err(|error| StoreError::Value(error.to_string()))?);
        }
        Ok(Some((lines, last)))
    }
}

async fn beside(at: &Conn, entry: &Entry) -> Result<Vec<Part>, StoreError> {
    if entry.commitments.is_empty() {
        return Ok(Vec::new());
    }
    repo::parts(at, entry.seq).await
}

async fn told(keys: &KeyRing, (entry, parts): (Entry, Vec<Part>)) -> Result<Told, KeyRingError> {
    let mut revealed = Vec::with_capacity(entry.commitments.len());
    for named in &entry.commitments {
        let part = parts.iter().find(|part| part.commitment() == *named);
        revealed.push(match part {
            Some(part) => (Some(part.kind), part.open(keys).await?),
            // What was forgotten left its commitment only.
            None => (None, Revealed::Erased),
        });
    }
    Ok(Told {
        entry,
        parts: revealed,
    })
}

/// A line of the export.
#[derive(Serialize)]
struct Line {
    seq: i64,
    at: Timestamp,
    action: String,
    actor: String,
    subject: String,
    /// As text, because the hash is over its bytes.
    detail: String,
    /// Owner (16 bytes) and hash (32 bytes) of each part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    commitments: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Value>,
    hash: String,
}

impl Line {
    fn of(told: Told) -> Self {
        let entry = told.entry;
        let commitment = |one: &super::Commitment| {
            let bytes = super::Commitment::to_bytes(std::slice::from_ref(one));
            hex(&bytes)
        };
        let part = |(kind, revealed): (Option<PartKind>, Revealed)| {
            let kind = kind.map(PartKind::as_str);
            match revealed {
                Revealed::Content(content) => json!({ "kind": kind, "content": content }),
                Revealed::Erased => json!({ "kind": kind, "erased": true }),
            }
        };
        Self {
            commitments: entry.commitments.iter().map(commitment).collect(),
            parts: told.parts.into_iter().map(part).collect(),
            hash: hex(&entry.hash),
            seq: entry.seq,
            at: entry.at,
            action: entry.action,
            actor: entry.actor,
            subject: entry.subject,
            detail: entry.detail,
        }
    }
}
