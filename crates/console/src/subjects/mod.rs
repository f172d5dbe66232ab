//! People and groups: whom Usher knows, and the story of each.

mod act;
mod ask;
mod list;
mod row;
mod story;

use axum::Router;
use axum::routing::get;
use usher_admin_api::Api;
use usher_core::model::{Configuration, SubjectId};

use crate::frame::Fault;

pub(crate) use row::Row;

/// The list.
pub(crate) const LIST: &str = "/subjects";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(LIST, get(list::shown))
        .route("/subjects/ask", get(ask::shown))
        .route("/subjects/{id}", get(story::shown))
        .route(
            "/subjects/{id}/provision",
            get(act::provision_shown).post(act::provision),
        )
        .route(
            "/subjects/{id}/retry",
            get(act::retry_shown).post(act::retry),
        )
}

/// The number in an address.
fn number(id: &str) -> Result<SubjectId, Fault> {
    let found = id.parse().map(SubjectId);
    found.map_err(|_| nobody(id))
}

fn nobody(id: &str) -> Fault {
    let id = crate::frame::text::plain(id, 40);
    Fault::missing(format!("There is no person or group with the number {id}."))
}

/// The channels to choose from: id, and SP connection with channel.
pub(crate) fn channels(configuration: &Configuration) -> Vec<(String, String)> {
    let all = configuration.channels();
    let named = all.map(|(sp, channel)| {
        let name = format!("{} / {}", sp.name, channel.name);
        (channel.id.to_string(), name)
    });
    named.collect()
}
