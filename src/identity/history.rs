//! The audit as auditors read it (ID7). Administrators do not: who is overseen is not who oversees.

use super::{Actor, Credential, Identity, IdentityError, Refusal, Role, Scope};
use crate::audit::{Asked, Page};

/// A page of the audit, newest first, with what is sealed beside the entries.
///
/// # Errors
/// [`IdentityError::Refused`] unless `by` is the operator or has the role of an auditor, in a session
/// or with a personal token for the whole API; otherwise the audit's.
pub async fn page(identity: &Identity, by: &Actor, asked: Asked) -> Result<Page, IdentityError> {
    may_read(by)?;
    Ok(identity.audit.page(asked).await?)
}

/// Decides who may read the audit.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::OutOfScope`] for an auditor's token of another scope.
pub fn may_read(actor: &Actor) -> Result<(), Refusal> {
    if actor.credential == Credential::Operator {
        return Ok(());
    }
    if actor.credential == Credential::OnBehalf || !actor.roles.has(Role::Auditor) {
        return Err(Refusal::Forbidden);
    }
    let fits = actor.scopes.has_any(&[Scope::Web, Scope::Api]);
    fits.then_some(()).ok_or(Refusal::OutOfScope)
}
