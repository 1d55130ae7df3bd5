//! Identity: who acts, with which credential, and whether they may.
//!
//! A *principal* (RFC 3744 §2) is a person of the organisation. An [`Actor`] is a principal with
//! the credential they came with. Rooms describe who may do what with a thing by an [`Acl`]; the
//! decision is [`authorize`], and its answer is a [`Granted`] value that the writing repositories
//! demand.
//!
//! **Invariants.** Nothing is allowed unless an entry says so. A stranger to a thing gets
//! [`Refusal::NotFound`]; who may see it but not do this gets [`Refusal::Forbidden`].

mod access;
mod model;

pub use access::{Ace, Acl, Granted, Privilege, Refusal, authorize, require_role};
pub use model::{Actor, Credential, Handle, HandleError, Principal, Role, Roles, Scope, Scopes};
