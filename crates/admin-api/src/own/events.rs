//! What happens, as it happens.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{pending, unfold};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;
use usher_engine::admin::Permission;

use super::Caller;
use super::jobs::JobView;
use super::openapi::{Group, get};
use super::params::Params;
use super::problem::Problem;
use crate::Api;

/// Streams at once.
const STREAMS: usize = 100;
/// How long a stream lasts: then its reader comes again, and is asked again who they are.
const LASTS: Duration = Duration::from_mins(10);
/// How often a silent stream shows that it lives.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

pub(super) fn group() -> Group {
    Group::new("Events", "What happens, as it happens").add(
        get("/events", "events", "A stream of events (server-sent events)")
            .help("Each event has a name and data in JSON. `job`: a plan or a run that was asked for here began or ended, as `Job`. `service`: what the service did by itself, with its kind in `event`: a cycle began or ended, steps were sent, a channel is in another state, the configuration was saved, an alert was raised or cleared. `lagged`: the reader was too slow and missed some; read anew what you show. The stream ends after ten minutes; come again, as browsers do by themselves. Events hold no values of people and no secrets: they say what to look at.")
            .answers_in(200, "Events until the stream ends", "text/event-stream", json!("string"))
            .refuses(429, "Too many streams are open"),
        events,
    )
}

/// Counts the streams that are open.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<AtomicUsize>);

impl Streams {
    fn open(&self) -> Result<Open, Problem> {
        let open = Open(Arc::clone(&self.0));
        if open.0.fetch_add(1, Ordering::SeqCst) < STREAMS {
            return Ok(open);
        }
        Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_streams",
            format!("{STREAMS} streams are open already"),
        )
        .retry_after(30))
    }
}

/// A stream that is open; closed when dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a listener hears.
pub(crate) enum Heard {
    /// An event, in JSON.
    Event(Value),
    /// So many events were missed.
    Lagged(u64),
}

/// Events of a service, until it ends.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Heard> + Send>>;

/// Where the events of a service are heard.
#[derive(Clone, Default)]
pub(crate) struct Listen(Option<Arc<dyn Fn() -> Events + Send + Sync>>);

impl Listen {
    /// To a channel of events.
    pub(crate) fn to<E: Serialize + Clone + Send + 'static>(
        listen: impl Fn() -> broadcast::Receiver<E> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(move || {
            let heard = unfold(listen(), async |mut receiver| {
                let heard = match receiver.recv().await {
                    Ok(event) => Heard::Event(json!(event)),
                    Err(RecvError::Lagged(missed)) => Heard::Lagged(missed),
                    Err(RecvError::Closed) => return None,
                };
                Some((heard, receiver))
            });
            Box::pin(heard)
        })))
    }

    /// Until something happens: whoever listens would keep a service from its end.
    pub(crate) fn until<F: Future<Output = ()> + Send + 'static>(
        self,
        over: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        let listen =
            Arc::new(move || -> Events { Box::pin(self.events().take_until(Box::pin(over()))) });
        Self(Some(listen))
    }

    fn events(&self) -> Events {
        match &self.0 {
            Some(listen) => listen(),
            None => Box::pin(pending()),
        }
    }
}

struct Reading {
    jobs: broadcast::Receiver<JobView>,
    service: Events,
    until: Instant,
    _open: Open,
}

async fn events(
    State(api): State<Api>,
    Caller(admin): Caller,
    params: Params,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    params.finish()?;
    admin.require(Permission::Look)?;
    let reading = Reading {
        jobs: api.jobs.events(),
        service: api.listen.events(),
        until: Instant::now() + LASTS,
        _open: api.streams.open()?,
    };
    let stream = unfold(reading, async |mut reading| {
        let (name, data) = next(&mut reading).await?;
        let event = Event::default().event(name).data(data.to_string());
        Some((Ok(event), reading))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(SIGN_OF_LIFE)))
}

/// The next event; `None` when the stream is over.
async fn next(reading: &mut Reading) -> Option<(&'static str, Value)> {
    tokio::select! {
        job = reading.jobs.recv() => match job {
            Ok(job) => Some(("job", json!(job))),
            Err(RecvError::Lagged(missed)) => Some(lagged(missed)),
            Err(RecvError::Closed) => None,
        },
        heard = reading.service.next() => match heard? {
            Heard::Event(event) => Some(("service", event)),
            Heard::Lagged(missed) => Some(lagged(missed)),
        },
        () = tokio::time::sleep_until(reading.until) => None,
    }
}

fn lagged(missed: u64) -> (&'static str, Value) {
    ("lagged", json!({"missed": missed}))
}
