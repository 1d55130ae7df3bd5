//! What is in a PFX without a password (PKCS #12, RFC 7292), as Key Vault gives certificates.
//!
//! Its MAC is not checked: everybody can make it when there is no password, so it proves nothing.
//! Who gave the PFX is proven by the TLS connection to the vault.
//!
//! Programs differ about what "no password" is: no bytes at all (Key Vault and Windows), or an empty
//! string with its two bytes of end mark (OpenSSL's command, Java). Both are tried.

use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use cms::content_info::ContentInfo;
use cms::encrypted_data::EncryptedData;
use pkcs5::pbes2;
use pkcs12::kdf::{Pkcs12KeyType, derive_key};
use pkcs12::pbe_params::{EncryptedPrivateKeyInfo, Pkcs12PbeParams};
use pkcs12::pfx::Pfx;
use pkcs12::safe_bag::{SafeBag, SafeContents};
use pkcs12::{AuthenticatedSafe, CertBag};
use sha1::Sha1;
use x509_cert::der::asn1::{ContextSpecific, ObjectIdentifier, OctetString};
use x509_cert::der::{Any, Decode, Encode as _};
use x509_cert::spki::AlgorithmIdentifierOwned;
use zeroize::Zeroizing;

/// RFC 5652 §4 and §8.
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
/// RFC 7292 §4.2.1, §4.2.2, §4.2.3.
const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERT_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
/// RFC 7292, appendix C; RFC 8018 §6.2.
const TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
/// More iterations are a mistake or an attack; without a password there is nothing to protect.
const ITERATIONS_MAX: u32 = 1_000_000;
/// "No password": no bytes, or the empty string as RFC 7292, appendix B.1 writes it.
const PASSWORDS: [&[u8]; 2] = [&[], &[0, 0]];

/// Keys (PKCS #8) and certificates (X.509), DER, in the order in which they stand.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) keys: Vec<Zeroizing<Vec<u8>>>,
    pub(super) certificates: Vec<Vec<u8>>,
}

/// Opens a PFX that has no password; `None` when it is none or has one.
pub(super) fn open(pfx: &[u8]) -> Option<Contents> {
    let safes = safes(pfx)?;
    let all = |password: &&[u8]| contents(&safes, password);
    PASSWORDS.iter().find_map(all)
}

fn safes(pfx: &[u8]) -> Option<Vec<ContentInfo>> {
    let pfx = Pfx::from_der(pfx).ok()?;
    let content = octets(&pfx.auth_safe).filter(|_| pfx.auth_safe.content_type == DATA)?;
    AuthenticatedSafe::from_der(content.as_bytes()).ok()
}

fn octets(of: &ContentInfo) -> Option<OctetString> {
    of.content.decode_as().ok()
}

fn contents(safes: &[ContentInfo], password: &[u8]) -> Option<Contents> {
    let mut found = Contents::default();
    for safe in safes {
        let plain = match safe.content_type {
            DATA => Zeroizing::new(octets(safe)?.into_bytes().into_vec()),
            ENCRYPTED_DATA => {
                let data: EncryptedData = safe.content.decode_as().ok()?;
                let info = data.enc_content_info;
                let sealed = info.encrypted_content?;
                decrypt(&info.content_enc_alg, sealed.as_bytes(), password)?
            }
            _ => return None,
        };
        for bag in SafeContents::from_der(&plain).ok()? {
            add(&mut found, &bag, password)?;
        }
    }
    Some(found)
}

fn add(found: &mut Contents, bag: &SafeBag, password: &[u8]) -> Option<()> {
    match bag.bag_id {
        KEY_BAG => found
            .keys
            .push(Zeroizing::new(inner::<Any>(bag)?.to_der().ok()?)),
        SHROUDED_BAG => {
            let sealed: EncryptedPrivateKeyInfo = inner(bag)?;
            let bytes = sealed.encrypted_data.as_bytes();
            let key = decrypt(&sealed.encryption_algorithm, bytes, password)?;
            // A wrong password may leave something that ends like padding.
            Any::from_der(&key).ok()?;
            found.keys.push(key);
        }
        CERT_BAG => {
            let one: CertBag = inner(bag)?;
            if one.cert_id == X509 {
                found
                    .certificates
                    .push(one.cert_value.into_bytes().into_vec());
            }
        }
        // Revocation lists, secrets.
        _ => {}
    }
    Some(())
}

fn inner<T: for<'d> Decode<'d>>(bag: &SafeBag) -> Option<T> {
    let tagged = ContextSpecific::<Any>::from_der(&bag.bag_value).ok()?;
    T::from_der(&tagged.value.to_der().ok()?).ok()
}

fn decrypt(
    how: &AlgorithmIdentifierOwned,
    sealed: &[u8],
    password: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let parameters = how.parameters.as_ref()?;
    match how.oid {
        TRIPLE_DES => triple_des(parameters, sealed, password),
        PBES2 => {
            let parameters = parameters.to_der().ok()?;
            let parameters = pbes2::Parameters::from_der(&parameters).ok()?;
            if parameters.kdf.pbkdf2()?.iteration_count > ITERATIONS_MAX {
                return None;
            }
            // Here a password is its bytes (RFC 8018 §5), so both kinds of none are the same.
            parameters.decrypt(b"", sealed).ok().map(Zeroizing::new)
        }
        _ => None,
    }
}

/// RFC 7292, appendix B and C.
fn triple_des(parameters: &Any, sealed: &[u8], password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let Pkcs12PbeParams { salt, iterations } = parameters.decode_as().ok()?;
    let allowed = u32::try_from(iterations).is_ok_and(|many| many <= ITERATIONS_MAX);
    let salt = Some(salt.as_bytes()).filter(|salt| allowed && !salt.is_empty())?;
    let derive = |what, size| {
        let made = derive_key::<Sha1>(password, salt, what, iterations, size);
        Zeroizing::new(made)
    };
    let (key, iv) = (
        derive(Pkcs12KeyType::EncryptionKey, 24),
        derive(Pkcs12KeyType::Iv, 8),
    );
    let cipher = Decryptor::<des::TdesEde3>::new_from_slices(&key, &iv).ok()?;
    let mut plain = Zeroizing::new(sealed.to_vec());
    let length = cipher.decrypt_padded::<Pkcs7>(&mut plain).ok()?.len();
    plain.truncate(length);
    Some(plain)
}
