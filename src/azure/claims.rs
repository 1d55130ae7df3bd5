//! What a token says about itself, for an operator to compare; it is not verified here.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::base::Timestamp;

/// The audience of a token that Entra at `authority` exchanges; each cloud has its own.
#[must_use]
pub fn exchange_audience(authority: &Url) -> &'static str {
    match authority.host_str() {
        Some("login.microsoftonline.us") => "api://AzureADTokenExchangeUSGov",
        Some("login.partner.microsoftonline.cn" | "login.chinacloudapi.cn") => {
            "api://AzureADTokenExchangeChina"
        }
        _ => "api://AzureADTokenExchange",
    }
}

/// What Entra looks at in an assertion: these have to be those of a federated credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `aud`, the first where there are several.
    pub audience: String,
    /// `exp`.
    pub expires: Option<Timestamp>,
}

impl Claims {
    /// The claims of a JWT (RFC 7519); none when it is none. Nothing else of it is kept.
    #[must_use]
    pub fn of(token: &str) -> Option<Self> {
        let mut parts = token.trim().split('.');
        let (_, body, _) = (parts.next()?, parts.next()?, parts.next()?);
        let body = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(body).ok()?);
        let claims: Value = serde_json::from_slice(&body).ok()?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let audience = claims.get("aud")?;
        let audience = audience
            .as_array()
            .and_then(|list| list.first())
            .unwrap_or(audience);
        let expires = claims.get("exp").and_then(Value::as_i64);
        Some(Self {
            issuer: text(claims.get("iss")?),
            subject: text(claims.get("sub")?),
            audience: text(audience),
            expires: expires.and_then(|secs| Timestamp::from_second(secs).ok()),
        })
    }
}
