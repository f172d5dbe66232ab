//! System > Operators: who may do what.

mod edit;
mod password;

use std::collections::BTreeSet;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use usher_admin_api::Api;
use usher_engine::admin::{Permission, Role};

use crate::account::TokenRow;
use crate::frame::text::Shown;
use crate::frame::when::When;
use crate::frame::{Fault, Frame, SignedIn, page};

const LIST: &str = "/system/operators";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(LIST, get(shown))
        .route("/system/operators/new", get(edit::new).post(edit::make))
        .route(
            "/system/operators/{name}/edit",
            get(edit::shown).post(edit::save),
        )
        .route(
            "/system/operators/{name}/password",
            get(password::shown).post(password::reset),
        )
        .route(
            "/system/operators/{name}/delete",
            get(edit::delete_shown).post(edit::delete),
        )
}

/// The page of an operator. Names are letters, digits and characters that stand for themselves in an address.
fn href(name: &str) -> String {
    format!("{LIST}/{name}/edit")
}

/// A role as pages call it.
pub(crate) fn role_words(role: Role) -> &'static str {
    match role {
        Role::Administrator => "Administrator",
        Role::UserAdministrator => "User Administrator",
        Role::CryptoAdministrator => "Crypto Administrator",
        Role::ExpressionAdministrator => "Expression Administrator",
    }
}

/// What a role allows.
fn role_help(role: Role) -> &'static str {
    match role {
        Role::Administrator => {
            "Configures and operates: data stores, connections, runs, approvals."
        }
        Role::UserAdministrator => "Manages the accounts of operators and everybody's API tokens.",
        Role::CryptoAdministrator => "Manages certificates and keys.",
        Role::ExpressionAdministrator => "Writes expressions in attribute mappings.",
    }
}

pub(crate) fn roles_words(roles: &BTreeSet<Role>) -> String {
    let words: Vec<&str> = roles.iter().map(|role| role_words(*role)).collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

struct Row {
    name: String,
    href: String,
    description: Shown,
    roles: String,
    active: bool,
    locked: Option<When>,
    failures: u32,
    password: When,
}

#[derive(Template)]
#[template(path = "operators/list.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    /// Of everybody, for those who manage accounts.
    tokens: Vec<TokenRow>,
    may: bool,
}

async fn shown(State(api): State<Api>, who: SignedIn) -> Result<Response, Fault> {
    let operator = &who.session.operator;
    let may = who.may(Permission::ManageOperators);
    let now = who.admin.engine.clock.now();
    let accounts = api.access.accounts(operator).await?.into_iter();
    let rows = accounts.map(|account| Row {
        href: href(&account.name),
        description: Shown::line(&account.description),
        roles: if account.auditor {
            "Auditor".to_owned()
        } else {
            roles_words(&account.roles)
        },
        active: account.active,
        locked: (account.locked_until > now).then(|| When::at(account.locked_until)),
        failures: account.failed_sign_ins,
        password: When::at(account.password_changed_at),
        name: account.name,
    });
    let mut tokens = Vec::new();
    if may {
        tokens = api.access.tokens(operator).await?;
    }
    let tokens = tokens.into_iter().map(|token| TokenRow::of(token, now));
    page(&ListPage {
        frame: Frame::new(&who, "Operators").crumb("System", ""),
        rows: rows.collect(),
        tokens: tokens.collect(),
        may,
    })
}
