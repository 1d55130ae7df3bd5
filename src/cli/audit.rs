//! `freehold audit`: the record of who did what.

use std::path::Path;
use std::process::ExitCode;

use clap::Subcommand;

use super::{Failure, open, out};
use crate::audit::{self, Verdict};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Recompute the whole chain; exit 1 when an entry was changed, added or removed
    Verify,
}

pub(super) async fn run(command: Command, data: &Path) -> Result<ExitCode, Failure> {
    match command {
        Command::Verify => verify(data).await,
    }
}

async fn verify(data: &Path) -> Result<ExitCode, Failure> {
    let opened = open::existing(data).await?;
    let verdict = audit::verify(&opened.store, |_| {}).await?;
    opened.store.close().await;
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
