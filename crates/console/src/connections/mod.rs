//! Identity Provider > SP Connections.

mod actions;
mod channels;
mod copied;
pub(crate) mod draft;
mod general;
mod kind;
mod list;
mod others;
mod outbound;
mod rehearsal;
mod settings;
pub(crate) mod steps;
mod summary;
pub(crate) mod tab;
pub(crate) mod target;
mod template;

use axum::Router;
use axum::routing::{get, post};
use usher_admin_api::Api;

pub(crate) fn routes() -> Router<Api> {
    let one = Router::new()
        .route(
            "/connection-template",
            get(template::shown).post(template::keep),
        )
        .route("/connection-type", get(kind::shown).post(kind::keep))
        .route("/general-info", get(general::shown).post(general::keep))
        .route(
            "/outbound-provisioning",
            get(outbound::shown).post(outbound::keep),
        )
        .route("/target", get(target::shown).post(target::keep))
        .route(
            "/manage-channels",
            get(channels::shown).post(channels::keep),
        )
        .route(
            "/activation-summary",
            get(summary::shown).post(summary::save),
        )
        .route("/status", post(actions::turn))
        .route("/copy", post(list::copy))
        .route("/discard", post(list::discard))
        .route("/export", get(actions::export))
        .route("/delete", get(actions::delete_shown).post(actions::delete));
    Router::new()
        .route("/sp-connections", get(list::shown))
        .route("/sp-connections/new", post(list::create))
        .route(
            "/sp-connections/import",
            get(actions::import_shown).post(actions::import),
        )
        .route("/sp-connections/metadata/{name}", get(template::metadata))
        .nest("/sp-connections/{id}", one)
}
