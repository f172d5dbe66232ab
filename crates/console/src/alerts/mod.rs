//! System > Alerts: what needs a person, and who is told.

mod list;
mod mail;
mod settings;

use axum::Router;
use axum::routing::{get, post};
use usher_admin_api::Api;

use crate::frame::{Frame, SignedIn, Tab};

const LIST: &str = "/system/alerts";
const SETTINGS: &str = "/system/alerts/settings";
const MAIL: &str = "/system/alerts/mail";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(LIST, get(list::shown))
        .route(SETTINGS, get(settings::shown).post(settings::save))
        .route("/system/alerts/test", post(settings::test))
        .route(MAIL, get(mail::shown).post(mail::save))
}

fn frame(who: &SignedIn, here: &str) -> Frame {
    let tab = |label: &str, href: &str| Tab {
        label: label.to_owned(),
        href: href.to_owned(),
        here: href == here,
    };
    Frame::new(who, "Alerts").crumb("System", "").tabs(vec![
        tab("Alerts", LIST),
        tab("Who is told", SETTINGS),
        tab("Mail server", MAIL),
    ])
}
