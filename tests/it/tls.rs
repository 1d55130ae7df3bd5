//! The service with a certificate of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client, Response, Version};

use crate::support::served::{Place, Served};

/// A place whose service encrypts, and the certificate to trust.
fn place() -> (Place, String) {
    let mut place = Place::new();
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let files = [
        ("CERTIFICATE", "tls.crt", cert.pem()),
        ("KEY", "tls.key", signing_key.serialize_pem()),
    ];
    for (setting, name, text) in files {
        let path = place.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let setting = format!("FREEHOLD__SERVER__TLS__{setting}");
        place
            .environment
            .push((setting, path.display().to_string()));
    }
    (place, cert.pem())
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

#[test]
fn a_certificate_or_key_that_cannot_be_used_is_named() {
    let (place, _) = place();
    let refused = |file: &Path| {
        let arguments = ["serve", "--evaluation", "--listen", "127.0.0.1:0"];
        let output = place.command(&arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&file.display().to_string()), "{said}");
        assert!(said.contains("server.tls.certificate"), "{said}");
    };
    for name in ["tls.key", "tls.crt"] {
        let file = place.folder.path().join(name);
        std::fs::write(&file, "nothing of the kind\n").unwrap();
        refused(&file);
        std::fs::remove_file(&file).unwrap();
        refused(&file);
    }
}
