//! Who somebody is here whom a provider vouches for, and which roles they have.

use super::discovery::Provider;
use super::graph::{self, Challenge, NotTold};
use super::issuer::Account;
use super::renew::{NotRenewed, Renewed};
use super::roles::{self, Given};
use super::verify::Access;
use super::{Providers, SignInError};
use crate::config::Administrator;
use crate::identity::{Principal, Role, Roles, principals};

/// Adds the groups that a token leaves out to what somebody is given, where Microsoft Graph says
/// them. Where it does not, they stay left out.
pub(super) async fn complete(
    provider: &Provider,
    given: &mut Given,
    access: &Access,
) -> Result<(), Challenge> {
    let settings = &provider.settings;
    let graph = settings.graph().filter(|_| given.groups_left_out);
    let Some(graph) = graph else {
        return Ok(());
    };
    match graph::member_of(provider, &graph, access, &roles::mapped(settings)).await {
        Ok(groups) => given.add_groups(settings, &groups),
        Err(NotTold::Challenged(challenge)) => return Err(challenge),
        Err(error) => {
            let provider = &settings.id;
            tracing::warn!(%provider, %error, "Microsoft Graph did not say which groups somebody is in; the registration needs its delegated permission User.Read");
        }
    }
    Ok(())
}

impl Providers {
    /// The principal of this account, with the roles that it is given now.
    pub(super) async fn principal(
        &self,
        provider: &Provider,
        (account, given): (&Account, &Given),
    ) -> Result<Principal, SignInError> {
        let identity = &self.0.identity;
        let id = &provider.settings.id;
        let Account { issuer, subject } = account;
        let administers = self.0.administrators.iter().any(|one| match one {
            Administrator::Account {
                issuer: i,
                subject: s,
            } => (i, s) == (issuer, subject),
            Administrator::Role { provider, role } => provider == id && given.words.contains(role),
        });
        let roles = if administers {
            given.roles.with(Role::Administrator)
        } else {
            given.roles
        };
        if given.groups_left_out {
            tracing::warn!(provider = %id, "somebody is in too many groups: no role by group; use app roles, or set graph");
        }
        if roles == Roles::default() {
            tracing::info!(provider = %id, words = ?told(&given.words), "no word of the roles claim and no group gives a role here");
            // Nobody is made for it, but who was here before must not keep what they had.
            let known = principals::by_account(identity, issuer, subject).await?;
            if known.is_some() {
                principals::find_or_create(identity, issuer, subject, roles).await?;
            }
            return Err(if given.groups_left_out {
                SignInError::TooManyGroups
            } else {
                SignInError::NoRole
            });
        }
        let principal = principals::find_or_create(identity, issuer, subject, roles).await?;
        if !principal.active {
            return Err(SignInError::TurnedOff);
        }
        Ok(principal)
    }

    /// Gives somebody the roles of a token that came without a sign-in; whoever has none any more is
    /// not signed in any more.
    pub(super) async fn renewed(
        &self,
        provider: &Provider,
        renewed: Renewed,
    ) -> Result<(), NotRenewed> {
        let Renewed {
            account,
            mut given,
            access,
        } = renewed;
        let completed = complete(provider, &mut given, &access).await;
        // The next sign-in meets the challenge.
        completed.map_err(|_| over(&SignInError::Challenged))?;
        if given.groups_left_out && provider.settings.graph().is_some() {
            return Ok(()); // Graph is away: what was known goes on.
        }
        match self.principal(provider, (&account, &given)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_refusal() => Err(over(&error)),
            Err(error) => Err(NotRenewed::Unknown(error)),
        }
    }
}

fn over(why: &SignInError) -> NotRenewed {
    NotRenewed::Over(why.reason().to_owned())
}

/// Words of a provider for the log: the first few, without control characters, not long.
fn told(words: &[String]) -> Vec<String> {
    let short = |word: &String| word.chars().filter(|c| !c.is_control()).take(40).collect();
    words.iter().take(5).map(short).collect()
}
