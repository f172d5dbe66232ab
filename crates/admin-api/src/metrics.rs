//! Numbers for Prometheus, in its text format. Their names are a promise: docs/metrics.md.

use std::fmt::Write as _;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use usher_core::model::{ConnectionId, Millis, StepId, Verb};
use usher_engine::EngineError;
use usher_engine::admin::Admin;
use usher_engine::meters::{Counts, LAG_BOUNDS};
use usher_engine::service::{ChannelHealth, ServiceHealth};
use usher_store::StepFilter;

use crate::Api;
use crate::near::may_see;

const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// The numbers: for this machine, for the socket of the state folder, and for whoever may look.
pub(crate) async fn metrics(State(api): State<Api>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if !may_see(&parts, &api).await {
        let words =
            "the metrics are for this machine, or for an API token of somebody who may look\n";
        return (StatusCode::UNAUTHORIZED, words).into_response();
    }
    let Some(service) = &api.service else {
        return (StatusCode::SERVICE_UNAVAILABLE, "no service runs here\n").into_response();
    };
    match text(&api.admin, &service.health(), &service.counts()).await {
        Ok(text) => ([(header::CONTENT_TYPE, TYPE)], text).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn text(
    admin: &Admin,
    health: &ServiceHealth,
    counts: &Counts,
) -> Result<String, EngineError> {
    let mut page = Page::default();
    page.family("usher_up", "gauge", "1 while the service runs.");
    page.sample("usher_up", &[], 1.0);
    page.family("usher_panics_total", "counter", "Tasks that panicked.");
    page.sample("usher_panics_total", &[], health.panics as f64);
    counted(&mut page, counts);
    lags(&mut page, counts);
    channels(&mut page, health);
    targets(&mut page, health);
    stored(&mut page, admin, health).await?;
    Ok(page.0)
}

fn counted(page: &mut Page, counts: &Counts) {
    let name = "usher_steps_total";
    page.family(
        name,
        "counter",
        "Attempts at steps that ended, by how they ended.",
    );
    for ((target, verb, outcome), count) in &counts.steps {
        let labels = [
            ("connection", target.as_str()),
            ("operation", verb),
            ("outcome", outcome),
        ];
        page.sample(name, &labels, *count as f64);
    }
    let name = "usher_cycles_total";
    page.family(name, "counter", "Cycles that ended, by how they ended.");
    for ((channel, mode, outcome), count) in &counts.cycles {
        let labels = [
            ("channel", channel.as_str()),
            ("mode", mode),
            ("outcome", outcome),
        ];
        page.sample(name, &labels, *count as f64);
    }
}

fn lags(page: &mut Page, counts: &Counts) {
    let name = "usher_step_lag_seconds";
    page.family(
        name,
        "histogram",
        "From the plan of a change to the answer that confirmed it.",
    );
    for (target, lags) in &counts.lags {
        let mut sum = 0;
        for (bound, count) in LAG_BOUNDS.iter().zip(lags.buckets) {
            sum += count;
            let le = bound.to_string();
            let labels = [("connection", target.as_str()), ("le", le.as_str())];
            page.sample("usher_step_lag_seconds_bucket", &labels, sum as f64);
        }
        let labels = [("connection", target.as_str()), ("le", "+Inf")];
        page.sample("usher_step_lag_seconds_bucket", &labels, lags.count as f64);
        let labels = [("connection", target.as_str())];
        page.sample("usher_step_lag_seconds_sum", &labels, lags.seconds);
        page.sample("usher_step_lag_seconds_count", &labels, lags.count as f64);
    }
}

fn channels(page: &mut Page, health: &ServiceHealth) {
    let name = "usher_complete_read_age_seconds";
    let help = "Since the last complete read ended.";
    of_channels(page, health, name, help, |one| {
        one.last_complete_at.map(|at| age(health.at, at))
    });
    let name = "usher_missed_full_reads";
    let help = "Full reads that were due and did not come to a complete end.";
    of_channels(page, health, name, help, |one| {
        Some(f64::from(one.missed_full_reads))
    });
    let name = "usher_channel_failures";
    let help = "Cycles in a row that could not be carried out.";
    of_channels(page, health, name, help, |one| {
        Some(f64::from(one.failures))
    });
}

/// A gauge of every channel that has it.
fn of_channels(
    page: &mut Page,
    health: &ServiceHealth,
    name: &str,
    help: &str,
    value: impl Fn(&ChannelHealth) -> Option<f64>,
) {
    page.family(name, "gauge", help);
    for one in &health.channels {
        if let Some(value) = value(one) {
            let labels = [("channel", one.id.as_str()), ("name", one.name.as_str())];
            page.sample(name, &labels, value);
        }
    }
}

fn targets(page: &mut Page, health: &ServiceHealth) {
    let name = "usher_lease_held";
    page.family(
        name,
        "gauge",
        "1 while this process works on the SP connection.",
    );
    for one in &health.targets {
        let labels = [("connection", one.id.as_str())];
        page.sample(name, &labels, f64::from(u8::from(one.lease_held)));
    }
}

/// What the state tells.
async fn stored(page: &mut Page, admin: &Admin, health: &ServiceHealth) -> Result<(), EngineError> {
    let name = "usher_outbox_steps";
    page.family(name, "gauge", "Steps that are not over, by state.");
    for one in &health.targets {
        for (state, count) in outbox(admin, &one.id).await? {
            let labels = [("connection", one.id.as_str()), ("state", state)];
            page.sample(name, &labels, count as f64);
        }
    }
    let name = "usher_oldest_held_removal_age_seconds";
    page.family(
        name,
        "gauge",
        "Since the oldest disable, delete or removal from a group that waits for a person was planned; 0 when none waits.",
    );
    for one in &health.targets {
        let at = oldest_held_removal(admin, &one.id).await?;
        let labels = [("connection", one.id.as_str())];
        page.sample(name, &labels, at.map_or(0.0, |at| age(health.at, at)));
    }
    let name = "usher_key_days_left";
    page.family(
        name,
        "gauge",
        "Days until the key of the SP connection expires: as told in the settings of alerts, or a year after it was entered.",
    );
    let configuration = admin.engine.configuration().await?;
    for sp in &configuration.sp_connections {
        if let Some(expires) = configuration.alerts.key_expires_at(sp) {
            let left = expires.saturating_sub(health.at);
            let labels = [("connection", sp.id.as_str())];
            page.sample(name, &labels, left.div_euclid(DAY_MS) as f64);
        }
    }
    Ok(())
}

const OPEN: [&str; 6] = ["pending", "held", "claimed", "waiting", "parked", "unknown"];

async fn outbox(
    admin: &Admin,
    target: &ConnectionId,
) -> Result<Vec<(&'static str, u64)>, EngineError> {
    let filter = StepFilter {
        connection: Some(target.clone()),
        states: OPEN.map(str::to_owned).to_vec(),
        ..StepFilter::default()
    };
    let counts = admin.engine.store.step_counts(&filter).await?;
    Ok(OPEN
        .map(|state| {
            let of = counts.iter().filter(|count| count.state == state);
            (state, of.map(|count| count.count).sum())
        })
        .to_vec())
}

async fn oldest_held_removal(
    admin: &Admin,
    target: &ConnectionId,
) -> Result<Option<Millis>, EngineError> {
    let filter = StepFilter {
        connection: Some(target.clone()),
        states: vec!["held".to_owned()],
        verbs: vec![Verb::Disable, Verb::Delete, Verb::RemoveMembers],
        ..StepFilter::default()
    };
    // Ids grow with time: the first is the oldest.
    let steps = admin.engine.store.steps(&filter, StepId(0), 1).await?;
    Ok(steps.first().map(|step| step.created_at))
}

fn age(now: Millis, at: Millis) -> f64 {
    (now - at).max(0) as f64 / 1_000.0
}

/// A page in the text format.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (n, (label, text)) in labels.iter().enumerate() {
            let open = if n == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{open}{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn names_of_people_make_never_a_second_line() {
        let mut page = Page::default();
        page.sample("a", &[("b", "x\"y\\z\nw"), ("c", "1")], 1.5);
        page.sample("d", &[], 2.0);
        assert_eq!(page.0, "a{b=\"x\\\"y\\\\z\\nw\",c=\"1\"} 1.5\nd 2\n");
    }

    #[test]
    fn the_document_has_every_name() {
        let document = include_str!("../../../docs/metrics.md");
        let code = include_str!("metrics.rs");
        let mut found = 0;
        let is_name = |part: &&str| part.len() > 6 && part.starts_with("usher_");
        for part in code.split('"').filter(is_name) {
            let name = part
                .trim_end_matches("_bucket")
                .trim_end_matches("_sum")
                .trim_end_matches("_count");
            assert!(document.contains(&format!("`{name}`")), "{name}");
            found += 1;
        }
        assert!(found > 10);
    }
}
