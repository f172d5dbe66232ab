//! All channels.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use usher_admin_api::Api;
use usher_engine::admin::Permission;

use super::glance::{Glances, glances};
use crate::frame::{Fault, Frame, SignedIn, page};

#[derive(Template)]
#[template(path = "channels/list.html")]
struct ListPage {
    frame: Frame,
    glances: Glances,
    may: bool,
}

pub(super) async fn shown(State(api): State<Api>, who: SignedIn) -> Result<Response, Fault> {
    page(&ListPage {
        frame: Frame::new(&who, "Channels").crumb("Operate", ""),
        glances: glances(&who, &api).await?,
        may: who.may(Permission::Operate),
    })
}
