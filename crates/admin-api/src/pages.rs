//! What a browser is shown: where things are, and the form with which the first operator is made. Plain pages:
//! without scripts, styles and anything from elsewhere.

use axum::extract::{Form, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use usher_engine::EngineError;
use usher_engine::access::{AccessError, Session, SignInError};

use crate::Api;
use crate::caller::require_own_page;
use crate::own::given::soon;
use crate::sign_in::set_cookie;

/// Nothing may be loaded or run, nobody may show it in a frame, and forms go here only.
const POLICY: &str =
    "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Where things are.
pub(crate) async fn root() -> Response {
    page(
        StatusCode::OK,
        "Usher",
        "<p>Usher keeps the people and groups of a service in step with a company directory. This address is for its operators and their programs; there is no page to work with yet.</p>
<ul>
<li><code>/api/v1</code> is the API, described at <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>; on the machine, the commands do the same: <code>usher help</code>.</li>
<li><code>/pf-admin-api/v1</code> is the administrative API in its published shape.</li>
<li><a href=\"/first-run\">/first-run</a> makes the first operator, with the link that the first start printed.</li>
<li><a href=\"/healthz\">/healthz</a>, <a href=\"/readyz\">/readyz</a> and <code>/metrics</code> are for monitoring.</li>
</ul>",
    )
}

/// The form of the first run, while it is needed.
pub(crate) async fn first_run(State(api): State<Api>) -> Response {
    match api.access.is_first_run().await {
        Ok(true) => form(StatusCode::OK, "", &[]),
        Ok(false) => page(
            StatusCode::OK,
            "Usher: the first run is over",
            "<p>There are operators already. Sign in as one of them: with a name and a password, or an API token, at <code>/api/v1</code>. Whoever forgot the password gets a new one from another operator, or on the machine with <code>usher operators reset-password NAME</code>.</p>",
        ),
        Err(error) => refused(&error.into(), ""),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct First {
    link: String,
    name: String,
    password: String,
    again: String,
}

/// Makes the first operator. The link is the proof that its owner asks: a page of another site does not know it.
pub(crate) async fn make_first(State(api): State<Api>, request: Request) -> Response {
    if require_own_page(request.headers()).is_err() {
        let words = "This form was sent by a page of another site. Open the link of the first start, and send it from there.";
        return form(StatusCode::FORBIDDEN, "", &[words.to_owned()]);
    }
    let given: Form<First> = match soon(request, &api).await {
        Ok(Ok(given)) => given,
        Ok(Err(_)) | Err(_) => {
            let words = "The form did not arrive whole, or is larger than 16 KiB. Send it again.";
            return form(StatusCode::BAD_REQUEST, "", &[words.to_owned()]);
        }
    };
    let given = given.0;
    if given.password != given.again {
        let words = "The two passwords differ: type the same one twice.".to_owned();
        return form(StatusCode::UNPROCESSABLE_ENTITY, &given.name, &[words]);
    }
    // The whole link, or what follows its mark.
    let link = given.link.rsplit('#').next().unwrap_or_default().trim();
    let name = given.name.trim();
    match api.access.redeem(link, name, &given.password).await {
        Ok(session) => made(&api, &session),
        Err(error) => refused(&error, name),
    }
}

fn made(api: &Api, session: &Session) -> Response {
    let name = escaped(&session.operator.name);
    let words = format!(
        "<p>The operator <code>{name}</code> is made, has every role, and is signed in here. The link does not work any more.</p>
<p>What is next: the configuration, through <code>/api/v1</code> or <code>/pf-admin-api/v1</code> with this name and password, or on the machine with <code>usher config import</code>. Further operators: <code>usher operators add NAME</code>.</p>"
    );
    let mut response = page(
        StatusCode::CREATED,
        "Usher: the first operator is made",
        &words,
    );
    set_cookie(&mut response, api, session.token.reveal(), "");
    response
}

fn refused(error: &AccessError, name: &str) -> Response {
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
    let words = match error {
        AccessError::Invalid(problems) => {
            let told = problems.iter();
            told.map(|one| format!("{}: {}", one.field, one.message))
                .collect()
        }
        other => vec![other.to_string()],
    };
    form(status, name, &words)
}

fn form(status: StatusCode, name: &str, problems: &[String]) -> Response {
    let mut words = String::new();
    if !problems.is_empty() {
        words.push_str("<p><strong>No operator was made.</strong></p>\n<ul>\n");
        for problem in problems {
            words.push_str(&format!("<li>{}</li>\n", escaped(problem)));
        }
        words.push_str("</ul>\n");
    }
    words.push_str(&format!(
        "<p>This makes the first operator, who has every role. The link was printed when <code>usher serve</code> started first; on the machine, <code>usher operators link</code> prints a new one. It works once, for a day.</p>
<form method=\"post\" action=\"/first-run\">
<p><label>The link, or what follows <code>#</code> in it (it is in the address of this page)<br><input name=\"link\" size=\"60\" required autocomplete=\"off\"></label></p>
<p><label>Name<br><input name=\"name\" value=\"{}\" required autocomplete=\"username\"></label></p>
<p><label>Password, {} characters or more<br><input type=\"password\" name=\"password\" required autocomplete=\"new-password\"></label></p>
<p><label>The same password again<br><input type=\"password\" name=\"again\" required autocomplete=\"new-password\"></label></p>
<p><button>Make the first operator</button></p>
</form>",
        escaped(name),
        usher_engine::access::PASSWORD_LEAST
    ));
    page(status, "Usher: the first operator", &words)
}

fn page(status: StatusCode, title: &str, words: &str) -> Response {
    let text = format!(
        "<!doctype html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head>
<body>
<h1>{title}</h1>
{words}
</body>
</html>
"
    );
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
