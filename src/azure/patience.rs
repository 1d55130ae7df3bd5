//! How often a request is repeated, and after how long.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};

/// How long a service is asked again before its refusal counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How often a request is sent at most.
    pub attempts: u32,
    /// The same while the answer is 410: the machine's metadata service is being replaced, which takes
    /// up to 70 seconds.
    pub attempts_gone: u32,
    /// The wait after the first failure; it doubles with each.
    pub first: Duration,
    /// The longest single wait. A service that wants a longer one is not asked again.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 5,
            attempts_gone: 12,
            first: Duration::from_millis(800),
            longest: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// How long to wait before attempt `next` (the second is 2), after an answer with `status` and
    /// `headers`; none when it was the last, or when the service wants a longer wait than we have.
    pub(super) fn wait(
        &self,
        next: u32,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Option<Duration> {
        let attempts = if status == StatusCode::GONE {
            self.attempts_gone
        } else {
            self.attempts
        };
        if next > attempts {
            return None;
        }
        let doubled = self.first * 2_u32.saturating_pow(next.saturating_sub(2));
        // RFC 9110 §10.2.3; Azure sends seconds.
        let asked = headers.get(header::RETRY_AFTER);
        let asked = asked.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        match asked.map(Duration::from_secs) {
            Some(asked) if asked > self.longest => None,
            Some(asked) => Some(asked),
            None => Some(doubled.min(self.longest)),
        }
    }
}

/// What the identity endpoints want repeated: "404, 410, 429 and 5xx" (IMDS, "Retry guidance").
pub(super) fn identity_repeats(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::TOO_MANY_REQUESTS
    ) || status.is_server_error()
}

/// What Key Vault and Entra want repeated ("Azure Key Vault throttling guidance").
pub(super) fn service_repeats(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}
