//! What happens, as it happens.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{pending, unfold};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Instant, Interval, interval_at};
use usher_engine::access::{Access, Ground};
use usher_engine::admin::Permission;

use super::jobs::JobView;
use super::openapi::{Group, get};
use super::params::Params;
use super::problem::Problem;
use crate::Api;
use crate::caller::Caller;

/// Streams at once.
const STREAMS: usize = 100;
/// Streams of one operator: nobody keeps the others from reading.
const EACH: usize = 10;
/// How long a stream lasts: then its reader comes again, and is asked again who they are.
const LASTS: Duration = Duration::from_mins(10);
/// How often a silent stream shows that it lives, and whoever reads it is asked again who they are.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

pub(super) fn group() -> Group {
    Group::new("Events", "What happens, as it happens").add(
        get("/events", "events", "A stream of events (server-sent events)")
            .help("Each event has a name and data in JSON. `job`: a plan or a run that was asked for here began or ended, as `Job`. `service`: what the service did by itself, with its kind in `event`: a cycle began or ended, steps were sent, a channel is in another state, the configuration was saved, an alert was raised or cleared. `lagged`: the reader was too slow and missed some; read anew what you show. The stream ends after ten minutes, and within 15 seconds after its reader may not look any more; come again, as browsers do by themselves. Events hold no values of people and no secrets: they say what to look at.")
            .answers_in(200, "Events until the stream ends", "text/event-stream", json!("string"))
            .refuses(429, "Too many streams are open: 100, or ten of one operator"),
        events,
    )
}

/// Counts the streams that are open, by operator.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<String, usize>>>);

impl Streams {
    fn open(&self, operator: &str) -> Result<Open, Problem> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = open.get(operator).copied().unwrap_or_default();
        let words = if theirs >= EACH {
            format!("`{operator}` has {EACH} streams open already")
        } else if open.values().sum::<usize>() >= STREAMS {
            format!("{STREAMS} streams are open already")
        } else {
            open.insert(operator.to_owned(), theirs + 1);
            return Ok(Open {
                streams: self.clone(),
                operator: operator.to_owned(),
            });
        };
        let status = StatusCode::TOO_MANY_REQUESTS;
        Err(Problem::new(status, "too_many_streams", words).retry_after(30))
    }
}

/// A stream that is open; closed when dropped.
struct Open {
    streams: Streams,
    operator: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self
            .streams
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.operator) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.operator)),
        }
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
    /// Asks whether the reader may still read.
    again: Interval,
    reader: Option<Ground>,
    access: Access,
    _open: Open,
}

async fn events(
    State(api): State<Api>,
    caller: Caller,
    params: Params,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    params.finish()?;
    caller.operator.require(Permission::Look)?;
    let now = Instant::now();
    let reading = Reading {
        jobs: api.jobs.events(),
        service: api.listen.events(),
        until: now + LASTS,
        again: interval_at(now + SIGN_OF_LIFE, SIGN_OF_LIFE),
        reader: caller.ground(api.admin.engine.clock.now()),
        access: api.access.clone(),
        _open: api.streams.open(&caller.operator.name)?,
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
    loop {
        tokio::select! {
            biased;
            _ = reading.again.tick() => {
                if let Some(reader) = &reading.reader
                    && !reading.access.still_may_look(reader).await.unwrap_or(false)
                {
                    return None;
                }
            }
            heard = hear(&mut reading.jobs, &mut reading.service, reading.until) => return heard,
        }
    }
}

async fn hear(
    jobs: &mut broadcast::Receiver<JobView>,
    service: &mut Events,
    until: Instant,
) -> Option<(&'static str, Value)> {
    tokio::select! {
        job = jobs.recv() => match job {
            Ok(job) => Some(("job", json!(job))),
            Err(RecvError::Lagged(missed)) => Some(lagged(missed)),
            Err(RecvError::Closed) => None,
        },
        heard = service.next() => match heard? {
            Heard::Event(event) => Some(("service", event)),
            Heard::Lagged(missed) => Some(lagged(missed)),
        },
        () = tokio::time::sleep_until(until) => None,
    }
}

fn lagged(missed: u64) -> (&'static str, Value) {
    ("lagged", json!({"missed": missed}))
}
