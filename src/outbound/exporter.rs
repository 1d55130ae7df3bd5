//! What carries telemetry over HTTP: the client of all ways out.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

use super::Outbound;

/// How long sending once may take; what waits behind it is dropped when its queue is full.
const SEND_MAX: Duration = Duration::from_secs(5);

/// Sends what OpenTelemetry's exporters hand over, from their threads, on the runtime it was made in.
#[derive(Clone)]
pub struct Exporter {
    outbound: Outbound,
    runtime: Handle,
}

impl Exporter {
    /// One that sends through `outbound`, where the collector's host is to be opened first.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn new(outbound: Outbound) -> Self {
        Self {
            outbound,
            runtime: Handle::current(),
        }
    }
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exporter")
    }
}

#[async_trait]
impl HttpClient for Exporter {
    async fn send_bytes(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, HttpError> {
        let outbound = self.outbound.clone();
        let request = request.map(Vec::from);
        let sending = async move { tokio::time::timeout(SEND_MAX, outbound.send(request)).await };
        let answer = self.runtime.spawn(sending).await??;
        Ok(answer?.map(Bytes::from))
    }
}
