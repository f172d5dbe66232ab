//! The rig of the administrative APIs holds each answer against its description; here they are only the way to
//! begin something, so nothing is.

use axum::body::Body;
use axum::http::Request;

use crate::world::Answer;

pub(crate) struct Call;

impl Call {
    pub(crate) fn of(_: &Request<Body>) -> Self {
        Self
    }

    #[allow(clippy::unused_self, reason = "called as the other one is")]
    pub(crate) fn check(&self, _: &Answer) {}
}
