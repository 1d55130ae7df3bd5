//! What Azure tells a program about its identity, in the environment variables of Microsoft's SDKs.

use std::fmt;
use std::path::PathBuf;

use url::Url;
use zeroize::Zeroizing;

use super::environment;

/// The variables by which a platform offers an identity; an empty one counts as not set.
#[derive(Clone, Default)]
pub struct Platform {
    /// `AZURE_FEDERATED_TOKEN_FILE`: where AKS keeps the token of the service account.
    pub federated_token_file: Option<PathBuf>,
    /// `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// `AZURE_AUTHORITY_HOST`: Entra's host, `https://login.microsoftonline.com/` in the public cloud.
    pub authority_host: Option<Url>,
    /// `IDENTITY_ENDPOINT` of App Service and Container Apps.
    pub identity_endpoint: Option<Url>,
    /// `IDENTITY_HEADER`, which belongs to it.
    pub identity_header: Option<Zeroizing<String>>,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`: in place of `http://169.254.169.254`.
    pub imds_host: Option<Url>,
}

impl Platform {
    /// The variables of this process. An address that is none counts as not set.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |name: &str| {
            let value = Zeroizing::new(environment::secret(name)?);
            let text = std::str::from_utf8(&value).ok()?;
            (!text.is_empty()).then(|| Zeroizing::new(text.to_owned()))
        };
        let plain = |name: &str| text(name).map(|text| text.as_str().to_owned());
        let address = |name: &str| plain(name).and_then(|text| text.parse().ok());
        Self {
            federated_token_file: plain("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            client_id: plain("AZURE_CLIENT_ID"),
            tenant_id: plain("AZURE_TENANT_ID"),
            authority_host: address("AZURE_AUTHORITY_HOST"),
            identity_endpoint: address("IDENTITY_ENDPOINT"),
            identity_header: text("IDENTITY_HEADER"),
            imds_host: address("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
        }
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("federated_token_file", &self.federated_token_file)
            .field("client_id", &self.client_id)
            .field("tenant_id", &self.tenant_id)
            .field("identity_endpoint", &self.identity_endpoint)
            .finish_non_exhaustive()
    }
}
