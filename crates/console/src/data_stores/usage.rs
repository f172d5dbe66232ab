//! Check Usage: who reads a data store.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use usher_core::model::DataStoreId;

use super::edit::tabs;
use super::{LIST, TITLE};
use crate::frame::text::{NAME, Shown, plain};
use crate::frame::{Fault, Frame, SignedIn, page};

struct User {
    connection: Shown,
    connection_href: String,
    channel: Shown,
    channel_href: String,
    active: bool,
}

#[derive(Template)]
#[template(path = "data_stores/usage.html")]
struct UsagePage {
    frame: Frame,
    users: Vec<User>,
}

pub(super) async fn shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let store = configuration.data_store(&DataStoreId::new(&id));
    let store = store.ok_or_else(|| Fault::missing(format!("There is no data store `{id}`.")))?;
    let reading = configuration.channels();
    let reading = reading.filter(|(_, channel)| channel.source.data_store == store.id);
    let users = reading.map(|(sp, channel)| User {
        connection: Shown::name(&sp.name),
        connection_href: format!("/sp-connections/{}/activation-summary", sp.id),
        channel: Shown::name(&channel.name),
        channel_href: format!("/channels/{}", channel.id),
        active: sp.active && channel.active,
    });
    let frame = Frame::new(&who, plain(&store.name, NAME))
        .crumb("System", "")
        .crumb(TITLE, LIST)
        .tabs(tabs(&id, true));
    page(&UsagePage {
        frame,
        users: users.collect(),
    })
}
