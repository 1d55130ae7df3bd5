//! Addresses of keys and secrets in Azure Key Vault, and the settings of the platform's identity.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{
    SecretRef, Unfit,
    schema::{choice, section, written_as_text},
    values::{is_here, is_protected},
};

/// Hosts of Key Vault and Managed HSM end so, in the public and the sovereign clouds.
pub(super) const KNOWN_DOMAINS: [&str; 6] = [
    "vault.azure.net",
    "vault.azure.cn",
    "vault.usgovcloudapi.net",
    "managedhsm.azure.net",
    "managedhsm.azure.cn",
    "managedhsm.usgovcloudapi.net",
];

choice! {
    /// Which identity the platform gives to this service.
    PlatformIdentity {
        /// What the environment offers.
        Auto = "auto",
        /// The workload identity of AKS.
        Workload = "workload",
        /// The managed identity of a machine, of App Service or of Container Apps.
        Managed = "managed",
    }
}

section! {
    /// How this service identifies itself to Microsoft Azure, without a stored secret.
    Azure {
        /// `workload` is the workload identity of AKS (`AZURE_FEDERATED_TOKEN_FILE`), `managed` the
        /// managed identity of App Service and Container Apps (`IDENTITY_ENDPOINT`) or of a virtual
        /// machine. `auto` takes the first of these three that the environment offers.
        identity: PlatformIdentity = PlatformIdentity::Auto;
        /// The client id of the identity. Unset means `AZURE_CLIENT_ID` where that is set, else the
        /// identity that the system assigned.
        client_id: Option<String> = None, example "\"6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10\"";
        /// Domains of Key Vault beside those of the public and the sovereign clouds, such as the
        /// one of an Azure Stack Hub. A token goes to no other host.
        key_vault_domains: Vec<String> = Vec::new(), example "[\"vault.region.example.org\"]";
    }
}

impl Azure {
    /// Whether `url` is a vault that a token may go to: of a known or configured domain, or on this
    /// machine.
    #[must_use]
    pub fn is_key_vault(&self, url: &Url) -> bool {
        let known = |name: &str| {
            let configured = self.key_vault_domains.iter().map(String::as_str);
            KNOWN_DOMAINS
                .into_iter()
                .chain(configured)
                .any(|domain| is_below(name, domain))
        };
        match url.host() {
            Some(Host::Domain(name)) if url.scheme() == "https" && known(name) => true,
            _ => is_here(url),
        }
    }
}

/// Whether `name` is a name below `domain`.
#[must_use]
pub fn is_below(name: &str, domain: &str) -> bool {
    let parent = name.strip_suffix(domain);
    parent.is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// The address of a key: `https://NAME.vault.azure.net/keys/NAME`, with or without a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyAddress(Box<Item>);

/// The address of a secret: `https://NAME.vault.azure.net/secrets/NAME`, with or without a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretAddress(Box<Item>);

/// Where a key-encryption key is: a secret reference, or the address of a key in Azure Key Vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KekPlace {
    /// The key itself.
    Secret(SecretRef),
    /// A key that wraps and unwraps and is never given away.
    KeyVault(KeyAddress),
}

impl FromStr for KekPlace {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        if text.starts_with("https:") || text.starts_with("http:") {
            return text.parse().map(Self::KeyVault);
        }
        match text.parse()? {
            SecretRef::KeyVault(_) => Err(Unfit::because(
                "a key in Key Vault is not fetched, it wraps there: write its key identifier, \
                 `https://NAME.vault.azure.net/keys/NAME`",
            )),
            reference => Ok(Self::Secret(reference)),
        }
    }
}

impl TryFrom<String> for KekPlace {
    type Error = Unfit;

    fn try_from(text: String) -> Result<Self, Unfit> {
        text.parse()
    }
}

impl From<KekPlace> for String {
    fn from(place: KekPlace) -> Self {
        match place {
            KekPlace::Secret(reference) => reference.to_string(),
            KekPlace::KeyVault(key) => key.to_string(),
        }
    }
}

/// What both have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The vault: scheme, host and port; its path is `/`.
    pub vault: Url,
    /// The name.
    pub name: String,
    /// The version; none means the newest.
    pub version: Option<String>,
}

written_as_text!(
    KeyAddress,
    "the address of a key such as `https://NAME.vault.azure.net/keys/NAME`"
);

impl KeyAddress {
    /// Its parts.
    #[must_use]
    pub fn item(&self) -> &Item {
        &self.0
    }

    /// The same key, whichever version is the newest.
    #[must_use]
    pub fn without_version(&self) -> Self {
        let mut item = self.0.clone();
        item.version = None;
        Self(item)
    }
}

impl FromStr for KeyAddress {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let item = Item::parse(text, "keys");
        item.map(Box::new).map(Self).ok_or_else(|| {
            Unfit::because(
                "write the key identifier that the portal shows under Keys: \
                 `https://NAME.vault.azure.net/keys/NAME`, with `/VERSION` behind it to stay with \
                 one version",
            )
        })
    }
}

impl fmt::Display for KeyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, "keys")
    }
}

impl SecretAddress {
    /// Its parts.
    #[must_use]
    pub fn item(&self) -> &Item {
        &self.0
    }
}

impl TryFrom<String> for SecretAddress {
    type Error = Unfit;

    fn try_from(text: String) -> Result<Self, Unfit> {
        text.parse()
    }
}

impl From<SecretAddress> for String {
    fn from(address: SecretAddress) -> Self {
        address.to_string()
    }
}

impl FromStr for SecretAddress {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let item = Item::parse(text, "secrets");
        item.map(Box::new).map(Self).ok_or_else(|| {
            Unfit::because(
                "after `keyvault:` write the secret identifier that the portal shows under \
                 Secrets: `keyvault:https://NAME.vault.azure.net/secrets/NAME`, with `/VERSION` \
                 behind it to stay with one version",
            )
        })
    }
}

impl fmt::Display for SecretAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, "secrets")
    }
}

impl Item {
    /// The first label of the vault's host: what `az` calls `--vault-name`.
    #[must_use]
    pub fn vault_name(&self) -> &str {
        let host = self.vault.host_str().unwrap_or_default();
        host.split('.').next().unwrap_or(host)
    }

    fn parse(text: &str, collection: &str) -> Option<Self> {
        let mut vault = Url::parse(text).ok()?;
        let nobody = vault.username().is_empty() && vault.password().is_none();
        let bare = vault.query().is_none() && vault.fragment().is_none();
        if !(is_protected(&vault) && nobody && bare && vault.has_host()) {
            return None;
        }
        let path = vault.path().strip_prefix('/')?.to_owned();
        let mut parts = path.split('/');
        let (found, name, version) = (parts.next()?, parts.next()?, parts.next());
        if found != collection || !is_name(name) || parts.next().is_some() {
            return None;
        }
        // The portal's own links end with a slash where no version is chosen.
        let version = version.filter(|version| !version.is_empty());
        if !version.is_none_or(is_name) {
            return None;
        }
        vault.set_path("/");
        Some(Self {
            name: name.to_owned(),
            version: version.map(str::to_owned),
            vault,
        })
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, collection: &str) -> fmt::Result {
        write!(f, "{}{collection}/{}", self.vault, self.name)?;
        match &self.version {
            Some(version) => write!(f, "/{version}"),
            None => Ok(()),
        }
    }
}

/// Names of keys and secrets: 1 to 127 letters, digits and hyphens.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=127).contains(&text.len()) && text.bytes().all(allowed)
}
