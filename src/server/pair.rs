//! A certificate with its key: from two files, or from one secret of Key Vault.

use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_cert::der::Decode as _;
use x509_cert::time::Time;
use zeroize::Zeroizing;

use super::pkcs12;
use crate::base::Timestamp;

/// A certificate with the certificates between it and the root, and its key.
pub(super) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    /// The validity of the first certificate (RFC 5280 §4.1.2.5). Those behind it do not count: a
    /// root that has ended may be there on purpose, and clients choose their own path.
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

/// Which of both is wrong, and why.
enum Misfit {
    Certificate(String),
    Key(String),
}

const NO_KEY: &str = "there is no private key in it: the policy of the certificate has to say \
                      `\"exportable\": true` (portal: Issuance Policy, Advanced, Exportable Private \
                      Key); change it and make a new version";
const OTHER: &str = "it is no certificate of Key Vault with its key: name the secret that has the name \
                     of the certificate; its content type is application/x-pkcs12 (without a password) \
                     or application/x-pem-file";

impl Pair {
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

    fn of(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Misfit> {
        let Some(first) = chain.first() else {
            return Err(Misfit::Certificate(
                "there is no certificate in it".to_owned(),
            ));
        };
        let wrong = |error: x509_cert::der::Error| Misfit::Certificate(error.to_string());
        let first = x509_cert::Certificate::from_der(first).map_err(wrong)?;
        let validity = first.tbs_certificate().validity();
        let (not_before, not_after) = (at(validity.not_before), at(validity.not_after));
        let pair = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(|error| Misfit::Key(error.to_string()))?;
        Ok(Self {
            key: Arc::new(pair),
            not_before,
            not_after,
        })
    }

    /// What Key Vault keeps as the secret of a certificate: PEM with the key and the chain, or the
    /// base64 of a PFX without a password ("About Azure Key Vault certificates", composition).
    pub(super) fn of_secret(secret: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(secret).map_err(|_| OTHER)?;
        if text.contains("-----BEGIN ") {
            let all = CertificateDer::pem_slice_iter(secret).collect::<Result<Vec<_>, _>>();
            let all = all.map_err(|error| error.to_string())?;
            let key = PrivateKeyDer::from_pem_slice(secret).map_err(|_| NO_KEY)?;
            return Self::among(&all, &key);
        }
        let text: Zeroizing<Vec<u8>> = Zeroizing::new(
            secret
                .iter()
                .copied()
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect(),
        );
        let pfx = BASE64_STANDARD.decode(&*text).map(Zeroizing::new);
        let opened = pkcs12::open(&pfx.map_err(|_| OTHER)?).ok_or(OTHER)?;
        let key = opened.keys.first().ok_or(NO_KEY)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.to_vec()));
        let all = opened.certificates.into_iter().map(CertificateDer::from);
        Self::among(&all.collect::<Vec<_>>(), &key)
    }

    /// The pair of `key` and the one of the certificates that fits it, with the others behind it in
    /// the order in which one signs the other. In a PFX they have no order.
    fn among(
        all: &[CertificateDer<'static>],
        key: &PrivateKeyDer<'static>,
    ) -> Result<Self, String> {
        let mut last = OTHER.to_owned();
        for first in all {
            match Self::of(chain(first, all), key.clone_key()) {
                Ok(pair) => return Ok(pair),
                Err(Misfit::Certificate(why) | Misfit::Key(why)) => last = why,
            }
        }
        Err(last)
    }
}

/// `first` and those of `all` that are above it, as far as they are there.
fn chain(
    first: &CertificateDer<'static>,
    all: &[CertificateDer<'static>],
) -> Vec<CertificateDer<'static>> {
    let parsed = |der: &CertificateDer<'_>| x509_cert::Certificate::from_der(der).ok();
    let mut chain = vec![first.clone()];
    while let Some(last) = chain.last().and_then(parsed) {
        let issuer = last.tbs_certificate().issuer();
        let is_next = |der: &&CertificateDer<'static>| {
            let is_issuer = |one: x509_cert::Certificate| one.tbs_certificate().subject() == issuer;
            !chain.contains(der) && parsed(der).is_some_and(is_issuer)
        };
        let Some(next) = all.iter().find(is_next) else {
            break;
        };
        chain.push(next.clone());
    }
    chain
}

/// A certificate and its key in two files.
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What tells two states of both files apart without reading them.
pub(super) type FilesStamp = [Option<FileStamp>; 2];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Files {
    pub(super) fn stamp(&self) -> FilesStamp {
        [&self.certificate, &self.key].map(|path| {
            let found = std::fs::metadata(path).ok()?;
            Some(FileStamp {
                device: found.dev(),
                inode: found.ino(),
                size: found.size(),
                modified: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            })
        })
    }

    pub(super) fn read(&self) -> Result<Pair, String> {
        let Self { certificate, key } = self;
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| bad(certificate, &error))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| bad(key, &error))?;
        Pair::of(chain, private).map_err(|why| match why {
            Misfit::Certificate(why) => bad(certificate, &why),
            Misfit::Key(why) => bad(key, &format!("with {}: {why}", certificate.display())),
        })
    }
}

fn bad(path: &Path, why: &dyn fmt::Display) -> String {
    let path = path.display();
    format!("{path}: {why} (server.tls.certificate, server.tls.key)")
}

fn at(time: Time) -> Timestamp {
    let second = i64::try_from(time.to_unix_duration().as_secs());
    // The date that stands for "never ends" (RFC 5280 §4.1.2.5) is a day after the last Timestamp.
    Timestamp::from_second(second.unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX)
}
