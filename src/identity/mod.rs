//! Identity: who acts, with which credential, and whether they may.
//!
//! A *principal* (RFC 3744 §2) is a person of the organisation. An [`Actor`] is a principal with
//! the credential they came with. Rooms describe who may do what with a thing by an [`Acl`]; the
//! decision is [`authorize`], and its answer is a [`Granted`] value that the writing repositories
//! demand.
//!
//! [`principals`], [`grants`], [`tokens`] and [`sessions`] are the use cases: each is one transaction
//! with its audit entry; [`refusals`] are counted and audited once per source and minute; [`rates`] limit
//! how much is answered. [`providers`] is the
//! sign-in through OpenID Connect. A credential that is presented is looked up by its digest; its
//! use is written down at most once a minute and is not audited.
//!
//! **Invariants.** Nothing is allowed unless an entry says so. A stranger to a thing gets
//! [`Refusal::NotFound`]; who may see it but not do this gets [`Refusal::Forbidden`]. No
//! secret is stored, no name and no address; every credential that is not valid is refused alike.

mod access;
mod error;
pub mod grants;
pub mod history;
mod model;
pub mod principals;
pub mod providers;
pub mod rates;
pub mod refusals;
mod repo;
mod rules;
pub mod sessions;
#[cfg(test)]
mod tests;
pub mod tokens;

pub use access::{Ace, Acl, Granted, Privilege, Refusal, RoleRule, authorize, authorize_over};
pub use error::IdentityError;
pub use grants::{Held, Part};
pub use model::{Actor, Credential, Handle, HandleError, Principal, Role, Roles, Scope, Scopes};
pub use providers::Providers;
pub use refusals::Door;
pub use rules::SessionLimits;

use std::sync::Arc;

use crate::audit::{Audit, Event};
use crate::base::Id;
use crate::store::Store;
use crate::store::key_ring::KeyRing;

/// The handle on this room; cheap to clone.
#[derive(Clone)]
pub struct Identity {
    store: Store,
    keys: KeyRing,
    limits: SessionLimits,
    refusals: Arc<refusals::Refusals>,
    audit: Audit,
    buckets: Arc<rates::Buckets>,
}

impl Identity {
    /// The principals kept in `store`, whose sessions last as `limits` say. Each has a key in
    /// `keys` before it is there itself.
    #[must_use]
    pub fn new(store: Store, keys: KeyRing, limits: SessionLimits) -> Self {
        Self {
            audit: Audit::new(store.clone(), keys.clone()),
            store,
            keys,
            limits,
            refusals: Arc::default(),
            buckets: Arc::new(rates::Buckets::new(rates::Rates::default())),
        }
    }

    /// The same, answering as many requests as `rates` say.
    #[must_use]
    pub fn with_rates(self, rates: rates::Rates) -> Self {
        Self {
            buckets: Arc::new(rates::Buckets::new(rates)),
            ..self
        }
    }
}

/// An event of the audit about one thing, such as `("item", id)`: identifiers only.
#[must_use]
pub fn event<T>(
    actor: &Actor,
    action: &'static str,
    subject: (&str, Id<T>),
    detail: serde_json::Value,
) -> Event {
    Event {
        action,
        actor: actor.to_audit(),
        subject: format!("{}:{}", subject.0, subject.1),
        detail,
    }
}
