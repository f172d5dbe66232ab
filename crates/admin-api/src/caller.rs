//! Who sends a request, and whether a page of another site made them send it.
//!
//! In this order: the socket of the state folder ([`Peer`]), the header `Authorization` (basic, or bearer with an
//! API token), the cookie of a session. Whoever sends that header means it; a cookie comes along by itself.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use usher_core::model::Millis;
use usher_engine::EngineError;
use usher_engine::access::{Ground, Secret, Session, SignInError};
use usher_engine::admin::{Admin, Operator};

use crate::near::from;
use crate::{Acting, Api, Peer};

/// The cookie with the token of a session.
pub(crate) const COOKIE_NAME: &str = "usher_session";
/// What a request with that cookie brings along when it changes something.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";
/// What a browser says of where a request comes from.
const FETCH_SITE: &str = "sec-fetch-site";

/// Who sends a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) operator: Operator,
    /// What proves it.
    pub(crate) proof: Proof,
}

/// What proves who somebody is.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// The socket of the state folder.
    Socket,
    /// A name and a password.
    Password,
    /// An API token.
    Token(Secret),
    /// A session.
    Session(Session),
}

impl Caller {
    /// What they were let in with, for whoever has to ask again; nothing for the socket.
    pub(crate) fn ground(&self, now: Millis) -> Option<Ground> {
        Some(match &self.proof {
            Proof::Socket => return None,
            Proof::Password => Ground::Password {
                name: self.operator.name.clone(),
                at: now,
            },
            Proof::Token(text) => Ground::Token(text.clone()),
            Proof::Session(session) => Ground::Session(session.token.clone()),
        })
    }
}

/// Why a request has no sender.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It does not say who sends it, or what it says is not, or no longer, true.
    NotSignedIn,
    /// Name and password were not taken.
    SignIn(SignInError),
    /// A page of another site may have made it.
    Forged(&'static str),
    /// It could not be found out.
    Engine(EngineError),
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Engine(error) => Self::Engine(error),
            error => Self::SignIn(error),
        }
    }
}

/// The service as the sender of a request may use it.
pub(crate) async fn admin_of(parts: &Parts, api: &Api) -> Result<Admin, Refusal> {
    let operator = caller_of(parts, api).await?.operator;
    Ok(Admin {
        operator,
        ..api.admin.clone()
    })
}

/// Who sends a request.
pub(crate) async fn caller_of(parts: &Parts, api: &Api) -> Result<Caller, Refusal> {
    let caller = find(parts, api).await?;
    if let Some(acting) = parts.extensions.get::<Acting>() {
        acting.note(&caller.operator.name);
    }
    Ok(caller)
}

async fn find(parts: &Parts, api: &Api) -> Result<Caller, Refusal> {
    if let Some(peer) = parts.extensions.get::<Peer>() {
        return Ok(Caller {
            operator: Operator::local(peer.0.clone()),
            proof: Proof::Socket,
        });
    }
    // Browsers remember a name and a password too, and send them along by themselves.
    if changes(&parts.method) {
        require_own_page(&parts.headers)?;
    }
    if let Some(given) = parts.headers.get(AUTHORIZATION) {
        let given = given.to_str().map_err(|_| Refusal::NotSignedIn)?;
        return authorized(given, from(parts, api), api).await;
    }
    for token in cookies(&parts.headers) {
        if let Some(session) = api.access.session(token).await? {
            if changes(&parts.method) {
                require_csrf(&parts.headers, &session)?;
            }
            return Ok(Caller {
                operator: session.operator.clone(),
                proof: Proof::Session(session),
            });
        }
    }
    Err(Refusal::NotSignedIn)
}

async fn authorized(given: &str, from: Option<IpAddr>, api: &Api) -> Result<Caller, Refusal> {
    let (scheme, rest) = given.trim().split_once(' ').ok_or(Refusal::NotSignedIn)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        let operator = api.access.api_token(rest).await?;
        return Ok(Caller {
            operator: operator.ok_or(Refusal::NotSignedIn)?,
            proof: Proof::Token(rest.into()),
        });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Refusal::NotSignedIn);
    }
    let decoded = STANDARD.decode(rest).map_err(|_| Refusal::NotSignedIn)?;
    let text = String::from_utf8(decoded).map_err(|_| Refusal::NotSignedIn)?;
    let (name, password) = text.split_once(':').ok_or(Refusal::NotSignedIn)?;
    Ok(Caller {
        operator: api.access.basic(name, password, from).await?,
        proof: Proof::Password,
    })
}

/// The tokens of sessions in the cookies; a browser may send several under one name. At most three are looked at.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
        .take(3)
}

/// Refuses a request that a browser says comes from a page of another site.
pub(crate) fn require_own_page(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get(FETCH_SITE) {
        None => Ok(()),
        Some(site) if site == "same-origin" => Ok(()),
        Some(_) => Err(Refusal::Forged(
            "this change was asked for by a page of another site (Sec-Fetch-Site is not `same-origin`)",
        )),
    }
}

fn require_csrf(headers: &HeaderMap, session: &Session) -> Result<(), Refusal> {
    let given = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    if given.is_some_and(|given| session.is_csrf(given)) {
        return Ok(());
    }
    Err(Refusal::Forged(
        "a change within a session needs the header X-CSRF-Token with the `csrf_token` of that session: `GET /api/v1/session` tells it",
    ))
}

fn changes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::cookies;

    #[test]
    fn our_cookie_is_found_among_others_and_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        for line in [
            "a=1; xusher_session=2; usher_session=3",
            "usher_session=4=5;usher_session",
            "c",
        ] {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        }
        let found: Vec<&str> = cookies(&headers).collect();
        assert_eq!(found, ["3", "4=5"]);
    }
}
