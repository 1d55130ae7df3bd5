//! `If-Match` and `If-None-Match` (RFC 9110 §13.1.1, §13.1.2).

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use crate::base::{ETag, Precondition};

/// A conditional header that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCondition {
    /// Not `*` and not a list of entity tags.
    #[error(
        "the header {0} is not an asterisk and not a list of entity tags in quotation marks: send \
         the ETag exactly as it was answered"
    )]
    Syntax(HeaderName),
    /// Both headers at once.
    #[error("If-Match and If-None-Match in one request contradict each other: send one of them")]
    Both,
}

/// What a change demands of the present state.
///
/// A weak tag never matches in `If-Match`, as §13.1.1 demands.
///
/// # Errors
/// [`BadCondition`] when a header is not what the grammar says, or both are there.
pub fn precondition(headers: &HeaderMap) -> Result<Precondition, BadCondition> {
    let demand = list(headers, IF_MATCH)?;
    let refusal = list(headers, IF_NONE_MATCH)?;
    match (demand, refusal) {
        (None, None) => Ok(Precondition::None),
        (Some(List::Any), None) => Ok(Precondition::Exists),
        (None, Some(List::Any)) => Ok(Precondition::Absent),
        (Some(List::Tags(tags)), None) => {
            let strong = tags.into_iter().filter(|tag| !tag.weak);
            Ok(Precondition::Matches(strong.map(|tag| tag.tag).collect()))
        }
        (None, Some(List::Tags(tags))) => Ok(Precondition::Differs(
            tags.into_iter().map(|tag| tag.tag).collect(),
        )),
        (Some(_), Some(_)) => Err(BadCondition::Both),
    }
}

/// Whether the client already has `present`, so that 304 is the answer (§13.1.2, weak comparison).
///
/// # Errors
/// [`BadCondition`] when the header is not what the grammar says.
pub fn not_modified(headers: &HeaderMap, present: &ETag) -> Result<bool, BadCondition> {
    Ok(match list(headers, IF_NONE_MATCH)? {
        None => false,
        Some(List::Any) => true,
        Some(List::Tags(tags)) => tags.iter().any(|tag| tag.tag == *present),
    })
}

enum List {
    Any,
    Tags(Vec<Tag>),
}

struct Tag {
    weak: bool,
    tag: ETag,
}

fn list(headers: &HeaderMap, name: HeaderName) -> Result<Option<List>, BadCondition> {
    let mut tags = Vec::new();
    let mut any = false;
    for value in headers.get_all(&name) {
        let text = value.to_str();
        let text = text.map_err(|_| BadCondition::Syntax(name.clone()))?.trim();
        if text == "*" {
            any = true;
        } else {
            read_tags(text, &mut tags).ok_or_else(|| BadCondition::Syntax(name.clone()))?;
        }
    }
    match (any, tags.is_empty()) {
        (false, true) if headers.contains_key(&name) => Err(BadCondition::Syntax(name)),
        (false, true) => Ok(None),
        (true, true) => Ok(Some(List::Any)),
        (false, false) => Ok(Some(List::Tags(tags))),
        (true, false) => Err(BadCondition::Syntax(name)),
    }
}

/// `W/"a", "b"`; empty list members are skipped (§5.6.1.2).
fn read_tags(mut text: &str, tags: &mut Vec<Tag>) -> Option<()> {
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        if text.is_empty() {
            return Some(());
        }
        let (weak, rest) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (opaque, rest) = rest.strip_prefix('"')?.split_once('"')?;
        if !opaque.chars().all(|c| c.is_ascii_graphic()) {
            return None;
        }
        let tag = ETag::new(opaque);
        tags.push(Tag { weak, tag });
        text = rest.trim_start_matches([' ', '\t']);
        if !text.is_empty() && !text.starts_with(',') {
            return None;
        }
    }
}
