//! Signing in and out, and the first operator.
//!
//! Whoever's session ended while they filled in a form loses nothing but secrets: what was sent is kept in the page
//! that asks to sign in, and can be sent again from there.

mod first;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use usher_admin_api::{Api, browser};
use usher_engine::access::SignInError;

use crate::form::{Field, Form, Mistakes};
use crate::frame::{Fault, Frame, Posted, page, page_as, see};

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/sign-in", get(shown).post(sign_in))
        .route("/sign-out", post(sign_out))
        .route(FIRST_RUN, get(first::shown).post(first::make))
}

/// Where the first operator is made.
pub(crate) const FIRST_RUN: &str = "/first-run";

/// Names of fields whose text is typed anew instead of kept.
const SECRETS: &[&str] = &[
    "password", "again", "key", "secret", "token", "value", "pem",
];
/// What is kept of a form comes back under such names.
const KEPT: &str = "kept.";

#[derive(Template)]
#[template(path = "sign_in/page.html")]
struct SignInPage {
    frame: Frame,
    name: Field,
    password: Field,
    to: String,
    /// What was being sent when nobody was signed in any more.
    kept: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "sign_in/again.html")]
struct AgainPage {
    frame: Frame,
    csrf: String,
    to: String,
    kept: Vec<(String, String)>,
}

/// The page that asks to sign in, in the place of another.
pub(crate) fn asked(to: &str, sent: Option<Form>) -> Response {
    let kept = sent.map(|form| kept(&form)).unwrap_or_default();
    let made = sign_in_page(to, "", kept, &Mistakes::default());
    let status = StatusCode::UNAUTHORIZED;
    page_as(status, &made).unwrap_or_else(|fault| fault.into_response())
}

fn kept(form: &Form) -> Vec<(String, String)> {
    let fields = form.fields().iter();
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        let last = name.rsplit(['.', '_', ']']).next().unwrap_or_default();
        SECRETS.contains(&last)
    };
    fields
        .filter(|(name, _)| name != "csrf" && !is_secret(name))
        .cloned()
        .collect()
}

fn sign_in_page(
    to: &str,
    name: &str,
    kept: Vec<(String, String)>,
    mistakes: &Mistakes,
) -> SignInPage {
    let mut password = Field::text("password", "Password").required();
    password.control = crate::form::Control::Secret { kept: false };
    SignInPage {
        frame: Frame::open("Sign in"),
        name: Field::text("name", "Name").value(name).required(),
        password: password.wrong(mistakes),
        to: to.to_owned(),
        kept,
    }
}

#[derive(Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

async fn shown(Query(To { to }): Query<To>) -> Result<Response, Fault> {
    page(&sign_in_page(
        &own(&to),
        "",
        Vec::new(),
        &Mistakes::default(),
    ))
}

/// Nobody is sent elsewhere: only a path of ours.
fn own(to: &str) -> String {
    let is_own = to.starts_with('/')
        && !to.starts_with("//")
        && !to.contains(['\\', '\r', '\n'])
        && !to.starts_with("/sign-");
    if is_own {
        to.to_owned()
    } else {
        "/".to_owned()
    }
}

async fn sign_in(
    State(api): State<Api>,
    parts: Parts,
    body: axum::body::Body,
) -> Result<Response, Fault> {
    if let Err(why) = browser::require_own_page(&parts.headers) {
        let hint = "Open this address anew and sign in from there.";
        return Err(Fault::told(StatusCode::FORBIDDEN, "Not done", why, hint));
    }
    let form = Form::read(&parts, body).await?;
    let to = own(form.text("to"));
    let name = form.text("name").trim().to_owned();
    let kept: Vec<(String, String)> = form
        .fields()
        .iter()
        .filter_map(|(name, text)| Some((name.strip_prefix(KEPT)?.to_owned(), text.clone())))
        .collect();
    let from = browser::from(&parts, &api);
    let session = match api.access.sign_in(&name, form.text("password"), from).await {
        Ok(session) => session,
        Err(SignInError::Engine(error)) => return Err(error.into()),
        Err(error) => {
            let status = match error {
                SignInError::Wait { .. } | SignInError::Busy => StatusCode::TOO_MANY_REQUESTS,
                SignInError::Refused | SignInError::Engine(_) => StatusCode::UNAUTHORIZED,
            };
            let mut mistakes = Mistakes::default();
            mistakes.add("password", error.to_string());
            return page_as(status, &sign_in_page(&to, &name, kept, &mistakes));
        }
    };
    end_others(&api, &parts.headers).await?;
    let mut response = if kept.is_empty() {
        see(&to)
    } else {
        page(&AgainPage {
            frame: Frame::open("Signed in"),
            csrf: session.csrf.reveal().to_owned(),
            to,
            kept,
        })?
    };
    browser::set_cookie(&mut response, &api, session.token.reveal());
    Ok(response)
}

/// Whoever signs in anew is done with the session before: nobody can plant one.
async fn end_others(api: &Api, headers: &HeaderMap) -> Result<(), Fault> {
    for old in browser::cookies(headers) {
        api.access.sign_out(old).await?;
    }
    Ok(())
}

async fn sign_out(State(api): State<Api>, Posted { who, .. }: Posted) -> Result<Response, Fault> {
    api.access.sign_out(who.session.token.reveal()).await?;
    let mut frame = Frame::open("Signed out");
    frame
        .notices
        .push(crate::frame::Notice::good("You are signed out."));
    let made = SignInPage {
        frame,
        ..sign_in_page("/", "", Vec::new(), &Mistakes::default())
    };
    let mut response = Html(made.render().map_err(|_| Fault::defect())?).into_response();
    browser::drop_cookie(&mut response, &api);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::{kept, own};
    use crate::form::Form;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for other in [
            "//evil.example/",
            "https://evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "",
            "/sign-out",
        ] {
            assert_eq!(own(other), "/", "{other}");
        }
        assert_eq!(own("/channels?page=2"), "/channels?page=2");
    }

    #[test]
    fn what_was_typed_is_kept_but_no_secret() {
        let field = |name: &str| (name.to_owned(), "x".to_owned());
        let form = Form::of(
            [
                "csrf",
                "name",
                "API_KEY",
                "password",
                "targetSettings[0].value",
            ]
            .map(field)
            .into(),
        );
        assert_eq!(kept(&form), [field("name")]);
    }
}
