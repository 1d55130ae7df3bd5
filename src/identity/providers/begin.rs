//! Sending a browser to a provider (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636).

use std::time::Duration;

use openidconnect::core::{CoreAuthPrompt, CoreResponseType};
use openidconnect::{
    AuthenticationContextClass, AuthenticationFlow, AuthorizationRequest, CsrfToken, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, Scope,
};

use super::discovery::Provider;
use super::flow::{Flow, flow_id, secret};
use super::graph::{self, Challenge};
use super::{Begun, Providers, SignInError, Wanted, verify};

impl Providers {
    /// Begins a sign-in with the provider `id`, as `wanted`.
    ///
    /// # Errors
    /// [`SignInError::NoProvider`]; [`SignInError::Unreachable`] when it must be asked for its
    /// metadata and does not answer.
    pub async fn begin(&self, id: &str, wanted: Wanted<'_>) -> Result<Begun, SignInError> {
        self.begin_with(self.provider(id)?, wanted, None).await
    }

    /// The same with what a claims challenge asks for.
    pub(super) async fn begin_with(
        &self,
        provider: &Provider,
        wanted: Wanted<'_>,
        challenge: Option<Challenge>,
    ) -> Result<Begun, SignInError> {
        let settings = &provider.settings;
        let now = self.now();
        let published = provider.published(now).await?;
        let oidc = verify::client(provider, &published.metadata, wanted.redirect_uri)?;
        let (state, nonce, verifier) = (secret(), secret(), secret());
        let flow_id = flow_id(&state);
        let sent = Nonce::new(nonce.clone());
        let proof =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let graph = settings.graph();
        // The crate asks for openid itself.
        let scopes = settings.scopes.iter().filter(|s| *s != "openid").cloned();
        let request = oidc
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || CsrfToken::new(state),
                move || sent,
            )
            .add_scopes(scopes.chain(graph::scope(graph.as_ref())).map(Scope::new))
            .set_pkce_challenge(proof);
        let acr = settings.required_acr.iter().cloned();
        let mut request = acr
            .map(AuthenticationContextClass::new)
            .fold(request, AuthorizationRequest::add_auth_context_value);
        if wanted.step_up.is_some() {
            // OpenID Connect Core 1.0 §3.1.2.1: then the token has to say when that was.
            request = request
                .add_prompt(CoreAuthPrompt::Login)
                .set_max_age(Duration::ZERO);
        } else if let Some(minutes) = settings.max_age_mins {
            request = request.set_max_age(Duration::from_mins(minutes.into()));
        }
        if let [domain] = settings.hosted_domains.as_slice() {
            // Google then offers the right accounts; what counts is the claim.
            request = request.add_extra_param("hd", domain.clone());
        }
        if graph.is_some() {
            request = request.add_extra_param("claims", graph::claims(challenge.as_ref()));
        }
        let (location, _, _) = request.url();
        let flow = Flow {
            provider: settings.id.clone(),
            redirect_uri: wanted.redirect_uri.to_owned(),
            nonce,
            verifier,
            return_to: wanted.return_to.to_owned(),
            begun_at: now.as_microsecond(),
            challenged: challenge.is_some(),
            step_up: wanted.step_up,
        };
        let sealed = flow.seal(&self.0.vault, &flow_id)?;
        Ok(Begun {
            location,
            flow_id,
            sealed,
        })
    }
}
