//! Azurite, Microsoft's own stand-in for Blob storage, behind what Azure puts before it: only a token
//! of the platform's identity, for storage and not expired, is let in, and its role reads, lists,
//! adds and writes, and deletes nothing.
//!
//! Azurite itself takes signed addresses; the front adds one, without the right to delete.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::StatusCode;
use http_body_util::BodyExt as _;
use sha2::Sha256;

use super::azure::Cloud;
use super::free_port;

const ACCOUNT: &str = "devstoreaccount1";
/// Azurite's own, which everybody knows.
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const VERSION: &str = "2019-12-12";
const PATIENCE: Duration = Duration::from_mins(1);

/// A running account; it ends with the value.
pub(crate) struct Azurite {
    child: Child,
    /// The address of a container behind the front.
    pub(crate) container: String,
    /// The port behind the front, which only the front calls.
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

#[derive(Clone)]
struct Front {
    cloud: Cloud,
    behind: String,
    asked: Arc<Mutex<Vec<String>>>,
    client: reqwest::Client,
}

impl Azurite {
    /// An account with the container `name`, for tokens of `cloud`.
    pub(crate) async fn start(cloud: &Cloud, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let program = root.join("tests/peers/node_modules/azurite/dist/src/blob/main.js");
        assert!(program.exists(), "`scripts/tools.sh node` installs azurite");
        let port = free_port();
        let child = Command::new("node")
            .arg(program)
            .args(["--silent", "--disableTelemetry", "--skipApiVersionCheck"])
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
            .arg("--location")
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let behind = format!("http://127.0.0.1:{port}");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let owner = format!(
            "{behind}/{ACCOUNT}/{name}?restype=container&{}",
            signed("rwdlac")
        );
        let until = Instant::now() + PATIENCE;
        loop {
            let made = client
                .put(&owner)
                .header("x-ms-version", VERSION)
                .send()
                .await;
            match made.map(|answer| answer.status().as_u16()) {
                Ok(201) => break,
                other => assert!(Instant::now() < until, "Azurite does not start: {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let front = Front {
            cloud: cloud.clone(),
            behind,
            asked: Arc::clone(&asked),
            client,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(forward).with_state(front);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            child,
            container: format!("{url}/{ACCOUNT}/{name}"),
            port,
            asked,
            _folder: folder,
        }
    }

    /// Method, path, query and condition of everything that was let in.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Azurite {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

async fn forward(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let token = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if !token.is_some_and(|token| front.cloud.takes(token, "https://storage.azure.com")) {
        return refused(StatusCode::UNAUTHORIZED, "InvalidAuthenticationInfo");
    }
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let condition = header("if-none-match").unwrap_or("-");
    let line = format!("{} {path}?{query} {condition}", parts.method);
    front.asked.lock().unwrap().push(line);
    let method = reqwest::Method::from_bytes(parts.method.as_str().as_bytes()).unwrap();
    let joint = if query.is_empty() { "" } else { "&" };
    let url = format!("{}{path}?{query}{joint}{}", front.behind, signed("rwlac"));
    let mut on = front.client.request(method, url);
    for (name, value) in &parts.headers {
        if !["authorization", "host", "content-length"].contains(&name.as_str()) {
            on = on.header(name, value);
        }
    }
    let body = body.collect().await.unwrap().to_bytes();
    let answer = on.body(body).send().await.unwrap();
    let mut back = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if !["transfer-encoding", "connection"].contains(&name.as_str()) {
            back = back.header(name, value);
        }
    }
    back.body(Body::from(answer.bytes().await.unwrap()))
        .unwrap()
}

fn refused(status: StatusCode, code: &str) -> Response {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    (status, [("x-ms-error-code", code.to_owned())], body).into_response()
}

/// The parameters of a shared access signature of the account ("Create an account SAS").
fn signed(permissions: &str) -> String {
    let expiry = "2099-01-01T00:00:00Z";
    let text = format!("{ACCOUNT}\n{permissions}\nb\nsco\n\n{expiry}\n\n\n{VERSION}\n");
    let key = BASE64_STANDARD.decode(KEY).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(text.as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("sv", VERSION)
        .append_pair("ss", "b")
        .append_pair("srt", "sco")
        .append_pair("sp", permissions)
        .append_pair("se", expiry)
        .append_pair("sig", &signature)
        .finish()
}
