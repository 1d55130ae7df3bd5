//! Blob storage: a request with the identity's token.

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, StatusCode};
use zeroize::Zeroizing;

use super::{Azure, TokenError};
use crate::config::Container;
use crate::outbound::OutboundError;

/// The version that the requests of `object_store` are written for.
const VERSION: HeaderValue = HeaderValue::from_static("2023-11-03");
/// Blob storage wants a version with every request that shows a token.
const VERSION_HEADER: HeaderName = HeaderName::from_static("x-ms-version");

/// A request to Blob storage was not sent or not answered.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The host is no Blob storage that a token may go to.
    #[error(
        "{0} is no Blob storage of a known cloud, so no token was sent there: correct backup.to"
    )]
    Foreign(String),
    /// There is no token.
    #[error(transparent)]
    Identity(#[from] TokenError),
    /// The account cannot be reached.
    #[error(transparent)]
    Unreached(#[from] OutboundError),
}

impl Azure {
    /// Sends `request` to the account of `container` with a token for that account, and gives the
    /// answer, whatever its status. A token that was not taken is asked for anew, once.
    ///
    /// # Errors
    /// [`StorageError`] with what to do.
    pub async fn ask_storage(
        &self,
        container: &Container,
        mut request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, StorageError> {
        let service = &container.service;
        if !container.is_known() {
            return Err(StorageError::Foreign(service.to_string()));
        }
        let outbound = &self.0.outbound;
        let headers = request.headers_mut();
        if !headers.contains_key(&VERSION_HEADER) {
            headers.insert(VERSION_HEADER, VERSION);
        }
        let resource = container.resource();
        let mut is_first = true;
        loop {
            let token = self.token(&resource).await?;
            let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
            let bearer = HeaderValue::from_str(&bearer);
            let mut bearer = bearer.map_err(|_| TokenError::Answer("the identity endpoint"))?;
            bearer.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, bearer);
            let answer = outbound.send_large(request.clone()).await?;
            if answer.status() != StatusCode::UNAUTHORIZED || !is_first {
                return Ok(answer);
            }
            is_first = false;
            self.forget_token(&resource);
        }
    }
}
