//! `freehold doctor`: examines an installation and says what to do about what it finds.
//!
//! Every line is one finding: `ok`, `warn` or `FAIL`, the part, and what is so or what to do.
//! Nothing is changed, except that a database that nobody serves is opened, which migrates it.
//! Nothing leaves the machine, except that each way out is tried, the configured sign-in providers are
//! asked for what they publish and what time it is there, and Azure for the keys, secrets and backups that
//! are configured to be there.

mod azure;
mod backup;
mod machine;
mod providers;
mod service;
mod ways;

use std::process::ExitCode;

use super::{Failure, out};
use crate::base::{Clock as _, SystemClock};
use crate::config::Loaded;
use crate::server;

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// What was found out about one part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    level: Level,
    part: &'static str,
    text: String,
}

impl Finding {
    fn ok(part: &'static str, text: impl Into<String>) -> Self {
        Self::at(Level::Ok, part, text)
    }

    fn warn(part: &'static str, text: impl Into<String>) -> Self {
        Self::at(Level::Warn, part, text)
    }

    fn fail(part: &'static str, text: impl Into<String>) -> Self {
        Self::at(Level::Fail, part, text)
    }

    fn at(level: Level, part: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { level, part, text }
    }

    fn line(&self) -> String {
        let word = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        format!("{word:<5} {:<14} {}", self.part, self.text)
    }
}

pub(super) async fn run(loaded: Result<Loaded, Failure>) -> ExitCode {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            out::line(&Finding::fail("configuration", error.to_string()).line());
            return ExitCode::FAILURE;
        }
    };
    let settings = &loaded.settings;
    let azure = server::egress::azure(settings);
    let mut findings = vec![Finding::ok("configuration", "read and right")];
    let advice = settings.advice(SystemClock.now()).into_iter();
    findings.extend(advice.map(|advice| Finding::warn("configuration", advice)));
    findings.extend(machine::examine(settings, &azure).await);
    findings.extend(service::examine(settings, &azure).await);
    findings.extend(ways::examine(&azure).await);
    findings.extend(providers::examine(settings, &azure).await);
    findings.extend(azure::examine(settings, &azure).await);
    findings.extend(backup::examine(settings, &azure).await);
    let failed = findings.iter().any(|finding| finding.level == Level::Fail);
    for finding in &findings {
        out::line(&finding.line());
    }
    ExitCode::from(u8::from(failed))
}
