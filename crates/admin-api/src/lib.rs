//! The administrative APIs over HTTP: `/pf-admin-api/v1` in the published shape, `/api/v1` for what that
//! shape lacks. Two faces of one service ([`usher_engine::admin::Admin`]), which decides and checks what an
//! operator may do; here is only how it is asked and answered.
//!
//! A connection that came through the socket in the state folder carries [`Peer`]: whoever can open that
//! socket can read the state and its key, and acts with every role. Everybody else signs in.

mod caller;
mod own;
mod pf;

use axum::Router;
use usher_engine::access::Access;
use usher_engine::admin::Admin;

/// Who is at the other end of a connection that needs no sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer(
    /// The name for the audit log.
    pub String,
);

/// What the APIs work with.
#[derive(Clone)]
pub struct Api {
    /// The service; each request works with a copy that knows who asks.
    pub admin: Admin,
    /// Finds out who asks.
    pub access: Access,
}

impl Api {
    /// Over a service.
    pub fn new(admin: Admin) -> Self {
        let access = Access::new(&admin.engine);
        Self { admin, access }
    }

    /// Both APIs under their addresses.
    pub fn router(self) -> Router {
        Router::new()
            .nest("/pf-admin-api/v1", pf::routes())
            .nest("/api/v1", own::routes())
            .with_state(self)
    }
}
