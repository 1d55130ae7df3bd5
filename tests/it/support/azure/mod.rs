//! Azure on loopback, as far as Freehold knows it: the instance metadata service (IMDS),
//! `IDENTITY_ENDPOINT`, Entra's token endpoint, and Key Vault. Each checks what the real one checks.
//! `tests/it/azure/peers.rs` holds it against Microsoft's own Python clients.
//!
//! One program answers on two ports: plain HTTP for Freehold, and TLS with a certificate for the real
//! names of Azure's hosts for Microsoft's clients, which take nothing else.

pub(crate) mod identity;
pub(crate) mod jwt;
pub(crate) mod key_vault;
mod tls;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use freehold::azure::{Azure, Patience};
use freehold::base::{Clock, SystemClock};
use freehold::config::{self, Platform};
use freehold::outbound::{Outbound, Way};
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use identity::FederatedCredential;
use jwt::Issuer;
use key_vault::Vault;

/// The directory in which everything is.
pub(crate) const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
/// The client id of the one application or user-assigned identity.
pub(crate) const CLIENT: &str = "6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10";
/// The object id of the managed identity.
pub(crate) const OBJECT: &str = "1c0f1a3e-1111-4c3b-8f43-b7b4f0b2a9d1";
/// What App Service puts into `IDENTITY_HEADER`.
pub(crate) const IDENTITY_HEADER: &str = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a";
/// What AKS calls the service account.
pub(crate) const SUBJECT: &str = "system:serviceaccount:freehold:freehold";
/// The audience of tokens that Entra exchanges.
pub(crate) const EXCHANGE: &str = "api://AzureADTokenExchange";

/// What the cloud does; tests change it.
pub(crate) struct Script {
    /// The cluster whose tokens are exchanged.
    pub(crate) cluster: Issuer,
    /// Entra, which signs the tokens of managed identities.
    pub(crate) entra: Issuer,
    /// What the application trusts.
    pub(crate) federated: Vec<FederatedCredential>,
    /// What the identity endpoints answer next, before they work.
    pub(crate) identity_refuses: VecDeque<u16>,
    /// How long tokens last.
    pub(crate) lifetime_secs: i64,
    pub(crate) vault: Vault,
    /// Tokens that were given, with their resource and end.
    tokens: BTreeMap<String, (String, i64)>,
    /// Method and path of everything that was asked for.
    asked: Vec<String>,
    clock: Arc<dyn Clock>,
}

/// A running cloud; it ends with the test's process.
#[derive(Clone)]
pub(crate) struct Cloud {
    /// Plain: `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// The port for TLS.
    pub(crate) tls_port: u16,
    /// The certificate that signed that of the port.
    pub(crate) ca_pem: String,
    script: Arc<Mutex<Script>>,
}

/// One request, read.
pub(crate) struct Asked {
    pub(crate) parts: http::request::Parts,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// `https://work.vault.azure.net:PORT`, as the caller wrote it.
    pub(crate) origin: String,
}

impl Cloud {
    /// A cloud whose time is the machine's.
    pub(crate) fn start() -> Self {
        Self::at(Arc::new(SystemClock))
    }

    /// A cloud whose time is that of `clock`.
    pub(crate) fn at(clock: Arc<dyn Clock>) -> Self {
        let script = Arc::new(Mutex::new(Script::working(clock)));
        let (answer, started) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(async move {
                let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let (encrypted, tls_port, ca_pem) = tls::listen().await;
                let cloud = Self {
                    url: format!("http://{}", plain.local_addr().unwrap()),
                    tls_port,
                    ca_pem,
                    script,
                };
                let router = |scheme| {
                    let state = (cloud.clone(), scheme);
                    Router::new().fallback(respond).with_state(state)
                };
                let (one, other) = (router("http"), router("https"));
                answer.send(cloud).unwrap();
                let plain = tokio::spawn(async move { axum::serve(plain, one).await });
                axum::serve(encrypted, other).await.unwrap();
                plain.await.unwrap().unwrap();
            });
        });
        started.recv().unwrap()
    }

    /// Does something else from now on.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap())
    }

    /// How often something was asked for whose method and path contain this.
    pub(crate) fn asked(&self, part: &str) -> usize {
        let script = self.script.lock().unwrap();
        script
            .asked
            .iter()
            .filter(|line| line.contains(part))
            .count()
    }

    /// Whether it has given this token, for this resource, and it is good yet.
    pub(crate) fn takes(&self, token: &str, resource: &str) -> bool {
        let script = self.script.lock().unwrap();
        let given = script.tokens.get(token);
        given.is_some_and(|(of, end)| of == resource && *end > script.now())
    }

    /// What a machine with a managed identity offers.
    pub(crate) fn machine(&self) -> Platform {
        Platform {
            imds_host: Some(self.url.parse().unwrap()),
            ..Platform::default()
        }
    }

    /// What App Service and Container Apps offer.
    pub(crate) fn container_app(&self) -> Platform {
        Platform {
            identity_endpoint: Some(format!("{}/msi/token", self.url).parse().unwrap()),
            identity_header: Some(IDENTITY_HEADER.to_owned().into()),
            ..Platform::default()
        }
    }

    /// What AKS offers, with the token that is in `file`.
    pub(crate) fn pod(&self, file: &std::path::Path) -> Platform {
        Platform {
            federated_token_file: Some(file.to_owned()),
            client_id: Some(CLIENT.to_owned()),
            tenant_id: Some(TENANT.to_owned()),
            authority_host: Some(self.url.parse().unwrap()),
            ..Platform::default()
        }
    }

    /// Our handle on it, which does not wait long.
    pub(crate) fn azure(&self, platform: Platform) -> Azure {
        let clock = self.change(|script| Arc::clone(&script.clock));
        let settings = config::Azure::default();
        let way = Way::to(&self.url.parse().unwrap(), "a test", "all of Azure").unwrap();
        let azure = Azure::new(&settings, platform, Outbound::new([way]), clock);
        azure.with_patience(Patience {
            first: std::time::Duration::from_millis(1),
            ..Patience::default()
        })
    }
}

impl Script {
    fn working(clock: Arc<dyn Clock>) -> Self {
        let cluster = Issuer::new("https://oidc.cluster.example/72f988bf/");
        let entra = Issuer::new(&format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
        let trusted = |issuer: &Issuer, subject: &str| FederatedCredential {
            issuer: issuer.name.clone(),
            subject: subject.to_owned(),
            audience: EXCHANGE.to_owned(),
        };
        Self {
            federated: vec![trusted(&cluster, SUBJECT), trusted(&entra, OBJECT)],
            cluster,
            entra,
            identity_refuses: VecDeque::new(),
            lifetime_secs: 3600,
            vault: Vault::default(),
            tokens: BTreeMap::new(),
            asked: Vec::new(),
            clock,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// Takes no token any more that was given before.
    pub(crate) fn forget_tokens(&mut self) {
        self.tokens.clear();
    }

    /// The token that AKS writes for the service account.
    pub(crate) fn service_account_token(&self) -> String {
        let now = self.now();
        self.cluster.sign(&json!({
            "iss": self.cluster.name,
            "sub": SUBJECT,
            "aud": [EXCHANGE],
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
        }))
    }

    /// A new token for `resource`.
    fn give(&mut self, resource: &str) -> String {
        let end = self.now() + self.lifetime_secs;
        let token = if resource == EXCHANGE {
            let claims = json!({
                "iss": self.entra.name, "sub": OBJECT, "aud": EXCHANGE, "exp": end,
                "nbf": self.now(), "iat": self.now(),
            });
            self.entra.sign(&claims)
        } else {
            format!("access-{}", self.tokens.len())
        };
        let resource = resource.trim_end_matches('/').to_owned();
        self.tokens.insert(token.clone(), (resource, end));
        token
    }
}

async fn respond(
    State((cloud, scheme)): State<(Cloud, &'static str)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    let host = parts.headers.get("host").map(|host| host.to_str().unwrap());
    let host = host.unwrap_or_else(|| parts.uri.authority().unwrap().as_str());
    let origin = format!("{scheme}://{host}");
    let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
    let path = parts.uri.path().to_owned();
    let mut script = cloud.script.lock().unwrap();
    script.asked.push(format!("{} {path}", parts.method));
    let asked = Asked {
        parts,
        query,
        body,
        origin,
    };
    match path.split('/').nth(1).unwrap_or_default() {
        "metadata" => identity::imds(&mut script, &asked),
        "msi" => identity::endpoint(&mut script, &asked),
        "keys" | "secrets" => key_vault::answer(&mut script, &asked),
        TENANT => identity::entra(&mut script, &asked),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(crate) fn pairs(text: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

fn answer(status: u16, body: &Value) -> Response {
    let json = [("content-type", "application/json")];
    let status = StatusCode::from_u16(status).unwrap();
    (status, json, Body::from(body.to_string())).into_response()
}
