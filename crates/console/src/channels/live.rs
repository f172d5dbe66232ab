//! How far a run or a plan is, with an estimate.

use askama::Template;
use usher_admin_api::work::{JobKind, JobState, JobView};
use usher_core::model::Millis;
use usher_engine::admin::HeldGroup;

use crate::frame::text::{Shown, number};
use crate::frame::when::{When, span};
use crate::steps::{State, hold_words};

struct Held {
    why: &'static str,
    reason: Shown,
    steps: u64,
}

/// A job, under way or ended.
#[derive(Template)]
#[template(path = "channels/live.html")]
pub(crate) struct Live {
    what: String,
    by: Shown,
    started: When,
    took: String,
    state: State,
    pub(crate) is_running: bool,
    read: String,
    listed: u64,
    sent: u64,
    to_send: u64,
    /// How long it still takes, about.
    left: Option<String>,
    problem: Option<Shown>,
    /// What a run did.
    lines: Vec<(&'static str, String)>,
    told: Vec<Shown>,
    held: Vec<Held>,
}

impl Live {
    /// A job as it is now; `known` are the people and groups that the last complete read found.
    pub(crate) fn of(job: &JobView, now: Millis, known: u64) -> Self {
        let is_running = job.state == JobState::Running;
        let elapsed = job.ended_at.unwrap_or(now) - job.started_at;
        let at = &job.progress;
        let report = |name: &str| job.report.as_ref().and_then(|report| report.get(name));
        let counts = [
            ("Succeeded", "succeeded"),
            ("Parked", "parked"),
            ("Planned again", "replanned"),
            ("Still to be sent", "waiting"),
            ("Held", "held"),
        ];
        let lines = counts.into_iter().filter_map(|(label, name)| {
            let count = report(name)?.as_u64()?;
            Some((label, number(count)))
        });
        let text = |name: &str| report(name).and_then(|one| one.as_str()).map(Shown::value);
        let unfinished = report("unfinished").and_then(|list| list.as_array());
        let unfinished = unfinished.into_iter().flatten();
        let unfinished = unfinished.filter_map(|one| one.as_str()).map(Shown::value);
        let held: Vec<HeldGroup> = report("stays_held")
            .and_then(|list| serde_json::from_value(list.clone()).ok())
            .unwrap_or_default();
        Self {
            what: words(job),
            by: Shown::name(&job.by),
            started: When::at(job.started_at),
            took: span(elapsed),
            state: state(job.state),
            is_running,
            read: of_about(at.read, known),
            listed: at.listed,
            sent: at.sent,
            to_send: at.to_send,
            left: is_running.then(|| left(job, elapsed, known)).flatten(),
            problem: job.problem.as_ref().map(|why| Shown::value(&why.detail)),
            lines: lines.collect(),
            told: text("stopped").into_iter().chain(unfinished).collect(),
            held: held
                .iter()
                .map(|group| Held {
                    why: hold_words(&group.hold),
                    reason: Shown::value(&group.reason),
                    steps: group.steps,
                })
                .collect(),
        }
    }
}

fn words(job: &JobView) -> String {
    let kind = match job.kind {
        JobKind::Plan => "Plan",
        JobKind::Run => "Run",
    };
    format!("{kind}: {}", job.what)
}

fn state(state: JobState) -> State {
    let (tone, word) = match state {
        JobState::Running => ("off", "Under way"),
        JobState::Done => ("good", "Done"),
        JobState::Failed => ("bad", "Failed"),
        JobState::Cancelled => ("off", "Cancelled"),
    };
    State { tone, word }
}

fn of_about(read: u64, known: u64) -> String {
    if known > 0 {
        format!("{} of about {}", number(read), number(known))
    } else {
        number(read)
    }
}

/// From how fast it was so far: what it sends, or what it reads.
fn left(job: &JobView, elapsed: i64, known: u64) -> Option<String> {
    let at = &job.progress;
    let (done, all) = if at.to_send > 0 {
        (at.sent, at.to_send)
    } else {
        (at.read, known)
    };
    if done == 0 || all <= done {
        return None;
    }
    let rest = elapsed as f64 / done as f64 * (all - done) as f64;
    Some(span(rest as i64))
}

#[cfg(test)]
mod tests {
    use usher_admin_api::work::{Counted, JobKind, JobState, JobView};
    use usher_core::model::ChannelId;

    use super::Live;

    #[test]
    fn a_run_says_how_long_it_still_takes_by_how_fast_it_was() {
        let mut job = JobView {
            id: uuid::Uuid::nil(),
            kind: JobKind::Run,
            channel: ChannelId::new("c"),
            what: "full".to_owned(),
            by: "ana".to_owned(),
            state: JobState::Running,
            started_at: 0,
            ended_at: None,
            progress: Counted {
                read: 500,
                ..Counted::default()
            },
            report: None,
            problem: None,
        };
        let left = |job: &JobView| Live::of(job, 10_000, 2_000).left;
        assert_eq!(left(&job).as_deref(), Some("30 s"));
        (job.progress.sent, job.progress.to_send) = (10, 70);
        assert_eq!(left(&job).as_deref(), Some("1 min 0 s"));
        job.state = JobState::Done;
        assert_eq!(left(&job), None);
    }
}
