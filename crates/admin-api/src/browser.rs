//! What pages need to find out who looks at them: the cookie of a session is the same for the APIs and for pages.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;

use crate::Api;
use crate::caller::{self, Refusal};
use crate::{near, sign_in};

/// The tokens of sessions that a browser sent along. At most three are looked at.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    caller::cookies(headers)
}

/// Refuses a request that a browser says comes from a page of another site, with why.
pub fn require_own_page(headers: &HeaderMap) -> Result<(), &'static str> {
    match caller::require_own_page(headers) {
        Err(Refusal::Forged(why)) => Err(why),
        Ok(()) | Err(Refusal::NotSignedIn | Refusal::SignIn(_) | Refusal::Engine(_)) => Ok(()),
    }
}

/// The address that a request comes from; never what somebody else than a trusted proxy claims.
pub fn from(parts: &Parts, api: &Api) -> Option<IpAddr> {
    near::from(parts, api)
}

/// Gives a browser the cookie of a session: for this host only, never for scripts, never with a request that another
/// site began.
pub fn set_cookie(response: &mut Response, api: &Api, token: &str) {
    sign_in::set_cookie(response, api, token, "");
}

/// Takes that cookie away.
pub fn drop_cookie(response: &mut Response, api: &Api) {
    sign_in::set_cookie(response, api, "", "; Max-Age=0");
}
