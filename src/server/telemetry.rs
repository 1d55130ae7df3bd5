//! Telemetry of the service: started before everything else, so that nothing is missed, and stopped
//! after everything else.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;

use super::{ServeError, egress};
use crate::azure::Azure;
use crate::config::{CollectorUrl, SampleBy, Settings};
use crate::outbound::Exporter;
use crate::telemetry::otlp::{self, Collector, Otlp, OtlpError};
use crate::telemetry::trace::Sampling;
use crate::telemetry::{self, Meters, MetricsError, Scraping, log::LogError};

/// How long sending what is left may take at the end, in all.
const STOP_MAX: Duration = Duration::from_secs(5);

/// What observes the service. Cheap to clone.
#[derive(Clone)]
pub struct Telemetry {
    /// Secrets and ways out, which the rooms use, too.
    pub(super) azure: Azure,
    pub(super) otlp: Option<Arc<Otlp>>,
    pub(super) meters: Option<Meters>,
    pub(super) sampling: Option<Sampling>,
}

/// Telemetry cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Logging.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The collector.
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    /// Metrics.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// A secret.
    #[error(transparent)]
    Secret(#[from] crate::azure::UnresolvedSecret),
    /// The headers for the collector.
    #[error(
        "telemetry.otlp_headers names a secret that is not one header in a line: write \
         `NAME: VALUE`, one in a line, in visible ASCII"
    )]
    Headers,
}

impl From<TelemetryError> for ServeError {
    fn from(error: TelemetryError) -> Self {
        Self::Room(Box::new(error))
    }
}

impl Telemetry {
    /// Starts logging for the whole process, and what the settings name: sending to a collector,
    /// metrics.
    ///
    /// # Errors
    /// [`TelemetryError`] with what to do. A collector that is away is no error.
    pub async fn start(settings: &Settings) -> Result<Self, TelemetryError> {
        let azure = egress::azure(settings);
        let resource = otlp::resource();
        let (otlp, reader) = match settings.collector() {
            None => (None, None),
            Some(url) => {
                let to = collector(settings, url, &azure).await?;
                let (otlp, reader) = otlp::start(&to, &resource)?;
                (Some(Arc::new(otlp)), Some(reader))
            }
        };
        let scraping = match settings.telemetry.metrics_listen {
            Some(_) => Scraping::Offered,
            None => Scraping::Off,
        };
        let meters = match (&reader, scraping) {
            (None, Scraping::Off) => None,
            _ => Some(Meters::new(&resource, scraping, reader)?),
        };
        telemetry::log::init(&settings.log, otlp.as_deref())?;
        let sampling = Sampling {
            percent: settings.telemetry.sample_percent,
            callers_decide: settings.telemetry.sample_by == SampleBy::Callers,
        };
        Ok(Self {
            azure,
            sampling: otlp.as_ref().map(|_| sampling),
            otlp,
            meters,
        })
    }

    /// Sends what is left, for five seconds at most.
    pub async fn stop(self) {
        let (done, ended) = oneshot::channel();
        // A thread that nobody waits for when the process ends: a collector that hangs holds up nothing.
        let sending = std::thread::Builder::new().spawn(move || {
            if let Some(otlp) = &self.otlp {
                otlp.stop();
            }
            if let Some(meters) = &self.meters {
                meters.stop();
            }
            // Whoever waited too long is gone.
            let _gone = done.send(());
        });
        if sending.is_ok() {
            let _late = tokio::time::timeout(STOP_MAX, ended).await;
        }
    }
}

async fn collector(
    settings: &Settings,
    url: &CollectorUrl,
    azure: &Azure,
) -> Result<Collector, TelemetryError> {
    let telemetry = &settings.telemetry;
    let headers = match &telemetry.otlp_headers {
        None => HeaderMap::new(),
        Some(reference) => {
            let secret = azure.secret(reference).await?;
            headers(secret.bytes()).ok_or(TelemetryError::Headers)?
        }
    };
    Ok(Collector {
        url: url.clone(),
        protocol: telemetry.otlp_protocol,
        headers,
        client: Arc::new(Exporter::new(azure.outbound().clone())),
        every: Duration::from_secs(telemetry.export_secs.into()),
        queue_max: telemetry.queue_max as usize,
    })
}

/// `NAME: VALUE` in each line; empty lines count nothing.
fn headers(text: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in std::str::from_utf8(text).ok()?.lines() {
        if line.trim().is_empty() {
            continue;
        }
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.trim().parse().ok()?;
        let mut value: HeaderValue = value.trim().parse().ok()?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Some(headers)
}
