//! The commands of the program beside a running service. Only through the socket of the state folder, and for
//! the program of the same version only: no published interface.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use futures_util::FutureExt as _;
use serde::{Deserialize, Serialize};
use usher_core::model::{Configuration, CycleMode, SourceKey, StepId};
use usher_engine::admin::{
    Admin, Asking, How, Leave, NotChanged, Operator, Selection, SyncOptions,
};
use usher_engine::{EngineError, SendOptions, Silent, to_its_end};
use usher_store::{Change, StoreError};

use crate::told::told;
use crate::{Api, Peer};

/// Where the commands are.
pub const PLACE: &str = "/commands";
/// Largest configuration that is saved.
const LARGEST: usize = 64 << 20;

/// How to go on without an answer.
const UNASKED: &str = "nothing was changed; `--bypass-external-validation` saves without asking";

/// How long to send, and how much.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Send {
    /// Wait for steps that are to be tried again within so many milliseconds.
    pub patience_ms: i64,
    /// At most so many steps.
    pub at_most: Option<u64>,
}

/// `sync` and `apply`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sync {
    /// The channel as it was named.
    pub channel: Option<String>,
    /// What to read.
    pub mode: CycleMode,
    /// These subjects only.
    pub only: Option<Vec<SourceKey>>,
    /// How long to send.
    pub send: Send,
    /// Exactly the plan of this hash, or nothing.
    pub reviewed: Option<String>,
}

/// `approve` and `reject`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decide {
    /// The channel as it was named.
    pub channel: Option<String>,
    /// Which held steps.
    pub selection: Selection,
    /// Send what was released.
    pub send: Option<Send>,
}

/// `retry`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Retry {
    /// The channel as it was named.
    pub channel: Option<String>,
    /// Which parked steps; none = all.
    pub steps: Vec<StepId>,
}

/// `stop`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// The channel as it was named; none = all.
    pub channel: Option<String>,
}

/// `config import`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Save {
    /// The configuration, its secrets sealed with the key of this state.
    pub configuration: Configuration,
    /// The revision that it was made from.
    pub from_revision: u64,
    /// Ask directories and targets first.
    pub ask: bool,
    /// Allow that linked channels are no longer there.
    pub drop_channels: bool,
}

/// What `config import` did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Saved {
    /// The revision as it is now.
    pub revision: u64,
    /// What differs from before; when nothing does, nothing was saved.
    pub changes: Vec<Change>,
    /// What was turned off again since its target refused, and which target could not be asked.
    pub warnings: Vec<String>,
    /// Channels that are no longer configured, with the accounts that stay at their target.
    pub archived: Vec<(String, u64)>,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// In words.
    pub message: String,
    /// It went wrong, rather than not being allowed now.
    pub failed: bool,
}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Self {
        let failed = match &error {
            EngineError::Store(StoreError::Conflict { .. })
            | EngineError::Configuration(_)
            | EngineError::Refused(_)
            | EngineError::Forbidden(_)
            | EngineError::Busy { .. }
            | EngineError::PlanChanged { .. } => false,
            EngineError::Store(_) | EngineError::Source(_) | EngineError::Target(_) => true,
        };
        Self {
            message: error.to_string(),
            failed,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = if self.failed {
            StatusCode::BAD_GATEWAY
        } else {
            StatusCode::CONFLICT
        };
        (status, Json(self)).into_response()
    }
}

type Done<T> = Result<Json<T>, Refused>;

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/sync", post(sync))
        .route("/approve", post(approve))
        .route("/reject", post(reject))
        .route("/retry", post(retry))
        .route("/stop", post(stop))
        .route("/save", post(save))
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(middleware::from_fn(peers_only))
}

/// Nothing is here for anybody else.
async fn peers_only(request: Request, next: Next) -> Response {
    if request.extensions().get::<Peer>().is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    next.run(request).await
}

fn admin_of(api: &Api, peer: &Peer) -> Admin {
    Admin {
        operator: Operator::local(peer.0.clone()),
        ..api.admin.clone()
    }
}

/// Carries a command out to its end, also if whoever asked does not wait for it. A defect of ours is an answer.
async fn carried_out<T: Serialize + Movable>(
    work: impl Future<Output = Result<T, EngineError>> + Movable,
) -> Done<T> {
    match AssertUnwindSafe(to_its_end(work)).catch_unwind().await {
        Ok(result) => Ok(Json(result?)),
        Err(_) => Err(unexpected()),
    }
}

fn unexpected() -> Refused {
    Refused {
        message: "the command failed unexpectedly; the log has its place".to_owned(),
        failed: true,
    }
}

/// What can be carried out elsewhere.
trait Movable: std::marker::Send + 'static {}
impl<T: std::marker::Send + 'static> Movable for T {}

fn send_options(send: &Send) -> SendOptions {
    SendOptions {
        patience_ms: send.patience_ms,
        at_most: send.at_most,
        ..SendOptions::default()
    }
}

async fn sync(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(asked): Json<Sync>,
) -> Done<usher_engine::admin::SyncReport> {
    let admin = admin_of(&api, &peer);
    carried_out(async move {
        let options = SyncOptions {
            mode: asked.mode,
            only: asked.only,
            send: send_options(&asked.send),
            reviewed: asked.reviewed,
        };
        let channel = asked.channel.as_deref();
        Box::pin(admin.sync(channel, &options, Arc::new(Silent))).await
    })
    .await
}

async fn approve(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(asked): Json<Decide>,
) -> Done<usher_engine::admin::DecisionReport> {
    let admin = admin_of(&api, &peer);
    carried_out(async move {
        let send = asked.send.as_ref().map(send_options);
        let channel = asked.channel.as_deref();
        let progress = Arc::new(Silent);
        Box::pin(admin.approve(channel, &asked.selection, send.as_ref(), progress)).await
    })
    .await
}

async fn reject(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(asked): Json<Decide>,
) -> Done<usher_engine::admin::DecisionReport> {
    let admin = admin_of(&api, &peer);
    carried_out(async move {
        let channel = asked.channel.as_deref();
        admin.reject(channel, &asked.selection).await
    })
    .await
}

async fn retry(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(asked): Json<Retry>,
) -> Done<usher_engine::admin::DecisionReport> {
    let admin = admin_of(&api, &peer);
    carried_out(async move { admin.retry(asked.channel.as_deref(), &asked.steps).await }).await
}

async fn stop(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(asked): Json<Stop>,
) -> Done<usher_engine::admin::StopReport> {
    let admin = admin_of(&api, &peer);
    carried_out(async move { admin.stop(asked.channel.as_deref()).await }).await
}

async fn save(
    State(api): State<Api>,
    Extension(peer): Extension<Peer>,
    Json(asked): Json<Save>,
) -> Result<Json<Saved>, Refused> {
    let admin = admin_of(&api, &peer);
    let saved = AssertUnwindSafe(to_its_end(async move { saved(&admin, &asked).await }));
    saved
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(unexpected()))
        .map(Json)
}

/// Takes a configuration that was made of a file, whether a service runs or not.
pub async fn saved(admin: &Admin, asked: &Save) -> Result<Saved, Refused> {
    let how = How {
        asking: if asked.ask {
            Asking::Outside
        } else {
            Asking::Nothing
        },
        leave: if asked.drop_channels {
            Leave::Any
        } else {
            Leave::NoneLinked
        },
        counts_as_seen: false,
        tell: told,
    };
    // Whoever replaces everything is not to replace what they have not seen.
    let make = |before: &Configuration| -> Result<_, EngineError> {
        if before.revision != asked.from_revision {
            return Err(StoreError::Conflict {
                expected: asked.from_revision,
                found: before.revision,
            }
            .into());
        }
        Ok((asked.configuration.clone(), ()))
    };
    let changed = admin.change(how, make).await?;
    Ok(Saved {
        revision: changed.configuration.revision,
        changes: changed.changes,
        warnings: changed.warnings,
        archived: changed.archived,
    })
}

impl From<NotChanged<EngineError>> for Refused {
    fn from(why: NotChanged<EngineError>) -> Self {
        match why {
            NotChanged::Made(error) | NotChanged::Engine(error) => error.into(),
            NotChanged::Impatient(why) => Self {
                message: format!("{why}; {UNASKED}"),
                failed: true,
            },
            NotChanged::Doubts(doubts) => {
                let told = doubts.iter().map(|doubt| doubt.why.trim_end_matches('.'));
                let told: Vec<&str> = told.collect();
                Self {
                    message: format!("{}; {UNASKED}", told.join("; ")),
                    failed: false,
                }
            }
        }
    }
}
