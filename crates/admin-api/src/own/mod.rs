//! What the published shape lacks: `/api/v1`.

mod problem;

use axum::Router;

use crate::Api;

/// The routes, relative to `/api/v1`.
pub(crate) fn routes() -> Router<Api> {
    Router::new().fallback(problem::no_such_resource)
}
