//! What a token says about roles: words of ours in one claim, groups in another that the
//! configuration maps to roles.
//!
//! A provider that leaves groups out because they are too many (Microsoft above 200) gives no role
//! by group at all: what is not known gives nothing.

use serde_json::{Map, Value};

use crate::config::{self, RoleGroups};
use crate::identity::{Role, Roles};

/// What a person is given by their provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Given {
    pub(super) roles: Roles,
    /// The words of the roles claim, whether they are roles of ours or not.
    pub(super) words: Vec<String>,
    /// Groups would give roles here, and the provider left them out.
    pub(super) groups_left_out: bool,
}

/// The roles in the claims of a signed token about `subject` (`sub`, which is not among the others).
/// What is no role of ours is left out.
pub(super) fn given(
    settings: &config::Provider,
    subject: &str,
    claims: &Map<String, Value>,
) -> Given {
    let words = words(claims.get(&settings.roles_claim));
    let by_group = settings.role_groups != RoleGroups::default();
    let groups_left_out = by_group && left_out(claims, &settings.groups_claim);
    let groups = match claims.get(&settings.groups_claim) {
        None if by_group && settings.groups_claim == "sub" => vec![subject],
        Some(Value::String(group)) if by_group && !groups_left_out => vec![group.as_str()],
        Some(Value::Array(list)) if by_group && !groups_left_out => texts(list).collect(),
        _ => Vec::new(),
    };
    Given {
        roles: roles(settings, &words, &groups),
        words,
        groups_left_out,
    }
}

impl Given {
    /// Now it is known which of [`mapped`] the person is in.
    pub(super) fn add_groups(&mut self, settings: &config::Provider, groups: &[String]) {
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        self.roles = roles(settings, &self.words, &groups);
        self.groups_left_out = false;
    }
}

/// The groups that give a role.
pub(super) fn mapped(settings: &config::Provider) -> Vec<&String> {
    let all = Role::ALL.into_iter();
    let all = all.flat_map(|role| groups_of(&settings.role_groups, role));
    all.collect()
}

/// Whether a token says anything of roles. A provider may leave out, of a token that is not from a
/// sign-in, what it puts into others; only Microsoft's leave a claim out when there is nothing in it.
pub(super) fn is_told(settings: &config::Provider, claims: &Map<String, Value>) -> bool {
    let of_roles = [&settings.roles_claim, &settings.groups_claim];
    settings.is_by_tenant() || of_roles.into_iter().any(|claim| claims.contains_key(claim))
}

fn roles(settings: &config::Provider, words: &[String], groups: &[&str]) -> Roles {
    let is_given = |role: &Role| {
        let mapped = groups_of(&settings.role_groups, *role);
        words.iter().any(|word| word == role.as_str())
            || mapped.iter().any(|group| groups.contains(&group.as_str()))
    };
    let given: Vec<Role> = Role::ALL.into_iter().filter(is_given).collect();
    Roles::of(&given)
}

/// The words of a claim that is a text or a list of texts; a text is one word, whatever is in it:
/// what is not split cannot give a role that nobody meant.
fn words(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => texts(list).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// Whether the provider says that there are groups, but not which: `hasgroups`, or a claim that is
/// somewhere else (OpenID Connect Core 1.0 §5.6.2).
fn left_out(claims: &Map<String, Value>, groups_claim: &str) -> bool {
    let elsewhere = claims.get("_claim_names");
    let has_groups = claims.get("hasgroups").is_some_and(|has| match has {
        Value::Bool(has) => *has,
        Value::String(has) => has != "false",
        _ => true,
    });
    has_groups || elsewhere.is_some_and(|names| names.get(groups_claim).is_some())
}

fn texts(list: &[Value]) -> impl Iterator<Item = &str> {
    list.iter().filter_map(Value::as_str)
}

const fn groups_of(groups: &RoleGroups, role: Role) -> &Vec<String> {
    match role {
        Role::Member => &groups.member,
        Role::Custodian => &groups.custodian,
        Role::Administrator => &groups.administrator,
        Role::Auditor => &groups.auditor,
    }
}
