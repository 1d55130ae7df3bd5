//! The service with a certificate of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use freehold::base::{Clock as _, SystemClock};
use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use reqwest::{Certificate, Client, Response, Version};

use crate::support::served::{Place, Served};

/// The time within which new files are served.
const SOON: Duration = Duration::from_secs(5);

/// A certificate and its key, as PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    /// Valid for a long time.
    fn new() -> Self {
        Self::between(-1, 4000)
    }

    /// Valid from the begin of one day to the begin of another, counted from today.
    fn between(from: i32, to: i32) -> Self {
        let params = params(from, to);
        let key = KeyPair::generate().unwrap();
        Self {
            certificate: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// Valid for 60 days, signed by the root that comes with it.
    fn of_a_root() -> (Self, String) {
        let mut root = CertificateParams::default();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let mut leaf = params(-1, 59);
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let pair = Self {
            certificate: leaf.signed_by(&key, &root).unwrap().pem(),
            key: key.serialize_pem(),
        };
        (pair, root.pem())
    }

    /// Writes both files, as one that renews certificates does.
    fn write(&self, place: &Place) {
        let files = [("tls.crt", &self.certificate), ("tls.key", &self.key)];
        for (name, text) in files {
            std::fs::write(place.folder.path().join(name), text).unwrap();
        }
    }
}

/// For this machine, from the begin of one day to the begin of another, counted from today.
pub(crate) fn params(from: i32, to: i32) -> CertificateParams {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).unwrap();
    let day = |days: i32| {
        let today = TimeZone::UTC.to_datetime(SystemClock.now()).date();
        let day = today + jiff::Span::new().days(days);
        let part = |part: i8| u8::try_from(part).unwrap();
        date_time_ymd(day.year().into(), part(day.month()), part(day.day()))
    };
    (params.not_before, params.not_after) = (day(from), day(to));
    params
}

/// A place whose service encrypts with what is in its folder as `tls.crt` and `tls.key`.
fn empty_place() -> Place {
    let mut place = Place::new();
    for (setting, name) in [("CERTIFICATE", "tls.crt"), ("KEY", "tls.key")] {
        let setting = format!("FREEHOLD__SERVER__TLS__{setting}");
        let path = place.folder.path().join(name);
        place
            .environment
            .push((setting, path.display().to_string()));
    }
    place
}

/// The same with a certificate, and that certificate to trust.
fn place() -> (Place, String) {
    let (place, pair) = (empty_place(), Pair::new());
    pair.write(&place);
    (place, pair.certificate)
}

fn client(trusted: &str) -> reqwest::ClientBuilder {
    let trusted = Certificate::from_pem(trusted.as_bytes()).unwrap();
    Client::builder()
        .tls_certs_only([trusted])
        .redirect(reqwest::redirect::Policy::none())
}

async fn ready(served: &Served, client: &Client) -> Response {
    let answer = client.get(format!("{}/readyz", served.url)).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    answer
}

/// `127.0.0.1:40000`.
fn address(served: &Served) -> &str {
    served.url.strip_prefix("https://").unwrap()
}

/// Sends `bytes` as they are, and gives everything that comes back before the end.
fn raw(served: &Served, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address(served)).unwrap();
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(bytes).unwrap();
    let mut got = Vec::new();
    match stream.read_to_end(&mut got) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    got
}

#[tokio::test]
async fn it_is_ready_over_http_1_and_http_2_and_the_healthcheck_sees_it() {
    let (place, trusted) = place();
    let served = place.serve();
    let newest = ready(&served, &client(&trusted).build().unwrap()).await;
    assert_eq!(newest.version(), Version::HTTP_2);
    let older = client(&trusted).http1_only().build().unwrap();
    let answer = ready(&served, &older).await;
    assert_eq!(answer.version(), Version::HTTP_11);
    let strict = answer.headers()["strict-transport-security"].to_str();
    assert!(strict.unwrap().starts_with("max-age=63072000"));

    let check = place
        .command(&["healthcheck", "--listen", address(&served)])
        .output()
        .unwrap();
    assert!(check.status.success(), "{check:?}");
}

#[tokio::test]
async fn what_signs_in_is_for_this_host_over_tls_only() {
    let (mut place, trusted) = place();
    let provider = crate::web::Provider::start();
    let settings = format!(
        "[{{id=\"work\", issuer=\"{}\", client_id=\"freehold\"}}]",
        provider.issuer
    );
    let key = "FREEHOLD__IDENTITY__PROVIDERS".to_owned();
    place.environment.push((key, settings));
    let served = place.serve();
    let client = client(&trusted).build().unwrap();

    assert!(
        served.link.starts_with("https://127.0.0.1:"),
        "{}",
        served.link
    );
    let redeem = client.post(&served.link);
    let redeem = redeem.header("origin", &served.url).send().await.unwrap();
    let begin = client.get(format!("{}/auth/login?provider=work", served.url));
    let begin = begin.send().await.unwrap();
    for (answer, name) in [(&redeem, "__Host-s="), (&begin, "__Host-f-")] {
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with(name), "{cookie}");
        for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
    let away = begin.headers()["location"].to_str().unwrap();
    assert!(
        away.contains("redirect_uri=https%3A%2F%2F127.0.0.1"),
        "{away}"
    );

    let cookie = redeem.headers()["set-cookie"].to_str().unwrap();
    let session = cookie.split(';').next().unwrap();
    let page = client.get(format!("{}/", served.url));
    let page = page.header("cookie", session).send().await.unwrap();
    assert_eq!(page.status(), 200);
}

#[tokio::test]
async fn what_is_not_tls_1_2_or_newer_is_turned_away_and_the_service_goes_on() {
    let (place, trusted) = place();
    let served = place.serve();
    let plain = raw(&served, b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(!plain.starts_with(b"HTTP/"));

    // A ClientHello of TLS 1.1 (RFC 4346 §7.4.1.2): a random, no session, one cipher suite, no
    // compression, and the extension signature_algorithms.
    let rest = [0, 0, 2, 0xc0, 0x13, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3];
    let hello = [&[1, 0, 0, 51, 3, 2][..], &[7; 32], &rest].concat();
    let record = [&[22, 3, 1, 0, 55][..], &hello].concat();
    // A fatal alert: protocol_version.
    assert_eq!(raw(&served, &record), [21, 3, 3, 0, 2, 2, 70]);

    ready(&served, &client(&trusted).build().unwrap()).await;
}

/// Waits until a new connection that trusts only `pair` is answered, or is not any more.
async fn until(served: &Served, pair: &Pair, is_answered: bool) -> Duration {
    let begun = Instant::now();
    loop {
        let fresh = client(&pair.certificate).build().unwrap();
        let answer = fresh.get(format!("{}/readyz", served.url)).send().await;
        if answer.is_ok() == is_answered {
            return begun.elapsed();
        }
        let patience = Duration::from_secs(30);
        assert!(begun.elapsed() < patience, "{answer:?}: {}", served.said());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn new_files_are_served_within_5_seconds_and_open_connections_go_on() {
    let (place, old) = (empty_place(), Pair::new());
    old.write(&place);
    let served = place.serve();
    let kept = client(&old.certificate).build().unwrap();
    ready(&served, &kept).await;

    let new = Pair::new();
    new.write(&place);
    let took = until(&served, &new, true).await;
    assert!(took < SOON, "{took:?}");
    // Only the connection that is open trusts the old certificate.
    ready(&served, &kept).await;
    let late = client(&old.certificate).build().unwrap();
    let refused = late.get(format!("{}/readyz", served.url)).send().await;
    assert!(refused.is_err());

    // As Kubernetes does: the files are links into a folder, which is a link that is swapped.
    let last = Pair::new();
    let root = place.folder.path();
    std::fs::create_dir(root.join("..1")).unwrap();
    std::fs::write(root.join("..1/tls.crt"), &last.certificate).unwrap();
    std::fs::write(root.join("..1/tls.key"), &last.key).unwrap();
    for name in ["tls.crt", "tls.key"] {
        std::os::unix::fs::symlink(format!("..1/{name}"), root.join("next")).unwrap();
        std::fs::rename(root.join("next"), root.join(name)).unwrap();
    }
    let took = until(&served, &last, true).await;
    assert!(took < SOON, "{took:?}");
    ready(&served, &kept).await;
}

#[tokio::test]
async fn files_that_do_not_fit_are_not_taken_and_the_log_says_so_once() {
    let (place, old) = (empty_place(), Pair::new());
    old.write(&place);
    let mut served = place.serve();
    std::fs::write(place.folder.path().join("tls.key"), Pair::new().key).unwrap();
    let line = served.wait_for(|line| line.contains("tls.key").then(|| line.to_owned()));
    assert!(
        line.contains("WARN") && line.contains("served until"),
        "{line}"
    );
    tokio::time::sleep(SOON).await;
    assert_eq!(served.said().matches("cannot be used").count(), 1);

    let client = client(&old.certificate).build().unwrap();
    let answer = client.get(format!("{}/readyz?verbose", served.url)).send();
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("certificate: degraded: the files that are"),
        "{text}"
    );

    std::fs::write(place.folder.path().join("tls.key"), "no key\n").unwrap();
    served.wait_for(|line| line.contains("no items found").then_some(()));
}

#[tokio::test]
async fn the_last_30_days_are_told() {
    for (days, word) in [(31, "ok"), (29, "degraded")] {
        let (place, pair) = (empty_place(), Pair::between(-1, days));
        pair.write(&place);
        let served = place.serve();
        let client = client(&pair.certificate).build().unwrap();
        let answer = client.get(format!("{}/readyz?verbose", served.url)).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.unwrap();
        assert!(text.contains(&format!("certificate: {word}")), "{text}");
        // A day that has begun is no whole day.
        let left = format!("{} days left", days - 1);
        assert_eq!(text.contains(&left), word == "degraded", "{text}");
        assert_eq!(served.said().contains(&left), word == "degraded");
        let doctor = place.command(&["doctor"]).output().unwrap();
        let doctor = String::from_utf8(doctor.stdout).unwrap();
        assert!(doctor.contains(&left), "{doctor}");
    }
}

#[tokio::test]
async fn what_is_not_valid_is_not_served_until_something_valid_is_there() {
    let (place, pair) = (empty_place(), Pair::new());
    // Nothing is there, or nothing of the kind: the service runs, and answers nobody.
    let mut served = place.serve();
    let line = served.wait_for(|line| line.contains("tls.crt").then(|| line.to_owned()));
    assert!(
        line.contains("ERROR") && line.contains("No such file"),
        "{line}"
    );
    until(&served, &pair, false).await;
    pair.write(&place);
    let took = until(&served, &pair, true).await;
    assert!(took < SOON, "{took:?}");

    for (from, to, why) in [(-10, 0, "ended at"), (2, 10, "is valid from")] {
        let kept = client(&pair.certificate).build().unwrap();
        ready(&served, &kept).await;
        let invalid = Pair::between(from, to);
        invalid.write(&place);
        let line = served.wait_for(|line| line.contains(why).then(|| line.to_owned()));
        assert!(
            line.contains("ERROR") && line.contains("without a restart"),
            "{line}"
        );
        // Not even on a connection that was open.
        until(&served, &pair, false).await;
        assert!(
            kept.get(format!("{}/readyz", served.url))
                .send()
                .await
                .is_err()
        );
        let plain = raw(&served, b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assert!(!plain.starts_with(b"HTTP/"));
        let arguments = ["healthcheck", "--listen", address(&served)];
        let check = place.command(&arguments).output().unwrap();
        assert!(!check.status.success(), "{check:?}");
        // It runs, and to start it again would mend nothing.
        assert!(alive(&place, &served).starts_with("it runs, and refuses every TLS handshake"));
        let doctor = place.command(&["doctor"]).output().unwrap();
        assert!(!doctor.status.success());
        let doctor = String::from_utf8(doctor.stdout).unwrap();
        assert!(doctor.contains("FAIL  readiness      no TLS"), "{doctor}");
        assert!(doctor.contains("FAIL  certificate    no TLS"), "{doctor}");
        pair.write(&place);
        until(&served, &pair, true).await;
        assert_eq!(alive(&place, &served), "ok\n");
    }
}

/// What the healthcheck says of a process that runs.
fn alive(place: &Place, served: &Served) -> String {
    let url = format!("https://{}", address(served));
    let [here, there] = [["--listen", address(served)], ["--url", &url]].map(|at| {
        let arguments = [&["healthcheck", "--alive"], &at[..]].concat();
        let check = place.command(&arguments).output().unwrap();
        assert!(check.status.success(), "{check:?}");
        String::from_utf8(check.stdout).unwrap()
    });
    assert_eq!(here, there);
    here
}

#[test]
fn sslyze_finds_what_mozilla_calls_intermediate() {
    let (place, (pair, root)) = (empty_place(), Pair::of_a_root());
    pair.write(&place);
    let file = place.folder.path().join("root.crt");
    std::fs::write(&file, root).unwrap();
    let served = place.serve();
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = std::process::Command::new(here.join(".tools/venv/bin/python"))
        .arg(here.join("tests/peers/tls.py"))
        .arg(address(&served).replace("127.0.0.1", "localhost"))
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("ok  "),
        "{said}{output:?}"
    );
}
