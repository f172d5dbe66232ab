//! Who sends a request.

use axum::http::request::Parts;
use usher_engine::admin::{Admin, Operator};

use crate::{Api, Peer};

/// The service as the sender of a request may use it; `None` when nobody signed in.
pub(crate) fn admin_of(parts: &Parts, api: &Api) -> Option<Admin> {
    let peer = parts.extensions.get::<Peer>()?;
    Some(Admin {
        operator: Operator::local(peer.0.clone()),
        ..api.admin.clone()
    })
}
