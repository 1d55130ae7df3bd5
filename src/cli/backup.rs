//! `freehold backup`: sealed copies, kept elsewhere. `docs/backup.md` says what to do when.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use indicatif::{HumanBytes, ProgressBar};

use super::{Failure, out};
use crate::backup::{BackupId, Listed, Progress, Restore, Shelf};
use crate::config::Settings;
use crate::server::admin::{Answer, Command as Admin, Output, Session, SessionError};
use crate::server::{bring_key_file, egress, opening_key};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a backup now, beside a running service or without one
    Now {
        /// Only by a running service, which may be of another version; without one nothing is touched,
        /// and that is an error
        #[arg(long)]
        running: bool,
    },
    /// The backups there are, oldest first
    List {
        /// One line of JSON for each
        #[arg(long)]
        json: bool,
    },
    /// Fetch a backup, open and check it as a restore does, and throw it away; exit 1 when it could
    /// not be restored
    Verify(Which),
    /// Bring a backup into a new folder; nothing is written over
    Restore {
        #[command(flatten)]
        which: Which,
        /// The folder: one that is not there yet, or is empty
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// Which one [default: the newest]
    #[arg(value_name = "BACKUP")]
    id: Option<BackupId>,
    /// The key-encryption key is lost: open with the private half of the recovery key in this file
    #[arg(long, value_name = "FILE")]
    recovery_key: Option<PathBuf>,
}

pub(super) async fn run(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    match command {
        Command::Now { running } => now(running, settings).await?,
        Command::List { json } => list(settings, json).await?,
        Command::Verify(which) => {
            let (restore, bar) = way_back(&which, settings)?;
            let scratch = settings.store.data.join("backup").join("verify");
            let found = restore.verify(which.id.as_ref(), &scratch).await;
            bar.finish_and_clear();
            let found = found?;
            out::line(&format!(
                "{} is whole and opens: {} of data, schema {}, made by version {}, with the key \
                 ring of {}",
                found.id,
                HumanBytes(found.bytes),
                found.schema,
                found.app,
                found.keys
            ));
        }
        Command::Restore { which, into } => restore(&which, into, settings).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn now(only_running: bool, settings: &Settings) -> Result<(), Failure> {
    let mut session = if only_running {
        Session::begin_beside(settings, &Admin::BackupNow).await?
    } else {
        Session::begin(settings, &Admin::BackupNow).await?
    };
    let bar = out::bytes_bar(Some(0));
    let taken = loop {
        match session.next().await? {
            Output::Backup(step) => show(&bar, step),
            Output::Answer(Answer::Backup(taken)) => break taken,
            _ => return Err(SessionError::Answer.into()),
        }
    };
    bar.finish_and_clear();
    session.end().await;
    out::line(&format!(
        "{} is at {}: {} of data, {} shipped, in {:.1} s",
        taken.id,
        taken.place,
        HumanBytes(taken.database_bytes),
        HumanBytes(taken.shipped_bytes),
        std::time::Duration::from_millis(taken.took_ms).as_secs_f64()
    ));
    Ok(())
}

async fn list(settings: &Settings, json: bool) -> Result<(), Failure> {
    let azure = egress::azure(settings);
    let shelf = Shelf::open(settings, &azure)?;
    let listed = shelf.list().await?;
    if json {
        for one in &listed {
            out::line(&serde_json::to_string(one)?);
        }
        return Ok(());
    }
    if listed.is_empty() {
        out::note(&format!("there is no backup at {} yet", shelf.place()));
        return Ok(());
    }
    out::line(&format!(
        "{:<26}{:<22}{:>12}  KEYS",
        "BACKUP", "MADE", "SIZE"
    ));
    for one in &listed {
        out::line(&line(one));
    }
    Ok(())
}

fn line(one: &Listed) -> String {
    let keys = match &one.keys {
        Some(ring) => format!("of {ring}"),
        None => "none that fit: it cannot be restored".to_owned(),
    };
    let (made_at, bytes) = (format!("{:.0}", one.made_at), HumanBytes(one.bytes));
    let bytes = bytes.to_string();
    format!("{:<26}{made_at:<22}{bytes:>12}  {keys}", one.id.as_str())
}

fn way_back(which: &Which, settings: &Settings) -> Result<(Restore, ProgressBar), Failure> {
    let azure = egress::azure(settings);
    let shelf = Shelf::open(settings, &azure)?;
    let key = opening_key(settings, &azure, which.recovery_key.as_deref())?;
    let bar = out::bytes_bar(Some(0));
    let shown = bar.clone();
    Ok((
        Restore::new(shelf, key, move |step| show(&shown, step)),
        bar,
    ))
}

async fn restore(which: &Which, into: PathBuf, settings: &Settings) -> Result<(), Failure> {
    let (restore, bar) = way_back(which, settings)?;
    let into = std::path::absolute(into)?;
    let restored = restore.bring_into(which.id.as_ref(), &into).await;
    bar.finish_and_clear();
    let restored = restored?;
    let folder = into.display();
    out::line(&format!(
        "{} is restored into {folder}: {} of data, checked; with the key ring of {}",
        restored.id,
        HumanBytes(restored.bytes),
        restored.keys
    ));
    if which.recovery_key.is_some() {
        out::note(&format!(
            "now wrap its keys by a new key-encryption key: `freehold keys rewrap --recovery-key \
             FILE --data {folder}`"
        ));
    } else if bring_key_file(settings, &into)? {
        out::note("the key file was copied with it");
    }
    out::note(&format!(
        "then start the service with `--data {folder}`. Everybody signs in again, and calendar \
         programs fetch everything once"
    ));
    Ok(())
}

fn show(bar: &ProgressBar, step: Progress) {
    bar.set_length(step.total);
    bar.set_position(step.done);
    bar.set_message(step.stage.word());
}
