//! Cycles: what each read, planned and proved.

mod list;
mod one;
pub(crate) mod plot;
mod plots;
mod proof;
mod table;

use axum::Router;
use axum::routing::get;
use usher_admin_api::Api;

pub(crate) use plots::Plots;
pub(crate) use proof::Proof;
pub(crate) use table::{CycleTable, Row};

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/channels/{id}/cycles", get(list::shown))
        .route("/cycles/{id}", get(one::shown))
}
