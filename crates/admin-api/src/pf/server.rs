//! `/serverSettings`

use axum::http::StatusCode;
use axum::response::Response;
use usher_engine::admin::Permission;
use usher_pf::{Mode, Resource, published_outbound_settings, published_server_settings};

use super::error::ApiError;
use super::request::{Conditions, Document};
use super::{Caller, answer, change};

pub(super) async fn get(Caller(admin): Caller) -> Result<Response, ApiError> {
    let configuration = admin.configuration_to_show().await?;
    let document = published_server_settings(&configuration.server);
    Ok(answer::document(StatusCode::OK, document, &[]))
}

pub(super) async fn put(
    Caller(admin): Caller,
    conditions: Conditions,
    Document(document): Document,
) -> Result<Response, ApiError> {
    let what = (Resource::ServerSettings, Mode::Update);
    let changed = change::save(&admin, what, &document, &conditions, |before| {
        answer::check_tag(&conditions, &published_server_settings(&before.server))
    });
    let changed = changed.await?;
    let document = published_server_settings(&changed.configuration.server);
    Ok(answer::document(
        StatusCode::OK,
        document,
        &changed.warnings,
    ))
}

pub(super) async fn get_outbound(Caller(admin): Caller) -> Result<Response, ApiError> {
    admin.require(Permission::Look)?;
    let configuration = admin.engine.configuration().await?;
    let document = published_outbound_settings(&configuration);
    Ok(answer::document(StatusCode::OK, document, &[]))
}

pub(super) async fn put_outbound(
    Caller(admin): Caller,
    conditions: Conditions,
    Document(document): Document,
) -> Result<Response, ApiError> {
    let what = (Resource::OutboundProvisioning, Mode::Update);
    let changed = change::save(&admin, what, &document, &conditions, |before| {
        answer::check_tag(&conditions, &published_outbound_settings(before))
    });
    let changed = changed.await?;
    let document = published_outbound_settings(&changed.configuration);
    Ok(answer::document(
        StatusCode::OK,
        document,
        &changed.warnings,
    ))
}
