//! Home.

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use usher_admin_api::Api;

use crate::frame::{Fault, Frame, SignedIn, page};

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/", get(home))
}

#[derive(Template)]
#[template(path = "home/page.html")]
struct HomePage {
    frame: Frame,
}

async fn home(who: SignedIn) -> Result<Response, Fault> {
    page(&HomePage {
        frame: Frame::new(&who, "Home"),
    })
}
