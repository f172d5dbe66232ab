//! The console: pages for operators, made in the binary.
//!
//! One folder per screen, with its template beside its code. A page asks the same service as the APIs
//! ([`usher_engine::admin::Admin`]) and decides nothing; what is configured travels as documents of the published
//! shape ([`usher_pf`]), so a mistake has the same words here as there.
//!
//! Every page is whole without scripts. Nothing is loaded from elsewhere, nothing stands inline, and whatever a
//! directory holds is text.
#![deny(missing_docs)]

mod account;
mod alerts;
mod backups;
mod certificates;
mod channel_tabs;
mod channels;
mod connections;
mod cycles;
mod data_stores;
mod form;
mod frame;
mod home;
mod log;
mod operators;
mod plans;
mod protocol_settings;
mod search;
mod sign_in;
mod steps;
mod subjects;
mod waiting;

use axum::Router;
use axum::middleware;
use usher_admin_api::Api;

/// The pages, over what the APIs work with.
pub fn router(api: Api) -> Router {
    Router::new()
        .merge(account::routes())
        .merge(alerts::routes())
        .merge(backups::routes())
        .merge(certificates::routes())
        .merge(channel_tabs::routes())
        .merge(channels::routes())
        .merge(connections::routes())
        .merge(cycles::routes())
        .merge(data_stores::routes())
        .merge(home::routes())
        .merge(log::routes())
        .merge(operators::routes())
        .merge(plans::routes())
        .merge(protocol_settings::routes())
        .merge(search::routes())
        .merge(sign_in::routes())
        .merge(steps::routes())
        .merge(subjects::routes())
        .merge(waiting::routes())
        .merge(frame::assets::routes())
        .fallback(frame::fault::nowhere)
        .layer(middleware::from_fn(frame::headers::safe))
        .with_state(api)
}
