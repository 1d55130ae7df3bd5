//! Which files are taken for Windows-1252, and what becomes of them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{BufReader, Read as _};

use super::{Decoded, is_windows_1252};

#[test]
fn only_a_file_without_any_utf8_character_is_windows_1252() {
    let is = |bytes: &[u8]| is_windows_1252(bytes).unwrap();
    assert!(!is(b""));
    assert!(!is(b"SUMMARY:plain\r\n"));
    assert!(!is("SUMMARY:Café\r\n".as_bytes()));
    assert!(is(b"SUMMARY:Caf\xe9\r\n"));
    assert!(is(b"SUMMARY:a\r\nSUMMARY:Caf\xe9"));
    let mut mixed = "SUMMARY:Café\r\n".as_bytes().to_vec();
    mixed.extend_from_slice(b"SUMMARY:Caf\xe9\r\n");
    assert!(!is(&mixed), "one broken place does not make it an old file");
}

#[test]
fn a_fold_within_a_character_is_no_sign_of_another_charset() {
    assert!(!is_windows_1252(&b"SUMMARY:Caf\xc3\r\n \xa9\r\n"[..]).unwrap());
    assert!(!is_windows_1252(&b"SUMMARY:Caf\xc3\n\t\xa9\n"[..]).unwrap());
}

#[test]
fn each_byte_becomes_its_character() {
    let mut text = String::new();
    let reader = BufReader::with_capacity(3, &b"Caf\xe9 \x80 na\xefve"[..]);
    Decoded::new(reader).read_to_string(&mut text).unwrap();
    assert_eq!(text, "Café € naïve");
}
