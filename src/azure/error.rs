//! Why Azure does not give what was asked for, with what to do.

use std::sync::Arc;

use crate::config::SecretError;
use crate::outbound::OutboundError;

/// There is no token of the platform's identity.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// The environment does not offer the identity that the configuration asks for.
    #[error(
        "the platform offers no workload identity: AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID and \
         AZURE_CLIENT_ID have to be set; in AKS give the pod the label \
         `azure.workload.identity/use: \"true\"` and its service account the annotation \
         `azure.workload.identity/client-id`, or set azure.identity = \"managed\""
    )]
    NotOffered,
    /// The file of the workload identity cannot be used.
    #[error(
        "the token of the workload identity in {path} cannot be read ({why}): give the pod the \
         label `azure.workload.identity/use: \"true\"`, and see that the service runs as a user \
         who may read the file"
    )]
    File {
        /// Which file.
        path: String,
        /// What happened.
        why: String,
    },
    /// The endpoint cannot be reached.
    #[error(
        "the platform's identity endpoint cannot be reached: is this machine in Azure, and has it \
         an identity? Set azure.identity to the one it has"
    )]
    Unreached(#[source] Arc<OutboundError>),
    /// The endpoint refused.
    #[error("{from} gives no token ({status}: {said}): {advice}")]
    Refused {
        /// Who.
        from: &'static str,
        /// With which HTTP status.
        status: u16,
        /// What it said.
        said: String,
        /// What to do.
        advice: String,
    },
    /// The answer is none that Microsoft describes.
    #[error(
        "{0} did not answer with a token: does AZURE_AUTHORITY_HOST, IDENTITY_ENDPOINT or \
         AZURE_POD_IDENTITY_AUTHORITY_HOST name another program?"
    )]
    Answer(&'static str),
}

impl From<OutboundError> for TokenError {
    fn from(error: OutboundError) -> Self {
        Self::Unreached(Arc::new(error))
    }
}

/// Key Vault does not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyVaultError {
    /// The host is no vault that a token may go to.
    #[error(
        "{0} is no Key Vault of a known cloud, so no token was sent there: correct the address, or \
         name its domain in azure.key_vault_domains"
    )]
    Foreign(String),
    /// The vault wants a token that is not for its own domain.
    #[error(
        "{vault} asks for a token for {asked:?}, which is not its own domain, so none was sent: is \
         something between this machine and Key Vault? See that the name resolves to Key Vault or \
         its private endpoint"
    )]
    Challenge {
        /// The vault.
        vault: String,
        /// The resource it named; empty when it named none.
        asked: String,
    },
    /// There is no token.
    #[error("Key Vault {vault} cannot be asked without a token")]
    Identity {
        /// The vault.
        vault: String,
        /// Why.
        source: TokenError,
    },
    /// It cannot be reached.
    #[error(
        "Key Vault {vault} cannot be reached: check the address, the network rules of the vault \
         (portal: Networking) and the name service (a private endpoint needs the zone \
         privatelink.vaultcore.azure.net)"
    )]
    Unreached {
        /// The vault.
        vault: String,
        /// Why.
        #[source]
        source: Arc<OutboundError>,
    },
    /// It has too much to do, or is out of order.
    #[error(
        "Key Vault {vault} asks to come back later ({status}): other programs may use up its limits \
         (portal: Metrics, Service Api Hits); give Freehold a vault of its own"
    )]
    Busy {
        /// The vault.
        vault: String,
        /// 429 or one above 499.
        status: u16,
    },
    /// It refused.
    #[error("Key Vault refuses to {what} {item} ({status} {code}): {advice}")]
    Refused {
        /// Such as "unwrap with".
        what: &'static str,
        /// The address of the key or secret.
        item: String,
        /// The HTTP status.
        status: u16,
        /// Key Vault's own word, such as `ForbiddenByRbac`.
        code: String,
        /// What to do.
        advice: String,
    },
    /// The answer is none that Microsoft describes, or is about another key.
    #[error("Key Vault did not answer about {0} as Microsoft describes it; nothing was used of it")]
    Answer(String),
}

impl KeyVaultError {
    /// Whether trying again later may help without anybody changing something.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreached { .. } | Self::Busy { .. })
            || matches!(
                self,
                Self::Identity {
                    source: TokenError::Unreached(_),
                    ..
                }
            )
    }
}

/// A reference that yields no secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UnresolvedSecret {
    /// The file or variable does not yield one, or what is there is none.
    #[error(transparent)]
    Reference(Arc<SecretError>),
    /// Key Vault does not yield one.
    #[error("the secret {reference} cannot be had")]
    KeyVault {
        /// The reference.
        reference: String,
        /// Why.
        source: Box<KeyVaultError>,
    },
}

impl From<SecretError> for UnresolvedSecret {
    fn from(error: SecretError) -> Self {
        Self::Reference(Arc::new(error))
    }
}
