//! What the service or its database says: running or not, readiness, audit, listeners.

use std::sync::Arc;

use super::{Finding, Level};
use crate::azure::Azure;
use crate::base::{Clock as _, SystemClock};
use crate::config::Settings;
use crate::server::admin::{Answer, Command as Admin, Examined, Output, Session, SessionError};
use crate::server::{self, Certificate, probe};
use crate::telemetry::Health;

pub(super) async fn examine(settings: &Settings, azure: &Azure) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_live = match ask(settings).await {
        Ok((examined, is_live)) => {
            let text = if is_live {
                "running on this folder"
            } else {
                "not running; the database opens"
            };
            findings.push(Finding::ok("service", text));
            findings.extend(parts(&examined));
            findings.push(audit(&examined));
            is_live
        }
        Err(SessionError::NoDatabase(path)) => {
            let text = format!("no database at {path}: the first `freehold serve` makes it");
            findings.push(Finding::warn("service", text));
            false
        }
        Err(error) => {
            findings.push(Finding::fail("service", error.to_string()));
            false
        }
    };
    findings.extend(certificate(settings, azure).await);
    findings.push(listeners(settings, is_live).await);
    findings
}

async fn ask(settings: &Settings) -> Result<(Examined, bool), SessionError> {
    let mut session = Session::begin(settings, &Admin::Examine).await?;
    let is_live = session.is_live();
    let answer = session.next().await;
    session.end().await;
    match answer? {
        Output::Answer(Answer::Examined(examined)) => Ok((examined, is_live)),
        _ => Err(SessionError::Answer),
    }
}

fn parts(examined: &Examined) -> Vec<Finding> {
    let finding = |part: &crate::server::admin::Part| {
        let (level, text) = match &part.health {
            Health::Ok => (Level::Ok, format!("{}: ok", part.name)),
            Health::Degraded(text) => (Level::Warn, text.clone()),
            Health::Failed(text) => (Level::Fail, text.clone()),
        };
        Finding::at(level, "readiness", text)
    };
    examined.parts.iter().map(finding).collect()
}

fn audit(examined: &Examined) -> Finding {
    const PART: &str = "audit";
    let entries = examined.audit_entries;
    match examined.audit_last {
        None => Finding::ok(PART, "no entries yet"),
        Some(last) if last > SystemClock.now() => Finding::fail(
            PART,
            format!(
                "the last of {entries} entries is of {last}, which is in the future: the clock was \
                 set back, or is wrong now"
            ),
        ),
        Some(last) => Finding::ok(
            PART,
            format!("{entries} entries, the last of {last}; `freehold audit verify` checks them"),
        ),
    }
}

/// Certificate and key as they are on disk or in the vault now; nothing when none are configured.
async fn certificate(settings: &Settings, azure: &Azure) -> Option<Finding> {
    const PART: &str = "certificate";
    let tls = &settings.server.tls;
    let certificate = Certificate::of(tls, azure, Arc::new(SystemClock)).await?;
    let finding = match certificate.health() {
        Health::Degraded(why) => Finding::warn(PART, why),
        Health::Failed(why) => Finding::fail(PART, why),
        Health::Ok => {
            let source = certificate.source();
            let (end, days) = certificate.ends()?;
            let text = format!("{source} fits its key; {days} days left, until {end}");
            Finding::ok(PART, text)
        }
    };
    Some(finding)
}

async fn listeners(settings: &Settings, is_live: bool) -> Finding {
    const PART: &str = "listeners";
    let shown: Vec<String> = settings
        .server
        .listen
        .iter()
        .map(ToString::to_string)
        .collect();
    let shown = shown.join(", ");
    if is_live {
        return match probe::here(&settings.server, probe::Question::Ready).await {
            Ok(_) => Finding::ok(PART, format!("{shown}, and the service answers there")),
            Err(error) => Finding::warn(PART, error.to_string()),
        };
    }
    match server::try_listen(&settings.server.listen) {
        Ok(()) => Finding::ok(PART, format!("{shown} can be had")),
        Err(error) => Finding::fail(PART, error.to_string()),
    }
}
