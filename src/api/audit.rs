//! The audit, for auditors.

use axum::response::Response;
use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer;
use super::operation::{Access, Method, Operation, Shape};
use super::problem::Problem;
use super::request::{Call, query};
use crate::audit::{Asked, PartKind, Revealed, Told};
use crate::base::page::PageError;
use crate::base::{Cursor, PageSize, Timestamp};
use crate::crypto::hex;
use crate::identity::history;

pub(super) static LIST: Operation = Operation {
    method: Method::Get,
    path: "/api/v1/audit-entries",
    access: Access::Auditor,
    id: "list_audit_entries",
    summary: "A page of who did what, newest first. It may hold few entries, or none, and still \
              not be the last",
    shape: Shape::Audit("AuditEntry"),
};

/// What somebody did.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditEntry {
    /// Its place in the chain, from 1 without gaps.
    #[schema(minimum = 1)]
    seq: i64,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    at: Timestamp,
    /// What was done, such as `inventory.item.update`.
    action: String,
    /// Who did it: `principal:` and an identifier, `operator` or `system`.
    actor: String,
    /// To what, such as `item:` and an identifier.
    subject: String,
    /// Identifiers, counts and words of the product.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// What is sealed beside the entry.
    parts: Vec<SealedPart>,
    /// The hash that closes the chain up to here: 64 hexadecimal digits.
    hash: String,
}

/// What is sealed beside an entry, opened.
#[derive(Serialize, ToSchema)]
pub(super) struct SealedPart {
    /// `person`: who it was. `changes`: each changed field with what it was and what it is. Null
    /// when the part itself is gone.
    #[schema(required = true)]
    kind: Option<&'static str>,
    /// Null after its person was erased.
    #[schema(value_type = Option<Object>, required = true)]
    content: Option<serde_json::Value>,
}

/// Which entries are asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    action: Option<String>,
    actor: Option<String>,
    subject: Option<String>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    cursor: Option<String>,
    limit: Option<u16>,
}

pub(super) async fn list(call: Call, uri: Uri) -> Result<Response, Problem> {
    let wanted: Wanted = query(&uri)?;
    let size = wanted.limit.map(PageSize::new).transpose()?;
    let size = size.unwrap_or_default().get();
    let cursor = wanted.cursor.as_deref().map(Cursor::parse).transpose()?;
    let before = cursor.as_ref().map(place).transpose()?;
    let asked = Asked {
        action: wanted.action,
        actor: wanted.actor,
        subject: wanted.subject,
        from: wanted.from,
        until: wanted.until,
        before,
        limit: size.into(),
    };
    let page = history::page(&call.identity, &call.actor, asked).await?;
    let next = page.next.map(|seq| Cursor::behind(&seq.to_be_bytes()));
    let link = next.as_ref().map(|next| link(&uri, next));
    let rows = page.entries.into_iter().map(AuditEntry::of).collect();
    answer::linked_page(rows, next, link)
}

/// The entry that the page before ended with.
fn place(cursor: &Cursor) -> Result<i64, PageError> {
    let bytes = cursor.key().try_into().map_err(|_| PageError::Cursor)?;
    Ok(i64::from_be_bytes(bytes))
}

/// The reference to the next page: the same questions with another cursor.
fn link(uri: &Uri, next: &Cursor) -> String {
    let asked = url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes());
    let kept = asked.filter(|(name, _)| name != "cursor");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("cursor", &next.to_text())
        .finish();
    format!("<{}?{query}>; rel=\"next\"", uri.path())
}

impl AuditEntry {
    fn of(told: Told) -> Self {
        let part = |(kind, revealed): (Option<PartKind>, Revealed)| SealedPart {
            kind: kind.map(PartKind::as_str),
            content: match revealed {
                Revealed::Content(content) => Some(content),
                Revealed::Erased => None,
            },
        };
        let entry = told.entry;
        Self {
            parts: told.parts.into_iter().map(part).collect(),
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
            hash: hex(&entry.hash),
            seq: entry.seq,
            at: entry.at,
            action: entry.action,
            actor: entry.actor,
            subject: entry.subject,
        }
    }
}
