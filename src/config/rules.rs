//! What settings must fulfil together. Pure: settings in, sentences out.

use super::{
    Backend, BackupPlace, KekProvider, SecretRef, Settings, Store, Tls, Vault, provider_rules,
};

/// The key that is wrong, and why.
pub(super) type Verdict = (String, String);

/// Judges settings whose single values are all acceptable.
pub(super) fn judge(settings: &Settings) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let mut must = |holds: bool, key: &str, sentence: &str| {
        if !holds {
            verdicts.push((key.to_owned(), format!("`{key}` {sentence}")));
        }
    };
    let Settings {
        server,
        store,
        identity,
        calendar,
        ..
    } = settings;
    must(
        !server.listen.is_empty(),
        "server.listen",
        "is empty; name at least one address",
    );
    certificate(&server.tls, &mut must);
    postgres(store, &mut must);
    must(
        identity.session_idle_mins <= identity.session_absolute_mins,
        "identity.session_idle_mins",
        "is longer than `identity.session_absolute_mins`; make it at most as long",
    );
    must(
        calendar.max_object_bytes <= server.max_body_bytes,
        "calendar.max_object_bytes",
        "is larger than `server.max_body_bytes`; make it at most as large",
    );
    must(
        jiff::tz::TimeZone::get(&calendar.default_timezone).is_ok(),
        "calendar.default_timezone",
        "is no time zone that this machine knows; write a name such as `Europe/Berlin` or `UTC`",
    );
    must(
        settings
            .telemetry
            .metrics_listen
            .is_none_or(|listen| listen.port() == 0 || !server.listen.contains(&listen)),
        "telemetry.metrics_listen",
        "is also in `server.listen`; give metrics a port of their own, such as `127.0.0.1:9464`",
    );
    key(&settings.vault, &mut must);
    backup(settings, &mut must);
    verdicts.extend(provider_rules::judge(identity));
    verdicts.extend(vaults(settings));
    verdicts
}

/// Says what must hold, at which key, and what to do where it does not.
type Must<'m> = &'m mut dyn FnMut(bool, &str, &str);

fn certificate(tls: &Tls, must: Must<'_>) {
    must(
        tls.certificate.is_none() || tls.key.is_some(),
        "server.tls.certificate",
        "needs `server.tls.key` beside it",
    );
    must(
        tls.key.is_none() || tls.certificate.is_some(),
        "server.tls.key",
        "needs `server.tls.certificate` beside it",
    );
    let in_vault = &tls.key_vault_certificate;
    must(
        in_vault.is_none() || tls.certificate.is_none() && tls.key.is_none(),
        "server.tls.key_vault_certificate",
        "is set beside the files `server.tls.certificate` and `server.tls.key`; keep the files or \
         the vault, not both",
    );
    must(
        matches!(in_vault, None | Some(SecretRef::KeyVault(_))),
        "server.tls.key_vault_certificate",
        "is not in Key Vault; write `keyvault:https://NAME.vault.azure.net/secrets/NAME`, or name \
         files in `server.tls.certificate` and `server.tls.key`",
    );
}

fn postgres(store: &Store, must: Must<'_>) {
    let is_used = store.backend == Backend::Postgres;
    let needed = "is empty; `store.backend = \"postgres\"` needs it";
    for (key, value) in [
        ("store.postgres.host", &store.postgres.host),
        ("store.postgres.database", &store.postgres.database),
        ("store.postgres.user", &store.postgres.user),
    ] {
        must(!is_used || !value.is_empty(), key, needed);
    }
}

fn key(vault: &Vault, must: Must<'_>) {
    must(
        vault.kek == KekProvider::File || vault.key_vault_key.is_some(),
        "vault.kek",
        "is `azure-key-vault`, so `vault.key_vault_key` is required: the key identifier that the \
         portal shows under Keys",
    );
    must(
        !matches!(vault.key_file, Some(SecretRef::KeyVault(_))),
        "vault.key_file",
        "cannot be a secret in Key Vault: let a key there wrap instead, with `vault.kek = \
         \"azure-key-vault\"`, which never gives it away",
    );
}

fn backup(settings: &Settings, must: Must<'_>) {
    let Settings { backup, store, .. } = settings;
    must(
        backup.keys_to.is_none() || backup.to.is_some(),
        "backup.keys_to",
        "needs `backup.to` beside it: a key ring without data restores nothing",
    );
    must(
        backup.to.is_none() || store.backend == Backend::Sqlite,
        "backup.to",
        "is set, and with `store.backend = \"postgres\"` the server makes the backups: turn on its \
         point-in-time restore and unset this",
    );
    for (key, place) in settings.backup_places() {
        match place {
            BackupPlace::Folder(folder) => must(
                !folder.starts_with(&store.data),
                key,
                "is in `store.data`; whatever takes the data would take the backups with it: name a \
                 folder on another disk",
            ),
            BackupPlace::Container(at) => must(
                at.is_known(),
                key,
                "is at a host that is no Blob storage of a known cloud; correct it",
            ),
        }
    }
}

/// A token goes to vaults of known domains only.
fn vaults(settings: &Settings) -> Vec<Verdict> {
    let named = settings.vaults().into_iter();
    let foreign = named.filter(|(_, vault)| !settings.azure.is_key_vault(vault));
    let verdict = |(key, _): (String, &url::Url)| {
        let sentence = format!(
            "`{key}` is at a host that is no Key Vault of a known cloud; correct it, or name its \
             domain in `azure.key_vault_domains`"
        );
        (key, sentence)
    };
    foreign.map(verdict).collect()
}
