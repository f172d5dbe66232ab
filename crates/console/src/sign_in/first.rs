//! The first operator: made with the link that the first start printed.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use usher_admin_api::{Api, browser};
use usher_engine::EngineError;
use usher_engine::access::{AccessError, PASSWORD_LEAST, SignInError};

use crate::form::{Control, Field, Form, Mistakes, Summed};
use crate::frame::{Fault, Frame, page, page_as, see};

#[derive(Template)]
#[template(path = "sign_in/first.html")]
struct FirstPage {
    frame: Frame,
    /// Whether there is nobody yet.
    needed: bool,
    link: Field,
    name: Field,
    password: Field,
    again: Field,
    summary: Vec<Summed>,
}

fn first_page(needed: bool, link: &str, name: &str, mistakes: &Mistakes) -> FirstPage {
    let secret = |name: &str, label: &str| {
        Field::new(name, label, Control::Secret { kept: false }).required()
    };
    let link = Field::text("link", "Link")
        .value(link)
        .help("The whole link, or what follows # in it; it is in the address of this page.")
        .required()
        .wrong(mistakes);
    let name = Field::text("name", "Name")
        .value(name)
        .required()
        .wrong(mistakes);
    let password = secret("password", "Password")
        .help(format!("{PASSWORD_LEAST} characters or more."))
        .wrong(mistakes);
    let again = secret("again", "The same password again").wrong(mistakes);
    let summary = mistakes.summary(&[&link, &name, &password, &again]);
    FirstPage {
        frame: Frame::open("The first operator"),
        needed,
        link,
        name,
        password,
        again,
        summary,
    }
}

pub(super) async fn shown(State(api): State<Api>) -> Result<Response, Fault> {
    let needed = api.access.is_first_run().await?;
    page(&first_page(needed, "", "", &Mistakes::default()))
}

/// The link is the proof that its owner asks: a page of another site does not know it.
pub(super) async fn make(
    State(api): State<Api>,
    parts: Parts,
    body: axum::body::Body,
) -> Result<Response, Fault> {
    if let Err(why) = browser::require_own_page(&parts.headers) {
        let hint = "Open the link of the first start, and send the form from there.";
        return Err(Fault::told(StatusCode::FORBIDDEN, "Not done", why, hint));
    }
    let form = Form::read(&parts, body).await?;
    let name = form.text("name").trim();
    let link = form
        .text("link")
        .rsplit('#')
        .next()
        .unwrap_or_default()
        .trim();
    if form.text("password") != form.text("again") {
        let mut mistakes = Mistakes::default();
        mistakes.add(
            "again",
            "The two passwords differ: type the same one twice.",
        );
        let made = first_page(true, link, name, &mistakes);
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
    }
    match api.access.redeem(link, name, form.text("password")).await {
        Ok(session) => {
            let mut response = see("/");
            browser::set_cookie(&mut response, &api, session.token.reveal());
            Ok(response)
        }
        Err(error) => refused(&error, link, name),
    }
}

fn refused(error: &AccessError, link: &str, name: &str) -> Result<Response, Fault> {
    let status = match error {
        AccessError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        AccessError::NotFound(_) | AccessError::Engine(EngineError::Forbidden(_)) => {
            StatusCode::FORBIDDEN
        }
        AccessError::SignIn(SignInError::Wait { .. } | SignInError::Busy) => {
            StatusCode::TOO_MANY_REQUESTS
        }
        AccessError::SignIn(_) | AccessError::Engine(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut mistakes = Mistakes::default();
    match error {
        AccessError::Invalid(problems) => {
            for one in problems {
                let field = if one.field == "username" {
                    "name"
                } else {
                    &one.field
                };
                mistakes.add(field, &one.message);
            }
        }
        other => mistakes.add("link", other.to_string()),
    }
    page_as(status, &first_page(true, link, name, &mistakes))
}
