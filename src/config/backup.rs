//! Backups: where they go, how often they are made.

use std::path::PathBuf;
use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::{
    Unfit,
    schema::{section, written_as_text},
    values::{is_here, is_protected},
};

/// Hosts of Blob storage end so, in the public and the sovereign clouds.
const KNOWN_DOMAINS: [&str; 4] = [
    "blob.core.windows.net",
    "blob.core.chinacloudapi.cn",
    "blob.core.usgovcloudapi.net",
    "blob.storage.azure.net",
];

section! {
    /// Sealed copies of the database (SQLite only; a PostgreSQL server makes its own). See
    /// `docs/backup.md`.
    Backup {
        /// Where backups go: `file:FOLDER`, a folder that is there and lies on another disk than the
        /// data, or a container of Azure Blob storage, `https://ACCOUNT.blob.core.windows.net/CONTAINER`,
        /// with a `/PREFIX` behind it if you like. The identity (see `azure`) needs to read and to
        /// add there, and no right to delete. Unset makes no backups.
        to: Option<BackupPlace> = None,
            example "\"https://example.blob.core.windows.net/freehold\"";
        /// Where the key ring goes, written as `to`. Each copy takes the place of the one before. Give
        /// it a container of its own where backups of the data are held: keys that were destroyed live
        /// on in older versions of the ring, which have to go after days. Unset means `to`.
        keys_to: Option<BackupPlace> = None,
            example "\"https://example.blob.core.windows.net/freehold-keys\"";
        /// How often a backup is made, give or take a tenth. Readiness and `freehold doctor` say so
        /// when the last one is older than twice this time.
        every_mins: u32 = 60, unit "minutes", range 5..=10_080;
        /// How many backups of the data a folder keeps; older ones are deleted. In Blob storage a
        /// lifecycle rule does that, and nothing is deleted from here.
        keep: u32 = 168, unit "backups", range 2..=100_000;
    }
}

/// Where backups go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BackupPlace {
    /// A folder.
    Folder(PathBuf),
    /// A container of Azure Blob storage.
    Container(Box<Container>),
}

/// A container of Azure Blob storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Everything before the container: `https://ACCOUNT.blob.core.windows.net/`.
    pub service: Url,
    /// The account.
    pub account: String,
    /// The name of the container.
    pub name: String,
    /// What is before the names of objects, without slashes at its ends; often empty.
    pub prefix: String,
}

written_as_text!(
    BackupPlace,
    "`file:FOLDER`, or a container such as `https://ACCOUNT.blob.core.windows.net/CONTAINER`"
);

impl Container {
    /// Whether a token may go there: Blob storage of a known cloud, or a program on this machine.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let known = |name: &str| {
            let mut domains = KNOWN_DOMAINS.into_iter();
            domains.any(|domain| super::is_below(name, domain))
        };
        match self.service.host() {
            Some(Host::Domain(name)) if self.service.scheme() == "https" && known(name) => true,
            _ => is_here(&self.service),
        }
    }

    /// What a token for it is asked for: this account and no other. A stand-in on this machine has no
    /// name of its own and takes what all accounts take.
    #[must_use]
    pub fn resource(&self) -> String {
        if is_here(&self.service) {
            return "https://storage.azure.com".to_owned();
        }
        self.service.as_str().trim_end_matches('/').to_owned()
    }

    /// Reads `https://ACCOUNT.blob.DOMAIN/CONTAINER/PREFIX`. On this machine, where the host names
    /// no account, it is the first part of the path.
    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if !plain || !is_protected(&url) {
            return None;
        }
        let mut parts = url.path_segments()?.filter(|part| !part.is_empty());
        let mut service = url.join("/").ok()?;
        let account = if is_here(&url) {
            let account = parts.next()?.to_owned();
            service = service.join(&format!("{account}/")).ok()?;
            account
        } else {
            url.host_str()?.split('.').next()?.to_owned()
        };
        let name = parts.next()?.to_owned();
        // "Naming containers": 3 to 63 of these, and "$root" and "$logs" are not ours to fill.
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_name = (3..=63).contains(&name.len()) && name.chars().all(fits);
        is_name.then(|| Self {
            service,
            account,
            name,
            prefix: parts.collect::<Vec<_>>().join("/"),
        })
    }
}

impl FromStr for BackupPlace {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        if let Some(folder) = text.strip_prefix("file:") {
            let folder = PathBuf::from(folder);
            return folder
                .is_absolute()
                .then_some(Self::Folder(folder))
                .ok_or_else(|| {
                    Unfit::because("write the whole path of the folder: `file:/mnt/backups`")
                });
        }
        let container = Container::parse(text).map(Box::new);
        container.map(Self::Container).ok_or_else(|| {
            Unfit::because(
                "write `file:/mnt/backups` for a folder, or the address of a container without a \
                 signature behind it, `https://ACCOUNT.blob.core.windows.net/CONTAINER`",
            )
        })
    }
}

impl fmt::Display for BackupPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "file:{}", folder.display()),
            Self::Container(at) if at.prefix.is_empty() => write!(f, "{}{}", at.service, at.name),
            Self::Container(at) => write!(f, "{}{}/{}", at.service, at.name, at.prefix),
        }
    }
}
