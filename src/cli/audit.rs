//! `freehold audit`: the record of who did what.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, out};
use crate::audit::{SignedHead, Verdict};
use crate::config::Settings;
use crate::server::admin::{Answer, Command as Admin, Output, Session, SessionError};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Recompute the whole chain; exit 1 when an entry was changed, added or removed
    Verify {
        /// A head that `audit head` or `audit export` wrote, kept elsewhere: the chain has to go
        /// through it
        #[arg(long, value_name = "FILE")]
        head: Option<PathBuf>,
    },
    /// Sign the head of the chain and write it, one line of JSON: keep it where the service cannot
    /// write
    Head,
    /// Write the whole audit, one line of JSON for each entry, and last the signed head
    Export,
}

pub(super) async fn run(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    match command {
        Command::Verify { head } => verify(settings, head.as_deref()).await,
        Command::Head => write(settings, &Admin::AuditHead).await,
        Command::Export => write(settings, &Admin::AuditExport).await,
    }
}

async fn verify(settings: &Settings, head: Option<&Path>) -> Result<ExitCode, Failure> {
    let kept = head.map(read).transpose()?;
    let mut session = Session::begin(settings, &Admin::AuditVerify { kept }).await?;
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

/// The last line of the file: an export ends with its head.
fn read(path: &Path) -> Result<SignedHead, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the head {shown} cannot be read: {error}"))?;
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    let head = last.and_then(|line| serde_json::from_str(line).ok());
    let advice = || {
        format!(
            "{shown} holds no signed head: give a file that `freehold audit head` or `freehold \
             audit export` wrote, whole"
        )
    };
    Ok(head.ok_or_else(advice)?)
}

/// Writes what comes, line by line, and the signed head.
async fn write(settings: &Settings, command: &Admin) -> Result<ExitCode, Failure> {
    let mut session = Session::begin(settings, command).await?;
    loop {
        match session.next().await? {
            Output::Lines(lines) => lines.iter().for_each(|line| out::line(line)),
            Output::Answer(Answer::Head(head)) => {
                if let Some(head) = head {
                    out::line(&serde_json::to_string(&head)?);
                }
                break;
            }
            _ => return Err(SessionError::Answer.into()),
        }
    }
    session.end().await;
    Ok(ExitCode::SUCCESS)
}
