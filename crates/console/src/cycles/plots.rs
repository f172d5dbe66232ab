//! Cycles over time, and how long a change takes until it is confirmed.

use askama::Template;
use usher_admin_api::Api;
use usher_core::model::{ConnectionId, Cycle};
use usher_engine::meters::LAG_BOUNDS;

use super::plot::{Column, Plot};
use super::table::{KINDS, by_kind, took};
use crate::frame::text::number;
use crate::frame::when::span;

struct Lag {
    within: String,
    count: u64,
}

/// Pictures of cycles; the table of the same cycles stands beside.
#[derive(Template)]
#[template(path = "cycles/plots.html")]
pub(crate) struct Plots {
    changes: Plot,
    duration: Plot,
    lag: Option<Plot>,
    lags: Vec<Lag>,
}

impl Plots {
    /// Of cycles, newest first.
    pub(crate) fn of(api: &Api, connection: &ConnectionId, cycles: &[Cycle]) -> Self {
        let column = |cycle: &Cycle, parts: Vec<u64>| Column {
            label: cycle.id.0.to_string(),
            parts,
        };
        let oldest_first = || cycles.iter().rev();
        let changes: Vec<Column> = oldest_first()
            .map(|cycle| column(cycle, by_kind(cycle).to_vec()))
            .collect();
        let duration: Vec<Column> = oldest_first()
            .map(|cycle| {
                let took = cycle.ended_at.map_or(0, |at| at - cycle.started_at);
                column(cycle, vec![took.max(0).unsigned_abs()])
            })
            .collect();
        let lags = lags(api, connection);
        let columns: Vec<Column> = lags
            .iter()
            .map(|lag| Column {
                label: lag.within.clone(),
                parts: vec![lag.count],
            })
            .collect();
        let ms = |ms: u64| took(i64::try_from(ms).unwrap_or(i64::MAX));
        Self {
            changes: Plot::of(
                "changes",
                "Changes by kind, per cycle",
                &KINDS,
                &changes,
                number,
            ),
            duration: Plot::of(
                "duration",
                "Duration of each cycle",
                &["Duration"],
                &duration,
                ms,
            ),
            lag: (!lags.is_empty()).then(|| {
                let title = "Lag: from planning a change to the answer that confirmed it";
                Plot::of("lag", title, &["Changes"], &columns, number)
            }),
            lags,
        }
    }
}

/// By how long they took, since the service started.
fn lags(api: &Api, connection: &ConnectionId) -> Vec<Lag> {
    let Some(service) = &api.service else {
        return Vec::new();
    };
    let counts = service.counts();
    let Some(lags) = counts.lags.get(connection).filter(|lags| lags.count > 0) else {
        return Vec::new();
    };
    let within = LAG_BOUNDS.iter().zip(lags.buckets);
    let mut all: Vec<Lag> = within
        .map(|(bound, count)| Lag {
            within: span(i64::from(*bound) * 1_000),
            count,
        })
        .collect();
    let in_buckets: u64 = lags.buckets.iter().sum();
    all.push(Lag {
        within: "longer".to_owned(),
        count: lags.count.saturating_sub(in_buckets),
    });
    all
}
