//! The published shape: `/pf-admin-api/v1`.

mod accounts;
mod body;
mod error;
mod version;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::get;
use usher_engine::admin::Admin;

use crate::Api;
use crate::caller::admin_of;
use error::ApiError;

/// The routes, relative to `/pf-admin-api/v1`.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/version", get(version::get))
        .merge(accounts::routes())
        .fallback(error::no_such_resource)
        .method_not_allowed_fallback(error::no_such_method)
}

/// The header that every request needs: a page of another site cannot add it.
const XSRF_HEADER: &str = "x-xsrf-header";

/// The service as the sender of the request may use it.
pub(crate) struct Caller(pub(crate) Admin);

impl FromRequestParts<Api> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        if !parts.headers.contains_key(XSRF_HEADER) {
            return Err(ApiError::missing_xsrf_header());
        }
        Ok(Self(admin_of(parts, api).await?))
    }
}
