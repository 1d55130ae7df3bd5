//! How and when somebody signed in at the provider, as far as the configuration asks for it.
//!
//! A provider may ignore what a request asks for, so the signed token decides: what it does not say
//! did not happen.

use super::SignInError;
use super::error::Unacceptable;
use super::verify::LEEWAY_SECS;
use crate::base::Timestamp;
use crate::config;

/// What a token says about the sign-in (OpenID Connect Core 1.0 §2).
#[derive(Debug, Clone, Default)]
pub(super) struct Shown<'t> {
    /// `acr`.
    pub(super) context: Option<&'t str>,
    /// `amr`.
    pub(super) methods: Vec<&'t str>,
    /// `auth_time`, in seconds.
    pub(super) at: Option<i64>,
}

/// Whether somebody signed in at `at`, after they were sent there at `begun`. What the token does not
/// say did not happen: a browser can leave out what we asked for.
pub(super) fn is_new(at: Option<Timestamp>, begun: Timestamp) -> Result<(), SignInError> {
    let check = "too-weak";
    let leeway = LEEWAY_SECS;
    let why = match at {
        Some(at) if at.as_second() >= begun.as_second() - leeway => return Ok(()),
        Some(_) => "its auth_time is from before it was asked for",
        None => "it has no auth_time, which a fresh sign-in needs",
    };
    let why = why.to_owned();
    Err(SignInError::TooWeak(Unacceptable::IdToken { check, why }))
}

/// Whether that is enough; `leeway_secs` is how far two clocks may be apart.
pub(super) fn judge(
    settings: &config::Provider,
    shown: &Shown<'_>,
    (now, leeway_secs): (Timestamp, i64),
) -> Result<(), SignInError> {
    let weak = |why: String| {
        let check = "too-weak";
        Err(SignInError::TooWeak(Unacceptable::IdToken { check, why }))
    };
    let acr = &settings.required_acr;
    let one_of = |context: &str| acr.iter().any(|one| one == context);
    if !acr.is_empty() && !shown.context.is_some_and(one_of) {
        return weak(format!("its acr is none of {}", acr.join(", ")));
    }
    let has = |method: &&String| shown.methods.contains(&method.as_str());
    if let Some(missing) = settings.required_amr.iter().find(|one| !has(one)) {
        return weak(format!("its amr has no {missing}"));
    }
    let Some(minutes) = settings.max_age_mins else {
        return Ok(());
    };
    let now = now.as_second();
    let oldest = now - i64::from(minutes) * 60 - leeway_secs;
    match shown.at {
        None => weak("it has no auth_time".to_owned()),
        Some(at) if at < oldest => weak(format!("its auth_time is {} seconds ago", now - at)),
        Some(at) if at > now + leeway_secs => weak("its auth_time is in the future".to_owned()),
        Some(_) => Ok(()),
    }
}
