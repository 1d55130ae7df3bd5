//! `freehold entra-manifest`: what Microsoft Entra ID has to know about this service, as JSON for
//! Microsoft Graph (`application` and `federatedIdentityCredential`, version 1.0).
//! `infra/entra/register.sh` gives it to `az`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Failure, out};
use crate::azure::{Claims, exchange_audience};
use crate::config::{Provider, ProviderType, Settings};
use crate::identity::Role;
use crate::server::egress;
use crate::web::{CALLBACK, FRONT_CHANNEL_LOGOUT, SIGN_IN};

/// Microsoft Graph, whose permissions the scopes of OpenID Connect are.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print this part only
    #[arg(long)]
    part: Option<Part>,
    /// What people see when they sign in
    #[arg(long, value_name = "NAME", default_value = "Freehold")]
    name: String,
    /// The `iss` of the tokens that this service shows in place of a secret [default: that of the
    /// token which the platform gives here]
    #[arg(long, value_name = "URL", requires = "subject")]
    issuer: Option<String>,
    /// Their `sub`: `system:serviceaccount:NAMESPACE:NAME` in AKS, the object id of a managed identity
    #[arg(long, value_name = "TEXT", requires = "issuer")]
    subject: Option<String>,
}

/// The parts, each the body of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The application
    Application,
    /// What it trusts in place of a secret
    FederatedCredential,
}

pub(super) async fn run(options: Options, settings: &Settings) -> Result<ExitCode, Failure> {
    let application = application(&options.name, settings)?;
    if options.part == Some(Part::Application) {
        return Ok(print(&application));
    }
    let trusted = trusted(&options, settings).await;
    let trusted = match trusted {
        Ok(trusted) => trusted,
        Err(why) if options.part.is_none() => {
            out::note(&format!(
                "without a federated credential, because {why}; or name --issuer and --subject"
            ));
            return Ok(print(&json!({ "application": application })));
        }
        Err(why) => return Err(format!("{why}; or name --issuer and --subject").into()),
    };
    if options.part == Some(Part::FederatedCredential) {
        return Ok(print(&trusted));
    }
    let all = json!({ "application": application, "federatedIdentityCredential": trusted });
    Ok(print(&all))
}

fn print(value: &Value) -> ExitCode {
    out::line(&format!("{value:#}"));
    ExitCode::SUCCESS
}

/// Graph's `application`: new ones are made of it, and present ones get what is in it.
fn application(name: &str, settings: &Settings) -> Result<Value, Failure> {
    let public = settings.server.public_url.as_ref();
    let public = public.ok_or(
        "server.public_url is not set: people come back to it after signing in, so Entra has to \
         know it; set it to the address that people use, such as https://calendar.example.org",
    )?;
    let address = |path: &str| format!("{public}{path}");
    let roles: Vec<Value> = Role::ALL.into_iter().map(role).collect();
    let scopes: Vec<Value> = scopes(settings).into_iter().map(scope).collect();
    Ok(json!({
        "displayName": name,
        "signInAudience": audience(settings),
        "web": {
            "redirectUris": [address(CALLBACK), address(SIGN_IN)],
            "logoutUrl": address(FRONT_CHANNEL_LOGOUT),
            "implicitGrantSettings": {
                "enableAccessTokenIssuance": false,
                "enableIdTokenIssuance": false,
            },
        },
        "appRoles": roles,
        // sid: which session a front-channel logout ends. auth_time: how long ago a person signed in.
        "optionalClaims": { "idToken": [{ "name": "sid" }, { "name": "auth_time" }] },
        "requiredResourceAccess": [{ "resourceAppId": GRAPH, "resourceAccess": scopes }],
    }))
}

fn of_microsoft(settings: &Settings) -> impl Iterator<Item = &Provider> {
    let all = settings.identity.providers.iter();
    all.filter(|provider| provider.is_by_tenant())
}

/// Whose accounts may sign in, in Entra's words.
fn audience(settings: &Settings) -> &'static str {
    let tenants: usize = of_microsoft(settings)
        .filter(|provider| provider.r#type == ProviderType::Entra)
        .map(|provider| provider.tenants.len())
        .sum();
    let personal =
        of_microsoft(settings).any(|provider| provider.r#type == ProviderType::MicrosoftAccount);
    match (personal, tenants) {
        (true, 0) => "PersonalMicrosoftAccount",
        (true, _) => "AzureADandPersonalMicrosoftAccount",
        (false, 0 | 1) => "AzureADMyOrg",
        (false, _) => "AzureADMultipleOrgs",
    }
}

/// An app role. The ids stay as they are: assignments in the tenant refer to them.
fn role(role: Role) -> Value {
    let (id, name, about) = match role {
        Role::Member => (
            "9b2f7a52-3c0e-4a7d-8d0e-5a4d6f0c1e01",
            "Member",
            "Has calendars, sees the inventory, holds items.",
        ),
        Role::Custodian => (
            "9b2f7a52-3c0e-4a7d-8d0e-5a4d6f0c1e02",
            "Custodian",
            "Changes the inventory and hands items out.",
        ),
        Role::Administrator => (
            "9b2f7a52-3c0e-4a7d-8d0e-5a4d6f0c1e03",
            "Administrator",
            "Everything but reading the audit.",
        ),
        Role::Auditor => (
            "9b2f7a52-3c0e-4a7d-8d0e-5a4d6f0c1e04",
            "Auditor",
            "Reads the audit.",
        ),
    };
    json!({
        "id": id,
        "allowedMemberTypes": ["User"],
        "displayName": name,
        "description": about,
        "value": role.as_str(),
        "isEnabled": true,
    })
}

/// The scopes that are asked for and that are permissions of Graph.
fn scopes(settings: &Settings) -> Vec<&'static str> {
    let asked = |scope: &str| {
        let mut providers = of_microsoft(settings).peekable();
        let nobody = providers.peek().is_none();
        nobody && scope != "offline_access"
            || providers.any(|provider| provider.scopes.iter().any(|one| one == scope))
    };
    let known = ["openid", "profile", "email", "offline_access"];
    let of_graph = of_microsoft(settings).any(|provider| provider.graph.is_some());
    let known = known.into_iter().filter(|scope| asked(scope));
    known.chain(of_graph.then_some("User.Read")).collect()
}

fn scope(name: &str) -> Value {
    let id = match name {
        "openid" => "37f7f235-527c-4136-accd-4a02d197296e",
        "profile" => "14dad69e-099b-42c9-810b-d002981feec1",
        "email" => "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
        "User.Read" => "e1fe6dd8-ba31-4d61-89e7-88639da4688d",
        _ => "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
    };
    json!({ "id": id, "type": "Scope" })
}

/// Graph's `federatedIdentityCredential`: by the arguments, or by the token that the platform gives.
async fn trusted(options: &Options, settings: &Settings) -> Result<Value, String> {
    let authority = of_microsoft(settings).next().map(Provider::address);
    let audience = match authority {
        Some(Ok(url)) => exchange_audience(&url),
        _ => "api://AzureADTokenExchange",
    };
    let named = options.issuer.clone().zip(options.subject.clone());
    let (issuer, subject) = if let Some(named) = named {
        named
    } else {
        let azure = egress::azure(settings);
        let way = azure.identity_way("freehold entra-manifest: what Entra will see");
        azure.outbound().allow(way);
        let token = azure.assertion(audience).await;
        let token = token.map_err(|error| out::told(&error))?;
        let claims = Claims::of(token.expose());
        let claims = claims.ok_or("the token that the platform gives here is none of Entra's")?;
        (claims.issuer, claims.subject)
    };
    Ok(json!({
        "name": "freehold",
        "issuer": issuer,
        "subject": subject,
        "audiences": [audience],
        "description": "Freehold, in place of a client secret",
    }))
}
