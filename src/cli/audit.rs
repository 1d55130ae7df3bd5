//! `freehold audit`: the record of who did what.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, out};
use crate::audit::Verdict;
use crate::config::Settings;
use crate::server::admin::{Answer, Command as Admin, Output, Session, SessionError};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Recompute the whole chain; exit 1 when an entry was changed, added or removed
    Verify,
}

pub(super) async fn run(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    match command {
        Command::Verify => verify(settings).await,
    }
}

async fn verify(settings: &Settings) -> Result<ExitCode, Failure> {
    let mut session = Session::begin(settings, &Admin::AuditVerify).await?;
    let bar = out::spinner("entries");
    let verdict = loop {
        match session.next().await? {
            Output::Progress(entries) => bar.set_position(u64::try_from(entries).unwrap_or(0)),
            Output::Answer(Answer::Audit(verdict)) => break verdict,
            _ => return Err(SessionError::Answer.into()),
        }
    };
    bar.finish_and_clear();
    session.end().await;
    Ok(match verdict {
        Verdict::Whole { entries } => {
            out::line(&format!("the audit chain is whole: {entries} entries"));
            ExitCode::SUCCESS
        }
        Verdict::Broken { seq, why } => {
            out::line(&format!(
                "the audit chain is broken at entry {seq}: {why}. Everything before it is as it \
                 was written; compare with the last backup"
            ));
            ExitCode::FAILURE
        }
    })
}
