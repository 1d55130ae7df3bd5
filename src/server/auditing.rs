//! What keeps the audit in order: its head is signed, and what is too old is taken away.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;

use super::serve::pause;
use crate::audit::Audit as Chain;
use crate::base::clock::after;
use crate::config::Audit as Settings;
use crate::store::Store;

const DAY: Duration = Duration::from_hours(24);

/// Signs the head every so often, until the service stops; once more then.
pub(super) async fn sign(audit: Chain, settings: Settings, mut stop: watch::Receiver<bool>) {
    let every = Duration::from_secs(u64::from(settings.sign_mins) * 60);
    loop {
        let stops = pause(every, &mut stop).await;
        if let Err(error) = audit.sign().await {
            tracing::error!(%error, "the head of the audit could not be signed");
        }
        if stops {
            return;
        }
    }
}

/// Takes away, now and every day, what is older than the settings say.
pub(super) async fn cut(
    (audit, store): (Chain, Store),
    settings: Settings,
    mut stop: watch::Receiver<bool>,
) {
    let Some(days) = settings.keep_days else {
        return;
    };
    let days = SignedDuration::from_hours(i64::from(days) * 24);
    loop {
        let before = after(store.clock().now(), -days);
        match audit.cut(before, |_| {}).await {
            Ok(Some(cut)) => {
                tracing::info!(
                    up_to = cut.up_to,
                    entries = cut.entries,
                    "old entries of the audit were taken away"
                );
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "old entries of the audit are still there"),
        }
        if pause(DAY, &mut stop).await {
            return;
        }
    }
}
