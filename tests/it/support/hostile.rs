//! A provider on loopback that does whatever a test wants: what it publishes, signs and answers is
//! honest until [`Hostile::change`] says otherwise.
//!
//! It serves metadata, keys, the authorization endpoint (which signs in at once) and the token
//! endpoint, which takes each code once and insists on PKCE. Its keys are made once for each
//! process. Its time is that of the service under test.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use freehold::base::{Clock as _, ManualClock};
use freehold::outbound::{Outbound, Way};
use http::{StatusCode, header};
use http_body_util::BodyExt as _;
use openidconnect::core::{CoreHmacKey, CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey};
use openidconnect::{JsonWebKeyId, PrivateSigningKey as _};
use rcgen::{PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

/// What every client here is called.
pub(crate) const CLIENT: &str = "freehold";
/// What its secret is.
pub(crate) const SECRET: &str = "a secret of this test";

/// Who signs an ID token.
#[derive(Clone, Copy)]
pub(crate) enum Signer {
    /// One of the RSA keys of [`rsa_jwk`], with RS256.
    Rsa(&'static str),
    /// The key of [`ec_jwk`], with ES256.
    Ec,
    /// The client secret, with HS256.
    ClientSecret,
    /// The modulus of the first RSA key, with HS256.
    PublicKey,
    /// Nobody: the signature is empty.
    Nobody,
}

/// What the provider does; tests change it.
pub(crate) struct Script {
    /// What it publishes about itself.
    pub(crate) metadata: Value,
    /// What is at its `jwks_uri`.
    pub(crate) keys: Vec<Value>,
    /// Put over the header of an ID token; a null removes.
    pub(crate) header: Value,
    /// Put over the claims of an ID token; a null removes.
    pub(crate) claims: Value,
    pub(crate) signer: Signer,
    /// Changes what was signed after it was signed.
    pub(crate) forged: bool,
    /// Put over the parameters that the browser brings back; a null removes.
    pub(crate) callback: Value,
    /// Put over the answer of the token endpoint; a null removes.
    pub(crate) answer: Value,
    /// Where the browser is sent instead of back.
    pub(crate) elsewhere: Option<String>,
    /// Metadata and keys are answered with 503.
    pub(crate) away: bool,
    /// The token endpoint answers with this error (RFC 6749 §5.2).
    pub(crate) refuses: Option<&'static str>,
    /// What the token endpoint was asked: the header `Authorization`, and the form.
    pub(crate) forms: Vec<(String, BTreeMap<String, String>)>,
    /// The ID tokens that it gave.
    pub(crate) issued: Vec<String>,
    /// The only `client_secret` in a form that it takes; without one it takes everybody.
    pub(crate) secret: Option<String>,
    /// How its client is called.
    pub(crate) client: String,
    /// Whom its token endpoint asks whether an assertion is good; without one it takes everybody.
    pub(crate) entra: Option<super::azure::Cloud>,
    /// What is behind its access tokens, as Microsoft Graph is.
    pub(crate) graph: Graph,
    codes: BTreeMap<String, BTreeMap<String, String>>,
    /// Its access tokens, and what the browser asked for them with.
    access: BTreeMap<String, BTreeMap<String, String>>,
    asked: Vec<String>,
}

/// A look-alike of Microsoft Graph: `POST /v1.0/me/checkMemberGroups`.
#[derive(Default)]
pub(crate) struct Graph {
    /// The groups that everybody is in.
    pub(crate) groups: Vec<String>,
    /// The claims that an access token has to be asked for with. A client without the capability
    /// `cp1` is not told.
    pub(crate) wants: Option<Value>,
    /// It answers with this status.
    pub(crate) status: Option<StatusCode>,
    /// The groups that it was asked for.
    pub(crate) asked: Vec<Vec<String>>,
}

/// A running provider; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Hostile {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    clock: Arc<OnceLock<Arc<ManualClock>>>,
}

impl Hostile {
    /// An honest provider.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let hostile = Self {
            script: Arc::new(Mutex::new(Script::honest(&url))),
            url,
            clock: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(hostile.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hostile
    }

    /// From now on its time is this clock's.
    pub(crate) fn follow_clock(&self, clock: &Arc<ManualClock>) {
        assert!(self.clock.set(Arc::clone(clock)).is_ok());
    }

    /// Does something else from now on.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// Is honest again.
    pub(crate) fn reform(&self) {
        *self.script.lock().unwrap() = Script::honest(&self.url);
    }

    /// How often an address that ends so was asked for since the last [`Self::reform`].
    pub(crate) fn asked(&self, end: &str) -> usize {
        let script = self.script.lock().unwrap();
        let asked = script.asked.iter().filter(|path| path.ends_with(end));
        asked.count()
    }

    /// Goes where a browser is sent and gives where that sends it: the way back.
    pub(crate) async fn follow(begin: &str) -> String {
        let way = Way::to(&begin.parse().unwrap(), "a test", "a browser").unwrap();
        let outbound = Outbound::new([way]);
        let request = http::Request::get(begin).body(Vec::new()).unwrap();
        let answer = outbound.send(request).await.unwrap();
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        let back = answer.headers().get(header::LOCATION);
        back.unwrap_or_else(|| panic!("{begin}: {body}"))
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// A logout token of now, signed as the script says; `over` is put over its claims, where a number
    /// is so many seconds from now.
    pub(crate) fn logout_token(&self, over: &Value) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let script = self.script.lock().unwrap();
        let now = self.clock.get().unwrap().now().as_second();
        let mut claims = json!({
            "iss": script.metadata["issuer"],
            "aud": CLIENT,
            "sub": "alice",
            "iat": now,
            "exp": now + 120,
            "jti": NEXT.fetch_add(1, Ordering::Relaxed).to_string(),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        put_over(&mut claims, over);
        for name in ["iat", "exp"] {
            if let Some(from_now) = over[name].as_i64() {
                claims[name] = json!(now + from_now);
            }
        }
        script.sign(&claims)
    }

    fn authorize(&self, query: BTreeMap<String, String>) -> Response {
        let mut script = self.script.lock().unwrap();
        assert_eq!(query["client_id"], script.client);
        let code = format!("code-{}", script.codes.len());
        let mut back =
            json!({ "code": code, "state": query["state"], "iss": script.metadata["issuer"] });
        put_over(&mut back, &script.callback);
        let to = script.elsewhere.clone();
        let mut to: Url = to
            .unwrap_or_else(|| query["redirect_uri"].clone())
            .parse()
            .unwrap();
        for (name, value) in back.as_object().unwrap() {
            to.query_pairs_mut()
                .append_pair(name, value.as_str().unwrap());
        }
        script.codes.insert(code, query);
        (StatusCode::SEE_OTHER, [(header::LOCATION, to.to_string())]).into_response()
    }

    fn token(&self, authorization: &str, form: &BTreeMap<String, String>) -> Response {
        let mut script = self.script.lock().unwrap();
        let entra = script.entra.clone();
        let verified = match (&script.secret, entra) {
            (Some(secret), _) if form.get("client_secret") != Some(secret) => Err(String::new()),
            (_, Some(cloud)) => cloud.change(|script| super::azure::identity::verify(script, form)),
            _ => Ok(()),
        };
        if let Err(why) = verified {
            let why = json!({ "error": "invalid_client", "error_description": why });
            return (StatusCode::UNAUTHORIZED, axum::Json(why)).into_response();
        }
        script.forms.push((authorization.to_owned(), form.clone()));
        let refused = |why: &str| {
            let why = json!({ "error": why });
            (StatusCode::BAD_REQUEST, axum::Json(why)).into_response()
        };
        if let Some(why) = script.refuses {
            return refused(why);
        }
        let (mut nonce, mut wanted) = (None, BTreeMap::new());
        if form["grant_type"] == "authorization_code" {
            let Some(asked) = script.codes.get_mut(&form["code"]).map(std::mem::take) else {
                return refused("invalid_grant");
            };
            let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
            if asked.get("code_challenge") != Some(&challenge) {
                return refused("invalid_grant");
            }
            nonce = Some(asked["nonce"].clone());
            wanted = asked;
        }
        let now = self.clock.get().map(|clock| clock.now().as_second());
        let mut claims = json!({
            "iss": script.metadata["issuer"],
            "aud": script.client,
            "sub": "alice",
            "nonce": nonce,
            "iat": now,
            "exp": now.map(|now| now + 600),
            "email": "alice@example.org",
            "email_verified": true,
            "name": "Alice",
            "roles": ["member"],
        });
        put_over(&mut claims, &script.claims);
        // A number in the script is so many seconds from now.
        for name in ["iat", "nbf", "exp", "auth_time"] {
            if let (Some(from_now), Some(now)) = (script.claims[name].as_i64(), now) {
                claims[name] = json!(now + from_now);
            }
        }
        let id_token = script.sign(&claims);
        let access = format!("access-{}", script.access.len());
        script.access.insert(access.clone(), wanted);
        let mut answer = json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 600,
            "id_token": id_token,
        });
        script.issued.push(id_token);
        put_over(&mut answer, &script.answer);
        axum::Json(answer).into_response()
    }

    fn member_groups(&self, authorization: &str, body: &Value) -> Response {
        let mut script = self.script.lock().unwrap();
        let named: Vec<String> = serde_json::from_value(body["groupIds"].clone()).unwrap();
        assert!(named.len() <= 20, "Graph takes 20 groups at most");
        script.graph.asked.push(named.clone());
        let token = authorization.strip_prefix("Bearer ").unwrap();
        let asked = &script.access[token];
        // A token that was refreshed has what the first had; nobody asked for it in a browser.
        let scope = format!("{}/User.Read", self.url);
        let may = asked
            .get("scope")
            .is_none_or(|list| list.split(' ').any(|one| one == scope));
        if let Some(status) = script
            .graph
            .status
            .or((!may).then_some(StatusCode::FORBIDDEN))
        {
            return status.into_response();
        }
        let claims = asked.get("claims").map_or("{}", String::as_str);
        let claims: Value = serde_json::from_str(claims).unwrap();
        let knows = claims["access_token"]["xms_cc"] == json!({ "values": ["cp1"] });
        if let Some(wants) = &script.graph.wants
            && let Some((name, value)) = wants.as_object().unwrap().iter().next()
            && (knows || asked.is_empty())
            && claims["access_token"][name] != *value
        {
            let claims = BASE64_STANDARD.encode(json!({ "access_token": wants }).to_string());
            let challenge = format!(
                "Bearer realm=\"\", authorization_uri=\"{}/authorize\", \
                 error=\"insufficient_claims\", claims=\"{claims}\"",
                self.url
            );
            let challenge = [(header::WWW_AUTHENTICATE, challenge)];
            return (StatusCode::UNAUTHORIZED, challenge).into_response();
        }
        let mut found = named;
        found.retain(|group| script.graph.groups.contains(group));
        axum::Json(json!({ "value": found })).into_response()
    }
}

impl Script {
    fn honest(url: &str) -> Self {
        Self {
            metadata: json!({
                "issuer": url,
                "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"),
                "jwks_uri": format!("{url}/keys"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "authorization_response_iss_parameter_supported": true,
            }),
            keys: vec![rsa_jwk("first")],
            header: json!({}),
            claims: json!({}),
            signer: Signer::Rsa("first"),
            forged: false,
            callback: json!({}),
            answer: json!({}),
            elsewhere: None,
            away: false,
            refuses: None,
            forms: Vec::new(),
            issued: Vec::new(),
            secret: None,
            client: CLIENT.to_owned(),
            entra: None,
            graph: Graph::default(),
            codes: BTreeMap::new(),
            access: BTreeMap::new(),
            asked: Vec::new(),
        }
    }

    fn sign(&self, claims: &Value) -> String {
        let mut head = match self.signer {
            Signer::Rsa(name) => json!({ "alg": "RS256", "kid": name }),
            Signer::Ec => json!({ "alg": "ES256", "kid": "ec" }),
            Signer::ClientSecret | Signer::PublicKey => json!({ "alg": "HS256" }),
            Signer::Nobody => json!({ "alg": "none" }),
        };
        put_over(&mut head, &self.header);
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(claims));
        let hmac = |secret: Vec<u8>| {
            let key = CoreHmacKey::new(secret);
            key.sign(&CoreJwsSigningAlgorithm::HmacSha256, signed.as_bytes())
        };
        let mut signature = match self.signer {
            Signer::Rsa(name) => {
                let (key, _) = &KEYS.rsa[name];
                let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
                key.sign(&algorithm, signed.as_bytes()).unwrap()
            }
            Signer::Ec => raw_signature(&KEYS.ec.sign(signed.as_bytes()).unwrap()),
            Signer::ClientSecret => hmac(SECRET.into()).unwrap(),
            Signer::PublicKey => {
                let modulus = rsa_jwk("first")["n"].as_str().unwrap().to_owned();
                hmac(BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap()).unwrap()
            }
            Signer::Nobody => Vec::new(),
        };
        if self.forged {
            signature[9] ^= 1;
        }
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn answer(State(hostile): State<Hostile>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let pairs = |text: &[u8]| -> BTreeMap<String, String> {
        url::form_urlencoded::parse(text).into_owned().collect()
    };
    let document = {
        let mut script = hostile.script.lock().unwrap();
        script.asked.push(path.clone());
        match path.rsplit('/').next().unwrap() {
            "openid-configuration" | "keys" if script.away => {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            "openid-configuration" => Some(script.metadata.clone()),
            "keys" => Some(json!({ "keys": script.keys })),
            _ => None,
        }
    };
    if let Some(document) = document {
        return axum::Json(document).into_response();
    }
    if path.ends_with("/authorize") {
        return hostile.authorize(pairs(parts.uri.query().unwrap().as_bytes()));
    }
    let authorization = parts.headers.get(header::AUTHORIZATION);
    let authorization = authorization.map_or("", |value| value.to_str().unwrap());
    if path.ends_with("/checkMemberGroups") {
        let body = bytes(body).await;
        return hostile.member_groups(authorization, &serde_json::from_slice(&body).unwrap());
    }
    hostile.token(authorization, &pairs(&bytes(body).await))
}

async fn bytes(body: Body) -> Vec<u8> {
    body.collect().await.unwrap().to_bytes().to_vec()
}

/// Puts the members of `over` into `under`; a null removes.
fn put_over(under: &mut Value, over: &Value) {
    let under = under.as_object_mut().unwrap();
    for (name, value) in over.as_object().unwrap() {
        if value.is_null() {
            under.remove(name);
        } else {
            under.insert(name.clone(), value.clone());
        }
    }
}

struct Keys {
    rsa: BTreeMap<&'static str, (CoreRsaPrivateSigningKey, Value)>,
    ec: rcgen::KeyPair,
}

/// `first` and `second` have 2048 bits, `weak` has 1024.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let script = "const{generateKeyPairSync:make}=require('node:crypto');\
                  console.log([2048,2048,1024].map(modulusLength=>make('rsa',{modulusLength})\
                  .privateKey.export({type:'pkcs1',format:'pem'})).join('|'))";
    let made = Command::new("node").args(["-e", script]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let texts = String::from_utf8(made.stdout).unwrap();
    let named = ["first", "second", "weak"]
        .into_iter()
        .zip(texts.split('|'));
    let rsa = named.map(|(name, pem)| {
        let id = Some(JsonWebKeyId::new(name.to_owned()));
        let key = CoreRsaPrivateSigningKey::from_pem(pem.trim(), id).unwrap();
        let mut shown = serde_json::to_value(key.as_verification_key()).unwrap();
        put_over(&mut shown, &json!({ "use": "sig" }));
        (name, (key, shown))
    });
    Keys {
        rsa: rsa.collect(),
        ec: rcgen::KeyPair::generate().unwrap(),
    }
});

/// The public part of an RSA key: `first`, `second`, or `weak` with 1024 bits.
pub(crate) fn rsa_jwk(name: &str) -> Value {
    KEYS.rsa[name].1.clone()
}

/// The public part of the P-256 key.
pub(crate) fn ec_jwk() -> Value {
    let point = KEYS.ec.der_bytes();
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = (text(&point[1..33]), text(&point[33..65]));
    json!({ "kty": "EC", "crv": "P-256", "kid": "ec", "use": "sig", "x": x, "y": y })
}

/// RFC 7518 §3.4: R and S, each of 32 bytes, out of an ASN.1 sequence of two integers.
fn raw_signature(der: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let (integer, after) = rest[2..].split_at(usize::from(rest[1]));
        let digits: Vec<u8> = integer.iter().copied().skip_while(|b| *b == 0).collect();
        raw.extend(std::iter::repeat_n(0, 32 - digits.len()));
        raw.extend(digits);
        rest = after;
    }
    raw
}
