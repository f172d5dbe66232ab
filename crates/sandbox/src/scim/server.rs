//! The HTTP server: reads a request whole, lets faults and the rate limit have their say, carries it
//! out, logs it, answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::app::{App, Control, SAVE_EVERY, lock};
use super::clock::{Clock, system_clock};
use super::config::SandboxConfig;
use super::control;
use super::dispatch::{Call, dispatch};
use super::error::Refusal;
use super::fault::FaultKind;
use super::knobs::{Knobs, RateLimitBody, RetryAfter};
use super::log::{Entry, shape};
use super::reply::{Reply, media_type};
use super::wire::{Cut, WireListener};

/// How long `stop` waits for requests under way.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// The service. [`Sandbox::start`] runs it.
#[derive(Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Starts the service on 127.0.0.1 with the machine's clock. It runs on the current Tokio
    /// runtime until [`RunningSandbox::stop`] or until the handle is dropped.
    ///
    /// Fails if the port is taken, or a state or log file cannot be read or written.
    pub async fn start(config: SandboxConfig) -> io::Result<RunningSandbox> {
        Self::start_with(config, system_clock()).await
    }

    /// The same with another clock.
    pub async fn start_with(
        config: SandboxConfig,
        clock: Arc<dyn Clock>,
    ) -> io::Result<RunningSandbox> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let (stop, stopping) = watch::channel(false);
        let app = Arc::new(App::new(config, origin, clock, stopping.clone())?);
        let router = Router::new()
            .nest("/_sandbox", control::routes())
            .route("/_sandbox/", get(control::index))
            .fallback(answer)
            .with_state(Arc::clone(&app));
        let service = router.into_make_service_with_connect_info::<Cut>();
        let server = axum::serve(WireListener(listener), service)
            .with_graceful_shutdown(stopped(stopping.clone()));
        let server = tokio::spawn(async move { server.await });
        tokio::spawn(save_often(Arc::clone(&app), stopping));
        Ok(RunningSandbox {
            control: Control(app),
            stop,
            server,
        })
    }
}

/// A running service; dereferences to its [`Control`].
#[derive(Debug)]
pub struct RunningSandbox {
    control: Control,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl std::ops::Deref for RunningSandbox {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl RunningSandbox {
    /// A handle that can be given to others.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Stops listening, lets requests under way end (for two seconds at most) and writes the state.
    pub async fn stop(mut self) -> io::Result<()> {
        let _ = self.stop.send(true);
        if tokio::time::timeout(STOP_WITHIN, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
        self.control.0.save(false)
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the handle was dropped, which stops the service too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn save_often(app: Arc<App>, stopping: watch::Receiver<bool>) {
    if app.config.state_file.is_none() {
        return;
    }
    let mut end = std::pin::pin!(stopped(stopping));
    loop {
        tokio::select! {
            () = &mut end => return,
            () = tokio::time::sleep(SAVE_EVERY) => {
                let app = Arc::clone(&app);
                let saved = tokio::task::spawn_blocking(move || app.save(false)).await;
                if let Ok(Err(error)) = saved {
                    tracing::warn!(%error, "the sandbox cannot write its state file");
                }
            }
        }
    }
}

/// Waits, unless the service stops meanwhile. Whether the time has passed.
async fn wait(app: &App, ms: u64) -> bool {
    if ms == 0 {
        return true;
    }
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(ms)) => true,
        () = stopped(app.stopping.clone()) => false,
    }
}

async fn answer(
    State(app): State<Arc<App>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, app.config.max_body_bytes).await else {
        return to_http(Reply::empty(413));
    };
    let path = parts
        .uri
        .path_and_query()
        .map_or("/", |p| p.as_str())
        .to_owned();
    let seen = Seen {
        method: method_name(&parts.method),
        path,
        headers: parts.headers,
        body,
    };
    // On its own, so that a client that gives up does not undo what has begun, nor its log entry.
    match tokio::spawn(handle(app, seen)).await {
        Ok((reply, fate)) => {
            match fate {
                Fate::Sent => {}
                Fate::Reset => cut.reset(),
                Fate::CutShort => cut.after_body_bytes(reply.body.len() / 2),
            }
            to_http(reply)
        }
        Err(_) => to_http(Reply::empty(500)),
    }
}

async fn handle(app: Arc<App>, seen: Seen) -> (Reply, Fate) {
    let knobs = app.knobs();
    let fault = lock(&app.faults).next(seen.method, &seen.path, &seen.body);
    let (reply, fate) = carry_out(&app, &seen, &knobs, fault.as_ref()).await;
    record(&app, seen, &reply, &fate, fault.as_ref());
    (reply, fate)
}

/// A request, read whole.
struct Seen {
    method: &'static str,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn split(&self) -> (&str, Option<&str>) {
        match self.path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&self.path, None),
        }
    }
}

/// What becomes of the reply on the way.
enum Fate {
    Sent,
    Reset,
    CutShort,
}

async fn carry_out(
    app: &App,
    seen: &Seen,
    knobs: &Knobs,
    fault: Option<&FaultKind>,
) -> (Reply, Fate) {
    let now = app.now();
    if let Some(seconds) = lock(&app.limiter).take(&knobs.rate_limit, now) {
        return (too_many(app, knobs, Some(seconds), now), Fate::Sent);
    }
    let before = match fault {
        Some(FaultKind::Delay {
            ms,
            after_commit: false,
        }) => *ms,
        _ => 0,
    };
    if !wait(app, knobs.service_time_ms.saturating_add(before)).await {
        return (Reply::empty(503), Fate::Reset);
    }
    let media = media_type(knobs.media);
    match fault {
        None | Some(FaultKind::Delay { .. }) => {
            let reply = commit(app, seen, knobs);
            match fault {
                Some(FaultKind::Delay {
                    ms,
                    after_commit: true,
                }) if !wait(app, *ms).await => (reply, Fate::Reset),
                _ => (reply, Fate::Sent),
            }
        }
        Some(FaultKind::ResetBeforeCommit) => (Reply::empty(503), Fate::Reset),
        Some(FaultKind::ResetAfterCommit) => (commit(app, seen, knobs), Fate::Reset),
        Some(FaultKind::TruncatedBody) => (commit(app, seen, knobs), Fate::CutShort),
        Some(FaultKind::TooManyRequests { retry_after }) => {
            let mut reply = too_many(app, knobs, None, now);
            reply.retry_after = retry_after.map(|seconds| seconds.to_string());
            (reply, Fate::Sent)
        }
        Some(FaultKind::Error {
            status,
            commit: done,
        }) => {
            commit_if(*done, app, seen, knobs);
            let refusal = Refusal::plain(*status, "Something went wrong. Please try again.");
            (Reply::refusal(&refusal, "", media), Fate::Sent)
        }
        Some(FaultKind::OtherRecord { members }) => {
            (other_record(commit(app, seen, knobs), members), Fate::Sent)
        }
        Some(FaultKind::Html {
            status,
            commit: done,
        }) => {
            commit_if(*done, app, seen, knobs);
            let page = b"<!DOCTYPE html><html><head><title>Please wait</title></head><body>\
                <h1>Please wait</h1><p>Checking your network.</p></body></html>";
            (
                Reply::json(*status, page.to_vec(), "text/html; charset=utf-8"),
                Fate::Sent,
            )
        }
        Some(FaultKind::Empty {
            status,
            commit: done,
        }) => {
            commit_if(*done, app, seen, knobs);
            (Reply::empty(*status), Fate::Sent)
        }
    }
}

/// A reply whose record has other members than what was made.
fn other_record(mut reply: Reply, members: &serde_json::Map<String, serde_json::Value>) -> Reply {
    let document = serde_json::from_slice::<serde_json::Map<_, _>>(&reply.body);
    if let Ok(mut document) = document {
        document.extend(members.clone());
        reply.body = serde_json::Value::Object(document).to_string().into();
    }
    reply
}

fn commit_if(done: bool, app: &App, seen: &Seen, knobs: &Knobs) {
    if done {
        commit(app, seen, knobs);
    }
}

fn commit(app: &App, seen: &Seen, knobs: &Knobs) -> Reply {
    let (path, query) = seen.split();
    let call = Call {
        method: seen.method,
        path,
        query,
        authorization: seen.header(header::AUTHORIZATION),
        body: &seen.body,
    };
    dispatch(&mut lock(&app.world), &call, knobs, app.now())
}

/// Row 40.
fn too_many(app: &App, knobs: &Knobs, seconds: Option<u64>, now: Timestamp) -> Reply {
    let text = "Too many requests.";
    let refusal = match knobs.rate_limit.body {
        RateLimitBody::Failure => Refusal::failure(429, text),
        RateLimitBody::Scim => Refusal::plain(429, text),
    };
    let trace = lock(&app.world).trace_id();
    let mut reply = Reply::refusal(&refusal, &trace, media_type(knobs.media));
    reply.retry_after = seconds.and_then(|seconds| match knobs.rate_limit.retry_after {
        RetryAfter::Absent => None,
        RetryAfter::Seconds => Some(seconds.to_string()),
        RetryAfter::HttpDate => {
            let at = now.checked_add(Duration::from_secs(seconds)).unwrap_or(now);
            Some(at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
        }
    });
    reply
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

fn record(app: &App, seen: Seen, reply: &Reply, fate: &Fate, fault: Option<&FaultKind>) {
    let authorization = seen.header(header::AUTHORIZATION).map(|value| {
        let bearer = value
            .get(..7)
            .is_some_and(|head| head.eq_ignore_ascii_case("bearer "));
        if bearer { "Bearer ***" } else { "(other)" }
    });
    let (path, query) = seen.split();
    let fault = fault.and_then(|f| serde_json::to_value(f).ok());
    let entry = Entry {
        at: app.now(),
        method: seen.method,
        shape: shape(path, query),
        authorization,
        content_type: seen.header(header::CONTENT_TYPE).map(str::to_owned),
        status: match fate {
            Fate::Reset => None,
            Fate::Sent | Fate::CutShort => Some(reply.status),
        },
        response: match fate {
            Fate::Reset => Bytes::new(),
            Fate::Sent | Fate::CutShort => reply.body.clone(),
        },
        fault: fault.and_then(|f| f.get("type").and_then(|t| t.as_str()).map(str::to_owned)),
        path: seen.path,
        request: seen.body,
    };
    lock(&app.log).add(entry);
}

fn to_http(reply: Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if !reply.media.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.media));
    }
    let mut text = |name, value: Option<String>| {
        if let Some(value) = value.and_then(|v| HeaderValue::from_str(&v).ok()) {
            headers.insert(name, value);
        }
    };
    text(header::LOCATION, reply.location);
    text(header::RETRY_AFTER, reply.retry_after);
    response
}
