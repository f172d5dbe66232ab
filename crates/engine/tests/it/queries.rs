//! How many statements the store carries out for a piece of work, told by its own log.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{LazyLock, Mutex, Once};

use tracing::{Event, Instrument as _, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

const STATEMENTS: &str = "sqlx::query";
const COUNTED: &str = "counted";

/// Statements by the span of the work.
static COUNTS: LazyLock<Mutex<HashMap<u64, usize>>> = LazyLock::new(Mutex::default);
static INSTALLED: Once = Once::new();

struct Counter;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Counter {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let spans = context.event_scope(event).into_iter().flatten();
        for span in spans.filter(|span| span.name() == COUNTED) {
            let mut counts = COUNTS.lock().unwrap();
            *counts.entry(span.id().into_u64()).or_default() += 1;
        }
    }
}

/// Does the work, and counts the statements made for it.
pub(crate) async fn counted<T>(work: impl Future<Output = T>) -> (T, usize) {
    INSTALLED.call_once(|| {
        let only = Targets::new()
            .with_target(STATEMENTS, tracing::Level::DEBUG)
            .with_target(module_path!(), tracing::Level::DEBUG);
        let subscriber = tracing_subscriber::registry().with(Counter.with_filter(only));
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    let span = tracing::info_span!("counted");
    let id = span.id().unwrap().into_u64();
    let done = work.instrument(span).await;
    let count = COUNTS.lock().unwrap().remove(&id);
    (done, count.unwrap_or(0))
}
