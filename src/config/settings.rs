//! The settings tree. Each key's words, unit, default and range stand at its field and nowhere
//! else: `freehold config explain`, `docs/configuration.md` and `config/freehold.toml` are made
//! from these lines.
//!
//! A doc comment here is read by operators. In a section, values stand before sub-sections, and
//! these before lists of tables, as TOML wants it. A text whose default is empty is required
//! where it is used. A number has a range.

use std::path::PathBuf;

use url::Url;

use super::{
    Administrator, Azure, Backup, BackupPlace, CollectorUrl, Day, KekPlace, KeyAddress, Listen,
    LogLevel, Network, Provider, PublicUrl, SecretRef, SecurityContact, Telemetry,
    schema::{choice, section},
};

const MIB: u64 = 1024 * 1024;

section! {
    /// Everything an operator can set.
    Settings {
        /// Where the service listens and what it accepts.
        server: Server = Server::default();
        /// Where the data is kept.
        store: Store = Store::default();
        /// The key that seals what is stored.
        vault: Vault = Vault::default();
        /// How this service identifies itself to Microsoft Azure, without a stored secret.
        azure: Azure = Azure::default();
        /// Sealed copies of the database, made by the hour.
        backup: Backup = Backup::default();
        /// Who may sign in, and for how long.
        identity: Identity = Identity::default();
        /// The record of who did what.
        audit: Audit = Audit::default();
        /// How many requests are answered.
        limits: Limits = Limits::default();
        /// Limits and periods of calendars.
        calendar: Calendar = Calendar::default();
        /// What the service writes to standard error.
        log: Log = Log::default();
        /// What programs that watch the service are told.
        telemetry: Telemetry = Telemetry::default();
    }
}

section! {
    /// Where the service listens and what it accepts.
    Server {
        /// Addresses to listen on. `localhost:8080` is `127.0.0.1:8080` and `[::1]:8080`, whichever
        /// the host has; `*:8080` is all addresses of the families the host has. Any other entry
        /// is one exact address (`127.0.0.1:8080`, `[::1]:8080`) that must be bindable.
        listen: Vec<Listen> = vec![Listen::Loopback(8080)];
        /// The address under which people reach the service, used in links and for sign-in. Unset
        /// means the address of the first listener.
        public_url: Option<PublicUrl> = None, example "\"https://calendar.example.org\"";
        /// The largest body of a request; a larger one is answered with 413.
        max_body_bytes: u64 = 10 * MIB, unit "bytes", range 64 * 1024..=1024 * MIB;
        /// How long requests that are running may take to end after SIGTERM. Keep it below the
        /// period after which the platform kills the process (30 seconds in Kubernetes).
        drain_secs: u32 = 20, unit "seconds", range 0..=600;
        /// Proxies in front of the service, as networks (`10.0.0.0/8`) or single addresses. From
        /// them, and from nobody else, `X-Forwarded-For` is believed: limits and the audit count
        /// its right-most address that is no such proxy. Everything that can connect from these
        /// addresses can pretend to be anybody, so name them as narrowly as you can.
        trusted_proxies: Vec<Network> = Vec::new(), example "[\"10.0.4.0/24\"]";
        /// Where to report a weakness of this installation, best first: `mailto:` and `https:`
        /// addresses, published as `/.well-known/security.txt` (RFC 9116). Empty publishes nothing.
        security_contact: Vec<SecurityContact> = Vec::new(),
            example "[\"mailto:security@example.org\"]";
        /// The day, within a year, until which the contacts are to be believed. Unset means 90 days
        /// from each request. `freehold config check`, the start and `freehold doctor` warn when it
        /// is over.
        security_expires: Option<Day> = None, example "\"2027-06-30\"";
        /// Encrypted connections. Without it, something in front of the service has to encrypt.
        tls: Tls = Tls::default();
    }
}

section! {
    /// Certificate and key for encrypted connections: both files, or a certificate in Key Vault, or
    /// neither.
    Tls {
        /// PEM file with the certificate, followed by the certificates between it and the root.
        certificate: Option<PathBuf> = None, example "\"/etc/freehold/tls.crt\"";
        /// PEM file with the certificate's private key.
        key: Option<PathBuf> = None, example "\"/etc/freehold/tls.key\"";
        /// A certificate in Azure Key Vault in place of both files: the secret that has the name of
        /// the certificate. Its key has to be exportable; PKCS #12 and PEM are both read. A new
        /// version is served within five minutes.
        key_vault_certificate: Option<SecretRef> = None,
            example "\"keyvault:https://NAME.vault.azure.net/secrets/NAME\"";
    }
}

impl Tls {
    /// Whether connections are encrypted here.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.certificate.is_some() || self.key_vault_certificate.is_some()
    }
}

choice! {
    /// The database.
    Backend {
        /// One process, one folder.
        Sqlite = "sqlite",
        /// A PostgreSQL server, one or several processes of ours.
        Postgres = "postgres",
    }
}

section! {
    /// Where the data is kept.
    Store {
        /// The database: `sqlite` for one process and one folder, `postgres` for a PostgreSQL
        /// server and one or several processes.
        backend: Backend = Backend::Sqlite;
        /// The folder of this service: the SQLite database, the lock, the key file that is made at
        /// the first start. It has to be on a local disk.
        data: PathBuf = PathBuf::from("./data");
        /// How SQLite works; only for `backend = "sqlite"`.
        sqlite: Sqlite = Sqlite::default();
        /// The PostgreSQL server; only for `backend = "postgres"`.
        postgres: Postgres = Postgres::default();
    }
}

section! {
    /// How SQLite works.
    Sqlite {
        /// Memory for pages of the database, for each connection.
        cache_mib: u32 = 16, unit "MiB", range 1..=16_384;
        /// How much of the database file is mapped into memory; 0 maps nothing.
        mmap_mib: u32 = 256, unit "MiB", range 0..=1_048_576;
        /// How many write commands may share one commit.
        group_commit_max: u32 = 256, unit "commands", range 1..=4096;
    }
}

choice! {
    /// How the connection to PostgreSQL is secured, in PostgreSQL's words.
    SslMode {
        /// No encryption.
        Disable = "disable",
        /// Encrypted, the server is not verified.
        Require = "require",
        /// Encrypted, the certificate is verified.
        VerifyCa = "verify-ca",
        /// Encrypted, the certificate and the server's name are verified.
        VerifyFull = "verify-full",
    }
}

section! {
    /// The PostgreSQL server.
    Postgres {
        /// The server's name or address, or the folder of its Unix socket. Required.
        host: String = String::new(), example "\"db.example.org\"";
        /// The server's port.
        port: u16 = 5432, range 1..=65_535;
        /// The name of the database.
        database: String = "freehold".to_owned();
        /// The role that owns the database.
        user: String = "freehold".to_owned();
        /// Where the role's password is; unset where the server asks for none. Any character may
        /// be in it.
        password: Option<SecretRef> = None, example "\"file:/run/secrets/postgres-password\"";
        /// `verify-full` verifies certificate and name, `verify-ca` the certificate only, `require`
        /// encrypts without verifying, `disable` does not encrypt.
        sslmode: SslMode = SslMode::VerifyFull;
        /// PEM file with the root certificate that signs the server's; unset means the usual roots.
        sslrootcert: Option<PathBuf> = None, example "\"/etc/freehold/postgres-ca.crt\"";
        /// The largest number of connections of one process.
        max_connections: u32 = 8, unit "connections", range 2..=1000;
    }
}

choice! {
    /// Who keeps the key-encryption key.
    KekProvider {
        /// A file, or another secret reference.
        File = "file",
        /// Azure Key Vault, which wraps and unwraps.
        AzureKeyVault = "azure-key-vault",
    }
}

section! {
    /// The key that seals what is stored.
    Vault {
        /// Who keeps the key-encryption key: `file` reads `key_file`, `azure-key-vault` lets the key
        /// `key_vault_key` wrap and unwrap, which itself never leaves Key Vault.
        kek: KekProvider = KekProvider::File;
        /// The RSA key in Azure Key Vault, for `kek = "azure-key-vault"`. Without a version its
        /// newest one wraps, and older ones still unwrap what they have wrapped: keep them enabled.
        /// The identity (see `azure`) needs the role Key Vault Crypto Service Encryption User.
        key_vault_key: Option<KeyAddress> = None,
            example "\"https://example.vault.azure.net/keys/freehold\"";
        /// Where the key-encryption key is, for `kek = "file"`. Unset means the file `keys/kek.key` in the data folder,
        /// which is made at the first start. Without this key nothing that is stored can be read:
        /// keep a copy of it somewhere else.
        key_file: Option<SecretRef> = None, example "\"file:/run/secrets/freehold-kek\"";
        /// PEM file with the public half of an RSA key of 3072 bits or more. Everything can be opened
        /// with its private half when the key-encryption key is lost: keep that half offline. See
        /// `docs/keys.md`.
        recovery_key: Option<PathBuf> = None, example "\"/etc/freehold/recovery.pub.pem\"";
        /// How long the service works when the key-encryption key does not answer. It is asked
        /// again after half of this time, then every minute; once the time is over, all keys are
        /// wiped from memory, and requests are answered with 503 until it answers.
        key_ttl_hours: u32 = 24, unit "hours", range 1..=168;
    }
}

section! {
    /// Who may sign in, and for how long.
    Identity {
        /// People who administer the service, each as `ISSUER#SUBJECT` of their sign-in (with
        /// Microsoft the issuer of the tenant and the object id), or as `role:PROVIDER:ROLE`:
        /// everybody whom that provider gives that word in its `roles_claim`. Nobody becomes an
        /// administrator by being first.
        administrators: Vec<Administrator> = Vec::new(),
            example "[\"https://login.example.org/realms/work#0b9c0e7e\"]";
        /// A session ends after this time without a request.
        session_idle_mins: u32 = 30, unit "minutes", range 1..=10_080;
        /// A session ends after this time in any case.
        session_absolute_mins: u32 = 720, unit "minutes", range 1..=43_200;
        /// How long after a sign-in somebody may do what is dangerous: give and end roles, end the
        /// access of others. Later they sign in once more, which ends nothing else. The provider has
        /// to say when the sign-in was (`auth_time`; with Microsoft an optional claim).
        step_up_mins: u32 = 10, unit "minutes", range 1..=1440;
        /// A provider that gave a refresh token at the sign-in is asked with it whether the person
        /// may still be signed in, at the first request after so many seconds; if not, the session
        /// ends. So an account that is turned off there loses its sessions here, and roles that it
        /// has there no more count no more. Some providers give that token only for the scope
        /// `offline_access`, Google never. 0 never asks.
        session_check_secs: u32 = 300, unit "seconds", range 0..=86_400;
        /// OpenID Connect providers that people sign in with.
        providers: Vec<Provider> = Vec::new();
    }
}

section! {
    /// The record of who did what.
    Audit {
        /// How often the head of the chain is signed, when something has happened. Signed heads are
        /// in the log: whoever keeps the log elsewhere can show that nothing older was rewritten.
        sign_mins: u32 = 60, unit "minutes", range 1..=1440;
        /// How long entries are kept. Older ones are taken away every day, up to a signed head that
        /// stands for them from then on. Unset keeps all of them.
        keep_days: Option<u32> = None, unit "days", range 90..=36_500, example "2555";
    }
}

section! {
    /// How many requests are answered. A bucket holds a burst and is filled at a rate; a request that
    /// finds it empty gets 429 with `Retry-After`. Each process counts for itself, in memory: with
    /// several processes on PostgreSQL, together they answer as many times as much. A burst of 0 is no
    /// limit. The defaults let a client fetch or store 50,000 objects in a row.
    Limits {
        /// With one personal token, so many at once.
        token_burst: u32 = 50_000, unit "requests", range 0..=100_000_000;
        /// With one personal token, in the long run.
        token_per_sec: u32 = 100, unit "requests per second", range 1..=1_000_000;
        /// From one network (an IPv4 address, a /64 of IPv6), so many at once. Behind a proxy that
        /// `server.trusted_proxies` does not name, everybody is one network.
        source_burst: u32 = 200_000, unit "requests", range 0..=100_000_000;
        /// From one network, in the long run.
        source_per_sec: u32 = 1000, unit "requests per second", range 1..=1_000_000;
        /// By one process, so many at once.
        all_burst: u32 = 1_000_000, unit "requests", range 0..=100_000_000;
        /// By one process, in the long run.
        all_per_sec: u32 = 10_000, unit "requests per second", range 1..=1_000_000;
        /// Sign-ins that one network begins, so many at once.
        sign_in_burst: u32 = 300, unit "sign-ins", range 0..=100_000_000;
        /// Sign-ins that one network begins, in the long run.
        sign_in_per_sec: u32 = 5, unit "sign-ins per second", range 1..=1_000_000;
    }
}

section! {
    /// Limits and periods of calendars.
    Calendar {
        /// The largest calendar object (CALDAV:max-resource-size, RFC 4791 section 5.2.5). It
        /// cannot be larger than `server.max_body_bytes`.
        max_object_bytes: u64 = 10 * MIB, unit "bytes", range 16 * 1024..=1024 * MIB;
        /// How far ahead the occurrences of endless series are kept ready. Later ones are computed
        /// when somebody asks.
        occurrence_horizon_days: u32 = 730, unit "days", range 31..=3660;
        /// How long it is remembered that something was deleted. A client that was away longer
        /// synchronises from the beginning.
        tombstone_days: u32 = 90, unit "days", range 1..=3660;
        /// The time zone of a calendar that names none, as in the IANA time zone database.
        default_timezone: String = "UTC".to_owned();
    }
}

choice! {
    /// The form of a log line.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
}

section! {
    /// What the service writes to standard error.
    Log {
        /// `text` for people, `json` for one JSON object per line.
        format: LogFormat = LogFormat::Text;
        /// The least serious level that is written: `error`, `warn`, `info`, `debug`, `trace` or
        /// `off`; or levels per target, such as `info,freehold::store=debug`.
        level: LogLevel = LogLevel::info();
    }
}

impl Settings {
    /// Where the key-encryption key is: `vault.key_file`, else `keys/kek.key` in the data folder.
    #[must_use]
    pub fn key_file(&self) -> SecretRef {
        let in_data = || SecretRef::File(self.store.data.join("keys").join("kek.key"));
        self.vault.key_file.clone().unwrap_or_else(in_data)
    }

    /// Where the key-encryption key is; none when it is to be in Key Vault and has no address, which
    /// loading refuses.
    #[must_use]
    pub fn kek_place(&self) -> Option<KekPlace> {
        match self.vault.kek {
            KekProvider::File => Some(KekPlace::Secret(self.key_file())),
            KekProvider::AzureKeyVault => {
                let key = self.vault.key_vault_key.clone();
                key.map(KekPlace::KeyVault)
            }
        }
    }

    /// The collector that telemetry is sent to, which is a way out: host and port.
    #[must_use]
    pub const fn collector(&self) -> Option<&CollectorUrl> {
        self.telemetry.otlp_endpoint.as_ref()
    }

    /// Every vault that is named, with the key that names it.
    #[must_use]
    pub fn vaults(&self) -> Vec<(String, &Url)> {
        let secrets = self.secret_references().into_iter();
        let secrets = secrets.filter_map(|(key, reference)| match reference {
            SecretRef::KeyVault(address) => Some((key, &address.item().vault)),
            SecretRef::File(_) | SecretRef::Env(_) => None,
        });
        let key = self.vault.key_vault_key.iter();
        let key = key.map(|key| ("vault.key_vault_key".to_owned(), &key.item().vault));
        secrets.chain(key).collect()
    }

    /// Every place for backups that is set, with its key.
    #[must_use]
    pub fn backup_places(&self) -> Vec<(&'static str, &BackupPlace)> {
        let places = [
            ("backup.to", &self.backup.to),
            ("backup.keys_to", &self.backup.keys_to),
        ];
        let set = places.into_iter();
        set.filter_map(|(key, place)| Some((key, place.as_ref()?)))
            .collect()
    }

    /// The address of every Blob storage account that backups go to, with the key that names it.
    #[must_use]
    pub fn backup_hosts(&self) -> Vec<(&'static str, &Url)> {
        let places = self.backup_places().into_iter();
        let places = places.filter_map(|(key, place)| match place {
            BackupPlace::Container(at) => Some((key, &at.service)),
            BackupPlace::Folder(_) => None,
        });
        places.collect()
    }

    /// Every secret reference that is set, with its key.
    #[must_use]
    pub fn secret_references(&self) -> Vec<(String, &SecretRef)> {
        let mut all = vec![
            (
                "store.postgres.password".to_owned(),
                &self.store.postgres.password,
            ),
            (
                "server.tls.key_vault_certificate".to_owned(),
                &self.server.tls.key_vault_certificate,
            ),
            ("vault.key_file".to_owned(), &self.vault.key_file),
            (
                "telemetry.otlp_headers".to_owned(),
                &self.telemetry.otlp_headers,
            ),
        ];
        for (index, provider) in self.identity.providers.iter().enumerate() {
            for (key, reference) in [
                ("client_secret", &provider.client_secret),
                ("client_key", &provider.client_key),
            ] {
                all.push((format!("identity.providers[{index}].{key}"), reference));
            }
        }
        all.into_iter()
            .filter_map(|(key, reference)| Some((key, reference.as_ref()?)))
            .collect()
    }
}
