//! `freehold keys`: the key ring. `docs/keys.md` says what to keep where, and what to do when.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::{Failure, out};
use crate::base::{Clock as _, SystemClock, Timestamp};
use crate::config::{KekPlace, SecretRef, Settings};
use crate::server::Rooms;
use crate::server::admin::{Answer, Command as Admin, Session, SessionError};
use crate::store::key_ring::{RingStatus, Rotation};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Which keys there are, how old, how much used, and what they are wrapped by
    Status,
    /// Make new keys; what older ones sealed still opens, and the service goes on
    Rotate {
        /// Which keys
        #[arg(default_value = "all")]
        what: What,
    },
    /// Wrap the root key anew: by the configured key-encryption key, and by no other
    Rewrap(Rewrap),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum What {
    /// The data keys of the organisation and of everybody
    Data,
    /// The root key, which wraps the data keys
    Root,
    /// Both
    All,
}

#[derive(Debug, Args)]
pub(super) struct Rewrap {
    /// By this key-encryption key as well, on the way from the configured one to it: a file, which is
    /// made when there is none, or the identifier of a key in Azure Key Vault
    #[arg(
        long,
        value_name = "file:PATH or https://…/keys/NAME",
        conflicts_with = "recovery_key"
    )]
    to: Option<KekPlace>,
    /// The key-encryption key is lost: open the ring with the private half of the recovery key in
    /// this file instead; the service has to be stopped
    #[arg(long, value_name = "FILE")]
    recovery_key: Option<PathBuf>,
}

pub(super) async fn run(command: Command, settings: &Settings) -> Result<ExitCode, Failure> {
    match command {
        Command::Status => {
            let answer = Session::ask(settings, &Admin::KeysStatus).await?;
            let Answer::Keys(status) = answer else {
                return Err(SessionError::Answer.into());
            };
            out::text(&table(&status, SystemClock.now()));
        }
        Command::Rotate { what } => {
            let what = match what {
                What::Data => Rotation::Data,
                What::Root => Rotation::Root,
                What::All => Rotation::All,
            };
            Session::ask(settings, &Admin::KeysRotate(what)).await?;
            out::line("new keys are made and in use");
        }
        Command::Rewrap(rewrap) => match rewrap.recovery_key {
            Some(private) => {
                Rooms::recover(settings, &private).await?;
                out::line("the root key is wrapped by the configured key-encryption key");
                out::note("take the private half of the recovery key off this machine again");
            }
            None => self::rewrap(rewrap.to, settings).await?,
        },
    }
    Ok(ExitCode::SUCCESS)
}

async fn rewrap(to: Option<KekPlace>, settings: &Settings) -> Result<(), Failure> {
    let to = match to {
        // The service may run in another folder.
        Some(KekPlace::Secret(SecretRef::File(path))) => {
            let path = std::path::absolute(path)?;
            Some(KekPlace::Secret(SecretRef::File(path)))
        }
        to => to,
    };
    let command = Admin::KeysRewrap { to: to.clone() };
    let Answer::Rewrapped(wraps) = Session::ask(settings, &command).await? else {
        return Err(SessionError::Answer.into());
    };
    out::line(&format!("the root key is wrapped by {}", wraps.join(", ")));
    if let Some(to) = to {
        let set = match &to {
            KekPlace::Secret(to) => format!("vault.key_file = \"{to}\""),
            KekPlace::KeyVault(to) => {
                format!("vault.kek = \"azure-key-vault\" and vault.key_vault_key = \"{to}\"")
            }
        };
        out::note(&format!(
            "now set {set}, restart each process, and run `freehold keys \
             rewrap` to take the older wrapping away; until then either key opens the ring"
        ));
    }
    Ok(())
}

fn table(status: &RingStatus, now: Timestamp) -> String {
    let age = |since: Timestamp| {
        let hours = now.duration_since(since).as_hours().max(0);
        match hours / 24 {
            0 => format!("{hours} h old"),
            days => format!("{days} days old"),
        }
    };
    let wraps: Vec<_> = status.wraps.iter().collect();
    let by = |wrapper: &str| {
        let by = wraps.iter().filter(|wrap| wrap.wrapper == wrapper);
        let by = by.map(|wrap| format!("{}, {}", wrap.wrapper_id, age(wrap.created_at)));
        by.collect::<Vec<_>>().join("; ")
    };
    let recovery = match by("recovery") {
        none if none.is_empty() => "no: set vault.recovery_key (docs/keys.md)".to_owned(),
        wraps => format!("yes: {wraps}"),
    };
    let (sealed, limit) = (status.sealed_max, status.sealed_limit);
    let lines = [
        (
            "key-encryption key",
            format!("{}: {}", status.provider, by("kek")),
        ),
        ("last asked", age(status.renewed_at)),
        (
            "root key",
            format!("{}, {}", status.root, age(status.root_created_at)),
        ),
        ("recovery key", recovery),
        (
            "data keys",
            format!("{} of {} owners", status.data_keys, status.owners),
        ),
        ("oldest data key", age(status.oldest)),
        (
            "largest use",
            format!("{sealed} of {limit} values, then a new key is made"),
        ),
    ];
    let line = |(name, value): &(&str, String)| format!("{name:<20}{value}\n");
    lines.iter().map(line).collect()
}
