//! Asking a provider again with a refresh token (OpenID Connect Core 1.0 §12).

use std::sync::Arc;

use openidconnect::core::CoreErrorResponseType;
use openidconnect::{Nonce, RefreshToken, RequestTokenError, TokenResponse as _};

use super::SignInError;
use super::credential::Credential;
use super::discovery::{Provider, Published};
use super::issuer::{self, Account};
use super::roles::{self, Given};
use super::verify::{
    Access, Named, OidcClient, Refresh, Refused, Tokens, bare_client, believe, named,
    no_token_endpoint, not_given, refused,
};
use crate::base::Timestamp;

/// What a token without a sign-in says of somebody's roles.
pub(super) struct Renewed {
    pub(super) account: Account,
    pub(super) given: Given,
    pub(super) access: Access,
}

/// Why a provider did not confirm a sign-in.
pub(super) enum NotRenewed {
    /// It says that it is over, or vouches for somebody else.
    Over(String),
    /// It did not say.
    Unknown(SignInError),
}

/// Asks whether the person `of` may still be signed in (OpenID Connect Core 1.0 §12). A provider
/// that rotates its tokens puts a new one into `refresh`. Where it says what roles they have now, it
/// is given back.
pub(super) async fn renew(
    provider: &Provider,
    (refresh, of): (&mut Refresh, &Named),
    now: Timestamp,
) -> Result<Option<Renewed>, NotRenewed> {
    let (published, oidc, tokens) = ask_again(provider, refresh, now).await?;
    if let Some(newer) = Refresh::of(&tokens) {
        *refresh = newer;
    }
    if tokens.id_token().is_none() {
        return Ok(None); // §12.2: "it might not contain an id_token"
    }
    let told = |from: &Published, oidc: &OidcClient| {
        // §12.2: a nonce need not be there.
        let any = |_: Option<&Nonce>| Ok(());
        let (claims, _) = believe((provider, from), oidc, (&tokens, any), now)?;
        if named(claims) != *of {
            return Err(refused("subject", &"it is about somebody else"));
        }
        let (settings, others) = (&provider.settings, &claims.additional_claims().0);
        if !roles::is_told(settings, others) {
            return Ok(None);
        }
        let account = issuer::account(settings, (&of.0, &of.1), others);
        Ok(Some(Renewed {
            account: account.map_err(Refused::Otherwise)?,
            given: roles::given(settings, &of.1, others),
            access: Access::of(&tokens),
        }))
    };
    let mut checked = told(&published, &oidc);
    if matches!(checked, Err(Refused::UnknownKey)) {
        let newer = provider.with_new_keys(published, now).await;
        checked = match newer {
            Ok(from) => told(&from, &bare_client(provider, &from.metadata)),
            Err(error) => return Err(NotRenewed::Unknown(error)),
        };
    }
    checked.map_err(|refused| match refused.told() {
        SignInError::Unacceptable(why) => NotRenewed::Over(why.to_string()),
        error => NotRenewed::Over(error.to_string()),
    })
}

/// Sends the refresh token.
async fn ask_again(
    provider: &Provider,
    refresh: &Refresh,
    now: Timestamp,
) -> Result<(Arc<Published>, OidcClient, Tokens), NotRenewed> {
    let unknown = NotRenewed::Unknown;
    let published = provider.published(now).await.map_err(unknown)?;
    let credential = Credential::of(provider, &published.metadata, now).await;
    let credential = credential.map_err(unknown)?;
    let oidc = credential.shown_by(bare_client(provider, &published.metadata));
    let oidc = oidc.map_err(unknown)?;
    let token = RefreshToken::new(refresh.0.to_string());
    let request = oidc
        .exchange_refresh_token(&token)
        .map_err(|_| unknown(no_token_endpoint(provider)))?;
    let shown = credential.params().into_iter();
    let request = shown.fold(request, |request, (name, text)| {
        request.add_extra_param(name, text)
    });
    match request.request_async(provider).await {
        Ok(tokens) => Ok((published, oidc, tokens)),
        Err(RequestTokenError::ServerResponse(answer)) if is_over(answer.error()) => {
            let why = format!("the token endpoint says: {}", answer.error().as_ref());
            Err(NotRenewed::Over(why))
        }
        Err(error) => Err(unknown(not_given((provider, &credential), error))),
    }
}

/// RFC 6749 §5.2: the token "is invalid, expired, revoked"; or the person has to do something
/// themselves (OpenID Connect Core 1.0 §3.1.2.6), such as what a new policy asks for.
fn is_over(error: &CoreErrorResponseType) -> bool {
    let by_hand = ["interaction_required", "login_required", "consent_required"];
    *error == CoreErrorResponseType::InvalidGrant || by_hand.contains(&error.as_ref())
}
