//! `/administrativeAccounts`
//!
//! A password is written and never read; `encryptedPassword` is never given. As the published shape has it,
//! `password` counts only where an account is made.

use std::collections::BTreeSet;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use usher_engine::access::{AccessError, AccountDetails, AccountView, NewAccount};
use usher_engine::admin::Role;

use super::Caller;
use super::body::{Body, Fields};
use super::error::{ApiError, ValidationError};
use crate::Api;

const ACCOUNT: [&str; 10] = [
    "username",
    "password",
    "encryptedPassword",
    "active",
    "description",
    "auditor",
    "phoneNumber",
    "emailAddress",
    "department",
    "roles",
];
const CREDENTIALS: [&str; 2] = ["currentPassword", "newPassword"];

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/administrativeAccounts", get(list).post(add))
        .route(
            "/administrativeAccounts/changePassword",
            post(change_password),
        )
        .route(
            "/administrativeAccounts/{username}",
            get(one).put(update).delete(remove),
        )
        .route(
            "/administrativeAccounts/{username}/resetPassword",
            post(reset_password),
        )
}

async fn list(Caller(admin): Caller, State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    let accounts = api.access.accounts(&admin.operator).await?;
    let items: Vec<Value> = accounts.iter().map(shown).collect();
    Ok(Json(json!({"items": items})))
}

async fn one(
    Caller(admin): Caller,
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let account = api.access.account(&admin.operator, &name).await?;
    Ok(Json(shown(&account)))
}

async fn add(
    Caller(admin): Caller,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::of(body, &ACCOUNT);
    let name = fields.text("username");
    let password = fields.text("password");
    let details = details(&mut fields);
    if name.is_none() {
        fields.missing("username");
    }
    if password.is_none() {
        fields.missing("password");
    }
    fields.finish()?;
    let new = NewAccount {
        name: name.unwrap_or_default(),
        password: password.unwrap_or_default(),
        details,
    };
    let account = api.access.add_account(&admin.operator, new).await?;
    Ok(Json(shown(&account)))
}

async fn update(
    Caller(admin): Caller,
    State(api): State<Api>,
    Path(name): Path<String>,
    Body(body): Body,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::of(body, &ACCOUNT);
    let given = fields.text("username");
    match given {
        None => fields.missing("username"),
        Some(given) if !given.eq_ignore_ascii_case(&name) => fields.wrong(
            "username",
            format!("a name stays as it is: expected `{name}`, found `{given}`"),
        ),
        Some(_) => {}
    }
    let _ = fields.text("password");
    let details = details(&mut fields);
    fields.finish()?;
    let updated = api
        .access
        .update_account(&admin.operator, &name, details)
        .await?;
    Ok(Json(shown(&updated)))
}

async fn remove(
    Caller(admin): Caller,
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    api.access.remove_account(&admin.operator, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change_password(
    Caller(admin): Caller,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::of(body, &CREDENTIALS);
    let current = fields.text("currentPassword");
    let new = fields.text("newPassword");
    if current.is_none() {
        fields.missing("currentPassword");
    }
    if new.is_none() {
        fields.missing("newPassword");
    }
    fields.finish()?;
    let (current, new) = (current.unwrap_or_default(), new.unwrap_or_default());
    api.access
        .change_password(&admin.operator, &current, &new)
        .await?;
    Ok(Json(json!({})))
}

async fn reset_password(
    Caller(admin): Caller,
    State(api): State<Api>,
    Path(name): Path<String>,
    Body(body): Body,
) -> Result<Json<Value>, ApiError> {
    let mut fields = Fields::of(body, &CREDENTIALS);
    let _ = fields.text("currentPassword");
    let new = fields.text("newPassword");
    if new.is_none() {
        fields.missing("newPassword");
    }
    fields.finish()?;
    api.access
        .reset_password(&admin.operator, &name, &new.unwrap_or_default())
        .await?;
    Ok(Json(json!({})))
}

fn details(fields: &mut Fields) -> AccountDetails {
    if fields.text("encryptedPassword").is_some() {
        fields.wrong(
            "encryptedPassword",
            "a password that was encrypted elsewhere cannot be read here; send `password`",
        );
    }
    AccountDetails {
        roles: roles(fields),
        auditor: fields.truth("auditor"),
        active: fields.truth("active"),
        description: fields.text("description").unwrap_or_default(),
        phone: fields.text("phoneNumber").unwrap_or_default(),
        email: fields.text("emailAddress").unwrap_or_default(),
        department: fields.text("department").unwrap_or_default(),
    }
}

fn roles(fields: &mut Fields) -> BTreeSet<Role> {
    let mut roles = BTreeSet::new();
    for (at, value) in fields.list("roles").into_iter().enumerate() {
        match serde_json::from_value(value.clone()) {
            Ok(role) => {
                roles.insert(role);
            }
            Err(_) => fields.wrong(
                &format!("roles[{at}]"),
                format!(
                    "expected one of USER_ADMINISTRATOR, CRYPTO_ADMINISTRATOR, ADMINISTRATOR, EXPRESSION_ADMINISTRATOR, found {value}"
                ),
            ),
        }
    }
    roles
}

fn shown(account: &AccountView) -> Value {
    let mut body = Map::new();
    body.insert("username".to_owned(), json!(account.name));
    body.insert("active".to_owned(), json!(account.active));
    body.insert("auditor".to_owned(), json!(account.auditor));
    body.insert("roles".to_owned(), json!(account.roles));
    for (field, text) in [
        ("description", &account.description),
        ("phoneNumber", &account.phone),
        ("emailAddress", &account.email),
        ("department", &account.department),
    ] {
        if !text.is_empty() {
            body.insert(field.to_owned(), json!(text));
        }
    }
    Value::Object(body)
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotFound(text) => {
                Self::new(StatusCode::NOT_FOUND, "resource_not_found", text)
            }
            AccessError::Invalid(problems) => Self::invalid(
                problems
                    .into_iter()
                    .map(|problem| ValidationError {
                        error_id: "invalid_value".to_owned(),
                        message: problem.message,
                        field_path: problem.field,
                    })
                    .collect(),
            ),
            AccessError::SignIn(error) => error.into(),
            AccessError::Engine(error) => error.into(),
        }
    }
}
