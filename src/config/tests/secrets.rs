//! References to secrets, and secrets that are never shown.

use super::{super::*, refused, with_environment, with_file, written};

#[test]
fn a_literal_secret_is_refused_and_never_repeated() {
    for value in [
        "\"hunter2\"",
        "hunter2",
        "[\"hunter2\"]",
        "\"keyvault:hunter2\"",
        "\"hunter2",
    ] {
        let message = with_file(format!("[store.postgres]\npassword = {value}\n"))
            .err()
            .unwrap();
        assert!(message.contains("f.toml:2:"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    let variable = [("FREEHOLD__STORE__POSTGRES__PASSWORD", "hunter2")];
    let message = with_environment(&variable).err().unwrap();
    assert!(
        message.contains("file:PATH") && !message.contains("hunter2"),
        "{message}"
    );
    refused(
        with_file("[vault]\nkey_file = \"keyvault:x\"\n"),
        &["keyvault:https://NAME.vault.azure.net/secrets/NAME"],
    );
}

#[test]
fn a_secret_in_key_vault_is_named_by_its_identifier() {
    let with = |reference: &str| {
        let password = format!("password = \"keyvault:{reference}\"\n");
        with_file(format!("[store.postgres]\n{password}"))
    };
    let version = "0123456789abcdef0123456789abcdef";
    for reference in [
        "https://work.vault.azure.net/secrets/db".to_owned(),
        "https://work.vault.usgovcloudapi.net/secrets/db".to_owned(),
        format!("https://work.vault.azure.net/secrets/db/{version}"),
    ] {
        let loaded = with(&reference).unwrap();
        let password = loaded.settings.store.postgres.password.unwrap();
        assert_eq!(password.to_string(), format!("keyvault:{reference}"));
        let error = password.resolve().unwrap_err().to_string();
        assert!(error.contains("is in Key Vault"), "{error}");
    }
    for wrong in [
        "http://work.vault.azure.net/secrets/db",
        "https://work.vault.azure.net/keys/db",
        "https://work.vault.azure.net/secrets/",
        "https://work.vault.azure.net/secrets/d_b",
        "https://work.vault.azure.net/secrets/db/1/2",
        "https://me@work.vault.azure.net/secrets/db",
        "https://work.vault.azure.net/secrets/db?x",
    ] {
        refused(
            with(wrong),
            &["f.toml:2:", "the portal shows under Secrets"],
        );
    }
    let foreign = "https://work.vault.example.org/secrets/db";
    refused(with(foreign), &["f.toml:2:", "azure.key_vault_domains"]);
    let configured = format!(
        "[azure]\nkey_vault_domains = [\"vault.example.org\"]\n[store.postgres]\npassword = \
         \"keyvault:{foreign}\"\n"
    );
    with_file(configured).unwrap();
}

#[test]
fn a_secret_file_loses_one_line_break_and_a_byte_order_mark_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let read = |content: &str| {
        let secret = SecretRef::File(written(&folder, "s", content))
            .resolve()
            .unwrap();
        (secret.text().unwrap().to_owned(), secret.trimmed())
    };
    let secret = "a+b%2Fc:d~e/f=&gü h";
    let expected = |byte_order_mark, line_break| secret::Trimmed {
        byte_order_mark,
        line_break,
    };
    assert_eq!(read(secret), (secret.to_owned(), expected(false, false)));
    assert_eq!(
        read(&format!("{secret}\n")),
        (secret.to_owned(), expected(false, true))
    );
    let windows = format!("\u{feff}{secret}\r\n");
    assert_eq!(read(&windows), (secret.to_owned(), expected(true, true)));
    assert_eq!(read(&format!("{secret} \n\n")).0, format!("{secret} \n"));
    assert_eq!(read("\r").0, "\r");
}

#[test]
fn a_secret_that_is_missing_empty_or_huge_is_named_by_its_reference() {
    let folder = tempfile::tempdir().unwrap();
    let failing = [
        ("missing", folder.path().join("none"), "cannot be read"),
        ("empty", written(&folder, "empty", "\n"), "is empty"),
        (
            "huge",
            written(&folder, "huge", vec![b'x'; 65 * 1024]),
            "larger than 64 KiB",
        ),
    ];
    for (_, path, expected) in failing {
        let message = SecretRef::File(path.clone())
            .resolve()
            .unwrap_err()
            .to_string();
        assert!(message.contains(expected), "{message}");
        assert!(
            message.contains(&format!("file:{}", path.display())),
            "{message}"
        );
    }
    let message = SecretRef::Env("FREEHOLD_NO_SUCH".into())
        .resolve()
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("set the environment variable FREEHOLD_NO_SUCH"),
        "{message}"
    );
    let path = SecretRef::Env("PATH".into()).resolve().unwrap();
    assert!(!path.bytes().is_empty());
    assert_eq!(format!("{path:?}"), "Secret(…)");
}
