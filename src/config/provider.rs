//! The settings of one OpenID Connect provider, and what a type of provider fills in by itself.
//!
//! As in `settings.rs`, a doc comment at a key is read by operators. What the settings of a
//! provider must fulfil together stands in `provider_rules.rs`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    PublicUrl, SecretRef, Unfit,
    schema::{choice, section, written_as_text},
};

/// Where the id of a tenant stands in the issuer of the type `entra`, in Microsoft's words.
pub const TENANT_PLACE: &str = "{tenantid}";

/// The tenant of all personal Microsoft accounts.
const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

choice! {
    /// What is known about a provider without being told.
    ProviderType {
        /// Any provider of OpenID Connect.
        Generic = "generic",
        /// Microsoft Entra ID.
        Entra = "entra",
        /// Google Workspace.
        Google = "google",
        /// Personal Microsoft accounts.
        MicrosoftAccount = "microsoft-account",
    }
}

choice! {
    /// How this service proves to the provider that it is the client.
    ClientAuthentication {
        /// A public client.
        None = "none",
        /// A client secret.
        Secret = "secret",
        /// A signed assertion.
        PrivateKeyJwt = "private-key-jwt",
        /// A token of the platform's identity.
        AzureIdentity = "azure-identity",
    }
}

section! {
    /// An OpenID Connect provider.
    Provider {
        /// A short name for addresses and for the record: lower-case letters, digits, hyphens. Do
        /// not change it later. Required.
        id: String = String::new(), example "\"work\"";
        /// What the sign-in page calls it; unset means the id.
        name: Option<String> = None, example "\"Work account\"";
        /// `generic` for any provider of OpenID Connect (Okta, Auth0, Keycloak and others),
        /// `entra` for Microsoft Entra ID, `google` for Google Workspace, `microsoft-account` for
        /// personal Microsoft accounts. The folder `config/providers` has an example for each.
        r#type: ProviderType = ProviderType::Generic;
        /// The issuer's address exactly as the provider publishes it; `https`, or `http` on this
        /// machine. Required for `generic`. Unset means `https://accounts.google.com` for `google`
        /// and `https://login.microsoftonline.com/{tenantid}/v2.0` for `entra` and
        /// `microsoft-account`; a sovereign cloud has another host, and `{tenantid}` stays in it.
        issuer: String = String::new(), example "\"https://login.example.org/realms/work\"";
        /// Hosts beside that of the issuer at which the provider publishes its token endpoint or its
        /// keys; what it publishes at any other host is not called, and the error names that host.
        /// Those of Google are known.
        endpoint_hosts: Vec<PublicUrl> = Vec::new(), example "[\"https://keys.example.org\"]";
        /// The directory (tenant) ids whose people may sign in; only for `entra`, and required
        /// there. One id is a single-tenant registration, several are a multi-tenant one.
        tenants: Vec<TenantId> = Vec::new(), example "[\"72f988bf-86f1-41af-91ab-2d7cd011db47\"]";
        /// The domains of Google Workspace whose people may sign in, compared with the claim `hd`;
        /// only for `google`. Empty means any Google account.
        hosted_domains: Vec<String> = Vec::new(), example "[\"example.org\"]";
        /// The client id that the provider gave to this service. Required.
        client_id: String = String::new(), example "\"freehold\"";
        /// How this service proves at the token endpoint that it is the client. `secret` shows
        /// `client_secret`, `private-key-jwt` signs with `client_key`, `azure-identity` shows a token
        /// of the platform's identity (see `azure`), which Microsoft Entra ID trusts by a federated
        /// credential, so that no secret is stored; `none` is a public client. Unset means the one
        /// whose key is set; without either `azure-identity` for `entra`, else `none`.
        client_authentication: Option<ClientAuthentication> = None, example "\"azure-identity\"";
        /// Where the client secret is. One in Key Vault is fetched again every five minutes.
        client_secret: Option<SecretRef> = None, example "\"file:/run/secrets/oidc-client-secret\"";
        /// Where the private key is that signs in place of a secret: PEM, EC P-256 or RSA of 2048
        /// bits or more, with the certificate behind it where the provider knows the key by one (as
        /// Microsoft Entra ID). `freehold doctor` shows the public key to register.
        client_key: Option<SecretRef> = None, example "\"file:/run/secrets/oidc-client-key.pem\"";
        /// The scopes to ask for; `openid` has to be among them.
        scopes: Vec<String> = ["openid", "profile", "email"].map(str::to_owned).to_vec();
        /// The claim with a person's roles (`member`, `custodian`, `auditor`, `administrator`): a
        /// text or a list of texts. Microsoft Entra ID puts app roles there.
        roles_claim: String = "roles".to_owned();
        /// The claim that `role_groups` is about: a text or a list of texts. With Google, `hd` is
        /// the domain of the account; `sub` and `oid` are single accounts.
        groups_claim: String = "groups".to_owned();
        /// The address of Microsoft Graph, which is asked for the groups of `role_groups` when
        /// Microsoft leaves groups out of the token, with the delegated permission `User.Read`; only
        /// for `entra`. Conditional Access may then ask for a stronger sign-in by a claims
        /// challenge. Unset: Graph is never called.
        graph: Option<String> = None, example "\"https://graph.microsoft.com\"";
        /// What `acr` in the token has to be one of; the provider is asked for these. Empty means
        /// anything.
        required_acr: Vec<String> = Vec::new(), example "[\"phr\"]";
        /// What has to be in `amr` of the token, all of it. Empty means anything.
        required_amr: Vec<String> = Vec::new(), example "[\"mfa\"]";
        /// How long ago a person may have signed in at the provider; for longer ago it is asked to
        /// sign them in anew. The token then needs `auth_time`. Unset means any time.
        max_age_mins: Option<u32> = None, unit "minutes", range 1..=43_200, example "480";
        /// Roles by group, in addition to those of `roles_claim`. Where a provider leaves groups
        /// out because they are too many, no group gives a role, unless `graph` is set.
        role_groups: RoleGroups = RoleGroups::default();
    }
}

section! {
    /// Which groups give which role.
    RoleGroups {
        /// Groups whose people are members: the ids as they stand in the claim.
        member: Vec<String> = Vec::new(), example "[\"0f2a8b54-6d1e-4b41-9a0a-3c1f9c1f2b11\"]";
        /// Groups whose people are custodians.
        custodian: Vec<String> = Vec::new(), example "[\"5c7d21aa-1f8e-4f0b-8a3c-7a5e6c0d9e42\"]";
        /// Groups whose people are auditors.
        auditor: Vec<String> = Vec::new(), example "[\"b31f0c6e-92d7-4a55-b0de-2f4f7a1c8d03\"]";
        /// Groups whose people are administrators.
        administrator: Vec<String> = Vec::new(), example "[\"e8a4d5f1-3b7c-4c69-9e21-6d0b8f5a7c14\"]";
    }
}

/// The id of a directory (tenant) of Microsoft Entra ID, in lower case as tokens have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

written_as_text!(
    TenantId,
    "the id of a tenant such as `72f988bf-86f1-41af-91ab-2d7cd011db47`"
);

impl TenantId {
    /// The tenant of all personal Microsoft accounts.
    #[must_use]
    pub fn personal() -> Self {
        Self(PERSONAL_TENANT.to_owned())
    }

    /// The id in lower case with hyphens.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let id = uuid::Uuid::try_parse(text).map(|id| id.hyphenated().to_string());
        id.ok()
            .filter(|id| id.eq_ignore_ascii_case(text))
            .map(Self)
            .ok_or_else(|| {
                Unfit::because(
                    "write the directory (tenant) id that the overview page of Microsoft Entra ID \
                     shows, such as `72f988bf-86f1-41af-91ab-2d7cd011db47`",
                )
            })
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Provider {
    /// What the sign-in page calls it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// The issuer that is set, or that of the type; with [`TENANT_PLACE`] in it where
    /// [`Self::is_by_tenant`].
    #[must_use]
    pub fn issuer(&self) -> &str {
        match self.r#type {
            _ if !self.issuer.is_empty() => &self.issuer,
            ProviderType::Generic => "",
            ProviderType::Google => "https://accounts.google.com",
            ProviderType::Entra | ProviderType::MicrosoftAccount => {
                "https://login.microsoftonline.com/{tenantid}/v2.0"
            }
        }
    }

    /// Its address, with `common` for the tenant where the issuer depends on that.
    ///
    /// # Errors
    /// The issuer is none.
    pub fn address(&self) -> Result<url::Url, url::ParseError> {
        self.issuer().replace(TENANT_PLACE, "common").parse()
    }

    /// The address of Microsoft Graph, where it is asked for groups.
    #[must_use]
    pub fn graph(&self) -> Option<url::Url> {
        self.graph.as_ref().and_then(|text| text.parse().ok())
    }

    /// How we prove to it who we are: as set, or by what is set.
    #[must_use]
    pub const fn client_authentication(&self) -> ClientAuthentication {
        match self.client_authentication {
            Some(chosen) => chosen,
            None if self.client_secret.is_some() => ClientAuthentication::Secret,
            None if self.client_key.is_some() => ClientAuthentication::PrivateKeyJwt,
            None => match self.r#type {
                ProviderType::Entra => ClientAuthentication::AzureIdentity,
                _ => ClientAuthentication::None,
            },
        }
    }

    /// Whether the issuer of a token depends on the tenant of the person.
    #[must_use]
    pub const fn is_by_tenant(&self) -> bool {
        matches!(
            self.r#type,
            ProviderType::Entra | ProviderType::MicrosoftAccount
        )
    }

    /// The tenants whose people may sign in; none where a provider has no tenants.
    #[must_use]
    pub fn allowed_tenants(&self) -> Vec<TenantId> {
        match self.r#type {
            ProviderType::Entra => self.tenants.clone(),
            ProviderType::MicrosoftAccount => vec![TenantId::personal()],
            ProviderType::Generic | ProviderType::Google => Vec::new(),
        }
    }
}
