//! What is wrong is said with its place and what is expected.

use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use super::{super::*, refused, with_environment, with_file};

#[test]
fn a_wrong_variable_is_named_with_what_is_expected() {
    let wrong = |name, value, expected: &str| {
        refused(
            with_environment(&[(name, value)]),
            &[&format!("environment {name}: "), expected],
        );
    };
    wrong(
        "FREEHOLD__SERVER__DRAIN_SECS",
        "20s",
        "`server.drain_secs` must be a whole number",
    );
    wrong(
        "FREEHOLD__SERVER__DRAIN_SECS",
        "601",
        "is 601; allowed is 0 to 600",
    );
    wrong(
        "FREEHOLD__SERVER__LISEN",
        "x",
        "did you mean `server.listen`?",
    );
    wrong("FREEHOLD__SERVER", "x", "is a section");
    wrong("FREEHOLD__", "x", "unknown key");
    wrong(
        "FREEHOLD__STORE__BACKEND",
        "mysql",
        "one of \"sqlite\", \"postgres\"",
    );
    wrong(
        "FREEHOLD__SERVER__LISTEN",
        "8080",
        "write an address with a port",
    );
    wrong(
        "FREEHOLD__IDENTITY__PROVIDERS",
        "work",
        "TOML array of tables",
    );
    wrong("FREEHOLD__IDENTITY__PROVIDERS", "[{ id = }]", "TOML array");
    wrong(
        "FREEHOLD__IDENTITY__PROVIDERS",
        "[{ idd = \"x\" }]",
        "unknown key",
    );
    wrong(
        "FREEHOLD__SERVER__TLS__KEY",
        "/k",
        "needs `server.tls.certificate` beside it",
    );
    wrong(
        "FREEHOLD__SERVER__TLS__KEY_VAULT_CERTIFICATE",
        "file:/etc/freehold/tls.pem",
        "is not in Key Vault",
    );
    let bytes = OsString::from_vec(vec![0xff]);
    let environment = vec![("FREEHOLD__STORE__DATA".into(), bytes)];
    let error = load(&Sources {
        environment,
        ..Sources::default()
    })
    .unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}

#[test]
fn a_certificate_is_in_files_or_in_the_vault() {
    let vault = "keyvault:https://freehold.vault.azure.net/secrets/tls";
    let both = [
        ("CERTIFICATE", "/c"),
        ("KEY", "/k"),
        ("KEY_VAULT_CERTIFICATE", vault),
    ];
    let both = both.map(|(key, value)| (format!("FREEHOLD__SERVER__TLS__{key}"), value));
    let both: Vec<_> = both
        .iter()
        .map(|(key, value)| (key.as_str(), *value))
        .collect();
    refused(
        with_environment(&both),
        &["keep the files or the vault, not both"],
    );
}

#[test]
fn a_wrong_file_is_named_with_line_and_column() {
    refused(
        with_file("[server]\nlisten = [\n  \"x\""),
        &["f.toml:3:", "TOML syntax"],
    );
    refused(with_file("[server]\r\ndrain_secs = \r\n"), &["f.toml:2:"]);
    refused(with_file(b"[log]\n# \xff\n"), &["f.toml:2:3", "UTF-8"]);
    refused(
        with_file("[server]\n  lisen = []\n[stor]\n"),
        &[
            "f.toml:2:3: unknown key `server.lisen`; did you mean `server.listen`?",
            "`store`?",
        ],
    );
    refused(
        with_file("listen = []\n"),
        &["f.toml:1:1", "did you mean `server.listen`?"],
    );
    refused(
        with_file("[server]\ndrain_secs = \"7\"\n"),
        &["f.toml:2:1", "whole number"],
    );
    refused(
        with_file("[server]\nlisten = [\"*:1\", 5]\n"),
        &["f.toml:2:18", "listen[1]"],
    );
    refused(
        with_file("server = 1\n"),
        &["f.toml:1:1", "must be a section"],
    );
    refused(
        with_file("[server]\ndrain_secs = 0.5\n"),
        &["f.toml:2:1", "whole number"],
    );
}

#[test]
fn a_file_that_was_named_must_exist_and_be_readable() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("none.toml"), folder.path().to_owned()] {
        let error = load(&Sources {
            file: Some(path.clone()),
            ..Sources::default()
        })
        .unwrap_err();
        let message = error.to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
        assert!(message.contains("--config FILE"), "{message}");
    }
}

#[test]
fn ranges_are_held_at_both_ends() {
    let group = |number: i128| with_file(format!("[store.sqlite]\ngroup_commit_max = {number}\n"));
    assert!(group(1).is_ok() && group(4096).is_ok());
    for number in [-1, 0, 4097, i128::from(u64::MAX)] {
        refused(
            group(number),
            &[
                "f.toml:2:1",
                &format!("`store.sqlite.group_commit_max` is {number}"),
                "1 to 4096",
            ],
        );
    }
}

#[test]
fn everything_wrong_is_said_at_once() {
    let file = "[server]\ndrain_secs = 9999\nx = 1\n[log]\nlevel = \"info,freehold=loud\"\n";
    let message = with_file(file).err().unwrap();
    assert_eq!(message.lines().count(), 5, "{message}");
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    refused(
        with_file("[store]\nbackend = \"postgres\"\n"),
        &["`store.postgres.host` is empty", "default: "],
    );
    refused(
        with_file("[identity]\nsession_idle_mins = 800\n"),
        &["f.toml:2:1: ", "`identity.session_absolute_mins`"],
    );
    refused(
        with_file("[calendar]\nmax_object_bytes = 20971520\n"),
        &["server.max_body_bytes"],
    );
    refused(
        with_file("[calendar]\ndefault_timezone = \"Mars/Olympus\"\n"),
        &["f.toml:2:1"],
    );
    refused(
        with_file("[server]\nlisten = []\n"),
        &["name at least one address"],
    );
}

#[test]
fn a_provider_needs_id_issuer_and_client_and_ids_are_unique() {
    let provider = "[[identity.providers]]\nid = \"a\"\nissuer = \"https://i.example\"\n";
    refused(
        with_file(provider),
        &["f.toml:1:1: `identity.providers[0].client_id` is required"],
    );
    let whole = format!("{provider}client_id = \"c\"\n");
    assert!(with_file(&whole).is_ok());
    refused(
        with_file(whole.repeat(2)),
        &["f.toml:6:1", "also the id of another provider"],
    );
    let insecure = whole.replace("https", "http");
    refused(with_file(&insecure), &["f.toml:3:1", "`https`"]);
    assert!(with_file(insecure.replace("i.example", "127.0.0.1:4000")).is_ok());
    refused(
        with_file(format!("{whole}scopes = [\"email\"]\n")),
        &["`openid`"],
    );
    refused(
        with_file(whole.replace("client_id", "clientid")),
        &["providers[].client_id`?"],
    );
}

#[test]
fn a_provider_of_entra_needs_its_tenants_and_a_place_for_them() {
    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let provider = "[[identity.providers]]\nid = \"a\"\nclient_id = \"c\"\ntype = \"entra\"\n";
    refused(
        with_file(provider),
        &[
            "f.toml:1:1: `identity.providers[0].tenants` is required",
            "even with a registration",
        ],
    );
    let whole = format!("{provider}tenants = [\"{}\"]\n", tenant.to_uppercase());
    let settings = with_file(&whole).unwrap().settings;
    let provider = settings.identity.providers.first().unwrap();
    assert_eq!(
        provider.issuer(),
        "https://login.microsoftonline.com/{tenantid}/v2.0"
    );
    assert_eq!(provider.allowed_tenants().first().unwrap().as_str(), tenant);
    for (issuer, good) in [
        ("https://login.microsoftonline.us/{tenantid}/v2.0", true),
        ("https://login.microsoftonline.us/common/v2.0", false),
        (
            "https://login.microsoftonline.us/{tenantid}/{tenantid}",
            false,
        ),
        ("http://login.microsoftonline.us/{tenantid}/v2.0", false),
    ] {
        let loaded = with_file(format!("{whole}issuer = \"{issuer}\"\n"));
        assert_eq!(loaded.is_ok(), good, "{issuer}");
    }
    for tenant in [
        "contoso.onmicrosoft.com",
        "common",
        "",
        "{72f988bf-86f1-41af-91ab-2d7cd011db47}",
    ] {
        let other = whole.replace("72F988BF-86F1-41AF-91AB-2D7CD011DB47", tenant);
        refused(with_file(other), &["f.toml:5:", "directory (tenant) id"]);
    }
    refused(
        with_file(format!("{whole}scopes = [\"openid\"]\n")),
        &["f.toml:6:1", "must have `profile`"],
    );
    refused(
        with_file(whole.replace("\"entra\"", "\"entraid\"")),
        &["f.toml:4:1", "\"microsoft-account\""],
    );
}

#[test]
fn what_only_one_type_has_is_refused_with_another_and_nobody_gives_themselves_roles() {
    let of = |kind: &str, more: &str| {
        with_file(format!(
            "[[identity.providers]]\nid = \"a\"\nclient_id = \"c\"\ntype = \"{kind}\"\n{more}"
        ))
    };
    assert!(of("google", "hosted_domains = [\"example.org\"]\n").is_ok());
    assert!(of("microsoft-account", "").is_ok());
    refused(
        of("generic", ""),
        &["`identity.providers[0].issuer` is required"],
    );
    refused(
        of("microsoft-account", "hosted_domains = [\"example.org\"]\n"),
        &["f.toml:5:1", "only for `type = \"google\"`"],
    );
    refused(
        of(
            "google",
            "tenants = [\"72f988bf-86f1-41af-91ab-2d7cd011db47\"]\n",
        ),
        &["f.toml:5:1", "only for `type = \"entra\"`"],
    );
    refused(
        of("google", "graph = \"https://graph.microsoft.com\"\n"),
        &["f.toml:5:1", "only for `type = \"entra\"`"],
    );
    let tenants = "tenants = [\"72f988bf-86f1-41af-91ab-2d7cd011db47\"]\n";
    let graph = |address: &str| of("entra", &format!("{tenants}graph = \"{address}\"\n"));
    assert!(graph("https://graph.microsoft.us").is_ok());
    for address in ["http://graph.microsoft.com", "graph.microsoft.com"] {
        refused(
            graph(address),
            &["f.toml:6:1", "address of Microsoft Graph"],
        );
    }
    for claim in ["roles_claim", "groups_claim"] {
        refused(
            of("google", &format!("{claim} = \"email\"\n")),
            &["f.toml:5:1", "people can change themselves"],
        );
    }
    let administrators = "[identity]\nadministrators = [\"role:b:Admins\"]\n";
    let provider = "[[identity.providers]]\nid = \"b\"\nclient_id = \"c\"\ntype = \"google\"\n";
    assert!(with_file(format!("{administrators}{provider}")).is_ok());
    let other = provider.replace("\"b\"", "\"a\"");
    refused(
        with_file(format!("{administrators}{other}")),
        &["f.toml:2:", "not under `identity.providers`"],
    );
    let mapped = "max_age_mins = 60\n[identity.providers.role_groups]\nmember = [\"a\"]\n";
    let settings = of("google", mapped).unwrap().settings;
    assert_eq!(
        settings
            .identity
            .providers
            .first()
            .unwrap()
            .role_groups
            .member,
        ["a"]
    );
    refused(
        of("google", &mapped.replace("member", "members")),
        &["f.toml:7:1", "providers[].role_groups.member`?"],
    );
}

#[test]
fn networks_contacts_and_days_are_refused_with_how_they_are_written() {
    let wrong = |name, value, expected: &str| {
        refused(
            with_environment(&[(name, value)]),
            &[&format!("environment {name}: "), expected],
        );
    };
    for network in [
        "[\"10.0.0.0/33\"]",
        "[\"proxy\"]",
        "[\"0.0.0.0/0\"]",
        "[\"::/0\"]",
    ] {
        wrong(
            "FREEHOLD__SERVER__TRUSTED_PROXIES",
            network,
            "such as `10.0.4.0/24`",
        );
    }
    for contact in [
        "[\"security@example.org\"]",
        "[\"mailto:@\"]",
        "[\"http://a\"]",
    ] {
        wrong(
            "FREEHOLD__SERVER__SECURITY_CONTACT",
            contact,
            "write a mailbox",
        );
    }
    for day in ["2027-02-29", "tomorrow", "2027-06-30T10:00:00"] {
        wrong(
            "FREEHOLD__SERVER__SECURITY_EXPIRES",
            day,
            "write year, month and day",
        );
    }
}

#[test]
fn a_day_that_is_over_or_far_is_allowed_with_advice() {
    let advice = |day: &str, contact: &str| {
        let settings = with_environment(&[
            ("FREEHOLD__SERVER__SECURITY_EXPIRES", day),
            ("FREEHOLD__SERVER__SECURITY_CONTACT", contact),
        ]);
        let now = "2026-11-25T20:00:00Z".parse().unwrap();
        settings.unwrap().settings.advice(now).join("; ")
    };
    let contact = "[\"mailto:security@example.org\"]";
    assert_eq!(advice("2026-11-26", contact), "");
    assert_eq!(advice("2027-11-25", contact), "");
    assert!(advice("2026-11-25", contact).contains("is over"));
    assert!(advice("2027-11-28", contact).contains("more than a year ahead"));
    assert!(advice("2027-01-01", "[]").contains("no effect"));
}
