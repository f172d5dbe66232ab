//! Search: connections, channels, data stores, people and groups that a text names.

use askama::Template;
use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use usher_admin_api::Api;
use usher_engine::admin::Found;

use crate::frame::{Fault, Frame, Shown, SignedIn, page};
use crate::subjects::{Row, channels};

/// Most of each kind.
const FOUND: u32 = 20;
/// Fewest characters that are looked for.
const LEAST: usize = 2;

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/search", get(shown))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    q: String,
}

/// Something of the configuration.
struct Place {
    href: String,
    name: Shown,
    beside: Shown,
}

#[derive(Template)]
#[template(path = "search/page.html")]
struct SearchPage {
    frame: Frame,
    q: String,
    too_short: bool,
    connections: Vec<Place>,
    channels: Vec<Place>,
    stores: Vec<Place>,
    rows: Vec<Row>,
    /// There may be more people than are shown.
    more: bool,
    nothing: bool,
}

async fn shown(who: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let q = wanted.q.trim().to_owned();
    let too_short = q.chars().count() < LEAST;
    let found = if too_short {
        Found::default()
    } else {
        who.admin.find(&q, FOUND).await?
    };
    let configuration = who.admin.look_at_configuration().await?;
    let names = channels(&configuration);
    let rows: Vec<Row> = found
        .links
        .iter()
        .map(|link| Row::new(link, &names))
        .collect();
    let connections = found.sp_connections.iter().map(|sp| Place {
        href: format!("/sp-connections/{}/activation-summary", sp.id),
        name: Shown::name(&sp.name),
        beside: Shown::name(sp.id.as_str()),
    });
    let channels = found.channels.iter().map(|channel| Place {
        href: format!("/channels/{}", channel.id),
        name: Shown::name(&channel.name),
        beside: Shown::name(&format!("SP connection {}", channel.sp_connection)),
    });
    let stores = found.data_stores.iter().map(|store| Place {
        href: format!("/system/data-stores/{}", store.id),
        name: Shown::name(&store.name),
        beside: Shown::name(store.id.as_str()),
    });
    let (connections, channels, stores): (Vec<_>, Vec<_>, Vec<_>) =
        (connections.collect(), channels.collect(), stores.collect());
    page(&SearchPage {
        frame: Frame::new(&who, "Search"),
        nothing: connections.is_empty()
            && channels.is_empty()
            && stores.is_empty()
            && rows.is_empty(),
        more: rows.len() >= FOUND as usize,
        connections,
        channels,
        stores,
        rows,
        q,
        too_short,
    })
}
