//! The service with its administrative interfaces, in a process of its own.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use usher_admin_api::Api;
use usher_engine::access::{Access, NewToken};
use usher_engine::admin::Admin;
use usher_engine::service::{Service, ServiceOptions};

use crate::engine::EngineRequest;
use crate::world;

/// What the process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServiceRequest {
    pub(crate) engine: EngineRequest,
    /// The target's limit, requests per second.
    pub(crate) requests_per_second: f64,
    /// Seconds between looks at what changed.
    pub(crate) incremental_seconds: u32,
}

/// Where it answers, and with which token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reached {
    pub(crate) origin: String,
    pub(crate) token: String,
}

/// Runs it until the standard input ends.
pub(crate) async fn command(request: &str) -> Result<()> {
    let request: ServiceRequest = serde_json::from_str(request)?;
    let admin = world::open(&request.engine).await?;
    throttle(&admin, &request).await?;
    let token = token(&admin).await?;
    let service = Service::start(admin.clone(), ServiceOptions::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let reached = Reached {
        origin: format!("http://{}", listener.local_addr()?),
        token,
    };
    let events = service.clone();
    let api = Api::new(admin).with_events(move || events.events());
    let answering =
        tokio::spawn(async move { axum::serve(listener, api.router().into_make_service()).await });
    println!("{}", serde_json::to_string(&reached)?);
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    answering.abort();
    service.stop(Duration::from_secs(5)).await;
    Ok(())
}

/// The target's own limit, and how often the directory is looked at.
async fn throttle(admin: &Admin, request: &ServiceRequest) -> Result<()> {
    let mut configuration = admin.engine.configuration().await?;
    let revision = configuration.revision;
    for sp in &mut configuration.sp_connections {
        for channel in &mut sp.channels {
            channel.policy.load.requests_per_second = Some(request.requests_per_second);
            channel.policy.schedule.incremental_seconds = request.incremental_seconds;
        }
    }
    admin.save(configuration, revision, "throttled").await?;
    Ok(())
}

/// An operator's token that may look at everything.
async fn token(admin: &Admin) -> Result<String> {
    let access = Access::new(&admin.engine);
    let link = access.first_link(&admin.operator).await?;
    let password = "correct horse battery staple";
    let session = access.redeem(link.reveal(), "bench", password).await?;
    let new = NewToken {
        name: "load".to_owned(),
        roles: BTreeSet::new(),
        read_only: true,
        days: 1,
    };
    let (_, token) = access
        .add_token(&session.operator, new)
        .await
        .context("a token for the clients")?;
    Ok(token.reveal().to_owned())
}
