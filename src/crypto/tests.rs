//! The vault, tested with values.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

const PLACE: RowBinding<'static> = RowBinding {
    table: "t",
    column: "c",
    row: b"1",
};

fn vault(folder: &std::path::Path) -> (Kek, Vault, WrappedKey) {
    let kek = Kek::from_file(&folder.join("kek.key"), true).unwrap();
    let key = Vault::make_key(&kek, Purpose::Content).unwrap();
    let vault = Vault::default();
    vault.add(&kek, &key).unwrap();
    (kek, vault, key)
}

#[test]
fn a_sealed_value_opens_only_at_its_own_place() {
    let folder = tempfile::tempdir().unwrap();
    let (_, vault, key) = vault(folder.path());
    let sealed = vault.seal(&key.id, &PLACE, b"secret").unwrap();
    assert_eq!(vault.open(&PLACE, &sealed).unwrap().as_slice(), b"secret");
    let elsewhere = RowBinding { row: b"2", ..PLACE };
    assert!(matches!(
        vault.open(&elsewhere, &sealed),
        Err(VaultError::DoesNotOpen)
    ));
    assert!(!sealed.windows(6).any(|w| w == b"secret"));
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (_, vault, key) = vault(folder.path());
    let sealed = vault.seal(&key.id, &PLACE, b"secret").unwrap();
    for at in 0..sealed.len() {
        let mut bent = sealed.clone();
        bent[at] ^= 1;
        assert!(vault.open(&PLACE, &bent).is_err(), "byte {at}");
    }
}

#[test]
fn a_wrong_key_file_names_the_key_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let (kek, _, key) = vault(folder.path());
    let other = Kek::from_file(&folder.path().join("other.key"), true).unwrap();
    let refused = Vault::default().add(&other, &key).unwrap_err();
    assert!(refused.to_string().contains(kek.id()), "{refused}");
    assert!(refused.to_string().contains(other.id()), "{refused}");
}

#[test]
fn a_key_file_is_private_and_reads_back() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys/kek.key");
    let made = Kek::from_file(&path, true).unwrap();
    let read = Kek::from_file(&path, false).unwrap();
    assert_eq!(made.id(), read.id());
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(matches!(
        Kek::parse("something else"),
        Err(KekError::Format)
    ));
}

#[test]
fn a_token_is_recognised_by_its_checksum() {
    let calendar = token::Form::personal("fh_cal_");
    let token = token::Token::new(calendar);
    let text = token.expose();
    assert_eq!(text.len(), 7 + 30 + 6);
    assert!(token::is_well_formed(calendar, text));
    assert!(!token::is_well_formed(
        token::Form::personal("fh_api_"),
        text
    ));
    let mut bent = text.to_owned().into_bytes();
    bent[10] = if bent[10] == b'a' { b'b' } else { b'a' };
    assert!(!token::is_well_formed(
        calendar,
        std::str::from_utf8(&bent).unwrap()
    ));
    assert_eq!(format!("{token:?}"), "Token(redacted)");
}

#[test]
fn what_a_browser_carries_has_256_random_bits() {
    let session = token::Form::session("fh_ses_");
    let token = token::Token::new(session);
    let text = token.expose();
    assert_eq!(text.len(), 7 + 43 + 6);
    assert!(43.0 * 62_f64.log2() >= 256.0);
    assert!(token::is_well_formed(session, text));
    let shorter = token::Token::new(token::Form::personal("fh_ses_"));
    assert!(!token::is_well_formed(session, shorter.expose()));
}

#[test]
fn look_up_hashes_differ_by_domain() {
    let folder = tempfile::tempdir().unwrap();
    let (kek, vault, _) = vault(folder.path());
    assert!(matches!(
        vault.look_up_hash("uid", b"x"),
        Err(VaultError::NoKey(_))
    ));
    vault
        .add(&kek, &Vault::make_key(&kek, Purpose::Index).unwrap())
        .unwrap();
    let one = vault.look_up_hash("uid", b"x").unwrap();
    assert_eq!(one, vault.look_up_hash("uid", b"x").unwrap());
    assert_ne!(one, vault.look_up_hash("mail", b"x").unwrap());
}
