//! A private key that signs JSON Web Tokens (RFC 7515), out of PEM.
//!
//! RSA of 2048 bits or more signs with PS256 or RS256, P-256 with ES256 (RFC 7518 §3.3 to §3.5).

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio_rustls::rustls::SignatureScheme;
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::SigningKey;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{self, Decode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;
use zeroize::Zeroizing;

use super::sha256;

/// RFC 7518 §3.3: "A key of size 2048 bits or larger MUST be used".
const RSA_BYTES_MIN: usize = 256;
/// Half of a point of P-256 (SEC 1 §2.3.3), and of a signature (RFC 7518 §3.4).
const P256_BYTES: usize = 32;

/// Signs, and shows the public part of its key.
pub struct Signer {
    key: Arc<dyn SigningKey>,
    public: Public,
    /// Of the certificate beside the key (RFC 7515 §4.1.8).
    thumbprint: Option<String>,
}

/// The algorithm of a signature, as in `alg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
}

enum Public {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
}

/// There is no key that signs.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// There is no private key in the text.
    #[error(
        "there is no private key in PEM in it: make one with `openssl genpkey -algorithm EC -pkeyopt \
         ec_paramgen_curve:P-256` or `openssl genrsa 3072`"
    )]
    NoKey,
    /// The key is of a kind that does not sign here.
    #[error(
        "the private key is neither RSA of 2048 bits or more nor EC with P-256: make a new one"
    )]
    Kind,
    /// The key does not sign.
    #[error("the private key does not sign: it is damaged; make a new one")]
    Failed,
}

impl Algorithm {
    /// The word in `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl Signer {
    /// The private key in `pem` (PKCS#8, PKCS#1 or SEC 1), with the certificate that may stand there
    /// too.
    ///
    /// # Errors
    /// [`SignerError::NoKey`] or [`SignerError::Kind`].
    pub fn from_pem(pem: &str) -> Result<Self, SignerError> {
        let private =
            PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| SignerError::NoKey)?;
        let key = any_supported_type(&private).map_err(|_| SignerError::Kind)?;
        let spki = key.public_key().ok_or(SignerError::Kind)?;
        let public = Public::of(spki.as_ref()).ok_or(SignerError::Kind)?;
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok();
        let thumbprint = certificate.map(|der| BASE64_URL_SAFE_NO_PAD.encode(sha256(&der)));
        Ok(Self {
            key,
            public,
            thumbprint,
        })
    }

    /// What it signs with, the best first; the last is the one that everybody takes.
    #[must_use]
    pub const fn algorithms(&self) -> &'static [Algorithm] {
        match self.public {
            Public::P256 { .. } => &[Algorithm::Es256],
            Public::Rsa { .. } => &[Algorithm::Ps256, Algorithm::Rs256],
        }
    }

    /// The public key (RFC 7517), to be registered where signatures are verified; its `kid` is its
    /// thumbprint (RFC 7638).
    #[must_use]
    pub fn jwk(&self) -> Value {
        let kid = self.kid();
        match &self.public {
            Public::Rsa { n, e } => {
                json!({ "kty": "RSA", "n": n, "e": e, "kid": kid, "use": "sig" })
            }
            Public::P256 { x, y } => {
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig" })
            }
        }
    }

    /// RFC 7638 §3.2: the required members in the order of their names, without spaces.
    fn kid(&self) -> String {
        let text = match &self.public {
            Public::Rsa { n, e } => format!("{{\"e\":\"{e}\",\"kty\":\"RSA\",\"n\":\"{n}\"}}"),
            Public::P256 { x, y } => {
                format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}")
            }
        };
        BASE64_URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
    }

    /// A signed token with these claims. Its header names the key by the certificate's thumbprint if
    /// there is a certificate, else by that of the key.
    ///
    /// # Errors
    /// [`SignerError::Failed`].
    pub fn sign(
        &self,
        algorithm: Algorithm,
        claims: &Value,
    ) -> Result<Zeroizing<String>, SignerError> {
        let algorithm_name = algorithm.as_str();
        let header = match &self.thumbprint {
            Some(by) => json!({ "alg": algorithm_name, "typ": "JWT", "x5t#S256": by }),
            None => json!({ "alg": algorithm_name, "typ": "JWT", "kid": self.kid() }),
        };
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let mut token = Zeroizing::new(format!("{}.{}", part(&header), part(claims)));
        let scheme = match algorithm {
            Algorithm::Ps256 => SignatureScheme::RSA_PSS_SHA256,
            Algorithm::Rs256 => SignatureScheme::RSA_PKCS1_SHA256,
            Algorithm::Es256 => SignatureScheme::ECDSA_NISTP256_SHA256,
        };
        let signer = self.key.choose_scheme(&[scheme]).ok_or(SignerError::Kind)?;
        let signature = signer.sign(token.as_bytes());
        let mut signature = signature.map_err(|_| SignerError::Failed)?;
        if algorithm == Algorithm::Es256 {
            signature = raw(&signature).ok_or(SignerError::Failed)?;
        }
        token.push('.');
        token.push_str(&BASE64_URL_SAFE_NO_PAD.encode(signature));
        Ok(token)
    }
}

impl Public {
    fn of(spki: &[u8]) -> Option<Self> {
        let spki = SubjectPublicKeyInfoRef::try_from(spki).ok()?;
        let bytes = spki.subject_public_key.as_bytes()?;
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        if let Some((n, e)) = two_integers(bytes) {
            let strong = n.len() >= RSA_BYTES_MIN;
            return strong.then(|| Self::Rsa {
                n: text(&n),
                e: text(&e),
            });
        }
        // SEC 1 §2.3.3: 04, then both coordinates.
        let point = bytes.strip_prefix(&[4])?;
        let (x, y) = point.split_at_checked(P256_BYTES)?;
        (y.len() == P256_BYTES).then(|| Self::P256 {
            x: text(x),
            y: text(y),
        })
    }
}

/// RFC 7518 §3.4: R and S, 32 bytes each, of an ASN.1 sequence.
fn raw(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = two_integers(signature)?;
    let mut raw = Vec::with_capacity(2 * P256_BYTES);
    for number in [r, s] {
        raw.extend(std::iter::repeat_n(
            0,
            P256_BYTES.checked_sub(number.len())?,
        ));
        raw.extend(number);
    }
    Some(raw)
}

/// An ASN.1 sequence of two positive integers: an ECDSA signature, or an RSA public key (RFC 8017
/// §A.1.1).
fn two_integers(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let both = reader.sequence(|reader| {
        let (one, other) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
        Ok::<_, der::Error>((one.as_bytes().to_vec(), other.as_bytes().to_vec()))
    });
    both.ok()
}
