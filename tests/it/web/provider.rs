//! A real provider on loopback (npm `oidc-provider`), and a person who follows its redirects.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use freehold::outbound::{Outbound, Way};
use http::{Request, header};
use url::Url;

use super::house::HERE;

/// The provider's process; it ends with this value.
pub(crate) struct Provider {
    child: Child,
    pub(crate) issuer: String,
    outbound: Outbound,
}

impl Provider {
    pub(crate) fn start() -> Self {
        Self::with("OIDC_CLIENT_SECRET", "a secret of this test")
    }

    /// One whose client proves itself as a variable of the script says.
    pub(crate) fn with(variable: &str, value: &str) -> Self {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        assert!(
            peers.join("node_modules/oidc-provider").exists(),
            "the provider is not installed: run `scripts/tools.sh node`"
        );
        let mut child = Command::new("node")
            .arg("oidc-provider.mjs")
            .current_dir(peers)
            .env(variable, value)
            .env("OIDC_REDIRECT_URI", format!("{HERE}/auth/callback"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut issuer).unwrap();
        let issuer = issuer.trim().to_owned();
        let way = Way::to(&issuer.parse().unwrap(), "a test", "a browser").unwrap();
        let outbound = Outbound::new([way]);
        Self {
            child,
            issuer,
            outbound,
        }
    }

    /// Who signs in next, with which roles; `-` refuses.
    pub(super) async fn next(&self, person: &str, roles: &str) {
        let address = format!("{}/person/{person}?roles={roles}", self.issuer);
        let request = Request::put(address).body(Vec::new()).unwrap();
        assert_eq!(self.outbound.send(request).await.unwrap().status(), 204);
    }

    /// Follows redirects from `begin` until they lead back to us, and says yes where it is asked whether
    /// to sign out; gives path and query of that.
    pub(super) async fn follow(&self, begin: &str) -> String {
        let mut cookies = BTreeMap::new();
        let mut at: Url = begin.parse().unwrap();
        let mut form = None;
        for _ in 0..12 {
            if at.as_str().starts_with(HERE) {
                return at.as_str()[HERE.len()..].to_owned();
            }
            let pair = |(name, value): (&String, &String)| format!("{name}={value}");
            let held: Vec<String> = cookies.iter().map(pair).collect();
            let request = match form {
                None => Request::get(at.as_str()).body(Vec::new()),
                Some(xsrf) => Request::post(at.as_str())
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(format!("xsrf={xsrf}&logout=yes").into_bytes()),
            };
            let mut request = request.unwrap();
            let held = held.join("; ").parse().unwrap();
            request.headers_mut().insert(header::COOKIE, held);
            let answer = self.outbound.send(request).await.unwrap();
            for line in answer.headers().get_all(header::SET_COOKIE) {
                let pair = line.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let body = String::from_utf8_lossy(answer.body());
            let next = answer.headers().get(header::LOCATION);
            form = match (next, body.split_once("name=\"xsrf\" value=\"")) {
                (Some(_), _) => None,
                (None, Some((_, rest))) => rest.split('"').next().map(str::to_owned),
                (None, None) => panic!("{at}: {body}"),
            };
            let named = body.split_once("action=\"").map(|(_, rest)| rest);
            let named = named.and_then(|rest| rest.split('"').next());
            let next = next.map(|next| next.to_str().unwrap()).or(named);
            at = at.join(next.unwrap()).unwrap();
        }
        panic!("the provider sends us in circles, at last to {at}");
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _waited = self.child.wait();
    }
}
