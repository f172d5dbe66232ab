//! SP Connections > Manage Channels > a channel: its tabs, as parts of the connection's draft.

mod edit;
mod forms;
mod found;
mod here;
mod info;
mod location;
mod mapping;
mod policy;
mod said;
mod settings;
mod source;
mod specs;
mod summary;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use usher_admin_api::Api;

use crate::frame::{Fault, Posted, SignedIn, see_done};
use forms::{FormTab, Outcome};

pub(crate) fn routes() -> Router<Api> {
    let one = Router::new()
        .route("/channel-info", get(info_shown).post(info_keep))
        .route("/source", get(source::shown).post(source::keep))
        .route(
            "/source-settings",
            get(settings::shown).post(settings::keep),
        )
        .route(
            "/attribute-mapping",
            get(mapping::shown).post(mapping::keep),
        )
        .route(
            "/attribute-mapping/specifications",
            get(mapping::specifications),
        )
        .route(
            "/attribute-mapping/{field}",
            get(edit::shown).post(edit::keep),
        )
        .route("/attribute-mapping/{field}/preview", post(edit::preview))
        .route("/policy", get(policy_shown).post(policy_keep))
        .route(
            "/activation-summary",
            get(summary::shown).post(summary::keep),
        )
        .route(
            "/source-location",
            get(location::shown).post(location::keep),
        )
        .route(
            "/source-location/browse",
            get(location::browse).post(location::choose),
        );
    Router::new().nest("/sp-connections/{id}/channels/{n}", one)
}

async fn info_shown(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
) -> Result<Response, Fault> {
    info::tab().shown(&who, &id, &n).await
}

async fn info_keep(
    Path((id, n)): Path<(String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    plain(&info::tab(), &who, (&id, &n), &form).await
}

async fn policy_shown(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
) -> Result<Response, Fault> {
    policy::tab().shown(&who, &id, &n).await
}

async fn policy_keep(
    Path((id, n)): Path<(String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    plain(&policy::tab(), &who, (&id, &n), &form).await
}

/// Keeps a tab whose buttons ask for nothing of their own.
async fn plain(
    tab: &FormTab,
    who: &SignedIn,
    place: (&str, &str),
    form: &crate::form::Form,
) -> Result<Response, Fault> {
    match tab.keep(who, place, form).await? {
        Outcome::Answer(response) => Ok(response),
        Outcome::Kept(here) => Ok(see_done(&here.href(tab.page), crate::frame::Done::Kept)),
    }
}
