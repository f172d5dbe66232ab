//! A state in a folder of its own, the real connectors, and the APIs over them.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;
use usher_admin_api::{Api, Peer};
use usher_connector::{Connector, Source, SourceError, SourceSettings};
use usher_connector_ldap::LdapSource;
use usher_connector_ldif::LdifSource;
use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::DataStoreKind;
use usher_engine::admin::{Admin, Operator, Rehearsal, ScratchCopy};
use usher_engine::{Connectors, Engine, EngineError, ManualClock, Sealer};
use usher_store::Administration as _;
use usher_store_sqlite::SqliteStore;

/// 2026-11-24 08:00 UTC.
const NOW: i64 = 1_795_507_200_000;
/// Largest answer that a test reads.
const MOST: usize = 16 << 20;

/// The APIs with everything below them.
#[allow(dead_code, reason = "tests of each resource use what they need")]
pub(crate) struct World {
    pub(crate) admin: Admin,
    pub(crate) api: Api,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: TempDir,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl World {
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock::at(NOW));
        let store = SqliteStore::open(&folder.path().join("state"))
            .await
            .expect("the state opens");
        let sealer = Sealer::open_or_create(&folder.path().join("key"), true).expect("a key");
        let admin = Admin {
            engine: Engine {
                store: Arc::new(store.clone()),
                connectors: Arc::new(Registry(Box::new(usher_connector_atlassian::connector()))),
                sealer: Arc::new(sealer),
                clock: clock.clone(),
                random: Arc::new(|| 4),
                owner: "test".to_owned(),
                limiters: Arc::default(),
                shared: Arc::default(),
            },
            rehearsal: Arc::new(Copies(store)),
            operator: Operator::local("nobody"),
        };
        Self {
            api: Api::new(admin.clone()).with_state_folder(folder.path().join("state")),
            admin,
            clock,
            folder,
        }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let described = super::described::Call::of(&request);
        let response = self
            .api
            .clone()
            .router()
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, MOST).await.expect("a whole body");
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        };
        described.check(&answer);
        answer
    }

    /// Sends a request as somebody at the socket of the state folder.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.call_with(method, path, body, &[]).await
    }

    /// Sends a request with further headers.
    pub(crate) async fn call_with(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("X-XSRF-Header", "test")
            .header("Content-Type", "application/json")
            .extension(Peer("test".to_owned()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).expect("a request")).await
    }

    /// Sends a request with a name and a password.
    pub(crate) async fn as_basic(
        &self,
        name: &str,
        password: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let credentials = STANDARD.encode(format!("{name}:{password}"));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("X-XSRF-Header", "test")
            .header("Content-Type", "application/json")
            .header("Authorization", format!("Basic {credentials}"));
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).expect("a request")).await
    }

    /// Sends a body of that kind as somebody at the socket of the state folder.
    pub(crate) async fn raw(&self, method: Method, path: &str, kind: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("X-XSRF-Header", "test")
            .header("Content-Type", kind)
            .extension(Peer("test".to_owned()))
            .body(Body::from(body.to_owned()));
        self.send(request.expect("a request")).await
    }

    /// Gets a resource as somebody at the socket of the state folder.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }
}

struct Copies(SqliteStore);

#[async_trait]
impl Rehearsal for Copies {
    async fn copy(&self) -> Result<ScratchCopy, EngineError> {
        let folder = tempfile::tempdir().expect("a folder");
        self.0.backup(folder.path()).await?;
        let store = SqliteStore::open(folder.path()).await?;
        Ok(ScratchCopy {
            store: Arc::new(store),
            keep: Box::new(folder),
        })
    }
}

/// The real connectors.
struct Registry(Box<dyn Connector>);

impl Connectors for Registry {
    fn connector(&self, id: &str) -> Option<&dyn Connector> {
        (self.0.descriptor().id == id).then_some(self.0.as_ref())
    }

    fn descriptors(&self) -> Vec<&ConnectorDescriptor> {
        vec![self.0.descriptor()]
    }

    fn open_source(&self, settings: SourceSettings) -> Result<Arc<dyn Source>, SourceError> {
        match &settings.data_store.kind {
            DataStoreKind::Ldap(_) => Ok(Arc::new(LdapSource::open(settings)?)),
            DataStoreKind::Ldif { .. } => Ok(Arc::new(LdifSource::open(settings)?)),
        }
    }
}
