//! One channel.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use usher_admin_api::Api;
use usher_admin_api::work::{self, JobKind};
use usher_core::model::{Channel, ChannelId, Configuration, CycleMode, SpConnection};
use usher_engine::admin::{ChannelStatus, CycleWanted, Permission};
use usher_engine::service::Doing;
use usher_store::{ChannelRecord, ChannelState};

use super::glance::{Glance, health_of, told};
use super::live::Live;
use super::{At, configured, of, tabs};
use crate::cycles::{CycleTable, Plots, Proof, Row};
use crate::frame::text::{Shown, number};
use crate::frame::when::When;
use crate::frame::{Fault, Frame, SignedIn, page};

/// Cycles that are shown here.
const CYCLES: u32 = 15;
/// Jobs that are shown here.
const JOBS: usize = 3;

struct Trouble {
    problem: Shown,
    since: Option<When>,
    failures: u32,
}

struct Job {
    live: Live,
    /// The page of a plan.
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "channels/page.html")]
struct ChannelPage {
    frame: Frame,
    glance: Glance,
    mode: Mode,
    connection_active: bool,
    channel_active: bool,
    settings: String,
    connector: Shown,
    data_store: Shown,
    remarks: Vec<Shown>,
    refusals: Vec<Shown>,
    linked: String,
    jobs: Vec<Job>,
    is_busy: bool,
    service: Option<String>,
    trouble: Option<Trouble>,
    adoption: bool,
    plots: Plots,
    table: CycleTable,
    proof: Option<(i64, Proof)>,
    may: bool,
    offered: Offered,
}

/// What the mode means, and what changes it.
struct Mode {
    why: Option<Shown>,
    means: &'static str,
    changes: &'static str,
}

/// Buttons that make sense now.
struct Offered {
    resume: bool,
    observe: bool,
    pause: bool,
    run: bool,
}

pub(super) async fn shown(
    State(api): State<Api>,
    Path(id): Path<String>,
    who: SignedIn,
) -> Result<Response, Fault> {
    let (configuration, id) = configured(&who, &id).await?;
    let (sp, channel) = of(&configuration, &id)?;
    let status = who.admin.status_of(sp, channel).await?;
    let record = who.admin.engine.record(sp, &id).await?;
    let wanted = CycleWanted::default();
    let (cycles, _) = who
        .admin
        .cycle_page(Some(&id), &wanted, None, CYCLES)
        .await?;
    let refusals = who.admin.refusals(&configuration, &id).await?;
    let jobs = jobs(&api, &who, &id, &record);
    let health = health_of(&api, channel);
    // A follow-up reads nothing: there is nothing to account for.
    let read = cycles
        .iter()
        .find(|cycle| cycle.mode != CycleMode::FollowUp);
    let trouble = health.as_ref().and_then(|health| {
        Some(Trouble {
            problem: Shown::value(health.problem.as_ref()?),
            since: health.failing_since.map(When::at),
            failures: health.failures,
        })
    });
    let is_looking = matches!(
        health.as_ref().map(|one| &one.doing),
        Some(Doing::Looking { .. })
    );
    page(&ChannelPage {
        frame: tabs(&who, sp, channel, At::Overview),
        glance: Glance::of(&api, sp, channel, &status),
        mode: mode(&record.state),
        connection_active: sp.active,
        channel_active: channel.active,
        settings: settings(sp, channel),
        connector: connector(&who, sp),
        data_store: data_store(&configuration, channel),
        remarks: remarks(&status),
        refusals: refusals.iter().map(|why| Shown::value(why)).collect(),
        linked: number(status.counts.active_links),
        is_busy: is_looking || jobs.iter().any(|job| job.live.is_running),
        jobs,
        service: health.map(|health| doing(&health.doing)),
        trouble,
        adoption: !record.adoption_approved,
        plots: Plots::of(&api, &sp.id, &cycles),
        proof: read.map(|cycle| (cycle.id.0, Proof::of(cycle))),
        table: CycleTable {
            rows: cycles.iter().map(Row::of).collect(),
        },
        may: who.may(Permission::Operate),
        offered: Offered::of(&record.state),
    })
}

/// The newest jobs of the channel, those under way first.
fn jobs(api: &Api, who: &SignedIn, id: &ChannelId, record: &ChannelRecord) -> Vec<Job> {
    let now = who.admin.engine.clock.now();
    let known = record.last_complete_users + record.last_complete_groups;
    let mut all = work::jobs(api, &who.admin, JobKind::Run, Some(id));
    all.extend(work::jobs(api, &who.admin, JobKind::Plan, Some(id)));
    all.sort_by_key(|job| (job.ended_at.is_some(), std::cmp::Reverse(job.started_at)));
    let shown = all.iter().take(JOBS).map(|job| Job {
        live: Live::of(job, now, known),
        href: (job.kind == JobKind::Plan).then(|| format!("/plans/{}", job.id)),
    });
    shown.collect()
}

/// The first tab of its configuration: channels have the number of their place there.
fn settings(sp: &SpConnection, channel: &Channel) -> String {
    let place = sp.channels.iter().position(|one| one.id == channel.id);
    let place = place.unwrap_or_default();
    format!("/sp-connections/{}/channels/{place}/channel-info", sp.id)
}

fn connector(who: &SignedIn, sp: &SpConnection) -> Shown {
    let found = who.admin.engine.connectors.connector(&sp.connector);
    Shown::name(found.map_or(sp.connector.as_str(), |one| one.descriptor().name.as_str()))
}

fn data_store(configuration: &Configuration, channel: &Channel) -> Shown {
    let store = configuration.data_store(&channel.source.data_store);
    Shown::name(store.map_or("", |store| store.name.as_str()))
}

fn remarks(status: &ChannelStatus) -> Vec<Shown> {
    let all = status.remarks.iter();
    all.map(|text| Shown::new(told(text), 1_000)).collect()
}

fn doing(doing: &Doing) -> String {
    match doing {
        Doing::Waiting => "waits for its time".to_owned(),
        Doing::Looking { mode } => {
            format!("{}, under way", super::glance::mode_words(*mode))
        }
        Doing::Off { why } => format!("does nothing: {why}"),
    }
}

fn mode(state: &ChannelState) -> Mode {
    let (means, changes) = match state {
        ChannelState::Draft => (
            "It never ran: nothing was read and nothing was sent.",
            "It begins when it and its SP connection are active in the configuration, or with a plan or a run here.",
        ),
        ChannelState::Observe => (
            "It reads and plans on its schedule, and sends nothing.",
            "Approving its adoption plan, or Activate, lets it send.",
        ),
        ChannelState::Active => (
            "It reads, plans and sends on its schedule.",
            "Pause stops it at once; Observe lets it only look; it quarantines itself when the target refuses it or seems to be another one.",
        ),
        ChannelState::Paused => (
            "Nothing is read and nothing is sent.",
            "Resume lets it read and send again; Observe lets it only look.",
        ),
        ChannelState::Quarantined { .. } => (
            "It stopped itself: nothing is sent.",
            "When the cause is gone, Resume verifies the target and sets it going again.",
        ),
    };
    let why = match state {
        ChannelState::Quarantined { why } => Some(Shown::new(why, 1_000)),
        _ => None,
    };
    Mode {
        why,
        means,
        changes,
    }
}

impl Offered {
    fn of(state: &ChannelState) -> Self {
        let stopped = matches!(
            state,
            ChannelState::Paused | ChannelState::Quarantined { .. }
        );
        Self {
            resume: *state != ChannelState::Active,
            observe: *state != ChannelState::Observe,
            pause: !stopped,
            run: !stopped,
        }
    }
}
