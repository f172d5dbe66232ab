//! What was exchanged with a target. Values that are masked were masked before they were kept.

use askama::Template;
use serde_json::Value;
use usher_store::ExchangeRecord;

use crate::frame::text::{BODY, Shown, number};
use crate::frame::when::When;

struct One {
    at: When,
    method: String,
    url: Shown,
    status: Option<u64>,
    is_good: bool,
    duration_ms: u64,
    bytes_out: String,
    bytes_in: String,
    request: Option<Shown>,
    reply: Option<Shown>,
}

/// Requests with their replies, newest first.
#[derive(Template)]
#[template(path = "steps/exchange.html")]
pub(crate) struct Exchanges {
    all: Vec<One>,
}

impl Exchanges {
    /// Of these records.
    pub(crate) fn of(records: &[ExchangeRecord]) -> Self {
        Self {
            all: records.iter().map(one).collect(),
        }
    }
}

fn one(record: &ExchangeRecord) -> One {
    let of = |name: &str| record.exchange.get(name).unwrap_or(&Value::Null);
    let count = |name: &str| of(name).as_u64().unwrap_or_default();
    let status = of("status").as_u64();
    let request = of("request");
    One {
        at: When::at(record.at),
        method: of("method").as_str().unwrap_or_default().to_owned(),
        url: Shown::value(of("url").as_str().unwrap_or_default()),
        status,
        is_good: status.is_some_and(|status| (200..300).contains(&status)),
        duration_ms: count("duration_ms"),
        bytes_out: number(count("bytes_out")),
        bytes_in: number(count("bytes_in")),
        request: (!request.is_null()).then(|| {
            let text = serde_json::to_string_pretty(request).unwrap_or_default();
            Shown::lines(&text, BODY)
        }),
        reply: of("reply").as_str().map(|text| Shown::lines(text, BODY)),
    }
}
