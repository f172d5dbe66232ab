//! The published shape: `/pf-admin-api/v1`.

mod accounts;
pub(crate) mod answer;
mod body;
mod bulk;
mod certificates;
pub(crate) mod change;
mod cluster;
mod data_stores;
mod descriptors;
mod error;
mod request;
mod resource;
mod server;
mod sp_connections;
mod version;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::middleware;
use axum::routing::{get, post};
use usher_engine::admin::Admin;

use crate::Api;
use crate::caller::admin_of;
use crate::identified::identified;
pub(crate) use error::ApiError;
pub(crate) use request::Conditions;

/// The routes, relative to `/pf-admin-api/v1`.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/version", get(version::get))
        .merge(accounts::routes())
        .route("/serverSettings", get(server::get).put(server::put))
        .route(
            "/serverSettings/outboundProvisioning",
            get(server::get_outbound).put(server::put_outbound),
        )
        .route(
            "/dataStores",
            get(data_stores::list).post(data_stores::post),
        )
        .route(
            "/dataStores/{id}",
            get(data_stores::get)
                .put(data_stores::put)
                .delete(data_stores::delete),
        )
        .route("/certificates/ca", get(certificates::list))
        .route("/certificates/ca/import", post(certificates::import))
        .route(
            "/certificates/ca/{id}",
            get(certificates::get).delete(certificates::delete),
        )
        .route("/certificates/ca/{id}/file", get(certificates::file))
        .route("/idp/connectors/descriptors", get(descriptors::list))
        .route("/idp/connectors/descriptors/{id}", get(descriptors::get))
        .route(
            "/idp/spConnections",
            get(sp_connections::list).post(sp_connections::post),
        )
        .route(
            "/idp/spConnections/{id}",
            get(sp_connections::get)
                .put(sp_connections::put)
                .delete(sp_connections::delete),
        )
        .route("/bulk/export", get(bulk::export))
        .route("/bulk/import", post(bulk::import))
        .route("/cluster/status", get(cluster::status))
        .fallback(error::no_such_resource)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(middleware::from_fn(identified))
}

/// The header that every request needs: a page of another site cannot add it.
const XSRF_HEADER: &str = "x-xsrf-header";

fn require_xsrf_header(parts: &Parts) -> Result<(), ApiError> {
    if parts.headers.contains_key(XSRF_HEADER) {
        Ok(())
    } else {
        Err(ApiError::missing_xsrf_header())
    }
}

/// The service as the sender of the request may use it.
pub(crate) struct Caller(pub(crate) Admin);

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        require_xsrf_header(parts)?;
        Ok(Self(admin_of(parts, api).await?))
    }
}
