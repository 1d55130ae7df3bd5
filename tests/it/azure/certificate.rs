//! The certificate of the service from Key Vault, which gives chain and key as the secret of the
//! certificate's name ("About Azure Key Vault certificates").

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use freehold::base::{Clock, ManualClock, SystemClock};
use freehold::config::Tls;
use freehold::server::Certificate;
use freehold::telemetry::Health;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

use super::{pod, run};
use crate::support::azure::Cloud;
use crate::support::served::{Place, Served};
use crate::tls::params;

/// A certificate of an authority of its own, as PEM, and that authority.
struct Made {
    key: String,
    leaf: String,
    root: String,
}

impl Made {
    /// Valid for this machine from yesterday on.
    fn for_days(days: i32) -> Self {
        let mut root = CertificateParams::default();
        // The leaves of all of them have one name, and it is not that of an authority.
        root.distinguished_name
            .push(DnType::CommonName, "an authority");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let leaf = params(-1, days);
        let key = KeyPair::generate().unwrap();
        Self {
            leaf: leaf.signed_by(&key, &root).unwrap().pem(),
            root: root.pem(),
            key: key.serialize_pem(),
        }
    }

    /// As Key Vault keeps it with the content type application/x-pem-file.
    fn pem(&self) -> String {
        [self.key.as_str(), &self.leaf, &self.root].concat()
    }

    /// As Key Vault keeps it with the content type application/x-pkcs12, in a form of
    /// `tests/peers/pfx.py`.
    fn pfx(&self, form: &str) -> String {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(here.join(".tools/venv/bin/python"))
            .arg(here.join("tests/peers/pfx.py"))
            .arg(form)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(self.pem().as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{form}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn put(cloud: &Cloud, secret: &str) {
    cloud.change(|script| script.vault.put_secret("tls", secret));
}

fn settings(cloud: &Cloud) -> Tls {
    let secret = format!("keyvault:{}/secrets/tls", cloud.url);
    Tls {
        key_vault_certificate: Some(secret.parse().unwrap()),
        ..Tls::default()
    }
}

async fn certificate(cloud: &Cloud, clock: Arc<dyn Clock>) -> Certificate {
    let azure = cloud.azure(cloud.machine());
    let made = Certificate::of(&settings(cloud), &azure, clock).await;
    made.unwrap()
}

fn failed(certificate: &Certificate) -> String {
    match certificate.health() {
        Health::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

/// A place in a pod that serves the certificate of this cloud.
fn place(cloud: &Cloud) -> Place {
    let mut place = pod(cloud);
    let name = "FREEHOLD__SERVER__TLS__KEY_VAULT_CERTIFICATE".to_owned();
    let secret = format!("keyvault:{}/secrets/tls", cloud.url);
    place.environment.push((name, secret));
    let public = |(name, _): &(String, String)| name != "FREEHOLD__SERVER__PUBLIC_URL";
    place.environment.retain(public);
    place
}

async fn is_ready(served: &Served, made: &Made) -> bool {
    let root = reqwest::Certificate::from_pem(made.root.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]);
    let ask = client
        .build()
        .unwrap()
        .get(format!("{}/readyz", served.url));
    ask.send().await.is_ok_and(|answer| answer.status() == 200)
}

/// One that answers each byte with itself, with what the certificate says at the handshake.
async fn echo(certificate: Certificate) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificate));
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await?;
                let mut byte = [0];
                loop {
                    stream.read_exact(&mut byte).await?;
                    stream.write_all(&byte).await?;
                }
                #[expect(unreachable_code, reason = "it gives the type of the errors")]
                Ok::<(), std::io::Error>(())
            });
        }
    });
    address
}

/// A connection that trusts the authority of `made` only.
async fn connect(
    address: std::net::SocketAddr,
    made: &Made,
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(made.root.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

async fn answers(stream: &mut TlsStream<TcpStream>) {
    let mut byte = [0];
    stream.write_all(b"x").await.unwrap();
    stream.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"x");
}

#[tokio::test]
async fn both_content_types_of_key_vault_are_read_and_each_kind_of_no_password() {
    let made = Made::for_days(60);
    let other = Made::for_days(60);
    // The authority first, as no PEM of Key Vault has it, but a PFX may.
    let turned = [made.root.as_str(), &other.leaf, &made.leaf, &made.key].concat();
    let forms = [
        "cryptography",
        "null-plain",
        "null-3des",
        "null-aes",
        "empty-plain",
        "empty-3des",
        "empty-aes",
    ];
    let forms = forms.map(|form| made.pfx(form));
    for secret in [made.pem(), turned].iter().chain(&forms) {
        let cloud = Cloud::start();
        put(&cloud, secret);
        let certificate = certificate(&cloud, Arc::new(SystemClock)).await;
        assert_eq!(certificate.health(), Health::Ok, "{secret}");
        let address = echo(certificate).await;
        let mut stream = connect(address, &made).await.unwrap();
        answers(&mut stream).await;
        let shown = stream.get_ref().1.peer_certificates().unwrap().len();
        assert_eq!(shown, 2, "its own and that of the authority");
    }
}

#[tokio::test]
async fn what_is_no_certificate_with_its_key_is_refused_with_what_to_do() {
    let (made, other) = (Made::for_days(60), Made::for_days(60));
    let without_key = [made.leaf.as_str(), &made.root].concat();
    let of_another = [other.key.as_str(), &made.leaf].concat();
    for (secret, advice) in [
        (without_key, "\"exportable\": true"),
        (of_another, "KeyMismatch"),
        (made.key.clone(), "application/x-pkcs12"),
        (made.pfx("secret-aes"), "without a password"),
        (made.pfx("secret-3des"), "without a password"),
        ("hunter2".to_owned(), "has the name of the certificate"),
        ("MAIC".to_owned(), "has the name of the certificate"),
    ] {
        let cloud = Cloud::start();
        put(&cloud, &secret);
        let certificate = certificate(&cloud, Arc::new(SystemClock)).await;
        let why = failed(&certificate);
        assert!(why.contains(advice), "{advice}: {why}");
        assert!(why.contains("az keyvault certificate show"), "{why}");
        assert!(!why.contains(&secret), "{why}");
    }
}

#[tokio::test]
async fn a_new_version_is_served_within_five_minutes_and_open_connections_go_on() {
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let cloud = Cloud::at(clock.clone());
    let (old, new) = (Made::for_days(60), Made::for_days(90));
    put(&cloud, &old.pfx("null-3des"));
    let certificate = certificate(&cloud, clock.clone()).await;
    let address = echo(certificate.clone()).await;
    let mut open = connect(address, &old).await.unwrap();
    put(&cloud, &new.pem());
    clock.advance(299);
    certificate.look().await;
    assert!(connect(address, &old).await.is_ok());
    clock.advance(1);
    certificate.look().await;
    assert!(connect(address, &old).await.is_err());
    answers(&mut connect(address, &new).await.unwrap()).await;
    answers(&mut open).await;

    // What is there then is of no use, or the vault is away: the last good one stays until it ends.
    put(&cloud, "nothing of the kind");
    for _ in 0..2 {
        clock.advance(300);
        certificate.look().await;
    }
    let degraded = |why: &str| {
        let health = certificate.health();
        assert!(
            matches!(&health, Health::Degraded(text) if text.contains(why)),
            "{health:?}"
        );
    };
    degraded("it is no certificate of Key Vault");
    cloud.change(|script| script.vault.away = true);
    for _ in 0..2 {
        clock.advance(300);
        certificate.look().await;
    }
    degraded("asks to come back later (503)");
    assert!(connect(address, &new).await.is_ok());
    clock.advance(91 * 86_400);
    certificate.look().await;
    assert!(failed(&certificate).contains("ended at"));
    assert!(connect(address, &new).await.is_err());
    cloud.change(|script| script.vault.away = false);
    let next = Made::for_days(200);
    put(&cloud, &next.pem());
    clock.advance(5);
    certificate.look().await;
    assert_eq!(certificate.health(), Health::Ok);
    assert!(connect(address, &next).await.is_ok());
}

#[tokio::test]
async fn the_last_30_days_of_a_certificate_in_the_vault_are_told() {
    let cloud = Cloud::start();
    put(&cloud, &Made::for_days(29).pem());
    let certificate = certificate(&cloud, Arc::new(SystemClock)).await;
    let health = certificate.health();
    assert!(
        matches!(&health, Health::Degraded(text) if text.contains("28 days left")
            && text.contains("within five minutes")),
        "{health:?}"
    );
}

#[tokio::test]
async fn while_the_vault_is_away_at_the_start_nothing_is_answered_and_the_log_and_doctor_say_why() {
    let cloud = Cloud::start();
    let made = Made::for_days(60);
    put(&cloud, &made.pfx("null-plain"));
    cloud.change(|script| script.vault.forbidden.insert("secrets"));
    let place = place(&cloud);
    let mut served = place.serve();
    let line = served.wait_for(|line| line.contains("no certificate").then(|| line.to_owned()));
    for part in [
        "ERROR",
        "ForbiddenByRbac",
        "Key Vault Secrets User",
        "/secrets/tls",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(served.url.starts_with("https://"), "{}", served.url);
    assert!(!is_ready(&served, &made).await);
    let plain = reqwest::get(format!("{}/readyz", served.url.replace("https", "http")));
    assert!(plain.await.is_err());
    let (passed, said, _) = run(&place, &["doctor"]);
    assert!(
        !passed && said.contains("FAIL  certificate    no TLS"),
        "{said}"
    );
    assert!(said.contains("Key Vault Secrets User"), "{said}");

    cloud.change(|script| script.vault.forbidden.clear());
    let begun = Instant::now();
    while !is_ready(&served, &made).await {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "{}",
            served.said()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (_, said, _) = run(&place, &["doctor"]);
    assert!(said.contains("ok    certificate    keyvault:"), "{said}");
    assert!(
        said.contains("/secrets/tls fits its key; 59 days left"),
        "{said}"
    );
}
