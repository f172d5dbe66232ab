//! SP Connections > Manage Channels > a channel: its tabs, as parts of the connection's draft.

mod forms;
mod found;
mod here;
mod info;
mod location;
mod said;
mod settings;
mod source;
mod specs;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
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
