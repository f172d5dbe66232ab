//! Channels: how each is, what it does, setting it going and stopping it.

mod actions;
pub(crate) mod glance;
pub(crate) mod held;
mod list;
pub(crate) mod live;
mod page;
mod stopped;
mod tabs;

use axum::Router;
use axum::routing::{get, post};
use usher_admin_api::Api;
use usher_core::model::{Channel, ChannelId, Configuration, SpConnection};

use crate::frame::{Fault, SignedIn};

pub(crate) use tabs::{At, tabs};

pub(crate) fn routes() -> Router<Api> {
    let one = Router::new()
        .route("/mode", post(actions::set_mode))
        .route("/run", post(actions::run))
        .route("/held", get(held::shown).post(held::decided));
    Router::new()
        .route("/channels", get(list::shown))
        .route("/channels/stop", post(actions::stop_all))
        .route("/channels/{id}", get(page::shown))
        .nest("/channels/{id}", one)
}

/// The channel of an address, with all that is configured.
pub(crate) async fn configured(
    who: &SignedIn,
    id: &str,
) -> Result<(Configuration, ChannelId), Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let id = ChannelId::new(id);
    if configuration.channel(&id).is_none() {
        return Err(gone());
    }
    Ok((configuration, id))
}

/// A channel of a configuration.
pub(crate) fn of<'c>(
    configuration: &'c Configuration,
    id: &ChannelId,
) -> Result<(&'c SpConnection, &'c Channel), Fault> {
    configuration.channel(id).ok_or_else(gone)
}

fn gone() -> Fault {
    Fault::missing("There is no channel with this id.")
}
