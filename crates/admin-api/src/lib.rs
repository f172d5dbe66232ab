//! The administrative APIs over HTTP: `/pf-admin-api/v1` in the published shape, `/api/v1` for what that
//! shape lacks. Two faces of one service ([`usher_engine::admin::Admin`]), which decides and checks what an
//! operator may do; here is only how it is asked and answered.
//!
//! A connection that came through the socket in the state folder carries [`Peer`]: whoever can open that
//! socket can read the state and its key, and acts with every role. Everybody else signs in.
#![allow(
    clippy::indexing_slicing,
    reason = "members of JSON objects are set where the object was made"
)]

pub mod browser;
mod caller;
pub mod commands;
pub mod documents;
mod health;
mod identified;
mod identity;
mod metrics;
mod near;
mod own;
mod pf;
mod secrets;
mod sign_in;
mod told;
mod twice;
pub mod work;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::routing::get;
use serde::Serialize;
use tokio::sync::broadcast;
use usher_engine::access::Access;
use usher_engine::admin::Admin;
use usher_engine::service::Service;

/// Who is at the other end of a connection that needs no sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer(
    /// The name for the audit log.
    pub String,
);

/// Who a request turned out to come from, for the log of whoever put it into the request's extensions.
#[derive(Clone, Debug, Default)]
pub struct Acting(Arc<OnceLock<String>>);

impl Acting {
    /// The operator's name; none for whoever did not say, or is not believed.
    pub fn name(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// Says who it turned out to be.
    pub fn note(&self, name: &str) {
        // One request comes from one operator: the first word stands.
        let _ = self.0.set(name.to_owned());
    }
}

/// What the APIs work with.
#[derive(Clone)]
pub struct Api {
    /// The service; each request works with a copy that knows who asks.
    pub admin: Admin,
    /// Finds out who asks.
    pub access: Access,
    /// Connections are encrypted, so cookies of sessions are for such connections only.
    pub tls: bool,
    /// Everybody comes through a proxy that does TLS and says for whom it asks (`X-Forwarded-For`).
    pub behind_proxy: bool,
    /// The running service, if there is one.
    pub service: Option<Service>,
    /// The state folder, where backups are written; without it none can be.
    pub state_folder: Option<PathBuf>,
    /// Plans and runs under way, and those that ended lately.
    jobs: Arc<own::Jobs>,
    /// Where the events of the service are heard.
    listen: own::Listen,
    /// How many read events.
    streams: own::Streams,
}

impl Api {
    /// Over a service.
    pub fn new(admin: Admin) -> Self {
        Self {
            access: Access::new(&admin.engine),
            admin,
            tls: false,
            behind_proxy: false,
            service: None,
            state_folder: None,
            jobs: Arc::default(),
            listen: own::Listen::default(),
            streams: own::Streams::default(),
        }
    }

    /// With the folder that backups are written to (below it).
    #[must_use]
    pub fn with_state_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state_folder = Some(folder.into());
        self
    }

    /// Beside a running service: its events, its health and its numbers.
    #[must_use]
    pub fn with_service(self, service: &Service) -> Self {
        let (heard, stopped) = (service.clone(), service.clone());
        let api = self.with_events(move || heard.events());
        let until = move || {
            let service = stopped.clone();
            async move { service.told_to_stop().await }
        };
        Self {
            service: Some(service.clone()),
            listen: api.listen.until(until),
            ..api
        }
    }

    /// With the events of a running service, for those who listen.
    #[must_use]
    pub fn with_events<E: Serialize + Clone + Send + 'static>(
        mut self,
        listen: impl Fn() -> broadcast::Receiver<E> + Send + Sync + 'static,
    ) -> Self {
        self.listen = own::Listen::to(listen);
        self
    }

    /// Both APIs under their addresses.
    pub fn router(self) -> Router {
        Router::new()
            .nest("/pf-admin-api/v1", pf::routes())
            .nest("/api/v1", own::routes())
            .nest(commands::PLACE, commands::routes())
            .route("/healthz", get(health::live))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(metrics::metrics))
            .with_state(self)
    }
}

/// The description of `/api/v1` (OpenAPI 3.1), as it answers itself at `/api/v1/openapi.json`.
pub fn openapi() -> serde_json::Value {
    own::document()
}
