//! `object_store` on our own way out: its requests go through [`Azure::ask_storage`], which shows the
//! identity's token. It has no client and no credential of its own.

use std::fmt;

use async_trait::async_trait;
use http::header::IF_NONE_MATCH;
use http::{HeaderValue, Method};
use http_body_util::BodyExt as _;
use object_store::azure::{AzureCredential, MicrosoftAzure, MicrosoftAzureBuilder};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{BackoffConfig, ClientOptions, RetryConfig, StaticCredentialProvider};

use super::place::RING;
use crate::azure::{Azure, StorageError};
use crate::config::Container;
use crate::outbound::OutboundError;

/// How often a request is repeated that broke off, or got an answer of 500 or more.
const RETRIES_MAX: usize = 4;

#[derive(Clone)]
struct Way {
    azure: Azure,
    container: Container,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Way({})", self.container.service)
    }
}

/// The container as a store of objects.
pub(super) fn container(
    azure: &Azure,
    container: &Container,
) -> Result<MicrosoftAzure, object_store::Error> {
    let way = Way {
        azure: azure.clone(),
        container: container.clone(),
    };
    // The way puts the token on; this one is never sent.
    let none = StaticCredentialProvider::new(AzureCredential::BearerToken(String::new()));
    MicrosoftAzureBuilder::new()
        .with_account(&container.account)
        .with_container_name(&container.name)
        .with_endpoint(container.service.as_str().trim_end_matches('/').to_owned())
        .with_credentials(std::sync::Arc::new(none))
        .with_skip_signature(true)
        .with_retry(RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: RETRIES_MAX,
            ..RetryConfig::default()
        })
        .with_http_connector(way)
        .build()
}

impl HttpConnector for Way {
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient, object_store::Error> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Way {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes().to_vec();
        // `object_store` commits blocks without a condition; ours never replace what is there, but for
        // the one copy of the key ring.
        let query = parts.uri.query().unwrap_or_default();
        let is_ring = parts.uri.path().ends_with(RING);
        if parts.method == Method::PUT && query.contains("comp=blocklist") && !is_ring {
            let none = HeaderValue::from_static("*");
            parts.headers.insert(IF_NONE_MATCH, none);
        }
        let request = http::Request::from_parts(parts, body);
        let answer = self.azure.ask_storage(&self.container, request).await;
        let (parts, body) = answer.map_err(broken)?.into_parts();
        let body = HttpResponseBody::from(body);
        Ok(HttpResponse::from_parts(parts, body))
    }
}

/// What broke off may be repeated; what is refused stays refused.
fn broken(error: StorageError) -> HttpError {
    let kind = match &error {
        StorageError::Unreached(OutboundError::Unanswered { .. }) => HttpErrorKind::Connect,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
