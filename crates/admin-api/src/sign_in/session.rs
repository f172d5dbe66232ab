//! Sessions, and the first run.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use usher_engine::access::Session;
use usher_engine::admin::Operator;

use crate::Api;
use crate::caller::{COOKIE_NAME, Caller, Proof, caller_of, cookies, require_own_page};
use crate::near::from;
use crate::own::given::Brief;
use crate::own::openapi::{Group, Takes, delete, get, post};
use crate::own::problem::Problem;

pub(crate) fn group() -> Group {
    let cookie = "The answer sets the cookie `usher_session`. What changes something within the session needs the header `X-CSRF-Token` with `csrf_token`.";
    Group::new("Signing in", "Sessions of browsers, and the first operator")
        .add(
            post("/session", "signIn", "Sign in")
                .help(cookie)
                .open()
                .takes(Takes::Body(
                    json!({"name": "string", "password": "string"}),
                    json!({"name": "ana", "password": "seven green boats"}),
                ))
                .answers(200, "Who signed in", "SignedIn")
                .refuses(401, "Name and password do not fit, or the account may not sign in; which of them is not told")
                .refuses(403, "A page of another site asked for it")
                .refuses(429, "Too many attempts, or too many at once; `Retry-After` says when to try again"),
            sign_in,
        )
        .add(
            get("/session", "whoAmI", "Who signed in")
                .help("`csrf_token` and `expires_at` are those of the session; without one they are null.")
                .answers(200, "Who signed in", "SignedIn"),
            who,
        )
        .add(
            delete("/session", "signOut", "Sign out")
                .help("Ends the session; without one nothing is ended.")
                .answers_as(200, "Nobody is signed in", json!({})),
            sign_out,
        )
        .add(
            get("/first-run", "getFirstRun", "Whether the first operator is still to be made")
                .open()
                .answers_as(200, "Whether", json!({"needed": "boolean"})),
            is_first_run,
        )
        .add(
            post("/first-run", "redeemFirstLink", "Make the first operator")
                .help("`link` is what the first start, or `usher operators link`, printed: it works once, for a day. The operator has every role and is signed in as after `POST /session`.")
                .open()
                .takes(Takes::Body(
                    json!({"link": "string", "name": "string", "password": "string"}),
                    json!({"link": "LINK", "name": "ana", "password": "seven green boats"}),
                ))
                .answers(201, "Who signed in", "SignedIn")
                .refuses(403, "The link is not valid, or a page of another site asked for it")
                .refuses(429, "Too many attempts, or too many at once; `Retry-After` says when to try again"),
            redeem,
        )
        .shape("SignedIn", json!({
            "name": "string", "roles": ["string"], "auditor": "boolean",
            "csrf_token": "string?", "expires_at": "time?",
        }))
}

/// Where a request for signing in comes from; refused when a page of another site made it.
struct OwnPage(Option<std::net::IpAddr>);

impl FromRequestParts<Api> for OwnPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        require_own_page(&parts.headers)?;
        Ok(Self(from(parts, api)))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        Ok(caller_of(parts, api).await?)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    name: String,
    password: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    link: String,
    name: String,
    password: String,
}

async fn sign_in(
    State(api): State<Api>,
    OwnPage(from): OwnPage,
    headers: HeaderMap,
    Brief(given): Brief<Credentials>,
) -> Result<Response, Problem> {
    let session = api
        .access
        .sign_in(&given.name, &given.password, from)
        .await?;
    // Whoever signs in anew is done with the session before.
    for old in cookies(&headers) {
        api.access.sign_out(old).await?;
    }
    Ok(opened(StatusCode::OK, &api, &session))
}

async fn who(caller: Caller) -> Json<Value> {
    let session = match &caller.proof {
        Proof::Session(session) => Some(session),
        Proof::Socket | Proof::Password | Proof::Token(_) => None,
    };
    Json(signed_in(&caller.operator, session))
}

async fn sign_out(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    if let Proof::Session(session) = &caller.proof {
        api.access.sign_out(session.token.reveal()).await?;
    }
    let mut response = Json(json!({})).into_response();
    set_cookie(&mut response, &api, "", "; Max-Age=0");
    Ok(response)
}

async fn is_first_run(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    Ok(Json(json!({"needed": api.access.is_first_run().await?})))
}

async fn redeem(
    State(api): State<Api>,
    OwnPage(_): OwnPage,
    Brief(given): Brief<First>,
) -> Result<Response, Problem> {
    let session = api
        .access
        .redeem(&given.link, &given.name, &given.password)
        .await?;
    Ok(opened(StatusCode::CREATED, &api, &session))
}

fn opened(status: StatusCode, api: &Api, session: &Session) -> Response {
    let body = signed_in(&session.operator, Some(session));
    let mut response = (status, Json(body)).into_response();
    set_cookie(&mut response, api, session.token.reveal(), "");
    response
}

/// For this host only, never for scripts, never with a request that another site began.
pub(crate) fn set_cookie(response: &mut Response, api: &Api, token: &str, more: &str) {
    let secure = if api.tls || api.behind_proxy {
        "; Secure"
    } else {
        ""
    };
    let text = format!("{COOKIE_NAME}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{more}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}

fn signed_in(operator: &Operator, session: Option<&Session>) -> Value {
    json!({
        "name": operator.name, "roles": operator.roles, "auditor": operator.auditor,
        "csrf_token": session.map(|session| session.csrf.reveal()),
        "expires_at": session.map(|session| session.expires_at),
    })
}
