//! Tokens of the platform's identity.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use jiff::SignedDuration;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::cache::Kept;
use super::error::TokenError;
use super::patience::{identity_repeats, service_repeats};
use super::{Answered, Azure, advice, said};
use crate::base::Timestamp;
use crate::base::clock::after;
use crate::config::PlatformIdentity;
use crate::outbound::{OutboundError, Way};

/// A token is fetched again so long before it expires.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// A token file is not larger.
const FILE_BYTES_MAX: usize = 64 * 1024;
/// The kind of an assertion that is a JWT (RFC 7523 §2.2).
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com/";
const IMDS: &str = "http://169.254.169.254/";

/// A token or an assertion: overwritten on drop, never shown.
pub struct Token(Zeroizing<String>);

impl Token {
    pub(super) fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The token; it goes into a request and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Where the identity comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// AKS writes a token of the service account into a file; Entra exchanges it.
    Workload {
        /// The file.
        file: PathBuf,
        /// The tenant of the application or managed identity.
        tenant: String,
        /// Its client id.
        client: String,
        /// Entra's host.
        authority: Url,
    },
    /// App Service or Container Apps answer at an address of theirs.
    Endpoint(Url),
    /// The machine's instance metadata service.
    Machine(Url),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workload { client, .. } => write!(f, "workload identity {client}"),
            Self::Endpoint(url) => write!(f, "managed identity by IDENTITY_ENDPOINT {url}"),
            Self::Machine(url) => write!(f, "managed identity by IMDS at {url}"),
        }
    }
}

/// What Entra, IMDS and `IDENTITY_ENDPOINT` answer; numbers may be texts.
#[derive(Deserialize)]
struct Granted {
    #[serde(deserialize_with = "super::zeroizing")]
    access_token: Zeroizing<String>,
    #[serde(default)]
    expires_in: Option<Number>,
    #[serde(default)]
    expires_on: Option<Number>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(i64),
    Text(String),
}

impl Number {
    fn get(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl Azure {
    /// Where the identity comes from, by configuration and environment.
    ///
    /// # Errors
    /// [`TokenError::NotOffered`] names the variables that are missing.
    pub fn source(&self) -> Result<Source, TokenError> {
        let (inner, platform) = (&self.0, &self.0.platform);
        let workload = platform.federated_token_file.as_ref();
        let chosen = inner.settings.identity;
        if chosen == PlatformIdentity::Workload
            || chosen == PlatformIdentity::Auto && workload.is_some()
        {
            let needed = (workload, &platform.tenant_id, self.client_id());
            let (Some(file), Some(tenant), Some(client)) = needed else {
                return Err(TokenError::NotOffered);
            };
            let authority = platform.authority_host.clone();
            return Ok(Source::Workload {
                file: file.clone(),
                tenant: tenant.clone(),
                client: client.to_owned(),
                authority: authority.map_or_else(|| constant(PUBLIC_AUTHORITY), Ok)?,
            });
        }
        if let (Some(url), Some(_)) = (&platform.identity_endpoint, &platform.identity_header) {
            return Ok(Source::Endpoint(url.clone()));
        }
        let host = platform.imds_host.clone();
        Ok(Source::Machine(host.map_or_else(|| constant(IMDS), Ok)?))
    }

    /// The way to who gives tokens of the identity: Entra, `IDENTITY_ENDPOINT` or IMDS; none when the
    /// platform offers no identity, or at an address that may not be called.
    #[must_use]
    pub fn identity_way(&self, reason: &str) -> Option<Way> {
        const SETTING: &str = "azure.identity";
        match self.source().ok()? {
            Source::Workload { authority, .. } => Way::to(&authority, SETTING, reason).ok(),
            Source::Endpoint(url) | Source::Machine(url) => {
                Way::to_platform(&url, SETTING, reason).ok()
            }
        }
    }

    /// The client id that is configured, or that the environment names.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        let configured = self.0.settings.client_id.as_deref();
        configured.or(self.0.platform.client_id.as_deref())
    }

    /// A token for `resource`, such as `https://vault.azure.net`: one that was fetched before, until
    /// five minutes before it expires.
    ///
    /// # Errors
    /// [`TokenError`] with what to do.
    pub async fn token(&self, resource: &str) -> Result<Arc<Token>, TokenError> {
        let now = self.0.clock.now();
        let fetch = async || self.fetch(resource, now).await;
        self.0.tokens.get(resource, now, fetch).await
    }

    /// Forgets the token for `resource`: a service did not take it.
    pub(super) fn forget_token(&self, resource: &str) {
        self.0.tokens.forget(resource);
    }

    /// What proves to Entra who we are in place of a client secret (RFC 7523 §2.2): the token that AKS
    /// wrote, or a token of the managed identity for `audience` (`api://AzureADTokenExchange`).
    ///
    /// # Errors
    /// [`TokenError`] with what to do.
    pub async fn assertion(&self, audience: &str) -> Result<Arc<Token>, TokenError> {
        match self.source()? {
            Source::Workload { file, .. } => read(&file).map(Arc::new),
            Source::Endpoint(_) | Source::Machine(_) => self.token(audience).await,
        }
    }

    async fn fetch(&self, resource: &str, now: Timestamp) -> Result<Kept<Token>, TokenError> {
        let source = self.source()?;
        let (answer, from) = match &source {
            Source::Workload { .. } => (self.exchange(&source, resource).await?, "Entra"),
            Source::Endpoint(url) => (self.ask(url.clone(), resource).await?, "IDENTITY_ENDPOINT"),
            Source::Machine(host) => {
                let url = host.join("metadata/identity/oauth2/token");
                let url = url.map_err(|_| TokenError::NotOffered)?;
                (self.ask(url, resource).await?, "IMDS")
            }
        };
        if answer.status != http::StatusCode::OK {
            let said = answer.json();
            let text = |name: &str| said.get(name).and_then(|text| text.as_str());
            let told = text("error_description").or_else(|| text("error"));
            let said = super::said(told.unwrap_or_default());
            return Err(TokenError::Refused {
                advice: advice::identity(&source, &said, self.client_id()),
                status: answer.status.as_u16(),
                from,
                said,
            });
        }
        let granted: Granted =
            serde_json::from_slice(&answer.body).map_err(|_| TokenError::Answer(from))?;
        let left = granted.expires_in.as_ref().and_then(Number::get);
        let at = granted.expires_on.as_ref().and_then(Number::get);
        let left = left.or_else(|| Some(at?.saturating_sub(now.as_second())));
        let left = SignedDuration::from_secs(left.ok_or(TokenError::Answer(from))?);
        Ok(Kept {
            value: Arc::new(Token::new(granted.access_token)),
            fresh_until: after(now, left.saturating_sub(EARLY)),
            good_until: after(now, left),
        })
    }

    /// The third case of the client credentials flow: the platform's token for one of Entra.
    async fn exchange(&self, source: &Source, resource: &str) -> Result<Answered, TokenError> {
        let Source::Workload {
            file,
            tenant,
            client,
            authority,
        } = source
        else {
            return Err(TokenError::NotOffered);
        };
        let url = authority.join(&format!("{tenant}/oauth2/v2.0/token"));
        let url = url.map_err(|_| TokenError::NotOffered)?;
        let assertion = read(file)?;
        let scope = format!("{}/.default", resource.trim_end_matches('/'));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", client)
            .append_pair("scope", &scope)
            .append_pair("client_assertion_type", JWT_BEARER)
            .append_pair("client_assertion", assertion.expose())
            .finish();
        let body = Zeroizing::new(body);
        let make = || {
            http::Request::post(url.as_str())
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.as_bytes().to_vec())
        };
        Ok(self.repeat(make, service_repeats).await?)
    }

    /// IMDS, or what App Service and Container Apps have in its place.
    async fn ask(&self, mut url: Url, resource: &str) -> Result<Answered, TokenError> {
        let header = self.0.platform.identity_header.as_ref();
        let header = header.filter(|_| self.0.platform.identity_endpoint.as_ref() == Some(&url));
        let version = header.map_or("2018-02-01", |_| "2019-08-01");
        url.query_pairs_mut()
            .append_pair("api-version", version)
            .append_pair("resource", resource);
        if let Some(client) = self.client_id() {
            url.query_pairs_mut().append_pair("client_id", client);
        }
        let make = || {
            let request = http::Request::get(url.as_str());
            let request = match header {
                Some(header) => request.header("X-IDENTITY-HEADER", header.as_str()),
                None => request.header("Metadata", "true"),
            };
            request.body(Vec::new())
        };
        Ok(self.repeat(make, identity_repeats).await?)
    }

    /// Sends what `make` makes until there is an answer that does not want it `repeats`ed, as long as
    /// the patience lasts.
    pub(super) async fn repeat(
        &self,
        make: impl Fn() -> http::Result<http::Request<Vec<u8>>>,
        repeats: impl Fn(http::StatusCode) -> bool + Send + Sync,
    ) -> Result<Answered, OutboundError> {
        let patience = &self.0.patience;
        let mut next = 2;
        loop {
            let request = make().map_err(|error| OutboundError::Address(said(&error.to_string())));
            let wait = match self.0.outbound.send(request?).await {
                Ok(answer) => {
                    let answer = Answered::of(answer);
                    let again = repeats(answer.status)
                        .then(|| patience.wait(next, answer.status, &answer.headers));
                    match again.flatten() {
                        Some(wait) => wait,
                        None => return Ok(answer),
                    }
                }
                // A connection that broke may be made again; a host that is away stays away.
                Err(OutboundError::Unanswered { .. }) if next == 2 && patience.attempts > 1 => {
                    patience.first
                }
                Err(error) => return Err(error),
            };
            tokio::time::sleep(wait).await;
            next += 1;
        }
    }
}

fn constant(url: &str) -> Result<Url, TokenError> {
    url.parse().map_err(|_| TokenError::NotOffered)
}

/// The platform replaces the file within the hour, so it is read each time.
fn read(file: &std::path::Path) -> Result<Token, TokenError> {
    let unusable = |why: String| TokenError::File {
        path: file.display().to_string(),
        why,
    };
    let text = std::fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
    let text = Zeroizing::new(text);
    if text.trim().is_empty() || text.len() > FILE_BYTES_MAX {
        return Err(unusable("it is empty or too large".to_owned()));
    }
    Ok(Token::new(Zeroizing::new(text.trim().to_owned())))
}
