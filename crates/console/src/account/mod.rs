//! One's own account: password, session, API tokens.

use std::collections::BTreeSet;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use usher_admin_api::Api;
use usher_engine::access::{
    AccessError, NewToken, PASSWORD_LEAST, SESSION_IDLE_MS, TOKEN_DAYS_MOST, TokenView,
};
use usher_engine::admin::{Role, role_name};
use usher_store::ApiTokenId;

use crate::form::{Control, Field, Form, Mistakes, Summed};
use crate::frame::text::Shown;
use crate::frame::when::{When, span};
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see, see_done};
use crate::operators::{role_words, roles_words};

const HERE: &str = "/account";
/// Days of a new token.
const DAYS: &str = "90";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(HERE, get(shown))
        .route("/account/password", post(change_password))
        .route("/account/tokens", post(add_token))
        .route("/account/tokens/{id}/revoke", post(revoke))
}

/// A token in a table.
pub(crate) struct TokenRow {
    pub(crate) id: i64,
    pub(crate) name: Shown,
    pub(crate) owner: String,
    pub(crate) gives: String,
    pub(crate) created: When,
    pub(crate) expires: When,
    pub(crate) expired: bool,
    pub(crate) used: Option<When>,
}

impl TokenRow {
    pub(crate) fn of(token: TokenView, now: i64) -> Self {
        Self {
            id: token.id.0,
            name: Shown::name(&token.name),
            gives: if token.read_only {
                "only looking".to_owned()
            } else {
                roles_words(&token.roles)
            },
            owner: token.owner,
            created: When::at(token.created_at),
            expires: When::at(token.expires_at),
            expired: token.expires_at <= now,
            used: token.used_at.map(When::at),
        }
    }
}

#[derive(Template)]
#[template(path = "account/page.html")]
struct AccountPage {
    frame: Frame,
    name: String,
    roles: String,
    began: When,
    ends: When,
    idle: String,
    password: Vec<Field>,
    token: Vec<Field>,
    tokens: Vec<TokenRow>,
    /// The text of a token that was just made: shown this once.
    made: Option<String>,
    summary: Vec<Summed>,
}

async fn shown(State(api): State<Api>, who: SignedIn) -> Result<Response, Fault> {
    page(&made(&api, &who, &Form::default(), &Mistakes::default()).await?)
}

async fn made(
    api: &Api,
    who: &SignedIn,
    form: &Form,
    wrong: &Mistakes,
) -> Result<AccountPage, Fault> {
    let operator = &who.session.operator;
    let now = who.admin.engine.clock.now();
    let tokens = api.access.tokens(operator).await?.into_iter();
    let own = tokens.filter(|token| token.owner.eq_ignore_ascii_case(&operator.name));
    let (password, token) = (password_fields(wrong), token_fields(who, form, wrong));
    let all: Vec<&Field> = password.iter().chain(&token).collect();
    Ok(AccountPage {
        frame: Frame::new(who, "Your account"),
        name: operator.name.clone(),
        roles: if operator.auditor {
            "auditor: only looks".to_owned()
        } else {
            roles_words(&operator.roles)
        },
        began: When::at(who.session.created_at),
        ends: When::at(who.session.expires_at),
        idle: span(SESSION_IDLE_MS),
        summary: wrong.summary(&all),
        password,
        token,
        tokens: own.map(|token| TokenRow::of(token, now)).collect(),
        made: None,
    })
}

fn password_fields(wrong: &Mistakes) -> Vec<Field> {
    let secret = |name: &str, label: &str| {
        Field::new(name, label, Control::Secret { kept: false }).required()
    };
    let fields = [
        secret("currentPassword", "Present password"),
        secret("newPassword", "New password").help(format!("{PASSWORD_LEAST} characters or more.")),
        secret("again", "The new password again"),
    ];
    fields.map(|field| field.wrong(wrong)).into()
}

fn token_fields(who: &SignedIn, form: &Form, wrong: &Mistakes) -> Vec<Field> {
    let days = form.get("days").unwrap_or(DAYS);
    let mut fields = vec![
        Field::text("name", "Name")
            .value(form.text("name"))
            .help("What it is for.")
            .required(),
        Field::new("days", "Days", Control::Number)
            .value(days)
            .help(format!("How long it is valid, 1 to {TOKEN_DAYS_MOST}."))
            .required(),
        Field::new("read_only", "It only looks", Control::Box)
            .ticked(form.has("read_only") || form.fields().is_empty()),
    ];
    let operator = &who.session.operator;
    if !operator.auditor {
        fields.extend(operator.roles.iter().map(|role| {
            let name = format!("role.{}", role_name(*role));
            let ticked = form.has(&name);
            Field::new(&name, role_words(*role), Control::Box).ticked(ticked)
        }));
    }
    fields.into_iter().map(|field| field.wrong(wrong)).collect()
}

async fn change_password(
    State(api): State<Api>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let mut wrong = Mistakes::default();
    if form.text("newPassword") == form.text("again") {
        let (now, new) = (form.text("currentPassword"), form.text("newPassword"));
        let operator = &who.session.operator;
        match api.access.change_password(operator, now, new).await {
            // One's sessions have ended.
            Ok(()) => return Ok(see("/sign-in")),
            Err(error) => wrong = mistakes(error, "")?,
        }
    } else {
        wrong.add(
            "again",
            "The two passwords differ: type the same one twice.",
        );
    }
    let made = made(&api, &who, &Form::default(), &wrong).await?;
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
}

/// What is wrong field by field; anything else is a page of its own. Roles are boxes: what is wrong with them stands
/// at the field named.
pub(crate) fn mistakes(error: AccessError, roles_at: &str) -> Result<Mistakes, Fault> {
    let mut wrong = Mistakes::default();
    match error {
        AccessError::Invalid(problems) => {
            for one in problems {
                let is_roles = one.field == "roles";
                let field = if is_roles { roles_at } else { &one.field };
                wrong.add(field, one.message);
            }
        }
        AccessError::Engine(usher_engine::EngineError::Refused(why)) => wrong.add("", why),
        other => return Err(other.into()),
    }
    Ok(wrong)
}

async fn add_token(
    State(api): State<Api>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let roles: BTreeSet<Role> = Role::ALL
        .into_iter()
        .filter(|role| form.has(&format!("role.{}", role_name(*role))))
        .collect();
    let new = NewToken {
        name: form.text("name").trim().to_owned(),
        roles,
        read_only: form.has("read_only"),
        days: form.text("days").trim().parse().unwrap_or(0),
    };
    match api.access.add_token(&who.session.operator, new).await {
        Ok((_, token)) => {
            let mut made = made(&api, &who, &Form::default(), &Mistakes::default()).await?;
            made.made = Some(token.reveal().to_owned());
            let notice = Notice::good("The token is made. It is shown this once, below.");
            made.frame = made.frame.notice(notice);
            page(&made)
        }
        Err(error) => {
            let wrong = mistakes(error, "read_only")?;
            let made = made(&api, &who, &form, &wrong).await?;
            page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
        }
    }
}

async fn revoke(
    State(api): State<Api>,
    Path(id): Path<i64>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    let operator = &who.session.operator;
    api.access.revoke_token(operator, ApiTokenId(id)).await?;
    let back = match form.text("back") {
        "operators" => "/system/operators",
        _ => HERE,
    };
    Ok(see_done(back, Done::Deleted))
}
