//! Each layer, its types and its origin.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::Path};

use super::{super::*, environment, with_environment, with_file, written};

#[test]
fn defaults_are_secure_and_fulfil_their_own_rules() {
    let settings = load(&Sources::default()).unwrap().settings;
    assert_eq!(settings, Settings::default());
    assert!(settings.server.listen.iter().all(Listen::is_loopback));
    assert_eq!(settings.store.postgres.sslmode, SslMode::VerifyFull);
    assert_eq!(settings.server.max_body_bytes, 10_485_760);
    assert_eq!(
        settings.key_file(),
        "file:./data/keys/kek.key".parse().unwrap()
    );
}

#[test]
fn each_layer_overrides_the_one_before_and_is_named_as_origin() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(
        &folder,
        "f.toml",
        "[store]\ndata = \"/file\"\n[server]\ndrain_secs = 7\n",
    );
    let mut sources = Sources {
        file: Some(file.clone()),
        ..Sources::default()
    };
    let from_file = load(&sources).unwrap();
    assert_eq!(from_file.settings.store.data, Path::new("/file"));
    assert_eq!(
        from_file.origin("store.data"),
        format!("{}:2:1", file.display())
    );
    assert_eq!(from_file.origin("store.backend"), "default");

    sources.environment = environment(&[("FREEHOLD__STORE__DATA", "/environment")]);
    let from_environment = load(&sources).unwrap();
    assert_eq!(
        from_environment.settings.store.data,
        Path::new("/environment")
    );
    assert_eq!(
        from_environment.origin("store.data"),
        "environment FREEHOLD__STORE__DATA"
    );
    assert_eq!(from_environment.settings.server.drain_secs, 7);

    sources.overrides.data = Some("/option".into());
    sources.overrides.listen = vec!["*:80".parse().unwrap()];
    let from_option = load(&sources).unwrap();
    assert_eq!(from_option.settings.store.data, Path::new("/option"));
    assert_eq!(from_option.origin("store.data"), "command line --data");
    assert_eq!(from_option.settings.server.listen, [Listen::All(80)]);
}

#[test]
fn kubernetes_service_links_and_other_variables_are_passed_over() {
    let mut variables = environment(&[
        ("FREEHOLD_PORT", "tcp://10.0.0.1:8080"),
        ("FREEHOLD_SERVICE_HOST", "10.0.0.1"),
        ("FREEHOLD_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("FREEHOLD_SERVER", "x"),
        ("freehold__server__drain_secs", "x"),
        ("FREEHOLD__SERVER__PUBLIC_URL", ""),
    ]);
    variables.push(("FREEHOLD_X".into(), OsString::from_vec(vec![0xff])));
    let loaded = load(&Sources {
        environment: variables,
        ..Sources::default()
    })
    .unwrap();
    assert_eq!(loaded.settings, Settings::default());
}

#[test]
fn values_of_variables_take_the_type_of_their_key() {
    let settings = with_environment(&[
        ("FREEHOLD__SERVER__LISTEN", "127.0.0.1:1, [::1]:2"),
        ("FREEHOLD__SERVER__MAX_BODY_BYTES", "20971520"),
        ("FREEHOLD__STORE__BACKEND", "postgres"),
        ("FREEHOLD__STORE__POSTGRES__HOST", "10.0.0.5"),
        ("FREEHOLD__STORE__POSTGRES__DATABASE", "12345"),
        ("FREEHOLD__STORE__POSTGRES__PASSWORD", "env:DB_PASSWORD"),
        (
            "FREEHOLD__IDENTITY__PROVIDERS",
            "[{ id = \"work\", issuer = \"https://login.example.org\", client_id = \"c\" }]",
        ),
    ])
    .unwrap()
    .settings;
    let texts: Vec<String> = settings
        .server
        .listen
        .iter()
        .map(Listen::to_string)
        .collect();
    assert_eq!(texts, ["127.0.0.1:1", "[::1]:2"]);
    assert_eq!(settings.server.max_body_bytes, 20_971_520);
    assert_eq!(settings.store.postgres.database, "12345");
    assert_eq!(
        settings.store.postgres.password,
        Some(SecretRef::Env("DB_PASSWORD".to_owned()))
    );
    let provider = settings.identity.providers.first().unwrap();
    assert_eq!(provider.display_name(), "work");
    assert_eq!(provider.scopes, ["openid", "profile", "email"]);
}

#[test]
fn forms_of_listeners_and_addresses() {
    for text in [
        "127.0.0.1:0",
        "[::1]:8080",
        "*:8080",
        "localhost:8080",
        "0.0.0.0:443",
    ] {
        assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
    }
    for text in [
        "8080",
        "127.0.0.1",
        "*",
        "host:80",
        "localhost:99999",
        "::1:8080",
        "",
    ] {
        assert!(text.parse::<Listen>().is_err(), "{text}");
    }
    assert!(
        "[::ffff:127.0.0.1]:1"
            .parse::<Listen>()
            .unwrap()
            .is_loopback()
    );
    assert!(!"[::]:1".parse::<Listen>().unwrap().is_loopback());
    assert!("https://c.example:8443".parse::<PublicUrl>().is_ok());
    for text in [
        "c.example",
        "https://c.example/x",
        "ftp://c",
        "https://u@c",
        "https://c/?q",
    ] {
        assert!(text.parse::<PublicUrl>().is_err(), "{text}");
    }
    let administrator = |text: &str| text.parse::<Administrator>().unwrap();
    let account = administrator("https://i.example#a#b");
    assert!(matches!(account, Administrator::Account { subject, .. } if subject == "a#b"));
    let role = administrator("role:work:Freehold: Administrators");
    assert_eq!(role.to_string(), "role:work:Freehold: Administrators");
    assert!(matches!(role, Administrator::Role { provider, .. } if provider == "work"));
    for text in [
        "https://i.example",
        "https://i.example#",
        "someone#x",
        "role:work",
        "role::x",
        "role:work:",
    ] {
        assert!(text.parse::<Administrator>().is_err(), "{text}");
    }
}

#[test]
fn the_evaluation_file_loads() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/evaluation.toml");
    let settings = load(&Sources {
        file: Some(file),
        ..Sources::default()
    })
    .unwrap()
    .settings;
    assert!(settings.server.listen.iter().all(Listen::is_loopback));
}

#[test]
fn the_files_for_providers_load_with_and_without_their_comments() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/providers");
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!(
            "config check --config config/providers/{stem}.toml"
        )));
        let plain = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        let uncommented: String = text.lines().map(plain).collect();
        for text in [text, uncommented] {
            let identity = with_file(&text).unwrap().settings.identity;
            let [provider] = identity.providers.as_slice() else {
                unreachable!("{stem}: one provider");
            };
            assert_eq!(provider.id, stem);
            let shown = provider.client_authentication();
            assert_ne!(shown, ClientAuthentication::None, "{stem}");
            let first = &provider.role_groups.administrator;
            let by_role = ["auth0", "keycloak"].contains(&stem.as_str());
            assert!(!identity.administrators.is_empty() || !first.is_empty() || by_role);
        }
        seen.push(stem);
    }
    seen.sort();
    let all = [
        "auth0",
        "entra",
        "generic",
        "google",
        "keycloak",
        "microsoft-account",
        "okta",
    ];
    assert_eq!(seen, all);
}
