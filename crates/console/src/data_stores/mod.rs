//! System > Data Stores: the directories that channels read.

mod document;
mod edit;
mod fields;
mod list;
mod rows;
mod templates;
mod test;
mod usage;

use axum::Router;
use axum::routing::get;
use usher_admin_api::Api;

const LIST: &str = "/system/data-stores";
const TITLE: &str = "Data Stores";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(LIST, get(list::shown).post(list::change))
        .route("/system/data-stores/new", get(list::add))
        .route(
            "/system/data-stores/new/ldap",
            get(edit::new_ldap).post(edit::make_ldap),
        )
        .route(
            "/system/data-stores/new/ldif",
            get(edit::new_ldif).post(edit::make_ldif),
        )
        .route("/system/data-stores/{id}", get(edit::forward))
        .route(
            "/system/data-stores/{id}/edit",
            get(edit::shown).post(edit::save),
        )
        .route("/system/data-stores/{id}/usage", get(usage::shown))
}

/// The page of a data store.
fn href(id: &str) -> String {
    format!("{LIST}/{id}/edit")
}
